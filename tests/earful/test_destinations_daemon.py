"""Destinations beside a real daemon: `earful run` sends to all of them, through its outbox."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from earful.app import utc_now
from tests.alerts.fake_destinations import SECRET, TOKEN, FakeDestinations
from tests.alerts.fake_mail import FakeMail
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.earful.running import command, running, status
from tests.earful.test_webhook_daemon import free_port
from tests.earful.webhook_sender import SECRET as DOOR_SECRET
from tests.earful.webhook_sender import deliver

pytestmark = pytest.mark.slow("starts a daemon that loads the model")

CHANNELS = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
ROWS = [
    ("1", "Terrible. They lost my bag, nobody helped, and I want my money back!", "#to-mail"),
    ("2", "Awful app, it crashes at every payment. I am furious, never again.", "#to-teams"),
    ("3", "Worst airline ever, rude crew, cancelled twice, no refund at all!", "#to-discord"),
    ("4", "Horrible. My ticket was charged twice and support hung up on me.", "#to-crm"),
]
WORDS = {"#to-mail": "bag", "#to-teams": "app", "#to-discord": "crew", "#to-crm": "ticket"}
VIAS = {
    "#to-mail": "mail:support", "#to-teams": "teams:support", "#to-discord": "discord:players",
    "#to-crm": "webhook:crm",
}  # fmt: skip


def config_at(
    folder: Path, slack: FakeSlack, there: FakeDestinations, mail: FakeMail, port: int
) -> Path:
    routes = "".join(
        f'[[alerts.routes]]\nquery = "{word}"\nchannel = "{channel}"\n'
        for channel, word in WORDS.items()
    )
    channels = "".join(
        f'[[alerts.channels]]\nchannel = "{channel}"\nvia = "{via}"\n'
        for channel, via in VIAS.items()
    )
    config = folder / "earful.toml"
    config.write_text(
        f'[slack]\napi_url = "{slack.api_url}"\n[webhook]\nport = {port}\n'
        '[[webhook.doors]]\nname = "shop"\nbrand = "Acme Air"\n'
        f"{routes}{channels}"
        '[[destinations.mail]]\nname = "support"\nserver = "127.0.0.1"\n'
        f'port = {mail.port}\nsecurity = "none"\nsender = "Earful <earful@example.com>"\n'
        'to = ["ann@example.com"]\n'
        '[[destinations.teams]]\nname = "support"\n[[destinations.discord]]\nname = "players"\n'
        f'[[destinations.webhook]]\nname = "crm"\nurl = "{there.url("webhook")}"\n'
        "case_events = true\n"
        '[[destinations.issues]]\nname = "bugs"\ntracker = "linear"\n'
        'project = "00000000-0000-0000-0000-000000000001"\n'
        f'base_url = "{there.url("linear")}"\n'
        '[[brands]]\nname = "Acme Air"\nquery = "acme"\n'
    )
    return config


def earful(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(config, 0, 60, *arguments), capture_output=True, text=True, check=False
    )


def test_one_daemon_sends_to_all_of_them_and_a_broken_answer_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeSlack(channels=CHANNELS) as slack, FakeDestinations() as there, FakeMail() as mail:
        for name, value in {
            "EARFUL_WEBHOOK_SECRET": DOOR_SECRET,
            "EARFUL_EVENTS_SECRET_CRM": SECRET,
            "EARFUL_TEAMS_URL": there.url("teams"),
            "EARFUL_DISCORD_URL_PLAYERS": there.url("discord"),
            "EARFUL_ISSUES_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        port = free_port()
        config = config_at(tmp_path, slack, there, mail, port)
        with running(config, slack, "--no-serve") as run:
            there.fail("webhook", Fault.cut(posts=True))
            run.wait_for(lambda: _taken(port))
            run.wait_for(
                lambda: (
                    mail.mails
                    and there.taken["teams"]
                    and there.taken["discord"]
                    and len(there.taken["webhook"]) == 5
                )
            )
            number = there.taken["webhook"][0].body["data"]["case"]["id"]
            asked = earful(config, "case", "issue", str(number), "bugs", "--as", "rita")
            assert asked.returncode == 0, asked.stderr
            earful(config, "case", "claim", "shop:1", "--as", "rita")
            run.wait_for(lambda: len(mail.mails) >= 2 and len(there.taken["linear"]) == 1)
            told = [one.body["type"] for one in there.taken["webhook"]]
            run.wait_for(
                lambda: "case.issue_made" in [one.body["type"] for one in there.taken["webhook"]]
            )
            _, health = status(config)

    assert told[:5].count("case.opened") == 4
    assert told.count("alert.posted") == 1
    assert there.repeats["webhook"] == 1
    assert len(there.taken["teams"]) == len(there.taken["discord"]) == 1
    first, *replies = mail.mails
    assert str(first["Subject"]).startswith("Complaint about Acme Air from somebody unnamed")
    assert all(one["In-Reply-To"] == first["Message-ID"] for one in replies)
    assert slack.texts("voice-complaints") == []
    sent = {one["via"]: (one["sent"], one["parked"]) for one in health["destinations"]}
    assert sent["teams:support"] == sent["discord:players"] == (1, 0)
    assert sent["issues:bugs"] == (1, 0)
    listed = earful(config, "alerts", "list", "--state", "sent", "--json")
    ways = {json.loads(line)["via"] for line in listed.stdout.splitlines()}
    assert ways >= {*VIAS.values(), "issues:bugs"}


def _taken(port: int) -> bool:
    """Push the complaints; False where nobody listens yet."""
    now = utc_now().isoformat()
    rows = [{"id": n, "text": text, "rating": 1, "created_at": now} for n, text, _ in ROWS]
    try:
        deliver(port, "shop", rows)
    except OSError:
        return False
    return True
