"""The calendar: one table, the docs show it, the daemon carries all of it out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from earful import daemon_stages
from earful.routines.calendar import Daily, Every, calendar
from storage.models import Experience, Fate, Mention, Stance, Verdict
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running

ROOT = Path(__file__).parents[2]
WEEK = timedelta(weeks=1)


def table(settings: Settings) -> list[tuple[str, str, str]]:
    routines = calendar(settings, heartbeat=lambda *_: None, health=lambda *_: None)
    return [(one.name, str(one.when), one.does) for one in routines]


def test_the_docs_show_the_calendar() -> None:
    page = (ROOT / "docs" / "calendar.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert rows[1:] == table(Settings())


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (Every(timedelta(seconds=30)), "every 30 seconds"),
        (Every(timedelta(minutes=1)), "every minute"),
        (Every(timedelta(minutes=90)), "every 90 minutes"),
        (Every(timedelta(hours=2)), "every 2 hours"),
    ],
)
def test_a_distance_in_words(when: Every, words: str) -> None:
    assert str(when) == words


def test_no_routine_is_called_like_a_stage_of_the_daemons_threads() -> None:
    # A routine that works would hide that the stage of its name fails.
    source = Path(daemon_stages.__file__).read_text(encoding="utf-8")
    stages = set(re.findall(r'carry_out\("(\w+)"', source))
    assert "topics" in stages
    names = {name for name, _, _ in table(Settings())}
    assert names & stages == set()


def test_digests_fall_due_in_each_zone() -> None:
    raw = {"brands": [{"name": "A", "query": "a", "timezone": "Asia/Tokyo"}]}
    routines = calendar(
        Settings.model_validate(raw), heartbeat=lambda *_: None, health=lambda *_: None
    )
    (digests,) = (one.when for one in routines if one.name == "digests")
    assert isinstance(digests, Daily)
    assert digests.zones == ("Asia/Tokyo", "UTC")


def verdict(experience: Experience) -> Verdict:
    chances = dict.fromkeys((f"p_{one}" for one in (*Experience, *Stance)), 0.0)
    chances[f"p_{experience}"] = chances["p_neither"] = 1.0
    return Verdict(
        experience=experience,
        stance=Stance.NEITHER,
        sure=True,
        model="made-up",
        unread=False,
        **chances,
    )


def say(store: Store, number: int, when: datetime, experience: Experience) -> str:
    mention = Mention(
        brand="Acme",
        source="shop",
        native_id=str(number),
        text=f"Acme number {number}: Rita made it a day to remember, thank you so much",
        created_at=when,
        fetched_at=when,
    )
    store.mentions.save([mention])
    store.verdicts.save([Scored(mention=mention, verdict=verdict(experience))], when)
    return mention.id


@pytest.mark.slow("starts the daemon twice as a process, and asks it how it does")
def test_spikes_and_leaderboards_come_by_themselves(tmp_path: Path) -> None:
    """Both were once built, tested by direct calls, announced, and never scheduled."""
    path = tmp_path / "earful.db"
    # In the next month, in the process alone: the wow of today is last month's there.
    now = datetime.now(UTC)
    then = (now.replace(day=1) + timedelta(days=31)).replace(day=10)
    days = (then - now) / timedelta(days=1)
    with Store.open(path, migrate=True) as store:
        praised = say(store, 0, now - timedelta(minutes=5), Experience.DELIGHTED)
        voice = store.judgements.voice(praised)
        assert voice is not None
        store.judgements.name_staff({praised: ("Rita",)})
        store.judgements.mark_judged([voice], now, {praised: Fate.IN_DIGEST})
        number = 1
        for weeks, mentions in ((4, 6), (3, 5), (2, 7), (1, 6), (0, 60)):
            for _ in range(mentions):
                when = then - weeks * WEEK - timedelta(minutes=10)
                say(store, number, when, Experience.MEDIOCRE)
                number += 1
    config = tmp_path / "earful.toml"
    with FakeSlack() as slack:
        config.write_text(
            f'[store]\npath = "{path}"\n[slack]\napi_url = "{slack.api_url}"\n'
            '[[brands]]\nname = "Acme"\nquery = "acme"\nstaff = ["Rita"]\n'
        )
        with running(config, slack, "--no-serve", days=days) as run:
            run.wait_for(lambda: slack.messages("voice-wows"))
            run.wait_for(lambda: slack.messages("voice-complaints"))
            names = {name for name, _, _ in table(Settings())}
            run.wait_for(lambda: names == {one["name"] for one in run.status()[1]["routines"]})
            _, seen = run.status()
        # A second start in the same hour repeats nothing.
        with running(config, slack, "--no-serve", days=days) as run:
            run.wait_for(lambda: run.log.read_text().count('"started"') == 2)
            run.wait_for(lambda: _ran_again(path, seen["routines"]))
        (leaders,) = slack.texts("voice-wows")
        (spike,) = slack.texts("voice-complaints")
    month = f"{now:%b %Y}"
    assert leaders == f"The wows of Acme in {month} name Rita most often."
    assert "60 mentions" in spike
    times = {one["name"]: one for one in seen["routines"]}
    assert all(one["next_at"] for one in times.values())
    assert times["spikes"]["last_at"] is not None
    assert times["leaderboards"]["last_at"] is not None


def _ran_again(path: Path, before: list[dict[str, str | None]]) -> bool:
    earlier = {one["name"]: one["last_at"] for one in before}
    with Store.open(path) as store:
        return all(
            one.last_at is not None and one.last_at.isoformat() > (earlier[one.name] or "")
            for one in store.daemon_runs.routines()
            if one.name in ("spikes", "leaderboards", "health")
        )
