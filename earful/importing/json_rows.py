"""Rows of JSON: an object a line, or one array of objects that is never in memory whole."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from earful.importing.file_rows import FileRow
from earful.importing.json_cursor import JsonCursor, short
from earful.importing.packed_files import PackedFile
from earful.importing.text_encoding import TextEncoding

_CHUNK = 1 << 20
_LONGEST = 1 << 24
_FIRST_LINES = 20
_ESCAPED = re.compile("[\udc80-\udcff]")
# What lists of rows are called, and what stands in a row and in nothing around it.
_LISTS = (
    "reviews", "data", "items", "results", "entries", "mentions", "records", "rows", "responses",
    "comments", "feedback", "ratings", "answers", "tickets", "conversations", "posts",
)  # fmt: skip
_WORDS = {"text", "body", "review", "comment", "content", "message", "title", "rating", "stars"}


@dataclass(frozen=True, slots=True)
class _Scalar:
    """A value of an object that is neither object nor list."""

    value: Any


class JsonTable:
    """The objects of a JSON file. It is read through once when it is opened.

    An array is an error where it breaks off; of JSON Lines only the broken row has a problem.
    """

    def __init__(
        self,
        file: PackedFile,
        encoding: TextEncoding,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._file, self._encoding = file, encoding
        name = (file.member or file.path.name).lower().removesuffix(".gz")
        self._whole = _is_whole(self._first_lines(), name.endswith((".jsonl", ".ndjson")))
        self._path: str | None = None
        if self._whole:
            with file.opened() as stream:
                text = io.TextIOWrapper(stream, encoding.codec, errors=encoding.errors)
                self._path = _list_of_rows(JsonCursor(text, str(file.path)))
        columns: dict[str, None] = {}
        for number, row in enumerate(self):
            columns |= dict.fromkeys(row.values)
            if progress and number % 10_000 == 0:
                progress(self.bytes_read)
        self.columns = tuple(columns)

    @property
    def size(self) -> int:
        return self._file.size

    @property
    def bytes_read(self) -> int:
        return self._file.bytes_read

    @property
    def shape(self) -> str:
        parts = [self._encoding.label, "JSON" if self._whole else "JSON Lines"]
        if self._path:
            parts.append(f"the list {self._path!r}")
        if self._file.packing:
            parts.append(f"out of {self._file.packing}")
        return ", ".join(parts)

    def __iter__(self) -> Generator[FileRow]:
        with self._file.opened() as stream:
            text = io.TextIOWrapper(stream, self._encoding.codec, errors=self._encoding.errors)
            if self._whole:
                yield from self._objects(text)
            else:
                yield from self._lines(text)

    def _first_lines(self) -> list[str]:
        with self._file.opened() as stream:
            text = io.TextIOWrapper(stream, self._encoding.codec, errors="replace")
            return text.read(_CHUNK).splitlines()[:_FIRST_LINES]

    def _lines(self, text: io.TextIOWrapper) -> Iterator[FileRow]:
        for number, line in enumerate(iter(partial(text.readline, _LONGEST), ""), start=1):
            if line.isspace():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield FileRow(number, {}, line.rstrip("\r\n"), f"not JSON: {short(error)}")
            else:
                yield self._row(number, value, line)

    def _objects(self, text: io.TextIOWrapper) -> Iterator[FileRow]:
        cursor = JsonCursor(text, str(self._file.path))
        while not cursor.at_end():
            if self._path is None:
                line = cursor.line
                yield self._row(line, cursor.value(), "")
                continue
            for path, line, value in _elements(cursor, ""):
                if path == self._path:
                    yield self._row(line, _plain(value), "")

    def _row(self, line: int, value: Any, text: str) -> FileRow:
        if not isinstance(value, dict):
            raw = text.rstrip("\r\n") or json.dumps(value, ensure_ascii=False)
            return FileRow(line, {}, raw, "not a JSON object")
        if self._encoding.partly and _ESCAPED.search(json.dumps(value, ensure_ascii=False)):
            # As JSON escapes them, such bytes can be written down.
            escaped = json.dumps(value)
            return FileRow(line, {}, escaped, f"has bytes that are no {self._encoding.label}")
        try:
            return FileRow(line, flat(value), value)
        except RecursionError:
            return FileRow(line, {}, value, "is nested too deeply")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, _Scalar) else value


def _is_whole(lines: list[str], lines_promised: bool) -> bool:
    """Say whether a file is JSON as a whole; else each line is for itself."""
    filled = [line.strip() for line in lines if line.strip()]
    if not filled or filled[0][0] not in "[{":
        return False
    if len(filled) == 1:
        return not lines_promised or len(filled[0]) >= _CHUNK or _is_json(filled[0])
    if filled[0][0] == "[":
        return not (_is_json(filled[0]) and filled[1][0] == "{")
    if filled[1][0] == "{":
        return filled[0][-1] in "{[,"
    return not _is_json(filled[0])


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _elements(cursor: JsonCursor, path: str) -> Iterator[tuple[str, int, Any]]:
    """Give what each list within objects holds: the list's path, the line, the element."""
    first = cursor.peek()
    if first == "[":
        cursor.expect("[")
        while cursor.peek() != "]":
            line = cursor.line
            yield path, line, cursor.value()
            if cursor.peek() != "]":
                cursor.expect(",")
        cursor.expect("]")
    elif first == "{":
        cursor.expect("{")
        while cursor.peek() != "}":
            key = cursor.value()
            cursor.expect(":")
            yield from _elements(cursor, f"{path}.{key}" if path else str(key))
            if cursor.peek() != "}":
                cursor.expect(",")
        cursor.expect("}")
    else:
        yield path, cursor.line, _Scalar(cursor.value())


def _list_of_rows(cursor: JsonCursor) -> str | None:
    """Choose the list that holds the rows; None where the outermost objects are the rows."""
    objects: dict[str, int] = {}
    keys = set()
    while not cursor.at_end():
        for path, _line, value in _elements(cursor, ""):
            objects[path] = objects.get(path, 0) + isinstance(value, dict)
            if isinstance(value, _Scalar):
                keys.add(path.lower())
    lists = [path for path, count in objects.items() if count]
    if not lists:
        return "" if "" in objects else None
    best = max(lists, key=lambda path: (_last(path) in _LISTS, path == "", objects[path]))
    return None if _last(best) not in _LISTS and best and keys & _WORDS else best


def _last(path: str) -> str:
    return path.rpartition(".")[2].lower()


def flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Lay nested objects out as `outer.inner`; lists stay lists."""
    if not before and not any(isinstance(one, dict) for one in value.values()):
        return value
    laid_out: dict[str, Any] = {}
    for key, one in value.items():
        if isinstance(one, dict):
            laid_out |= flat(one, f"{before}{key}.")
        else:
            laid_out[f"{before}{key}"] = one
    return laid_out
