"""Some made-up messages as other places show them: golden tests' cases, and something to look at.

`python -m tests.alerts.form_examples` prints them; `--write` renews the golden files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.destinations.discord import discord_message
from alerts.destinations.issue_text import as_document, as_markdown, issue_of
from alerts.destinations.message_forms import as_html, as_text
from alerts.destinations.teams import teams_message
from alerts.messages.issue_form import issue
from alerts.messages.message_parts import parts_of
from storage.models.dedupe_keys import issue_key
from tests.alerts.examples import EXAMPLES, PLACES, a_file, as_json

GOLDEN = Path(__file__).parent / "golden_forms"
BERLIN = ZoneInfo("Europe/Berlin")
NAMES = {"U0DANA": "Dana"}
SHOWN = (
    "complaint", "lost_advocate", "case_claimed", "case_issue", "reminder", "overdue", "wow",
    "incident", "digest", "ops",
)  # fmt: skip


def forms() -> Iterator[tuple[str, str]]:
    """Give each form by the name of its file."""
    for name in SHOWN:
        payload = EXAMPLES[name]()
        message = parts_of(payload, NAMES)
        yield f"{name}.mail.txt", as_text(message, BERLIN)
        yield f"{name}.mail.html", as_html(message, BERLIN)
        yield f"{name}.teams.json", as_json(teams_message(payload, BERLIN, NAMES))
        yield f"{name}.discord.json", as_json(discord_message(payload, NAMES))
    file = a_file()
    key = issue_key("issues:bugs", file.case.mention_id)
    made = issue_of(key, issue(file, PLACES, "dana"))
    yield "issue.md", f"{made.title}\n\n{as_markdown(made)}\n"
    yield "issue.jira.json", as_json({"summary": made.title, "description": as_document(made)})


def main(arguments: list[str]) -> None:
    for name, text in forms():
        if "--write" in arguments:
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / name).write_text(text, encoding="utf-8")
        elif name.endswith("discord.json"):
            print(f"\n{f' {name} ':#^80}\n{json.loads(text)['embeds'][0]['description']}")
        else:
            print(f"\n{f' {name} ':#^80}\n{text}")


if __name__ == "__main__":
    main(sys.argv[1:])
