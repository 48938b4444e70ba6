"""Verdicts, what waits for one, what waits to be judged, and the daily rollup."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage.casebook import Tell, apply_move, open_case
from storage.database import Database
from storage.incidents import write_incident
from storage.mentions import SELECT_MENTION, in_chunks, mention_from
from storage.models import (
    CaseMove,
    Experience,
    Incident,
    Mention,
    NewAlert,
    NewCase,
    Stance,
    Verdict,
    Voice,
    from_iso,
    iso,
)
from storage.outbox import insert_alerts
from storage.voices import SELECT_VOICE, VERDICT_COLUMNS, author_history, verdict_from

# An edit makes an old mention news: what it says now was written then.
_WRITTEN = "max(m.created_at, coalesce(m.edited_at, m.created_at))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A verdict and the version of the mention that it was given for."""

    mention: Mention
    verdict: Verdict
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Old mentions of one brand and source that were judged together, quietly."""

    brand: str
    source: str
    counts: dict[Experience, int]
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A text that a person labelled, as it was then; a head that they left is the model's."""

    mention_id: str
    title: str | None
    text: str
    rating: float | None
    rating_max: float | None
    experience: Experience
    stance: Stance


Summarise = Callable[[Backlog], NewAlert]


class Verdicts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, limit: int) -> list[Mention]:
        """Give mentions whose present text has no verdict, the newest first, undated ones last."""
        rows = self._database.connection.execute(
            f"{SELECT_MENTION} WHERE m.verdict_id IS NULL ORDER BY m.created_at DESC LIMIT ?",
            (limit,),
        )
        return [mention_from(row) for row in rows]

    def count_waiting(self) -> int:
        return self._count("SELECT count(*) FROM mentions WHERE verdict_id IS NULL")

    def count_unjudged(self) -> int:
        return self._count(
            "SELECT count(*) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            "WHERE v.judged_at IS NULL"
        )

    def stale(
        self,
        models: Sequence[str],
        limit: int,
        *,
        languages: Sequence[str] = (),
        after: int = 0,
    ) -> tuple[list[Mention], int]:
        """Give mentions whose current verdict is by none of the model versions.

        Also those that no model could read, where there is one for their language now. Each call
        goes on `after` what the last one returned beside its mentions.
        """
        where, values = _stale(models, languages)
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION} JOIN verdicts v ON v.id = m.verdict_id
            WHERE ({where}) AND m.seq > ? ORDER BY m.seq LIMIT ?
            """,
            (*values, after, limit),
        ).fetchall()
        return [mention_from(row) for row in rows], rows[-1]["seq"] if rows else after

    def count_stale(self, models: Sequence[str], *, languages: Sequence[str] = ()) -> int:
        where, values = _stale(models, languages)
        return self._count(
            "SELECT count(*) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            f"WHERE {where}",
            *values,
        )

    def count_unread(self) -> int:
        """Count mentions with words whose language no model reads.

        What could not be read has exactly the probability 1 of no experience, and is not sure.
        """
        return self._count(
            """
            -- CROSS: the small rows of verdicts are read through, few mentions are looked up.
            SELECT count(*) FROM verdicts v
            CROSS JOIN mentions m ON m.id = v.mention_id AND m.verdict_id = v.id
            WHERE v.p_none = 1 AND v.sure = 0 AND (
                (m.language IS NOT NULL AND m.language NOT LIKE 'en%')
                OR coalesce(m.title, '') || m.text GLOB '*[a-zA-Z]*'
            )
            """
        )

    def save(self, scored: Sequence[Scored], at: datetime) -> int:
        """Write verdicts in one transaction and update the daily counts they touch.

        A mention whose text changed meanwhile keeps waiting. A version that was judged under an
        earlier model is not judged again. Returns how many became current.
        """
        current = 0
        touched = set()
        columns = ", ".join(VERDICT_COLUMNS)
        marks = ", ".join(f":{column}" for column in VERDICT_COLUMNS)
        with self._database.transaction() as connection:
            for item in scored:
                values: dict[str, Any] = {
                    name: getattr(item.verdict, name) for name in VERDICT_COLUMNS
                }
                values |= {
                    "mention_id": item.mention.id,
                    "text_hash": item.mention.text_hash,
                    "scored_at": iso(at),
                }
                row = connection.execute(
                    f"""
                    INSERT INTO verdicts (mention_id, text_hash, scored_at, judged_at, {columns})
                    SELECT :mention_id, :text_hash, :scored_at, (
                        SELECT max(judged_at) FROM verdicts
                        WHERE mention_id = :mention_id AND text_hash = :text_hash
                    ), {marks}
                    WHERE EXISTS (SELECT 1 FROM mentions WHERE id = :mention_id)
                    ON CONFLICT (mention_id, model, text_hash) DO UPDATE SET
                        scored_at = excluded.scored_at
                    RETURNING id
                    """,
                    values,
                ).fetchone()
                if row is None:
                    continue
                current += connection.execute(
                    """
                    UPDATE mentions SET verdict_id = ?, language = coalesce(language, ?)
                    WHERE id = ? AND text_hash = ?
                    """,
                    (row["id"], item.language, item.mention.id, item.mention.text_hash),
                ).rowcount
                if item.mention.created_at is not None:
                    day = iso(item.mention.created_at)[:10]
                    touched.add((day, item.mention.brand, item.mention.source))
            roll_up(connection, touched)
        return current

    def judge_backlog(
        self, older_than: datetime, at: datetime, summarise: Summarise
    ) -> list[Backlog]:
        """Judge all that is too old to alert (or undated) at once: one summary a source.

        Copies, and what was deleted at its source, are judged without a word. A source whose
        crawl is still running waits, so that its history makes one summary.
        """
        unjudged = f"""
            FROM mentions m JOIN verdicts v ON v.id = m.verdict_id
            WHERE v.judged_at IS NULL AND (m.created_at IS NULL OR ({_WRITTEN}) < :cutoff)
            AND NOT EXISTS (
                SELECT 1 FROM crawl_runs r
                WHERE r.brand = m.brand AND r.source = m.source AND r.finished_at IS NULL
                    AND r.started_at > :running_since
            )
        """
        found: dict[tuple[str, str], Backlog] = {}
        with self._database.transaction() as connection:
            parameters = {
                "cutoff": iso(older_than),
                "at": iso(at),
                # No crawl is allowed to last longer: an older open row was left by a SIGKILL.
                "running_since": iso(at - timedelta(hours=1)),
            }
            connection.execute(
                """
                UPDATE verdicts SET judged_at = ? WHERE judged_at IS NULL AND EXISTS (
                    SELECT 1 FROM mentions m WHERE m.id = verdicts.mention_id
                    AND (m.duplicate_of IS NOT NULL OR m.deleted_at IS NOT NULL)
                )
                """,
                (iso(at),),
            )
            rows = connection.execute(
                f"""
                SELECT m.brand, m.source, v.experience, count(*) AS n,
                    min(m.created_at) AS oldest, max(m.created_at) AS newest
                {unjudged} GROUP BY m.brand, m.source, v.experience
                """,
                parameters,
            ).fetchall()
            for row in rows:
                key = (row["brand"], row["source"])
                before = found.get(key)
                found[key] = Backlog(
                    brand=row["brand"],
                    source=row["source"],
                    counts={
                        **(before.counts if before else {}),
                        Experience(row["experience"]): row["n"],
                    },
                    oldest=_extreme(min, before.oldest if before else None, row["oldest"]),
                    newest=_extreme(max, before.newest if before else None, row["newest"]),
                )
            connection.execute(
                f"UPDATE verdicts SET judged_at = :at WHERE id IN (SELECT v.id {unjudged})",
                parameters,
            )
            insert_alerts(connection, [summarise(backlog) for backlog in found.values()])
        return list(found.values())

    def voice(self, mention_id: str) -> Voice | None:
        """Give a mention with its current verdict; None before it has one."""
        connection = self._database.connection
        row = connection.execute(f"{SELECT_VOICE} WHERE m.id = ?", (mention_id,)).fetchone()
        return _voice(connection, row) if row else None

    def unjudged(self, since: datetime, limit: int) -> list[Voice]:
        """Give mentions written or edited since a moment that no rule has seen, oldest first.

        Each has a current verdict and comes with its author's history before it. The older ones,
        copies and deleted ones are for `judge_backlog`.
        """
        connection = self._database.connection
        rows = connection.execute(
            f"""
            {SELECT_VOICE}
            WHERE v.judged_at IS NULL AND ({_WRITTEN}) >= ?
                AND m.duplicate_of IS NULL AND m.deleted_at IS NULL
            ORDER BY m.created_at, m.seq LIMIT ?
            """,
            (iso(since), limit),
        ).fetchall()
        return [_voice(connection, row) for row in rows]

    def record_judgement(
        self,
        judged: Sequence[Voice],
        cases: Sequence[NewCase],
        alerts: Sequence[NewAlert],
        at: datetime,
        *,
        moves: Sequence[CaseMove] = (),
        tell: Tell | None = None,
        staff: Mapping[str, Sequence[str]] | None = None,
        incident: Incident | None = None,
        gathered: Sequence[str] = (),
    ) -> None:
        """Write what the rules decided, in one transaction; safe to repeat.

        A mention has one case for ever: an edited complaint finds the case that it has. `staff`
        are the names that a wow praises, by mention; `gathered` are the mentions whose cases
        belong to the `incident`.
        """
        with self._database.transaction() as connection:
            for case in cases:
                open_case(connection, case)
            # The messages first: what the moves say goes into their threads.
            insert_alerts(connection, alerts)
            for move in moves:
                apply_move(connection, move, tell)
            if incident is not None:
                write_incident(connection, incident, gathered)
            connection.executemany(
                "INSERT INTO named_staff (mention_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(mention, name) for mention, names in (staff or {}).items() for name in names],
            )
            for voice in judged:
                connection.execute(
                    """
                    UPDATE verdicts SET judged_at = ?
                    WHERE mention_id = ? AND text_hash = ? AND judged_at IS NULL
                    """,
                    (iso(at), voice.mention.id, voice.mention.text_hash),
                )

    def earlier_experience(self, mention_ids: Sequence[str]) -> dict[str, Experience]:
        """Tell how an older text of each edited mention was understood."""
        found: dict[str, Experience] = {}
        for chunk in in_chunks(mention_ids):
            marks = ", ".join("?" * len(chunk))
            rows = self._database.connection.execute(
                f"""
                SELECT m.id, v.experience FROM mentions m
                JOIN verdicts v ON v.mention_id = m.id AND v.text_hash <> m.text_hash
                WHERE m.id IN ({marks}) ORDER BY v.id
                """,
                list(chunk),
            )
            found.update({row["id"]: Experience(row["experience"]) for row in rows})
        return found

    def correct(
        self,
        mention_id: str,
        *,
        experience: Experience | None,
        stance: Stance | None,
        by: str,
        at: datetime,
        note: str | None = None,
        cases: Sequence[NewCase] = (),
        alerts: Sequence[NewAlert] = (),
        moves: Sequence[CaseMove] = (),
        tell: Tell | None = None,
    ) -> bool:
        """Record a person's label for the present text, and in the same transaction what follows.

        A head that is not given keeps what people said of it before. False when there is no such
        mention.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT brand, source, text_hash, created_at FROM mentions WHERE id = ?",
                (mention_id,),
            ).fetchone()
            if row is None:
                return False
            connection.execute(
                """
                INSERT INTO corrections
                    (mention_id, text_hash, experience, stance, corrected_by, corrected_at, note)
                SELECT :id, :hash, coalesce(:experience, max(c.experience)),
                    coalesce(:stance, max(c.stance)), :by, :at, :note
                FROM (SELECT 1) LEFT JOIN corrections c ON c.id = (
                    SELECT max(k.id) FROM corrections k
                    WHERE k.mention_id = :id AND k.text_hash = :hash
                )
                """,
                {
                    "id": mention_id,
                    "hash": row["text_hash"],
                    "experience": experience,
                    "stance": stance,
                    "by": by,
                    "at": iso(at),
                    "note": note,
                },
            )
            for case in cases:
                open_case(connection, case)
            insert_alerts(connection, alerts)
            for move in moves:
                apply_move(connection, move, tell)
            if row["created_at"]:
                roll_up(connection, {(row["created_at"][:10], row["brand"], row["source"])})
        return True

    def correction(self, mention_id: str) -> tuple[Experience | None, Stance | None] | None:
        """Give what people said last of a mention's present text; None where nobody did."""
        row = self._database.connection.execute(
            """
            SELECT c.experience, c.stance FROM mentions m
            JOIN corrections c ON c.mention_id = m.id AND c.text_hash = m.text_hash
            WHERE m.id = ? ORDER BY c.id DESC LIMIT 1
            """,
            (mention_id,),
        ).fetchone()
        if row is None:
            return None
        return (
            Experience(row["experience"]) if row["experience"] else None,
            Stance(row["stance"]) if row["stance"] else None,
        )

    def corrected(self) -> Iterator[Corrected]:
        """Give every text that a person labelled, in the version that they read.

        What was deleted at its source is left out, and so is a version that is kept no more.
        """
        rows = self._database.connection.execute(
            """
            SELECT c.mention_id, coalesce(c.experience, v.experience) AS experience,
                coalesce(c.stance, v.stance) AS stance,
                iif(m.text_hash = c.text_hash, m.title, o.title) AS title,
                iif(m.text_hash = c.text_hash, m.text, o.text) AS text,
                iif(m.text_hash = c.text_hash, m.rating, o.rating) AS rating,
                iif(m.text_hash = c.text_hash, m.rating_max, o.rating_max) AS rating_max
            FROM corrections c
            JOIN mentions m ON m.id = c.mention_id AND m.deleted_at IS NULL
            LEFT JOIN mention_versions o ON o.id = (
                SELECT max(k.id) FROM mention_versions k
                WHERE k.mention_id = c.mention_id AND k.text_hash = c.text_hash
            )
            LEFT JOIN verdicts v ON v.id = (
                SELECT max(k.id) FROM verdicts k
                WHERE k.mention_id = c.mention_id AND k.text_hash = c.text_hash
            )
            WHERE c.id IN (SELECT max(id) FROM corrections GROUP BY mention_id, text_hash)
                AND (m.text_hash = c.text_hash OR o.id IS NOT NULL)
                AND coalesce(c.experience, v.experience) IS NOT NULL
                AND coalesce(c.stance, v.stance) IS NOT NULL
            ORDER BY c.id
            """
        )
        for row in rows:
            values = dict(row)
            values["experience"] = Experience(row["experience"])
            values["stance"] = Stance(row["stance"])
            yield Corrected(**values)

    def _count(self, sql: str, *parameters: object) -> int:
        return int(self._database.connection.execute(sql, parameters).fetchone()[0])


