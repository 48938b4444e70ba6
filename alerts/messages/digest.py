"""The daily digest: a brand's numbers of a period as one message. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.decide.local_time import DAY, last_local_day, local_day
from alerts.decide.stats import Rate, difference
from alerts.messages.advocate_notices import quiet_row
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
from alerts.messages.catalogue import _, later, n_, written
from alerts.messages.digest_numbers import (
    DigestNumbers,
    OpenCase,
    wow_rate,
)
from alerts.messages.digest_rows import (
    author_of,
    beside_row,
    coverage_row,
    kept_rows,
    pick_row,
    rising_row,
    standing_row,
    trouble_row,
)
from alerts.messages.notices import experience_names
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import colleague, day, line, link, moment, percentage, units
from alerts.messages.version_notices import version_row
from alerts.messages.voice_cards import quotation, read_link, stars
from storage.models import Experience, Mention

_OLDEST = later("Oldest open case")


@plainly("Digest")
def digest(numbers: DigestNumbers, places: Places) -> dict[str, Any]:
    """Build the digest's payload."""
    total = sum(numbers.counts.values())
    wows = wow_rate(numbers.counts)
    title = _("{brand}, {period}", brand=numbers.brand, period=_period(numbers))
    blocks: list[Block | None] = [
        header(title),
        section(_lead(numbers, total, wows), "lead"),
        facts(
            [(name, _counted(experience, numbers)) for experience, name in experience_names()],
            "experiences",
        ),
        facts(_case_facts(numbers, places), "cases"),
        bulleted(
            _("Answered, by source"),
            [coverage_row(one, places) for one in numbers.coverage],
            "coverage",
        ),
        bulleted(
            _("Spoken of more than chance explains"),
            [rising_row(topic) for topic in numbers.rising],
            "rising",
        ),
        *_best_wow(numbers.best_wow, places),
        bulleted(
            _("What mediocre customers lacked"),
            [pick_row(pick, places) for pick in numbers.lacks],
            "lacks",
        ),
        bulleted(
            _(
                "What our advocates ask for (in {number} of their mentions)",
                number=written(numbers.advocates),
            ),
            [pick_row(pick, places) for pick in numbers.asks],
            "asks",
        ),
        bulleted(
            _("Advocates gone quiet, for longer than their own rhythm explains"),
            [quiet_row(one) for one in numbers.quiet],
            "quiet",
        ),
        bulleted(
            _("Beside the competitors"), [beside_row(one) for one in numbers.beside], "beside"
        ),
        bulleted(_("Versions"), [version_row(one) for one in numbers.versions], "versions"),
        bulleted(
            _("Sources in trouble"),
            [trouble_row(trouble, places) for trouble in numbers.troubles],
            "sources",
        ),
        bulleted(
            _("Checkpoints"), [standing_row(one) for one in numbers.checkpoints], "checkpoints"
        ),
        context(
            [
                _("{start} to {end}", start=moment(numbers.start), end=moment(numbers.end)),
                *kept_rows(numbers.kept),
                *_dashboards(places),
            ],
            "small_print",
        ),
    ]
    message = payload(_summary(numbers, total, wows), blocks)
    return quoting(message, _shown(numbers, places))


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
        yield pick.mention, pick_row(pick, places)
    yield from ((one.last, quiet_row(one)) for one in numbers.quiet)


def _summary(numbers: DigestNumbers, total: int, wows: Rate) -> str:
    told = {
        "brand": line(numbers.brand, 80),
        "period": _period(numbers),
        "angry": written(numbers.counts.get(Experience.ANGRY, 0)),
        "delighted": written(numbers.counts.get(Experience.DELIGHTED, 0)),
        "cases": n_("{n} open case", "{n} open cases", numbers.open_cases),
        "overdue": written(numbers.overdue_cases),
    }
    if wows.value is None:
        return n_(
            "{brand}, {period}: {n} mention ({angry} angry, {delighted} delighted); {cases}, "
            "{overdue} overdue.",
            "{brand}, {period}: {n} mentions ({angry} angry, {delighted} delighted); {cases}, "
            "{overdue} overdue.",
            total,
            **told,
        )
    return n_(
        "{brand}, {period}: {n} mention ({angry} angry, {delighted} delighted), wow rate {rate}; "
        "{cases}, {overdue} overdue.",
        "{brand}, {period}: {n} mentions ({angry} angry, {delighted} delighted), wow rate {rate}; "
        "{cases}, {overdue} overdue.",
        total,
        rate=percentage(wows.value),
        **told,
    )


