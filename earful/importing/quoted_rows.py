"""Rows of a delimited text, strictly: a quote that is not closed swallows nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.errors import InputError
from earful.importing.header_rows import Shapes

# No cell is longer. What is longer is a quote that somebody forgot.
_LONGEST_CELL = 1_000_000
# A cell with stray quotes is looked for over so many lines.
_MOST_LINES = 200


class Quotes(StrEnum):
    """What `--quotes` may say; CHECKED is what holds without it."""

    CHECKED = "checked"
    DOUBLE = "double"
    SINGLE = "single"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are set apart; a `delimiter` of None is a table of one column."""

    delimiter: str | None
    quotes: Quotes = Quotes.CHECKED

    @property
    def quote(self) -> str | None:
        if self.quotes is Quotes.NONE:
            return None
        return "'" if self.quotes is Quotes.SINGLE else '"'

    def reader(self, lines: Iterator[str] | Sequence[str]) -> Iterator[list[str]]:
        # For a table of one column, a delimiter that no text has.
        delimiter = self.delimiter or "\x1f"
        if self.quote is None:
            return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=delimiter, quotechar=self.quote, strict=True)

    def literally(self, line: str, most: int = 0) -> list[str]:
        """Split a line at its delimiters into at most so many cells, quotes being characters."""
        line = line.rstrip("\r\n")
        return line.split(self.delimiter, most - 1) if self.delimiter else [line]


@dataclass(slots=True)
class TextRow:
    line: int
    cells: list[str]
    raw: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FirstRow:
    """A row of a sample: its line, how many lines are passed behind it, the next line's number."""

    cells: list[str]
    line: int
    passed: int
    next_line: int


class Tape:
    """Lines on their way into csv: those of the row at hand are kept, and can be put back."""

    def __init__(self, lines: Iterator[str], number: int) -> None:
        self._lines = lines
        self._back: list[str] = []
        self.number = number
        self.taken: list[str] = []

    def __iter__(self) -> Tape:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """Begin the next row behind the lines of this one."""
        for line in self.taken:
            # In a text of Mac line ends the cells have line feeds, which editors count too.
            self.number += (line.count("\n") + line.endswith("\r")) or 1
        self.taken.clear()

    def keep(self, count: int) -> None:
        """Leave the first lines taken with this row, and put the others back."""
        while len(self.taken) > count:
            self._back.append(self.taken.pop())
        while len(self.taken) < count:
            next(self)


def text_rows(
    lines: Iterator[str], dialect: Dialect, number: int, shapes: Shapes, place: str
) -> Iterator[TextRow]:
    """Read lines with their ends as rows, the first of them being line `number` of the file.

    Stray quotes within a cell are kept as they are. InputError names `place` and the line of a
    quote that is not closed, or is closed only behind lines that are rows themselves.
    """
    csv.field_size_limit(_LONGEST_CELL)
    tape = Tape(lines, number)
    reader = dialect.reader(tape)
    taken = tape.taken
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _mended(tape, dialect, shapes, place)
        else:
            if len(taken) > 1 and dialect.quotes is Quotes.CHECKED:
                _check_nothing_is_swallowed(tape, dialect, shapes, place)
            yield TextRow(tape.number, cells, taken[0] if len(taken) == 1 else "".join(taken))
        tape.begin()


def first_rows(lines: Sequence[str], dialect: Dialect, most: int) -> list[FirstRow]:
    """Read the first rows of a sample as well as they can be; blank lines are left out."""
    tape = Tape(iter(lines), 1)
    reader = dialect.reader(tape)
    rows: list[FirstRow] = []
    passed = 0
    while len(rows) < most:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            tape.keep(1)
            cells = dialect.literally(tape.taken[0])
        line, passed = tape.number, passed + len(tape.taken)
        tape.begin()
        if any(cell.strip() for cell in cells):
            rows.append(FirstRow(cells, line, passed, tape.number))
    return rows


def cells_of_line(line: str, dialect: Dialect) -> list[str]:
    """Read a line by itself, in quotes if they come out even, else literally."""
    try:
        return next(dialect.reader([line]), [])
    except csv.Error:
        return dialect.literally(line)


