"""A team of four in a fake Slack, with the daemon beside it: what they do, and when."""

from __future__ import annotations

import os
import signal
import subprocess
import textwrap
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from alerts.slack.listener import Listener
from config.settings import Secrets, load_settings
from crawler.catalog import options_models
from earful.app import utc_now
from earful.interactions.dispatch import Interactions
from earful.stages.deliver_stage import transport_for
from storage.models import CaseState, Mention
from storage.store import Store
from tests.alerts.fake_publishing.reviews import FakeGooglePlay
from tests.alerts.fake_slack import FakeSlack, Fault, Message
from tests.alerts.fake_views import View
from tests.earful.moved_daemon import MovedClock, MovedDaemon
from tests.earful.running import command
from tests.earful.slack_log import Seen, SlackLog, write
from tests.waiting import PATIENCE_S, wait_for

ZONE = ZoneInfo("Europe/Berlin")
# The daemon looks each minute; so often is enough here, and no stage is taken for stuck.
_AT_WORK, _AT_REST = timedelta(minutes=5), timedelta(minutes=15)


_PLACES = """\
[store]
path = "{path}"

[slack]
complaints = "#voice-complaints"
api_url = "{api_url}"

"""


@dataclass(frozen=True)
class Person:
    id: str
    name: str


ANA, BEN = Person("U0ANA0001", "Ana"), Person("U0BEN0001", "Ben")
LEA, MAX = Person("U0LEA0001", "Lea"), Person("U0MAX0001", "Max")
TEAM = (ANA, BEN, LEA, MAX)


