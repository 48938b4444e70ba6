"""The section `[slack]`: the channels, and the address of Slack's API."""

from __future__ import annotations

from config.settings.value_types import Channel, HttpUrl, Section


class SlackSettings(Section):
    complaints: Channel = "#voice-complaints"
    wows: Channel = "#voice-wows"
    digest: Channel = "#voice-digest"
    ops: Channel = "#voice-ops"
    api_url: HttpUrl = "https://slack.com/api/"
