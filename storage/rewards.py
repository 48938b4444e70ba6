"""Whom wows praise, in which words, and whose answers won people back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Database
from storage.search_words import phrase
from storage.tables.cuts import cut
from storage.tables.mention_rows import OWN_TITLE


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """A colleague as the config has them."""

    brand: str
    name: str
    team: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """A mention that may name colleagues, by the words that a search finds.

    `title` is the writer's own, as in `Mention.own_title`.
    """

    seq: int
    mention_id: str
    title: str | None
    text: str
    is_wow: bool


class Rewards:
    def __init__(self, database: Database) -> None:
        self._database = database

    def sync_staff(self, staff: Iterable[StaffRow]) -> None:
        """Let these be all colleagues; nothing is written where they are so already."""
        wanted = {(one.brand, one.name, one.team, one.location) for one in staff}
        rows = self._database.connection.execute("SELECT brand, name, team, location FROM staff")
        if wanted == {tuple(row) for row in rows}:
            return
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM staff")
            connection.executemany(
                "INSERT INTO staff (brand, name, team, location) VALUES (?, ?, ?, ?)",
                sorted(wanted, key=str),
            )

    def may_name(self, brand: str, words: Sequence[str]) -> Iterator[Naming]:
        """Give the judged mentions of a brand that hold any of the words, one by one."""
        match = " OR ".join(map(phrase, words))
        # CROSS: from the search, which alone knows how few they are.
        rows = self._database.connection.execute(
            f"""
            SELECT f.seq, m.id, {OWN_TITLE} AS title, m.text, f.experience = 'delighted'
                OR (f.stance = 'advocate' AND f.experience <> 'angry') AS is_wow
            FROM mentions_fts t
            CROSS JOIN mention_facts f ON f.seq = t.rowid
            CROSS JOIN mentions m ON m.seq = f.seq
            WHERE mentions_fts MATCH ? AND f.brand = ? AND f.experience IS NOT NULL AND f.counted
            """,
            (match, brand),
        )
        for row in rows:
            yield Naming(row["seq"], row["id"], row["title"], row["text"], bool(row["is_wow"]))

    def named(self, brand: str, names: Collection[str]) -> dict[int, set[str]]:
        """Give which of the names the mentions of a brand count for, by their row number."""
        rows = self._database.connection.execute(
            """
            SELECT k.seq, k.value FROM mention_cuts k
            CROSS JOIN mention_facts f ON f.seq = k.seq
            WHERE k.dimension = 'staff' AND f.brand = ?
                AND k.value IN (SELECT value FROM json_each(?))
            """,
            (brand, json.dumps(sorted(names))),
        )
        found: dict[int, set[str]] = {}
        for row in rows:
            found.setdefault(row["seq"], set()).add(row["value"])
        return found

    def name(self, naming: Mapping[int, Collection[str]]) -> None:
        """Let mentions count for just these colleagues, by row number."""
        with self._database.transaction() as connection:
            for seq, names in naming.items():
                cut(connection, seq, "staff", names)

    def people(self, brand: str, month: str) -> list[dict[str, Any]]:
        """Give the rows of the view `rewards` for a month (2026-03), the most named first."""
        return self._of("rewards", brand, month, "wows DESC, name")

    def teams(self, brand: str, month: str) -> list[dict[str, Any]]:
        """Give the rows of the view `team_rewards` for a month, the most named first."""
        return self._of("team_rewards", brand, month, "wows DESC, team")

    def words(self, brand: str, month: str) -> list[dict[str, Any]]:
        """Give the rows of the view `reward_words` for a month, the surest first."""
        return self._of("reward_words", brand, month, "p_delighted DESC, mention_id, name")

    def won_back(self, brand: str, month: str) -> list[dict[str, Any]]:
        """Give the rows of the view `won_back_by` for a month."""
        return self._of("won_back_by", brand, month, "kind, won_back DESC, answered DESC, name")

    def months(self, brand: str) -> list[str]:
        """Name the months in which wows name colleagues, the latest first."""
        rows = self._database.connection.execute(
            "SELECT DISTINCT month FROM rewards WHERE brand = ? ORDER BY month DESC", (brand,)
        )
        return [row["month"] for row in rows]

    def _of(self, view: str, brand: str, month: str, order: str) -> list[dict[str, Any]]:
        rows = self._database.connection.execute(
            f"SELECT * FROM {view} WHERE brand = ? AND month = ? ORDER BY {order}", (brand, month)
        )
        return [dict(row) for row in rows]
