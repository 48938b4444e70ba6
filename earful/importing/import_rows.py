"""Import a file of mentions: it is checked as a whole, then stored row by row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from config.errors import InputError
from earful.importing.column_plan import ColumnPlan, plan_columns
from earful.importing.file_check import Checked, check_file
from earful.importing.files import FileRow, Table
from earful.importing.layouts import layout_named, recognised
from earful.importing.row_ids import RowIds, RowKey, Whose
from earful.importing.row_reading import Emptied, RowReader
from earful.importing.wishes import Wishes
from storage.fields import EntryError
from storage.models import Fate, LedgerLine, Mention, RefusalReason, SaveResult, iso
from storage.store import Store

_BATCH = 500
_SHOWN = 20
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
# So many ids that are stored with other words, and none with the same, are another survey's.
_ENOUGH = 3
# The ledger's source of a row that does not say where it comes from.
_NO_SOURCE = "unknown"

Progress = Callable[[int], None]
Reject = Callable[[FileRow, str], None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not imported, by the line that it begins in."""

    line: int
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What an import came to: `rows` is the sum of new, edited, known, same, refused, `kept_out`.

    `same` rows stand for a mention that another row of the file stands for. `refusals` are the
    first ones; `emptied` are the fields that could not be read, by name. `left_out` counts rows
    that were not stored, until the ledger has them.
    """

    rows: int = 0
    saved: SaveResult = field(default_factory=SaveResult)
    same: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    emptied: dict[str, Emptied] = field(default_factory=dict)
    left_out: Counter[LedgerLine] = field(default_factory=Counter)

    @property
    def kept_out(self) -> int:
        """Count the rows that were forgotten here, or are older than the store keeps."""
        return self.saved.forgotten + self.saved.too_old


class FileImport:
    """One file on its way into the store: planned when made, then checked, shown and stored.

    Raises InputError where the file, its columns or its values leave a question open; nothing is
    stored before all of it has been looked at.
    """

    def __init__(
        self, path: Path, table: Table, wishes: Wishes, now: datetime, progress: Progress
    ) -> None:
        self.path, self.table, self.wishes = path, table, wishes
        self._where, self._now, self.progress = str(path), now, progress
        layout = layout_named(wishes.layout) if wishes.layout else recognised(table.columns)
        self.plan: ColumnPlan = plan_columns(table.columns, layout, wishes.maps, self._where)
        if not (wishes.source or layout.source or "source" in self.plan.columns):
            raise InputError("--source: say where the mentions come from, such as `trustpilot`")
        self._ids = RowIds(self.plan, wishes)
        self.checked: Checked = check_file(
            table, self.plan, self._ids, wishes, self._where, progress
        )

    def first(self, count: int = 5) -> list[Mention]:
        """Give the first mentions as they would be stored."""
        reader = self._reader()
        mentions: list[Mention] = []
        with closing(iter(self.table)) as rows:
            for row in rows:
                try:
                    mentions.append(reader.read(row, self._ids.key(row)))
                except EntryError:
                    continue
                if len(mentions) == count:
                    break
        return mentions

    def rehearse(
        self, reject: Reject | None = None, *, keeps_since: datetime | None = None
    ) -> ImportReport:
        """Read all rows and store none; `new` counts what could be stored."""
        report = ImportReport()
        for part in self._parts(report, reject):
            old = sum(
                keeps_since is not None and (one.created_at or one.fetched_at) < keeps_since
                for _, _, one in part
            )
            report.saved += SaveResult(new=len(part) - old, too_old=old)
        return report

    def store(
        self, store: Store, reject: Reject | None = None, *, keeps_since: datetime | None = None
    ) -> ImportReport:
        """Store the rows; safe to repeat. `reject` takes each row that is refused, and why.

        What is new here and older than `keeps_since` is left out, as is what was forgotten.
        """
        self._ask_whose_ids(store)
        report = ImportReport()
        with closing(self._parts(report, reject)) as parts:
            for part in parts:
                self._save(store, part, report, reject, keeps_since)
        # What came after the last mention.
        store.mentions.save([], at=self._now, left_out=report.left_out)
        return report

    def _reader(self) -> RowReader:
        return RowReader(self.plan, self.wishes, self.checked, self._now)

    def _parts(
        self, report: ImportReport, reject: Reject | None
    ) -> Generator[list[tuple[FileRow, RowKey, Mention]]]:
        """Read the rows in batches, each mention once."""
        reader = self._reader()
        report.emptied = reader.emptied
        with closing(self._each_once(reader, report, reject)) as rows:
            while part := list(islice(rows, _BATCH)):
                yield part
                self.progress(self.table.bytes_read)
        self.progress(self.table.size)

    def _each_once(
        self, reader: RowReader, report: ImportReport, reject: Reject | None
    ) -> Generator[tuple[FileRow, RowKey, Mention]]:
        """Read each row; of those with one id the source's newest counts, or the file's first."""
        seen: dict[int, int] = {}
        first: dict[int, tuple[int, str]] = {}
        newest: dict[int, tuple[FileRow, RowKey, Mention]] = {}
        with closing(iter(self.table)) as rows:
            for row in rows:
                report.rows += 1
                source = None
                try:
                    key = self._ids.key(row)
                    source = key.source
                    mention = reader.read(row, key)
                except EntryError as error:
                    _refuse(report, row, str(error), reject)
                    self._leave_out(report, source, Fate.REFUSED, error.kind)
                    continue
                digest = key.digest
                if digest not in self.checked.repeated:
                    yield row, key, mention
                elif key.whose is Whose.NOBODY:
                    # Equal rows without an id are so many mentions: their number parts them.
                    number = seen[digest] = seen.get(digest, 0) + 1
                    numbered = key.native_id if number == 1 else f"{key.native_id}-{number}"
                    key = replace(key, native_id=numbered)
                    yield row, key, replace(mention, native_id=numbered)
                elif key.whose is Whose.SOURCE:
                    held = newest.get(digest)
                    if held is not None:
                        report.same += 1
                        self._leave_out(report, source, Fate.KNOWN)
                    if held is None or _written(held[2]) <= _written(mention):
                        newest[digest] = (row, key, mention)
                elif digest not in first:
                    first[digest] = (row.line, mention.text_hash)
                    yield row, key, mention
                elif first[digest][1] == mention.text_hash:
                    report.same += 1
                    self._leave_out(report, source, Fate.KNOWN)
                else:
                    reason = (
                        f"native_id {key.native_id!r} is that of line {first[digest][0]}, which "
                        "says something else: is it the author's? Then map it to author_id"
                    )
                    _refuse(report, row, reason, reject)
                    self._leave_out(report, source, Fate.REFUSED, RefusalReason.ID)
        yield from newest.values()

    def _save(
        self,
        store: Store,
        part: Sequence[tuple[FileRow, RowKey, Mention]],
        report: ImportReport,
        reject: Reject | None,
        keeps_since: datetime | None,
    ) -> None:
        """Store a batch of rows; those that the store cannot hold are refused by their line."""
        rows: dict[str, FileRow] = {}
        mentions: list[Mention] = []
        stored = store.mentions.many(
            [name for _, key, mention in part for name in self._names(key, mention)]
        )
        for row, key, mention in part:
            mine = self._in_brand(key, mention, stored)
            if mine is None:
                brand = stored[mention.id].brand
                _refuse(report, row, f"{mention.id} is a mention of {brand} already", reject)
                self._leave_out(report, key.source, Fate.REFUSED, RefusalReason.OTHER_BRAND)
                continue
            if self._is_outdated(store.mentions.as_kept(mine), stored.get(mine.id)):
                report.saved += SaveResult(known=1)
                self._leave_out(report, key.source, Fate.KNOWN)
                continue
            rows[mine.id] = row
            mentions.append(mine)
        saved = store.mentions.save(
            mentions, at=self._now, left_out=report.left_out, keeps_since=keeps_since
        )
        report.left_out.clear()
        report.saved += replace(saved, refused=())
        for one in saved.refused:
            _refuse(report, rows[one.mention_id], one.reason, reject)

    def _leave_out(
        self,
        report: ImportReport,
        source: str | None,
        fate: Fate,
        reason: RefusalReason | None = None,
    ) -> None:
        """Count a row that is not stored for the ledger, which is written with the next batch."""
        line = LedgerLine(
            day=iso(self._now)[:10],
            brand=self.wishes.brand,
            source=source or self.wishes.source or self.plan.layout.source or _NO_SOURCE,
            fate=fate,
            reason=reason,
        )
        report.left_out[line] += 1

    def _names(self, key: RowKey, mention: Mention) -> tuple[str, ...]:
        if key.whose is Whose.NOBODY:
            return ()  # the brand is part of what names it
        return (mention.id, self._scoped(mention).id)

    def _in_brand(
        self, key: RowKey, mention: Mention, stored: dict[str, Mention]
    ) -> Mention | None:
        """Give the mention under the id that is this brand's; None where it is another's.

        A file's own id, such as 1, may be another brand's already: then it is named with the
        brand, and stays so.
        """
        held = stored.get(mention.id)
        if key.whose is Whose.FILE:
            scoped = self._scoped(mention)
            taken = held is not None and held.brand != mention.brand
            return scoped if taken or scoped.id in stored else mention
        return mention if held is None or held.brand == mention.brand else None

    def _is_outdated(self, mention: Mention, stored: Mention | None) -> bool:
        """Tell whether the store has a later state: last month's file changes nothing back.

        Only a file that says when its rows were edited can tell.
        """
        if stored is None or "edited_at" not in self.plan.columns or not mention.created_at:
            return False
        return mention.text_hash != stored.text_hash and _written(mention) < _written(stored)

    def _scoped(self, mention: Mention) -> Mention:
        brand = re.sub(r"\W+", "-", mention.brand.casefold()).strip("-")
        return replace(mention, native_id=f"{brand}:{mention.native_id}")

    def _ask_whose_ids(self, store: Store) -> None:
        """Ask before the answers of one survey replace those of another with the same ids."""
        if self.wishes.edits or self.wishes.set_name:
            return
        reader, keyed = self._reader(), list[tuple[RowKey, Mention]]()
        for row in islice(self.table, _BATCH):
            try:
                key = self._ids.key(row)
                if key.whose is Whose.FILE:
                    keyed.append((key, store.mentions.as_kept(reader.read(row, key))))
            except EntryError:
                continue
        stored = store.mentions.many([n for key, one in keyed for n in self._names(key, one)])
        changed = 0
        for key, mention in keyed:
            mine = self._in_brand(key, mention, stored)
            old = stored.get(mine.id) if mine else None
            if mine and old:
                if _is_one_answer(old, mine):
                    return
                changed += 1
        if changed >= _ENOUGH:
            raise InputError(
                f"{self._where}: {changed} ids are stored already, each with other words: give "
                "this survey a name with --set NAME, or add --edits if these are the same answers"
            )


def _is_one_answer(old: Mention, new: Mention) -> bool:
    """Tell whether something besides the id says that two mentions are one."""
    return (
        old.text_hash == new.text_hash
        or (old.created_at is not None and old.created_at == new.created_at)
        or (old.author_id is not None and old.author_id == new.author_id)
    )


def _written(mention: Mention) -> datetime:
    return mention.edited_at or mention.created_at or _LONG_AGO


def _refuse(report: ImportReport, row: FileRow, reason: str, reject: Reject | None) -> None:
    report.refused += 1
    if len(report.refusals) < _SHOWN:
        report.refusals.append(Refusal(row.line, reason))
    if reject:
        reject(row, reason)
