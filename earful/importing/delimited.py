"""Tables of text: what sets their cells apart is seen in their first rows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice

from config.errors import InputError
from earful.importing.file_rows import FileRow
from earful.importing.header_rows import (
    column_names,
    header_place,
    is_tight,
    needed_cells,
    shapes_of,
)
from earful.importing.packed_files import PackedFile
from earful.importing.quoted_rows import (
    Dialect,
    Quotes,
    TextRow,
    cells_of_line,
    first_rows,
    text_rows,
)
from earful.importing.text_encoding import TextEncoding

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "bar": "|"}
_QUOTES = {'"': Quotes.DOUBLE, "'": Quotes.SINGLE}
_FIRST_LINE = re.compile(r'(?:[^"\r\n]|"[^"]*")*(\r\n|\n|\r)')
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?')
# What the first rows show: the delimiter, the header, the shapes of columns.
_SAMPLE = 1 << 17
_SAMPLE_ROWS = 100
_LONGEST_LINE = 1 << 24
_ESCAPED = re.compile("[\udc80-\udcff]")


class DelimitedTable:
    """A table of text. It is read through once when it is opened: no row raises later."""

    def __init__(
        self,
        file: PackedFile,
        encoding: TextEncoding,
        *,
        delimiter: str | None = None,
        quotes: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._file, self._encoding = file, encoding
        asked = None if delimiter is None else asked_delimiter(delimiter)
        kind = Quotes.CHECKED if quotes is None else asked_quotes(quotes)
        sample = self._sample()
        self._newline = _line_end(sample)
        lines = re.findall(f"[^{self._newline}]*{self._newline}|[^{self._newline}]+", sample)
        if len(sample) >= _SAMPLE and len(lines) > 1:
            lines.pop()
        above = 0
        if lines and (sep_line := _SEP_LINE.fullmatch(lines[0])):
            asked, above = asked or sep_line[1], 1
        self._dialect = Dialect(asked or _delimiter(lines[above:], kind), kind)
        rows = first_rows(lines[above:], self._dialect, _SAMPLE_ROWS)
        if not rows:
            raise InputError(f"{file.path}: has no rows")
        header = rows[header_place([row.cells for row in rows])]
        self.columns, self._needed = column_names(header.cells), needed_cells(header.cells)
        self._header_line, self._first_line = above + header.line, above + header.next_line
        self._above = above + header.passed
        self._shapes = shapes_of(
            (cells_of_line(line, self._dialect) for line in lines[self._above :]),
            len(self.columns),
        )
        for number, _row in enumerate(self._rows()):
            if progress and number % 10_000 == 0:
                progress(self.bytes_read)

    @property
    def size(self) -> int:
        return self._file.size

    @property
    def bytes_read(self) -> int:
        return self._file.bytes_read

    def __iter__(self) -> Generator[FileRow]:
        columns, width = self.columns, len(self.columns)
        for row in self._rows():
            cells, problem = row.cells, row.problem
            if not any(cells) and not problem:
                continue  # a blank line
            if len(cells) != width and not problem:
                cells, problem = self._evened(row)
            if self._encoding.partly and _ESCAPED.search(row.raw):
                raw = self._escaped(row.raw)
                yield FileRow(row.line, {}, raw, f"has bytes that are no {self._encoding.label}")
            elif problem:
                yield FileRow(row.line, {}, row.raw, problem)
            else:
                yield FileRow(row.line, dict(zip(columns, cells, strict=False)), row.raw)

    def _evened(self, row: TextRow) -> tuple[list[str], str | None]:
        """Bring a row to the header's width where it is sure how, else say what is wrong."""
        width, count = len(self.columns), len(row.cells)
        if count < self._needed:
            return [], f"has {count} cells, the header {width}: is the row cut off?"
        if not any(cell.strip() for cell in row.cells[width:]):
            return row.cells[:width], None
        joined = self._dialect.literally(row.raw, most=width)
        # Where all columns but the last hold figures, surplus delimiters are words of the last;
        # but 1,4,5,Good may have rated 4 or 4,5.
        if (
            self._shapes.tight == frozenset(range(width - 1))
            and self._shapes.like_a_row(joined)
            and not is_tight(joined[-1].split(self._dialect.delimiter)[0])
        ):
            return joined, None
        return [], f"has {count} cells, the header {width}: put what holds delimiters in quotes"

    def _escaped(self, raw: str) -> str:
        """Show bytes of another encoding as `\\xE9`, which can be written down."""
        codec = self._encoding.codec
        return raw.encode(codec, "surrogateescape").decode(codec, "backslashreplace")

    def _sample(self) -> str:
        with self._file.opened() as stream:
            text = io.TextIOWrapper(
                stream, self._encoding.codec, errors=self._encoding.errors, newline=""
            )
            return text.read(_SAMPLE)

    def _lines(self) -> Generator[str]:
        with self._file.opened() as stream:
            text = io.TextIOWrapper(
                stream, self._encoding.codec, errors=self._encoding.errors, newline=self._newline
            )
            for line in iter(partial(text.readline, _LONGEST_LINE), ""):
                if len(line) == _LONGEST_LINE:
                    raise InputError(
                        f"{self._file.path}: has a line of more than {_LONGEST_LINE:,} "
                        "characters: it is no table"
                    )
                yield line

    def _rows(self) -> Iterator[TextRow]:
        place = str(self._file.path)
        # A row that is refused ends the reading: the file must not stay open behind the error.
        with closing(self._lines()) as lines:
            below = islice(lines, self._above, None)
            yield from text_rows(below, self._dialect, self._first_line, self._shapes, place)

    @property
    def shape(self) -> str:
        delimiter = self._dialect.delimiter
        parts = [
            self._encoding.label,
            f"separated by {DELIMITERS.get(delimiter, repr(delimiter))}"
            if delimiter
            else "one column",
        ]
        if self._file.packing:
            parts.append(f"out of {self._file.packing}")
        if self._header_line > 1:
            parts.append(f"header in line {self._header_line}")
        if self._dialect.quotes is Quotes.NONE:
            parts.append("quotes are characters like others")
        return ", ".join(parts)


