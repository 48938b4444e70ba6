"""A small chart as PNG, made here and without a drawing library: stacked days of experiences.

Colour is never alone: angry stands at the bottom and is hatched, mediocre above it is plain,
delighted on top is dotted, and the picture's text says the numbers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerts.messages.catalogue import _, in_its_language

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 28, 28
_WHITE, _GREY, _INK = (255, 255, 255), (221, 224, 228), (60, 64, 72)
_ANGRY, _MEDIOCRE, _DELIGHTED = (178, 24, 43), (189, 189, 189), (33, 102, 172)
_GLYPHS = {
    "0": ("111", "101", "101", "101", "111"),
    "1": ("010", "110", "010", "010", "111"),
    "2": ("111", "001", "111", "100", "111"),
    "3": ("111", "001", "111", "001", "111"),
    "4": ("101", "101", "111", "001", "001"),
    "5": ("111", "100", "111", "001", "111"),
    "6": ("111", "100", "111", "101", "111"),
    "7": ("111", "001", "010", "010", "010"),
    "8": ("111", "101", "111", "101", "111"),
    "9": ("111", "101", "111", "001", "111"),
    "-": ("000", "000", "111", "000", "000"),
}
_SCALE = 2
_LABEL = 24
_MAX_WORDS = 900

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    angry: int
    mediocre: int
    delighted: int

    @property
    def total(self) -> int:
        return self.angry + self.mediocre + self.delighted


def chart(days: Sequence[Day]) -> bytes:
    """Draw up to 60 days, the oldest at the left; the scale and the days' numbers are written."""
    shown = days[-60:]
    canvas = _Canvas()
    most = max((one.total for one in shown), default=0) or 1
    bottom, height = _HEIGHT - _BOTTOM, _HEIGHT - _TOP - _BOTTOM
    for part in (0, 1, 2):
        y = bottom - part * height // 2
        canvas.fill(_LEFT, y, _WIDTH - _RIGHT, y + 1, _GREY)
        if part != 1 or most > 1:
            canvas.write(str(round(most * part / 2)), _LEFT - 6, y - 5, right=True)
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(shown), 1)
    for place, one in enumerate(shown):
        left = round(_LEFT + place * step) + 2
        right = max(left + 2, round(_LEFT + (place + 1) * step) - 2)
        y = bottom
        for number, colour, texture in (
            (one.angry, _ANGRY, 4),
            (one.mediocre, _MEDIOCRE, 0),
            (one.delighted, _DELIGHTED, -5),
        ):
            upper = y - round(height * number / most)
            canvas.fill(left, upper, right, y, colour, texture)
            y = upper
        if step >= _LABEL or place in (0, len(shown) - 1):
            # The month once, at the left; then the days alone.
            label = f"{one.day:%m-%d}" if place == 0 else f"{one.day:%d}"
            canvas.write(label, (left + right) // 2 - 2 * _SCALE * len(label), bottom + 9)
    return canvas.png()


@in_its_language
def in_words(days: Sequence[Day], brand: str) -> str:
    """Say in the brand's language what the picture shows, for those who do not see it."""
    numbers = "; ".join(
        _(
            "{day}: {angry} angry, {mediocre} mediocre, {delighted} delighted",
            day=f"{one.day:%m-%d}",
            angry=one.angry,
            mediocre=one.mediocre,
            delighted=one.delighted,
        )
        for one in days
    )
    shown = _("Experiences a day, angry below, delighted on top. {numbers}", numbers=numbers)
    return shown[:_MAX_WORDS]


class _Canvas:
    def __init__(self) -> None:
        self._rows = [bytearray(bytes(_WHITE) * _WIDTH) for _ in range(_HEIGHT)]

    def fill(
        self, left: int, top: int, right: int, bottom: int, colour: Colour, texture: int = 0
    ) -> None:
        """Fill a box; a positive texture hatches it, a negative one dots it."""
        for y in range(max(top, 0), min(bottom, _HEIGHT)):
            row = self._rows[y]
            for x in range(max(left, 0), min(right, _WIDTH)):
                hatched = texture > 0 and (x + y) % texture == 0
                dotted = texture < 0 and x % -texture == 0 and y % -texture == 0
                row[3 * x : 3 * x + 3] = bytes(_WHITE if hatched or dotted else colour)

    def write(self, text: str, x: int, y: int, *, right: bool = False) -> None:
        """Write digits and dashes; with `right`, ending at `x`."""
        if right:
            x -= 4 * _SCALE * len(text)
        for char in text:
            for down, bits in enumerate(_GLYPHS[char]):
                for along, bit in enumerate(bits):
                    if bit == "1":
                        at, to = x + along * _SCALE, y + down * _SCALE
                        self.fill(at, to, at + _SCALE, to + _SCALE, _INK)
            x += 4 * _SCALE

    def png(self) -> bytes:
        raw = b"".join(b"\0" + bytes(row) for row in self._rows)
        head = struct.pack("!IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", head)
            + _chunk(b"IDAT", zlib.compress(raw, 9))
            + _chunk(b"IEND", b"")
        )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
