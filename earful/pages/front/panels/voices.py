"""What people love and hate: the topics that set wows and anger apart, in people's own words."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from alerts.decide.stats import Rate
from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.drawings import whisker
from earful.pages.front.quotes import Quote, quote
from storage.page_reads.mention_list import strongest
from storage.page_reads.tallies import Tally, by_cut
from storage.page_reads.topic_choices import TopicRow, topic_quote, topic_rows

_QUOTES = 3
_TOPICS = 5
# Of fewer a rate says nothing.
_LEAST_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic on its side: how many felt so, of how many that told an experience."""

    name: str
    link: str
    part: int
    part_link: str
    told: int
    share: str
    interval: str
    bar: Markup
    rising: bool
    quote: Quote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of the panel."""

    key: str
    title: str
    topics: Sequence[Topic]
    quotes: Sequence[Quote]
    link: str
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """The panel; `why_no_topics` says it where there are none."""

    sides: Sequence[Side]
    why_no_topics: str


def voices_panel(connection: sqlite3.Connection, asked: Asked, whole: Tally) -> Voices:
    """Give what sets wows and complaints apart in a choice of `whole`, and the latest of each."""
    known = topic_rows(connection, asked.choice.brand or "")
    counted = by_cut(connection, asked.choice, "topic") if known else {}
    sides = []
    for key, title, empty in (
        ("delighted", "What people love", "No wow in this choice."),
        ("angry", "What makes them angry", "No complaint in this choice."),
    ):
        rows = strongest(connection, replace(asked.choice, experience=key), _QUOTES)
        sides.append(
            Side(
                key=key,
                title=title,
                topics=_topics(connection, asked, key, known, counted, whole),
                quotes=[quote(row, asked, 240) for row in rows],
                link=asked.link("mentions", experience=key),
                empty=empty,
            )
        )
    return Voices(sides=sides, why_no_topics="" if counted else _why_none(bool(known)))


def _topics(
    connection: sqlite3.Connection,
    asked: Asked,
    key: str,
    known: dict[str, TopicRow],
    counted: dict[str, Tally],
    whole: Tally,
) -> list[Topic]:
    """Choose the topics of which more felt so than of all, those with most of them first."""
    usual = getattr(whole, key) / whole.told if whole.told else 0.0
    telling = [
        (known[value], tally)
        for value, tally in counted.items()
        if value in known
        and tally.told >= _LEAST_TOLD
        and getattr(tally, key)
        and getattr(tally, key) / tally.told >= usual
    ]
    telling.sort(key=lambda pair: (-getattr(pair[1], key), pair[0].name))
    return [_topic(connection, asked, key, row, tally) for row, tally in telling[:_TOPICS]]


def _topic(
    connection: sqlite3.Connection, asked: Asked, key: str, row: TopicRow, tally: Tally
) -> Topic:
    rate = Rate(getattr(tally, key), tally.told)
    bound = rate.interval()
    said = topic_quote(connection, row.value, key)
    return Topic(
        name=row.name,
        link=asked.link("mentions", topic=row.value),
        part=rate.part,
        part_link=asked.link("mentions", topic=row.value, experience=key),
        told=rate.total,
        share=words.percent(rate.value),
        interval=f"{bound.low:.0%} to {bound.high:.0%}",
        bar=whisker(
            rate.value or 0.0, bound.low, bound.high, 1.0, key,
            f"{words.percent(rate.value)} {words.NAMES[key]}",
        ),
        rising=row.rising,
        quote=quote(said, asked, 160) if said else None,
    )  # fmt: skip


def _why_none(known: bool) -> str:
    if known:
        return "No mention of this choice is about a topic."
    return (
        "No topic is found yet: the daemon finds them at night where a brand has enough mentions, "
        "and `earful process` does at once; [[brands.topics]] in earful.toml names your own."
    )
