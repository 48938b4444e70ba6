"""The daily digest: a brand's numbers of a period as one message. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.decide.rules import Policy
from alerts.decide.sentence_picks import Pick
from alerts.decide.stats import CheckpointResult, Rate, difference
from alerts.messages.blocks import (
    MAX_FIELD,
    context,
    divider,
    facts,
    header,
    payload,
    section,
)
from alerts.messages.case_cards import duration
from alerts.messages.digest_chart import Day, chart
from alerts.messages.notices import EXPERIENCE_NAMES, metric_name
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import count, day, line, moment, percentage, span, units
from alerts.messages.voice_cards import quotation, read_link, source_name, stars
from storage.models import AlertKind, Experience, Mention, NewAlert, Operation, SourceState
from storage.models.dedupe_keys import chart_key, digest_key

_MAX_ALT = 900
_OLDEST = "Oldest open case"
_MAX_LINES = 8
# With its title and the number of what is left out it fits into a section.
_MAX_LIST = 2700
_MAX_PICK_LINK = 500


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """A complaint that waits; `claimed_by` is None while nobody took it."""

    mention: Mention
    opened_at: datetime
    due_at: datetime
    claimed_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class SourceTrouble:
    source: str
    state: SourceState
    since: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckpointStanding:
    metric: str
    window: str
    result: CheckpointResult


@dataclass(frozen=True, kw_only=True)
class SourceCoverage:
    """How a source's complaints of the period were answered; hours to the first answer."""

    source: str
    cases: int
    answered: int
    median_hours: float | None = None
    p90_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What made no message of its own: of muted people, and wows that were short or too many."""

    muted: int = 0
    wows: int = 0


@dataclass(frozen=True, kw_only=True)
class DigestNumbers:
    """All a digest tells. `end` is excluded; `previous` are the counts of the period before.

    The wow rate is of mentions that told an experience. `lacks` are what mediocre customers
    missed, `asks` what advocates ask for.
    """

    brand: str
    start: datetime
    end: datetime
    counts: Mapping[Experience, int]
    previous: Mapping[Experience, int]
    open_cases: int = 0
    overdue_cases: int = 0
    opened_cases: int = 0
    answered_cases: int = 0
    best_wow: Mention | None = None
    oldest_open: OpenCase | None = None
    troubles: tuple[SourceTrouble, ...] = ()
    checkpoints: tuple[CheckpointStanding, ...] = field(default_factory=tuple)
    coverage: tuple[SourceCoverage, ...] = ()
    lacks: tuple[Pick, ...] = ()
    asks: tuple[Pick, ...] = ()
    advocates: int = 0
    kept: Kept = field(default_factory=Kept)


@plainly("Digest")
def digest(numbers: DigestNumbers) -> dict[str, Any]:
    """Build the digest's payload."""
    total = sum(numbers.counts.values())
    brand = line(numbers.brand, 80)
    wows = wow_rate(numbers.counts)
    told_rate = f", wow rate {percentage(wows.value)}" if wows.value is not None else ""
    waiting = f"{count(numbers.open_cases, 'open case')}, {numbers.overdue_cases:,} overdue"
    summary = (
        f"{brand}, {_period(numbers)}: {count(total, 'mention')} "
        f"({numbers.counts.get(Experience.ANGRY, 0):,} angry, "
        f"{numbers.counts.get(Experience.DELIGHTED, 0):,} delighted){told_rate}; {waiting}."
    )
    blocks: list[Block | None] = [
        header(f"{numbers.brand}, {_period(numbers)}"),
        section(_lead(numbers, total, wows), "lead"),
        facts(
            [
                (name, _counted(experience, numbers))
                for experience, name in EXPERIENCE_NAMES.items()
            ],
            "experiences",
        ),
        facts(_case_facts(numbers), "cases"),
        _list("Answered, by source", [_coverage(one) for one in numbers.coverage], "coverage"),
        *_best_wow(numbers.best_wow),
        _list("What mediocre customers lacked", [_pick(pick) for pick in numbers.lacks], "lacks"),
        _list(
            f"What our advocates ask for ({count(numbers.advocates, 'mention')} of theirs)",
            [_pick(pick) for pick in numbers.asks],
            "asks",
        ),
        _list(
            "Sources in trouble", [_trouble(trouble) for trouble in numbers.troubles], "sources"
        ),
        _list("Checkpoints", [_standing(one) for one in numbers.checkpoints], "checkpoints"),
        context(
            [f"{moment(numbers.start)} to {moment(numbers.end)}", *_kept(numbers.kept)],
            "small_print",
        ),
    ]
    return payload(summary, blocks)


