"""What waits to be judged by the rules, and what they have judged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from storage.database import Database
from storage.models import (
    Experience,
    Fate,
    LedgerLine,
    Mention,
    Voice,
    from_iso,
    iso,
)
from storage.rows import Unreadable, moment_in, read_each, reads
from storage.tables.ledger import SEEN_ON, count_lines, count_waiting_as, move_line
from storage.tables.mention_rows import mention_from
from storage.tables.mentions import in_chunks
from storage.tables.voice_rows import (
    SELECT_VOICE,
    author_history,
    translation_from,
    verdict_from,
)

# What was old when the store got it, or has no date. The time that it waits here does not count:
# the rules' `is_news` goes by the same. An edit makes an old mention news.
_OLD = """(
    m.created_at IS NULL OR (
        strftime('%s', coalesce(m.waits_since, m.fetched_at)) - strftime('%s', m.created_at)
            > :max_age_s
        AND (m.edited_at IS NULL
            OR strftime('%s', m.fetched_at) - strftime('%s', m.edited_at) > :max_age_s)
    )
)"""
# The second half names the few that wait by an index: the first alone reads every mention.
_UNJUDGED = """(
    v.judged_at IS NULL AND m.id IN (SELECT mention_id FROM verdicts WHERE judged_at IS NULL)
)"""
_UNTOLD = "m.duplicate_of IS NULL AND m.not_about IS NULL AND m.deleted_at IS NULL"
_SILENT = f"""CASE WHEN m.duplicate_of IS NOT NULL THEN '{Fate.COPY}'
    WHEN m.not_about IS NOT NULL THEN '{Fate.NOT_ABOUT}' ELSE '{Fate.DELETED}' END"""
# A source whose crawl is still running waits, so that its history makes one summary. No crawl is
# allowed to last longer than an hour: an older open row was left by a SIGKILL.
_QUIET = f"""{_UNJUDGED} AND {_OLD} AND {_UNTOLD}
    AND NOT EXISTS (
        SELECT 1 FROM crawl_runs r
        WHERE r.brand = m.brand AND r.source = m.source AND r.finished_at IS NULL
            AND r.started_at > :running_since
    )
"""
_BACKLOG = f"FROM mentions m JOIN verdicts v ON v.id = m.verdict_id WHERE {_QUIET}"
_OF_BACKLOG = "m.brand = :brand AND m.source = :source AND v.id <= :newest_verdict"
_LONGEST_CRAWL = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Old mentions of one brand and source that are judged together, quietly.

    `newest_verdict` is the id of the last one counted: what comes later is for the next summary.
    """

    brand: str
    source: str
    counts: dict[Experience, int]
    oldest: datetime | None
    newest: datetime | None
    newest_verdict: int

    def joined(self, other: Backlog) -> Backlog:
        """Add what another experience of the same brand and source counts."""
        oldest = [one for one in (self.oldest, other.oldest) if one is not None]
        newest = [one for one in (self.newest, other.newest) if one is not None]
        return replace(
            self,
            counts={**self.counts, **other.counts},
            oldest=min(oldest, default=None),
            newest=max(newest, default=None),
            newest_verdict=max(self.newest_verdict, other.newest_verdict),
        )


