"""SIGHUP: a changed config is checked, and applied to the running daemon or refused with why."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.models import Mention
from storage.store import Store
from tests.crawler.reading import response_of
from tests.crawler.site import Asked, Reply, Site
from tests.earful.running import Run, running
from tests.earful.test_moved_clock import World
from tests.earful.test_moved_clock import world as moved_world
from tests.waiting import wait_for

HUP = signal.SIGHUP


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with moved_world(tmp_path) as made:
        made.write_config(**{'every = "2s"': 'every = "12h"'})
        yield made


def asked_for(made: World, app: int) -> int:
    return len(made.site.asked(f"/appreviews/{app}"))


def started(made: World, run: Run) -> None:
    run.wait_for(lambda: '"started"' in run.log.read_text())
    run.wait_for(lambda: asked_for(made, 440))


@pytest.mark.slow("starts the daemon, and changes its config")
def test_a_changed_config_is_noticed_then_applied(world: World) -> None:
    with running(world.config, world.slack, "--no-serve") as run:
        started(world, run)
        pid = run.process.pid
        text = world.config.read_text()
        world.config.write_text(
            text.replace("app_id = 440", "app_id = 570").replace(
                "[slack]", '[slack]\nops = "#voice-wows"'
            )
        )
        # Told, and not applied: a file that somebody is still writing must change nothing.
        run.wait_for(lambda: any("[slack]" in one for one in world.slack.texts("voice-ops")))
        code, found = run.status()
        (problem,) = found["problems"]
        assert (code, asked_for(world, 570)) == (1, 0)
        assert f"the daemon (pid {pid}) goes by what it read at" in problem
        assert "[brands], [slack]" in problem
        assert f"`kill -HUP {pid}` applies it" in problem

        run.process.send_signal(HUP)
        run.wait_for(lambda: asked_for(world, 570))
        run.wait_for(lambda: run.status()[0] == 0)
        assert run.process.pid == pid
        (line,) = [one for one in run.log.read_text().splitlines() if '"reloaded"' in one]
        assert "brands" in line
        assert "slack" in line
        # What is over is told where ops are now.
        run.wait_for(lambda: world.slack.texts("voice-wows"))


@pytest.mark.slow("starts the daemon, and changes its config")
def test_a_broken_config_is_refused_and_the_old_one_runs_on(world: World) -> None:
    with running(world.config, world.slack, "--no-serve") as run:
        started(world, run)
        sound = world.config.read_text()
        world.config.write_text(sound.replace('query = "zebra"', 'query = "(zebra"'))
        run.process.send_signal(HUP)
        run.wait_for(lambda: any("(zebra" in one for one in world.slack.texts("voice-ops")))
        (said,) = [one for one in world.slack.texts("voice-ops") if "(zebra" in one]
        assert "goes on with the config" in said
        log = run.log.read_text()
        assert log.count("Traceback") == 0
        assert len([one for one in log.splitlines() if "(zebra" in one and "ERROR" in one]) == 1
        say(world, "Zebra works on.")
        run.wait_for(lambda: scored(world))
        world.config.write_text(sound)
        run.wait_for(lambda: len(world.slack.texts("voice-ops")) >= 2)
        assert "over" in world.slack.texts("voice-ops")[-1]
        run.wait_for(lambda: run.status()[0] == 0)


@pytest.mark.slow("starts the daemon, and changes its config")
def test_what_needs_a_restart_is_said_and_the_rest_applied(world: World) -> None:
    with running(world.config, world.slack, "--no-serve") as run:
        started(world, run)
        text = world.config.read_text()
        world.config.write_text(
            text.replace("app_id = 440", "app_id = 570")
            .replace("[slack]", "[serve]\nport = 8123\n[slack]")
            .replace(str(world.store), str(world.folder / "other.db"))
        )
        run.process.send_signal(HUP)
        run.wait_for(lambda: asked_for(world, 570))
        run.wait_for(
            lambda: (
                "what changed in [serve] and [store] path waits for a restart"
                in run.log.read_text()
            )
        )
        assert not (world.folder / "other.db").exists()


@pytest.mark.slow("starts the daemon, which crawls a page that hangs")
def test_a_crawl_under_way_is_not_cut_short(world: World) -> None:
    world.site.on("/appreviews/440", slow_page(world.site))
    with running(world.config, world.slack, "--no-serve") as run:
        started(world, run)
        world.config.write_text(world.config.read_text().replace("app_id = 440", "app_id = 570"))
        run.process.send_signal(HUP)
        run.wait_for(lambda: asked_for(world, 570))

        def ended_well() -> bool:
            lines = run.log.read_text().splitlines()
            return any('"target": "440"' in one and '"outcome": "ok"' in one for one in lines)

        run.wait_for(ended_well)


def slow_page(site: Site) -> Callable[[Asked], Reply]:
    """Answer for app 440 once app 570 was asked for: the crawl lasts over the reload."""

    def answer(asked: Asked) -> Reply:
        wait_for(lambda: site.asked("/appreviews/570"))
        return Reply(response_of("steam"), headers={"Content-Type": "application/json"})

    return answer


def say(made: World, text: str) -> None:
    now = datetime.now(UTC)
    mention = Mention(
        brand="Acme", source="shop", native_id="1", text=text, created_at=now, fetched_at=now
    )
    with Store.open(made.store) as store:
        store.mentions.save([mention])


def scored(made: World) -> bool:
    with Store.open(made.store, readonly=True) as store:
        return store.verdicts.count_waiting() == 0
