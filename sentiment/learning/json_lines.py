"""Rows of JSON Lines, gzipped or not, with where each stands."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, TextIO

from config.errors import InputError


def is_gzipped(path: Path) -> bool:
    """Tell by its name whether a file is gzipped."""
    return path.suffix == ".gz"


def read_rows(path: Path) -> Generator[tuple[str, dict[str, Any]]]:
    """Give each row with its `FILE:LINE`; empty lines are passed over.

    InputError names the file, and the line where there is one: missing or damaged file, not UTF-8,
    not JSON, not an object.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    where = f"{path}:{number}"
                    yield where, _row(line, where)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason}); check the file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error


def _opened(path: Path) -> TextIO:
    if is_gzipped(path):
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error}); one object a line") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: not a JSON object; one object a line")
    return row