def digest_alert(numbers: DigestNumbers, policy: Policy, now: datetime) -> NewAlert:
    """Make the digest an alert, once for each brand and period's end."""
    weekly = numbers.end - numbers.start > timedelta(days=2)
    return NewAlert(
        dedupe_key=digest_key(numbers.brand, numbers.end, weekly=weekly),
        kind=AlertKind.DIGEST,
        brand=numbers.brand,
        channel=policy.channels.digest,
        payload=digest(numbers),
        created_at=now,
    )


def chart_alert(digest: NewAlert, days: Sequence[Day]) -> NewAlert:
    """Make the picture that goes into a digest's thread; its text tells what it shows."""
    told = "; ".join(
        f"{one.day:%m-%d}: {one.angry} angry, {one.mediocre} mediocre, {one.delighted} delighted"
        for one in days
    )
    name = sha256(digest.dedupe_key.encode()).hexdigest()[:12]
    return NewAlert(
        dedupe_key=chart_key(digest.dedupe_key),
        kind=AlertKind.DIGEST,
        brand=digest.brand,
        channel=digest.channel,
        payload={
            "text": f"Experiences a day, angry below, delighted on top. {told}"[:_MAX_ALT],
            "png": b64encode(chart(days)).decode(),
            # The name is how a picture is found again whose answer was lost.
            "filename": f"earful-{digest.created_at:%Y-%m-%d}-{name}.png",
        },
        created_at=digest.created_at,
        operation=Operation.UPLOAD,
        root_key=digest.dedupe_key,
    )


def wow_rate(counts: Mapping[Experience, int]) -> Rate:
    """Give delighted mentions of all that told an experience."""
    told = sum(number for kind, number in counts.items() if kind is not Experience.NONE)
    return Rate(counts.get(Experience.DELIGHTED, 0), told)


def _period(numbers: DigestNumbers) -> str:
    last = numbers.end - timedelta(seconds=1)
    if numbers.end - numbers.start <= timedelta(hours=25):
        return day(last)
    return f"{day(numbers.start)} to {day(last)}"


def _lead(numbers: DigestNumbers, total: int, wows: Rate) -> str:
    before = sum(numbers.previous.values())
    told = f"*{count(total, 'mention')}*, {_change(total, before)}."
    if wows.value is None:
        return f"{told} Nobody told an experience."
    bounds = wows.interval()
    told += (
        f" *Wow rate {percentage(wows.value)}* ({wows.part:,} of {wows.total:,}; the true "
        f"rate is likely between {percentage(bounds.low)} and {percentage(bounds.high)})"
    )
    earlier = wow_rate(numbers.previous)
    if earlier.value is None:
        return f"{told}."
    gap = difference(wows, earlier)
    sense = "within chance" if 0 in gap else "more than chance"
    return f"{told}, before {percentage(earlier.value)}: {sense}."


def _counted(experience: Experience, numbers: DigestNumbers) -> str:
    now = numbers.counts.get(experience, 0)
    return f"{now:,} ({_change(now, numbers.previous.get(experience, 0))})"


def _change(now: int, before: int) -> str:
    if now == before:
        return "as many as before"
    return f"{abs(now - before):,} {'more' if now > before else 'fewer'} than before"


