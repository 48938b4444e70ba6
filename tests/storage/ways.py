"""Every way into the store: a call of each public method of each of its parts.

    WAYS["mentions.count"].go(store)

A call finds something to do in the store that `furnish` has filled: one that had nothing to do
would show nothing of a fault.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from storage.database import Database
from storage.models import (
    AdvocateNeed,
    Alert,
    AlertKind,
    AlertState,
    AnswerTime,
    CaseDestination,
    CaseEventKind,
    CaseList,
    CaseMove,
    CaseState,
    ControlPoint,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Fate,
    Incident,
    IncidentKind,
    KnownProblem,
    LadderStep,
    Measured,
    Mention,
    Need,
    NewAlert,
    NewCase,
    NewReply,
    ReplyState,
    SourceStanding,
    SourceState,
    Take,
    Translation,
    TroubleKind,
    Validators,
    VersionLook,
)
from storage.reports import Filter
from storage.rewards import StaffRow
from storage.store import Store
from storage.tables.audit import Act, AuditEntry
from storage.tables.brands import BrandRow
from storage.tables.checkpoints import Checkpoint, Standing
from storage.tables.judgements import Backlog
from storage.tables.outbox_word import Choice
from storage.tables.privacy import PrivacyWishes
from storage.tables.relevance_labels import StoredModel, Weighed
from storage.tables.source_shares import DriftRow
from storage.tables.subjects import of_author
from storage.tables.verdicts import Scored
from storage.tables.webhook_receipts import Receipt
from storage.tables.written_files import WrittenFile
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import BRAND, build_store, make_mention, make_verdict
from tests.storage.topic_store import a_fit, find, fitted, sort, wished

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
ALL = Filter()
TARGET = CrawlTarget(brand=BRAND, source="appstore", target="main")
INCIDENT = Incident(
    brand=BRAND,
    channel="#complaints",
    opened_at=NOW - timedelta(hours=1),
    last_at=NOW,
    complaints=5,
)
PROBLEM = KnownProblem(key="disk", about="the disk", sentence="The disk is slow.", since=NOW)
DRIFT = DriftRow(
    brand=BRAND,
    source="appstore",
    share="experience none",
    since=NOW.date(),
    usual=0.1,
    part=40,
    whole=60,
    seen_on=NOW.date(),
)
LEARNT = StoredModel(brand=BRAND, trained_at=NOW, learnt_from="5 yes, 5 no", model="{}")
ANGRY = make_verdict(Experience.ANGRY)
RECEIPT = Receipt(
    door="shop",
    delivery_id="msg_1",
    body_hash="00",
    at=NOW,
    new=1,
    edited=0,
    known=0,
    same=0,
    refused=0,
)
HOURS = timedelta(hours=24)
ANSWER = AnswerTime(
    case_id=1,
    brand=BRAND,
    team="#complaints",
    answered_at=NOW,
    answered_on=NOW.date(),
    business=timedelta(hours=1),
    in_time=True,
)
TAKE = Take(
    case_id=1,
    brand=BRAND,
    team="#complaints",
    taken_at=NOW,
    taken_on=NOW.date(),
    by="dana",
)
MEASURED = Measured(
    points=(
        ControlPoint(
            metric="wow_rate",
            day=NOW.date(),
            until=NOW.date() + timedelta(days=1),
            n=9,
            k=3,
            value=1 / 3,
            centre=0.3,
            lower=0.0,
            upper=0.8,
            phase=0,
            signal=None,
            side="above",
            act=None,
        ),
    ),
    shifts=(),
    periods=(),
    errors=(),
)
AUDITED = AuditEntry(at=NOW, actor="anna", role="work", act=Act.CORRECTED, what="angry")
CHANNEL, PASSING = TroubleKind.CHANNEL, TroubleKind.PASSING
LOOK = VersionLook(
    brand=BRAND, version="1.0", metric="wow_rate", first_day=NOW.date(), part_before=1,
    told_before=20, part=9, told=20, strata=1, difference=0.4, low=0.1, high=0.6, p_value=0.01,
    looks=1, direction=None,
)  # fmt: skip
OLD = Backlog(
    brand=BRAND,
    source="appstore",
    counts={Experience.ANGRY: 1},
    oldest=None,
    newest=None,
    newest_verdict=1_000_000,
)


@dataclass(frozen=True, slots=True)
class Way:
    """`copies` reads the store and writes another file."""

    call: Callable[[Store], object]
    writes: bool = False
    copies: str = ""

    def go(self, store: Store) -> object:
        """Call the method; what it gives one by one is read to its end."""
        given = self.call(store)
        return list(given) if isinstance(given, Iterator) else given


def reads(call: Callable[[Store], object]) -> Way:
    return Way(call)


def writes(call: Callable[[Store], object]) -> Way:
    return Way(call, writes=True)


def mention(native_id: str = "new") -> Mention:
    return make_mention(native_id, "They lost my bag and nobody answers.", NOW, author="Mo")


def alert(key: str = "k9", channel: str = "#c") -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.COMPLAINT,
        brand=BRAND,
        channel=channel,
        payload={"text": "A bag was lost.", "count": 2},
        created_at=NOW,
    )


def an_answer(case_id: int) -> NewReply:
    return NewReply(
        case_id=case_id,
        mention_id="appstore:hostile",
        text="We are sorry.",
        state=ReplyState.SENDING,
        author="dana",
        written_at=NOW,
        text_hash="00",
    )


def of(store: Store, key: str) -> Alert:
    found = store.outbox.find(key)
    assert found is not None
    return found


def weighed(store: Store, mention_id: str) -> Weighed:
    stored = store.mentions.get(mention_id)
    assert stored is not None
    return Weighed(mention=stored, encoder="e1", vector=b"\0\0", p_about=0.2)


def validators(url: str) -> Validators:
    return Validators(url=url, etag="e1", last_modified=None)


def furnish(path: Path) -> None:
    """Make a store in which each of `WAYS` has something to read or to change."""
    build_store(path, NOW, days=3)
    with Store.open(path) as store:
        store.outbox.add([alert(f"k{number}") for number in range(8)])
        for alert_id in (2, 3):
            store.outbox.claim(alert_id, NOW)
        store.outbox.add([alert("complaint:appstore:gone")])
        store.outbox.drop(9)
        store.outbox.park(4, "the channel is archived", CHANNEL)
        for moment in (LONG_AGO, NOW):
            run = store.crawls.start(TARGET, moment)
            store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK), moment)
        store.crawls.start(TARGET, NOW)
        store.crawls.save_validators(
            [Validators(url="http://a.example/", etag="e1", last_modified=None)]
        )
        store.incidents.write(INCIDENT, ["appstore:hostile"])
        store.ladder.add(step("at 0.5 unclaimed"))
        store.cases.mute('appstore:<b>"Eve"</b>', BRAND, by="dana", by_id=None, at=NOW)
        store.checkpoints.current(BRAND, "wow_rate", 30, 0.3, NOW)
        store.daemon_runs.start(1, "0.1", NOW)
        store.daemon_runs.ran("digest", NOW)
        store.failures.failed("score", NOW, "no memory")
        store.failures.failed("score", NOW, "no memory", "mention appstore:hostile")
        store.source_shares.write([DRIFT])
        with store.database.transaction() as connection:
            connection.execute(
                "INSERT INTO source_days VALUES (?, 'appstore', ?, 'verdict sure', 1, 2)",
                (BRAND, "2024-01-01"),
            )
        store.problems.record([PROBLEM])
        store.relevance.say("appstore:hostile", about=True, by="dana", by_id=None, at=NOW)
        store.relevance.save_model(LEARNT)
        store.relevance.weigh([weighed(store, "appstore:formula")])
        store.quotas.spend("account", "2026-03-10", 1, 10)
        _judge(store, 1, Fate.IN_DIGEST)
        store.webhook_receipts.add(RECEIPT)
        store.scoring_tries.begin(store.verdicts.waiting(9), NOW)
        store.tombstones.block("appstore:blocked")
        store.audit.add(AUDITED)
        store.written_files.add(WrittenFile(path=Path("/all.csv"), kind="export", at=NOW))
        store.sessions.begin("00", "anna", "00", NOW, NOW + HOURS)
        store.replies.write(an_answer(8))
        store.competitors.begin("Gone Air", LONG_AGO)
        found, other = find(store, "bags", "crew")
        sort(store, _mention(store, "appstore:hostile"), found, other)
        store.topic_figures.save(BRAND, "made", {}, [], {found: [1]})
        store.topics.hide(other, by="dana", at=NOW)


def found_methods() -> set[str]:
    """Name the public methods of all parts of a Store, as `part.method`."""
    # The parts only keep the database until they are asked something.
    parts = vars(Store(cast(Database, None)))
    return {
        f"{name}.{method}"
        for name, part in parts.items()
        if name != "database"
        for method, _ in inspect.getmembers(type(part), callable)
        if not method.startswith("_")
    }


def _mention(store: Store, mention_id: str) -> Mention:
    found = store.mentions.get(mention_id)
    assert found is not None
    return found


def _case(store: Store) -> int:
    return store.cases.unanswered()[0].id


def step(name: str) -> LadderStep:
    return LadderStep(
        case_id=1, due_at=NOW, step=name, owner="", place="", at=NOW, message="m", line="l"
    )


def _judge(store: Store, limit: int, fate: Fate) -> None:
    voices = store.judgements.unjudged(HOURS, limit)
    store.judgements.mark_judged(voices, NOW, {voice.mention.id: fate for voice in voices})


def _hash_of(store: Store, mention_id: str) -> str:
    voice = store.judgements.voice(mention_id)
    assert voice is not None
    return voice.mention.text_hash


def _in_digest(store: Store) -> str:
    found = store.database.connection.execute(
        "SELECT mention_id FROM verdicts WHERE fate = ?", (Fate.IN_DIGEST,)
    )
    return str(found.fetchone()[0])


def _unblock(store: Store) -> bool:
    return store.tombstones.unblock("appstore:blocked")


WAYS: dict[str, Way] = {
    "brands.all": reads(lambda s: s.brands.all()),
    "brands.sync": writes(
        lambda s: s.brands.sync([BrandRow(name=BRAND, time_zone="Asia/Tokyo", competitor=True)])
    ),
    "mentions.count": reads(lambda s: s.mentions.count()),
    "mentions.get": reads(lambda s: s.mentions.get("appstore:hostile")),
    "mentions.many": reads(lambda s: s.mentions.many(["appstore:hostile"])),
    "mentions.as_kept": reads(lambda s: s.mentions.as_kept(mention())),
    "mentions.known": reads(lambda s: s.mentions.known("appstore", ["hostile"], NOW)),
    "mentions.newest": reads(lambda s: s.mentions.newest(BRAND, "appstore")),
    "mentions.save": writes(lambda s: s.mentions.save([mention()], ["appstore:formula"], NOW)),
    "audit.add": writes(lambda s: s.audit.add(AUDITED)),
    "audit.forget_before": writes(lambda s: s.audit.forget_before(NOW + HOURS)),
    "audit.latest": reads(lambda s: s.audit.latest(9)),
    "held_data.of": reads(lambda s: s.held_data.of(of_author('appstore:<b>"Eve"</b>'))),
    "written_files.add": writes(
        lambda s: s.written_files.add(WrittenFile(path=Path("/r.html"), kind="report", at=NOW))
    ),
    "written_files.remove": writes(lambda s: s.written_files.remove([Path("/all.csv")])),
    "written_files.that_hold": reads(
        lambda s: s.written_files.that_hold(of_author('appstore:<b>"Eve"</b>'))
    ),
    "written_files.waiting": reads(lambda s: s.written_files.waiting()),
    "privacy.be": writes(lambda s: s.privacy.be(PrivacyWishes(mask=("email",)))),
    "privacy.called": reads(lambda s: s.privacy.called('appstore:<b>"Eve"</b>')),
    "sessions.begin": writes(lambda s: s.sessions.begin("01", "anna", "00", NOW, NOW + HOURS)),
    "sessions.end": writes(lambda s: s.sessions.end("00")),
    "sessions.find": reads(lambda s: s.sessions.find("00", NOW)),
    "tombstones.block": writes(lambda s: s.tombstones.block("appstore:mallory")),
    "tombstones.unblock": writes(_unblock),
    "ledger.alerted": writes(lambda s: s.ledger.alerted(_in_digest(s))),
    "ledger.forget_before": writes(lambda s: s.ledger.forget_before(NOW + timedelta(days=9))),
    "ledger.rows": reads(lambda s: s.ledger.rows(LONG_AGO)),
    "answered_texts.of": reads(lambda s: s.answered_texts.of(["appstore:hostile"])),
    "scoring_tries.begin": writes(lambda s: s.scoring_tries.begin(s.verdicts.waiting(9), NOW)),
    "scoring_tries.end": writes(lambda s: s.scoring_tries.end(["appstore:unscored"])),
    "scoring_tries.left": reads(lambda s: s.scoring_tries.left()),
    "scoring_tries.to_try_alone": reads(lambda s: s.scoring_tries.to_try_alone()),
    "scoring_tries.aside": reads(lambda s: s.scoring_tries.aside()),
    "scoring_tries.forget": writes(lambda s: s.scoring_tries.forget()),
    "verdicts.count_stale": reads(lambda s: s.verdicts.count_stale(["other"])),
    "verdicts.count_unread": reads(lambda s: s.verdicts.count_unread()),
    "verdicts.count_waiting": reads(lambda s: s.verdicts.count_waiting()),
    "verdicts.save": writes(
        lambda s: s.verdicts.save(
            [Scored(mention=make_mention("unscored", "Just in", NOW), verdict=ANGRY)], NOW
        )
    ),
    "verdicts.stale": reads(lambda s: s.verdicts.stale(["other"], 9)),
    "verdicts.still_waiting": reads(lambda s: s.verdicts.still_waiting(["appstore:unscored"])),
    "verdicts.waiting": reads(lambda s: s.verdicts.waiting(9)),
    "verdicts.waiting_since": reads(lambda s: s.verdicts.waiting_since()),
    "translations.save": writes(
        lambda s: s.translations.save(
            [
                Translation(
                    mention_id="appstore:hostile",
                    text_hash=_hash_of(s, "appstore:hostile"),
                    language="de",
                    text="Sie haben meinen Koffer verloren.",
                    translator="libretranslate",
                    at=NOW,
                )
            ]
        )
    ),
    "topics.events": reads(lambda s: s.topics.events(1)),
    "topics.get": reads(lambda s: s.topics.get(1)),
    "topics.hide": writes(lambda s: s.topics.hide(1, by="dana", at=NOW)),
    "topics.merge": writes(lambda s: s.topics.merge(1, 2, by="dana", at=NOW)),
    "topics.of": reads(lambda s: s.topics.of(BRAND)),
    "topics.own": writes(lambda s: s.topics.own(BRAND, [wished("refunds")], NOW)),
    "topics.rename": writes(lambda s: s.topics.rename(1, "Luggage", by="dana", at=NOW)),
    "topics.show": writes(lambda s: s.topics.show(2, by="dana", at=NOW)),
    "topic_sorting.count_waiting": reads(lambda s: s.topic_sorting.count_waiting(BRAND)),
    "topic_sorting.save": writes(lambda s: sort(s, _mention(s, "appstore:hostile"), 2, 1)),
    "topic_sorting.still_waiting": reads(
        lambda s: s.topic_sorting.still_waiting(["appstore:formula"])
    ),
    "topic_sorting.vectors": reads(lambda s: s.topic_sorting.vectors(BRAND, "e1", 9)),
    "topic_sorting.waiting": reads(lambda s: s.topic_sorting.waiting("e1", 9)),
    "topic_fits.brands": reads(lambda s: s.topic_fits.brands()),
    "topic_fits.languages": reads(lambda s: s.topic_fits.languages(BRAND)),
    "topic_fits.last": reads(lambda s: s.topic_fits.last(BRAND, "en")),
    "topic_fits.sample": reads(
        lambda s: s.topic_fits.sample(BRAND, "en", "e1", LONG_AGO.date(), 99)
    ),
    "topic_fits.save": writes(
        lambda s: s.topic_fits.save(a_fit(), [fitted("belts", split_off=1)], retired=[2])
    ),
    "topic_figures.by_day": reads(
        lambda s: s.topic_figures.by_day(BRAND, "topic", LONG_AGO.date(), NOW.date())
    ),
    "topic_figures.listed": reads(lambda s: s.topic_figures.listed(BRAND, 28, hidden=True)),
    "topic_figures.made_of": reads(lambda s: s.topic_figures.made_of(BRAND)),
    "topic_figures.quotable": reads(lambda s: s.topic_figures.quotable(1, None, 9)),
    "topic_figures.save": writes(
        lambda s: s.topic_figures.save(BRAND, "made again", {}, [], {2: [1]})
    ),
    "topic_figures.total": reads(
        lambda s: s.topic_figures.total(BRAND, LONG_AGO.date(), NOW.date())
    ),
    "topic_figures.triggers": reads(lambda s: s.topic_figures.triggers(BRAND)),
    "topic_figures.untopical": reads(lambda s: s.topic_figures.untopical(BRAND, 28)),
    "judgements.count_unjudged": reads(lambda s: s.judgements.count_unjudged()),
    "judgements.earlier_experience": reads(
        lambda s: s.judgements.earlier_experience(["appstore:hostile"])
    ),
    "judgements.backlogs": reads(lambda s: s.judgements.backlogs(HOURS, NOW)),
    # With an age below nothing all is old; two hours on no crawl is running.
    "judgements.judge_backlog": writes(
        lambda s: s.judgements.judge_backlog(OLD, timedelta(seconds=-1), NOW + timedelta(hours=2))
    ),
    "judgements.judge_copies": writes(lambda s: s.judgements.judge_copies(NOW)),
    "judgements.oldest_fresh": reads(lambda s: s.judgements.oldest_fresh(HOURS)),
    "judgements.still_unjudged": reads(
        lambda s: s.judgements.still_unjudged(["appstore:hostile"])
    ),
    "judgements.mark_judged": writes(lambda s: _judge(s, 99, Fate.ALERTED)),
    "judgements.name_staff": writes(
        lambda s: s.judgements.name_staff({"appstore:formula": ["Rita"]})
    ),
    "judgements.unjudged": reads(lambda s: s.judgements.unjudged(HOURS, 99)),
    "judgements.voice": reads(lambda s: s.judgements.voice("appstore:hostile")),
    "judgements.waiting_since": reads(lambda s: s.judgements.waiting_since()),
    "corrections.add": writes(
        lambda s: s.corrections.add(
            "appstore:formula", experience=Experience.NONE, stance=None, by="dana", at=NOW
        )
    ),
    "corrections.of": reads(lambda s: s.corrections.of("appstore:corrected")),
    "corrections.texts": reads(lambda s: s.corrections.texts()),
    "relevance.brands": reads(lambda s: s.relevance.brands()),
    "relevance.doubtful": reads(lambda s: s.relevance.doubtful(BRAND, None, 9)),
    "relevance.forget_model": writes(lambda s: s.relevance.forget_model(BRAND)),
    "relevance.forget_vectors": writes(lambda s: s.relevance.forget_vectors(1)),
    "relevance.labels": reads(lambda s: s.relevance.labels(BRAND)),
    "relevance.last_word": reads(lambda s: s.relevance.last_word("appstore:hostile")),
    "relevance.model": reads(lambda s: s.relevance.model(BRAND)),
    "relevance.save_model": writes(lambda s: s.relevance.save_model(LEARNT)),
    "relevance.say": writes(
        lambda s: s.relevance.say(
            "appstore:formula", about=False, by="dana", by_id=None, at=NOW, click="c9"
        )
    ),
    "relevance.standing": reads(lambda s: s.relevance.standing("appstore:hostile")),
    "relevance.taught": reads(lambda s: s.relevance.taught(BRAND)),
    "relevance.untaught": reads(lambda s: s.relevance.untaught(BRAND, 9)),
    "relevance.unweighed": reads(lambda s: s.relevance.unweighed(BRAND, "e1", 9)),
    "relevance.vectors": reads(lambda s: s.relevance.vectors(["appstore:hostile"], "e1")),
    # More than the store's pages have room for.
    "relevance.weigh": writes(
        lambda s: s.relevance.weigh(
            [replace(weighed(s, "appstore:formula"), vector=bytes(200_000))]
        )
    ),
    "case_destinations.be": writes(
        lambda s: s.case_destinations.be([CaseDestination("webhook:crm", BRAND, "events")])
    ),
    "case_destinations.untold_issues": reads(lambda s: s.case_destinations.untold_issues()),
    "case_watch.back_again": reads(lambda s: s.case_watch.back_again()),
    "case_watch.post_after_all": writes(lambda s: s.case_watch.post_after_all("appstore:gone")),
    "case_watch.taken_back": reads(lambda s: s.case_watch.taken_back()),
    "case_watch.to_wake": reads(lambda s: s.case_watch.to_wake(NOW)),
    "cases.answers": reads(lambda s: s.cases.answers(["appstore:hostile"])),
    "cases.apply": writes(
        lambda s: s.cases.apply(
            CaseMove(
                mention_id="appstore:hostile", event=CaseEventKind.EDITED, at=NOW, note="called"
            )
        )
    ),
    "cases.counts": reads(lambda s: s.cases.counts(NOW)),
    "cases.dismissed": reads(lambda s: s.cases.dismissed(BRAND, LONG_AGO)),
    "cases.events": reads(lambda s: s.cases.events(1)),
    "cases.file": reads(lambda s: s.cases.file("appstore:hostile")),
    "cases.in_states": reads(lambda s: s.cases.in_states(list(CaseState))),
    "cases.get": reads(lambda s: s.cases.get(1)),
    "cases.is_first": writes(lambda s: s.cases.is_first("c7", NOW)),
    "cases.knows_click": reads(lambda s: s.cases.knows_click("c1")),
    "waiting_cases.page": reads(lambda s: s.waiting_cases.page(CaseList.OPEN, "U1", NOW)),
    "waiting_cases.count": reads(lambda s: s.waiting_cases.count(CaseList.OVERDUE, "U1", NOW)),
    "waiting_cases.counts": reads(lambda s: s.waiting_cases.counts("U1", NOW)),
    "waiting_cases.of_cases": reads(
        lambda s: s.waiting_cases.of_cases(s.cases.in_states(list(CaseState)))
    ),
    "slack_homes.opened": writes(lambda s: s.slack_homes.opened("U1", NOW)),
    "slack_homes.is_open": reads(lambda s: s.slack_homes.is_open("U1")),
    "cases.open_new": writes(
        lambda s: s.cases.open_new(
            [NewCase(mention_id="appstore:formula", brand=BRAND, opened_at=NOW, due_at=NOW)]
        )
    ),
    "cases.move": writes(
        lambda s: s.cases.move(_case(s), CaseState.DISMISSED, actor="dana", at=NOW)
    ),
    "cases.mute": writes(
        lambda s: s.cases.mute("hackernews:Ana", BRAND, by="dana", by_id=None, at=NOW)
    ),
    "cases.muted": reads(lambda s: s.cases.muted(BRAND)),
    "cases.mutes": reads(lambda s: s.cases.mutes()),
    "cases.name_of": reads(lambda s: s.cases.name_of("U0DANA")),
    "cases.newly_answered": reads(lambda s: s.cases.newly_answered()),
    "cases.of_author": reads(lambda s: s.cases.of_author("hackernews:Ana", BRAND)),
    "cases.of_authors": reads(
        lambda s: s.cases.of_authors([make_mention("1", "x", NOW, author="Ana")], LONG_AGO)
    ),
    "cases.of_mention": reads(lambda s: s.cases.of_mention("appstore:hostile")),
    "cases.of_mentions": reads(lambda s: s.cases.of_mentions(["appstore:hostile"])),
    "cases.overdue_told": reads(lambda s: s.cases.overdue_told(BRAND, NOW)),
    "cases.unanswered": reads(lambda s: s.cases.unanswered()),
    "cases.user_id_of": reads(lambda s: s.cases.user_id_of("dana")),
    "cases.unmute": writes(lambda s: s.cases.unmute('appstore:<b>"Eve"</b>', BRAND)),
    "replies.get": reads(lambda s: s.replies.get(1)),
    "replies.move": writes(
        lambda s: s.replies.move(1, ReplyState.SENDING, ReplyState.FAILED, error="refused")
    ),
    "replies.of_case": reads(lambda s: s.replies.of_case(8)),
    "replies.sending": reads(lambda s: s.replies.sending()),
    "replies.write": writes(lambda s: s.replies.write(an_answer(2))),
    "incidents.complaints_of": reads(lambda s: s.incidents.complaints_of(INCIDENT, 9)),
    "incidents.cases_of": reads(lambda s: s.incidents.cases_of(INCIDENT, list(CaseState))),
    "incidents.facets": reads(
        lambda s: s.incidents.facets(IncidentKind.COMPLAINTS, BRAND, LONG_AGO, NOW)
    ),
    "incidents.named": reads(lambda s: s.incidents.named(INCIDENT.root_key)),
    "incidents.note_shown": writes(lambda s: s.incidents.note_shown(INCIDENT, "1/0/0/0")),
    "incidents.over_since": reads(
        lambda s: s.incidents.over_since(BRAND, IncidentKind.COMPLAINTS, LONG_AGO)
    ),
    "incidents.said": reads(lambda s: s.incidents.said(BRAND, LONG_AGO, NOW, 9, angry=True)),
    "incidents.to_show": reads(lambda s: s.incidents.to_show(LONG_AGO)),
    "incidents.work": reads(lambda s: s.incidents.work(INCIDENT)),
    "incidents.counts": reads(lambda s: s.incidents.counts(BRAND, LONG_AGO, NOW)),
    "incidents.open": reads(lambda s: s.incidents.open()),
    "incidents.ordinary_words": reads(lambda s: s.incidents.ordinary_words(BRAND, NOW)),
    "incidents.recent_complaints": reads(lambda s: s.incidents.recent_complaints(BRAND, LONG_AGO)),
    "incidents.usual": reads(lambda s: s.incidents.usual(BRAND, NOW - timedelta(hours=1), NOW)),
    "incidents.write": writes(lambda s: s.incidents.write(INCIDENT, ["appstore:hostile"])),
    "ladder.add": writes(lambda s: s.ladder.add(step("at 1 any"))),
    "ladder.channels": reads(lambda s: s.ladder.channels()),
    "ladder.climbed": reads(lambda s: s.ladder.climbed()),
    "ladder.gathered": reads(lambda s: s.ladder.gathered("m")),
    "ladder.incidents": reads(lambda s: s.ladder.incidents()),
    "ladder.lines_since": reads(lambda s: s.ladder.lines_since(LONG_AGO)),
    "ladder.waits": reads(lambda s: s.ladder.waits()),
    "outbox.add": writes(lambda s: s.outbox.add([alert()])),
    "outbox.claim": writes(lambda s: s.outbox.claim(1, NOW)),
    "outbox.sent_by_way": reads(lambda s: s.outbox.sent_by_way()),
    "outbox.counted": reads(lambda s: s.outbox.counted("k1")),
    "outbox.counts": reads(lambda s: s.outbox.counts()),
    "outbox.drop": writes(lambda s: s.outbox.drop(1)),
    "outbox.drop_orphans": writes(lambda s: s.outbox.drop_orphans()),
    "outbox.find": reads(lambda s: s.outbox.find("k1")),
    "outbox.hold_channel": writes(
        lambda s: s.outbox.hold_channel("#c", NOW, "slow down", PASSING)
    ),
    "outbox.knows": reads(lambda s: s.outbox.knows("k1")),
    "outbox.leave_channel": reads(lambda s: s.outbox.leave_channel(of(s, "k2"), NOW, "left")),
    "outbox.look_again": writes(lambda s: s.outbox.look_again(2, NOW)),
    "outbox.lose_message": writes(lambda s: s.outbox.lose_message(of(s, "k2"), NOW, "gone")),
    "outbox.doubt_lost": reads(lambda s: s.outbox.doubt_lost(NOW)),
    "outbox.mark_sent": writes(lambda s: s.outbox.mark_sent(2, "1.0", NOW)),
    "outbox.next_look": reads(lambda s: s.outbox.next_look()),
    "outbox.next_release": reads(lambda s: s.outbox.next_release(NOW)),
    "outbox.park": writes(lambda s: s.outbox.park(1, "the channel is archived", CHANNEL)),
    "outbox.park_channel": writes(lambda s: s.outbox.park_channel("#c", "archived", CHANNEL)),
    "outbox.park_threads": writes(lambda s: s.outbox.park_threads("#c", "archived", CHANNEL)),
    "outbox.posted_since": reads(lambda s: s.outbox.posted_since(LONG_AGO)),
    "outbox.retry": writes(lambda s: s.outbox.retry(2, NOW, "refused", TroubleKind.MESSAGE)),
    "outbox.sending": reads(lambda s: s.outbox.sending()),
    "outbox.to_look_at": reads(lambda s: s.outbox.to_look_at(NOW)),
    "outbox.troubles": reads(lambda s: s.outbox.troubles()),
    "outbox.unclear": writes(lambda s: s.outbox.unclear(2, NOW, "timed out", PASSING)),
    "outbox.unpark_certain": writes(lambda s: s.outbox.unpark_certain()),
    "outbox.ready_since": reads(lambda s: s.outbox.ready_since(NOW)),
    "outbox.unsent": reads(lambda s: s.outbox.unsent()),
    "outbox.withdraw": writes(lambda s: s.outbox.withdraw("k7", "out of date")),
    "outbox.waiting": reads(lambda s: s.outbox.waiting(NOW, 9)),
    "outbox.waiting_in": reads(lambda s: s.outbox.waiting_in(["#c"])),
    "outbox_word.drop": writes(lambda s: s.outbox_word.drop([1], "dana: out of date")),
    "outbox_word.dropping": reads(lambda s: s.outbox_word.dropping([1])),
    "outbox_word.listed": reads(lambda s: s.outbox_word.listed([*AlertState])),
    "outbox_word.move": writes(lambda s: s.outbox_word.move(Choice(), "#d")),
    "outbox_word.named": reads(lambda s: s.outbox_word.named([1])),
    "outbox_word.readdress": writes(lambda s: s.outbox_word.readdress([1], "#d")),
    "outbox_word.retry": writes(lambda s: s.outbox_word.retry(Choice())),
    "channel_roles.left": reads(lambda s: s.channel_roles.left()),
    "channel_roles.note": writes(lambda s: s.channel_roles.note({"slack.ops": "#ops"}, NOW)),
    "crawls.close_interrupted": writes(lambda s: s.crawls.close_interrupted(NOW)),
    "crawls.clocks_ahead": reads(lambda s: s.crawls.clocks_ahead("appstore", LONG_AGO)),
    "crawls.counts": reads(lambda s: s.crawls.counts(TARGET)),
    "crawls.finish": writes(
        lambda s: s.crawls.finish(
            1,
            CrawlReport(outcome=CrawlOutcome.OK),
            NOW,
            SourceStanding(state=SourceState.OK, since=NOW),
        )
    ),
    "crawls.rename": writes(lambda s: s.crawls.rename(TARGET, replace(TARGET, target="other"))),
    "crawls.last_failures": reads(lambda s: s.crawls.last_failures("appstore")),
    "crawls.last_good": reads(lambda s: s.crawls.last_good(TARGET, NOW)),
    "crawls.last_start": reads(lambda s: s.crawls.last_start(TARGET)),
    "crawls.latest": reads(lambda s: s.crawls.latest("appstore")),
    "crawls.past": reads(lambda s: s.crawls.past(TARGET)),
    "crawls.prune": writes(lambda s: s.crawls.prune(1)),
    "crawls.reached_nobody": reads(lambda s: s.crawls.reached_nobody(TARGET)),
    "crawls.save_validators": writes(
        lambda s: s.crawls.save_validators(
            [Validators(url="http://b.example/", etag="e2", last_modified=None)]
        )
    ),
    "crawls.standing": reads(lambda s: s.crawls.standing(TARGET)),
    "crawls.standings": reads(lambda s: s.crawls.standings("appstore")),
    "crawls.start": writes(lambda s: s.crawls.start(TARGET, NOW)),
    "crawls.validators": reads(lambda s: s.crawls.validators("http://a.example/")),
    "quotas.spend": writes(lambda s: s.quotas.spend("account", "2026-03-10", 1, 10)),
    "webhook_receipts.add": writes(lambda s: s.webhook_receipts.add(RECEIPT)),
    "webhook_receipts.find": reads(lambda s: s.webhook_receipts.find("shop", "msg_1")),
    "webhook_receipts.by_door": reads(lambda s: s.webhook_receipts.by_door()),
    "competitors.begin": writes(lambda s: s.competitors.begin("Rival", NOW)),
    "competitors.end": writes(lambda s: s.competitors.end("Gone Air", NOW)),
    "competitors.now": reads(lambda s: s.competitors.now()),
    "comparisons.cuts": reads(lambda s: s.comparisons.cuts(BRAND, "source", "30 days")),
    "comparisons.share_of_voice": reads(lambda s: s.comparisons.share_of_voice("30 days")),
    "comparisons.side_by_side": reads(lambda s: s.comparisons.side_by_side(BRAND, "30 days")),
    "advocates.quiet": reads(lambda s: s.advocates.quiet(BRAND, 9)),
    "advocates.spoken": reads(lambda s: s.advocates.spoken(BRAND, LONG_AGO, NOW)),
    "advocates.standing": reads(lambda s: s.advocates.standing(BRAND, ["hackernews:Ana"])),
    "advocates.write": writes(
        lambda s: s.advocates.write(
            BRAND,
            NOW.date(),
            [
                AdvocateNeed(
                    mention=one, need=Need.QUESTION, sentence="Will you fly to Oslo again?"
                )
                for one in (s.mentions.get("hackernews:ana-1"),)
                if one is not None
            ],
        )
    ),
    "rewards.may_name": reads(lambda s: s.rewards.may_name(BRAND, ["Rita"])),
    "rewards.months": reads(lambda s: s.rewards.months(BRAND)),
    "rewards.name": writes(lambda s: s.rewards.name({1: ["Rita"]})),
    "rewards.named": reads(lambda s: s.rewards.named(BRAND, ["Rita"])),
    "rewards.people": reads(lambda s: s.rewards.people(BRAND, "2026-03")),
    "rewards.sync_staff": writes(
        lambda s: s.rewards.sync_staff([StaffRow(brand=BRAND, name="Rita", team="Gates")])
    ),
    "rewards.teams": reads(lambda s: s.rewards.teams(BRAND, "2026-03")),
    "rewards.won_back": reads(lambda s: s.rewards.won_back(BRAND, "2026-03")),
    "rewards.words": reads(lambda s: s.rewards.words(BRAND, "2026-03")),
    "version_changes.counts": reads(
        lambda s: s.version_changes.counts(BRAND, "1.0", LONG_AGO.date(), NOW.date())
    ),
    "version_changes.found": reads(lambda s: s.version_changes.found(BRAND, LONG_AGO, NOW)),
    "version_changes.looks": reads(lambda s: s.version_changes.looks(BRAND)),
    "version_changes.versions": reads(lambda s: s.version_changes.versions(BRAND)),
    "version_changes.write": writes(lambda s: s.version_changes.write(LOOK, NOW)),
    "copies.count": reads(lambda s: s.copies.count()),
    "copies.link": writes(lambda s: s.copies.link()),
    "answer_times.add": writes(lambda s: s.answer_times.add([ANSWER], [TAKE])),
    "answer_times.answered": reads(lambda s: s.answer_times.answered(BRAND, LONG_AGO, NOW)),
    "answer_times.channel_of": reads(lambda s: s.answer_times.channel_of(1)),
    "answer_times.taken": reads(lambda s: s.answer_times.taken(BRAND, LONG_AGO, NOW)),
    "answer_times.unmeasured": reads(lambda s: s.answer_times.unmeasured(9)),
    "answer_times.untold_takes": reads(lambda s: s.answer_times.untold_takes(9)),
    "insight.answers": reads(lambda s: s.insight.answers(ALL)),
    "insight.answers_by_source": reads(lambda s: s.insight.answers_by_source(ALL)),
    "insight.brands": reads(lambda s: s.insight.brands()),
    "insight.by": reads(lambda s: s.insight.by("source", ALL)),
    "insight.by_day": reads(lambda s: s.insight.by_day(ALL, UTC)),
    "insight.export": reads(lambda s: s.insight.export(ALL)),
    "insight.flips": reads(lambda s: s.insight.flips(ALL)),
    "insight.kept_back": reads(lambda s: s.insight.kept_back(ALL)),
    "insight.kudos": reads(lambda s: s.insight.kudos(BRAND, LONG_AGO, NOW)),
    "insight.languages": reads(lambda s: s.insight.languages()),
    "insight.method": reads(lambda s: s.insight.method(ALL)),
    "insight.oldest_open_case": reads(lambda s: s.insight.oldest_open_case(BRAND)),
    "insight.picks": reads(lambda s: s.insight.picks(ALL, "p_angry", 9)),
    "insight.said_by_advocates": reads(lambda s: s.insight.said_by_advocates(ALL, 9)),
    "insight.search": reads(lambda s: s.insight.search("gate", ALL, 9)),
    "insight.source_health": reads(lambda s: s.insight.source_health()),
    "insight.totals": reads(lambda s: s.insight.totals(ALL)),
    "checkpoints.current": writes(
        lambda s: s.checkpoints.current(BRAND, "coverage", 30, 0.5, NOW)
    ),
    "checkpoints.reach": writes(
        lambda s: s.checkpoints.reach(Checkpoint(id=1, target=0.3), 0.5, NOW, raises=True)
    ),
    "checkpoints.measure": writes(
        lambda s: s.checkpoints.measure(
            Checkpoint(id=1, target=0.3),
            Standing(value=0.3, low=0.2, high=0.4, n=9, sure=0.5),
            NOW,
        )
    ),
    "metrics.due": reads(lambda s: s.metrics.due()),
    "metrics.brands": reads(lambda s: s.metrics.brands()),
    "metrics.days": reads(lambda s: s.metrics.days(BRAND)),
    "metrics.undated": reads(lambda s: s.metrics.undated(BRAND)),
    "metrics.checked": reads(lambda s: s.metrics.checked(BRAND)),
    "metrics.write": writes(lambda s: s.metrics.write(BRAND, MEASURED, 1)),
    "daemon_runs.beat": writes(lambda s: s.daemon_runs.beat(1, NOW, {"digest": NOW})),
    "daemon_runs.clock_set": writes(lambda s: s.daemon_runs.clock_set(1, timedelta(hours=1), NOW)),
    "daemon_runs.goes_by": writes(lambda s: s.daemon_runs.goes_by(1, "abc", NOW)),
    "daemon_runs.last": reads(lambda s: s.daemon_runs.last()),
    "daemon_runs.before_last": reads(lambda s: s.daemon_runs.before_last()),
    "daemon_runs.ran": writes(lambda s: s.daemon_runs.ran("forgetting", NOW)),
    "daemon_runs.routines": reads(lambda s: s.daemon_runs.routines()),
    "daemon_runs.start": writes(lambda s: s.daemon_runs.start(2, "0.1", NOW)),
    "daemon_runs.stop": writes(lambda s: s.daemon_runs.stop(1, NOW)),
    "monitored.cases": reads(lambda s: s.monitored.cases()),
    "monitored.last_backup": reads(lambda s: s.monitored.last_backup()),
    "monitored.mentions": reads(lambda s: s.monitored.mentions()),
    "monitored.sources": reads(lambda s: s.monitored.sources()),
    "monitored.unsent": reads(lambda s: s.monitored.unsent()),
    "mentions.seqs": reads(lambda s: s.mentions.seqs(["appstore:hostile"])),
    "source_shares.became_usual": reads(lambda s: s.source_shares.became_usual("A", "feeds")),
    "source_shares.count_on": writes(lambda s: s.source_shares.count_on()),
    "source_shares.days": reads(lambda s: s.source_shares.days("A", "appstore", NOW.date())),
    "source_shares.drifting": reads(lambda s: s.source_shares.drifting()),
    "source_shares.forget_before": writes(
        lambda s: s.source_shares.forget_before(NOW.date() + timedelta(days=400))
    ),
    "source_shares.sources": reads(lambda s: s.source_shares.sources(NOW.date())),
    "source_shares.write": writes(lambda s: s.source_shares.write([DRIFT])),
    "waits.bound": writes(lambda s: s.waits.bound(LONG_AGO)),
    "waits.clock_set": writes(lambda s: s.waits.clock_set(timedelta(hours=-1), LONG_AGO)),
    "failures.all": reads(lambda s: s.failures.all()),
    "failures.counts": reads(lambda s: s.failures.counts()),
    "failures.failed": writes(lambda s: s.failures.failed("judge", NOW, "no memory")),
    "failures.forget_others": writes(lambda s: s.failures.forget_others("score", [])),
    "failures.of": reads(lambda s: s.failures.of("score")),
    "failures.worked": writes(lambda s: s.failures.worked("score", NOW)),
    "failures.worked_at": reads(lambda s: s.failures.worked_at()),
    "problems.known": reads(lambda s: s.problems.known()),
    "problems.record": writes(lambda s: s.problems.record([PROBLEM])),
    "upkeep.backup_into": Way(
        lambda s: s.upkeep.backup_into(s.database.path.parent, 1, NOW),
        copies="earful-20260310T120000Z.db",
    ),
    "upkeep.backup": Way(
        lambda s: s.upkeep.backup(s.database.path.with_name("copy.db")), copies="copy.db"
    ),
    "upkeep.forget_author": writes(lambda s: s.upkeep.forget_author("hackernews:Ana", ERASURE)),
    "upkeep.forget_mention": writes(
        lambda s: s.upkeep.forget_mention("appstore:formula", ERASURE)
    ),
    "upkeep.forget_again": reads(lambda s: s.upkeep.forget_again(ERASURE)),
    "upkeep.rewrite": writes(lambda s: s.upkeep.rewrite()),
    "upkeep.forget_deleted": writes(lambda s: s.upkeep.forget_deleted(NOW, ERASURE)),
    "upkeep.forget_older": writes(lambda s: s.upkeep.forget_older(NOW - timedelta(days=2))),
}
