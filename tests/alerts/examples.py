"""One made-up message of each kind: the golden tests' cases, and something to look at.

`python -m tests.alerts.examples` prints them as a console shows them; `--json` as Slack gets
them; `--write` renews the golden files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts import messages
from alerts.digest import (
    CheckpointStanding,
    DigestNumbers,
    OpenCase,
    SourceTrouble,
    digest,
)
from alerts.metrics import Rate, judge_checkpoint
from storage.models import (
    AuthorHistory,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Mention,
    SourceStanding,
    SourceState,
    Stance,
    Verdict,
    Voice,
)

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


def a_mention(**changes: Any) -> Mention:
    mention = Mention(
        brand="Acme Air",
        source="appstore",
        native_id="10045",
        url="https://apps.example/acme-air/reviews/10045?country=gb&page=2",
        author="Petra N.",
        author_native_id="u-77",
        title="Stranded twice & nobody answers",
        text=(
            "Second cancelled flight in a month. The app said <on time> until the gate closed, "
            "then logged me out.\n\nI asked for my refund three weeks ago and still hear nothing."
        ),
        rating=1.0,
        rating_max=5.0,
        language="en",
        created_at=NOW - timedelta(hours=2),
        fetched_at=NOW,
    )
    return replace(mention, **changes)


def a_verdict(
    experience: Experience = Experience.ANGRY,
    stance: Stance = Stance.NEITHER,
    *,
    sure: bool = True,
) -> Verdict:
    chances = dict.fromkeys(Experience, 0.02) | {experience: 0.94}
    leaning = dict.fromkeys(Stance, 0.05) | {stance: 0.9}
    return Verdict(
        experience=experience,
        stance=stance,
        sure=sure,
        p_angry=chances[Experience.ANGRY],
        p_mediocre=chances[Experience.MEDIOCRE],
        p_delighted=chances[Experience.DELIGHTED],
        p_none=chances[Experience.NONE],
        p_advocate=leaning[Stance.ADVOCATE],
        p_hater=leaning[Stance.HATER],
        p_neither=leaning[Stance.NEITHER],
        model="test",
    )


def a_voice(
    experience: Experience = Experience.ANGRY,
    stance: Stance = Stance.NEITHER,
    *,
    sure: bool = True,
    history: AuthorHistory | None = None,
    **changes: Any,
) -> Voice:
    return Voice(
        mention=a_mention(**changes),
        verdict=a_verdict(experience, stance, sure=sure),
        history=history or AuthorHistory(),
    )


ADVOCATE = AuthorHistory(
    mentions=4,
    delighted=3,
    advocate=2,
    first_seen_at=datetime(2026, 5, 3, tzinfo=UTC),
    last_stance=Stance.ADVOCATE,
    last_experience=Experience.DELIGHTED,
)
HATER = AuthorHistory(
    mentions=2,
    angry=2,
    hater=1,
    first_seen_at=datetime(2026, 8, 19, tzinfo=UTC),
    last_stance=Stance.HATER,
    last_experience=Experience.ANGRY,
)
GLAD = {
    "native_id": "10046",
    "url": "https://forum.example/t/9/acme|air>rocks",
    "source": "reddit",
    "author": "sky_walker_*9*",
    "title": None,
    "text": "Rita at the desk in Porto stayed an hour longer to find my son's bear. WOW!! "
    "You *must* fly with them.",
    "rating": None,
    "rating_max": None,
    "reach": 12400,
}


def _complaint() -> dict[str, Any]:
    return messages.complaint(a_voice(stance=Stance.HATER), DUE)


def _complaint_long() -> dict[str, Any]:
    text = "They lost my bag and then they lost the form about my bag. " * 60
    return messages.complaint(a_voice(text=text, title=None, author=None), DUE)


def _wow() -> dict[str, Any]:
    return messages.wow(a_voice(Experience.DELIGHTED, Stance.ADVOCATE, **GLAD), ("Rita",))


def _lost_advocate() -> dict[str, Any]:
    return messages.lost_advocate(a_voice(history=ADVOCATE), NOW + timedelta(hours=2))


def _lost_advocate_answered() -> dict[str, Any]:
    answered = a_voice(history=ADVOCATE, owner_reply="Sorry!", owner_replied_at=NOW)
    return messages.lost_advocate(answered, None)


def _won_back() -> dict[str, Any]:
    glad = {**GLAD, "source": "steam", "rating": 1.0, "rating_max": 1.0, "url": None}
    return messages.won_back(a_voice(Experience.DELIGHTED, history=HATER, **glad), ())


def _backlog() -> dict[str, Any]:
    counts = {
        Experience.ANGRY: 212,
        Experience.MEDIOCRE: 640,
        Experience.DELIGHTED: 371,
        Experience.NONE: 3,
    }
    oldest = datetime(2024, 1, 9, tzinfo=UTC)
    return messages.backlog("Acme Air", "appstore", counts, oldest, NOW - timedelta(days=1), 24)


def _checkpoint() -> dict[str, Any]:
    result = judge_checkpoint(Rate(371, 1100), 0.3)
    assert result.value is not None
    return messages.checkpoint(
        "Acme Air",
        "wow_rate",
        result.target,
        result.value,
        result.interval.low,
        result.interval.high,
        result.total,
        result.next_target,
        "30d",
    )


TARGET = CrawlTarget(brand="Acme Air", source="appstore", target="gb")
WELL = SourceStanding(state=SourceState.OK, since=NOW)


def _ops() -> dict[str, Any]:
    report = CrawlReport(outcome=CrawlOutcome.BLOCKED, reason="HTTP 403 for 12 of 12 requests")
    after = SourceStanding(state=SourceState.BLOCKED, since=NOW, reason=report.reason)
    return messages.ops(TARGET, WELL, after, report, NOW)


def _ops_healed() -> dict[str, Any]:
    report = CrawlReport(outcome=CrawlOutcome.OK, new=31)
    before = SourceStanding(state=SourceState.BLOCKED, since=NOW)
    return messages.ops(TARGET, before, WELL, report, NOW)


def _digest() -> dict[str, Any]:
    return digest(
        DigestNumbers(
            brand="Acme Air",
            start=NOW - timedelta(days=1),
            end=NOW,
            counts={
                Experience.ANGRY: 14,
                Experience.MEDIOCRE: 61,
                Experience.DELIGHTED: 38,
                Experience.NONE: 9,
            },
            previous={
                Experience.ANGRY: 9,
                Experience.MEDIOCRE: 66,
                Experience.DELIGHTED: 30,
                Experience.NONE: 9,
            },
            open_cases=5,
            overdue_cases=1,
            opened_cases=14,
            answered_cases=11,
            best_wow=a_mention(**GLAD),
            oldest_open=OpenCase(
                mention=a_mention(),
                opened_at=NOW - timedelta(days=2),
                due_at=NOW - timedelta(days=1),
            ),
            troubles=(
                SourceTrouble(
                    source="steam",
                    state=SourceState.BLOCKED,
                    since=NOW - timedelta(hours=5),
                    reason="HTTP 403",
                ),
            ),
            checkpoints=(
                CheckpointStanding(
                    metric="wow_rate",
                    window="30d",
                    result=judge_checkpoint(Rate(371, 1100), 0.3),
                ),
                CheckpointStanding(
                    metric="coverage", window="7d", result=judge_checkpoint(Rate(60, 71), 0.9)
                ),
            ),
        )
    )


def _digest_empty() -> dict[str, Any]:
    return digest(
        DigestNumbers(
            brand="Acme Air", start=NOW - timedelta(days=1), end=NOW, counts={}, previous={}
        )
    )


EXAMPLES: dict[str, Callable[[], dict[str, Any]]] = {
    "complaint": _complaint,
    "complaint_long": _complaint_long,
    "lost_advocate": _lost_advocate,
    "lost_advocate_answered": _lost_advocate_answered,
    "wow": _wow,
    "won_back": _won_back,
    "backlog": _backlog,
    "checkpoint": _checkpoint,
    "ops": _ops,
    "ops_healed": _ops_healed,
    "digest": _digest,
    "digest_empty": _digest_empty,
}


def as_json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> None:
    for name, build in EXAMPLES.items():
        payload = build()
        if "--write" in arguments:
            (GOLDEN / f"{name}.json").write_text(as_json(payload), encoding="utf-8")
            (GOLDEN / f"{name}.txt").write_text(messages.plain(payload) + "\n", encoding="utf-8")
        elif "--json" in arguments:
            print(as_json(payload))
        else:
            print(f"\n{f' {name} ':#^80}\ntext: {payload['text']}\n\n{messages.plain(payload)}")


if __name__ == "__main__":
    main(sys.argv[1:])
