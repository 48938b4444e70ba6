"""Crawl runs, what they saw, and what servers gave to ask "changed since?" with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from config.redaction import PROCESS
from storage.database import Database
from storage.models import (
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    PastRun,
    SourceRun,
    SourceStanding,
    SourceState,
    Validators,
    from_iso,
    iso,
)
from storage.rows import moment_in, reads

_GOOD = tuple(outcome.value for outcome in CrawlOutcome if outcome.good)
_RUN = "id, brand, target, started_at, outcome, reason, seen, new"
_FIELD = "earful/field/"
KEPT_RUNS = 300
"""So many good runs of each target are kept, and so many others: more than `past` looks at."""
_OF_TARGET = "brand = ? AND source = ? AND target = ?"


class Crawls:
    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, target: CrawlTarget, at: datetime) -> int:
        """Write the row of a run that begins; returns its id."""
        with self._database.transaction() as connection:
            return int(
                connection.execute(
                    "INSERT INTO crawl_runs (brand, source, target, started_at) "
                    "VALUES (?, ?, ?, ?) RETURNING id",
                    (target.brand, target.source, target.target, iso(at)),
                ).fetchone()[0]
            )

    def finish(
        self,
        run_id: int,
        report: CrawlReport,
        at: datetime,
        standing: SourceStanding | None = None,
    ) -> None:
        """Write how a run went and its target's standing."""
        with self._database.transaction() as connection:
            connection.execute(
                """
                UPDATE crawl_runs SET finished_at = ?, outcome = ?, reason = ?, seen = ?, new = ?,
                    edited = ?, known = ?, irrelevant = ?, refused = ?, requests = ?, stats = ?
                WHERE id = ?
                """,
                (
                    iso(at), report.outcome, _shown(report.reason), report.seen, report.new,
                    report.edited, report.known, report.irrelevant, report.refused,
                    report.requests, PROCESS.values_out_of(json.dumps(report.stats, default=str)),
                    run_id,
                ),
            )  # fmt: skip
            if standing is not None:
                connection.execute(
                    """
                    INSERT OR REPLACE INTO source_states
                        (brand, source, target, state, reason, since, failures, opens_at)
                    SELECT brand, source, target, ?, ?, ?, ?, ? FROM crawl_runs WHERE id = ?
                    """,
                    (
                        standing.state, _shown(standing.reason), iso(standing.since),
                        standing.failures,
                        iso(standing.opens_at) if standing.opens_at else None, run_id,
                    ),
                )  # fmt: skip

    def rename(self, old: CrawlTarget, new: CrawlTarget) -> int:
        """Call a target by another name from its first run on; returns how many runs it had.

        What its runs wrote down is masked again: the new name is there because more is masked.
        """
        with self._database.transaction() as connection:
            runs = connection.execute(
                f"SELECT id, reason, stats FROM crawl_runs WHERE {_OF_TARGET}", _key(old)
            ).fetchall()
            connection.executemany(
                "UPDATE crawl_runs SET target = ?, reason = ?, stats = ? WHERE id = ?",
                [
                    (
                        new.target, _shown(run["reason"]),
                        PROCESS.values_out_of(run["stats"]) if run["stats"] else None, run["id"],
                    )
                    for run in runs
                ],
            )  # fmt: skip
            connection.execute(
                f"UPDATE OR REPLACE source_states SET target = ? WHERE {_OF_TARGET}",
                (new.target, *_key(old)),
            )
        return len(runs)

    def standing(self, target: CrawlTarget) -> SourceStanding | None:
        """Give the standing that the target's last run left; None before its first."""
        row = self._database.connection.execute(
            f"SELECT * FROM source_states WHERE {_OF_TARGET}", _key(target)
        ).fetchone()
        return _standing(row) if row else None

    def standings(self, source: str) -> list[SourceStanding]:
        """Give the standings of all of a source's targets."""
        rows = self._database.connection.execute(
            "SELECT * FROM source_states WHERE source = ?", (source,)
        )
        return [_standing(row) for row in rows]

    def past(self, target: CrawlTarget, limit: int = 200) -> list[PastRun]:
        """Give a target's finished runs, the newest first."""
        rows = self._database.connection.execute(
            f"SELECT id, started_at, outcome, seen, new, stats FROM crawl_runs WHERE {_OF_TARGET} "
            "AND outcome IS NOT NULL ORDER BY id DESC LIMIT ?",
            (*_key(target), limit),
        )
        return [_past_run(row) for row in rows]

    def latest(self, source: str, limit: int = 5) -> list[SourceRun]:
        """Give a source's last finished runs, of whichever target, the newest first."""
        rows = self._database.connection.execute(
            f"SELECT {_RUN} FROM crawl_runs WHERE source = ? AND outcome IS NOT NULL "
            "ORDER BY id DESC LIMIT ?",
            (source, limit),
        )
        return [_source_run(row) for row in rows]

    def last_failures(self, source: str) -> list[SourceRun]:
        """Give the last run of each of a source's targets that was not good, if any was."""
        rows = self._database.connection.execute(
            f"SELECT {_RUN} FROM crawl_runs WHERE id IN (SELECT max(id) FROM crawl_runs "
            f"WHERE source = ? AND outcome IS NOT NULL AND outcome NOT IN ({_marks(_GOOD)}) "
            "GROUP BY brand, target) ORDER BY id DESC",
            (source, *_GOOD),
        )
        return [_source_run(row) for row in rows]

    def close_interrupted(self, at: datetime) -> int:
        """Mark runs that a killed process left open; only with the daemon's lock in hand."""
        with self._database.transaction() as connection:
            return connection.execute(
                """
                UPDATE crawl_runs SET finished_at = ?, outcome = 'failed',
                    reason = 'interrupted: Earful stopped while this crawl ran'
                WHERE finished_at IS NULL
                """,
                (iso(at),),
            ).rowcount

    def prune(self, keep: int = KEPT_RUNS) -> int:
        """Delete finished runs but each target's last `keep` good ones and last `keep` others.

        However long a target fails, its good runs stay to be compared with; the last of them is
        what reading goes on from. Returns how many were deleted.
        """
        with self._database.transaction() as connection:
            return connection.execute(
                f"""
                DELETE FROM crawl_runs WHERE id IN (
                    SELECT id FROM (
                        SELECT id, row_number() OVER (
                            PARTITION BY brand, source, target, outcome IN ({_marks(_GOOD)})
                            ORDER BY id DESC
                        ) AS place
                        FROM crawl_runs WHERE outcome IS NOT NULL
                    )
                    WHERE place > ?
                )
                """,
                (*_GOOD, keep),
            ).rowcount

    def last_good(
        self, target: CrawlTarget, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """Tell when the last run that read everything began and ended.

        One that began later than `now` was timed by a clock that was wrong: what was written since
        it is not known, and the one before it counts.
        """
        row = self._database.connection.execute(
            f"SELECT id, started_at, finished_at FROM crawl_runs WHERE {_OF_TARGET} "
            f"AND outcome IN ({_marks(_GOOD)}) AND started_at <= ? "
            "ORDER BY started_at DESC LIMIT 1",
            (*_key(target), *_GOOD, iso(now)),
        ).fetchone()
        return _span(row) if row else (None, None)

    def last_start(self, target: CrawlTarget) -> datetime | None:
        """Tell when a target was last tried: what the schedule continues from.

        It may be a time to come, where the clock was wrong then.
        """
        row = self._database.connection.execute(
            f"SELECT (SELECT started_at FROM crawl_runs WHERE {_OF_TARGET} "
            "ORDER BY id DESC LIMIT 1)",
            _key(target),
        ).fetchone()
        return moment_in(row, "crawl_runs", "started_at")

    def reached_nobody(self, target: CrawlTarget) -> bool:
        """Tell whether at the last finished try no host gave an answer."""
        row = self._database.connection.execute(
            f"SELECT id, stats FROM crawl_runs WHERE {_OF_TARGET} AND outcome IS NOT NULL "
            "ORDER BY id DESC LIMIT 1",
            _key(target),
        ).fetchone()
        return row is not None and "earful/unreached" in _stats(row)

    def clocks_ahead(self, source: str, since: datetime) -> list[int]:
        """Give by how many seconds our clock was ahead of servers' at recent tries of a source."""
        rows = self._database.connection.execute(
            """
            SELECT r.id, r.stats FROM source_states s
            JOIN crawl_runs r ON r.id = (
                SELECT max(l.id) FROM crawl_runs l WHERE l.brand = s.brand
                    AND l.source = s.source AND l.target = s.target AND l.outcome IS NOT NULL
            )
            WHERE s.source = ? AND r.finished_at >= ?
            """,
            (source, iso(since)),
        )
        ahead = (_stats(row).get("earful/clock_ahead_s") for row in rows)
        return [int(seconds) for seconds in ahead if seconds is not None]

    def counts(self, target: CrawlTarget, limit: int = 10) -> list[int]:
        """Give how many entries recent good runs saw, the newest first."""
        rows = self._database.connection.execute(
            f"SELECT seen FROM crawl_runs WHERE {_OF_TARGET} AND outcome IN ({_marks(_GOOD)}) "
            "ORDER BY id DESC LIMIT ?",
            (*_key(target), *_GOOD, limit),
        )
        return [row[0] for row in rows]

    def validators(self, url: str) -> Validators | None:
        row = self._database.connection.execute(
            "SELECT url, etag, last_modified FROM http_validators WHERE url = ?", (url,)
        ).fetchone()
        return Validators(**dict(row)) if row else None

    def save_validators(self, validators: Sequence[Validators]) -> None:
        """Remember validators; call it only once all that came with them is stored."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO http_validators VALUES (?, ?, ?)",
                [(item.url, item.etag, item.last_modified) for item in validators],
            )


def _shown(reason: str | None) -> str | None:
    # A child that ended without a word may have left its last line with a key in it.
    return PROCESS.text(reason) if reason else reason


def _key(target: CrawlTarget) -> tuple[str, str, str]:
    return (target.brand, target.source, target.target)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


@reads("source_states", "source")
def _standing(row: sqlite3.Row) -> SourceStanding:
    return SourceStanding(
        state=SourceState(row["state"]),
        since=from_iso(row["since"]),
        reason=row["reason"],
        failures=row["failures"],
        opens_at=from_iso(row["opens_at"]) if row["opens_at"] else None,
    )


@reads("crawl_runs")
def _past_run(row: sqlite3.Row) -> PastRun:
    return PastRun(
        started_at=from_iso(row["started_at"]),
        outcome=CrawlOutcome(row["outcome"]),
        seen=row["seen"],
        new=row["new"],
        filled={
            name.removeprefix(_FIELD): number
            for name, number in json.loads(row["stats"] or "{}").items()
            if name.startswith(_FIELD)
        },
    )


@reads("crawl_runs")
def _source_run(row: sqlite3.Row) -> SourceRun:
    return SourceRun(
        brand=row["brand"],
        target=row["target"],
        started_at=from_iso(row["started_at"]),
        outcome=CrawlOutcome(row["outcome"]),
        reason=row["reason"],
        seen=row["seen"],
        new=row["new"],
    )


@reads("crawl_runs")
def _span(row: sqlite3.Row) -> tuple[datetime, datetime]:
    return from_iso(row["started_at"]), from_iso(row["finished_at"])


@reads("crawl_runs")
def _stats(row: sqlite3.Row) -> dict[str, Any]:
    return dict(json.loads(row["stats"])) if row["stats"] else {}
