"""A file as it comes, as rows: which format it is, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.errors import InputError
from earful.importing.delimited import DelimitedTable
from earful.importing.file_rows import FileRow, Table
from earful.importing.json_rows import JsonTable
from earful.importing.packed_files import ZIP, PackedFile, packed_file
from earful.importing.parquet_rows import ParquetTable
from earful.importing.text_encoding import find_encoding
from earful.importing.workbooks import SheetTable

__all__ = ["FileRow", "Table", "open_table"]

_TABLES = (".csv", ".tsv", ".tab", ".txt")
_JSON = (".json", ".jsonl", ".ndjson")
# Files that are no tables, by how they begin: what they are, and what to do.
_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0",
        "a workbook of before 2007, or with a password: save it as .xlsx without one",
    ),
    (b"%PDF", "a PDF: export a table instead"),
    (b"SQLite format 3", "an SQLite database: export the table as CSV"),
    (b"BZh", "packed by bzip2: unpack it first"),
    (b"\xfd7zXZ", "packed by xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it first"),
    (b"7z\xbc\xaf", "packed by 7-Zip: unpack it first"),
)
_WEB_PAGE = (b"<!doctype", b"<html", b"<table", b"<?xml")


def open_table(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    quotes: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Table:
    """Open a file of rows: delimited text, JSON, JSON Lines, Excel or Parquet, gzip or zip.

    Text is read through once here, so that what is wrong with the file as a whole is known before
    any row is taken; `progress` hears the bytes read so far. What is not given is detected.
    InputError in one line: what, where, what to do.
    """
    file = packed_file(path)
    head = file.head()
    if head.startswith((ZIP, b"PAR1")):
        _refuse_options(path, encoding=encoding, delimiter=delimiter, quotes=quotes)
        if file.packing == "zip":
            raise InputError(f"{path}: a zip within a zip, or a workbook: unpack it first")
        return SheetTable(file) if head.startswith(ZIP) else ParquetTable(file)
    for start, what in _OTHERS:
        if head.startswith(start):
            raise InputError(f"{path}: {what}")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_WEB_PAGE):
        raise InputError(f"{path}: a web page or XML, no table: export it as CSV or JSON")
    guess = find_encoding(file, encoding)
    if _is_json(file, head.decode(guess.codec, "ignore")):
        _refuse_options(path, delimiter=delimiter, quotes=quotes)
        return JsonTable(file, guess, progress=progress)
    return DelimitedTable(file, guess, delimiter=delimiter, quotes=quotes, progress=progress)


def _is_json(file: PackedFile, start: str) -> bool:
    """Say whether text is JSON: what its name says, or how it begins."""
    name = file.member or file.path.name
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix in _JSON:
        return True
    return suffix not in _TABLES and start.lstrip().startswith(("{", "["))


def _refuse_options(path: Path, **options: str | None) -> None:
    for name, value in options.items():
        if value is not None:
            raise InputError(f"{path}: --{name} is for tables of text: leave it out")
