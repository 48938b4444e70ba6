"""A small store of made-up voices, written by the real Store; the same for the same `now`.

    told = build_store(tmp_path / "earful.db", now)

`told` is all that was written, so that a test can count it again in plain Python.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from storage.models import (
    CaseState,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Fate,
    Mention,
    NewCase,
    Stance,
    Verdict,
    Voice,
)
from storage.store import Store
from storage.tables.verdicts import Scored

BRAND = "Acme Air"
OTHER_BRAND = "Birch Bank"
MODEL = "fixture-1"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & <script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://evil.example","refund")'
RESPOND_WITHIN = timedelta(hours=4)

_TEXTS = {
    Experience.ANGRY: (
        "They lost my suitcase {n} days ago and nobody answers the phone.",
        "Boarding took {n} minutes too long, then the gate changed twice. A mess.",
        "Refund promised {n} weeks ago, still nothing. I am furious.",
    ),
    Experience.MEDIOCRE: (
        "It was okay: {n} minutes late, the coffee was fine, nothing to remember.",
        "Does the job. Seat {n} was narrow, the crew polite enough.",
    ),
    Experience.DELIGHTED: (
        "Rita at gate {n} ran after us with the toy my son had lost. Wonderful people!",
        "Best flight in {n} years, the crew sang for my mother's birthday. Loved it!",
    ),
    Experience.NONE: (
        "Does anybody know whether route {n} runs on Sundays?",
        "Acme Air will open gate {n} in spring, says the airport.",
    ),
}
_STARS = {
    Experience.ANGRY: (1.0, 1.0, 2.0),
    Experience.MEDIOCRE: (3.0, 4.0),
    Experience.DELIGHTED: (5.0,),
    Experience.NONE: (4.0, 5.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One mention of the fixture and what the store must say of it."""

    mention: Mention
    experience: Experience | None
    stance: Stance | None = Stance.NEITHER
    sure: bool = True
    case: CaseState | None = None
    due_at: datetime | None = None
    responded_at: datetime | None = None
    corrected_to: Experience | None = None

    @property
    def current(self) -> Experience | None:
        """Name the experience that people see: a correction wins over the model."""
        return self.corrected_to or self.experience


def make_mention(native_id: str, text: str, created_at: datetime | None, **more: Any) -> Mention:
    """Make a mention of `BRAND` at `appstore`; any field can be given in `more`."""
    values: dict[str, Any] = {
        "brand": BRAND,
        "source": "appstore",
        "fetched_at": created_at,
        "url": f"https://reviews.example/{native_id}",
        "language": "en",
        "author_native_id": more.get("author"),
    }
    return Mention(native_id=native_id, text=text, created_at=created_at, **(values | more))


def make_verdict(
    experience: Experience,
    stance: Stance = Stance.NEITHER,
    *,
    sure: bool = True,
    model: str = MODEL,
    strength: float | None = None,
) -> Verdict:
    """Make a verdict whose named classes have the probability `strength`."""
    top = strength if strength is not None else 0.94 if sure else 0.55
    experiences = {f"p_{name}": (1 - top) / 3 for name in Experience} | {f"p_{experience}": top}
    stances = {f"p_{name}": (1 - top) / 2 for name in Stance} | {f"p_{stance}": top}
    return Verdict(
        experience=experience,
        stance=stance,
        sure=sure,
        model=model,
        unread=False,
        **experiences,
        **stances,
    )


def build_store(path: Path, now: datetime, *, days: int = 42) -> list[Told]:
    """Write `days` of two brands at three sources: an incident, wows, flips, cases, crawls.

    With `days=0` the store is migrated and empty.
    """
    told = [*_voices(now, days)] if days else []
    with Store.open(path, migrate=True) as store:
        store_voices(store, told, now)
        if days:
            _crawls(store, now)
    return told


def store_voices(store: Store, told: Sequence[Told], now: datetime) -> None:
    """Save mentions, verdicts, cases and corrections as the stages would."""
    store.mentions.save([item.mention for item in told])
    scored = [item for item in told if item.experience is not None]
    store.verdicts.save(
        [
            Scored(
                mention=item.mention,
                verdict=make_verdict(
                    Experience(item.experience or "none"),
                    Stance(item.stance or "neither"),
                    sure=item.sure,
                    # No two alike, so that "the strongest" is one order only.
                    strength=(0.99 if item.sure else 0.6) - place / (20 * len(scored)),
                ),
            )
            for place, item in enumerate(scored)
        ],
        now,
    )
    for item in told:
        if item.corrected_to is not None:
            store.corrections.add(
                item.mention.id, experience=item.corrected_to, stance=None, by="dana", at=now
            )
    opened = [item for item in told if item.case is not None]
    store.judgements.mark_judged(
        [
            Voice(
                mention=item.mention,
                verdict=make_verdict(Experience.ANGRY, Stance(item.stance or "neither")),
            )
            for item in opened
        ],
        now,
        {item.mention.id: Fate.ALERTED for item in opened},
    )
    store.cases.open_new(
        NewCase(
            mention_id=item.mention.id,
            brand=item.mention.brand,
            opened_at=item.mention.created_at or now,
            due_at=item.due_at or now,
        )
        for item in opened
    )
    by_mention = {case.mention_id: case.id for case in store.cases.unanswered()}
    for item in opened:
        case_id = by_mention[item.mention.id]
        answered = item.responded_at or now
        if item.case in (CaseState.RESPONDED, CaseState.CLOSED):
            store.cases.move(case_id, CaseState.RESPONDED, actor="omar", at=answered)
        if item.case not in (CaseState.OPEN, CaseState.RESPONDED) and item.case is not None:
            store.cases.move(case_id, item.case, actor="omar", at=answered)


