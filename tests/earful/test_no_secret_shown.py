"""No secret stands in anything that Earful shows or keeps: one world, every output grepped."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from tests.earful.secret_world import CLEAR, ENVIRONMENT, World, live

pytestmark = pytest.mark.slow("starts a daemon that loads the model, and a dozen commands")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return live(tmp_path_factory.mktemp("world"), format_datetime(datetime.now(UTC)))


def test_no_secret_is_shown(world: World) -> None:
    assert {"log.txt", "stdout.txt", "earful.db", "copy.db", "report.html", "Slack"} <= set(
        world.shown
    )
    assert b"Acme Air" in world.shown["Slack"]
    assert world.found() == []


def test_the_secrets_reached_whom_they_are_for(world: World) -> None:
    asked = [f"{one.path} {one.query} {one.headers}" for one in world.asked]
    for what in ("a parameter of a feed", "a part of a feed's path", "a parameter of a page",
                 "a parameter of a destination"):  # fmt: skip
        assert any(CLEAR[what] in one for one in asked), what
    logins = {
        "shouts/basic.xml": (CLEAR["a user of a feed"], CLEAR["a password of a feed"]),
        "shouts/moved.xml": (CLEAR["a user of base_url"], CLEAR["a password of base_url"]),
        "private/": (ENVIRONMENT["FEED_READER"], ENVIRONMENT["FEED_PASSPHRASE"]),
    }
    for path, pair in logins.items():
        wanted = "Basic " + base64.b64encode(":".join(pair).encode()).decode()
        assert any(path in one and wanted in one for one in asked), path
    private = next(one for one in world.asked if one.path.startswith("/private"))
    assert private.path == f"/private/{ENVIRONMENT['FEED_FOLDER']}/feed.xml"
    assert private.query == {"key": ENVIRONMENT["FEED_KEY"]}


def test_what_identifies_is_kept(world: World) -> None:
    status = world.shown["status --json"].decode()
    for known in ("/shouts/basic.xml", "?flower=***", "/shouts/page?petal=***",
                  "${FEED_READER}", "?key=${FEED_KEY}"):  # fmt: skip
        assert known in status, known
