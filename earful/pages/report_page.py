"""The report of a period: the home page's panels in one HTML file, for a screen or for paper."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from importlib.resources import files
from typing import Any

from alerts.decide.local_time import last_local_day, local_day
from config.errors import InputError
from earful.pages.front import page_words as words
from earful.pages.front import reading
from earful.pages.front.asked import Asked, narrowed_not
from earful.pages.front.panels.who import FLIPS
from earful.pages.front.quotes import Quote, quote
from storage.database import as_of_one_moment
from storage.page_reads.mention_list import surest
from storage.page_reads.speakers import flips_page
from storage.reports import Filter
from storage.store import Store

_PICKS = 5
_FLIPS = 12
_CUT = 700
# An address of the pages, where there is none that a reader of the file could follow.
_NOWHERE = "earful-page:/"
_LINK = re.compile(rf'<a\b[^>]*\bhref="{_NOWHERE}[^>]*>(.*?)</a>', re.DOTALL)
# What is nothing but a way to somewhere else.
_ONLY_WAY = re.compile(r'<(p|span) class="(?:go|all)">.*?</\1>', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Mentions under a title; `changed` says of each whose mind changed, and how."""

    title: str
    about: str
    quotes: list[Quote]
    changed: list[str]
    empty: str


def render_report(
    store: Store,
    brand: str | None,
    since: datetime,
    until: datetime,
    now: datetime,
    zone: tzinfo = UTC,
    *,
    public_url: str | None = None,
) -> str:
    """Write the report of the days from `since` to before `until` as HTML.

    `zone` is that of the brand's days, of which all are whole ones; `brand` None sets all brands
    side by side. Numbers lead to the served pages where `public_url` says where those are.
    InputError: the period is empty, or the brand unknown.
    """
    if since >= until:
        first = local_day(since, zone)
        raise InputError(f"report: the period from {first} ends before it begins")
    brands = store.insight.brands()
    if brand is not None and brands and brand not in brands:
        raise InputError(f"{brand}: no mention of this brand; known: {', '.join(sorted(brands))}")
    given = {
        "brand": brand or "",
        "since": local_day(since, zone).isoformat(),
        "until": last_local_day(until, zone).isoformat(),
    }
    root = f"{public_url.rstrip('/')}/" if public_url else _NOWHERE
    connection, at = store.database.connection, now.astimezone(UTC)
    with as_of_one_moment(connection):
        asked = reading.read_asked(connection, given, now, root)
        context = reading.home(connection, asked, now)
        picked = [] if context["pooled"] else _picked(connection, narrowed_not(asked))
        method = store.insight.method(_filter(asked))
    html = (
        _environment()
        .get_template("report.html")
        .render(
            context
            | {
                "in_file": True,
                "styles": _styles(),
                "first": words.day(asked.first or asked.last),
                "last": words.day(asked.last),
                "days": asked.days or 1,
                "written": f"{words.day(at.date())}, {at:%H:%M} UTC",
                "picked": picked,
                "method": method,
            }
        )
    )
    return html if public_url else _without_ways(html)


def _filter(asked: Asked) -> Filter:
    since, until = asked.between()
    return Filter(brand=asked.choice.brand, since=since, until=until)


def _environment() -> Any:
    """Give what writes the pages' templates as the server does."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader

    return Environment(
        loader=ChoiceLoader(
            [PackageLoader("earful"), PackageLoader("storage", "datasette/templates")]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _styles() -> str:
    static = files("storage") / "datasette" / "static"
    return "\n".join(
        (static / name).read_text(encoding="utf-8") for name in ("charts.css", "front.css")
    )


def _picked(connection: sqlite3.Connection, asked: Asked) -> list[Picked]:
    """Choose what is worth reading in full: the surest of each experience, and changed minds."""
    flips = flips_page(connection, asked.choice, _FLIPS, 0)
    return [
        _of(
            connection, asked, "delighted", "Best wows",
            "", "No wow that the model is sure of in this period.",
        ),
        _of(
            connection, asked, "angry", "Hardest complaints",
            "", "No complaint that the model is sure of in this period.",
        ),
        Picked(
            title="Who changed their mind",
            about="The latest 12." if len(flips) == _FLIPS else "",
            quotes=[quote(row, asked, _CUT) for row in flips],
            changed=[_changed(row) for row in flips],
            empty="Nobody that is known from before changed their mind.",
        ),
        _of(
            connection, asked, "mediocre", "What mediocre customers say",
            "They are content, and a better deal takes them away. What would have made it a wow?",
            "No mediocre mention that the model is sure of in this period.",
        ),
    ]  # fmt: skip


def _changed(row: Mapping[str, Any]) -> str:
    return FLIPS[row["flip"]].capitalize() if row["flip"] == "won_back" else "Lost advocate"


def _of(
    connection: sqlite3.Connection,
    asked: Asked,
    experience: str,
    title: str,
    about: str,
    empty: str,
) -> Picked:
    rows = surest(connection, replace(asked.choice, experience=experience), _PICKS)
    return Picked(
        title=title,
        about=about,
        quotes=[quote(row, asked, _CUT) for row in rows],
        changed=[""] * len(rows),
        empty=empty,
    )


def _without_ways(html: str) -> str:
    """Take out the links to pages that nobody can reach from this file; their words stay.

    Whatever people wrote is escaped: no `<` of theirs stands in the page.
    """

    def unlinked(found: re.Match[str]) -> str:
        inner = found[1]
        # In a drawing a title belongs to what it tells of.
        return f"<g>{inner}</g>" if inner.startswith("<title>") else inner

    return _LINK.sub(unlinked, _ONLY_WAY.sub("", html))
