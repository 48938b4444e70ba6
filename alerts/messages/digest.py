"""The daily digest: a brand's numbers of a period as one message. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.decide.local_time import DAY, last_local_day, local_day
from alerts.decide.sentence_picks import Pick
from alerts.decide.stats import Rate, difference
from alerts.messages.blocks import (
    MAX_FIELD,
    bulleted,
    context,
    divider,
    facts,
    header,
    payload,
    section,
)
from alerts.messages.digest_numbers import (
    CheckpointStanding,
    DigestNumbers,
    Kept,
    OpenCase,
    SourceCoverage,
    SourceTrouble,
    wow_rate,
)
from alerts.messages.notices import EXPERIENCE_NAMES, metric_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import (
    colleague,
    count,
    day,
    duration,
    line,
    link,
    moment,
    percentage,
    span,
    units,
)
from alerts.messages.source_notices import STATE_WORDS
from alerts.messages.voice_cards import quotation, read_link, stars
from storage.models import Experience, Mention

_OLDEST = "Oldest open case"
_MAX_PICK_LINK = 500


@plainly("Digest")
def digest(numbers: DigestNumbers, places: Places) -> dict[str, Any]:
    """Build the digest's payload."""
    total = sum(numbers.counts.values())
    brand = line(numbers.brand, 80)
    wows = wow_rate(numbers.counts)
    wow_share = f", wow rate {percentage(wows.value)}" if wows.value is not None else ""
    waiting = f"{count(numbers.open_cases, 'open case')}, {numbers.overdue_cases:,} overdue"
    summary = (
        f"{brand}, {_period(numbers)}: {count(total, 'mention')} "
        f"({numbers.counts.get(Experience.ANGRY, 0):,} angry, "
        f"{numbers.counts.get(Experience.DELIGHTED, 0):,} delighted){wow_share}; {waiting}."
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
        facts(_case_facts(numbers, places), "cases"),
        bulleted(
            "Answered, by source", [_coverage(one, places) for one in numbers.coverage], "coverage"
        ),
        *_best_wow(numbers.best_wow, places),
        bulleted(
            "What mediocre customers lacked",
            [_pick(pick, places) for pick in numbers.lacks],
            "lacks",
        ),
        bulleted(
            f"What our advocates ask for (in {numbers.advocates:,} of their mentions)",
            [_pick(pick, places) for pick in numbers.asks],
            "asks",
        ),
        bulleted(
            "Sources in trouble",
            [_trouble(trouble, places) for trouble in numbers.troubles],
            "sources",
        ),
        bulleted("Checkpoints", [_standing(one) for one in numbers.checkpoints], "checkpoints"),
        context(
            [
                f"{moment(numbers.start)} to {moment(numbers.end)}",
                *_kept(numbers.kept),
                *_dashboards(places),
            ],
            "small_print",
        ),
    ]
    return quoting(payload(summary, blocks), _shown(numbers, places))


def _shown(numbers: DigestNumbers, places: Places) -> Iterator[tuple[Mention, str]]:
    """Give each mention that is quoted or named, with the pieces of the texts that do so."""
    if numbers.oldest_open is not None:
        oldest = numbers.oldest_open
        yield oldest.mention, _oldest(oldest, numbers.end, places)
    if numbers.best_wow is not None:
        who, words, link = _wow_texts(numbers.best_wow, places)
        pieces = (who, words, *([link] if numbers.best_wow.url else []))
        yield from ((numbers.best_wow, piece) for piece in pieces)
    for pick in (*numbers.lacks, *numbers.asks):
        yield pick.mention, _pick(pick, places)


def _period(numbers: DigestNumbers) -> str:
    first = local_day(numbers.start, numbers.zone)
    last = last_local_day(numbers.end, numbers.zone)
    # From nine to nine is a day, and lies in two of the calendar: it is called by the later one.
    return day(last) if last - first <= DAY else f"{day(first)} to {day(last)}"


def _lead(numbers: DigestNumbers, total: int, wows: Rate) -> str:
    before = sum(numbers.previous.values())
    sentence = f"*{count(total, 'mention')}*, {_change(total, before)}."
    if wows.value is None:
        return f"{sentence} Nobody described an experience."
    bounds = wows.interval()
    sentence += (
        f" The *wow rate is {percentage(wows.value)}* ({wows.part:,} of {wows.total:,}; the true "
        f"rate is likely between {percentage(bounds.low)} and {percentage(bounds.high)})."
    )
    earlier = wow_rate(numbers.previous)
    if earlier.value is None:
        return sentence
    gap = difference(wows, earlier)
    sense = "is within chance" if 0 in gap else "is more than chance"
    return f"{sentence} It was {percentage(earlier.value)} before; the difference {sense}."


