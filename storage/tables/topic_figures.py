"""The figures of topics by period, their quotes and talk triggers: written for whoever asks SQL.

They are made of `cut_days`, which the mentions keep up; what is written here is what takes more
than SQL to tell. A topic of 0 stands for what is about none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from storage.database import Database
from storage.models import Experience
from storage.rows import reads
from storage.tables.mention_rows import OWN_TITLE

NO_TOPIC = 0
_COUNTS = ("mentions", "angry", "mediocre", "delighted")


@dataclass(frozen=True, slots=True)
class Counted:
    """So many mentions, and of them so many of each experience."""

    mentions: int = 0
    angry: int = 0
    mediocre: int = 0
    delighted: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(*(getattr(self, one) + getattr(other, one) for one in _COUNTS))

    def __sub__(self, other: Counted) -> Counted:
        return Counted(*(max(0, getattr(self, one) - getattr(other, one)) for one in _COUNTS))

    @property
    def told(self) -> int:
        """Count those that told an experience: what rates are of."""
        return self.angry + self.mediocre + self.delighted


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPeriod:
    """A topic's figures in the `days` up to `until`, beside as many days before; rates are of 1.

    Shares are of all the brand's mentions that are about the topic, whatever else they are about;
    impacts count each mention once, at its first topic, so that those of all topics, with that of
    NO_TOPIC, sum to the change of the brand's rate. None where nothing was counted.
    """

    topic_id: int
    since: date
    until: date
    of_mentions: int
    mentions: int
    share: float | None
    share_low: float | None
    share_high: float | None
    angry: int
    mediocre: int
    delighted: int
    wow_rate: float | None
    wow_low: float | None
    wow_high: float | None
    complaint_rate: float | None
    complaint_low: float | None
    complaint_high: float | None
    before_of_mentions: int
    before_mentions: int
    before_share: float | None
    wow_mix: float | None
    wow_rate_effect: float | None
    wow_impact: float | None
    wow_impact_low: float | None
    wow_impact_high: float | None
    complaint_mix: float | None
    complaint_rate_effect: float | None
    complaint_impact: float | None
    complaint_impact_low: float | None
    complaint_impact_high: float | None
    usual: float | None
    upper_limit: float | None
    rising: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkTrigger:
    """What delighted mentions of a period speak of more than mediocre ones: a topic or a phrase.

    `times_likelier` are the odds against those of mediocre mentions, between `low` and `high`.
    """

    what: str
    topic_id: int | None
    since: date
    until: date
    delighted: int
    of_delighted: int
    mediocre: int
    of_mediocre: int
    times_likelier: float
    low: float
    high: float
    quote_seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotable:
    """A mention that a topic may be quoted by."""

    seq: int
    vector: bytes
    title: str | None
    text: str
    author: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTopic:
    """A topic with its figures of a period, and ids of the mentions that it is quoted by."""

    id: int
    name: str
    kind: str
    state: str
    words: str
    period: TopicPeriod | None
    quotes: tuple[str, ...]


_PERIOD = tuple(one.name for one in fields(TopicPeriod))
_TRIGGER = tuple(one.name for one in fields(TalkTrigger))


class TopicFigures:
    def __init__(self, database: Database) -> None:
        self._database = database

    def by_day(
        self, brand: str, dimension: str, since: date, until: date
    ) -> dict[date, dict[str, Counted]]:
        """Give a brand's counts by day and value of a dimension of `cut_days`, both days in."""
        days: dict[date, dict[str, Counted]] = {}
        for row in self._database.connection.execute(
            f"""
            SELECT day, value, {", ".join(_COUNTS)} FROM cut_days
            WHERE dimension = ? AND brand = ? AND day BETWEEN ? AND ? ORDER BY day, value
            """,
            (dimension, brand, since.isoformat(), until.isoformat()),
        ):
            day = date.fromisoformat(row["day"])
            days.setdefault(day, {})[row["value"]] = Counted(*(row[one] for one in _COUNTS))
        return days

    def total(self, brand: str, since: date, until: date) -> Counted:
        """Count a brand's mentions of a period, both days in."""
        days = self.by_day(brand, "all", since, until)
        return sum((counts[""] for counts in days.values()), Counted())

    def quotable(self, topic_id: int, experience: Experience | None, most: int) -> list[Quotable]:
        """Give the newest mentions about a topic, of one experience or any, that count."""
        rows = self._database.connection.execute(
            f"""
            SELECT f.seq, w.vector, {OWN_TITLE} AS title, m.text, a.name AS author
            FROM mention_topics t
            JOIN mention_facts f ON f.seq = t.seq
            JOIN mention_vectors w ON w.seq = t.seq
            JOIN mentions m ON m.seq = t.seq
            LEFT JOIN authors a ON a.id = m.author_id
            WHERE t.topic_id = ?1 AND f.counted AND NOT f.deleted AND f.experience IS NOT NULL
                AND (?2 IS NULL OR f.experience = ?2)
            ORDER BY t.day DESC, t.seq DESC LIMIT ?3
            """,
            (topic_id, experience, most),
        )
        return [_quotable(row) for row in rows]

    def made_of(self, brand: str) -> str | None:
        """Name what a brand's figures were made of; None where none were written yet."""
        row = self._database.connection.execute(
            "SELECT made_of FROM topic_writings WHERE brand = ?", (brand,)
        ).fetchone()
        return row["made_of"] if row else None

    def save(
        self,
        brand: str,
        made_of: str,
        periods: Mapping[int, Sequence[TopicPeriod]],
        triggers: Sequence[TalkTrigger],
        quotes: Mapping[int, Sequence[int]],
    ) -> None:
        """Write a brand's figures by the days of their periods, in place of those there were.

        `quotes` are by topic the `seq` of its mentions; what was erased meanwhile is left out.
        """
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM topic_periods WHERE brand = ?", (brand,))
            columns = ("brand", "days", *_PERIOD)
            connection.executemany(
                f"INSERT INTO topic_periods ({', '.join(columns)}) "
                f"VALUES ({', '.join('?' * len(columns))})",
                [
                    (brand, days, *_row(one, _PERIOD))
                    for days, figures in periods.items()
                    for one in figures
                ],
            )
            connection.execute("DELETE FROM topic_triggers WHERE brand = ?", (brand,))
            columns = ("brand", "place", *_TRIGGER)
            marks = [f":{one}" for one in columns]
            marks[-1] = "(SELECT seq FROM mentions WHERE seq = :quote_seq)"
            connection.executemany(
                f"INSERT INTO topic_triggers ({', '.join(columns)}) VALUES ({', '.join(marks)})",
                [
                    {"brand": brand, "place": place}
                    | dict(zip(_TRIGGER, _row(one, _TRIGGER), strict=True))
                    for place, one in enumerate(triggers, 1)
                ],
            )
            for topic_id, seqs in quotes.items():
                connection.execute("DELETE FROM topic_quotes WHERE topic_id = ?", (topic_id,))
                connection.executemany(
                    "INSERT INTO topic_quotes (topic_id, place, seq) "
                    "SELECT ?, ?, seq FROM mentions WHERE seq = ?",
                    [(topic_id, place, seq) for place, seq in enumerate(seqs, 1)],
                )
            connection.execute(
                "INSERT INTO topic_writings (brand, made_of) VALUES (?, ?) "
                "ON CONFLICT (brand) DO UPDATE SET made_of = excluded.made_of",
                (brand, made_of),
            )

    def listed(self, brand: str, days: int, *, hidden: bool = False) -> list[ListedTopic]:
        """Give a brand's topics with their figures of so many days, the most spoken of first."""
        rows = self._database.connection.execute(
            f"""
            SELECT t.id, t.name, t.kind, t.state, t.words,
                {", ".join(f"p.{one}" for one in _PERIOD)},
                (
                    SELECT json_group_array(id) FROM (
                        SELECT m.id FROM topic_quotes q JOIN mentions m ON m.seq = q.seq
                        WHERE q.topic_id = t.id ORDER BY q.place
                    )
                ) AS quotes
            FROM topics t
            LEFT JOIN topic_periods p ON p.brand = t.brand AND p.days = :days
                AND p.topic_id = t.id
            WHERE t.brand = :brand AND t.state IN ('active', iif(:hidden, 'hidden', 'active'))
            ORDER BY coalesce(p.mentions, 0) DESC, t.id
            """,
            {"brand": brand, "days": days, "hidden": hidden},
        )
        return [_listed(row) for row in rows]

    def untopical(self, brand: str, days: int) -> TopicPeriod | None:
        """Give the figures of what is about no topic; None where none were written yet."""
        row = self._database.connection.execute(
            "SELECT * FROM topic_periods WHERE brand = ? AND days = ? AND topic_id = ?",
            (brand, days, NO_TOPIC),
        ).fetchone()
        return _period(row) if row else None

    def triggers(self, brand: str) -> list[TalkTrigger]:
        """Give a brand's talk triggers, the surest first."""
        rows = self._database.connection.execute(
            "SELECT * FROM topic_triggers WHERE brand = ? ORDER BY place", (brand,)
        )
        return [_trigger(row) for row in rows]


