"""The webhook beside a real daemon: an alert within seconds, kills, and the page's example."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from earful.app import utc_now
from earful.cli import cli
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running
from tests.earful.webhook_sender import SECRET, Reply, deliver
from tests.waiting import wait_for

pytestmark = pytest.mark.slow("starts daemons that load the model")

PAGE = Path(__file__).parents[2] / "docs" / "webhook.md"
CHANNELS = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
PLAIN_SECRET = "0123456789abcdef0123456789abcdef"
BAG = {
    "id": "42",
    "text": "Terrible. They lost my bag, nobody helped, and I want my money back!",
    "rating": 1,
    "author": "Ada Example",
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def config_at(folder: Path, slack: FakeSlack, port: int) -> Path:
    config = folder / "earful.toml"
    config.write_text(
        f'[slack]\napi_url = "{slack.api_url}"\n'
        f"[webhook]\nport = {port}\n"
        '[[webhook.doors]]\nname = "shop"\nbrand = "Acme Air"\n'
        '[[brands]]\nname = "Acme Air"\nquery = "acme"\n'
    )
    return config


def tried(port: int, row: object, heard: list[Reply]) -> bool:
    """Send a row as `msg_1`; False where nobody answers, or the answer is lost."""
    try:
        heard.append(deliver(port, "shop", row))
    except OSError:
        return False
    return True


def test_a_delivery_alerts_once_though_its_answer_is_lost_by_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARFUL_WEBHOOK_SECRET_SHOP", SECRET)
    monkeypatch.setattr("tests.earful.running.RUN", ("tests.earful.killed_intake", "daemon"))
    port = free_port()
    with FakeSlack(channels=CHANNELS) as slack:
        config = config_at(tmp_path, slack, port)
        # The stages do not look by themselves for ten minutes: they are woken.
        with running(config, slack, "--no-serve", seconds=600) as run:
            mark, replies = tmp_path / "earful.killed", list[Reply]()
            row = {**BAG, "created_at": utc_now().isoformat()}
            run.wait_for(lambda: tried(port, row, replies) or mark.exists())
            with Store.open(tmp_path / "earful.db") as store:
                assert store.mentions.count() == 1  # stored, and not answered
            assert not replies
            run.wait_for(lambda: tried(port, row, replies))
            assert replies[0].said == {
                "rows": 1, "new": 1, "edited": 0, "known": 0, "same": 0, "refused": 0,
                "repeated": True,
            }  # fmt: skip
            run.wait_for(lambda: [one for one in slack.messages() if "lost my bag" in str(one)])
            _, status = run.status()
            (door,) = status["webhook"]
            assert (door["door"], door["deliveries"], door["new"]) == ("shop", 1, 1)
            assert status["stages"]["webhook"]["failures"] >= 1
            assert "ended with -9" in status["stages"]["webhook"]["error"]
            # `earful check` knows its own daemon from a stranger at the port.
            checked = CliRunner().invoke(cli, ["--config", str(config), "check", "--offline"])
            assert f"ok    webhook: 1 door; Earful's own answers at 127.0.0.1:{port}" in (
                checked.output
            )
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port))  # it has ended with the daemon
    log = run.log.read_text()
    assert SECRET not in log
    assert len([one for one in slack.messages() if "lost my bag" in str(one)]) == 1


def test_the_example_of_the_page_works_and_a_killed_daemon_leaves_no_webhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARFUL_WEBHOOK_SECRET", PLAIN_SECRET)
    port = free_port()
    script, answer = re.findall(r"```(?:sh|json)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert "127.0.0.1:8002/webhook/shop" in script
    with FakeSlack(channels=CHANNELS) as slack:
        config = config_at(tmp_path, slack, port)
        with contextlib.ExitStack() as stack:
            run = stack.enter_context(running(config, slack, "--no-serve"))

            def sent() -> bool:
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", script.replace("8002", str(port))],
                    capture_output=True, text=True, check=False, env=os.environ,
                )  # fmt: skip
                assert "Failed to connect" in done.stderr or not done.returncode, done.stderr
                return done.returncode == 0 and json.loads(done.stdout) == json.loads(answer)

            run.wait_for(sent)
            run.process.send_signal(signal.SIGKILL)
            run.process.wait()
            with pytest.raises(AssertionError):
                stack.close()  # it did not stop in order

        def gone() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                return True
            return False

        wait_for(gone)


def test_a_daemon_without_a_secret_for_a_door_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EARFUL_WEBHOOK_SECRET", "EARFUL_WEBHOOK_SECRET_SHOP"):
        monkeypatch.delenv(name, raising=False)
    with FakeSlack(channels=CHANNELS) as slack, socket.create_server(("127.0.0.1", 0)) as taken:
        config = config_at(tmp_path, slack, taken.getsockname()[1])
        ran = CliRunner().invoke(cli, ["--config", str(config), "run"])
        assert "webhook.doors[0]: needs EARFUL_WEBHOOK_SECRET_SHOP" in str(ran.exception)
        # The port is a stranger's: `earful check` says so, and names the secret too.
        checked = CliRunner().invoke(cli, ["--config", str(config), "check", "--offline"])
        assert "FAIL  webhook.doors[0]: needs EARFUL_WEBHOOK_SECRET_SHOP" in checked.output
        assert "FAIL  webhook: 127.0.0.1:" in checked.output
        assert "choose another port with [webhook] port" in checked.output