def _counted(experience: Experience, numbers: DigestNumbers) -> str:
    now = numbers.counts.get(experience, 0)
    return f"{now:,} ({_change(now, numbers.previous.get(experience, 0))})"


def _change(now: int, before: int) -> str:
    if now == before:
        return "as many as before"
    return f"{abs(now - before):,} {'more' if now > before else 'fewer'} than before"


def _case_facts(numbers: DigestNumbers, places: Places) -> list[tuple[str, str]]:
    pairs = [
        ("Complaints answered", f"{numbers.answered_cases:,} of {numbers.opened_cases:,} opened"),
        ("Waiting now", f"{numbers.open_cases:,} open, {numbers.overdue_cases:,} overdue"),
    ]
    if numbers.oldest_open is not None:
        pairs.append((_OLDEST, _oldest(numbers.oldest_open, numbers.end, places)))
    return pairs


def _oldest(oldest: OpenCase, end: datetime, places: Places) -> str:
    mention = oldest.mention
    claimant = colleague(oldest.claimed_by) or "Nobody"
    late = "overdue since" if oldest.due_at < end else "due"
    standing = (
        f"{line(mention.author, 60) or 'somebody unnamed'} {places.at(mention.source)}, "
        f"since {moment(oldest.opened_at)}, {late} {moment(oldest.due_at)}. "
        f"{claimant} has claimed it. "
    )
    room = MAX_FIELD - units(f"*{_OLDEST}*\n{standing}")
    return standing + read_link(mention, places, False, room)


def _best_wow(mention: Mention | None, places: Places) -> list[Block | None]:
    if mention is None:
        return []
    who, words, link = _wow_texts(mention, places)
    return [
        divider("above_wow"),
        section(f"*The best wow*: {who}", "wow_who"),
        section(words, "wow_words"),
        context([link], "wow_link"),
    ]


def _wow_texts(mention: Mention, places: Places) -> tuple[str, str, str]:
    """Say who was delighted, in which words, and where they stand."""
    quoted, was_cut = quotation(mention, 500)
    who = line(mention.author, 80) or "somebody unnamed"
    rated = f", {stars(mention)}" if mention.rating is not None else ""
    who_where = f"{who} {places.at(mention.source)}{rated}"
    return who_where, quoted, read_link(mention, places, was_cut)


def _trouble(trouble: SourceTrouble, places: Places) -> str:
    last = f"; its last good crawl: {moment(trouble.since)}" if trouble.since else ""
    reason = f" ({line(trouble.reason, 120)})" if trouble.reason else ""
    return f"{places.title(trouble.source)} is {STATE_WORDS[trouble.state]}{reason}{last}"


def _coverage(one: SourceCoverage, places: Places) -> str:
    share = f"{places.title(one.source)}: {one.answered:,} of {one.cases:,}"
    if one.median_hours is None:
        return share
    median, p90 = timedelta(hours=one.median_hours), timedelta(hours=one.p90_hours or 0)
    return f"{share}, half of them within {duration(median)}, nine of ten within {duration(p90)}"


def _pick(pick: Pick, places: Places) -> str:
    mention = pick.mention
    who = line(mention.author, 60) or "somebody unnamed"
    link = read_link(mention, places, False, _MAX_PICK_LINK)
    return f"“{line(pick.sentence, 160)}” {who} · {link}"


def _kept(kept: Kept) -> list[str]:
    rows = []
    if kept.wows:
        own = "its own" if kept.wows == 1 else "their own"
        rows.append(f"{count(kept.wows, 'wow')} made no message of {own}")
    if kept.muted:
        verb = "is" if kept.muted == 1 else "are"
        rows.append(f"{count(kept.muted, 'mention')} {verb} by muted authors")
    return rows


def _dashboards(places: Places) -> list[str]:
    """Lead to the dashboards, where they can be reached."""
    shown = link(places.links.home(), "Open the dashboards")
    return [shown] if shown.startswith("<") else []


def _standing(standing: CheckpointStanding) -> str:
    result = standing.result
    name = metric_name(standing.metric)
    name = name[:1].upper() + name[1:]
    goal = f"the goal is {percentage(result.target)} over {span(standing.window)}"
    if result.value is None:
        return f"{name}: nothing counted yet ({goal})"
    bounds = f"{percentage(result.interval.low)} and {percentage(result.interval.high)}"
    present = f"{name} {percentage(result.value)}, likely between {bounds} ({goal})"
    if result.reached:
        onward = f"; the next is {percentage(result.next_target)}" if result.next_target else ""
        return f"{present}: reached{onward}"
    return f"{present}: not reached yet"
