"""The dedupe keys of alerts stay what they are: a store full of sent ones knows them."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from storage.models import dedupe_keys as keys
from storage.store import Store
from tests.docs.modules import modules

# Eleven at night in UTC, already tomorrow in Berlin: keys go by UTC whatever zone a moment has.
NOW = datetime(2026, 3, 10, 23, 7, 9, tzinfo=UTC).astimezone(timezone(timedelta(hours=1)))
MENTION = "appstore:42"

# Literal, and never to be mended with the code: what they name was sent under these words.
PINNED = {
    "complaint_key": (keys.complaint_key(MENTION), "complaint:appstore:42"),
    "wow_key": (keys.wow_key(MENTION), "wow:appstore:42"),
    "case_reply_key": (keys.case_reply_key(7, 3), "case:7:3"),
    "case_event_key": (keys.case_event_key("webhook:crm", 12), "case-event:webhook:crm:12"),
    "issue_key": (keys.issue_key("issues:bugs", MENTION), "issue:issues:bugs:appstore:42"),
    "step_key": (
        keys.step_key(7, NOW, "at 0.5 unclaimed", "U0DANA", "#leads"),
        "ladder:7:2026-03-10T23:07:09+00:00:at 0.5 unclaimed:U0DANA:#leads",
    ),
    "line_key": (
        keys.line_key("Acme Air:#voice:overdue", NOW),
        "ladder:many:Acme Air:#voice:overdue:2026-03-10T23:07:09",
    ),
    "update_key": (keys.update_key("complaint:appstore:42"), "update:complaint:appstore:42"),
    "numbered_key": (keys.numbered_key("update:wow:a:1", 2), "update:wow:a:1:2"),
    "over_key": (keys.over_key("ops:store:x"), "ops:store:x:over"),
    "incident_key": (
        keys.incident_key("Acme Air", NOW),
        "incident:Acme Air:2026-03-10T23:07:09+00:00",
    ),
    "back_key": (
        keys.back_key("incident:A:1", NOW),
        "incident:A:1:back:2026-03-10T23:07:09+00:00",
    ),
    "worked_key": (keys.worked_key("incident:A:1", "C1:2"), "incident:A:1:worked:C1:2"),
    "spike_key": (keys.spike_key("Acme Air", "anger", NOW), "spike:Acme Air:anger:2026-03-10"),
    "limited_key": (keys.limited_key("#voice", NOW), "limited:#voice:2026-03-10T23"),
    "backlog_key": (
        keys.backlog_key("Acme Air", "steam", NOW),
        "backlog:Acme Air:steam:2026-03-10",
    ),
    "checkpoint_key": (
        keys.checkpoint_key("Acme Air", "wow_rate", 0.30),
        "checkpoint:Acme Air:wow_rate:0.3",
    ),
    "lowered_key": (
        keys.lowered_key("Acme Air", "wow_rate", 7),
        "lowered:Acme Air:wow_rate:7",
    ),
    "version_key": (keys.version_key("Acme Air", "5.2.0"), "version:Acme Air:5.2.0"),
    "advocates_key": (
        keys.advocates_key("Acme Air", NOW.date()),
        "advocates:Acme Air:2026-03-11",
    ),
    "competitor_key": (
        keys.competitor_key("Rival Air", NOW, ended=False),
        "ops:competitor:Rival Air:2026-03-10T23:07:09",
    ),
    "competitor_key, ended": (
        keys.competitor_key("Rival Air", NOW, ended=True),
        "ops:competitor:ended:Rival Air:2026-03-10T23:07:09",
    ),
    "kudos_key": (keys.kudos_key("Acme Air", "2026-03"), "kudos:Acme Air:2026-03"),
    "digest_key": (keys.digest_key("Acme Air", NOW), "digest:Acme Air:2026-03-10T23:07"),
    "digest_key, weekly": (
        keys.digest_key("Acme Air", NOW, weekly=True),
        "digest:week:Acme Air:2026-03-10T23:07",
    ),
    "report_key": (
        keys.report_key("A", date(2026, 5, 4), "#voice-digest"),
        "report:A:2026-05-04:#voice-digest",
    ),
    "report_file_key": (keys.report_file_key("report:A"), "file:report:A"),
    "chart_key": (keys.chart_key("digest:A:2026"), "chart:digest:A:2026"),
    "speed_key": (keys.speed_key("digest:week:A:2026"), "speed:digest:week:A:2026"),
    "source_key, healed": (
        keys.source_key("Acme Air", "steam", "620", NOW, trouble=None),
        "ops:healed:Acme Air:steam:620:2026-03-10T23:07:09",
    ),
    "source_key, trouble": (
        keys.source_key("Acme Air", "steam", "620", NOW, trouble="blocked"),
        "ops:trouble:blocked:Acme Air:steam:620:2026-03-10T23:07:09",
    ),
    "overdue_key": (keys.overdue_key("Acme Air", NOW), "ops:overdue:Acme Air:2026-03-10"),
    "problems_key, trouble": (
        keys.problems_key([("disk", NOW.astimezone(UTC))], over=False),
        "ops:trouble:ebc0e5371ecedfff",
    ),
    "problems_key, over": (
        keys.problems_key(
            [("disk", NOW.astimezone(UTC)), ("crawl", NOW.astimezone(UTC))], over=True
        ),
        "ops:over:7f7917c685c9aed2",
    ),
    "away_key": (keys.away_key(NOW), "ops:away:2026-03-10T23:07:09"),
    "clock_key": (
        keys.clock_key(NOW, timedelta(hours=-1)),
        "ops:clock:2026-03-10T23:07:09+00:00:-3600",
    ),
    "store_trouble_key": (keys.store_trouble_key(NOW), "ops:store:2026-03-10T23:07:09"),
    "answer_key": (keys.answer_key(7), "answer:7"),
    "draft_key": (keys.draft_key(7), "draft:7"),
    "forgotten_key": (keys.forgotten_key("wow:steam:1"), "forgotten:wow:steam:1"),
}


@pytest.mark.parametrize("name", PINNED)
def test_each_key_is_what_it_always_was(name: str) -> None:
    made, pinned = PINNED[name]
    assert made == pinned


def test_every_kind_of_key_is_pinned() -> None:
    kinds = {name for name in vars(keys) if name.endswith("_key")}
    assert {name.split(",")[0] for name in PINNED} == kinds


def test_no_room_words_a_key_by_itself() -> None:
    """A key written in place is one that no pin above holds."""
    worded = [
        f"{module.path}:{value.lineno}"
        for module in modules()
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call)
        for name, value in ((one.arg, one.value) for one in call.keywords)
        if name in ("dedupe_key", "root_key") and isinstance(value, ast.JoinedStr | ast.Constant)
        if not (isinstance(value, ast.Constant) and value.value is None)
    ]
    assert worded == []


def test_statements_make_the_same_keys(tmp_path: Path) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        row = store.database.connection.execute(
            "SELECT wow_key(?1), forgotten_key(?1)", (MENTION,)
        ).fetchone()
    assert tuple(row) == (keys.wow_key(MENTION), keys.forgotten_key(MENTION))
