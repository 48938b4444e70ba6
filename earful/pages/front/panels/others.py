"""Brands side by side: share of voice, wows and anger, each with its interval."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from alerts.decide.stats import Rate
from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.drawings import whisker
from storage.page_reads.tallies import Tally, by_brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A share with its interval, drawn and written, and what it counts."""

    value: str
    interval: str
    bar: Markup | None
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandLine:
    """A brand beside the others."""

    name: str
    home: str
    competitor: bool
    shown: bool
    mentions: int
    link: str
    voice: Figure
    wow: Figure
    anger: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """The panel; `has_competitor` is False where there is nobody to be compared with."""

    lines: Sequence[BrandLine]
    has_competitor: bool
    several_own: bool


def others_panel(connection: sqlite3.Connection, asked: Asked) -> Others:
    """Count all brands by the same filters, whichever of them is shown.

    A topic and a colleague are one brand's: they narrow nothing here.
    """
    choice = replace(asked.choice, brand=None, topic=None, staff=None, named=None, location=None)
    tallies = by_brand(connection, choice)
    lines = [
        (brand, tallies.get(brand.name, Tally()))
        for brand in sorted(asked.brands, key=lambda one: (one.competitor, one.name))
    ]
    whole = sum(tally.mentions for _, tally in lines)
    tops = [
        max((rate.value or 0.0 for rate in rates), default=0.0)
        for rates in zip(*(_rates(tally, whole) for _, tally in lines), strict=True)
    ]
    made = []
    for brand, tally in lines:
        filters: dict[str, object] = {
            "brand": brand.name, "topic": None, "staff": None, "named": None, "location": None,
        }  # fmt: skip
        counted = {**filters, **asked.same_days()}
        names: tuple[tuple[str, dict[str, str]], ...] = (
            ("voice", {}),
            ("wow", {"experience": "delighted"}),
            ("anger", {"experience": "angry"}),
        )
        figures = {
            name: _figure(rate, top, name, asked.link("mentions", **counted, **more))
            for (name, more), rate, top in zip(names, _rates(tally, whole), tops, strict=True)
        }
        made.append(
            BrandLine(
                name=brand.name,
                home=asked.link("", **filters),
                competitor=brand.competitor,
                shown=brand.name == asked.choice.brand,
                mentions=tally.mentions,
                link=asked.link("mentions", **counted),
                **figures,
            )
        )
    return Others(
        lines=made,
        has_competitor=any(brand.competitor for brand, _ in lines),
        several_own=sum(not brand.competitor for brand, _ in lines) > 1,
    )


def _rates(tally: Tally, whole: int) -> tuple[Rate, Rate, Rate]:
    return (
        Rate(tally.mentions, whole),
        Rate(tally.delighted, tally.told),
        Rate(tally.angry, tally.told),
    )


def _figure(rate: Rate, top: float, name: str, link: str) -> Figure:
    if rate.value is None:
        return Figure(value="–", interval="", bar=None, link=link)
    bound = rate.interval()
    interval = f"{bound.low:.0%} to {bound.high:.0%}"
    kind = {"voice": "voice", "wow": "delighted", "anger": "angry"}[name]
    return Figure(
        value=words.percent(rate.value),
        interval=interval,
        bar=whisker(
            rate.value, bound.low, bound.high, min(1.0, top * 1.25), kind,
            f"{rate.value:.1%}, 95% interval {interval}",
        ),
        link=link,
    )  # fmt: skip
