"""Mentions and daily counts by brand and month: which months changed, and their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from storage.store import Store

Month = tuple[str, str]
"""A brand, and a month such as 2026-11 of the days, in its time zone, that mentions count on."""

_LARGEST = 1 << 64
# The hash of a text stands for its words: no text is read to see that nothing has changed.
_HASHED = ("title", "text")


class ByMonth:
    """Reads an open store; nothing is held open between two calls."""

    def __init__(self, store: Store) -> None:
        self._connection = store.database.connection

    def fingerprints(self, columns: Sequence[str], brand: str | None) -> dict[Month, str]:
        """Give for each month what tells whether one of these columns of `voice` has changed.

        It is over the rows in whatever order they come.
        """
        watched = [f"v.{name}" for name in columns if name not in _HASHED]
        self._connection.create_function("row_mark", len(watched) + 2, _mark, deterministic=True)
        sums: dict[Month, tuple[int, int]] = {}
        for name, month, mark in self._connection.execute(
            f"""
            SELECT f.brand, substr(f.day, 1, 7), row_mark({", ".join(watched)}, v.text_hash, f.day)
            FROM mention_facts f JOIN voice v ON v.seq = f.seq WHERE ?1 IS NULL OR f.brand = ?1
            """,
            (brand,),
        ):
            rows, total = sums.get((name, month), (0, 0))
            sums[name, month] = (rows + 1, (total + mark) % _LARGEST)
        return {month: f"{rows}-{total:016x}" for month, (rows, total) in sums.items()}

    def mentions(self, month: Month) -> Iterator[dict[str, Any]]:
        """Give the rows of `voice` of a brand's month, each with its `day`, the oldest first."""
        for row in self._connection.execute(
            """
            SELECT v.*, f.day FROM mention_facts f JOIN voice v ON v.seq = f.seq
            WHERE f.brand = ? AND f.day >= ? AND f.day < date(?, '+1 month')
            ORDER BY v.counted_at, v.id
            """,
            (month[0], month[1], f"{month[1]}-01"),
        ):
            yield dict(row)

    def daily_counts(self, brand: str | None) -> dict[Month, list[dict[str, Any]]]:
        """Give the daily counts, those of erased mentions with them, by brand and month."""
        months: dict[Month, list[dict[str, Any]]] = {}
        for row in self._connection.execute(
            "SELECT * FROM daily_counts WHERE ?1 IS NULL OR brand = ?1 ORDER BY day, source",
            (brand,),
        ):
            months.setdefault((row["brand"], row["day"][:7]), []).append(dict(row))
        return months


def _mark(*values: object) -> int:
    """Hash a row to 63 bits, as SQLite holds them."""
    digest = blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
