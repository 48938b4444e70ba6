"""Which encoding a text file is in: what is sure is taken, what is not is asked."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from config.errors import InputError
from earful.importing.encoding_guess import excerpts, readings, sure_reading
from earful.importing.packed_files import PackedFile

_CHUNK = 1 << 20
# The four-byte marks first: the one of UTF-32 begins like the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# In UTF-16 the halves of line ends, digits and delimiters that are zero stand all on one side.
_ONE_SIDED, _FEWEST_ZEROS = 4, 0.02
# So many lines with bytes outside ASCII show what they are written in.
_SAMPLE_LINES, _SAMPLE_BYTES = 2000, 1 << 18
# At most so many encodings are proposed.
_CHOICES = 3
_COMMON = "utf-8, utf-16, windows-1252, mac-roman, shift_jis"


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How the bytes of a file are read: Python's codec, and its name for people.

    `partly` says that some bytes are not of this encoding: the rows that hold them are refused.
    """

    codec: str
    label: str
    partly: bool = False

    @property
    def errors(self) -> str:
        return "surrogateescape" if self.partly else "strict"


@dataclass(frozen=True, slots=True)
class BadByte:
    """The first byte of a file that is not of an encoding; `cut_off` where the file ends there."""

    line: int
    value: int
    cut_off: bool

    def __str__(self) -> str:
        return f"0x{self.value:02X}"


def find_encoding(file: PackedFile, asked: str | None = None) -> TextEncoding:
    """Name the encoding of a file; InputError names line and byte where that would be a guess.

    A byte order mark is sure, so are zeros on one side of the byte pairs (UTF-16), and bytes that
    are UTF-8 from the first to the last. Anything else is taken only if one old encoding alone
    reads all its lines as words of languages that are written in it.
    """
    head = file.head()
    if asked is not None:
        return _asked_for(file, asked, head)
    for mark, codec, label in _MARKS:
        if head.startswith(mark):
            return _checked(file, codec, label)
    wide = _utf_16_without_mark(head)
    if wide:
        return _checked(file, wide, "UTF-16")
    bad = first_bad_byte(file, "utf-8")
    return TextEncoding("utf-8", "UTF-8") if bad is None else _old_encoding(file, bad)


def first_bad_byte(file: PackedFile, codec: str) -> BadByte | None:
    """Find the first byte that is not of an encoding; a cut character at the end is one too."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    line = 1
    with file.opened() as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                data = error.object
                before = data[: error.start]
                return BadByte(line + _line_ends(before), data[error.start], cut_off=not chunk)
            if not chunk:
                return None
            line += text.count("\n") or text.count("\r")


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") or data.count(b"\r")


def _asked_for(file: PackedFile, asked: str, head: bytes) -> TextEncoding:
    try:
        # Codecs that are no encodings of text (hex, zip) are refused by this, not by a look-up.
        b"text".decode(asked, "replace")
        codec = codecs.lookup(asked).name
    except (LookupError, ValueError):
        raise InputError(
            f"--encoding {asked!r}: no encoding has this name: say {_COMMON} or another"
        ) from None
    for mark, marked, _label in _MARKS:
        if head.startswith(mark) and codec.startswith(marked.removesuffix("-sig")):
            codec = marked
    bad = first_bad_byte(file, codec)
    if bad is None:
        return TextEncoding(codec, asked)
    if codec.startswith(("utf-16", "utf-32", "utf-7")):
        raise InputError(
            f"{file.path}: line {bad.line}: byte {bad} is no {asked}: leave --encoding out, "
            "or give another"
        )
    return TextEncoding(codec, asked, partly=True)


def _checked(file: PackedFile, codec: str, label: str) -> TextEncoding:
    bad = first_bad_byte(file, codec)
    if bad is None:
        return TextEncoding(codec, label)
    raise InputError(
        f"{file.path}: line {bad.line}: the file begins as {label}, but byte {bad} is none: "
        + (
            "it is cut off there: fetch it again"
            if bad.cut_off
            else "save it again as UTF-8, or give its --encoding"
        )
    )


def _utf_16_without_mark(head: bytes) -> str | None:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < _FEWEST_ZEROS * len(head) / 2 or max(even, odd) == 0:
        return None
    if odd > _ONE_SIDED * even:
        return "utf-16-le" if _has_line_ends(head, b"\n\x00", b"\r\x00") else None
    if even > _ONE_SIDED * odd:
        return "utf-16-be" if _has_line_ends(head, b"\x00\n", b"\x00\r") else None
    return None


def _has_line_ends(head: bytes, *wide: bytes) -> bool:
    """Say whether line ends are two bytes wide: a stray zero in UTF-8 makes none of them so."""
    return any(end in head for end in wide) or not (b"\n" in head or b"\r" in head)


def _old_encoding(file: PackedFile, bad: BadByte) -> TextEncoding:
    """Take the one encoding from before Unicode that reads the file as words, or ask."""
    where = f"{file.path}: line {bad.line}: byte {bad} is no UTF-8"
    lines, as_utf_8 = _lines_outside_ascii(file)
    if bad.cut_off:
        raise InputError(
            f"{where}: the file is cut off there: fetch it again, or read the rows before it with "
            "--encoding utf-8"
        )
    if as_utf_8 > len(lines):
        raise InputError(
            f"{where}, though the rest of the file is: mend the line, or have just the rows with "
            "such bytes refused by --encoding utf-8"
        )
    candidates = [
        one
        for one in readings(lines)
        if one.share and first_bad_byte(file, one.encoding.codec) is None
    ]
    reading = sure_reading(candidates)
    if reading is not None:
        return TextEncoding(reading.encoding.codec, reading.encoding.label.capitalize())
    likely = candidates[:_CHOICES]
    if not likely:
        raise InputError(f"{where}, nor what Earful can guess: give --encoding, as {_COMMON}")
    choices = " or ".join(
        f"{one.encoding.label} (reads {text!r})"
        for one, text in zip(likely, excerpts(likely), strict=True)
    )
    raise InputError(f"{where}: choose its encoding: --encoding {choices}")


def _lines_outside_ascii(file: PackedFile) -> tuple[list[bytes], int]:
    """Sample the lines that are not UTF-8, and count those with other than ASCII that are."""
    lines: list[bytes] = []
    as_utf_8 = size = 0
    with file.opened() as stream:
        rest = b""
        while (chunk := stream.read(_CHUNK)) and len(lines) < _SAMPLE_LINES:
            *whole, rest = (rest + chunk).splitlines(keepends=True)
            for line in whole if len(rest) < _CHUNK else (*whole, rest):
                if line.isascii() or size > _SAMPLE_BYTES:
                    continue
                if _is_utf_8(line):
                    as_utf_8 += 1
                else:
                    lines.append(line.rstrip())
                    size += len(line)
            if len(rest) >= _CHUNK:
                rest = b""
    if rest and not rest.isascii():
        if _is_utf_8(rest):
            as_utf_8 += 1
        else:
            lines.append(rest.rstrip())
    return lines, as_utf_8


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