def _check_nothing_is_swallowed(tape: Tape, dialect: Dialect, shapes: Shapes, place: str) -> None:
    """Refuse a cell over several lines where the lines are rows, all of them."""
    first, *others = tape.taken
    if shapes.like_a_row(dialect.literally(first)) and all(
        shapes.like_a_row(cells_of_line(line, dialect)) for line in others
    ):
        raise _unclosed(place, tape.number, "is closed only behind lines that look like rows")


def _mended(tape: Tape, dialect: Dialect, shapes: Shapes, place: str) -> TextRow:
    """Read a row whose quotes csv does not understand, or say what is wrong with it."""
    line = tape.taken[0]
    if not dialect.quote:
        tape.keep(1)
        return TextRow(tape.number, [], line, "a cell is far too long to be one")
    for literally in (False, True):
        cells = _loosely(line, dialect, shapes.width, literally)
        count = 1
        if cells is None:
            count, cells = _over_lines(tape, dialect, shapes, literally)
        if cells is not None:
            tape.keep(count)
            return TextRow(tape.number, cells, "".join(tape.taken))
    if line.count(dialect.quote) % 2:
        raise _unclosed(place, tape.number, "is not closed")
    tape.keep(1)
    # The quotes come out even, but not the cells: whoever knows the columns sees to it.
    return TextRow(tape.number, dialect.literally(line), line)


def _over_lines(
    tape: Tape, dialect: Dialect, shapes: Shapes, literally: bool
) -> tuple[int, list[str] | None]:
    """Read a cell with stray quotes that goes on over lines, none of which is a row.

    Gives how many lines it is, and its cells; None where there is no such cell.
    """
    for count in range(2, _MOST_LINES if shapes.width > 1 else 2):
        try:
            tape.keep(max(count, len(tape.taken)))
        except StopIteration:
            break
        last = tape.taken[count - 1]
        following = cells_of_line(last, dialect)
        if shapes.like_a_row(following) or (not shapes.tight and len(following) == shapes.width):
            break
        if dialect.quote and dialect.quote in last:
            cells = _loosely("".join(tape.taken[:count]), dialect, shapes.width, literally)
            if cells is not None:
                return count, cells
    return 0, None


def _loosely(text: str, dialect: Dialect, width: int, literally: bool) -> list[str] | None:
    r"""Split a row into `width` cells, a quote closing only before a delimiter; None if it won't.

    What is not split so is tried with `\"` as a quote that closes nothing. With `literally`, a
    quote that nothing closes is a character, if those behind it come out even.
    """
    for backslash in (False, True):
        cells = _split(text.rstrip("\r\n"), dialect, backslash, literally)
        if cells is not None and len(cells) == width:
            return cells
    return None


def _split(text: str, dialect: Dialect, backslash: bool, literally: bool) -> list[str] | None:
    quote, delimiter = dialect.quote or "", dialect.delimiter or "\x1f"
    cells: list[str] = []
    place = 0
    while True:
        end, cell = -1, ""
        if text.startswith(quote, place):
            end, cell = _closing(text, place + 1, quote, delimiter, backslash)
            if end < 0 and (not literally or text.count(quote, place) % 2):
                return None
        if end < 0:
            end = text.find(delimiter, place)
            end = len(text) if end < 0 else end
            cell = text[place:end]
        cells.append(cell)
        if end >= len(text):
            return cells
        place = end + 1


def _closing(
    text: str, place: int, quote: str, delimiter: str, backslash: bool
) -> tuple[int, str]:
    """Give where the delimiter behind a quoted cell stands, and the cell; -1 if nowhere."""
    cell: list[str] = []
    while place < len(text):
        letter = text[place]
        after = text[place + 1 : place + 2]
        if backslash and letter == "\\" and after == quote:
            cell.append(quote)
            place += 2
        elif letter != quote:
            cell.append(letter)
            place += 1
        elif after in ("", delimiter):
            return place + 1, "".join(cell)
        else:
            cell.append(letter)
            place += 2 if after == quote else 1
    return -1, ""


def _unclosed(place: str, line: int, what: str) -> InputError:
    return InputError(
        f"{place}: line {line}: the quote that opens a cell {what}: close it or double the quotes "
        "within; if quotes are only characters in this file, --quotes none"
        + ("; if all is as it should be, --quotes double" if "behind" in what else "")
    )