def _period(numbers: DigestNumbers) -> str:
    first = local_day(numbers.start, numbers.zone)
    last = last_local_day(numbers.end, numbers.zone)
    # From nine to nine is a day, and lies in two of the calendar: it is called by the later one.
    if last - first <= DAY:
        return day(last)
    return _("{start} to {end}", start=day(first), end=day(last))


def _lead(numbers: DigestNumbers, total: int, wows: Rate) -> str:
    before = sum(numbers.previous.values())
    sentences = [
        n_("*{n} mention*, {change}.", "*{n} mentions*, {change}.", total,
           change=_change(total, before))
    ]  # fmt: skip
    if wows.value is None:
        return " ".join([*sentences, _("Nobody described an experience.")])
    bounds = wows.interval()
    sentences.append(
        _(
            "The *wow rate is {rate}* ({part} of {total}; the true rate is likely between {low} "
            "and {high}).",
            rate=percentage(wows.value),
            part=written(wows.part),
            total=written(wows.total),
            low=percentage(bounds.low),
            high=percentage(bounds.high),
        )
    )
    earlier = wow_rate(numbers.previous)
    if earlier.value is not None:
        was = percentage(earlier.value)
        sentences.append(
            _("It was {rate} before; the difference is within chance.", rate=was)
            if 0 in difference(wows, earlier)
            else _("It was {rate} before; the difference is more than chance.", rate=was)
        )
    return " ".join(sentences)


def _counted(experience: Experience, numbers: DigestNumbers) -> str:
    now = numbers.counts.get(experience, 0)
    return f"{written(now)} ({_change(now, numbers.previous.get(experience, 0))})"


def _change(now: int, before: int) -> str:
    if now == before:
        return _("as many as before")
    if now > before:
        return n_("{n} more than before", "{n} more than before", now - before)
    return n_("{n} fewer than before", "{n} fewer than before", before - now)


def _case_facts(numbers: DigestNumbers, places: Places) -> list[tuple[str, str]]:
    pairs = [
        (
            _("Complaints answered"),
            _(
                "{answered} of {opened} opened",
                answered=written(numbers.answered_cases),
                opened=written(numbers.opened_cases),
            ),
        ),
        (
            _("Waiting now"),
            _(
                "{open} open, {overdue} overdue",
                open=written(numbers.open_cases),
                overdue=written(numbers.overdue_cases),
            ),
        ),
    ]
    if numbers.oldest_open is not None:
        pairs.append((_(_OLDEST), _oldest(numbers.oldest_open, numbers.end, places)))
    return pairs


def _oldest(oldest: OpenCase, end: datetime, places: Places) -> str:
    mention = oldest.mention
    told = {
        "author": author_of(mention, 60),
        "place": places.at(mention.source),
        "opened": moment(oldest.opened_at),
        "due": moment(oldest.due_at),
    }
    standing = (
        _("{author} {place}, since {opened}, overdue since {due}.", **told)
        if oldest.due_at < end
        else _("{author} {place}, since {opened}, due {due}.", **told)
    )
    claimant = colleague(oldest.claimed_by)
    claimed = (
        _("{name} has claimed it.", name=claimant) if claimant else _("Nobody has claimed it.")
    )
    room = MAX_FIELD - units(f"*{_(_OLDEST)}*\n{standing} {claimed} ")
    return f"{standing} {claimed} {read_link(mention, places, False, room)}"


def _best_wow(mention: Mention | None, places: Places) -> list[Block | None]:
    if mention is None:
        return []
    who, words, link = _wow_texts(mention, places)
    return [
        divider("above_wow"),
        section(_("*The best wow*: {who}", who=who), "wow_who"),
        section(words, "wow_words"),
        context([link], "wow_link"),
    ]


def _wow_texts(mention: Mention, places: Places) -> tuple[str, str, str]:
    """Say who was delighted, in which words, and where they stand."""
    quoted, was_cut = quotation(mention, 500)
    who = f"{author_of(mention)} {places.at(mention.source)}"
    if mention.rating is not None:
        who = f"{who}, {stars(mention)}"
    return who, quoted, read_link(mention, places, was_cut)


def _dashboards(places: Places) -> list[str]:
    """Lead to the dashboards, where they can be reached."""
    shown = link(places.links.home(), _("Open the dashboards"))
    return [shown] if shown.startswith("<") else []
