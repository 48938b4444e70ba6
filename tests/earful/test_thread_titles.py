"""Stages and pages count as said what the writer said: a thread's title is not theirs."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.messages.page_links import Links
from config.settings import TranslateSettings
from earful.agents.tools import Tools
from earful.naming_staff import name_staff
from earful.pages.datasette_app import datasette
from storage.models import AlertKind, Experience, Stance
from tests.earful.conftest import Earful
from tests.earful.test_cases import World
from tests.earful.test_translating import UPPER, python

THREAD = "Lawsuit against Acme, says Rita: never fly with them, they cancel and never refund"
PARENT = "shop:0"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "earful.db")


def below(world: World, text: str, *given: Any, **more: Any) -> Any:
    return world.say(text, *given, title=THREAD, parent_id=PARENT, **more)


def path_of(world: World) -> Path:
    return Path(world.settings.store.path)


def pages(path: Path, *addresses: str) -> list[str]:
    async def ask() -> list[str]:
        site = datasette(path)
        await site.invoke_startup()
        answers = [await site.client.get(address) for address in addresses]
        assert [answer.status_code for answer in answers] == [200] * len(answers)
        return [str(answer.text) for answer in answers]

    return asyncio.run(ask())


def test_a_thread_makes_no_answer_urgent(tmp_path: Path) -> None:
    routes = [{"query": "lawsuit OR title:lawsuit", "urgent": True, "channel": "#legal"}]
    world = World(tmp_path / "earful.db", alerts={"routes": routes})
    below(world, "Mine came after two weeks, and the half of it.")
    below(world, "We prepare a lawsuit of our own.")
    world.say("They lost my bag.", title="Lawsuit")
    told = [(row["channel"], row["urgent"]) for row in world.posts()]
    assert told == [("#voice-complaints", 0), ("#legal", 1), ("#legal", 1)]


def test_a_wow_below_a_colleagues_name_does_not_praise_them(world: World) -> None:
    wow = (Experience.DELIGHTED, Stance.ADVOCATE)
    below(world, "Mine came the same day, and the crew was lovely to all of us!", *wow)
    (post,) = world.posts(AlertKind.WOW)
    assert "Named in it" not in post["payload"]
    assert name_staff(world.store, world.settings) == 0
    below(world, "Rita called me the same day, and was lovely to all of us!", *wow)
    assert name_staff(world.store, world.settings) == 1
    # The words of praise are the praiser's own.
    (words,) = world.rows("SELECT name, title, text FROM reward_words")
    assert (words["name"], words["title"]) == ("Rita", None)


def test_an_answer_is_translated_without_its_threads_title(world: World) -> None:
    translate = TranslateSettings(command=python(UPPER), name="upper")
    world.settings = world.settings.model_copy(update={"translate": translate})
    below(world, "Der Flug fiel aus.", language="de")
    (kept,) = world.rows("SELECT text FROM translations")
    assert kept["text"] == "[de>en] DER FLUG FIEL AUS."


def test_what_one_person_answers_twice_in_a_thread_is_no_copy(world: World) -> None:
    title = " ".join(f"{THREAD} {n} {n + 1} times" for n in range(60, 80, 2))
    for text in ("Same here, still nothing came.", "It came today, all is well."):
        world.say(text, title=title, parent_id=PARENT, author="Ann")
    world.store.copies.link()
    assert [row["duplicate_of"] for row in world.rows("SELECT duplicate_of FROM mentions")] == [
        None,
        None,
    ]


def test_what_is_usual_is_what_was_said(world: World) -> None:
    below(world, "Mine came.", created_at=world.now - timedelta(days=1))
    world.say("It is late.", title="My own", created_at=world.now - timedelta(days=2))
    assert world.store.incidents.ordinary_words("Acme", world.now) == [
        "Mine came.",
        "My own It is late.",
    ]


@pytest.fixture
def answered(world: World) -> World:
    """Fill a store with a complaint below somebody's thread, and one with a title of its own."""
    below(world, "Mine came after two weeks, and the half of it.")
    world.say("They lost my bag.", title="Bag gone")
    return world


def test_pages_show_a_threads_title_as_that(answered: World) -> None:
    (row,) = answered.rows("SELECT seq FROM mentions WHERE parent_id IS NOT NULL")
    shown = f"in the thread “<bdi>{THREAD}</bdi>”"
    every = "days=all&brand=Acme"
    for page in pages(
        path_of(answered),
        f"/?{every}",
        f"/mentions?{every}",
        f"/cases?{every}&which=open",
        f"/mention/{row['seq']}",
    ):
        assert page.count(shown) == page.count(THREAD) > 0
    (home,) = pages(path_of(answered), f"/?{every}")
    assert "<strong>Bag gone</strong> They lost my bag." in home


def test_an_earlier_version_is_not_headed_by_the_thread(world: World) -> None:
    said = below(world, "Mine came.")
    below(world, "Mine came, the half of it.", native_id=said.native_id, author=said.author)
    (row,) = world.rows("SELECT seq FROM mentions")
    (page,) = pages(path_of(world), f"/mention/{row['seq']}")
    assert "Mine came.</p>" in page
    assert f"<strong>{THREAD}" not in page


def test_what_dashboards_give_as_said_is_the_writers(answered: World) -> None:
    found = pages(
        path_of(answered),
        "/earful/unanswered_cases.csv?brand=Acme",
        "/earful/mentions_naming.csv?words=lawsuit+OR+bag&brand=Acme",
    )
    for page in found:
        said = {row["said"] for row in csv.DictReader(io.StringIO(page))}
        # The full-text index finds an answer by its thread's title.
        assert said == {
            "Mine came after two weeks, and the half of it.",
            "Bag gone: They lost my bag.",
        }


def test_agents_are_told_which_title_is_a_threads(answered: World) -> None:
    tools = Tools(path_of(answered), Links(), lambda: datetime.now(UTC))
    quoted = [one["quoted"] for one in tools.voice()["mentions"]]
    quoted += [one["mention"]["quoted"] for one in tools.cases()["cases"]]
    titled = sorted({(one["text"], one.get("title"), one.get("in_thread")) for one in quoted})
    assert titled == [
        ("Mine came after two weeks, and the half of it.", None, THREAD),
        ("They lost my bag.", "Bag gone", None),
    ]


def test_a_search_finds_an_answer_by_its_thread_and_shows_what_it_says(
    answered: World, earful: Earful
) -> None:
    found = earful("--db", str(path_of(answered)), "search", "lawsuit").out.splitlines()
    assert found[1] == "Mine came after two weeks, and the half of it."
    assert found[2].startswith("in the thread “Lawsuit against Acme")
    found = earful("--db", str(path_of(answered)), "search", "bag").out.splitlines()
    assert "[Bag]" in found[1] or "[bag]" in found[1]
    assert not any(line.startswith("in the thread") for line in found)


def test_the_list_of_cases_says_what_its_customers_said(answered: World, earful: Earful) -> None:
    listed = earful("--db", str(path_of(answered)), "case", "list")
    assert "Mine came after" in listed.out
    assert "Lawsuit" not in listed.out
