"""Addresses of `earful serve` that clicks lead to, with each filter alone, in pairs, in threes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import combinations
from urllib.parse import urlencode

from benchmarks.made_store import BRANDS, MODEL, SOURCES

_PERIODS = ("30 days", "12 months", "all time")


def addresses(connection: sqlite3.Connection, word: str) -> Iterator[tuple[str, bool]]:
    """Give addresses, and whether one searches for words; periods end with the last mention."""
    (until,) = connection.execute("SELECT max(day) FROM daily_counts").fetchone()
    filters = _filters(connection)

    def address(path: str, chosen: Mapping[str, str], period: str) -> str:
        return f"{path}?{urlencode({**chosen, 'period': period, 'until': until})}"

    for path in ("/", "/mentions"):
        for chosen in _choices(filters):
            for period in _PERIODS:
                yield address(path, chosen, period), False
    labels = ({"experience": "angry"}, {"stance": "hater"}, {"experience": "delighted",
              "stance": "advocate", "sure": "1"}, {"sure": "0"}, {"corrected": "1"},
              {"waiting": "1"})  # fmt: skip
    for label in labels:
        for chosen in ({}, {"language": "fr"}, {"source": filters["source"]}):
            for period in _PERIODS[1:]:
                yield address("/mentions", {"brand": BRANDS[0], **chosen, **label}, period), False
    for chosen in ({"words": word}, {"words": word, "language": "fr"}, {"words": "no such word"}):
        yield address("/mentions", {"brand": BRANDS[0], **chosen}, "all time"), True
    for which in ("open", "overdue", "unclaimed", "snoozed", "opened", "answered", "late",
                  "dismissed"):  # fmt: skip
        for chosen in ({}, {"brand": BRANDS[0]}, {"brand": BRANDS[0], "source": SOURCES[1]},
                       {"brand": BRANDS[0], "topic": filters["topic"]}):  # fmt: skip
            for period in _PERIODS[1:]:
                yield address("/cases", {**chosen, "which": which}, period), False
    for which in ("advocates", "haters", "flips", "kudos"):
        for chosen in ({}, {"brand": BRANDS[0]}, {"brand": BRANDS[0], "source": SOURCES[1]},
                       {"brand": BRANDS[0], "language": "fr"}):  # fmt: skip
            for period in _PERIODS[1:]:
                yield address(f"/people/{which}", chosen, period), False
    yield from ((one, False) for one in _single(connection))
    yield from _of_datasette(word)


def _filters(connection: sqlite3.Connection) -> dict[str, str]:
    """Choose a value of each filter: common ones, as a click on a list's first line does."""
    (topic,) = connection.execute(
        "SELECT value FROM cut_days WHERE dimension = 'topic' AND brand = ? GROUP BY value "
        "ORDER BY sum(mentions) DESC LIMIT 1",
        (BRANDS[0],),
    ).fetchone() or ("1",)
    return {
        "source": SOURCES[1], "language": "en", "country": "us", "version": "1.20",
        "topic": topic, "staff": "Colleague 7",
    }  # fmt: skip


def _choices(filters: Mapping[str, str]) -> Iterator[dict[str, str]]:
    yield {}
    for many in (0, 1, 2):
        for names in combinations(filters, many):
            yield {"brand": BRANDS[0]} | {name: filters[name] for name in names}
    for names in (("source", "language", "country"), ("source", "language", "topic")):
        yield {"brand": BRANDS[0]} | {name: filters[name] for name in names}
    for name in ("source", "language", "country"):
        yield {name: filters[name]}
    yield {"source": filters["source"], "language": filters["language"]}
    # One that few mentions have, and one that none has.
    yield {"brand": BRANDS[2], "language": "es"}
    yield {"brand": BRANDS[0], "country": "zz"}


def _single(connection: sqlite3.Connection) -> Iterator[str]:
    for (seq,) in connection.execute("SELECT seq FROM mention_facts ORDER BY seq DESC LIMIT 3"):
        yield f"/mention/{seq}"
    for (case,) in connection.execute("SELECT id FROM cases ORDER BY id DESC LIMIT 2"):
        yield f"/case/{case}"
    for (author,) in connection.execute(
        "SELECT author_id FROM author_standing WHERE is_advocate ORDER BY advocacy DESC LIMIT 2"
    ):
        yield f"/author?{urlencode({'id': author})}"
    yield from ("/questions", "/store", "/earful")


def _of_datasette(word: str) -> Iterator[tuple[str, bool]]:
    yield "/earful/voice", False
    for chosen in (
        {"brand": BRANDS[0]}, {"brand": BRANDS[0], "stance": "hater"}, {"language": "fr"},
        {"country": "de"}, {"language": "xx"}, {"product_version": "1.20"}, {"model": MODEL},
        {"brand": BRANDS[2], "language": "es", "experience": "angry"},
        {"_sort": "created_at"}, {"_sort_desc": "created_at", "_next": "1000"},
        {"_sort": "created_at", "brand": BRANDS[0], "stance": "hater"}, {"_facet": "language"},
        {"_facet": "country"}, {"_facet": "author"},
    ):  # fmt: skip
        yield f"/earful/voice?{urlencode(chosen)}", False
    yield f"/earful/voice?{urlencode({'_search': word})}", True
    yield f"/earful/voice?{urlencode({'_search': word, 'brand': BRANDS[2]})}", True
    for view in ("wow_wall", "open_cases", "advocates", "haters", "flips", "response_times",
                 "coverage", "answer_speed", "kudos", "daily_counts", "daily_experience",
                 "source_health", "ledger", "mentions", "cases", "authors"):  # fmt: skip
        yield f"/earful/{view}", False
    for query in ("angry_lately", "wows_lately", "how_are_we_doing", "where_it_differs"):
        yield f"/earful/{query}?{urlencode({'brand': BRANDS[0], 'since': '2025-11-01'})}", False
    yield "/-/dashboards/voice", False
