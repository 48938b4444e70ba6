"""Which Slack channel a name leads to: history and updates take ids, and names move on."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from alerts.slack.sdk import pages
from alerts.slack.slack_errors import error_code

_MAX_PAGES = 100


class ChannelIds:
    """The ids of living channels by name, learnt from responses and from `conversations.list`.

    Needs `channels:read`, and `groups:read` for private channels. Used from several threads.
    """

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    def learn(self, channel: str, slack_channel: str) -> None:
        """Note where a post by this name went."""
        self._ids[_bare(channel)] = slack_channel

    def doubt(self, channel: str) -> None:
        """Forget where a name leads: it may have led elsewhere when something was tried."""
        self._ids.pop(_bare(channel), None)

    def of(self, channel: str) -> str | None:
        """Give the id of a channel, asking Slack where it is not known; None without such one."""
        name = _bare(channel)
        if not channel.startswith("#") and name[:1] in "CGD" and name.isalnum() and name.isupper():
            return name
        if name in self._ids:
            return self._ids[name]
        try:
            self._list(name, "public_channel,private_channel")
        except SlackApiError as error:
            if error_code(error.response)[0] != "missing_scope":
                raise
            # Without `groups:read` Slack refuses the whole question: ask for less.
            self._list(name, "public_channel")
        return self._ids.get(name)

    def _list(self, name: str, types: str) -> None:
        def ask(cursor: str | None) -> SlackResponse:
            return self._client.conversations_list(
                types=types, exclude_archived=True, limit=1000, cursor=cursor
            )

        for page in pages(ask, _MAX_PAGES):
            for channel in page.get("channels") or []:
                self._ids[str(channel.get("name"))] = str(channel.get("id"))
            if name in self._ids:
                return


def _bare(channel: str) -> str:
    return channel.removeprefix("#")
