"""Answer cases at failing sources, told in a failing Slack, while the sender is killed.

Each answer must stand once at its source, answer its case once, and be told once in the case's
thread. `python -m tests.earful.answer_kill_run` runs the long form (100 cases and their answers,
so 200 messages at Slack and 100 replies at ten sources; 50 SIGKILLs) and prints counts;
`tests/earful/test_answer_kills.py` a short one. The sender is a process of its own (`--send`) that
does what the daemon does: it delivers, and settles what became of answers. The store is a real
one, Slack and the sources live in the process that kills.
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
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from alerts.messages import case_card
from alerts.outbox.by_via import SLACK, ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.publishing.registry import PUBLISHERS, publisher_for, via_of
from alerts.slack.client import BotTransport
from config.settings import Settings
from earful.case_acts import Actor
from earful.policies import Policies, source_places
from earful.replying.reply_acts import ReplyActs
from earful.replying.settling import settle_replies
from earful.replying.ways import ReplyWays
from storage.models import AlertKind, Experience, Mention, NewAlert, NewCase
from storage.models.dedupe_keys import complaint_key
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_publishing.server import FakeSource
from tests.alerts.fake_slack import Chaos, FakeSlack
from tests.alerts.reply_kill_run import HANG_S, SETTLE, settings_of
from tests.storage.fixtures import make_verdict

ROOT = Path(__file__).parents[2]
BRAND = "Acme Air"
CHANNEL = "#voice-complaints"
DANA = Actor("dana", "U0DANA")


@dataclass(frozen=True)
class Tally:
    """What came of a run; `good` when nothing is lost, doubled, or told in a wrong place."""

    cases: int
    kills: int
    kills_while_sending: int
    standing: int
    stands_twice: int
    answered: int
    answered_twice: int
    told: int
    told_twice: int
    astray: int
    messages: int
    messages_twice: int
    writes: int
    looks: int
    slack_faults: int
    seconds: float

    @property
    def good(self) -> bool:
        wrong = self.stands_twice + self.answered_twice + self.told_twice + self.messages_twice
        return (
            self.standing == self.answered == self.told == self.cases
            and not wrong
            and not self.astray
        )

    def __str__(self) -> str:
        return (
            f"{self.cases} cases answered, {self.kills} SIGKILLs ({self.kills_while_sending} with "
            f"something in flight), {self.seconds:.0f} s\n"
            f"at the sources: {self.standing} stand, {self.stands_twice} twice "
            f"({self.writes} writes, {self.looks} looks)\n"
            f"cases: {self.answered} answered, {self.answered_twice} twice\n"
            f"at Slack: {self.messages} messages, {self.messages_twice} twice; {self.told} "
            f"answers told, {self.told_twice} twice, {self.astray} in a wrong thread; "
            f"{self.slack_faults} faults"
        )


def run(
    kinds: Sequence[type[FakeSource]],
    *,
    cases: int,
    kills: int,
    seed: int = 1,
    share: float = 0.3,
    limit_s: float = 300,
) -> Tally:
    """Kill the sender `kills` times, then let one finish; raises TimeoutError past the limit."""
    rng = random.Random(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        fakes = [stack.enter_context(kind()) for kind in kinds]
        slack = stack.enter_context(FakeSlack())
        for place, fake in enumerate(fakes):
            fake.chaos(seed + place, share, HANG_S)
        slack.chaos(chaos := Chaos(seed, share, hang=HANG_S))
        path = Path(folder) / "earful.db"
        store = stack.enter_context(Store.open(path, migrate=True))
        mentions = [_case(store, fakes[n % len(fakes)], n) for n in range(cases)]
        settings = settings_of([fake.entry() for fake in fakes])
        secrets = {name: value for fake in fakes for name, value in fake.environment.items()}
        acts = ReplyActs(store, Policies(settings), ReplyWays(_publishers(settings, secrets)))
        in_flight = answered = 0
        for kill in range(kills + 1):
            upto = cases * (kill + 1) // (kills + 1)
            for number in range(answered, upto):
                acts.answer(mentions[number].id, words(number), DANA, datetime.now(UTC))
            answered = upto
            sender = _start(path, slack, fakes, secrets)
            if kill == kills:
                break
            time.sleep(rng.uniform(0.0, 0.8))
            sender.kill()  # SIGKILL
            sender.communicate()  # closes its pipe too
            in_flight += any(one.next_attempt_at is None for one in store.outbox.sending())
        while _left(store) and time.monotonic() - began < limit_s:
            time.sleep(0.2)
        sender.kill()
        sender.communicate()
        if left := _left(store):
            errors = {f"{one.channel} {one.state}: {one.error}" for one in store.outbox.unsent()}
            raise TimeoutError(f"{left} left after {limit_s:g} s: {errors}")
        for fake in fakes:
            fake.wait()
        slack.wait_idle()
        return _tally(
            store, slack, fakes, mentions, kills, in_flight, chaos, time.monotonic() - began
        )


def words(number: int) -> str:
    return f"We are sorry & look into it <today>, number {number}."


def send(path: Path, api_url: str, config: str) -> NoReturn:
    """Be the sender until killed, with the waits cut short for a test."""
    settings = settings_of(json.loads(config))
    bot = BotTransport(os.environ["SLACK_BOT_TOKEN"], api_url=api_url, timeout=5)
    transport = ByVia({SLACK: bot, **_publishers(settings, os.environ)})
    Policies(settings).of(BRAND)  # loads what messages need, which must not use up the time
    print("ready", flush=True)
    while True:
        with Store.open(path) as store:
            settle_replies(store, settings, datetime.now(UTC))
            deliver(
                store.outbox,
                transport,
                lambda: datetime.now(UTC),
                time.sleep,
                pace=Pace(0),
                settle=SETTLE,
                first_backoff=timedelta(seconds=0.1),
                workers=4,
            )
            news = settle_replies(store, settings, datetime.now(UTC))
        time.sleep(0.0 if news else 0.05)


def _case(store: Store, fake: FakeSource, number: int) -> Mention:
    """Open a case, whose message waits for Slack."""
    now = datetime.now(UTC)
    about: dict[str, Any] = {"url": None, "author": None, **fake.mention(number + 1)}
    mention = Mention(
        brand=BRAND, source=fake.source, text=f"They lost bag {number}.", created_at=now,
        fetched_at=now, native_id=about["native_id"], url=about["url"], author=about["author"],
        parent_id=about.get("parent_id"),
    )  # fmt: skip
    store.mentions.save([mention])
    store.verdicts.save([Scored(mention=mention, verdict=make_verdict(Experience.ANGRY))], now)
    store.cases.open_new([NewCase(mention_id=mention.id, brand=BRAND, opened_at=now, due_at=now)])
    file = store.cases.file(mention.id)
    assert file is not None
    alert = NewAlert(
        dedupe_key=complaint_key(mention.id), kind=AlertKind.COMPLAINT, brand=BRAND,
        channel=CHANNEL, payload=case_card(file, source_places()), created_at=now,
        mention_id=mention.id,
    )  # fmt: skip
    store.outbox.add([alert])
    return mention


def _publishers(settings: Settings, environment: Mapping[str, str]) -> dict[str, Any]:
    made = {
        via_of(name): publisher_for(name, settings, environment, timeout_s=5)
        for name in PUBLISHERS
    }
    return {via: one for via, one in made.items() if one is not None}


def _left(store: Store) -> int:
    return len(store.outbox.unsent()) + len(store.replies.sending())


def _start(
    path: Path, slack: FakeSlack, fakes: Sequence[FakeSource], secrets: Mapping[str, str]
) -> subprocess.Popen[str]:
    config = json.dumps([fake.entry() for fake in fakes])
    sender = subprocess.Popen(
        [
            sys.executable, "-m", "tests.earful.answer_kill_run", "--send", str(path),
            slack.api_url, config,
        ],
        cwd=ROOT,
        env={**os.environ, **secrets, "SLACK_BOT_TOKEN": slack.token},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert sender.stdout is not None
    sender.stdout.readline()
    return sender


def _tally(
    store: Store,
    slack: FakeSlack,
    fakes: Sequence[FakeSource],
    mentions: Sequence[Mention],
    kills: int,
    in_flight: int,
    chaos: Chaos,
    seconds: float,
) -> Tally:
    standing: Counter[str] = Counter()
    for fake in fakes:
        standing += fake.standing()
    places = {message.alert_id: message for message in slack.messages()}
    told: list[int] = []
    answers: list[int] = []
    astray = 0
    for number, mention in enumerate(mentions):
        shown = f"number {number}."
        mine = [one for one in slack.messages() if "has answered" in one.text]
        mine = [one for one in mine if shown in one.text]
        root = places.get(complaint_key(mention.id))
        astray += sum(root is None or one.thread_ts != root.ts for one in mine)
        told.append(len(mine))
        file = store.cases.file(mention.id)
        events = file.events if file else ()
        answers.append(sum(event.event.is_answer for event in events))
    arrived = Counter(slack.alert_ids())
    wanted = [words(number) for number in range(len(mentions))]
    return Tally(
        cases=len(mentions),
        kills=kills,
        kills_while_sending=in_flight,
        standing=sum(standing[one] > 0 for one in wanted),
        stands_twice=sum(standing[one] > 1 for one in wanted),
        answered=sum(number > 0 for number in answers),
        answered_twice=sum(number > 1 for number in answers),
        told=sum(number > 0 for number in told),
        told_twice=sum(number > 1 for number in told),
        astray=astray,
        messages=len(arrived),
        messages_twice=sum(number > 1 for number in arrived.values()),
        writes=sum(len(fake.writes) for fake in fakes),
        looks=sum(len(fake.asked) - len(fake.writes) for fake in fakes),
        slack_faults=sum(chaos.counts.values()),
        seconds=seconds,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--send", nargs=3, metavar=("DB", "API_URL", "CONFIG"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    if options.send:
        send(Path(options.send[0]), options.send[1], options.send[2])
    # Late: the sender does without the spiders' models.
    from tests.alerts.fake_publishing.all_sources import SOURCES

    tally = run(SOURCES, cases=options.cases, kills=options.kills, seed=options.seed, limit_s=1500)
    print(tally)
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
