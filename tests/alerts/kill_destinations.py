"""Deliver to every destination beside Slack while the sender is killed with SIGKILL.

Each destination fails in every way that it can. None may lose an alert. None may have one twice
that can tell a repeat or be asked: the signed webhook by its id, GitHub, Jira and Linear by a
look. Teams and Discord cannot be asked: what is in doubt there waits for a person, who looks by
eye (here: this program) and gives each its word. Mail is sent again with the same Message-ID.

`python -m tests.alerts.kill_destinations` runs the long form and prints counts;
`tests/alerts/test_destination_kills.py` a short one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

from alerts.destinations.discord import DiscordTransport
from alerts.destinations.github_issues import GithubIssues
from alerts.destinations.issue_text import IssueText
from alerts.destinations.jira_issues import JiraIssues
from alerts.destinations.linear_issues import LinearIssues
from alerts.destinations.mail import MailTransport
from alerts.destinations.mail_form import message_id
from alerts.destinations.message_forms import as_embed
from alerts.destinations.signed_webhook import SignedWebhook
from alerts.destinations.teams import TeamsTransport
from alerts.messages.message_parts import parts_of
from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Transport
from earful.webhook_intake.signatures import keys_of
from storage.models import Alert, AlertKind, AlertState, NewAlert, Operation
from storage.tables.outbox import Outbox
from storage.tables.outbox_word import Choice, OutboxWord
from tests.alerts.fake_destinations import PATHS, SECRET, TOKEN, FakeDestinations, Taken
from tests.alerts.fake_mail import FAULTS, FakeMail
from tests.alerts.fake_slack import Chaos
from tests.alerts.outboxes import an_alert, open_outbox

ROOT = Path(__file__).parents[2]
WAYS = (
    "webhook:crm", "mail:support", "teams:support", "discord:support", "issues:github",
    "issues:jira", "issues:linear",
)  # fmt: skip
TELLS = ("webhook:crm", "issues:github", "issues:jira", "issues:linear")
ASKS = ("teams:support", "discord:support")
HANG_S = 0.6
SEARCH_LAG_S = 1.2
SETTLE = timedelta(seconds=1.5)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Count:
    """What came of one destination. `repeats` are those it told from news by itself."""

    alerts: int
    missing: int
    twice: int
    repeats: int
    asked: int


@dataclass(frozen=True)
class Tally:
    """What came of a run, by destination."""

    by_way: dict[str, Count]
    kills: int
    stale: int
    astray: int
    faults: dict[str, int]
    seconds: float

    @property
    def good(self) -> bool:
        return (
            not any(one.missing for one in self.by_way.values())
            and not any(one.twice for way, one in self.by_way.items() if way in (*TELLS, *ASKS))
            and not self.stale
            and not self.astray
        )

    def __str__(self) -> str:
        rows = [f"{self.kills} SIGKILLs, {self.seconds:.0f} s; {sum(self.faults.values())} faults"]
        for way, one in self.by_way.items():
            rows.append(
                f"{way:<16} {one.alerts:>4} alerts, missing {one.missing}, twice {one.twice}, "
                f"repeats known by their id {one.repeats}, a person was asked {one.asked} times"
            )
        rows.append(f"not up to date {self.stale}, outside their thread {self.astray}")
        faults = ", ".join(f"{name} {number}" for name, number in sorted(self.faults.items()))
        return "\n".join([*rows, f"faults: {faults}"])


def run(
    *, each: int, kills: int, seed: int = 1, share: float = 0.3, limit_s: float = 300
) -> Tally:
    """Kill the sender `kills` times, then let one finish; raises TimeoutError past the limit."""
    rng = random.Random(seed)
    began = time.monotonic()
    chaos = Chaos(seed, share, hang=HANG_S)
    mail_faults: Counter[str] = Counter()

    def mail_fault() -> str | None:
        fault = rng.choice(FAULTS) if rng.random() < share else None
        mail_faults.update([fault] if fault else [])
        return fault

    with (
        tempfile.TemporaryDirectory() as folder,
        FakeDestinations(search_lag_s=SEARCH_LAG_S / 2) as there,
        FakeMail() as mail,
    ):
        path = Path(folder) / "earful.db"
        database, outbox = open_outbox(path)
        queued = alerts(each, datetime.now(UTC))
        there.chaos(chaos)
        mail.choose = mail_fault
        asked: Counter[str] = Counter()
        last: dict[str, str] = {}
        for kill in range(kills):
            # Some at a time, so that every sender has something to do when it is killed.
            start, end = (len(queued) * place // (kills + 1) for place in (kill, kill + 1))
            outbox.add(queued[start:end])
            # Somebody moves an earlier case meanwhile.
            moved = rng.choice([one for one in queued if one.channel == "#to-discord-support"])
            root = outbox.find(moved.dedupe_key)
            if root is not None and root.state is AlertState.SENT:
                last[moved.dedupe_key] = f"state {kill}"
                outbox.add([change(moved, last[moved.dedupe_key])])
            sender = _start(path, there, mail)
            time.sleep(rng.uniform(0.0, 0.4))
            sender.kill()  # SIGKILL
            sender.communicate()
            asked += _by_eye(outbox, OutboxWord(database), there)
        outbox.add(queued)
        sender = _start(path, there, mail)
        while outbox.unsent() and time.monotonic() - began < limit_s:
            time.sleep(0.2)
            asked += _by_eye(outbox, OutboxWord(database), there)
        sender.kill()
        sender.communicate()
        if left := outbox.unsent():
            told = [(one.channel, one.state.value, one.error) for one in left[:5]]
            raise TimeoutError(f"{len(left)} alerts left after {limit_s:g} s: {told}")
        faults = dict(chaos.counts) | {f"mail {name}": n for name, n in mail_faults.items()}
        seconds = time.monotonic() - began
        tally = _tally(queued, last, there, mail, asked, kills, faults, seconds)
        database.close()
    return tally


def alerts(each: int, at: datetime) -> list[NewAlert]:
    """Make so many for each destination: of three mails two are replies."""
    made: list[NewAlert] = []
    for number in range(each):
        for way in WAYS:
            one = an_alert(f"complaint:{way}:{number}", f"#to-{way.replace(':', '-')}", at=at)
            if way.startswith("issues:"):
                issue = {"title": one.dedupe_key, "sentences": ["A."], "quote": "q", "url": None}
                one = replace(
                    one, kind=AlertKind.ISSUE, channel=way, via=way,
                    payload={"text": one.dedupe_key, "issue": issue},
                )  # fmt: skip
            if way == "mail:support" and number % 3:
                root = f"complaint:{way}:{number - number % 3}"
                one = replace(one, operation=Operation.REPLY, root_key=root)
            made.append(one)
    return made


def change(alert: NewAlert, text: str) -> NewAlert:
    """Bring a message up to date."""
    key, at = alert.dedupe_key, alert.created_at
    changed = an_alert(f"update:{key}", alert.channel, text=text, at=at)
    return replace(changed, operation=Operation.UPDATE, root_key=key)


def now() -> datetime:
    return datetime.now(UTC)


def ways(base: str, mail_port: int, now: Callable[[], datetime] = now) -> ByVia:
    """Give what delivers to the fakes."""
    made: dict[str, Transport] = {
        "webhook:crm": SignedWebhook(
            "crm", base + PATHS["webhook"], keys_of(SECRET), now, BERLIN, timeout=5
        ),
        "mail:support": MailTransport(
            "support", "127.0.0.1", mail_port, "none", None, "Earful <earful@example.com>",
            ["team@example.com"], BERLIN, {}, unclear="again", timeout=1.5,
        ),
        "teams:support": TeamsTransport(
            "support", base + PATHS["teams"], BERLIN, {}, unclear="ask", timeout=5
        ),
        "discord:support": DiscordTransport(
            "support", base + PATHS["discord"], {}, unclear="ask", timeout=5
        ),
        "issues:github": GithubIssues("github", "acme/app", TOKEN, api=base, timeout=5),
        "issues:jira": JiraIssues(
            "jira", base, "ACME", "ann@example.com", TOKEN, now,
            search_lag=timedelta(seconds=SEARCH_LAG_S), timeout=5,
        ),
        "issues:linear": LinearIssues(
            "linear", "7d9a", TOKEN, api=base + PATHS["linear"], timeout=5
        ),
    }  # fmt: skip
    of_channel = {f"#to-{way.replace(':', '-')}": way for way in WAYS}
    return ByVia(made, lambda channel: of_channel.get(channel, channel))


def send(path: Path, base: str, mail_port: int) -> NoReturn:
    """Be the sender until killed, with the waits cut short for a test."""
    _, outbox = open_outbox(path)
    transport = ways(base, mail_port)
    print("ready", flush=True)
    while True:
        result = deliver(
            outbox, transport, lambda: datetime.now(UTC), time.sleep, pace=Pace(0), settle=SETTLE,
            first_backoff=timedelta(seconds=0.1), workers=8, way_of=transport.way_of,
        )  # fmt: skip
        next_at = result.next_at or datetime.max.replace(tzinfo=UTC)
        time.sleep(min(0.2, max(0.02, (next_at - datetime.now(UTC)).total_seconds())))


def _start(path: Path, there: FakeDestinations, mail: FakeMail) -> subprocess.Popen[str]:
    module = "tests.alerts.kill_destinations"
    sender = subprocess.Popen(
        [sys.executable, "-m", module, "--send", str(path), there.base, str(mail.port)],
        cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert sender.stdout is not None
    sender.stdout.readline()  # Python's start must not use up the time in which it is killed
    return sender


def _by_eye(outbox: Outbox, word: OutboxWord, there: FakeDestinations) -> Counter[str]:
    """Be the person who looks where Earful cannot: what is there is dropped, the rest sent."""
    doubtful = [one for one in outbox.unsent() if one.state is AlertState.PARKED and one.in_doubt]
    for one in doubtful:
        way = one.tried_via or ""
        if is_there(one, way, there):
            word.drop([one.id], "seen there")
        else:
            word.retry(Choice(ids=(one.id,)))
    return Counter(one.tried_via or "" for one in doubtful)


def is_there(alert: Alert | NewAlert, way: str, there: FakeDestinations) -> bool:
    return any(_is_of(taken, alert, way) for taken in there.taken[_kind(way)])


def _is_of(taken: Taken, alert: Alert | NewAlert, way: str) -> bool:
    key = alert.dedupe_key
    issue = IssueText(key, "", (), "", None)
    match _kind(way):
        case "webhook":
            return taken.id == key
        case "teams":
            return f'"{key}"' in json.dumps(taken.body)
        case "discord":
            return taken.first == str(as_embed(parts_of(alert.payload))["description"])
        case "github":
            return issue.marker in str(taken.body["body"])
        case "jira":
            return issue.marker in taken.body["labels"]
        case _:
            return taken.id == issue.id


def _kind(way: str) -> str:
    kind, _, name = way.partition(":")
    return name if kind == "issues" else kind


def _tally(
    queued: list[NewAlert],
    last: dict[str, str],
    there: FakeDestinations,
    mail: FakeMail,
    asked: Counter[str],
    kills: int,
    faults: dict[str, int],
    seconds: float,
) -> Tally:
    by_way: dict[str, Count] = {}
    mails = Counter(mail.message_ids())
    for way in WAYS:
        mine = [one for one in queued if one.dedupe_key.startswith(f"complaint:{way}:")]
        if way == "mail:support":
            times = [mails[message_id(one.dedupe_key, "example.com")] for one in mine]
            repeats = sum(number - 1 for number in times if number > 1)
        else:
            taken = there.taken[_kind(way)]
            times = [sum(_is_of(one, alert, way) for one in taken) for alert in mine]
            repeats = there.repeats[_kind(way)]
        by_way[way] = Count(
            alerts=len(mine),
            missing=sum(number == 0 for number in times),
            twice=sum(number > 1 for number in times),
            repeats=repeats,
            asked=asked[way],
        )
    return Tally(
        by_way, kills, _stale(queued, last, there), _astray(queued, mail), faults, seconds
    )


def _stale(queued: list[NewAlert], last: dict[str, str], there: FakeDestinations) -> int:
    """Count messages of Discord that do not show their last update."""
    found = {
        alert.dedupe_key: one
        for alert in queued
        if alert.dedupe_key in last
        for one in there.taken["discord"]
        if _is_of(one, alert, "discord:support")
    }
    return sum(text not in json.dumps(found[key].body) for key, text in last.items())


def _astray(queued: list[NewAlert], mail: FakeMail) -> int:
    roots = {
        message_id(one.dedupe_key, "example.com"): message_id(one.root_key, "example.com")
        for one in queued
        if one.root_key is not None
    }
    wanted = ((one, roots.get(str(one["Message-ID"]))) for one in mail.mails)
    return sum(one["In-Reply-To"] != root for one, root in wanted)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=30, help="alerts for each destination")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--send", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(Path(options.send[0]), options.send[1], int(options.send[2]))
    tally = run(each=options.each, kills=options.kills, seed=options.seed, limit_s=900)
    print(tally)
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
