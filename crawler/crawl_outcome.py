"""Judge a finished crawl from its stats alone: what it came to, and one sentence why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crawler import stat_keys
from storage.models import CrawlOutcome

# Fewer mentions than this say nothing about shares.
ENOUGH = 5
# A healthy response fills what the source always gives; below this the shape has changed.
COVERAGE_FLOOR = 0.5

# The first that occurred names the outcome: what needs a person comes before what may pass.
_SEVERITY = (
    CrawlOutcome.UNAUTHORISED,
    CrawlOutcome.BLOCKED,
    CrawlOutcome.QUOTA,
    CrawlOutcome.BROKEN,
    CrawlOutcome.FAILED,
)
_ADVICE = {
    CrawlOutcome.UNAUTHORISED: "check the source's key",
    CrawlOutcome.BLOCKED: "crawl it less often and see `earful sources` for what it allows",
    CrawlOutcome.QUOTA: "it is read again when the quota opens",
    CrawlOutcome.BROKEN: "the source may have changed: see the log and its spider",
    CrawlOutcome.FAILED: "it is tried again at the next crawl",
}


def judge(
    stats: Mapping[str, Any], previous_counts: Sequence[int] = ()
) -> tuple[CrawlOutcome, str | None]:
    """Name the outcome and the reason; `previous_counts` are what earlier good runs saw.

    What a crawl kept before something went wrong stays kept, but the run is not good.
    """
    if error := stats.get(stat_keys.STORE_ERROR):
        return CrawlOutcome.FAILED, f"mentions could not be stored: {error}"
    if stats.get("memusage/limit_reached"):
        return CrawlOutcome.FAILED, "stopped because it used too much memory: lower its pages"
    if stats.get("finish_reason") == "shutdown":
        return CrawlOutcome.FAILED, "was stopped before it ended: it is tried again"
    if problems := stats.get(stat_keys.PROBLEMS):
        return _of_problems(problems, stats)
    mentions, refused = _number(stats, stat_keys.MENTIONS), _number(stats, stat_keys.REFUSED)
    if shape := _changed_shape(stats, mentions, refused):
        return CrawlOutcome.BROKEN, shape
    if mentions:
        return CrawlOutcome.OK, _remark(stats, mentions, refused)
    return _of_nothing(stats, previous_counts)


def _of_problems(
    problems: Sequence[Mapping[str, str]], stats: Mapping[str, Any]
) -> tuple[CrawlOutcome, str]:
    kinds = [CrawlOutcome(problem["outcome"]) for problem in problems]
    outcome = next((kind for kind in _SEVERITY if kind in kinds), CrawlOutcome.FAILED)
    worst = problems[kinds.index(outcome)] if outcome in kinds else problems[0]
    sentence = f"{worst['place']} {worst['reason']}"
    others = _number(stats, stat_keys.PROBLEM_COUNT) - 1
    if others > 0:
        sentence += f" (and {others} more {'problem' if others == 1 else 'problems'})"
    if kept := _number(stats, stat_keys.MENTIONS):
        sentence += f"; {kept} mentions that came were kept"
    return outcome, f"{sentence}: {_ADVICE[outcome]}"


def _changed_shape(stats: Mapping[str, Any], mentions: int, refused: int) -> str | None:
    examples = stats.get(stat_keys.REFUSED_EXAMPLES) or [{"reason": "unknown"}]
    why = examples[0]["reason"]
    advice = _ADVICE[CrawlOutcome.BROKEN]
    if refused and not mentions:
        return f"all {refused} entries were refused, the first because {why}: {advice}"
    if refused >= ENOUGH and refused >= mentions:
        total = refused + mentions
        return f"{refused} of {total} entries were refused, the first because {why}: {advice}"
    if mentions >= ENOUGH:
        for field in stats.get(stat_keys.ALWAYS) or ():
            filled = _number(stats, stat_keys.FIELD + field)
            if filled < COVERAGE_FLOOR * mentions:
                return f"only {filled} of {mentions} mentions have {field}: {advice}"
    return None


def _of_nothing(
    stats: Mapping[str, Any], previous_counts: Sequence[int]
) -> tuple[CrawlOutcome, str]:
    if _number(stats, stat_keys.UNCHANGED):
        return CrawlOutcome.UNCHANGED, "nothing changed since the last crawl"
    if not _number(stats, stat_keys.PAGES):
        return CrawlOutcome.FAILED, "no page was read: see the crawl's log"
    if stats.get(stat_keys.ASKED_SINCE):
        return CrawlOutcome.QUIET, "nothing new since the last crawl"
    given = next((number for number in previous_counts if number), 0)
    if given:
        return CrawlOutcome.EMPTY, (
            f"it answered with no entries, although it gave {given} before: it may be throttling "
            "or have dropped the page; look at it in a browser"
        )
    return CrawlOutcome.EMPTY, (
        "it answered with no entries: check the id or address in earful.toml, an unknown one "
        "looks the same"
    )


def _remark(stats: Mapping[str, Any], mentions: int, refused: int) -> str | None:
    remarks = []
    if mentions == _number(stats, stat_keys.IRRELEVANT):
        remarks.append(f"none of {mentions} entries matched the brand's query")
    if refused:
        remarks.append(f"{refused} entries were refused")
    if _number(stats, stat_keys.BOUNDED) or stats.get("finish_reason") == "closespider_pagecount":
        remarks.append("older entries lie beyond the page limit")
    return "; ".join(remarks) or None


def _number(stats: Mapping[str, Any], key: str) -> int:
    return int(stats.get(key) or 0)
