"""What whole months have of two filters and more: from cells that triggers keep.

`month_cells` counts a month by source, country, language and version at once, `month_pairs` a
topic or a location beside one of them. The days before and after whole months are left to others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta

from storage.page_reads.choice import EACH_BRAND, OWN_CUTS, Choice

COUNTED = ("mentions", "angry", "mediocre", "delighted", "none", "advocate", "hater")
"""The numbers of a cell."""

# An index begins with the brand and each of them; the first that is chosen leads.
_COLUMNS = ("version", "source", "country", "language")
_DAY = timedelta(days=1)


def whole_months(choice: Choice) -> tuple[Choice | None, list[Choice]]:
    """Part a choice's days into whole months, None where there are none, and what is left."""
    first, last, rest = choice.first, choice.last, list[Choice]()
    if first is not None and first.day > 1:
        first = _month_after(first)
        rest.append(replace(choice, last=first - _DAY))
    if last is not None and (last + _DAY).day > 1:
        last = last.replace(day=1) - _DAY
        rest.append(replace(choice, first=last + _DAY))
    if first is not None and last is not None and first > last:
        return None, [choice]
    return replace(choice, first=first, last=last), rest


def in_cells(choice: Choice, asked: Collection[str]) -> bool:
    """Tell whether cells know two or more cuts together, and all else that is chosen."""
    # What no source told has an empty value there; as a filter it finds nothing.
    others = (choice.staff, choice.sure, choice.corrected, choice.words)
    if choice.waiting or any(one is not None for one in others) or "" in choice.cuts.values():
        return False
    own = [cut for cut in asked if cut in OWN_CUTS]
    columns = [cut for cut in asked if cut in _COLUMNS]
    if len(own) + len(columns) < len(asked):
        return False
    return not own or (len(own) == 1 and len(columns) == 1)


def from_cells(choice: Choice, grouped: str, asked: Collection[str]) -> tuple[str, list[object]]:
    """Give SQL for the counts of whole months by a cut, the brand or (NULL) all at once."""
    own = next((cut for cut in asked if cut in OWN_CUTS), None)
    clauses, values = list[str](), list[object]()
    if own is None:
        table, column = "month_cells", grouped if grouped in _COLUMNS else None
        leads = True
        for name in _COLUMNS:
            if (value := choice.cuts.get(name)) is not None:
                # The plus leaves the walk to another index.
                clauses.append(f"{'' if leads else '+'}c.{name} = ?")
                values.append(value)
                leads = False
    else:
        (dimension,) = (cut for cut in asked if cut != own)
        table = "month_pairs"
        column = {own: "value", dimension: "part"}.get(grouped)
        clauses += ["c.cut = ?", "c.dimension = ?"]
        values += [own, dimension]
        for name, cut in (("value", own), ("part", dimension)):
            if (value := choice.cuts.get(cut)) is not None:
                clauses.append(f"c.{name} = ?")
                values.append(value)
    for clause, wanted in (
        ("c.brand = ?", choice.brand),
        ("c.month >= ?", choice.first and f"{choice.first:%Y-%m}"),
        ("c.month <= ?", choice.last and f"{choice.last:%Y-%m}"),
    ):
        if wanted is not None:
            clauses.append(clause)
            values.append(wanted)
    rows = f"{table} c"
    if choice.brand is None:
        # Each brand's part of an index that begins with it.
        rows = f"({EACH_BRAND}) b CROSS JOIN {rows}"
        clauses.append("c.brand = b.brand")
    by = f"c.{column}" if column else {"brand": "c.brand"}.get(grouped, "NULL")
    sums = ", ".join(f"sum(c.{name}) AS {name}" for name in COUNTED)
    return (
        f"SELECT {by} AS grouped, {sums} FROM {rows} WHERE {' AND '.join(clauses)} GROUP BY 1",
        values,
    )


def _month_after(day: date) -> date:
    return (day.replace(day=1) + 32 * _DAY).replace(day=1)