def _voices(now: datetime, days: int) -> Iterator[Told]:
    chance = random.Random(7)
    number = 0
    for ago in range(days - 1, -1, -1):
        incident = 8 <= ago <= 9
        for _ in range(chance.randint(5, 9) + (10 if incident else 0)):
            number += 1
            weights = (75, 10, 10, 5) if incident else (18, 30, 37, 15)
            experience = chance.choices(list(Experience), weights)[0]
            # Never in the future: today has only run until `now`.
            at = now - timedelta(days=ago, seconds=chance.randint(60, 3600))
            yield _told(chance, number, experience, at, now)
    yield from _histories(now)
    yield from _oddities(now)


def _told(
    chance: random.Random, number: int, experience: Experience, at: datetime, now: datetime
) -> Told:
    source = chance.choice(("appstore", "appstore", "hackernews", "feeds"))
    text = chance.choice(_TEXTS[experience]).format(n=number)
    stance = Stance.NEITHER
    if experience is Experience.ANGRY and chance.random() < 0.3:
        stance, text = Stance.HATER, f"{text} Stay away from them."
    if experience is Experience.DELIGHTED and chance.random() < 0.4:
        stance, text = Stance.ADVOCATE, f"{text} Fly with them, all of you."
    rated = source == "appstore"
    item = Told(
        mention=make_mention(
            str(number),
            text,
            at,
            source=source,
            author=f"Traveller {number}",
            title=f"Trip {number}" if rated else None,
            rating=chance.choice(_STARS[experience]) if rated else None,
            rating_max=5.0 if rated else None,
            reach=None if rated else chance.randint(1, 900),
            brand=OTHER_BRAND if chance.random() < 0.12 else BRAND,
        ),
        experience=experience,
        stance=stance,
        sure=chance.random() < 0.85,
    )
    if experience is Experience.ANGRY and item.sure:
        return _with_case(chance, item, at, now)
    return item


def _with_case(chance: random.Random, item: Told, at: datetime, now: datetime) -> Told:
    fresh = now - at < timedelta(days=5)
    state = chance.choices(list(CaseState), (5, 2, 3, 2, 1) if fresh else (0, 0, 5, 6, 1))[0]
    answered = state in (CaseState.RESPONDED, CaseState.CLOSED)
    return replace(
        item,
        case=state,
        due_at=at + RESPOND_WITHIN,
        responded_at=min(now, at + timedelta(minutes=chance.randint(20, 600)))
        if answered
        else None,
    )


def _histories(now: datetime) -> Iterator[Told]:
    """Tell of two people whose mind changed: Ana was lost, Bob was won back."""

    def by(author: str, key: str, text: str, ago: int) -> Mention:
        return make_mention(
            key, text, now - timedelta(days=ago), source="hackernews", author=author, reach=120
        )

    delighted, angry = Experience.DELIGHTED, Experience.ANGRY
    yield Told(
        mention=by("Ana", "ana-1", "I send everybody I know to Acme Air, they are the best.", 30),
        experience=delighted,
        stance=Stance.ADVOCATE,
    )
    yield Told(
        mention=by("Ana", "ana-2", "Stranded for nine hours without a word. I am so angry.", 3),
        experience=angry,
        case=CaseState.OPEN,
        due_at=now - timedelta(days=3) + RESPOND_WITHIN,
    )
    yield Told(
        mention=by("Bob", "bob-1", "Avoid Acme Air, the worst company there is.", 28),
        experience=angry,
        stance=Stance.HATER,
    )
    yield Told(
        mention=by("Bob", "bob-2", "They called me, paid and apologised. I am impressed!", 2),
        experience=delighted,
    )


def _oddities(now: datetime) -> Iterator[Told]:
    """Give what breaks careless code: markup, a formula, no date, no verdict, a correction."""
    yesterday = now - timedelta(days=1)
    yield Told(
        mention=make_mention("hostile", HOSTILE, yesterday, author='<b>"Eve"</b>', title="<i>"),
        experience=Experience.ANGRY,
        case=CaseState.OPEN,
        due_at=now + timedelta(hours=2),
    )
    yield Told(
        mention=make_mention("formula", FORMULA, yesterday, author="@SUM(A1)", title="-1+1"),
        experience=Experience.DELIGHTED,
    )
    yield Told(
        mention=make_mention("undated", "An old letter, kindly meant.", None, fetched_at=now),
        experience=Experience.MEDIOCRE,
    )
    yield Told(
        mention=make_mention("unscored", "Just in: the new lounge.", yesterday),
        experience=None,
        stance=None,
    )
    yield Told(
        mention=make_mention("corrected", "Oh great, delayed again. Bravo, again.", yesterday),
        experience=Experience.DELIGHTED,
        corrected_to=Experience.ANGRY,
    )


def _crawls(store: Store, now: datetime) -> None:
    for source, outcome, reason in (
        ("appstore", CrawlOutcome.OK, None),
        ("hackernews", CrawlOutcome.OK, None),
        ("feeds", CrawlOutcome.OK, None),
        ("feeds", CrawlOutcome.BLOCKED, "403 from reviews.example: the site refuses crawlers"),
    ):
        started = now - timedelta(hours=5 if outcome is CrawlOutcome.OK else 1)
        run = store.crawls.start(CrawlTarget(brand=BRAND, source=source, target="main"), started)
        store.crawls.finish(
            run,
            CrawlReport(outcome=outcome, reason=reason, seen=20 if reason is None else 0, new=5),
            started + timedelta(minutes=1),
        )