class Judgements:
    def __init__(self, database: Database) -> None:
        self._database = database

    def count_unjudged(self) -> int:
        row = self._database.connection.execute(
            "SELECT count(*) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            "WHERE v.judged_at IS NULL"
        ).fetchone()
        return int(row[0])

    def waiting_since(self) -> datetime | None:
        """Tell since when the oldest verdict waits for the rules."""
        row = self._database.connection.execute(
            "SELECT min(v.scored_at) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            "WHERE v.judged_at IS NULL"
        ).fetchone()
        return moment_in(row, "verdicts", "scored_at")

    def judge_copies(self, at: datetime) -> int:
        """Judge, without a word, copies, what is not about the brand, and what was deleted."""
        with self._database.transaction() as connection:
            count_waiting_as(
                connection, _SILENT, f"v.id IS NOT NULL AND {_UNJUDGED} AND NOT ({_UNTOLD})", {}
            )
            return connection.execute(
                f"""
                UPDATE verdicts SET judged_at = :at, fate = (
                    SELECT {_SILENT} FROM mentions m WHERE m.id = verdicts.mention_id
                )
                WHERE judged_at IS NULL AND EXISTS (
                    SELECT 1 FROM mentions m
                    WHERE m.id = verdicts.mention_id AND NOT ({_UNTOLD})
                )
                """,
                {"at": iso(at)},
            ).rowcount

    def backlogs(self, max_age: timedelta, at: datetime) -> list[Backlog]:
        """Sum up what waits that was too old to alert when the store got it, or is undated."""
        sums: dict[tuple[str, str], Backlog] = {}
        rows = self._database.connection.execute(
            f"""
            SELECT m.brand, m.source, v.experience, count(*) AS n, max(v.id) AS newest_verdict,
                min(m.created_at) AS oldest, max(m.created_at) AS newest
            {_BACKLOG} GROUP BY m.brand, m.source, v.experience
            """,
            _limits(max_age, at),
        )
        for row in rows:
            key = (row["brand"], row["source"])
            before, one = sums.get(key), _backlog(row)
            sums[key] = one if before is None else before.joined(one)
        return list(sums.values())

    def judge_backlog(self, old: Backlog, max_age: timedelta, at: datetime) -> int:
        """Judge one backlog, without a word for each; returns how many."""
        values = _limits(max_age, at) | {
            "brand": old.brand,
            "source": old.source,
            "newest_verdict": old.newest_verdict,
        }
        with self._database.transaction() as connection:
            count_waiting_as(
                connection,
                f"'{Fate.QUIET}'",
                f"v.id IS NOT NULL AND {_QUIET} AND {_OF_BACKLOG}",
                values,
            )
            return connection.execute(
                f"""
                UPDATE verdicts SET judged_at = :at, fate = '{Fate.QUIET}'
                WHERE id IN (SELECT v.id {_BACKLOG} AND {_OF_BACKLOG})
                """,
                values | {"at": iso(at)},
            ).rowcount

    def voice(self, mention_id: str) -> Voice | None:
        """Give a mention with its current verdict; None before it has one."""
        connection = self._database.connection
        row = connection.execute(f"{SELECT_VOICE} WHERE m.id = ?", (mention_id,)).fetchone()
        return _voice(connection, row) if row else None

    def oldest_fresh(self, max_age: timedelta) -> datetime | None:
        """Tell when the first of what `unjudged` gives was written; None where nothing waits."""
        row = self._database.connection.execute(
            f"""
            SELECT min(m.created_at) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id
            WHERE {_UNJUDGED} AND NOT {_OLD} AND {_UNTOLD}
            """,
            {"max_age_s": max_age.total_seconds()},
        ).fetchone()
        return moment_in(row, "mentions", "created_at")

    def unjudged(
        self,
        max_age: timedelta,
        limit: int,
        *,
        without: Collection[str] = (),
        without_brands: Collection[str] = (),
        unreadable: Unreadable | None = None,
    ) -> list[Voice]:
        """Give mentions that no rule has seen and that were fresh when the store got them.

        The oldest come first. Each has a current verdict and comes with its author's history
        before it. The older ones are for `judge_backlog`, those without a message for
        `judge_copies`; the mentions and brands in `without…` are passed over, and those that
        cannot be read: see `read_each`.
        """
        connection = self._database.connection
        rows = connection.execute(
            f"""
            {SELECT_VOICE}
            WHERE {_UNJUDGED} AND NOT {_OLD} AND {_UNTOLD}
                AND m.id NOT IN (SELECT value FROM json_each(:without))
                AND m.brand NOT IN (SELECT value FROM json_each(:without_brands))
            ORDER BY m.created_at, m.seq LIMIT :limit
            """,
            {
                "max_age_s": max_age.total_seconds(),
                "limit": limit,
                "without": json.dumps([*without]),
                "without_brands": json.dumps([*without_brands]),
            },
        ).fetchall()
        return read_each(rows, partial(_voice, connection), unreadable)

    def still_unjudged(self, mention_ids: Collection[str]) -> list[str]:
        """Give those of the mentions that wait for the rules."""
        rows = self._database.connection.execute(
            f"""
            SELECT m.id FROM mentions m JOIN verdicts v ON v.id = m.verdict_id
            WHERE m.id IN (SELECT value FROM json_each(?)) AND v.judged_at IS NULL AND {_UNTOLD}
            """,
            (json.dumps([*mention_ids]),),
        )
        return [row[0] for row in rows]

    def mark_judged(
        self, voices: Iterable[Voice], at: datetime, fates: Mapping[str, Fate]
    ) -> None:
        """Write that the rules have seen these texts, and what came of each, by mention."""
        with self._database.transaction() as connection:
            for one in voices:
                mention, fate = one.mention, fates[one.mention.id]
                marked = connection.execute(
                    """
                    UPDATE verdicts SET judged_at = ?, fate = ?
                    WHERE mention_id = ? AND text_hash = ? AND judged_at IS NULL RETURNING id
                    """,
                    (iso(at), fate, mention.id, mention.text_hash),
                ).fetchall()
                if marked:
                    _count_judged(connection, mention, fate, {row["id"] for row in marked})

    def name_staff(self, staff: Mapping[str, Sequence[str]]) -> None:
        """Write the names of colleagues that wows praise, by mention; safe to repeat."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO named_staff (mention_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(mention, name) for mention, names in staff.items() for name in names],
            )

    def earlier_experience(self, mention_ids: Sequence[str]) -> dict[str, Experience]:
        """Tell how the last text of each edited mention that the rules saw was understood."""
        experiences: dict[str, Experience] = {}
        for chunk in in_chunks(mention_ids):
            marks = ", ".join("?" * len(chunk))
            rows = self._database.connection.execute(
                f"""
                SELECT m.id, v.experience FROM mentions m
                JOIN verdicts v ON v.mention_id = m.id AND v.text_hash <> m.text_hash
                    AND v.judged_at IS NOT NULL
                WHERE m.id IN ({marks}) ORDER BY v.id
                """,
                list(chunk),
            )
            experiences.update({row["id"]: _experience(row) for row in rows})
        return experiences


def _count_judged(
    connection: sqlite3.Connection, mention: Mention, fate: Fate, verdicts: Collection[int]
) -> None:
    """Count what was judged, also an older text that was replaced while the rules saw it."""
    row = connection.execute(
        f"""
        SELECT m.verdict_id, m.brand, {SEEN_ON} AS seen_on, (
            SELECT o.seen_on FROM mention_versions o
            WHERE o.mention_id = m.id AND o.text_hash = ? ORDER BY o.id DESC LIMIT 1
        ) AS replaced_on
        FROM mentions m WHERE m.id = ?
        """,
        (mention.text_hash, mention.id),
    ).fetchone()
    # It may have been erased meanwhile, and given again for another brand.
    mention = replace(mention, brand=row["brand"])
    if row["verdict_id"] in verdicts:
        count_lines(connection, {LedgerLine.of(mention, fate, row["seen_on"]): 1})
    elif row["replaced_on"]:
        move_line(connection, LedgerLine.of(mention, Fate.REPLACED, row["replaced_on"]), fate)


def _voice(connection: sqlite3.Connection, row: sqlite3.Row) -> Voice:
    return Voice(
        mention=mention_from(row),
        verdict=verdict_from(row),
        history=author_history(connection, row),
        waits_since=_waits_since(row),
        translation=translation_from(row),
    )


@reads("mentions")
def _waits_since(row: sqlite3.Row) -> datetime | None:
    return from_iso(row["waits_since"]) if row["waits_since"] else None


@reads("verdicts", "mention_id", named="id")
def _experience(row: sqlite3.Row) -> Experience:
    return Experience(row["experience"])


def _limits(max_age: timedelta, at: datetime) -> dict[str, Any]:
    return {
        "max_age_s": max_age.total_seconds(),
        "running_since": iso(at - _LONGEST_CRAWL),
    }


_OF_VERDICT = ("verdicts", "experience", "id", "newest_verdict")
_OF_MENTIONS = ("mentions", "created_at", "source", "source")


@reads(
    "mentions",
    elsewhere={
        "experience": _OF_VERDICT,
        "oldest": _OF_MENTIONS,
        "newest": _OF_MENTIONS,
    },
)
def _backlog(row: sqlite3.Row) -> Backlog:
    return Backlog(
        brand=row["brand"],
        source=row["source"],
        counts={Experience(row["experience"]): row["n"]},
        oldest=from_iso(row["oldest"]) if row["oldest"] else None,
        newest=from_iso(row["newest"]) if row["newest"] else None,
        newest_verdict=row["newest_verdict"],
    )
