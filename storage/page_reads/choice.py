"""What a reader of the pages has chosen, and the rows that fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from storage.search_words import match_for

# Each has rows of its own in `cut_days`; those without a column here are in `mention_cuts`.
CUTS = ("source", "country", "language", "version", "topic", "location", "staff")
# A common word is in a good part of all texts: the latest of them are enough to look at.
MOST_MATCHES = 5000
# Each has an index that begins with the brand, it and the day, and holds what counts need; the
# first of those that are chosen, which most often leaves the fewest, leads.
_COLUMNS = {
    "version": "product_version",
    "source": "source",
    "country": "country",
    "language": "language",
}
# A filter that is called otherwise than its cut: `staff` is whom a wow names, `named` whom any.
_ASKED_AS = {"staff": "named"}
# Their rows of `mention_cuts` hold what the facts say.
OWN_CUTS = ("topic", "location")
EACH_BRAND = "SELECT DISTINCT brand FROM voice_cells"
"""SQL for all brands that have mentions, from few rows."""


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

    @property
    def own_cut(self) -> str | None:
        """Name the topic's or the location's cut, where one is chosen; its rows are read."""
        return next((name for name in OWN_CUTS if getattr(self, name) is not None), None)

    @property
    def table(self) -> str:
        """Name the table whose rows `facts` chooses; a mention has at most one that fits."""
        return "mention_cuts" if self.own_cut else "mention_facts"

    @property
    def rows(self) -> str:
        """Give SQL for `table` as `f`; an index holds those that wait, and nothing else."""
        waits = self.waiting and self.own_cut is None and not self.few
        return f"{self.table} f" + (" INDEXED BY mention_facts_waiting" if waits else "")

    @property
    def few(self) -> bool:
        """Tell whether some words or a colleague leave few mentions, which are looked up."""
        named = self.staff is not None or self.named is not None
        return named or bool((self.words or "").split())

    def facts(self) -> tuple[str, list[object]]:
        """Give SQL for the rows `f` of `table` that fit; copies never do."""
        clauses, values = ["f.counted"], list[object]()
        verdict = "IS NULL" if self.waiting else "IS NOT NULL"
        # Some words or a colleague: from their few mentions to the facts, never from a brand's.
        few = self.few
        leads = not self.waiting and not few and self.own_cut is None
        clauses.append(f"{'+' if few else ''}f.experience {verdict}")
        for name, column in _COLUMNS.items():
            if (value := getattr(self, name)) is not None:
                # The plus leaves the walk to another index.
                clauses.append(f"{'' if leads else '+'}f.{column} = ?")
                values.append(value)
                leads = False
        plus = "+" if few else ""
        if self.corrected is not None:
            clauses.append("f.corrected" if self.corrected else "NOT f.corrected")
        for clause, value in (
            (f"{plus}f.brand = ?", self.brand),
            (f"{plus}f.day >= ?", self.first and self.first.isoformat()),
            (f"{plus}f.day <= ?", self.last and self.last.isoformat()),
            ("+f.experience = ?", self.experience),
            ("+f.stance = ?", self.stance),
            ("+f.sure = ?", self.sure),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        if self.own_cut is not None:
            clauses.append("f.dimension = ? AND f.value = ?")
            # As one of the two, so that the index over them can be chosen.
            clauses.append(f"f.dimension IN {OWN_CUTS}")
            values += [self.own_cut, getattr(self, self.own_cut)]
        for name, value in self.cuts.items():
            if name not in _COLUMNS and name not in (self.own_cut, "staff"):
                clauses.append(
                    "EXISTS (SELECT 1 FROM mention_cuts c "
                    "WHERE c.seq = f.seq AND c.dimension = ? AND c.value = ?)"
                )
                values += [name, value]
        if self.named is not None:
            clauses.append(
                "f.seq IN (SELECT seq FROM mention_cuts WHERE dimension = 'staff' AND value = ?)"
            )
            values.append(self.named)
        if self.staff is not None:
            clauses.append("f.seq IN (SELECT s.seq FROM named_staff s WHERE s.name = ?)")
            values.append(self.staff)
        if self.words is not None and self.words.split():
            clauses.append(
                "f.seq IN (SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH ? "
                "ORDER BY rowid DESC LIMIT ?)"
            )
            values += [match_for(self.words), MOST_MATCHES]
        return " AND ".join(clauses), values
