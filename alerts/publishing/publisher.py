"""What every source's publisher does: one reply sent, looked for, measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from alerts.messages import reply_words
from alerts.outbox.transport import Fate, Look, SendResult, Sight
from alerts.publishing.reply import Length, Reply
from alerts.publishing.web import TIMEOUT_S, Answer, Failed, Web
from config.moved_urls import moved
from config.settings import SourceSettings
from storage.models import Alert


class Publisher(ABC):
    """Posts replies at one source; a transport of the outbox. No method raises.

    `SendResult.slack_ts` and `Look.slack_ts` are the reply's own id at the source, and
    `slack_channel` its public address, where the source gives one.
    """

    source: ClassVar[str]
    label: ClassVar[str]
    default_base_url: ClassVar[str]
    # Environment variables that a reply needs, each with what it is and where to get it.
    secrets: ClassVar[Mapping[str, str]]
    # True: a variable may hold several keys, as "host=key, host=key".
    keys_by_host: ClassVar[bool] = False
    # True: a reply takes the place of one that stands there, so a second try does no harm.
    replaces: ClassVar[bool] = False
    # For people, in a sentence: what is allowed, and how a reply is found again after a crash.
    permission: ClassVar[str]
    once: ClassVar[str]
    most: ClassVar[int | None] = None
    least: ClassVar[int] = 0
    unit: ClassVar[str] = "characters"

    def __init__(
        self,
        sources: Sequence[tuple[str, SourceSettings]],
        environment: Mapping[str, str],
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Take what the config says of this source, each with the name of its brand."""
        self._sources = tuple(sources)
        self._environment = environment
        given = [environment.get(name, "") for name in self.secrets]
        apart = [key for value in given if "=" in value for _, key in _pairs(value)]
        self.web = Web(self.label, timeout_s, [*given, *apart])

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        """Post a reply once; it has no barer form than its text."""
        try:
            return self.post(self._reply(alert))
        except Failed as failed:
            return failed.result

    def find(self, alert: Alert) -> Look:
        """Look whether an earlier try was posted after all."""
        try:
            look = self.look(self._reply(alert))
        except Failed as failed:
            return self._unseen(failed)
        if look is not None:
            return look
        return Look(Sight.ABSENT, reply_words.look_found_nothing(self.label))

    def lane(self, alert: Alert) -> str | None:
        """Name the server that is asked: one request at a time goes to each."""
        try:
            return urlsplit(self.address(self._reply(alert), "")).netloc
        except Failed:
            return self.source

    @property
    def hosts(self) -> set[str]:
        """Name the hosts that keep keys of their own, of all that the config reads."""
        return {self.host_of(source) for _, source in self._sources}

    def missing(self) -> list[str]:
        """Name the secrets that are not set for what the config reads."""
        return [
            name
            for name in self.secrets
            if not all(self._found(name, host) for host in self.hosts)
        ]

    def hindrance(self, brand: str, native_id: str, url: str | None) -> str | None:
        """Say why a mention cannot be answered over the API; None where it can.

        It asks nobody: a review that was removed meanwhile shows itself when the reply is sent.
        """
        missing = self.missing()
        if missing:
            return reply_words.keys_missing(self.label, missing)
        if self.source_of(brand, native_id, url) is None:
            return reply_words.not_read_here(self.label, brand)
        return self.not_over_api(native_id, url)

    def limit(self, text: str, author: str | None = None, native_id: str = "") -> Length:
        """Measure a reply as the source counts it, with what Earful puts before it."""
        shown = self.shown(text, author, native_id)
        return Length(self.label, self.count(shown), self.most, self.least, self.unit)

    def shown(self, text: str, author: str | None, native_id: str) -> str:
        """Give the words as they will stand at the source, such as with a mention before them."""
        return text.strip()

    def count(self, shown: str) -> int:
        """Count the words as the source counts them."""
        return len(shown)

    def not_over_api(self, native_id: str, url: str | None) -> str | None:
        """Say why the source's API takes no reply to such a mention."""
        return None

    def belongs(self, source: SourceSettings, native_id: str, url: str | None) -> bool:
        """Tell whether a mention is from the place that a config entry names."""
        return True

    def host_of(self, source: SourceSettings) -> str:
        """Name the host that keeps its own keys, where `keys_by_host`."""
        return ""

    @abstractmethod
    def post(self, reply: Reply) -> SendResult:
        """Post a reply; raises Failed with what else came of it."""

    @abstractmethod
    def look(self, reply: Reply) -> Look | None:
        """Give where an earlier try stands; None where it does not, Failed where none can tell."""

    def ask(self, method: str, url: str, **how: Any) -> Answer:
        """Ask, and raise Failed for whatever is no good answer."""
        answer = self.web.ask(method, url, **how)
        if answer.good:
            return answer
        raise self.refusal(answer)

    def refusal(self, answer: Answer) -> Failed:
        """Say what an answer from 400 to 499 means for a reply."""
        match answer.status:
            case 401:
                sentence = reply_words.key_refused(self.label, self.secrets, answer.words)
                return Failed(Fate.ACCOUNT_DEAD, sentence)
            case 403:
                sentence = reply_words.forbidden(self.label, answer.words, self.permission)
                return Failed(Fate.BAD_MESSAGE, sentence)
            case 404 | 410:
                return Gone(self.label, answer.words)
            case _:
                return Failed(Fate.BAD_MESSAGE, reply_words.refused(self.label, answer.words))

    def address(self, reply: Reply, path: str) -> str:
        """Give the address of a path of the API, at another server where `base_url` says so."""
        return self.moved_for(self.entry(reply), f"{self.default_base_url}{path}")

    def moved_for(self, source: SourceSettings, url: str) -> str:
        return moved(url, source.base_url) if source.base_url else url

    def entry(self, reply: Reply) -> SourceSettings:
        """Give the config's entry for what a reply answers."""
        source = self.source_of(reply.brand, reply.native_id, reply.url)
        if source is None:
            sentence = reply_words.not_read_here(self.label, reply.brand)
            raise Failed(Fate.BAD_MESSAGE, sentence)
        return source

    def source_of(self, brand: str, native_id: str, url: str | None) -> SourceSettings | None:
        for name, source in self._sources:
            if name == brand and self.belongs(source, native_id, url):
                return source
        return None

    def secret(self, name: str, host: str = "") -> str:
        """Give a secret, of a host where there are several."""
        if value := self._found(name, host):
            return value
        raise Failed(Fate.ACCOUNT_DEAD, reply_words.keys_missing(self.label, [name]))

    def _found(self, name: str, host: str) -> str | None:
        value = self._environment.get(name, "").strip()
        if not self.keys_by_host:
            return value or None
        if "=" in value:
            return dict(_pairs(value)).get(host)
        # One key goes to one host only: it is nobody else's to see.
        return value if value and len(self.hosts) == 1 else None

    def _reply(self, alert: Alert) -> Reply:
        reply = Reply.of(alert)
        if reply is None:
            raise Failed(Fate.BAD_MESSAGE, reply_words.without_a_place(self.label))
        return reply

    def _unseen(self, failed: Failed) -> Look:
        """Say what a look that failed proves: below what is gone stands no reply of ours."""
        result = failed.result
        if isinstance(failed, Gone) or (self.replaces and result.fate is Fate.BAD_MESSAGE):
            return Look(Sight.ABSENT, result.error)
        if result.fate is Fate.BAD_MESSAGE:
            return Look(Sight.BLIND, result.error)
        return Look(Sight.LATER, result.error, retry_after=result.retry_after)


class Gone(Failed):
    """What was to be answered is not there any more."""

    def __init__(self, label: str, words: str = "") -> None:
        super().__init__(Fate.BAD_MESSAGE, reply_words.gone(label, words))


def sent(native_id: str | None, address: str | None = None) -> SendResult:
    """Say that a reply stands at the source, under this id and at this public address."""
    return SendResult(Fate.SENT, slack_ts=native_id, slack_channel=address)


def found(native_id: str | None, address: str | None = None) -> Look:
    """Say that an earlier try stands at the source."""
    return Look(Sight.FOUND, slack_ts=native_id, slack_channel=address)


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    for part in value.split(","):
        host, _, key = part.partition("=")
        yield host.strip().casefold(), key.strip()
