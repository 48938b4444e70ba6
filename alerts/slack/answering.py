"""How what Earful answers reaches the one who acted, by where they acted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from alerts import messages
from alerts.messages.catalogue import _, later
from alerts.messages.safe_text import clean, cut
from alerts.slack.interactions import (
    Answer,
    Click,
    Command,
    Event,
    HomeOpened,
    Shortcut,
    Submission,
    wrap,
)
from alerts.slack.sdk import TIMEOUT_S, quiet_logger

_MAX_ERROR = 300
# Slack shows nothing for one user alone in a channel where the bot, or that user, is not.
_NOT_THERE = frozenset(
    {"channel_not_found", "not_in_channel", "user_not_in_channel", "is_archived"}
)
_TOO_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "not_found"})
_TOOK_LONG = later("That took too long for Slack to open a window: please click again.")


def acknowledgement(
    event: Event, answer: Answer | None
) -> tuple[Mapping[str, Any] | None, Answer | None]:
    """Give what Slack takes with the acknowledgement, and what is left to be shown."""
    if answer is None:
        return None, None
    if isinstance(event, Command) and answer.payload is not None:
        said = {"response_type": "ephemeral", **_shown(answer.payload)}
        return said, replace(answer, payload=None) if answer.modal is not None else None
    if isinstance(event, Submission):
        if answer.errors:
            said = {"response_action": "errors", "errors": _errors(answer.errors)}
            return said, None
        if answer.modal is not None:
            action = "push" if answer.push else "update"
            said = {"response_action": action, "view": _in(answer.modal, event.channel_id)}
            return said, replace(answer, modal=None) if answer.payload is not None else None
    return None, answer


def failure(event: Event, error: Exception) -> Answer:
    """Tell the one who acted that it failed; what was typed into a modal stays there."""
    sentence = _("That could not be recorded, please click again: {error}", error=error)
    if isinstance(event, Submission) and event.blocks:
        return Answer(errors={next(reversed(list(event.blocks.values()))): sentence})
    return Answer.of(sentence)


class Answering:
    """Shows answers: in the channel for one user alone, as a modal, or in a direct message."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def show(self, event: Event, answer: Answer, body: Mapping[str, Any]) -> None:
        """Show an answer that no acknowledgement took along.

        SlackApiError, OSError or ValueError where Slack does not take it.
        """
        if isinstance(event, HomeOpened):
            return
        if answer.modal is not None:
            self._open(event, answer, body)
        if answer.payload is not None:
            self._tell(event, answer.payload, body, answer.replace)
        if answer.errors:
            # The modal has closed: Slack was told that what it held had arrived.
            sentences = " ".join(answer.errors.values())
            self._tell(
                event,
                messages.note(_("That was not recorded: {sentences}", sentences=sentences)),
                body,
                False,
            )

    def _open(self, event: _Acted, answer: Answer, body: Mapping[str, Any]) -> None:
        assert answer.modal is not None
        view, shown = body.get("view") or {}, _in(answer.modal, event.channel_id)
        in_modal = isinstance(event, Click) and view.get("type") == "modal"
        try:
            if not in_modal:
                self._client.views_open(trigger_id=event.trigger_id, view=shown)
            elif answer.push:
                self._client.views_push(trigger_id=event.trigger_id, view=shown)
            else:
                self._client.views_update(
                    view_id=str(view["id"]), hash=view.get("hash"), view=shown
                )
        except SlackApiError as error:
            if error.response["error"] not in _TOO_LATE:
                raise
            self._direct(event.user_id, messages.note(_(_TOOK_LONG)))

    def _tell(
        self, event: _Acted, payload: Mapping[str, Any], body: Mapping[str, Any], instead: bool
    ) -> None:
        """Tell one user alone, where they acted."""
        view, way = body.get("view") or {}, str(body.get("response_url") or "")
        container = body.get("container") or {}
        if isinstance(event, Click) and view:
            # There is no channel: the message is shown as a modal.
            shown = Answer(modal=messages.as_modal(payload), push=not instead)
            self._open(event, shown, body)
        elif way and (
            isinstance(event, Command | Shortcut) or (container.get("is_ephemeral") or instead)
        ):
            # Slack gives this way for half an hour, also where the bot is no member.
            self._respond(way, payload, instead)
        else:
            self._whisper(event.channel_id, event.user_id, payload)

    def _respond(self, way: str, payload: Mapping[str, Any], instead: bool) -> None:
        answered = WebhookClient(way, timeout=TIMEOUT_S, logger=quiet_logger()).send(
            **_shown(payload), response_type="ephemeral", replace_original=instead
        )
        if answered.status_code != 200:
            raise SlackClientError(f"its response_url answered {answered.status_code}")

    def _whisper(self, channel: str, user: str, payload: Mapping[str, Any]) -> None:
        if not channel:
            self._direct(user, payload)
            return
        try:
            self._client.chat_postEphemeral(
                channel=channel, user=user, link_names=False, **_shown(payload)
            )
        except SlackApiError as error:
            if error.response["error"] not in _NOT_THERE:
                raise
            self._direct(user, payload)

    def _direct(self, user: str, payload: Mapping[str, Any]) -> None:
        self._client.chat_postMessage(
            channel=user, link_names=False, unfurl_links=False, **_shown(payload)
        )


_Acted = Click | Submission | Command | Shortcut


def _shown(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": payload["text"], "blocks": payload["blocks"]}


def _in(view: Mapping[str, Any], channel_id: str) -> dict[str, Any]:
    """Let a view remember where it was opened from."""
    return {**view, "private_metadata": wrap(str(view.get("private_metadata") or ""), channel_id)}


def _errors(errors: Mapping[str, str]) -> dict[str, str]:
    return {block: cut(clean(text, lines=False), _MAX_ERROR)[0] for block, text in errors.items()}
