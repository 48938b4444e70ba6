"""What the tests of imported files share: a file of given bytes, and how it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.errors import InputError
from earful.importing.file_rows import FileRow
from earful.importing.files import open_table

CASES = Path(__file__).parents[3] / "shared" / "cases" / "import"


def file_of(tmp_path: Path, content: str | bytes, name: str = "in.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(path: Path, **options: Any) -> list[FileRow]:
    """Read all rows; a second reading gives the same."""
    table = open_table(path, **options)
    rows = list(table)
    assert list(table) == rows
    assert table.bytes_read == table.size == path.stat().st_size
    return rows


def cells_of(path: Path, column: str, **options: Any) -> list[Any]:
    rows = rows_of(path, **options)
    assert [row.problem for row in rows if row.problem] == []
    return [row.values[column] for row in rows]


def refusal(path: Path, **options: Any) -> str:
    """The one line that says why a file is refused, without its path."""
    with pytest.raises(InputError) as caught:
        open_table(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")
