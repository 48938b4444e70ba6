"""Who answered how fast: a week of a brand's answers, in the thread of its weekly digest. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alerts.decide.answer_speed import AnswerSpeed, Speed
from alerts.decide.local_time import last_local_day, local_day
from alerts.messages.blocks import bulleted, context, payload, section
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import colleague, count, day, line

# A median of fewer is a story about one case, a 90th percentile the slowest one.
_FEW, _SOME = 5, 10
_MAX_NAME = 60
_MOST = 20


@plainly("Who answered how fast")
def answer_speed(numbers: AnswerSpeed) -> dict[str, Any]:
    """Build the message's payload."""
    first = day(local_day(numbers.start, numbers.zone))
    last = day(last_local_day(numbers.end, numbers.zone))
    title = f"Who answered how fast, {first} to {last}"
    whole = _sentence(line(numbers.brand, 80), numbers.whole)
    teams = numbers.teams if len(numbers.teams) > 1 else ()
    blocks = [
        section(f"*{title}*\n{whole}", "speed"),
        bulleted("By team", [_row(*one) for one in teams], "teams", _MOST),
        bulleted("By person", [_row(*one) for one in numbers.people], "people", _MOST),
        context(
            [
                f"Times are business time ({line(numbers.hours, 200)}), from the opening of a "
                "case to its first answer, without the time that it waited for the customer. An "
                "answer is that of who had claimed the case.",
                *_unnamed(numbers.unnamed),
            ],
            "how",
        ),
    ]
    return payload(f"{title}. {whole}", blocks)


def _row(name: str, speed: Speed) -> str:
    return _sentence(f"*{colleague(name, _MAX_NAME) or '?'}*", speed)


def _sentence(who: str, speed: Speed) -> str:
    """Tell of one answer or more, and of no more than so many allow."""
    taken = count(speed.taken, "case")
    fastest, slowest = _working(speed.fastest), _working(speed.slowest)
    median, p90 = _working(speed.median), _working(speed.p90)
    if not speed.answered:
        return f"{who}: {taken} taken, none answered yet."
    if speed.answered == 1 and speed.in_time:
        return f"{who}: {taken} taken, 1 answered, in time, after {slowest}."
    if speed.answered == 1:
        return f"{who}: {taken} taken, 1 answered, too late, after {slowest}."
    if speed.answered < _FEW:
        return (
            f"{who}: {taken} taken, {speed.answered:,} answered, {speed.in_time:,} of them in "
            f"time; the fastest after {fastest}, the slowest after {slowest}."
        )
    if speed.answered < _SOME:
        return (
            f"{who}: {taken} taken, {speed.answered:,} answered, {speed.in_time:,} of them in "
            f"time; half of them within {median}, the slowest after {slowest}."
        )
    return (
        f"{who}: {taken} taken, {speed.answered:,} answered, {speed.in_time:,} of them in time; "
        f"half of them within {median}, nine of ten within {p90}."
    )


def _unnamed(number: int) -> list[str]:
    if not number:
        return []
    if number == 1:
        return ["1 answer was seen at its source, and nobody had claimed the case."]
    return [f"{number:,} answers were seen at their source, and nobody had claimed the cases."]


def _working(time: timedelta | None) -> str:
    """Write working time, e.g. `45 min` or `9 h 05 min`: never in days, which have fewer hours."""
    minutes = round((time or timedelta(0)).total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60:,} h {minutes % 60:02} min"
