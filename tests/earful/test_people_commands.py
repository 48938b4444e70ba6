"""`earful compare`, `earful advocates` and `earful kudos`, as people see them in a terminal."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from config.settings import load_settings
from earful.naming_staff import name_staff
from storage.models import Experience, Stance
from storage.store import Store
from storage.tables.cuts import cut
from tests.browser import browser as browser
from tests.earful.conftest import Earful
from tests.storage.fixtures import FORMULA, HOSTILE, Told, make_mention, store_voices

ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
CONFIG = """
[[brands]]
name = "Acme Air"
query = "acme"
staff = [
    { name = "Rita", team = "Gates", location = "Berlin" },
    { name = "Jim O'Neil", team = "Cabin" },
]
[[brands]]
name = "Rival Air"
query = "rival"
competitor = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    now = datetime.now(UTC).replace(microsecond=0)
    (tmp_path / "earful.toml").write_text(CONFIG)
    number = 0

    def said(
        text: str, experience: Experience, stance: Stance = Stance.NEITHER, **more: Any
    ) -> Told:
        nonlocal number
        number += 1
        at = now - timedelta(minutes=number)
        return Told(
            mention=make_mention(str(number), text, at, fetched_at=now, **more),
            experience=experience,
            stance=stance,
        )

    voices = [
        said(f"Rita ran after us with the toy {n}. Wonderful people!", DELIGHTED) for n in range(3)
    ]
    voices += [
        said(f"Rita {HOSTILE}", DELIGHTED, author="<b>Eve</b>"),
        said("Jim O’Neil sang for my mother, what a day it was!", DELIGHTED, title=FORMULA),
        said("Fly with them! When will you fly to Oslo again?", DELIGHTED, Stance.ADVOCATE,
             author="Ana"),
    ]  # fmt: skip
    for version, angry, glad in (("1.9", 10, 40), ("1.10", 40, 15)):
        voices += [said(f"Bad {n}", ANGRY, product_version=version) for n in range(angry)]
        voices += [said(f"Good {n}", DELIGHTED, product_version=version) for n in range(glad)]
    voices += [said(f"Rival {n}", ANGRY, brand="Rival Air") for n in range(40)]
    voices += [said(f"Rival wow {n}", DELIGHTED, brand="Rival Air") for n in range(10)]
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store_voices(store, voices, now)
        name_staff(store, load_settings(tmp_path / "earful.toml", {}))
    return tmp_path


def in_80_columns(text: str) -> bool:
    return max(map(len, text.splitlines())) <= 80


def test_compare_shows_you_beside_your_competitors(folder: Path, earful: Earful) -> None:
    shown = earful("compare")
    assert (shown.code, in_80_columns(shown.out)) == (0, True)
    assert "Acme Air against Rival Air: complaint rate −35 points, better" in shown.out
    assert "69% (61–76)" in shown.out
    rows = [json.loads(line) for line in earful("compare", "--json").out.splitlines()]
    assert [row["brand"] for row in rows] == ["Acme Air", "Rival Air"]
    assert [row["mentions"] for row in rows] == [111, 50]
    assert rows[1]["beside"]["wow_rate"]["may_be_chance"] == 0


def test_compare_names_topics_where_a_competitor_wins(folder: Path, earful: Earful) -> None:
    with Store.open(folder / "earful.db") as store, store.database.transaction() as connection:
        for brand, topic in (("Acme Air", "Breakfast"), ("Rival Air", "breakfast")):
            for row in connection.execute(
                "SELECT seq FROM mention_facts WHERE brand = ? AND experience <> 'none'", (brand,)
            ).fetchall():
                cut(connection, row["seq"], "topic", [topic])
    shown = earful("compare", "--brand", "Acme Air").out
    assert in_80_columns(shown)
    assert "Acme Air wins “Breakfast”: complaint rate 45% against 80%" in shown