def asked_delimiter(asked: str) -> str:
    """Read what `--delimiter` says: a character, or its name."""
    delimiter = _NAMES.get(asked.lower(), asked)
    if len(delimiter) != 1 or delimiter in "\"'\r\n":
        raise InputError(
            f"--delimiter {asked!r}: say one character, or comma, semicolon, tab or pipe"
        )
    return delimiter


def asked_quotes(asked: str) -> Quotes:
    """Read what `--quotes` says: the character, or its name."""
    try:
        return _QUOTES.get(asked) or Quotes(asked.lower())
    except ValueError:
        raise InputError(f"--quotes {asked!r}: say {', '.join(Quotes)}") from None


def _delimiter(lines: Sequence[str], quotes: Quotes) -> str | None:
    """Choose what sets cells apart: most rows have as many as the header; None for one column."""
    best: tuple[float, int] = (0.0, 1)
    chosen = None
    for delimiter in DELIMITERS:
        rows = [row.cells for row in first_rows(lines, Dialect(delimiter, quotes), _SAMPLE_ROWS)]
        if not rows:
            continue
        place = header_place(rows)
        width, needed = len(rows[place]), needed_cells(rows[place])
        below = rows[place + 1 :]
        fitting = sum(needed <= len(row) <= width for row in below)
        score = (fitting / len(below) if below else 1.0, needed)
        if needed > 1 and score > best:
            best, chosen = score, delimiter
    return chosen


def _line_end(sample: str) -> str:
    """Say how lines end; a line feed within quotes is no end in a file of a Mac."""
    first = _FIRST_LINE.match(sample)
    return "\r" if first and first[1] == "\r" else "\n"
