"""One try of an alert, or one look for it, in whatever thread: no store is touched."""

from __future__ import annotations

from dataclasses import dataclass, replace

from alerts.outbox.transport import Fate, Look, SendResult, Sight, Transport, is_erased
from config.redaction import PROCESS
from storage.models import Alert, AlertState


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try came to; `absent`: a look just before saw no earlier try there."""

    result: SendResult
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """An error of our own, in a try or in a look: nobody knows whether Slack has the alert."""

    error: Exception
    in_look: bool

    @property
    def sentence(self) -> str:
        text = PROCESS.text(" ".join(str(self.error).split()))
        return f"Earful failed over this alert ({type(self.error).__name__}: {text[:200]})."


Came = Tried | Look | Raised


class Tries:
    """Speaks to Slack by a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def carry_out(self, claimed: Alert, before: Alert) -> Came:
        """Try or look; an error of our own is given and not raised.

        `before` is the row as it was before this claim: it tells when a doubtful try was.
        """
        try:
            came = self._speak(claimed, before)
        except Exception as error:
            return Raised(error, in_look=before.state is AlertState.SENDING)
        # Servers quote what they were asked with.
        if isinstance(came, Tried):
            return replace(
                came, result=replace(came.result, error=PROCESS.text(came.result.error))
            )
        if isinstance(came, Look):
            return replace(came, error=PROCESS.text(came.error))
        return came

    def _speak(self, claimed: Alert, before: Alert) -> Tried | Look:
        if before.state is AlertState.SENDING:
            return self._transport.find(before)
        absent = False
        if before.in_doubt:
            look = self._transport.find(before)
            # Blind once more: whoever put it back in line has looked with their own eyes.
            if look.sight in (Sight.FOUND, Sight.LATER):
                return look
            absent = look.sight is Sight.ABSENT
        return Tried(self._try(claimed), absent)

    def _try(self, alert: Alert) -> SendResult:
        if is_erased(alert):
            return SendResult(Fate.POINTLESS)  # Slack certainly never had it
        if not alert.payload.get("text"):
            return SendResult(
                Fate.BAD_MESSAGE, "Its payload in the store is damaged: Earful sets it aside."
            )
        result = self._transport.send(alert)
        if result.fate is Fate.BAD_MESSAGE and alert.payload.get("blocks"):
            return self._send_text_only(alert, result)
        return result

    def _send_text_only(self, alert: Alert, first: SendResult) -> SendResult:
        result = self._transport.send(alert, text_only=True)
        if result.fate is not Fate.BAD_MESSAGE:
            return result
        return SendResult(
            Fate.BAD_MESSAGE,
            f"{first.error.rstrip('.')}, and its bare text too: Earful sets it "
            "aside, the others go on.",
        )
