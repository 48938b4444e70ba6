"""What people read of a source whose mentions are no longer what they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from alerts.decide.own_health import Problem
from alerts.messages.languages import language_name
from storage.store import Store
from storage.tables.source_shares import DriftRow

_SHOWN = 3
_FIELDS = {
    "title": "mentions with a title",
    "author": "mentions with an author",
    "url": "mentions with a link",
    "rating": "mentions with a rating",
    "reach": "mentions with a reach",
    "date": "mentions with a date",
}


def drift_problems(store: Store) -> Iterator[Problem]:
    """Give one problem for each source of a brand that drifts."""
    rows = store.source_shares.drifting()
    for (brand, source), group in groupby(rows, key=lambda one: (one.brand, one.source)):
        yield Problem(
            f"drift:{brand}, {source}",
            f"what {_label(source)} gives of {brand}",
            f"{_label(source)} of {brand}: {_moves([*group])}: the feed may have changed, or who "
            f"writes there: see its newest mentions (`earful export --source {source}`)",
        )


def share_words(share: str) -> str:
    """Say which share is meant: `the share of `none``, `the share of German texts`."""
    kind, _, value = share.partition(" ")
    match kind:
        case "experience":
            return f"the share of `{value}`"
        case "verdict":
            return "the share of sure verdicts"
        case "language":
            if value == "?":
                return "the share of texts in an unknown language"
            return f"the share of {language_name(value)} texts"
        case "length":
            return f"the share of texts of {value} characters"
        case _:
            return f"the share of {_FIELDS[value]}"


def _moves(rows: Sequence[DriftRow]) -> str:
    # What moved farthest first: the others often follow from it.
    farthest = sorted(rows, key=lambda one: -abs(one.part / one.whole - one.usual))
    told = [
        f"{share_words(one.share)} {'rose' if one.part / one.whole > one.usual else 'fell'} from "
        f"{one.usual:.0%} to {one.part / one.whole:.0%} ({one.part:,} of {one.whole:,} since "
        f"{one.since:%Y-%m-%d})"
        for one in farthest[:_SHOWN]
    ]
    more = f"; and {len(rows) - _SHOWN} more shares moved" if len(rows) > _SHOWN else ""
    return "; ".join(told) + more


def _label(source: str) -> str:
    """Name a source as people know it; what no spider reads goes by its own name."""
    # Late: it loads Scrapy, which whoever has a config has loaded.
    from crawler.catalog import sources

    spider = sources().get(source)
    return spider.label if spider is not None else source
