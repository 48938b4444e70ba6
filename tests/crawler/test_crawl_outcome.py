"""The judge: what a crawl's stats come to, at each border."""

from __future__ import annotations

from typing import Any

import pytest

from crawler import stat_keys
from crawler.crawl_outcome import judge
from storage.models import CrawlOutcome as Outcome


def problem(kind: Outcome, reason: str = "answered 403") -> dict[str, str]:
    return {"outcome": kind.value, "place": "https://x.example/feed", "reason": reason}


def with_problems(*kinds: Outcome, **more: Any) -> dict[str, Any]:
    problems = [problem(kind) for kind in kinds]
    return {stat_keys.PROBLEMS: problems, stat_keys.PROBLEM_COUNT: len(problems), **more}


NOTHING = {stat_keys.PAGES: 1}
FILLED = stat_keys.FIELD + "rating"


@pytest.mark.parametrize(
    ("stats", "previous", "expected"),
    [
        ({stat_keys.MENTIONS: 5, stat_keys.PAGES: 1}, [], Outcome.OK),
        ({stat_keys.MENTIONS: 5, stat_keys.IRRELEVANT: 5}, [50], Outcome.OK),
        (NOTHING, [], Outcome.EMPTY),
        (NOTHING, [0, 50], Outcome.EMPTY),
        (NOTHING | {stat_keys.ASKED_SINCE: True}, [], Outcome.QUIET),
        (NOTHING | {stat_keys.ASKED_SINCE: True}, [50], Outcome.QUIET),
        ({stat_keys.UNCHANGED: 1}, [50], Outcome.UNCHANGED),
        ({stat_keys.UNCHANGED: 1, **NOTHING}, [50], Outcome.UNCHANGED),
        ({}, [], Outcome.FAILED),
        ({"finish_reason": "shutdown", stat_keys.MENTIONS: 5}, [], Outcome.FAILED),
        ({"memusage/limit_reached": 1, stat_keys.MENTIONS: 5}, [], Outcome.FAILED),
        ({stat_keys.STORE_ERROR: "disk full", stat_keys.MENTIONS: 5}, [], Outcome.FAILED),
        (with_problems(Outcome.BLOCKED), [], Outcome.BLOCKED),
        (with_problems(Outcome.FAILED, Outcome.BLOCKED), [], Outcome.BLOCKED),
        (with_problems(Outcome.BLOCKED, Outcome.UNAUTHORISED), [], Outcome.UNAUTHORISED),
        (with_problems(Outcome.FAILED, Outcome.BROKEN), [], Outcome.BROKEN),
        (with_problems(Outcome.FAILED, **{stat_keys.MENTIONS: 90}), [], Outcome.FAILED),
        ({stat_keys.REFUSED: 1}, [], Outcome.BROKEN),
        ({stat_keys.REFUSED: 4, stat_keys.MENTIONS: 4}, [], Outcome.OK),
        ({stat_keys.REFUSED: 5, stat_keys.MENTIONS: 5}, [], Outcome.BROKEN),
        ({stat_keys.REFUSED: 5, stat_keys.MENTIONS: 6}, [], Outcome.OK),
        (
            {stat_keys.ALWAYS: ["rating"], stat_keys.MENTIONS: 10, FILLED: 5},
            [],
            Outcome.OK,
        ),
        (
            {stat_keys.ALWAYS: ["rating"], stat_keys.MENTIONS: 10, FILLED: 4},
            [],
            Outcome.BROKEN,
        ),
        ({stat_keys.ALWAYS: ["rating"], stat_keys.MENTIONS: 4}, [], Outcome.OK),
    ],
)
def test_each_border(stats: dict[str, Any], previous: list[int], expected: Outcome) -> None:
    judged, reason = judge(stats, previous)
    assert judged is expected
    if judged is not Outcome.OK:
        assert reason
        assert "\n" not in reason


def test_a_partly_failed_crawl_says_what_was_kept() -> None:
    stats = with_problems(Outcome.BLOCKED, Outcome.FAILED, **{stat_keys.MENTIONS: 90})
    assert judge(stats)[1] == (
        "https://x.example/feed answered 403 (and 1 more problem); Earful kept the 90 mentions "
        "that came: crawl it less often; `earful sources` shows its limits"
    )


def test_an_empty_answer_is_compared_with_earlier_ones() -> None:
    assert "although it gave 48 before" in (judge(NOTHING, [0, 48, 50])[1] or "")
    assert "check the id or address" in (judge(NOTHING)[1] or "")


def test_a_lost_page_is_the_settings_fault_at_first_and_the_sites_after_good_runs() -> None:
    stats = {
        stat_keys.PROBLEM_COUNT: 1,
        stat_keys.PROBLEMS: [
            {
                "outcome": "failed",
                "place": "https://x.example/app/7",
                "reason": "answered 404: there is no such page",
                "missing": "yes",
            }
        ],
    }
    first, later = judge(stats), judge(stats, [12])
    assert first[0] is later[0] is Outcome.FAILED
    assert first[1] == (
        "https://x.example/app/7 answered 404: there is no such page: check the id or address in "
        "earful.toml"
    )
    assert "the fault is the site's, not your settings'" in (later[1] or "")
    assert "earful.toml" not in (later[1] or "")
    assert judge(stats, [0])[1] == later[1], "a good run without news was one too"


def test_undated_entries_are_counted() -> None:
    stats = {stat_keys.PAGES: 1, stat_keys.MENTIONS: 6, stat_keys.UNDATED: 6}
    assert judge(stats) == (Outcome.OK, "6 entries without a date that can be read")


def test_refused_entries_are_explained_by_the_first() -> None:
    stats = {
        stat_keys.REFUSED: 7,
        stat_keys.REFUSED_EXAMPLES: [{"entry": "9", "reason": "id is gone"}],
    }
    assert "Earful refused all 7 entries, the first because id is gone" in (judge(stats)[1] or "")
    one = {**stats, stat_keys.REFUSED: 1}
    assert "Earful refused the only entry because id is gone" in (judge(one)[1] or "")


def test_good_runs_carry_remarks() -> None:
    stats = {
        stat_keys.MENTIONS: 3,
        stat_keys.IRRELEVANT: 3,
        stat_keys.REFUSED: 1,
        stat_keys.BOUNDED: 1,
    }
    assert judge(stats)[1] == (
        "none of 3 entries matched the brand's query; Earful refused 1 entry; older entries lie "
        "beyond the page limit"
    )
