"""Five days of a team of four: who heard of what, when, how often; and the page that tells it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from storage.models import CaseState
from storage.models.dedupe_keys import complaint_key
from tests.earful import team_days
from tests.earful.team_office import ZONE, Office
from tests.earful.team_page import PAGE, written

pytestmark = pytest.mark.slow("lives through five days, and starts a daemon as a process")

DUE = {
    1: "Fri 13:10", 2: "Fri 15:05", 3: "Mon 13:35", 4: "Mon 11:10", 5: "Mon 12:10",
    6: "Mon 13:00", 7: "Mon 13:00", 8: "Mon 13:00", 9: "Mon 13:30", 10: "Mon 14:10",
}  # fmt: skip
ESCALATIONS = [
    ("Fri 13:05", "warning", 2, "#voice-complaints"),
    ("Fri 14:05", "reminder", 2, "#voice-complaints"),
    ("Fri 15:10", "overdue", 2, "#voice-complaints"),
    ("Fri 15:10", "overdue", 2, "#support-leads"),
    ("Fri 15:15", "reminder", 2, "#voice-complaints"),
    ("Mon 10:10", "reminder", 4, "#acme-complaints"),
    ("Mon 11:10", "reminder", 5, "#acme-complaints"),
    ("Mon 11:15", "overdue", 4, "#acme-complaints"),
    ("Mon 11:15", "overdue", 4, "#support-leads"),
]


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    memory = team_days.MEMORY if team_days.MEMORY.is_dir() else None
    with TemporaryDirectory(dir=memory) as folder, ExitStack() as stack:
        yield team_days.spend(Path(folder), stack)


def shown(office: Office, at: datetime) -> str:
    return f"{at.astimezone(ZONE):%a %H:%M}"


def rows(office: Office, sql: str) -> list[dict[str, object]]:
    return [dict(row) for row in office.store.database.connection.execute(sql)]


def test_every_complaint_has_one_message_and_one_person(office: Office) -> None:
    cases = office.store.cases.in_states(tuple(CaseState))
    assert [case.id for case in cases if case.waits] == []
    assert len(cases) == 16
    roots = Counter(office.log.name_of(one) for one in office.slack.roots())
    ends = Counter(str(case.state) for case in cases)
    assert ends == {"responded": 15, "dismissed": 1}
    for case in cases:
        in_incident = case.id > 13
        assert roots[f"case {case.id}"] == (0 if in_incident else 1)
        events = office.store.cases.events(case.id)
        (end,) = [event for event in events if event.event in ("responded", "muted")]
        # Whoever has a case has it to the end, even where a colleague says that it is answered.
        assert (case.claimed_by or end.actor) in ("Ana", "Ben", "Lea")


def test_nothing_came_twice_and_nothing_waits(office: Office) -> None:
    ids = Counter(one.alert_id for one in office.slack.messages() if not one.files)
    assert {key: times for key, times in ids.items() if times > 1} == {}
    left = rows(office, "SELECT state, operation, root_key FROM alerts WHERE state <> 'sent'")
    # The message that was deleted came anew as it was by then: its update had nothing to say.
    made_by_hand = office.store.cases.get(4)
    assert made_by_hand is not None
    deleted = complaint_key(made_by_hand.mention_id)
    assert left == [{"state": "dropped", "operation": "update", "root_key": deleted}]
    answer = "Hello Jo, we are sorry. Your bag is at the desk in hall B until 22:00."
    assert office.play.standing() == {answer: 1}
    assert office.slack.door.late == []


def test_due_times_are_the_team_s_hours_over_the_change_of_the_clock(office: Office) -> None:
    cases = office.store.cases.in_states(tuple(CaseState))
    assert {case.id: shown(office, case.due_at) for case in cases if case.id in DUE} == DUE


def test_reminders_came_when_and_where_the_ladder_says(office: Office) -> None:
    said = rows(
        office,
        "SELECT a.created_at, a.kind, k.id, a.channel FROM alerts a "
        "JOIN cases k ON k.mention_id = a.mention_id "
        "WHERE a.kind IN ('warning', 'reminder', 'overdue') ORDER BY a.id",
    )
    found = [
        (shown(office, datetime.fromisoformat(str(row["created_at"]))), row["kind"], row["id"],
         row["channel"])
        for row in said
    ]  # fmt: skip
    assert found == ESCALATIONS


def test_the_weekend_is_quiet(office: Office) -> None:
    quiet = datetime(2026, 10, 23, 20, 0, tzinfo=ZONE)
    over = datetime(2026, 10, 26, 8, 0, tzinfo=ZONE)
    assert over - quiet == timedelta(hours=60)  # by the wall clock
    told = [
        one
        for one in office.slack.messages()
        if quiet.timestamp() <= float(one.ts) < over.timestamp()
    ]
    assert told == []


def test_the_day_of_the_clock_change_has_25_hours(office: Office) -> None:
    digest = office.root("Acme Air, 25 Oct 2026")
    stamps = [int(found) for found in re.findall(r"<!date\^(\d+)", str(digest.blocks[-1]))]
    begin, end = (datetime.fromtimestamp(stamp, UTC) for stamp in stamps)
    assert (begin.hour, end.hour, end - begin) == (7, 8, timedelta(hours=25))


def test_the_page_is_what_happened(office: Office) -> None:
    page = written(office.page)
    assert page == PAGE.read_text()
    assert page.count("\n") <= 480
