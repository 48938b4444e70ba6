"""The rows of the digest's lists: sources, quotes, checkpoints."""

from __future__ import annotations

import math
from datetime import timedelta

from alerts.decide.sentence_picks import Pick
from alerts.messages.catalogue import _, n_, written
from alerts.messages.digest_numbers import (
    BrandBeside,
    CheckpointStanding,
    Kept,
    RisingTopic,
    SourceCoverage,
    SourceTrouble,
)
from alerts.messages.notices import metric_name
from alerts.messages.places import Places
from alerts.messages.safe_text import duration, line, moment, percentage, span
from alerts.messages.source_notices import how_it_is
from alerts.messages.voice_cards import read_link
from storage.models import Mention

_MAX_PICK_LINK = 500


def author_of(mention: Mention, limit: int = 80) -> str:
    """Name who wrote a mention, escaped."""
    return line(mention.author, limit) or _("somebody unnamed")


def trouble_row(trouble: SourceTrouble, places: Places) -> str:
    """Say how a source in trouble does, why, and since when."""
    told = how_it_is(places.title(trouble.source), trouble.state)
    if trouble.reason:
        told = f"{told} ({line(trouble.reason, 120)})"
    if trouble.since is None:
        return told
    return _("{trouble}; its last good crawl: {moment}", trouble=told,
             moment=moment(trouble.since))  # fmt: skip


def coverage_row(one: SourceCoverage, places: Places) -> str:
    """Say how many of a source's complaints were answered, and how soon."""
    told = {
        "place": places.title(one.source),
        "answered": written(one.answered),
        "cases": written(one.cases),
    }
    if one.median_hours is None:
        return _("{place}: {answered} of {cases}", **told)
    return _(
        "{place}: {answered} of {cases}, half of them within {median}, nine of ten within {p90}",
        median=duration(timedelta(hours=one.median_hours)),
        p90=duration(timedelta(hours=one.p90_hours or 0)),
        **told,
    )


def pick_row(pick: Pick, places: Places) -> str:
    """Quote one sentence, who wrote it, and where it stands."""
    link = read_link(pick.mention, places, False, _MAX_PICK_LINK)
    return f"“{line(pick.sentence, 160)}” {author_of(pick.mention, 60)} · {link}"


def beside_row(one: BrandBeside) -> str:
    """Say how much of all is said of a brand, and with what feeling."""
    told = {
        "brand": line(one.name, 80),
        "share": percentage(one.mentions / one.of_all),
        "mentions": n_("{n} mention", "{n} mentions", one.mentions),
    }
    if one.wows.value is None or one.complaints.value is None:
        return _("*{brand}*: {share} of all that is said ({mentions})", **told)
    return _(
        "*{brand}*: {share} of all that is said ({mentions}), wow rate {wows}, complaint rate "
        "{complaints}",
        wows=percentage(one.wows.value),
        complaints=percentage(one.complaints.value),
        **told,
    )


def rising_row(topic: RisingTopic) -> str:
    """Say how much more a topic is spoken of than usual, and with what feeling."""
    return n_(
        "{topic}: {n} mention in {days} days ({angry} angry, {delighted} delighted); {usual} "
        "would be usual, and chance explains up to {limit}",
        "{topic}: {n} mentions in {days} days ({angry} angry, {delighted} delighted); {usual} "
        "would be usual, and chance explains up to {limit}",
        topic.mentions,
        topic=line(topic.name, 80),
        days=written(topic.days),
        angry=written(topic.angry),
        delighted=written(topic.delighted),
        usual=written(round(topic.usual)),
        limit=written(math.floor(topic.limit)),
    )


def kept_rows(kept: Kept) -> list[str]:
    """Say what made no message of its own."""
    rows = []
    if kept.wows:
        rows.append(
            n_(
                "{n} wow made no message of its own",
                "{n} wows made no message of their own",
                kept.wows,
            )
        )
    if kept.muted:
        rows.append(
            n_(
                "{n} mention is by muted authors",
                "{n} mentions are by muted authors",
                kept.muted,
            )
        )
    return rows


def standing_row(standing: CheckpointStanding) -> str:
    """Say how a metric stands to its goal."""
    result = standing.result
    name = metric_name(standing.metric)
    told = {
        "metric": name[:1].upper() + name[1:],
        "goal": percentage(result.target),
        "window": span(standing.window),
    }
    if result.value is None:
        return _("{metric}: nothing counted yet (the goal is {goal} over {window})", **told)
    told |= {
        "value": percentage(result.value),
        "low": percentage(result.interval.low),
        "high": percentage(result.interval.high),
    }
    if not result.reached:
        return _(
            "{metric} {value}, likely between {low} and {high} (the goal is {goal} over "
            "{window}): not reached yet",
            **told,
        )
    if not result.next_target:
        return _(
            "{metric} {value}, likely between {low} and {high} (the goal is {goal} over "
            "{window}): reached",
            **told,
        )
    return _(
        "{metric} {value}, likely between {low} and {high} (the goal is {goal} over {window}): "
        "reached; the next is {next}",
        next=percentage(result.next_target),
        **told,
    )
