"""A row of a file as a mention: a bad side field is empty and counted, the words are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from crawler.catalog import names_are_ids
from earful.importing.column_plan import ColumnPlan
from earful.importing.file_check import Checked
from earful.importing.files import FileRow
from earful.importing.row_ids import RowKey, cell_reader
from earful.importing.wishes import Wishes
from earful.spreadsheet_guard import unguarded
from storage import fields
from storage.fields import DateReading, EntryError
from storage.models import Mention, RefusalReason

# No review is longer; what is longer is a file that was cut wrongly.
T = TypeVar("T")


@dataclass(slots=True)
class Emptied:
    """A field that could not be read in some rows: how many, and the first of them."""

    field: str
    line: int
    reason: str
    rows: int = 0


class RowReader:
    """Reads rows of one file; `emptied` counts what could not be read, by field."""

    def __init__(self, plan: ColumnPlan, wishes: Wishes, checked: Checked, now: datetime) -> None:
        self._plan, self._wishes, self._checked, self._now = plan, wishes, checked, now
        self._cell = cell_reader(plan)
        self._own = plan.layout.own
        self._dates = {field: _reading(plan, wishes, checked, field) for field in _DATES}
        self.emptied: dict[str, Emptied] = {}

    def read(self, row: FileRow, key: RowKey) -> Mention:
        """Make a mention of a row; EntryError where it has neither words nor a rating."""
        if row.problem:
            raise EntryError(row.problem)
        self._refuse_other_brands(row)
        text = self._words(row)
        title = self._side(row, "title", lambda value: self._line(value, "title"))
        rating, most = self._rating(row)
        if not text and not title and rating is None:
            raise EntryError(
                "text is empty, and there is neither title nor rating", RefusalReason.WORDS
            )
        fields.require_readable(text=text, title=title)
        created = self._moment(row, "created_at")
        edited = self._moment(row, "edited_at")
        if not self._own and edited and created and edited <= created:
            edited = None
        author = self._side(row, "author", lambda value: self._line(value, "author"))
        return Mention(
            brand=self._wishes.brand,
            source=key.source,
            native_id=key.native_id,
            url=self._side(row, "url", _link),
            author=author,
            author_native_id=self._author_id(row, key.source, author),
            title=title,
            text=text,
            rating=rating,
            rating_max=most,
            language=self._side(row, "language", _language) or self._wishes.language,
            created_at=created,
            edited_at=edited,
            reach=self._side(row, "reach", lambda value: fields.whole_number(value, "reach")),
            parent_id=self._parent_id(row, key.source),
            owner_reply=self._side(row, "owner_reply", lambda v: self._clean(v, "owner_reply")),
            owner_replied_at=self._moment(row, "owner_replied_at"),
            country=self._side(row, "country", fields.country_code),
            product_version=self._side(row, "product_version", fields.version_name),
            location=self._side(row, "location", lambda value: self._line(value, "location")),
            fetched_at=self._moment(row, "fetched_at") or self._now,
        )

    def _side(self, row: FileRow, field: str, read: Callable[[object], T | None]) -> T | None:
        """Read a field that the mention can do without: what cannot be read is counted."""
        value = self._value(row, field)
        if value is None or value == "":
            return None
        try:
            return read(value)
        except EntryError as error:
            one = self.emptied.setdefault(field, Emptied(field, row.line, str(error)))
            one.rows += 1
            return None

    def _value(self, row: FileRow, field: str) -> object:
        value = self._cell(row, field)
        if self._own and isinstance(value, str) and isinstance(row.raw, str):
            return unguarded(value)
        return value

    def _words(self, row: FileRow) -> str:
        """Give the words; what should hold them and cannot is no empty text."""
        return self._clean(self._value(row, "text"), "text") or ""

    def _clean(self, value: object, field: str) -> str | None:
        if self._own:
            return fields.string(value, field) or None
        text = fields.plain_or_html(value, field)
        return (fields.original(text) if self._plan.layout.translated else text) or None

    def _line(self, value: object, field: str) -> str | None:
        return fields.string(value, field) or None if self._own else fields.line(value, field)

    def _rating(self, row: FileRow) -> tuple[float | None, float | None]:
        rated = self._side(row, "rating", self._rated)
        if rated is None:
            return None, None
        most = rated.most or self._side(row, "rating_max", _most) or self._checked.rating_max
        if 0 <= rated.value <= most:
            return rated.value, most
        reason = f"rating {rated.value:g} does not lie between 0 and {most:g}"
        self.emptied.setdefault("rating", Emptied("rating", row.line, reason)).rows += 1
        return None, None

    def _rated(self, value: object) -> fields.Rated | None:
        words: Mapping[str, float] = self._plan.layout.rating_words
        if isinstance(value, str) and (worth := words.get(value.strip().casefold())) is not None:
            return fields.Rated(worth, self._plan.layout.rating_max)
        return fields.rated(value)

    def _moment(self, row: FileRow, field: str) -> datetime | None:
        def read(value: object) -> datetime | None:
            if fields.is_no_moment(value):
                return None
            return fields.moment(value, self._now, field, self._dates[field])

        return self._side(row, field, read)

    def _author_id(self, row: FileRow, source: str, author: str | None) -> str | None:
        """Give the author's id, where the source has no other than their user name that one."""
        given = self._side(row, "author_id", lambda value: fields.identity(value, "author_id"))
        if given is None:
            return author if names_are_ids(source) else None
        return given.removeprefix(f"{source}:") if self._own else given

    def _parent_id(self, row: FileRow, source: str) -> str | None:
        """Give the id of the mention that this one answers: of the same file, by its own id."""
        native = self._side(row, "parent_id", lambda value: fields.identity(value, "parent_id"))
        if native is None or self._own or native.startswith(f"{source}:"):
            return native
        named = self._wishes.set_name
        return f"{source}:{named}/{native}" if named else f"{source}:{native}"

    def _refuse_other_brands(self, row: FileRow) -> None:
        brand = self._cell(row, "brand")
        if isinstance(brand, str) and brand.casefold() != self._wishes.brand.casefold():
            raise EntryError(
                f"it is about {brand}: import it with --brand {brand!r}", RefusalReason.OTHER_BRAND
            )


_DATES = ("created_at", "edited_at", "owner_replied_at", "fetched_at")


def _reading(plan: ColumnPlan, wishes: Wishes, checked: Checked, field: str) -> DateReading:
    zone = plan.zone(field) or UTC
    return replace(wishes.dates, order=checked.orders.get(field, wishes.dates.order), zone=zone)


def _link(value: object) -> str:
    if (url := fields.link(value)) is None:
        raise EntryError(f"url {str(value)[:40]!r} is no web address", RefusalReason.LINK)
    return url


def _language(value: object) -> str | None:
    tag = fields.language(value)
    if tag is None and str(value).strip().casefold() not in ("", "-", "und", "unknown", "null"):
        raise EntryError(f"language {str(value)[:40]!r} is no language")
    return tag


def _most(value: object) -> float | None:
    rated = fields.rated(value, "rating_max")
    if rated is None:
        return None
    if rated.value <= 0:
        raise EntryError(f"rating_max {rated.value:g} is no end of a scale")
    return rated.value
