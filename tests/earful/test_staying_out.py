"""What was forgotten or is too old is kept out by each door, and people read why."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import InputError
from config.settings import StoreSettings
from earful.case_acts import Actor
from earful.making_cases import make_case
from earful.policies import Policies
from storage.models import Experience, Mention
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.earful.conftest import Earful
from tests.earful.test_cases import World
from tests.earful.test_webhook import served  # noqa: F401 - a fixture
from tests.earful.webhook_sender import deliver
from tests.storage.fixtures import make_verdict

WORDS = "They lost my bag at the gate, and nobody answers."


def write(path: Path, *rows: dict[str, object]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(path)


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def a_file(tmp_path: Path, *days: int) -> str:
    rows: list[dict[str, object]] = [
        {
            "native_id": f"{number}",
            "text": f"{WORDS} {number}",
            "author_id": "joe",
            "created_at": days_ago(old),
        }
        for number, old in enumerate(days)
    ]
    return write(tmp_path / "in.jsonl", *rows)


def test_an_import_says_what_it_keeps_out(earful: Earful, tmp_path: Path) -> None:
    file = a_file(tmp_path, 1, 2, 800)
    what = ("import", file, "--brand", "A", "--source", "shop")
    too_old = (
        "1 row is older than the 730 days that the store keeps: raise [store] retention_days in "
        "earful.toml to import it"
    )
    rehearsed = earful(*what, "--dry-run")
    assert too_old in " ".join(rehearsed.err.split())
    assert "3 rows: 2 would be stored" in rehearsed.out
    first = earful(*what)
    assert too_old in " ".join(first.err.split())
    assert "3 rows: 2 new · 0 edited · 0 known · 0 same · 0 refused" in first.out
    assert earful("forget", "--author", "shop:joe", "--yes").out == "erased 2 mentions\n"
    again = earful(*what)
    assert again.code == 0
    assert "2 rows were forgotten here: they stay out" in again.err
    assert "3 rows: 0 new" in again.out
    (tmp_path / "earful.toml").write_text("[store]\nretention_days = 900\n")
    assert "3 rows: 1 new" in earful(*what).out


def test_a_person_who_objects_is_blocked(earful: Earful, tmp_path: Path) -> None:
    what = ("import", a_file(tmp_path, 1), "--brand", "A", "--source", "shop")
    earful(*what)
    told = earful("forget", "--author", "shop:joe", "--block", "--yes").out
    assert told == (
        "erased 1 mention\nshop:joe is blocked: what they write from now on stays out\n"
    )
    later = write(tmp_path / "later.jsonl", {"native_id": "9", "text": WORDS, "author_id": "joe"})
    assert "1 row: 0 new" in earful("import", later, "--brand", "A", "--source", "shop").out
    assert earful("forget", "--author", "shop:joe", "--unblock").code == 0
    assert "1 row: 1 new" in earful("import", later, "--brand", "A", "--source", "shop").out
    refused = earful("forget", "--author", "shop:joe", "--unblock")
    assert (refused.code, "is not blocked" in refused.err) == (2, True)
    assert earful("forget", "--older-than", "1d", "--block", "--yes").code == 2


def test_a_sender_hears_what_is_kept_out_and_need_not_send_it_again(served) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    bag = {"id": 42, "message": "My bag never came."}
    deliver(served.port, "shop", bag)
    with Store.open(served.path) as store:
        store.upkeep.forget_older(datetime.now(UTC) + timedelta(days=1))
    reply = deliver(served.port, "shop", bag, "msg_2")
    assert reply.status == 200
    assert (reply.said["new"], reply.said["refused"]) == (0, 1)
    assert reply.said["kept_out"] == {"forgotten": 1, "too_old": 0}


def test_no_case_is_made_of_what_was_forgotten(tmp_path: Path) -> None:
    world = World(tmp_path / "earful.db")
    mention = Mention(
        brand="Acme Air",
        source="slack",
        native_id="C1/1.0",
        text=WORDS,
        author="Joe",
        created_at=world.now,
        fetched_at=world.now,
    )
    world.store.mentions.save([mention])
    world.store.upkeep.forget_older(world.now + timedelta(days=1))
    policies, actor = Policies(world.settings), Actor("dana", None)
    with pytest.raises(InputError, match="was forgotten here"):
        make_case(world.store, policies, mention, actor, world.now, click="c1")
    world.store.close()


def test_an_undated_import_shows_on_dashboard_and_report(earful: Earful, tmp_path: Path) -> None:
    """The README's own example: a file without dates."""
    rows: list[dict[str, object]] = [
        {"text": f"The loan officer was very helpful, number {n}."} for n in range(7)
    ]
    file = write(tmp_path / "bank.jsonl", *rows)
    earful("import", file, "--brand", "Evergreen", "--source", "trustpilot")
    with Store.open(tmp_path / "earful.db") as store:
        verdict = make_verdict(Experience.DELIGHTED)
        scored = [Scored(mention=one, verdict=verdict) for one in store.verdicts.waiting(99)]
        store.verdicts.save(scored, datetime.now(UTC))
    with closing(sqlite3.connect(tmp_path / "earful.db")) as connection:
        today = connection.execute("SELECT brand, mentions, delighted FROM daily_counts")
        assert today.fetchall() == [("Evergreen", 7, 7)]
    # A period ends before the second that it names, in which all of this happened.
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert earful("report", "--brand", "Evergreen", "--until", tomorrow).code == 0
    page = (tmp_path / "earful-report.html").read_text()
    assert '<p class="value">7</p>' in page
    assert "The loan officer was very helpful" in page


def test_a_moment_of_any_allowed_age_can_be_reckoned() -> None:
    kept = StoreSettings(retention_days=36_500).keeps_since(datetime(2026, 1, 1, tzinfo=UTC))
    assert kept.year == 1926
