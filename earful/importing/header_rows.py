"""Where a table's header stands, what its columns are called, and what their cells look like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Lines above the header that say what the export is: more of them are no longer sure to be that.
_MOST_ABOVE = 12
# Of a column of figures so few may be anything else: N/A, a dash.
_OTHERS = 0.05
_FIGURES = re.compile(r"[\d\s.,:/+%TZ-]*\d[\d\s.,:/+%TZ-]*")
_TIGHT = re.compile(rf"(?:{_FIGURES.pattern}|https?://\S+)")


@dataclass(frozen=True, slots=True)
class Shapes:
    """Which of a table's columns hold nothing but figures, times or links."""

    width: int
    tight: frozenset[int]

    def like_a_row(self, cells: Sequence[str]) -> bool:
        """Say whether cells are sure to be a row: so many as columns, figures where they belong.

        False where no column has a shape of its own: then nothing is sure.
        """
        if len(cells) != self.width or self.width < 2:
            return False
        held = [cells[place] for place in self.tight if cells[place].strip()]
        return bool(held) and all(is_tight(cell) for cell in held)


def shapes_of(rows: Iterable[Sequence[str]], width: int) -> Shapes:
    """Learn the shapes of columns from rows of that many cells; others are passed over."""
    seen, tight = [0] * width, [0] * width
    for row in rows:
        if len(row) == width:
            for place, cell in enumerate(row):
                if cell.strip():
                    seen[place] += 1
                    tight[place] += is_tight(cell)
    return Shapes(
        width,
        frozenset(n for n in range(width) if seen[n] and tight[n] >= (1 - _OTHERS) * seen[n]),
    )


def is_tight(cell: str) -> bool:
    """Say whether a cell is a figure, a time or a link, and no words."""
    return _TIGHT.fullmatch(cell.strip()) is not None


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Say which of the first rows is the header: the first, unless it is surely further down.

    Sure is: fewer cells above; names and no figures in it; as many cells below, in at least two
    rows, and figures in one of them.
    """
    widths = [len(_trimmed(row)) for row in rows]
    for place, row in enumerate(rows[: _MOST_ABOVE + 1]):
        width = widths[place]
        if place and width > 2 and width > max(widths[:place]) and _are_names(_trimmed(row)):
            below = [one for one, wide in zip(rows[place + 1 :], widths[place + 1 :], strict=True)
                     if wide == width]  # fmt: skip
            rest = len(rows) - place - 1
            if len(below) >= 2 and len(below) * 2 > rest and shapes_of(below, width).tight:
                return place
    return 0


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Name columns by a header: on one line, each once; one without a name by its place."""
    names: list[str] = []
    taken = {_one_line(cell) for cell in header}
    for place, cell in enumerate(header, start=1):
        name = _one_line(cell) or f"column {place}"
        if name in names:
            number = 2
            while f"{name} ({number})" in taken or f"{name} ({number})" in names:
                number += 1
            name = f"{name} ({number})"
        names.append(name)
    return tuple(names)


def needed_cells(header: Sequence[str]) -> int:
    """Count the cells that a row must have: those up to the last column with a name."""
    return len(_trimmed(header))


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    """Leave out empty cells at the end."""
    last = len(cells)
    while last and not cells[last - 1].strip():
        last -= 1
    return cells[:last]


def _are_names(cells: Sequence[str]) -> bool:
    names = [_one_line(cell) for cell in cells]
    return all(names) and len(set(names)) == len(names) and not any(map(is_tight, names))


def _one_line(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())
