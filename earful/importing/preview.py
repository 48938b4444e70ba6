"""What an import will do, in lines for people: the columns, and the first mentions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earful.importing.import_rows import FileImport, ImportReport
from earful.importing.row_reading import Emptied
from storage.models import Mention


def how_read(imported: FileImport) -> Iterator[str]:
    """Say how the file is read, and which of its columns are not."""
    plan, table = imported.plan, imported.table
    layout = f"{plan.layout.name}: {plan.layout.label}"
    yield f"{imported.path.name}: {table.shape}; read as {layout}"
    if plan.unread:
        yield f"not read: {_listed(plan.unread)}"


def what_columns_became(imported: FileImport) -> Iterator[str]:
    """Say what each column is read as."""
    plan, checked = imported.plan, imported.checked
    for field, theirs in plan.columns.items():
        more = ""
        if field == "rating" and "rating_max" not in plan.columns:
            more = f", of {checked.rating_max:g} where they do not say"
        elif field in checked.orders and checked.orders[field] is not imported.wishes.dates.order:
            more = f", {checked.orders[field]} as other dates show"
        yield f"{_listed(theirs, ' + ')} → {field}{more}"


def mention_lines(mention: Mention) -> Iterator[str]:
    """Show a mention as it would be stored."""
    when = f"{mention.created_at:%Y-%m-%d %H:%M}" if mention.created_at else "no date"
    rating = f"{mention.rating:g}/{mention.rating_max:g}" if mention.rating_max else "no rating"
    parts = [mention.id, when, rating, mention.language, mention.author]
    yield " · ".join(part for part in parts if part)
    if mention.reach is not None or mention.url:
        reach = None if mention.reach is None else f"reach {mention.reach:,}"
        yield "  " + " · ".join(part for part in (reach, mention.url) if part)
    if mention.title:
        yield f"  title: {mention.title}"
    yield f"  {' '.join(mention.text.split()) or '(no words)'}"
    if mention.owner_reply:
        yield f"  reply: {' '.join(mention.owner_reply.split())}"


def emptied_line(one: Emptied) -> str:
    """Say in how many rows a field is empty because it could not be read."""
    rows = "1 row" if one.rows == 1 else f"{one.rows:,} rows"
    return f"{one.field} left empty in {rows}, the first in line {one.line}: {one.reason}"


def _listed(headers: Sequence[str], between: str = ", ") -> str:
    return between.join(" ".join(header.split()) or "(no name)" for header in headers)


def kept_out_lines(report: ImportReport, retention_days: int) -> Iterator[str]:
    """Say which rows were no fault of the file's, and yet were left out."""
    forgotten, too_old = report.saved.forgotten, report.saved.too_old
    if forgotten == 1:
        yield "1 row was forgotten here: it stays out"
    elif forgotten:
        yield f"{forgotten:,} rows were forgotten here: they stay out"
    keeps = f"the {retention_days} days that the store keeps: raise [store] retention_days"
    if too_old == 1:
        yield f"1 row is older than {keeps} in earful.toml to import it"
    elif too_old:
        yield f"{too_old:,} rows are older than {keeps} in earful.toml to import them"
