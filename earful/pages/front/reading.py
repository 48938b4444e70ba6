"""What each page shows, read from the store on one connection as of one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from earful.pages.front import asked as asking
from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.panels import who
from earful.pages.front.panels.answers_panel import CaseLine, answers_panel, case_line
from earful.pages.front.panels.movers import movers_panel
from earful.pages.front.panels.others import others_panel
from earful.pages.front.panels.parts_panel import parts_panel
from earful.pages.front.panels.rates import rates_panel
from earful.pages.front.panels.road_panel import goals_panel
from earful.pages.front.panels.voices import voices_panel
from earful.pages.front.panels.where import where_panel
from earful.pages.front.quotes import Quote, author_link, case_link, mention_link, quote
from storage.models import CaseEventKind
from storage.page_reads import one_mention
from storage.page_reads.mention_list import Place, count_mentions, mention_page
from storage.page_reads.source_rows import anything_stored
from storage.page_reads.tallies import known_brands, known_values, waiting_for_verdicts
from storage.page_reads.topic_choices import topic_rows, topics_of
from storage.page_reads.waiting import WHICH, case_page

LIST_SIZE = 50
PEOPLE = {
    "needs": who.needs,
    "advocates": who.advocates,
    "haters": who.haters,
    "flips": who.flips,
    "quiet": who.quiet,
    "kudos": who.kudos,
}
CASE_TITLES = {
    "open": "Cases that wait",
    "overdue": "Overdue cases",
    "unclaimed": "Cases that nobody has taken",
    "snoozed": "Cases that wait for the customer",
    "opened": "Cases opened in this period",
    "answered": "Answered cases of this period",
    "late": "Cases of this period answered too late",
    "dismissed": "Dismissed cases of this period",
}
_NOW = ("open", "overdue", "unclaimed", "snoozed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """A filter of the form; options are (value, words)."""

    name: str
    label: str
    empty: str
    chosen: str
    options: Sequence[tuple[str, str]]


def read_asked(
    connection: sqlite3.Connection, args: Mapping[str, str], now: datetime, root: str
) -> Asked:
    """Read an address against the brands that the store knows."""
    return asking.read(args, known_brands(connection), now, root=root)


def home(connection: sqlite3.Connection, asked: Asked, now: datetime) -> dict[str, Any]:
    """Gather the panels of the home page."""
    plain = asking.narrowed_not(asked)
    choice = plain.choice
    pooled = plain.brand is None and len(plain.own) > 1 and choice.brand is None
    rates = None if pooled else rates_panel(connection, plain)
    return common(connection, plain) | {
        "pooled": pooled,
        "stored": anything_stored(connection),
        "rates": rates,
        "pending": waiting_for_verdicts(connection, replace(choice, waiting=True)),
        "pending_link": plain.link("mentions", waiting="1"),
        "answers": answers_panel(connection, plain, now),
        "needs": None if pooled else who.needs(connection, plain, who.SHOWN),
        "voices": None if pooled else voices_panel(connection, plain),
        "movers": None if pooled else movers_panel(connection, plain),
        "parts_found": None if pooled else parts_panel(connection, plain),
        "people": [] if pooled else who.who_panel(connection, plain),
        "sources": where_panel(connection, plain),
        "goals": goals_panel(connection, plain),
        "others": others_panel(connection, plain),
        "latest": max((b.last_day for b in plain.brands if b.last_day and choice.brand in
                       (None, b.name)), default=None),
    }  # fmt: skip


def common(connection: sqlite3.Connection, asked: Asked) -> dict[str, Any]:
    """Give what every page with filters needs."""
    selects = _selects(connection, asked)
    return {
        "asked": asked,
        "selects": selects,
        "chips": _chips(asked, {one.name for one in selects}),
        "span": _span(asked),
        "w": words,
    }


def mentions(
    connection: sqlite3.Connection, asked: Asked, args: Mapping[str, str]
) -> dict[str, Any]:
    """Give a page of the mentions behind a number."""
    rows, after = mention_page(
        connection, asked.choice, Place.read(args.get("after", "")), LIST_SIZE
    )
    return common(connection, asked) | {
        "quotes": [quote(row, asked, 600) for row in rows],
        "count": count_mentions(connection, asked.choice),
        "next_link": asked.link("mentions", after=str(after)) if after else None,
        "first_link": asked.link("mentions") if args.get("after") else None,
        "csv_link": asked.link("mentions.csv"),
        "narrow": _narrow(asked),
    }


def cases(
    connection: sqlite3.Connection, asked: Asked, args: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Give a page of cases; those that wait now are listed whenever they were opened."""
    which = args.get("which", "open") if args.get("which", "open") in WHICH else "open"
    offset = _offset(args)
    between = (None, None) if which in _NOW else asked.between()
    rows, count = case_page(connection, which, asked.choice, between, now, LIST_SIZE, offset)
    lines: list[CaseLine] = [case_line(row, asked, now) for row in rows]
    return common(connection, asked) | {
        "which": which,
        "title": CASE_TITLES[which],
        "now_only": which in _NOW,
        "tabs": [
            (key, title, asked.link("cases", which=key)) for key, title in CASE_TITLES.items()
        ],
        "cases": lines,
        "count": count,
        "next_link": asked.link("cases", which=which, offset=offset + LIST_SIZE)
        if offset + LIST_SIZE < count
        else None,
        "first_link": asked.link("cases", which=which) if offset else None,
    }