class Office:
    """Slack, Google Play, a daemon and a clock; and the page that tells what happened."""

    def __init__(
        self,
        folder: Path,
        config: str,
        begin: datetime,
        classifier: Callable[[], Any],
        stack: ExitStack,
    ) -> None:
        self._classifier = classifier
        self.clock = MovedClock(begin.astimezone(UTC))
        self.slack = stack.enter_context(
            FakeSlack(
                channels=["voice-complaints", "voice-wows", "voice-digest", "voice-ops",
                          "support-leads", "random"],
                clock=self.clock.seconds,
            )
        )  # fmt: skip
        self.slack.people = {person.id: person.name for person in TEAM}
        self.play = stack.enter_context(FakeGooglePlay())
        self.config = folder / "earful.toml"
        places = _PLACES.format(path=folder / "earful.db", api_url=self.slack.api_url)
        source = f'{config}  base_url = "{self.play.url}"\n  enabled = false\n'
        self.config.write_text(places + source)
        stack.enter_context(patch.dict(os.environ, self.play.environment))
        self.settings = load_settings(self.config, options_models())
        self.path = self.settings.store.path
        self.log = SlackLog(self.slack, ZONE, self.clock)
        self.log.hide("voice-digest")
        self.page: list[str] = []
        self._seen: list[Seen] = []
        self._windows: set[str] = set()
        self._reviews = 0
        self._handled = 0
        self.daemon: MovedDaemon | None = None
        # Held open, as the dashboards hold it: the last one that closes it tidies up each time.
        self.store = stack.enter_context(Store.open(self.path, migrate=True))
        stack.callback(self.stop)

    # The daemon.

    def start(self) -> None:
        token, app_token = self.slack.token, self.slack.app_token
        secrets = Secrets(slack_bot_token=SecretStr(token), slack_app_token=SecretStr(app_token))

        def listen(interactions: Interactions) -> Listener:
            def heard(event: Any) -> Any:
                try:
                    return interactions(event)
                finally:
                    self._handled += 1

            return Listener(
                token, app_token, heard, home=interactions.home, api_url=self.slack.api_url
            )

        connections = self.slack.socket.connected
        self.daemon = MovedDaemon(
            self.settings,
            transport_for(self.settings, secrets),
            self.clock,
            load_classifier=self._classifier,
            listen=listen,
        )
        self.slack.socket.wait_connected(connections + 1)
        self.settle()

    def reconfigure(self, old: str, new: str) -> None:
        """Change the config and start the daemon anew, as its reader must."""
        self.stop()
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))
        self.settings = load_settings(self.config, options_models())
        self.start()

    def stop(self) -> None:
        if self.daemon is not None:
            self.daemon.stop()
            self.daemon = None

    def settle(self) -> None:
        if self.daemon is not None:
            self.daemon.settle()
        self.look()

    # Time.

    @property
    def local(self) -> datetime:
        return self.clock().astimezone(ZONE)

    def at(self, time: str, day: str | None = None, *, fold: int = 0) -> None:
        """Let time pass until a local clock time, of this day or another."""
        hour, minute = map(int, time.split(":"))
        date = datetime.fromisoformat(day) if day else self.local
        to = datetime(date.year, date.month, date.day, hour, minute, fold=fold, tzinfo=ZONE)
        self._pass(to.astimezone(UTC))

    def _pass(self, to: datetime) -> None:
        while (now := self.clock()) < to:
            at_work = self.local.weekday() < 5 and 8 <= self.local.hour < 19
            step = _AT_WORK if at_work else _AT_REST
            grid = now - (now - datetime.min.replace(tzinfo=UTC)) % step + step
            exact = self.daemon.next_exact() if self.daemon else to
            self.clock.set(min(grid, to, max(exact, now + timedelta(seconds=1))))
            self.settle()

    # The public.

    def review(self, author: str, text: str, stars: int = 1, **more: Any) -> Mention:
        """Let somebody write a review, which the next pass of the daemon sees."""
        self._reviews += 1
        about: dict[str, Any] = self.play.mention(self._reviews)
        mention = Mention(
            brand="Acme Air",
            source="google_play",
            text=text,
            rating=float(stars),
            rating_max=5.0,
            language="en",
            created_at=self.clock(),
            fetched_at=self.clock(),
            **{**about, "author": author, "author_native_id": author, **more},
        )
        self.store.mentions.save([mention])
        self.settle()
        return mention

    def review_while_killed(self, author: str, text: str) -> None:
        """Let a review come to a daemon, a process of its own, that is killed while it posts."""
        daemon, self.daemon = self.daemon, None
        assert daemon is not None
        self.review(author, text)
        daemon.judge()
        daemon.stop()
        taken = threading.Event()
        self.slack.fail("chat.postMessage", Fault.hang(PATIENCE_S, posts=True, until=taken))
        before = len(self.slack.called("chat.postMessage"))
        self.clock.run()
        ahead = (self.clock() - utc_now()) / timedelta(days=1)
        process = subprocess.Popen(
            command(self.config, ahead, 60, "run", "--no-serve"),
            env={
                **os.environ,
                "SLACK_BOT_TOKEN": self.slack.token,
                "SLACK_APP_TOKEN": self.slack.app_token,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: len(self.slack.called("chat.postMessage")) > before)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            taken.set()
        self.slack.wait_idle()
        self.clock.set(max(self.clock(), self.local.replace(minute=12, second=0)))
        self.start()

    # The team.

    def click(self, who: Person, on: Any, action: str, **how: Any) -> None:
        handled = self._handled
        envelope = self.slack.click(on, action, user=who.id, name=who.name, **how)
        self._wait(handled, envelope)

    def submit(self, who: Person, fields: Mapping[str, str | Sequence[str]]) -> None:
        handled = self._handled
        envelope = self.slack.submit(self.window(who), fields, user=who.id, name=who.name)
        self._wait(handled, envelope)

    def command(self, who: Person, text: str) -> None:
        handled, whispers = self._handled, len(self.slack.whispers)
        envelope = self.slack.command("/earful", text, who.id, name=who.name)
        self._wait(handled, envelope)
        wait_for(lambda: len(self.slack.whispers) > whispers)

    def shortcut(self, who: Person, callback: str, **how: Any) -> None:
        handled = self._handled
        envelope = self.slack.shortcut(callback, user=who.id, name=who.name, **how)
        self._wait(handled, envelope)

    def home(self, who: Person) -> View:
        handled = self._handled
        self._wait(handled, self.slack.open_home(who.id))
        wait_for(lambda: who.id in self.slack.views.homes)
        return self.slack.views.homes[who.id]

    def window(self, who: Person) -> View:
        wait_for(lambda: self.slack.views.modals(who.id))
        return self.slack.views.modals(who.id)[-1]

    def window_with(self, who: Person, words: str) -> None:
        """Wait until the window before somebody has these words."""
        wait_for(lambda: words in str(self.window(who).blocks))

    def closed(self, who: Person) -> None:
        """Wait until no window is open before somebody, and for what came of it."""
        wait_for(lambda: not self.slack.views.modals(who.id))
        self.settle()

    def _wait(self, handled: int, envelope: str) -> None:
        """Wait until what somebody did is acknowledged, carried out and shown."""
        self.slack.socket.wait_ack(envelope)
        wait_for(lambda: self._handled > handled)
        self.settle()

    # What stands in Slack.

    def case(self, number: int) -> Message:
        """Give the message of a case, by its number."""
        return next(one for one in self.slack.roots() if self.log.name_of(one) == f"case {number}")

    def root(self, words: str) -> Message:
        return next(one for one in self.slack.roots() if words in self.log.text_of(one))

    def reply(self, words: str) -> Message:
        """Give the latest message of a thread that has these words."""
        replies = [one for one in self.slack.messages() if one.thread_ts is not None]
        return next(one for one in reversed(replies) if words in self.log.text_of(one))

    def waiting(self) -> list[int]:
        """Give the numbers of the cases that wait for an answer."""
        cases = self.store.cases.in_states((CaseState.OPEN, CaseState.CLAIMED))
        return sorted(case.id for case in cases)

    # The page.

    def day(self) -> None:
        """Begin the part of the page that tells of this day."""
        self.page += [f"## {self.local:%A}, {self.local.day} {self.local:%B}", ""]

    def look(self) -> None:
        """Take down what changed in Slack since the last look."""
        self._seen += self.log.look()

    def show_window(self, who: Person) -> None:
        """Take down the window that is open before somebody, where its like was not shown yet."""
        view = self.window(who).shown
        if view["title"]["text"] not in self._windows:
            self._windows.add(view["title"]["text"])
            self.look()
            self._seen.append(self.log.view(view, who.name))

    def show_home(self, who: Person) -> None:
        """Take down the app's Home as somebody sees it."""
        view = self.home(who).shown
        self.look()
        self._seen.append(self.log.view(view, who.name))

    def tell(self, prose: str) -> None:
        """Write a sentence of the page, then what people saw since the last one."""
        self.settle()
        self.page += [*textwrap.wrap(prose, 100), ""]
        if self._seen:
            self.page += ["```text", *write(self._seen, ZONE), "```", ""]
        self._seen = []
