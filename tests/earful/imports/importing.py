"""Import a file into a store as the command does, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from earful.importing.files import open_table
from earful.importing.import_rows import FileImport, ImportReport
from earful.importing.rejects import as_mended
from earful.importing.wishes import Wishes, date_reading, language_wished
from storage.store import Store

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FILES = Path(__file__).parent / "files"


def prepared(
    path: Path,
    brand: str = "Acme",
    language: str | None = None,
    date_format: str | None = None,
    **wishes: Any,
) -> FileImport:
    """Check a file; the keywords are the command's options."""
    tag = language_wished(language)
    wished = Wishes(brand=brand, language=tag, dates=date_reading(date_format, tag), **wishes)
    return FileImport(path, as_mended(open_table(path)), wished, NOW, lambda at: None)


def imported(store: Store, path: Path, brand: str = "Acme", **wishes: Any) -> ImportReport:
    """Check and store a file; what became of its rows adds up, in the ledger too."""
    before = in_ledger(store)
    report = prepared(path, brand, **wishes).store(store)
    new, edited, known, same, refused = counts(report)
    assert report.rows == new + edited + known + same + refused
    came = (report.rows, new, edited, known + same, refused)
    after = in_ledger(store)
    assert came == tuple(now - then for now, then in zip(after, before, strict=True))
    return report


def in_ledger(store: Store) -> tuple[int, ...]:
    """Give what the ledger has seen on the day of imports, new, edited, known and refused."""
    rows = [row for row in store.ledger.rows(NOW) if row["day"] == NOW.date().isoformat()]
    names = ("seen", "new", "edited", "known", "refused")
    return tuple(sum(row[name] for row in rows) for name in names)


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    """Give new, edited, known, same and refused."""
    saved = report.saved
    return saved.new, saved.edited, saved.known, report.same, report.refused


def stored(store: Store) -> list[dict[str, Any]]:
    """Give the rows of the table in the order in which they came."""
    rows = store.database.connection.execute("SELECT * FROM mentions ORDER BY seq")
    return [dict(row) for row in rows]
