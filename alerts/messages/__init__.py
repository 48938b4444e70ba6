"""Slack messages as Block Kit payloads (`{"text": ..., "blocks": [...]}`), and their reading."""

from alerts.messages.console import plain
from alerts.messages.notices import backlog, checkpoint, ops
from alerts.messages.voices import complaint, lost_advocate, won_back, wow

__all__ = [
    "backlog",
    "checkpoint",
    "complaint",
    "lost_advocate",
    "ops",
    "plain",
    "won_back",
    "wow",
]