def _row(one: TopicPeriod | TalkTrigger, names: Sequence[str]) -> list[Any]:
    values = [getattr(one, name) for name in names]
    return [value.isoformat() if isinstance(value, date) else value for value in values]


@reads("topic_periods", "topic_id")
def _period(row: sqlite3.Row) -> TopicPeriod:
    values = {name: row[name] for name in _PERIOD}
    for name in ("since", "until"):
        values[name] = date.fromisoformat(values[name])
    values["rising"] = bool(values["rising"])
    return TopicPeriod(**values)


@reads("topics")
def _listed(row: sqlite3.Row) -> ListedTopic:
    return ListedTopic(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        state=row["state"],
        words=row["words"],
        period=_period(row) if row["topic_id"] is not None else None,
        quotes=tuple(json.loads(row["quotes"])),
    )


@reads("topic_triggers", "place")
def _trigger(row: sqlite3.Row) -> TalkTrigger:
    values = {name: row[name] for name in _TRIGGER}
    for name in ("since", "until"):
        values[name] = date.fromisoformat(values[name])
    return TalkTrigger(**values)


@reads("mentions", "seq")
def _quotable(row: sqlite3.Row) -> Quotable:
    return Quotable(
        seq=row["seq"],
        vector=row["vector"],
        title=row["title"],
        text=row["text"],
        author=row["author"],
    )
