"""Judge a finished crawl from its stats alone: what it came to, and one sentence why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
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
_LOG = "the crawl's log"
_ADVICE = {
    CrawlOutcome.UNAUTHORISED: "check the source's key",
    CrawlOutcome.BLOCKED: "crawl it less often; `earful sources` shows its limits",
    CrawlOutcome.QUOTA: "Earful reads it again when the quota opens",
    CrawlOutcome.BROKEN: f"the source may have changed: look at {_LOG} and its spider",
    CrawlOutcome.FAILED: "the next crawl tries again",
}


def judge(
    stats: Mapping[str, Any],
    previous_counts: Sequence[int] = (),
    advice: Mapping[CrawlOutcome, str] = MappingProxyType({}),
    log: str = "",
) -> tuple[CrawlOutcome, str | None]:
    """Name the outcome and the reason; `previous_counts` are what earlier good runs saw.

    `advice` is what the source knows better to do about an outcome than the usual word.
    `log` is the name of the file with what crawls say. What a crawl kept before something went
    wrong stays kept, but the run is not good.
    """
    outcome, reason = _judged(stats, previous_counts, advice)
    if log and reason:
        reason = reason.replace(_LOG, f"{_LOG} ({log})")
    return outcome, reason


def _judged(
    stats: Mapping[str, Any],
    previous_counts: Sequence[int],
    advice: Mapping[CrawlOutcome, str],
) -> tuple[CrawlOutcome, str | None]:
    if error := stats.get(stat_keys.STORE_ERROR):
        return CrawlOutcome.FAILED, f"the store did not take the mentions: {error}"
    if stats.get("memusage/limit_reached"):
        reason = "the crawl was stopped because it used too much memory"
        return CrawlOutcome.FAILED, f"{reason}: lower the source's `pages`"
    if stats.get("finish_reason") == "shutdown":
        reason = "the crawl was stopped before it ended"
        return CrawlOutcome.FAILED, f"{reason}: the next crawl tries again"
    if problems := stats.get(stat_keys.PROBLEMS):
        return _of_problems(problems, stats, {**_ADVICE, **advice}, previous_counts)
    mentions, refused = _number(stats, stat_keys.MENTIONS), _number(stats, stat_keys.REFUSED)
    if shape := _changed_shape(stats, mentions, refused):
        return CrawlOutcome.BROKEN, shape
    if mentions:
        return CrawlOutcome.OK, _remark(stats, mentions, refused)
    return _of_nothing(stats, previous_counts, advice)


def _of_problems(
    problems: Sequence[Mapping[str, Any]],
    stats: Mapping[str, Any],
    advice: Mapping[CrawlOutcome, str],
    previous_counts: Sequence[int],
) -> tuple[CrawlOutcome, str]:
    kinds = [CrawlOutcome(problem["outcome"]) for problem in problems]
    outcome = next((kind for kind in _SEVERITY if kind in kinds), CrawlOutcome.FAILED)
    alike = [one for one, kind in zip(problems, kinds, strict=True) if kind is outcome]
    worst = next((one for one in alike if one.get("asked", True)), (alike or problems)[0])
    sentence = f"{worst['place']} {worst['reason']}"
    others = _number(stats, stat_keys.PROBLEM_COUNT) - 1
    if others > 0:
        sentence += f" (and {_counted(others, 'more problem')})"
    if kept := _number(stats, stat_keys.MENTIONS):
        sentence += f"; Earful kept the {_counted(kept, 'mention')} that came"
    what_to_do = _of_missing(previous_counts) if worst.get("missing") else advice[outcome]
    return outcome, f"{sentence}: {what_to_do}"


def _of_missing(previous_counts: Sequence[int]) -> str:
    """Say what to do about a lost page: an id that good runs were asked with is not to blame."""
    if not previous_counts:
        return "check the id or address in earful.toml"
    return (
        "there was one before, so the fault is the site's, not your settings'; the next crawl "
        "tries again, and if it stays so, look whether the page has moved"
    )


def _changed_shape(stats: Mapping[str, Any], mentions: int, refused: int) -> str | None:
    examples = stats.get(stat_keys.REFUSED_EXAMPLES) or [{"reason": "unknown"}]
    why = examples[0]["reason"]
    advice = _ADVICE[CrawlOutcome.BROKEN]
    if refused == 1 and not mentions:
        return f"Earful refused the only entry because {why}: {advice}"
    if refused and not mentions:
        return f"Earful refused all {refused} entries, the first because {why}: {advice}"
    if refused >= ENOUGH and refused >= mentions:
        some = f"{refused} of {_entries(refused + mentions)}"
        return f"Earful refused {some}, the first because {why}: {advice}"
    if mentions >= ENOUGH:
        for field in stats.get(stat_keys.ALWAYS) or ():
            filled = _number(stats, stat_keys.FIELD + field)
            if filled < COVERAGE_FLOOR * mentions:
                return f"only {filled} of {mentions} mentions have {field}: {advice}"
    return None


def _of_nothing(
    stats: Mapping[str, Any],
    previous_counts: Sequence[int],
    advice: Mapping[CrawlOutcome, str],
) -> tuple[CrawlOutcome, str]:
    if _number(stats, stat_keys.UNCHANGED):
        return CrawlOutcome.UNCHANGED, "nothing changed since the last crawl"
    if not _number(stats, stat_keys.PAGES):
        return CrawlOutcome.FAILED, f"Earful read no page: look at {_LOG}"
    if stats.get(stat_keys.ASKED_SINCE):
        return CrawlOutcome.QUIET, "nothing new since the last crawl"
    given = next((number for number in previous_counts if number), 0)
    known = advice.get(CrawlOutcome.EMPTY)
    if given:
        usual = "it may slow Earful down, or the page may be gone; look at it in a browser"
        seen = f"the source answered with no entries, although it gave {given} before"
        return CrawlOutcome.EMPTY, f"{seen}: {known or usual}"
    usual = "check the id or address in earful.toml, a wrong one looks the same"
    return CrawlOutcome.EMPTY, f"the source answered with no entries: {known or usual}"


def _remark(stats: Mapping[str, Any], mentions: int, refused: int) -> str | None:
    remarks = []
    if mentions == _number(stats, stat_keys.IRRELEVANT):
        remarks.append(f"none of {_entries(mentions)} matched the brand's query")
    if undated := _number(stats, stat_keys.UNDATED):
        remarks.append(f"{_entries(undated)} without a date that can be read")
    if forgotten := _number(stats, stat_keys.FORGOTTEN):
        remarks.append(f"{_entries(forgotten)} forgotten here, which stay out")
    if too_old := _number(stats, stat_keys.TOO_OLD):
        remarks.append(f"{_entries(too_old)} older than [store] retention_days keeps")
    if refused:
        remarks.append(f"Earful refused {_entries(refused)}")
    if _number(stats, stat_keys.BOUNDED) or stats.get("finish_reason") == "closespider_pagecount":
        remarks.append("older entries lie beyond the page limit")
    return "; ".join(remarks) or None


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _number(stats: Mapping[str, Any], key: str) -> int:
    return int(stats.get(key) or 0)