def people(
    connection: sqlite3.Connection, asked: Asked, which: str, args: Mapping[str, str]
) -> dict[str, Any]:
    """Give a page of people."""
    offset = _offset(args)
    found = PEOPLE[which](connection, asked, LIST_SIZE, offset)
    more = found.more and asked.link(f"people/{which}", offset=offset + LIST_SIZE)
    return common(connection, asked) | {"list": found, "next_link": more, "lists": list(PEOPLE)}


def mention(
    connection: sqlite3.Connection, seq: int, now: datetime, root: str
) -> dict[str, Any] | None:
    """Gather a mention's page; None where there is no such mention."""
    found = one_mention.mention_file(connection, seq)
    if found is None:
        return None
    row = found.mention
    asked = read_asked(connection, {"brand": row["brand"]}, now, root)
    said_twice = {row["id"]}
    return {
        "asked": asked,
        "w": words,
        "file": found,
        "mention": row,
        "quote": quote(row, asked, 100_000),
        "bars": _bars(found.verdicts, row),
        "versions": found.versions,
        "parent": _other(found.parent, asked),
        "replies": [quote(one, asked, 600) for one in found.replies],
        "original": _other(found.original, asked),
        "by_author": [
            quote(one, asked, 200) for one in found.by_author if one["id"] not in said_twice
        ],
        "topics": [
            (one["name"], asked.link("mentions", topic=one["id"]))
            for one in topics_of(connection, seq)
        ],
        "case_link": case_link(asked, found.case["id"]) if found.case else None,
        "history": history(found.events, found.answers, asked),
    }


def case(
    connection: sqlite3.Connection, case_id: int, now: datetime, root: str
) -> dict[str, Any] | None:
    """Gather a case's page; None where there is no such case."""
    row = one_mention.case_of(connection, case_id)
    if row is None:
        return None
    asked = read_asked(connection, {"brand": row["brand"]}, now, root)
    found = one_mention.mention_file(connection, row["seq"])
    answers = one_mention.case_answers(connection, case_id)
    return {
        "asked": asked,
        "w": words,
        "case": row,
        "quote": quote(found.mention, asked, 100_000) if found else None,
        "joined": [quote(one, asked, 400) for one in one_mention.case_joined(connection, case_id)],
        "history": history(one_mention.case_events(connection, case_id), answers, asked),
        "answers": answers,
        "mention_link": mention_link(asked, row["seq"]),
        "messages": found.messages if found else [],
        "now": now,
    }


def author(
    connection: sqlite3.Connection, author_id: str, now: datetime, root: str
) -> dict[str, Any] | None:
    """Gather an author's page; None where there is no such author."""
    row = one_mention.author_of(connection, author_id)
    if row is None:
        return None
    said = one_mention.said_by(connection, author_id, LIST_SIZE + 1)
    brands = {one["brand"] for one in said}
    asked = read_asked(connection, {"brand": brands.pop()} if len(brands) == 1 else {}, now, root)
    return {
        "asked": asked,
        "w": words,
        "author": row,
        "standing": one_mention.standing_of(connection, author_id),
        "quotes": [quote(one, asked, 600) for one in said[:LIST_SIZE]],
        "more": len(said) > LIST_SIZE,
        "cases": [
            (
                one["id"],
                case_link(asked, one["id"]),
                one["state"],
                words.moment(one["opened_at"], asked),
            )
            for one in one_mention.cases_of_author(connection, author_id)
        ],
        "muted": one_mention.muted_for(connection, author_id),
        "self_link": author_link(asked, author_id),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of a case's history."""

    when: str
    what: str
    who: str
    note: str
    url: str | None = None


def history(
    events: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]], asked: Asked
) -> list[Happened]:
    """Tell what happened to a case in order, with the words of the answers."""
    lines = [
        (
            event["at"],
            Happened(
                when=words.moment(event["at"], asked),
                what=_event_words(event, asked),
                who=event["actor"] or "",
                note=event["note"] or "",
            ),
        )
        for event in events
    ]
    lines += [
        (
            answer["sent_at"] or answer["written_at"],
            Happened(
                when=words.moment(answer["sent_at"] or answer["written_at"], asked),
                what=f"answer {answer['state']}",
                who=answer["author"] or "",
                note=answer["text"] or "",
                url=words.web(answer["url"]),
            ),
        )
        for answer in answers
    ]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0] or "")]


