"""Read the demo's hand-written texts and names, and fill the blanks in them."""

from __future__ import annotations

import calendar
import json
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from earful.demo import world
from earful.demo.items import Version
from storage.models import Experience, Stance

_ROOM = files("earful.demo")
_REFERENCE = string.ascii_uppercase.replace("O", "").replace("I", "") + "23456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A hand-written text, with `{blanks}` where a telling differs from the next."""

    source: str
    scene: str
    text: str
    title: str
    rating: int | None
    experience: Experience
    stance: Stance
    country: str | None = None
    thread: str | None = None
    points: int = 0

    @property
    def has_blanks(self) -> bool:
        return "{" in self.text + self.title

    def version(self, at: datetime, random: Random) -> Version:
        """Tell it at a moment, with the blanks filled."""
        blanks = _blanks(at, random)
        return Version(
            at=at,
            title=self.title.format_map(blanks),
            text=self.text.format_map(blanks),
            rating=self.rating,
            experience=self.experience,
            stance=self.stance,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One of the things a returning author says: when, and whether it edits the one before."""

    base: Base
    days: float
    after_incident: bool
    edit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author who comes back, with what they said before the demo starts."""

    source: str
    name: str
    says: tuple[Saying, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One thing said while the demo runs, in the order of the file."""

    base: Base
    author: str | None
    edit: bool


@cache
def bases() -> tuple[Base, ...]:
    return tuple(_base(row, row["source"], row["scene"]) for row in _rows("texts.jsonl"))


@cache
def cast() -> tuple[Person, ...]:
    return tuple(
        Person(
            source=row["source"],
            name=row["name"],
            says=tuple(
                Saying(
                    base=_base(saying, row["source"], "cast"),
                    days=saying["days"],
                    after_incident=saying.get("after") == "incident",
                    edit=saying.get("edit", False),
                )
                for saying in row["says"]
            ),
        )
        for row in _rows("cast.jsonl")
    )


@cache
def cues() -> tuple[Cue, ...]:
    return tuple(
        Cue(
            base=_base(row, row["source"], "live"),
            author=row.get("author"),
            edit=row.get("edit", False),
        )
        for row in _rows("live.jsonl")
    )


@cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Give the names of each source's people; the App Store's second country has its own."""
    lists = tomllib.loads(_ROOM.joinpath("names.toml").read_text("utf-8"))
    return {place: tuple(listed) for place, listed in lists.items()}


def _rows(name: str) -> Iterator[dict[str, Any]]:
    for line in _ROOM.joinpath(name).read_text("utf-8").splitlines():
        yield json.loads(line)


def _base(row: Mapping[str, Any], source: str, scene: str) -> Base:
    return Base(
        source=source,
        scene=scene,
        text=row["text"],
        title=row.get("title", ""),
        rating=row.get("rating"),
        experience=Experience(row["experience"]),
        stance=Stance(row["stance"]),
        country=row.get("country"),
        thread=row.get("thread"),
        points=row.get("points") or 0,
    )


def _blanks(at: datetime, random: Random) -> dict[str, object]:
    # Every blank is drawn, used or not, so that a reworded text does not shift its followers.
    return {
        "city": random.choice(world.CITIES),
        "from": random.choice(world.STATIONS),
        "coach": random.choice(world.COACHES),
        "berth": random.randint(1, 40),
        "mins": random.choice(world.DELAYS),
        "price": random.choice(world.PRICES),
        "weeks": random.choice(world.NUMBERS),
        "n": random.randint(4, 9),
        "ref": "KW" + "".join(random.choices(_REFERENCE, k=5)),
        "host": random.choice((*world.HOSTESSES, *world.HOSTS)),
        "host_f": random.choice(world.HOSTESSES),
        "host_m": random.choice(world.HOSTS),
        "next_month": calendar.month_name[at.month % 12 + 1],
        "last_month": calendar.month_name[(at.month - 2) % 12 + 1],
    }
