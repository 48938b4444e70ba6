"""`earful run` itself sends the week's report to Slack and by mail; nothing calls a routine."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import load_settings
from earful.routines.report_routine import send_reports
from storage.models import AlertState, CaseState, Experience
from storage.store import Store
from tests.alerts.fake_mail import FakeMail
from tests.alerts.fake_slack import FakeSlack
from tests.earful.conftest import Earful
from tests.earful.running import running
from tests.storage.fixtures import Told, make_mention, store_voices

DAY = timedelta(days=1)
CONFIG = """
[store]
path = "{path}"
[slack]
api_url = "{api_url}"
[report]
weekly = "{weekday} 09:00"
to = ["#voice-digest", "mail:board"]
format = "{kind}"
[[destinations.mail]]
name = "board"
server = "127.0.0.1"
port = {port}
security = "none"
sender = "Earful <earful@example.com>"
to = ["boss@example.com"]
[[brands]]
name = "Acme"
query = "acme"
[[brands]]
name = "Rival"
query = "rival"
competitor = true
[[brands]]
name = "Silent"
query = "silent"
"""
WORDS = "I was left in the rain for three hours, and nobody at Acme said a word."


def fill(path: Path, until: datetime) -> None:
    """Store what was said in the week before a day, and something on the day itself."""
    with Store.open(path, migrate=True) as store:
        told = [
            Told(
                mention=make_mention(
                    f"{brand}-{n}", f"{WORDS} {n}", until - (n + 1) * DAY / 2, brand=brand
                ),
                experience=felt,
            )
            for brand in ("Acme", "Rival")
            for n, felt in enumerate([Experience.ANGRY] * 3 + [Experience.DELIGHTED] * 5)
        ]
        told.append(
            Told(
                mention=make_mention("today", "Said on the day itself.", until + DAY / 24,
                                     brand="Acme"),
                # No complaint: one that waits for an answer stands in any report.
                experience=Experience.MEDIOCRE,
            )
        )  # fmt: skip
        store_voices(store, told, until)


@pytest.mark.slow("starts the daemon as a process, twice")
@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_the_report_of_the_week_comes_once_by_slack_and_by_mail(tmp_path: Path, kind: str) -> None:
    if kind == "pdf" and shutil.which("chromium") is None:
        pytest.skip("no chromium here: `make test` installs it")
    path, now = tmp_path / "earful.db", datetime.now(UTC).replace(microsecond=0)
    due = now.replace(hour=12, minute=0, second=0) + 7 * DAY
    fill(path, due.replace(hour=0))
    config = tmp_path / "earful.toml"
    days = (due - now) / DAY
    with FakeSlack() as slack, FakeMail() as mail:
        config.write_text(
            CONFIG.format(
                path=path, api_url=slack.api_url, port=mail.port, kind=kind,
                weekday=f"{due:%a}",
            )
        )  # fmt: skip
        with running(config, slack, "--no-serve", days=days) as run:
            run.wait_for(lambda: slack.uploads and mail.mails)
            run.wait_for(lambda: _settled(path))
            run.wait_for(lambda: _ran_at(path) > now - DAY)
            before = _ran_at(path)
        # A second start in the same hour sends nothing again.
        with running(config, slack, "--no-serve", days=days) as run:
            run.wait_for(lambda: run.log.read_text().count('"started"') == 2)
            run.wait_for(lambda: _ran_at(path) > before)
        reports = [one for one in slack.roots("voice-digest") if "report of" in one.text]
        [message] = reports
        [file] = [one for one in slack.thread(message) if one.files]
        content = slack.uploads[file.files[0]["id"]]
        [letter] = mail.mails

    first, last = due - 7 * DAY, due - DAY
    assert message.text.startswith(f"Acme: report of {first:%-d %b %Y} to {last:%-d %b %Y}")
    assert "report" in file.files[0]["name"]
    assert file.files[0]["name"].endswith(f".{kind}")
    [attached] = letter.iter_attachments()
    assert str(attached.get_filename()).endswith(f".{kind}")
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Complaint rate: 38% (in 8 mentions)" in body.get_content().replace("*", "")
    assert attached.get_payload(decode=True) == content
    if kind == "pdf":
        assert content.startswith(b"%PDF-")
    else:
        page = content.decode()
        assert f"{WORDS} 0" in page
        assert "Said on the day itself." not in page
        assert "3</a> of 8" not in page  # nobody could follow a link of it
    # Forgetting names the file, which holds what customers said.
    with Store.open(path) as store:
        rows = store.database.connection.execute("SELECT path, kind FROM written_files").fetchall()
    [(written, what)] = [tuple(row) for row in rows]
    assert what == "report"
    assert Path(written).read_bytes() == content
    assert Path(written).stat().st_mode & 0o077 == 0


def _settled(path: Path) -> bool:
    with Store.open(path) as store:
        rows = store.database.connection.execute(
            "SELECT state FROM alerts WHERE kind = 'report'"
        ).fetchall()
    return len(rows) == 3 and {row["state"] for row in rows} == {AlertState.SENT}


def _ran_at(path: Path) -> datetime:
    with Store.open(path) as store:
        found = [one.last_at for one in store.daemon_runs.routines() if one.name == "reports"]
    # A daemon that starts writes its calendar anew.
    return max((one for one in found if one), default=datetime.min.replace(tzinfo=UTC))


@pytest.mark.slow("starts the daemon as a process")
def test_a_slack_that_takes_no_files_is_heard_of(tmp_path: Path) -> None:
    path, now = tmp_path / "earful.db", datetime.now(UTC).replace(microsecond=0)
    due = now.replace(hour=12, minute=0, second=0) + 7 * DAY
    fill(path, due.replace(hour=0))
    config = tmp_path / "earful.toml"
    with FakeSlack() as slack, FakeMail() as mail:
        slack.scopes.discard("files:write")
        config.write_text(
            CONFIG.format(
                path=path, api_url=slack.api_url, port=mail.port, kind="html",
                weekday=f"{due:%a}",
            )
        )  # fmt: skip
        with running(config, slack, "--no-serve", days=(due - now) / DAY) as run:
            run.wait_for(lambda: _parked(path))
    assert "files:write" in _parked(path)


def test_what_is_forgotten_while_a_report_waits_goes_out_in_none(
    earful: Earful, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, now = tmp_path / "earful.db", datetime.now(UTC).replace(microsecond=0)
    midnight = now.replace(hour=0, minute=0, second=0)
    fill(path, midnight)
    said = [("new", 1), ("old and unanswered", 60)]
    with Store.open(path) as store:
        told = [
            Told(
                mention=make_mention(
                    name, f"Zqplanted words, {name}, that nobody else said of Acme here.",
                    midnight - days * DAY, brand="Acme", author="Zqperson",
                ),
                experience=Experience.ANGRY,
                case=CaseState.OPEN,
                due_at=midnight,
            )
            for name, days in said
        ]  # fmt: skip
        store_voices(store, told, midnight)
    with FakeSlack() as slack, FakeMail() as mail:
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
        config = tmp_path / "earful.toml"
        config.write_text(
            CONFIG.format(
                path=path, api_url=slack.api_url, port=mail.port, kind="html",
                weekday=f"{midnight:%a}",
            ).replace("09:00", "00:00")
        )  # fmt: skip
        with Store.open(path) as store:
            assert send_reports(store, load_settings(config, {}), now) == 3
            (waiting,) = store.written_files.waiting()
        assert b"Zqplanted" in waiting.path.read_bytes()
        assert b"Zqperson" in waiting.path.read_bytes()

        forgot = earful("forget", "--author", "appstore:Zqperson", "--yes")
        assert "erased 2 mentions\nwaits to be sent, and is made anew first: " in forgot.out
        assert "still holds" not in forgot.out
        assert not waiting.path.exists()
        earful("process")
        [sent] = slack.uploads.values()
        [letter] = [one for one in mail.mails if "report of" in str(one["Subject"])]
    [attached] = letter.iter_attachments()
    assert attached.get_payload(decode=True) == sent == waiting.path.read_bytes()
    assert b"Zq" not in waiting.path.read_bytes()
    assert WORDS.encode()[:20] in waiting.path.read_bytes()
    assert waiting.path.stat().st_mode & 0o077 == 0
    assert not re.search("Zq(planted|person)", f"{slack.texts()}{letter}")


def _parked(path: Path) -> str:
    with Store.open(path) as store:
        row = store.database.connection.execute(
            "SELECT error FROM alerts WHERE kind = 'report' AND state = 'parked'"
        ).fetchone()
    return row["error"] if row else ""