def _event_words(event: Mapping[str, Any], asked: Asked) -> str:
    text = str(event["event"]).replace("_", " ")
    if event["event"] == CaseEventKind.ASSIGNED and event["owner"]:
        return f"{text} to {event['owner']}"
    if event["until"]:
        return f"{text} until {words.moment(event['until'], asked)}"
    return text


def _other(row: Mapping[str, Any] | None, asked: Asked) -> Quote | None:
    return quote(row, asked, 600) if row else None


def _bars(
    verdicts: Sequence[Mapping[str, Any]], row: Mapping[str, Any]
) -> list[tuple[str, list[tuple[str, str, float]]]]:
    """Give the probabilities of the present text's verdict: (head, [(class, words, share)])."""
    present = next((one for one in verdicts if one["text_hash"] == row["text_hash"]), None)
    if present is None:
        return []
    heads = (
        ("experience", ("angry", "mediocre", "delighted", "none")),
        ("stance", ("advocate", "hater", "neither")),
    )
    return [
        (head, [(name, words.NAMES[name], present[f"p_{name}"]) for name in names])
        for head, names in heads
    ]


def _selects(connection: sqlite3.Connection, asked: Asked) -> list[Select]:
    brands = [
        (one.name, one.name + (" (competitor)" if one.competitor else "")) for one in asked.brands
    ]
    own = len(asked.own)
    chosen = asked.given.get("brand", "") or (asked.choice.brand or "" if own == 1 else "")
    brand = asked.choice.brand
    selects = [
        Select(
            name="brand", label="Brand", empty="all brands" if own != 1 else "",
            chosen=chosen, options=_with(chosen, brands),
        ),
    ]  # fmt: skip
    for cut, label, empty, named in (
        ("source", "Source", "all sources", str),
        ("language", "Language", "all languages", language_name),
    ):
        value = asked.given.get(cut, "")
        options = [(one, named(one)) for one in known_values(connection, cut, brand)]
        selects.append(
            Select(name=cut, label=label, empty=empty, chosen=value, options=_with(value, options))
        )
    if brand is not None and (topics := topic_rows(connection, brand)):
        value = asked.given.get("topic", "")
        options = [(row.value, row.name) for row in topics.values()]
        selects.append(
            Select(
                name="topic", label="Topic", empty="all topics", chosen=value,
                options=_with(value, options),
            )
        )  # fmt: skip
    return selects


def _with(chosen: str, options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keep what is chosen among the options, known or not: a page shows what it was asked."""
    if chosen and chosen not in {value for value, _ in options}:
        return [(chosen, chosen), *options]
    return options


@lru_cache(maxsize=256)
def language_name(tag: str) -> str:
    """Name a language in English; a tag that means nothing stands for itself."""
    import langcodes

    try:
        return langcodes.Language.get(tag).display_name()
    except (ValueError, LookupError):
        return tag


def _chips(asked: Asked, fields: Collection[str]) -> list[tuple[str, str]]:
    """Give what narrows a page beside the form, each with the address without it."""
    shown = {
        "topic": "topic", "country": "country", "version": "version", "staff": "a wow names",
        "named": "names",
        "location": "location", "sure": "sure", "corrected": "corrected by a person",
    }  # fmt: skip
    named = {"1": "yes", "0": "no"}
    chips = []
    for name, label in shown.items():
        if name in asked.given and name not in fields:
            value = asked.given[name]
            if name in ("sure", "corrected"):
                value = named[value]
            chips.append((f"{label}: {value}", name))
    if asked.choice.waiting:
        chips.append(("waits for a verdict", "waiting"))
    return chips


def _narrow(asked: Asked) -> list[Select]:
    return [
        Select(
            name="experience", label="Experience", empty="any",
            chosen=asked.choice.experience or "",
            options=[(n, words.NAMES[n]) for n in ("angry", "mediocre", "delighted", "none")],
        ),
        Select(
            name="stance", label="Stance", empty="any", chosen=asked.choice.stance or "",
            options=[(n, words.NAMES[n]) for n in ("advocate", "hater", "neither")],
        ),
    ]  # fmt: skip


def _span(asked: Asked) -> str:
    if asked.first is None:
        return f"all time up to {words.day(asked.last)}"
    length = asked.days or 1
    days = words.days(asked.first, asked.last, asked.today)
    return f"{days} ({length} day{'s' if length != 1 else ''})"


def _offset(args: Mapping[str, str]) -> int:
    text = args.get("offset", "")
    return min(int(text), 100_000) if text.isascii() and text.isdecimal() else 0
