"""The daemon by itself looks at versions, lists what advocates need, and looks for colleagues."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import Experience, Stance
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running
from tests.storage.fixtures import Told, make_mention, store_voices

ANGRY, MEDIOCRE, DELIGHTED, _ = Experience
CONFIG = """
[store]
path = "{path}"
[slack]
api_url = "{api_url}"
[[brands]]
name = "Acme Air"
query = "acme"
advocates_daily = true
staff = [{{ name = "Rita", team = "Gates" }}]
[[brands]]
name = "Rival Air"
query = "rival"
competitor = true
"""


def voices(now: datetime) -> list[Told]:
    said: list[Told] = []

    def say(text: str, experience: Experience, days: float, **more: object) -> None:
        stance = Stance(str(more.pop("stance", Stance.NEITHER)))
        mention = make_mention(
            str(len(said)), text, now - timedelta(days=days), **({"fetched_at": now} | more)
        )
        said.append(Told(mention=mention, experience=experience, stance=stance))

    for brand in ("Acme Air", "Rival Air"):
        for number in range(100):
            say("It was okay", MEDIOCRE, 20 + number / 10, brand=brand, product_version="1.9")
            say("Broken again", ANGRY, 2 + number / 100, brand=brand, product_version="1.10")
        say("Fly with them! When will you fly to Oslo again?", DELIGHTED, 3, brand=brand,
            author="Ana", stance=Stance.ADVOCATE)  # fmt: skip
    say("Rita was wonderful, as ever, thank you!", DELIGHTED, 50)
    return said


@pytest.mark.slow("starts the daemon as a process, and waits for three of its routines")
def test_versions_advocates_and_staff_come_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    now = datetime.now(UTC).replace(microsecond=0)
    with Store.open(path, migrate=True) as store:
        store_voices(store, voices(now), now)
    config = tmp_path / "earful.toml"

    def rows(sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(sql).fetchall()

    with FakeSlack() as slack:
        config.write_text(CONFIG.format(path=path, api_url=slack.api_url))
        with running(config, slack, "--no-serve") as run:
            run.wait_for(lambda: any("1.10" in text for text in slack.texts("voice-complaints")))
            run.wait_for(lambda: any("advocate" in text for text in slack.texts("voice-digest")))
            run.wait_for(lambda: bool(rows("SELECT 1 FROM rewards")))
        worse = [text for text in slack.texts("voice-complaints") if "Version" in text]
        asked = [text for text in slack.texts("voice-digest") if "advocate" in text]
    assert worse == [
        "Version 1.10 of Acme Air is worse than those before it: complaint rate 100%, 0% before."
    ]
    assert asked == ["1 advocate of Acme Air needs something from you."]
    assert rows("SELECT name, team, wows FROM rewards") == [("Rita", "Gates", 1)]
    assert rows("SELECT brand, author, need FROM advocates_today") == [
        ("Acme Air", "Ana", "question")
    ]
    # Of the competitor, who is told just the same, nothing is said.
    assert rows("SELECT count(*) FROM alerts WHERE brand = 'Rival Air'") == [(0,)]
    assert rows("SELECT competitor FROM brands WHERE name = 'Rival Air'") == [(1,)]