def _case_facts(numbers: DigestNumbers) -> list[tuple[str, str]]:
    pairs = [
        ("Complaints answered", f"{numbers.answered_cases:,} of {numbers.opened_cases:,} opened"),
        ("Waiting now", f"{numbers.open_cases:,} open, {numbers.overdue_cases:,} overdue"),
    ]
    oldest = numbers.oldest_open
    if oldest is not None:
        mention = oldest.mention
        taken = f"claimed by {line(oldest.claimed_by, 60)}" if oldest.claimed_by else "unclaimed"
        late = "overdue since" if oldest.due_at < numbers.end else "due"
        told = (
            f"{line(mention.author, 60) or 'somebody unnamed'} at {source_name(mention.source)}, "
            f"since {moment(oldest.opened_at)}, {late} {moment(oldest.due_at)}, {taken}. "
        )
        room = MAX_FIELD - units(f"*{_OLDEST}*\n{told}")
        pairs.append((_OLDEST, told + read_link(mention, False, room)))
    return pairs


def _best_wow(mention: Mention | None) -> list[Block | None]:
    if mention is None:
        return []
    quoted, was_cut = quotation(mention, 500)
    who = line(mention.author, 80) or "somebody unnamed"
    rated = f", {stars(mention)}" if mention.rating is not None else ""
    lead = f"*The best wow*: {who} at {source_name(mention.source)}{rated}"
    return [
        divider("above_wow"),
        section(lead, "wow_who"),
        section(quoted, "wow_words"),
        context([read_link(mention, was_cut)], "wow_link"),
    ]


def _list(title: str, rows: list[str], block_id: str) -> Block | None:
    if not rows:
        return None
    shown: list[str] = []
    room = _MAX_LIST
    for row in rows[:_MAX_LINES]:
        room -= units(row) + 3  # the bullet and the line's end
        if room < 0:
            break
        shown.append(row)
    if len(rows) > len(shown):
        shown.append(f"and {len(rows) - len(shown):,} more")
    return section("\n".join([f"*{title}*", *(f"• {row}" for row in shown)]), block_id)


def _trouble(trouble: SourceTrouble) -> str:
    since = f" since {moment(trouble.since)}" if trouble.since else ""
    reason = f": {line(trouble.reason, 120)}" if trouble.reason else ""
    where = source_name(trouble.source)
    return f"{where[:1].upper()}{where[1:]} is {trouble.state}{since}{reason}"


def _coverage(one: SourceCoverage) -> str:
    where = source_name(one.source)
    told = f"{where[:1].upper()}{where[1:]}: {one.answered:,} of {one.cases:,}"
    if one.median_hours is None:
        return told
    median, p90 = timedelta(hours=one.median_hours), timedelta(hours=one.p90_hours or 0)
    return f"{told}, half of them within {duration(median)}, nine of ten within {duration(p90)}"


def _pick(pick: Pick) -> str:
    mention = pick.mention
    who = line(mention.author, 60) or "somebody unnamed"
    return f"“{line(pick.sentence, 160)}” {who}, {read_link(mention, False, _MAX_PICK_LINK)}"


def _kept(kept: Kept) -> list[str]:
    told = []
    if kept.wows:
        told.append(f"{count(kept.wows, 'wow')} made no message of their own")
    if kept.muted:
        told.append(f"{count(kept.muted, 'mention')} by muted authors")
    return told


def _standing(standing: CheckpointStanding) -> str:
    result = standing.result
    name = metric_name(standing.metric)
    goal = f"goal {percentage(result.target)} over {span(standing.window)}"
    if result.value is None:
        return f"{name}: nothing counted yet ({goal})"
    bounds = f"{percentage(result.interval.low)} to {percentage(result.interval.high)}"
    told = f"{name} {percentage(result.value)}, likely {bounds} ({goal})"
    if result.reached:
        onward = f"; next {percentage(result.next_target)}" if result.next_target else ""
        return f"{told}: reached{onward}"
    return f"{told}: not reached yet"
