"""What a reader of the pages has chosen, and the rows that fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from storage.search_words import match_for

# Each has rows of its own in `cut_days`; those without a column here are in `mention_cuts`.
CUTS = ("source", "country", "language", "version", "topic", "location", "staff")
# A common word is in a good part of all texts: the latest of them are enough to look at.
MOST_MATCHES = 5000
_COLUMNS = {
    "source": "source",
    "country": "country",
    "language": "language",
    "version": "product_version",
}
# A filter that is called otherwise than its cut: `staff` is whom a wow names, `named` whom any.
_ASKED_AS = {"staff": "named"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which mentions are meant; None leaves a side open.

    `first` and `last` are days of the brand's calendar, both included. `topic` and `location`
    are the values that `mention_cuts` has of them, `staff` is a colleague whom a wow names,
    `named` one whom a mention names, however it feels.
    `waiting` chooses those without a verdict, which no count has. `words` are looked for as the
    full-text search does.
    """

    brand: str | None = None
    first: date | None = None
    last: date | None = None
    source: str | None = None
    country: str | None = None
    language: str | None = None
    version: str | None = None
    topic: str | None = None
    staff: str | None = None
    named: str | None = None
    location: str | None = None
    experience: str | None = None
    stance: str | None = None
    sure: bool | None = None
    corrected: bool | None = None
    waiting: bool = False
    words: str | None = None

    @property
    def cuts(self) -> dict[str, str]:
        """Give the cuts that are chosen, by the names that `cut_days` has for them."""
        values = {name: getattr(self, _ASKED_AS.get(name, name)) for name in CUTS}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def narrowed(self) -> bool:
        """Tell whether more than brand and days is chosen."""
        return bool(self.cuts) or any(
            one is not None for one in (self.staff, self.experience, self.stance, self.words)
        )

    def before(self) -> Choice | None:
        """Choose as many days right before; None where the days have no beginning."""
        if self.first is None or self.last is None:
            return None
        length = self.last - self.first + timedelta(days=1)
        return replace(self, first=self.first - length, last=self.first - timedelta(days=1))

    def days(self, prefix: str = "") -> tuple[str, list[object]]:
        """Give SQL for the brand and the days, for any table that has both columns."""
        clauses: list[str] = ["1"]
        values: list[object] = []
        for clause, value in (
            ("brand = ?", self.brand),
            ("day >= ?", self.first and self.first.isoformat()),
            ("day <= ?", self.last and self.last.isoformat()),
        ):
            if value is not None:
                clauses.append(prefix + clause)
                values.append(value)
        return " AND ".join(clauses), values

    def facts(self) -> tuple[str, list[object]]:
        """Give SQL for the rows of `mention_facts f` that fit; copies never do."""
        clauses, values = ["f.counted"], []
        verdict = "IS NULL" if self.waiting else "IS NOT NULL"
        clauses.append(f"f.experience {verdict}")
        for name, column in _COLUMNS.items():
            if (value := getattr(self, name)) is not None:
                # The plus leaves the walk to the index over brand and days.
                clauses.append(f"+f.{column} = ?")
                values.append(value)
        for clause, value in (
            ("f.brand = ?", self.brand),
            ("f.day >= ?", self.first and self.first.isoformat()),
            ("f.day <= ?", self.last and self.last.isoformat()),
            ("f.experience = ?", self.experience),
            ("+f.stance = ?", self.stance),
            ("+f.sure = ?", self.sure),
            ("+f.corrected = ?", self.corrected),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        for name, value in self.cuts.items():
            if name not in _COLUMNS:
                clauses.append(
                    "f.seq IN (SELECT seq FROM mention_cuts WHERE dimension = ? AND value = ?)"
                )
                values += [name, value]
        if self.staff is not None:
            clauses.append(
                "f.seq IN (SELECT m.seq FROM named_staff s JOIN mentions m ON m.id = s.mention_id "
                "WHERE s.name = ?)"
            )
            values.append(self.staff)
        if self.words is not None and self.words.split():
            clauses.append(
                "f.seq IN (SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH ? "
                "ORDER BY rowid DESC LIMIT ?)"
            )
            values += [match_for(self.words), MOST_MATCHES]
        return " AND ".join(clauses), values
