"""The page that five days of a team write: what stands before them, and the config they use."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "a-team-in-slack.md"
CONFIG = """\
[alerts]
timezone = "Europe/Berlin"
quiet_hours = "Mon-Fri 20:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin"
incident_over = 3

  [[alerts.channels]]
  channel = "#voice-complaints"

    [[alerts.channels.ladder]]
    at = 0.5
    when = "unclaimed"
    ping = "on_call"

    [[alerts.channels.ladder]]
    at = 0.75
    when = "claimed"
    ping = "claimer"
    broadcast = false

    [[alerts.channels.ladder]]
    at = 1.0
    ping = ["claimer", "U0LEA0001"]
    channel = "#support-leads"

[cases]
respond_within = "4h"
business_hours = "Mon-Fri 09:00-18:00 Europe/Berlin"

[[on_call]]
people = [{ name = "Ana", slack = "U0ANA0001" }, { name = "Ben", slack = "U0BEN0001" }]
starts = "2026-10-19 09:00"
timezone = "Europe/Berlin"

[[brands]]
name = "Acme Air"
query = "acme"
approve_replies = true

  [[brands.sources]]
  source = "google_play"
  app_id = "com.acme.air"
  owner_api = true
"""
INTRO = """\
# A team in Slack

This page is the log of a test. Five days of a team of four are lived through the daemon, with its
clock moved, in a Slack and a Google Play that the tests serve: Ana and Ben answer customers, Lea
leads them, Max manages the brand. `.venv/bin/python -m tests.earful.team_days --write` writes it
anew, and `tests/earful/test_team_days.py` holds it to what happens.

Times are Berlin's. What stands before a message is when and where it is seen; *changes* means that
a message changes where it stands, of which only the new lines are shown. The first message of a
kind is shown whole, later ones by their notification. What goes on in the digests' channel is left
out, but for the first digest.

The config, but for the paths and tokens:
"""


def written(days: list[str]) -> str:
    """Give the page of the days that were lived."""
    config = ["```toml", *filter(None, CONFIG.splitlines()), "```"]
    return "\n".join([INTRO, *config, "", *days])
