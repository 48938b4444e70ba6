"""Messages as other places show them: every example within each place's limits, hostile words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from alerts import messages
from alerts.destinations.discord import discord_message
from alerts.destinations.mail_form import letter_of, message_id, subject
from alerts.destinations.message_forms import CARD_BYTES, as_card, as_embed, as_html, as_text
from alerts.destinations.teams import teams_message
from alerts.messages.message_parts import parts_of
from alerts.messages.mrkdwn import Span, spans
from storage.models import Alert, AlertKind, AlertState, Operation
from tests.alerts.examples import EXAMPLES, PLACES, a_file, a_mention
from tests.alerts.fake_destinations import discord_faults
from tests.alerts.form_examples import BERLIN, GOLDEN, NAMES, forms

HOSTILE = (
    "@everyone <@123> **bold** [click](https://evil.example) `code` # title\n"
    "> quote ||spoiler|| <script>alert(1)</script> https://evil.example &lt;b&gt; *x* _y_"
)


def example(name: str) -> dict[str, Any]:
    return EXAMPLES[name]()


@pytest.mark.parametrize(("name", "text"), list(forms()), ids=lambda one: str(one)[:30])
def test_each_form_is_as_it_was_looked_at(name: str, text: str) -> None:
    assert (GOLDEN / name).read_text(encoding="utf-8") == text


def test_no_form_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {name for name, _ in forms()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_message_fits_every_place(name: str) -> None:
    payload = example(name)
    message = parts_of(payload, NAMES)

    assert discord_faults(discord_message(payload, NAMES)) == []
    assert discord_faults(discord_message(payload, NAMES, text_only=True)) == []
    posted = json.dumps(teams_message(payload, BERLIN, NAMES), ensure_ascii=False)
    assert len(posted.encode()) < 28 * 1024
    text = as_text(message, BERLIN)
    # What somebody wrote stands there as they wrote it, in Slack behind an escape.
    quoted = "&lt;@U" in json.dumps(payload)
    for marked in (text, json.dumps(as_card(message, BERLIN)), as_html(message, BERLIN)):
        assert "<!date" not in marked
        assert quoted or "<@U" not in marked
        assert "{date_short" not in marked
    assert text.strip()


def test_a_complaint_reads_as_it_does_in_slack_with_the_times_of_the_team() -> None:
    text = as_text(parts_of(example("complaint")), BERLIN)

    assert text.startswith("Complaint about Acme Air\n========================\n")
    assert "Answer by: Tue 24 Nov 2026, 14:30 CET" in text
    assert "> Second cancelled flight in a month. The app said <on time> until" in text
    assert "Read it on the App Store: https://apps.example/acme-air/reviews/10045" in text
    assert "&lt;" not in text


def test_a_user_of_slack_has_a_name_elsewhere() -> None:
    reminder = parts_of(example("reminder"), NAMES)
    assert as_text(reminder, UTC).startswith("Dana this case is yours.")
    line = "<!subteam^S0GROUP> *Rita* (<@U0123ABCD>) thanks <@U9> <!subteam^S1|@support>"
    assert spans(line) == (
        Span("Rita", bold=True), Span(" thanks "), Span("@U9"), Span(" "), Span("@support"),
    )  # fmt: skip


def test_discord_shows_each_reader_a_moment_in_their_zone() -> None:
    shown = as_embed(parts_of(example("complaint")))["description"]
    assert "**Answer by**: <t:1795527000:f>" in shown


def test_what_a_customer_writes_formats_and_pings_nothing_anywhere() -> None:
    hostile = a_mention(title=None, text=HOSTILE, author="@here <b>")
    payload = messages.case_card(replace(a_file(), mention=hostile), PLACES)
    message = parts_of(payload)

    shown = as_embed(message)["description"]
    assert "\\*\\*bold\\*\\* \\[click\\]\\(https\\://evil.example\\)" in shown
    assert "\\@everyone \\<\\@123\\>" in shown
    assert discord_message(payload, {})["allowed_mentions"] == {"parse": []}
    page = as_html(message, UTC)
    found = _Tags()
    found.feed(page)
    assert "script" not in found.tags
    assert "&lt;script&gt;" in page
    assert not [link for link in found.links if "evil" in link]
    card = as_card(message, UTC)
    runs = [run for block in card["body"] for run in _runs(block)]
    # A text run of an Adaptive Card knows no Markdown: what stands there is shown as it is.
    assert any("**bold** [click](https://evil.example)" in run["text"] for run in runs)
    assert not [run for run in runs if "evil" in run.get("selectAction", {}).get("url", "")]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def _runs(block: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [run for item in block.get("items", []) for run in _runs(item)]
    return [*block.get("inlines", []), *inner]


def test_a_message_too_long_for_a_card_ends_in_an_ellipsis() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "word " * 500}}
    card = as_card(parts_of({"text": "x", "blocks": [section] * 40}), UTC)
    assert len(json.dumps(card)) <= CARD_BYTES
    assert card["body"][-1]["text"] == "…"
    assert len(card["body"]) > 5


def an_alert_row(**changes: Any) -> Alert:
    row: dict[str, Any] = {
        "id": 1, "dedupe_key": "complaint:appstore:1", "kind": AlertKind.COMPLAINT,
        "brand": "Acme Air", "channel": "#support-mail", "payload": example("complaint"),
        "state": AlertState.SENDING, "attempts": 1,
        "created_at": datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    }  # fmt: skip
    return Alert(**(row | changes))


def test_a_mail_is_always_the_same_bytes_and_what_follows_stands_in_its_thread() -> None:
    def letter(alert: Alert) -> bytes:
        return letter_of(
            alert, "Earful <earful@example.com>", ["Ann <ann@example.com>"], BERLIN, NAMES
        ).content

    root = an_alert_row()
    reply = an_alert_row(
        dedupe_key="case:1:2", operation=Operation.REPLY, root_key=root.dedupe_key,
        root_text=root.payload["text"], payload={"text": "Dana claimed this case."},
    )  # fmt: skip

    assert letter(root) == letter(root)
    root_id = message_id(root.dedupe_key, "example.com")
    assert f"Message-ID: {root_id}\r\n".encode() in letter(root)
    assert f"In-Reply-To: {root_id}\r\nReferences: {root_id}\r\n".encode() in letter(reply)
    assert b"Subject: Re: Complaint about Acme Air" in letter(reply)
    assert b"Auto-Submitted: auto-generated" in letter(root)


def test_no_line_of_a_mail_can_end_it_early(tmp_path: Path) -> None:
    text = "first\n.\n.second\n..third"
    content = letter_of(
        an_alert_row(payload={"text": text}), "a@example.com", ["b@example.com"], UTC, {}
    ).content
    assert b"\r\n.\r\n" not in content
    assert content.endswith(b"\r\n")
    assert b"\r\n..second" in content


def test_a_subject_is_one_line_whatever_stands_in_the_summary() -> None:
    assert subject("Complaint\r\nBcc: x@example.com <https://a.example|from Ann>") == (
        "Complaint Bcc: x@example.com from Ann: https://a.example"
    )
    assert len(subject("word " * 100)) <= 150