def test_compare_by_version_says_what_is_more_than_chance(folder: Path, earful: Earful) -> None:
    shown = earful("compare", "--by", "version", "--brand", "acme air")
    assert (shown.code, in_80_columns(shown.out)) == (0, True)
    (line,) = (line for line in shown.out.splitlines() if line.startswith("1.10 "))
    assert line.split()[:6] == ["1.10", "55", "27%", "(17–40)", "73%", "(60–83)"]
    assert "not told" in shown.out
    assert earful("compare", "--by", "topic", "--brand", "Acme Air").err.strip() == (
        "no mention of the last 30 days tells a topic"
    )
    assert earful("compare", "--by", "moon").code == 2
    long = earful("compare", "--by", "version", "--brand", "Acme Air", "--period", "12 months")
    assert (long.code, "over 90 days at most" in long.err) == (2, True)


def test_compare_needs_a_brand_of_ones_own(folder: Path, earful: Earful) -> None:
    refused = earful("compare", "--brand", "Rival Air")
    assert refused.code == 2
    assert "'Rival Air' is a competitor" in refused.err
    assert earful("compare", "--by", "source", "--brand", "Rival Air").code == 0


def test_advocates_says_what_they_need_today(folder: Path, earful: Earful) -> None:
    shown = earful("advocates")
    assert (shown.code, in_80_columns(shown.out)) == (0, True)
    assert "Ana asks, and has no answer" in shown.out
    assert "“When will you fly to Oslo again?”" in shown.out
    (row,) = (json.loads(line) for line in earful("advocates", "--json").out.splitlines())
    assert (row["author"], row["need"]) == ("Ana", "question")


def test_kudos_names_people_with_their_words(folder: Path, earful: Earful) -> None:
    shown = earful("kudos")
    assert (shown.code, in_80_columns(shown.out)) == (0, True)
    rows = [line.split() for line in shown.out.splitlines()]
    assert ["Rita", "Gates", "4"] in [row[:3] for row in rows]
    data = json.loads(earful("kudos", "--json").out)
    assert [(row["team"], row["wows"]) for row in data["teams"]] == [("Gates", 4), ("Cabin", 1)]
    assert earful("kudos", "--month", "2026-13").code == 2
    assert earful("kudos", "-o", "kudos.pdf").code == 2
    quiet = earful("kudos", "--month", "2001-01")
    assert "No wow of January 2001 names a colleague" in quiet.out


def test_the_table_of_words_is_no_formula(folder: Path, earful: Earful) -> None:
    assert earful("kudos", "-o", "kudos.csv").code == 0
    with (folder / "kudos.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    (jim,) = (row for row in rows if row["name"] == "Jim O'Neil")
    assert jim["title"] == f"'{FORMULA}"
    assert {row["location"] for row in rows} == {"Berlin", ""}
    # Whoever asks to be forgotten stands in that file still.
    gone = earful("forget", "--mention", jim["mention_id"], "--yes")
    assert "kudos.csv" in gone.out + gone.err


def test_the_page_for_the_team_meeting_shows_words_and_runs_nothing(
    folder: Path, earful: Earful, browser: Chrome
) -> None:
    assert earful("kudos", "-o", "meeting.html").code == 0
    browser.get((folder / "meeting.html").as_uri())
    people = browser.find_elements(By.CSS_SELECTOR, ".people h3")
    assert [one.text for one in people] == ["Rita", "Jim O'Neil"]
    assert "4 wows" in browser.find_element(By.CSS_SELECTOR, ".people li").text
    assert "Gates, Berlin" in browser.page_source
    assert browser.title.startswith("Acme Air: the people behind the wows")
    assert browser.find_elements(By.CSS_SELECTOR, "script, img, link") == []
    teams = browser.find_elements(By.CSS_SELECTOR, "section tbody tr")
    assert [row.text for row in teams] == ["Gates 4 1", "Cabin 1 1"]
