"""Who answered how fast: a week of a brand's answers, in the thread of its weekly digest. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alerts.decide.answer_speed import AnswerSpeed, Speed
from alerts.decide.local_time import last_local_day, local_day
from alerts.messages.blocks import bulleted, context, payload, section
from alerts.messages.catalogue import _, n_, written
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import day, line

# A median of fewer is a story about one case, a 90th percentile the slowest one.
_FEW, _SOME = 5, 10
_MAX_NAME = 60
_MOST = 20


@plainly("Who answered how fast")
def answer_speed(numbers: AnswerSpeed) -> dict[str, Any]:
    """Build the message's payload."""
    title = _(
        "Who answered how fast, {first} to {last}",
        first=day(local_day(numbers.start, numbers.zone)),
        last=day(last_local_day(numbers.end, numbers.zone)),
    )
    whole = _sentence(line(numbers.brand, 80), numbers.whole)
    teams = numbers.teams if len(numbers.teams) > 1 else ()
    how = _(
        "Times are business time ({hours}), from the opening of a case to its first answer, "
        "without the time that it waited for the customer. An answer is that of who had claimed "
        "the case.",
        hours=line(numbers.hours, 200),
    )
    blocks = [
        section(f"*{title}*\n{whole}", "speed"),
        bulleted(_("By team"), [_row(*one) for one in teams], "teams", _MOST),
        bulleted(_("By person"), [_row(*one) for one in numbers.people], "people", _MOST),
        context([how, *_unnamed(numbers.unnamed)], "how"),
    ]
    return payload(f"{title}. {whole}", blocks)


def _row(name: str, speed: Speed) -> str:
    return _sentence(f"*{line(name, _MAX_NAME) or '?'}*", speed)


def _sentence(who: str, speed: Speed) -> str:
    """Tell of one answer or more, and of no more than so many allow."""
    told = {
        "who": who,
        "answered": written(speed.answered),
        "in_time": written(speed.in_time),
        "fastest": _working(speed.fastest),
        "median": _working(speed.median),
        "p90": _working(speed.p90),
        "slowest": _working(speed.slowest),
    }
    if not speed.answered:
        return n_(
            "{who}: {n} case taken, none answered yet.",
            "{who}: {n} cases taken, none answered yet.",
            speed.taken,
            **told,
        )
    if speed.answered == 1 and speed.in_time:
        return n_(
            "{who}: {n} case taken, 1 answered, in time, after {slowest}.",
            "{who}: {n} cases taken, 1 answered, in time, after {slowest}.",
            speed.taken,
            **told,
        )
    if speed.answered == 1:
        return n_(
            "{who}: {n} case taken, 1 answered, too late, after {slowest}.",
            "{who}: {n} cases taken, 1 answered, too late, after {slowest}.",
            speed.taken,
            **told,
        )
    if speed.answered < _FEW:
        return n_(
            "{who}: {n} case taken, {answered} answered, {in_time} of them in time; the fastest "
            "after {fastest}, the slowest after {slowest}.",
            "{who}: {n} cases taken, {answered} answered, {in_time} of them in time; the fastest "
            "after {fastest}, the slowest after {slowest}.",
            speed.taken,
            **told,
        )
    if speed.answered < _SOME:
        return n_(
            "{who}: {n} case taken, {answered} answered, {in_time} of them in time; half of them "
            "within {median}, the slowest after {slowest}.",
            "{who}: {n} cases taken, {answered} answered, {in_time} of them in time; half of them "
            "within {median}, the slowest after {slowest}.",
            speed.taken,
            **told,
        )
    return n_(
        "{who}: {n} case taken, {answered} answered, {in_time} of them in time; half of them "
        "within {median}, nine of ten within {p90}.",
        "{who}: {n} cases taken, {answered} answered, {in_time} of them in time; half of them "
        "within {median}, nine of ten within {p90}.",
        speed.taken,
        **told,
    )


def _unnamed(number: int) -> list[str]:
    if not number:
        return []
    return [
        n_(
            "{n} answer was seen at its source, and nobody had claimed the case.",
            "{n} answers were seen at their source, and nobody had claimed the cases.",
            number,
        )
    ]


def _working(time: timedelta | None) -> str:
    """Write working time, e.g. `45 min` or `9 h 05 min`: never in days, which have fewer hours."""
    minutes = round((time or timedelta(0)).total_seconds() / 60)
    if minutes < 60:
        return _("{minutes} min", minutes=minutes)
    return _("{hours} h {minutes} min", hours=written(minutes // 60), minutes=f"{minutes % 60:02}")