def _stale(models: Sequence[str], languages: Sequence[str]) -> tuple[str, list[object]]:
    known = ", ".join("?" * len(models))
    where = f"v.model NOT IN ({known})"
    if not languages:
        return where, list(models)
    spoken = ", ".join("?" * len(languages))
    language = "lower(substr(m.language, 1, instr(m.language || '-', '-') - 1))"
    where += f" OR (v.p_none = 1 AND v.sure = 0 AND v.model = ? AND {language} IN ({spoken}))"
    return where, [*models, models[0], *languages]


def _voice(connection: sqlite3.Connection, row: sqlite3.Row) -> Voice:
    return Voice(
        mention=mention_from(row),
        verdict=verdict_from(row),
        history=author_history(connection, row),
    )


def _extreme(choose: Any, before: datetime | None, text: str | None) -> datetime | None:
    if text is None:
        return before
    moment = from_iso(text)
    return moment if before is None else choose(before, moment)


def roll_up(connection: sqlite3.Connection, touched: Iterable[tuple[str, str, str]]) -> None:
    """Count the named days anew; counting again is what keeps edits and repeats harmless.

    Copies are not counted: a day that holds nothing else has no row.
    """
    for chunk in in_chunks(sorted(touched)):
        connection.executemany(
            """
            INSERT INTO daily_counts
            SELECT ?1, ?2, ?3, count(*),
                sum(experience = 'angry'), sum(experience = 'mediocre'),
                sum(experience = 'delighted'), sum(experience = 'none'),
                sum(stance = 'advocate'), sum(stance = 'hater')
            FROM voice
            WHERE brand = ?2 AND source = ?3
                AND created_at >= ?1 AND created_at < date(?1, '+1 day')
                AND experience IS NOT NULL AND duplicate_of IS NULL
            GROUP BY 1
            ON CONFLICT (day, brand, source) DO UPDATE SET
                mentions = excluded.mentions, angry = excluded.angry,
                mediocre = excluded.mediocre, delighted = excluded.delighted,
                none = excluded.none, advocate = excluded.advocate, hater = excluded.hater
            """,
            chunk,
        )
        connection.executemany(
            """
            DELETE FROM daily_counts WHERE day = ?1 AND brand = ?2 AND source = ?3
            AND EXISTS (
                SELECT 1 FROM mentions WHERE brand = ?2 AND source = ?3
                    AND created_at >= ?1 AND created_at < date(?1, '+1 day')
            )
            AND NOT EXISTS (
                SELECT 1 FROM mentions WHERE brand = ?2 AND source = ?3
                    AND created_at >= ?1 AND created_at < date(?1, '+1 day')
                    AND duplicate_of IS NULL
            )
            """,
            chunk,
        )
