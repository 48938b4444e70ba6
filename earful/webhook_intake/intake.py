"""One delivery into the store: read as an import, stored with its receipt in one transaction."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from config.errors import EarfulError, InputError, StoreFullError, StoreLockedError
from config.settings import DoorSettings, StoreSettings
from earful.failing import describe
from earful.importing.column_plan import plan_columns
from earful.importing.import_rows import FileImport, ImportReport
from earful.importing.json_rows import JsonTable
from earful.importing.layouts import folded, layout_named, recognised
from earful.importing.packed_files import PackedFile
from earful.importing.text_encoding import TextEncoding
from earful.webhook_intake.doors import as_keys, wishes_of
from earful.webhook_intake.signatures import SignatureError, verify_hub, verify_standard
from storage.store import Store
from storage.tables.webhook_receipts import Receipt

log = logging.getLogger("earful.webhook")

# A sender waits for seconds, and tries again by itself.
_PATIENCE_S = 5.0
_AGAIN_SOON_S, _AGAIN_LATER_S = 10, 300
_WHERE = "the body"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender gets; `failure` is for ops, `news` says that scoring may have work."""

    status: int
    body: dict[str, Any]
    retry_after_s: int | None = None
    failure: str | None = None
    news: bool = False


@dataclass(slots=True)
class _Body(PackedFile):
    """A body in memory in a file's place; it is never unpacked."""

    content: bytes = field(default=b"", repr=False)

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        yield io.BytesIO(self.content)


class Intake:
    """Takes deliveries at the doors of one store; one thread at a time."""

    def __init__(
        self,
        store: StoreSettings,
        doors: Mapping[str, DoorSettings],
        keys: Mapping[str, tuple[bytes, ...]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._doors, self._keys, self._clock = store, doors, keys, clock

    def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Check who sent a body, and store what it holds before it is answered.

        Whatever goes wrong is in the answer: with 4xx it lies in the delivery, and nothing of it
        is stored; with 5xx here, and the sender shall send it again.
        """
        door = self._doors[name]
        try:
            now = self._clock()
            if door.signature == "hub":
                delivery_id = verify_hub(headers, body, self._keys[name])
            else:
                delivery_id = verify_standard(headers, body, self._keys[name], now)
            return self._stored(door, delivery_id, body, now)
        except SignatureError as error:
            return Answer(401, {"error": str(error)})
        except InputError as error:
            return Answer(400, {"error": as_keys(str(error))})
        except StoreLockedError as error:
            return _later(_AGAIN_SOON_S, "the store is held by another process", error)
        except StoreFullError as error:
            return _later(_AGAIN_LATER_S, "no space is left for the store", error)
        except EarfulError as error:
            return _later(_AGAIN_LATER_S, "the store cannot be written", error)
        except Exception as error:
            # One strange body must not end the process for the others.
            log.debug("%s", name, exc_info=error)
            return Answer(500, {"error": "Earful failed; ops are told"}, failure=describe(error))

    def _stored(self, door: DoorSettings, delivery_id: str, body: bytes, now: datetime) -> Answer:
        digest = sha256(body).hexdigest()
        with Store.open(self._store.path, patience_s=_PATIENCE_S) as store:
            if before := store.webhook_receipts.find(door.name, delivery_id):
                return _repeated(before, digest)
            delivery = _read(door, body, now)
            with store.write() as unit:
                report = delivery.store(unit, keeps_since=self._store.keeps_since(now))
                saved = report.saved
                if report.refused < report.rows or not report.rows:
                    unit.webhook_receipts.add(
                        Receipt(
                            door=door.name,
                            delivery_id=delivery_id,
                            body_hash=digest,
                            at=now,
                            new=saved.new,
                            edited=saved.edited,
                            known=saved.known,
                            same=report.same,
                            refused=report.refused + report.kept_out,
                        )
                    )
        return _answer(report)


def _read(door: DoorSettings, body: bytes, now: datetime) -> FileImport:
    """Plan and check a body as an import; InputError where it leaves a question open."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{_WHERE}: byte {error.start} is not UTF-8: send JSON in UTF-8"
        ) from None
    if not text.lstrip().startswith(("{", "[")):
        raise InputError(f"{_WHERE}: no JSON: send an object, an array, or an object a line")
    table = JsonTable(
        _Body(Path(_WHERE), size=len(body), content=body), TextEncoding("utf-8-sig", "UTF-8")
    )
    # A sender leaves out what is empty: of what `map` names, a row need not have all.
    have = set(map(folded, table.columns))
    wishes = wishes_of(door)
    wishes = replace(wishes, maps=tuple(one for one in wishes.maps if folded(one[0]) in have))
    if wishes.source is None:
        layout = layout_named(door.layout) if door.layout else recognised(table.columns)
        plan = plan_columns(table.columns, layout, wishes.maps, _WHERE)
        if not (layout.source or "source" in plan.columns):
            wishes = replace(wishes, source=door.name)
    return FileImport(Path(_WHERE), table, wishes, now, lambda _: None)


def _answer(report: ImportReport) -> Answer:
    saved = report.saved
    body = {
        "rows": report.rows,
        **_counts(
            saved.new, saved.edited, saved.known, report.same, report.refused + report.kept_out
        ),
    }
    if report.kept_out:
        # Known to be so, and no fault of the sender's: nothing of it shall be sent again.
        body["kept_out"] = {"forgotten": saved.forgotten, "too_old": saved.too_old}
    if report.refusals:
        body["refusals"] = [
            {"line": one.line, "reason": as_keys(one.reason)} for one in report.refusals
        ]
    if report.emptied:
        body["emptied"] = [
            {"field": one.field, "rows": one.rows, "reason": one.reason}
            for one in report.emptied.values()
        ]
    if report.rows and report.refused == report.rows:
        return Answer(422, {"error": "every row was refused; nothing was stored", **body})
    return Answer(200, body, news=bool(saved.new or saved.edited))


def _repeated(before: Receipt, digest: str) -> Answer:
    """Give the counts of the first time: the sender has not heard them, or asks again."""
    if before.body_hash != digest:
        return Answer(
            409,
            {"error": "webhook-id is that of another body, which is stored: give each its own"},
        )
    counts = _counts(before.new, before.edited, before.known, before.same, before.refused)
    # Scoring may not have heard of it either.
    return Answer(200, {"rows": sum(counts.values()), **counts, "repeated": True}, news=True)


def _counts(new: int, edited: int, known: int, same: int, refused: int) -> dict[str, Any]:
    return {"new": new, "edited": edited, "known": known, "same": same, "refused": refused}


def _later(seconds: int, reason: str, error: EarfulError) -> Answer:
    """Answer that it is to be sent again; what the store's path is stays here."""
    return Answer(
        503,
        {"error": f"{reason}: send it again in {seconds} s"},
        retry_after_s=seconds,
        failure=str(error),
    )
