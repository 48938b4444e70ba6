"""The judge: what a crawl's stats come to, at each border."""

from __future__ import annotations

from typing import Any

import pytest

from crawler import crawl_outcome
from crawler.crawl_outcome import judge
from storage.models import CrawlOutcome as Outcome


def problem(kind: Outcome, reason: str = "answered 403") -> dict[str, str]:
    return {"outcome": kind.value, "place": "https://x.example/feed", "reason": reason}


def with_problems(*kinds: Outcome, **more: Any) -> dict[str, Any]:
    problems = [problem(kind) for kind in kinds]
    return {crawl_outcome.PROBLEMS: problems, crawl_outcome.PROBLEM_COUNT: len(problems), **more}


NOTHING = {crawl_outcome.PAGES: 1}
FILLED = crawl_outcome.FIELD + "rating"


@pytest.mark.parametrize(
    ("stats", "previous", "expected"),
    [
        ({crawl_outcome.MENTIONS: 5, crawl_outcome.PAGES: 1}, [], Outcome.OK),
        ({crawl_outcome.MENTIONS: 5, crawl_outcome.IRRELEVANT: 5}, [50], Outcome.OK),
        (NOTHING, [], Outcome.EMPTY),
        (NOTHING, [0, 50], Outcome.EMPTY),
        (NOTHING | {crawl_outcome.ASKED_SINCE: True}, [], Outcome.QUIET),
        (NOTHING | {crawl_outcome.ASKED_SINCE: True}, [50], Outcome.QUIET),
        ({crawl_outcome.UNCHANGED: 1}, [50], Outcome.UNCHANGED),
        ({crawl_outcome.UNCHANGED: 1, **NOTHING}, [50], Outcome.UNCHANGED),
        ({}, [], Outcome.FAILED),
        ({"finish_reason": "shutdown", crawl_outcome.MENTIONS: 5}, [], Outcome.FAILED),
        ({"memusage/limit_reached": 1, crawl_outcome.MENTIONS: 5}, [], Outcome.FAILED),
        ({crawl_outcome.STORE_ERROR: "disk full", crawl_outcome.MENTIONS: 5}, [], Outcome.FAILED),
        (with_problems(Outcome.BLOCKED), [], Outcome.BLOCKED),
        (with_problems(Outcome.FAILED, Outcome.BLOCKED), [], Outcome.BLOCKED),
        (with_problems(Outcome.BLOCKED, Outcome.UNAUTHORISED), [], Outcome.UNAUTHORISED),
        (with_problems(Outcome.FAILED, Outcome.BROKEN), [], Outcome.BROKEN),
        (with_problems(Outcome.FAILED, **{crawl_outcome.MENTIONS: 90}), [], Outcome.FAILED),
        ({crawl_outcome.REFUSED: 1}, [], Outcome.BROKEN),
        ({crawl_outcome.REFUSED: 4, crawl_outcome.MENTIONS: 4}, [], Outcome.OK),
        ({crawl_outcome.REFUSED: 5, crawl_outcome.MENTIONS: 5}, [], Outcome.BROKEN),
        ({crawl_outcome.REFUSED: 5, crawl_outcome.MENTIONS: 6}, [], Outcome.OK),
        (
            {crawl_outcome.ALWAYS: ["rating"], crawl_outcome.MENTIONS: 10, FILLED: 5},
            [],
            Outcome.OK,
        ),
        (
            {crawl_outcome.ALWAYS: ["rating"], crawl_outcome.MENTIONS: 10, FILLED: 4},
            [],
            Outcome.BROKEN,
        ),
        ({crawl_outcome.ALWAYS: ["rating"], crawl_outcome.MENTIONS: 4}, [], Outcome.OK),
    ],
)
def test_each_border(stats: dict[str, Any], previous: list[int], expected: Outcome) -> None:
    judged, reason = judge(stats, previous)
    assert judged is expected
    if judged is not Outcome.OK:
        assert reason
        assert "\n" not in reason


def test_a_partly_failed_crawl_says_what_was_kept() -> None:
    stats = with_problems(Outcome.BLOCKED, Outcome.FAILED, **{crawl_outcome.MENTIONS: 90})
    assert judge(stats)[1] == (
        "https://x.example/feed answered 403 (and 1 more problem); 90 mentions that came were "
        "kept: crawl it less often and see `earful sources` for what it allows"
    )


def test_an_empty_answer_is_compared_with_earlier_ones() -> None:
    assert "although it gave 48 before" in (judge(NOTHING, [0, 48, 50])[1] or "")
    assert "check the id or address" in (judge(NOTHING)[1] or "")


def test_refused_entries_are_explained_by_the_first() -> None:
    stats = {
        crawl_outcome.REFUSED: 7,
        crawl_outcome.REFUSED_EXAMPLES: [{"entry": "9", "reason": "id is gone"}],
    }
    assert "all 7 entries were refused, the first because id is gone" in (judge(stats)[1] or "")


def test_good_runs_carry_remarks() -> None:
    stats = {
        crawl_outcome.MENTIONS: 3,
        crawl_outcome.IRRELEVANT: 3,
        crawl_outcome.REFUSED: 1,
        crawl_outcome.BOUNDED: 1,
    }
    assert judge(stats)[1] == (
        "none of 3 entries matched the brand's query; 1 entries were refused; older entries lie "
        "beyond the page limit"
    )
