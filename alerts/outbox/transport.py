"""What a way to Slack must do, what may come of it, and the console as the simplest one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TextIO, runtime_checkable

from alerts.messages import plain
from storage.models import Alert, Operation, TroubleKind


class Fate(StrEnum):
    """What became of one try to post. All but `SENT` and `UNCLEAR` mean: certainly not posted.

    `POINTLESS`: this way to Slack cannot do it, or nobody may; no fault. `MESSAGE_GONE`: Slack no
    longer has the message that it is about. `THREAD_DEAD`: the Slack channel in which that message
    stands takes nothing; others of the channel's name may go elsewhere.
    """

    SENT = "sent"
    UNCLEAR = "unclear"
    NOT_SENT = "not_sent"
    RATE_LIMITED = "rate_limited"
    CHANNEL_DEAD = "channel_dead"
    THREAD_DEAD = "thread_dead"
    MESSAGE_GONE = "message_gone"
    ACCOUNT_DEAD = "account_dead"
    BAD_MESSAGE = "bad_message"
    POINTLESS = "pointless"


_TROUBLE_OF = {
    Fate.CHANNEL_DEAD: TroubleKind.CHANNEL,
    Fate.THREAD_DEAD: TroubleKind.CHANNEL,
    Fate.ACCOUNT_DEAD: TroubleKind.ACCOUNT,
    Fate.BAD_MESSAGE: TroubleKind.MESSAGE,
}


@dataclass(frozen=True, slots=True)
class SendResult:
    """`error` is one plain sentence for people; `retry_after` is in seconds."""

    fate: Fate
    error: str = ""
    slack_ts: str | None = None
    retry_after: float | None = None
    slack_channel: str | None = None

    @property
    def trouble(self) -> TroubleKind:
        """Give the kind of the `error`."""
        return _TROUBLE_OF.get(self.fate, TroubleKind.PASSING)


class Sight(StrEnum):
    """What a look for an alert's own message came to; `BLIND` can never tell, `LATER` may."""

    FOUND = "found"
    ABSENT = "absent"
    LATER = "later"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Look:
    """`final`: what is `ABSENT` now does not come late either."""

    sight: Sight
    error: str = ""
    slack_ts: str | None = None
    retry_after: float | None = None
    slack_channel: str | None = None
    final: bool = False

    @property
    def trouble(self) -> TroubleKind:
        """Give the kind of the `error`."""
        return TroubleKind.BY_EYE if self.sight is Sight.BLIND else TroubleKind.PASSING


class Transport(Protocol):
    """A way to post alerts. No method raises for what the other side responds.

    Lanes are used side by side, from several threads; within one lane all is one by one.
    """

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        """Post once, without a hidden retry."""
        ...

    def find(self, alert: Alert) -> Look:
        """Look whether an earlier try was posted after all."""
        ...

    def lane(self, alert: Alert) -> str | None:
        """Name what shares one pace and one line with others; None needs no pace."""
        ...


@runtime_checkable
class TakesBack(Protocol):
    """A way that can take back what it posted twice."""

    def remove_doubles(self, alert: Alert) -> Look:
        """Look for other messages of a sent alert and delete those; `FOUND` if there was one."""
        ...


def broadcast(alert: Alert) -> bool:
    """Tell whether a reply must be seen in the channel too, thread or no thread."""
    return alert.operation is Operation.REPLY and bool(alert.payload.get("broadcast"))


def is_erased(alert: Alert) -> bool:
    """Tell whether an alert's words were forgotten before Slack was known to have it."""
    return bool(alert.payload.get("erased")) and alert.operation is not Operation.UPDATE


def shown_blocks(alert: Alert, *, buttons: bool) -> list[dict[str, Any]] | None:
    """Give a message's blocks; without buttons where nobody would hear them."""
    blocks: list[dict[str, Any]] | None = alert.payload.get("blocks")
    if blocks is None or buttons:
        return blocks
    return [block for block in blocks if block.get("type") != "actions"]


_UNREAD = "alerts go to this console, and nobody reads its output any more"
_DO = "start Earful again, or set SLACK_BOT_TOKEN; they wait meanwhile."


class ConsoleTransport:
    """Print alerts where no Slack is configured."""

    def __init__(self, stream: TextIO, width: int = 80) -> None:
        self._stream = stream
        self._width = width

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation is Operation.UPLOAD and "file" in alert.payload:
            self._print(f"{alert.payload['file']}\n")
            return SendResult(Fate.SENT)
        if alert.operation in (Operation.UPDATE, Operation.UPLOAD):
            # What is printed stays; the reply that comes with an update tells the change.
            return SendResult(Fate.POINTLESS)
        place = f" {alert.channel} "
        if alert.operation is Operation.REPLY:
            place = f" {alert.channel}, in the thread "
        try:
            self._print(f"\n{place:-^{self._width}}\n{plain(alert.payload, self._width)}\n")
        except (OSError, ValueError) as error:
            return SendResult(Fate.ACCOUNT_DEAD, f"{_UNREAD} ({error}): {_DO}")
        return SendResult(Fate.SENT)

    def _print(self, shown: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(shown.encode(encoding, "replace").decode(encoding))
        self._stream.flush()

    def find(self, alert: Alert) -> Look:
        # Whoever watched the console of a killed process may never have seen it: print again.
        return Look(Sight.ABSENT, final=True)

    def lane(self, alert: Alert) -> str | None:
        return None
