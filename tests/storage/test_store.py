"""The store: mentions and versions, verdicts and judging, crawls, and what SQLite must promise."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from config.errors import InputError, StoreError, StoreReadOnlyError, StoreRefusedError
from storage.database import Database
from storage.models import (
    AlertKind,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Fate,
    Mention,
    NewAlert,
    NewCase,
    SaveResult,
    SourceStanding,
    SourceState,
    Stance,
    Validators,
    Verdict,
)
from storage.store import Store
from storage.tables.checkpoints import Checkpoint, Standing
from storage.tables.judgements import Backlog
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def mention(native_id: str = "1", **more: object) -> Mention:
    values: dict[str, object] = {
        "brand": "Acme Air",
        "source": "appstore",
        "native_id": native_id,
        "text": "Lost my bag",
        "author": "Sam",
        "author_native_id": "u1",
        "created_at": NOW - timedelta(hours=1),
        "fetched_at": NOW,
        "rating": 1.0,
        "rating_max": 5.0,
    }
    return Mention(**{**values, **more})  # type: ignore[arg-type]


def verdict(
    experience: Experience = Experience.ANGRY,
    stance: Stance = Stance.NEITHER,
    *,
    model: str = "m1",
    sure: bool = True,
) -> Verdict:
    p = {f"p_{name}": 0.01 for name in ("angry", "mediocre", "delighted", "none")}
    q = {f"p_{name}": 0.01 for name in ("advocate", "hater", "neither")}
    p[f"p_{experience}"], q[f"p_{stance}"] = 0.97, 0.98
    return Verdict(
        experience=experience, stance=stance, sure=sure, model=model, unread=False, **p, **q
    )


def score(store: Store, said: Verdict, at: datetime = NOW) -> int:
    waiting = store.verdicts.waiting(100)
    return store.verdicts.save([Scored(mention=one, verdict=said) for one in waiting], at)


def alert(key: str = "k", channel: str = "#c") -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.COMPLAINT,
        brand="Acme Air",
        channel=channel,
        payload={"text": "é & <b>"},
        created_at=NOW,
    )


def judge_old(store: Store) -> list[Backlog]:
    store.judgements.judge_copies(NOW)
    found = store.judgements.backlogs(DAY, NOW)
    for old in found:
        judged = store.judgements.judge_backlog(old, DAY, NOW)
        assert judged == sum(old.counts.values())
    return found


# Mentions


def test_saving_twice_changes_nothing(store: Store) -> None:
    batch = [mention("1"), mention("2", text="Fine"), mention("3", author=None)]
    assert store.mentions.save(batch) == SaveResult(new=3)
    before = store.database.connection.total_changes
    assert store.mentions.save(batch) == SaveResult(known=3)
    # Only the ledger says that they came again.
    assert store.database.connection.total_changes == before + 1
    assert store.mentions.get("appstore:1") == batch[0]


def test_a_batch_that_names_a_mention_twice_stores_it_once(store: Store) -> None:
    assert store.mentions.save([mention(), mention(text="Found it")]) == SaveResult(new=1)
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert found.text == "Found it"


def test_an_edited_text_is_a_version_and_waits_for_a_verdict(store: Store) -> None:
    store.mentions.save([mention()])
    assert score(store, verdict()) == 1
    assert store.verdicts.count_waiting() == 0
    edited = mention(text="They found it, thanks!", rating=5.0, fetched_at=NOW + timedelta(days=1))
    assert store.mentions.save([edited]) == SaveResult(edited=1)
    assert [one.text for one in store.verdicts.waiting(9)] == ["They found it, thanks!"]
    versions = store.database.connection.execute(
        "SELECT text, rating, replaced_at FROM mention_versions"
    ).fetchall()
    assert [tuple(row) for row in versions] == [("Lost my bag", 1.0, "2026-03-11T12:00:00+00:00")]
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert found.edited_at == NOW + timedelta(days=1)


def test_an_edit_stays_on_the_day_it_was_written(store: Store) -> None:
    store.mentions.save([mention()])
    later = NOW + timedelta(days=3)
    store.mentions.save([mention(text="Edited", created_at=later, fetched_at=later)])
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert (found.created_at, found.edited_at) == (NOW - timedelta(hours=1), later)
    store.mentions.save([mention(text="Edited", created_at=later + timedelta(days=1))])
    assert store.mentions.get("appstore:1") == found


def test_a_changed_rating_alone_is_a_version(store: Store) -> None:
    store.mentions.save([mention()])
    assert store.mentions.save([mention(rating=2.0)]) == SaveResult(edited=1)


@pytest.mark.parametrize(
    ("change", "edited"),
    [
        ({}, 0),
        ({"reach": 900}, 0),
        ({"text": "They found it"}, 1),
        ({"rating": 2.0}, 1),
        # What first looked like the beginning of a thread had a title of its own.
        ({"before": {"parent_id": None}}, 1),
        ({"before": {"parent_id": None}, "parent_id": None}, 1),
        # Without words of its own it is read by its title.
        ({"before": {"text": ""}, "text": ""}, 1),
    ],
)
def test_a_renamed_thread_edits_no_answer(
    store: Store, change: dict[str, Any], edited: int
) -> None:
    answer = {"parent_id": "appstore:0", **change}
    before = answer.pop("before", {})
    store.mentions.save([mention(**{"parent_id": "appstore:0", "title": "A scam", **before})])
    assert score(store, verdict()) == 1
    renamed = mention(title="[Solved] A scam", **answer)
    assert store.mentions.save([renamed]) == SaveResult(edited=edited, known=1 - edited)
    assert store.verdicts.count_waiting() == edited
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert found.title == ("[Solved] A scam" if edited else "A scam")
    assert found.reach == change.get("reach")
    # The version that is stored is the one that verdicts and translations are of.
    (row,) = store.database.connection.execute("SELECT text_hash FROM mentions").fetchall()
    assert row["text_hash"] == found.text_hash


def test_reach_and_replies_are_refreshed_without_a_version(store: Store) -> None:
    store.mentions.save([mention()])
    score(store, verdict())
    answered = mention(reach=900, owner_reply="Sorry!", owner_replied_at=NOW)
    assert store.mentions.save([answered]) == SaveResult(known=1)
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert (found.reach, found.owner_reply, found.owner_replied_at) == (900, "Sorry!", NOW)
    assert store.verdicts.count_waiting() == 0
    # What a later, poorer reading leaves out is kept.
    store.mentions.save([mention()])
    assert store.mentions.get("appstore:1") == found


def test_an_excerpt_is_stored_where_nothing_is_and_replaces_nothing(store: Store) -> None:
    part = mention(text="… my bag …", excerpt=True)
    assert store.mentions.save([part]) == SaveResult(new=1)
    assert store.mentions.get(part.id) == replace(part, excerpt=False)
    assert store.mentions.save([mention()]) == SaveResult(edited=1)
    assert store.mentions.save([part]) == SaveResult(known=1)
    assert store.mentions.get(part.id).text == "Lost my bag"  # type: ignore[union-attr]


def test_another_brand_does_not_take_a_mention_over(store: Store) -> None:
    store.mentions.save([mention()])
    assert store.mentions.save([mention(brand="Rival", text="x")]) == SaveResult(known=1)
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert (found.brand, found.text) == ("Acme Air", "Lost my bag")


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("half \ud83d alone", "half � alone"),
        ("\ud83d\ude00 a pair escaped apart", "😀 a pair escaped apart"),
        ("nul\x00", "nul"),
        ("", ""),
        ("x" * 1_000_000, "x" * 1_000_000),
    ],
)
def test_any_text_can_be_stored(store: Store, text: str, stored: str) -> None:
    store.mentions.save([mention(text=text)])
    found = store.mentions.get("appstore:1")
    assert found is not None
    assert found.text == stored
    assert store.mentions.save([mention(text=text)]) == SaveResult(known=1)


def test_what_cannot_be_stored_is_refused_and_known_to_be(store: Store) -> None:
    bad = mention("2", created_at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))
    saved = store.mentions.save([mention(), bad, mention("3")], ["appstore:\ud800"], NOW)
    (refused,) = saved.refused
    assert (saved.new, refused.mention_id) == (2, "appstore:2")
    assert refused.reason.startswith("created_at '9999-12-31 23:59:59.999999-05:00' cannot be ")
    assert store.mentions.save([bad]) == SaveResult(refused=saved.refused)


@pytest.mark.parametrize("asked", ["appstore:\ud800", 2**70])
def test_what_sqlite_cannot_even_look_for_is_an_error_of_one_line(
    store: Store, asked: object
) -> None:
    with pytest.raises(StoreRefusedError, match="cannot hold, and so does not have") as caught:
        store.database.connection.execute("SELECT ?", (asked,))
    assert "\n" not in str(caught.value)


def test_a_failure_is_written_whatever_its_words_are(store: Store) -> None:
    store.failures.failed("score", NOW, "ValueError: \ud83d\x00 is no word", "mention appstore:1")
    assert (
        store.failures.of("score")["mention appstore:1"].error == "ValueError: \ufffd is no word"
    )


def test_a_thousand_mentions_fit_one_batch(store: Store) -> None:
    batch = [mention(str(number)) for number in range(1200)]
    assert store.mentions.save(batch) == SaveResult(new=1200)
    assert store.mentions.save(batch) == SaveResult(known=1200)


def test_the_full_text_index_follows_edits_and_deletions(store: Store) -> None:
    def hits(word: str) -> int:
        sql = "SELECT count(*) FROM mentions_fts WHERE mentions_fts MATCH ?"
        return int(store.database.connection.execute(sql, (word,)).fetchone()[0])

    store.mentions.save([mention(title="Luggage"), mention("2", text="bags and bags")])
    assert (hits("luggage"), hits("bag")) == (1, 2)
    store.mentions.save([mention(text="Found", title=None)])
    assert (hits("luggage"), hits("bag"), hits("found")) == (0, 1, 1)
    store.upkeep.forget_author("appstore:u1", ERASURE)
    assert hits("bag") == 0
    store.database.connection.execute(
        "INSERT INTO mentions_fts (mentions_fts, rank) VALUES ('integrity-check', 1)"
    )


# Verdicts and judging


def test_a_verdict_for_an_overtaken_text_leaves_the_mention_waiting(store: Store) -> None:
    store.mentions.save([mention()])
    (old,) = store.verdicts.waiting(9)
    store.mentions.save([mention(text="edited meanwhile")])
    assert store.verdicts.save([Scored(mention=old, verdict=verdict())], NOW) == 0
    assert store.verdicts.count_waiting() == 1


def test_a_verdict_for_a_forgotten_mention_is_passed_over(store: Store) -> None:
    store.mentions.save([mention()])
    (old,) = store.verdicts.waiting(9)
    store.upkeep.forget_author("appstore:u1", ERASURE)
    assert store.verdicts.save([Scored(mention=old, verdict=verdict())], NOW) == 0


def test_daily_counts_follow_edits_and_corrections(store: Store) -> None:
    def counts() -> list[tuple[object, ...]]:
        sql = "SELECT day, mentions, angry, delighted, advocate FROM daily_counts"
        return [tuple(row) for row in store.database.connection.execute(sql)]

    store.mentions.save([mention("1"), mention("2"), mention("3", created_at=None)])
    score(store, verdict())
    assert counts() == [("2026-03-10", 3, 3, 0, 0)]
    store.mentions.save([mention("2", text="wow")])
    score(store, verdict(Experience.DELIGHTED, Stance.ADVOCATE))
    assert counts() == [("2026-03-10", 3, 2, 1, 1)]
    assert store.corrections.add(
        "appstore:1", experience=Experience.DELIGHTED, stance=None, by="rita", at=NOW
    )
    assert counts() == [("2026-03-10", 3, 1, 2, 1)]
    assert not store.corrections.add("no:1", experience=None, stance=None, by="x", at=NOW)


def test_a_correction_overrides_the_model_in_the_view_and_for_the_rules(store: Store) -> None:
    store.mentions.save([mention()])
    score(store, verdict(Experience.MEDIOCRE, sure=False))
    store.corrections.add(
        "appstore:1", experience=Experience.ANGRY, stance=Stance.HATER, by="rita", at=NOW
    )
    row = store.database.connection.execute(
        "SELECT experience, stance, sure, corrected FROM voice"
    ).fetchone()
    assert tuple(row) == ("angry", "hater", 1, 1)
    (voice,) = store.judgements.unjudged(DAY, 9)
    assert (voice.verdict.experience, voice.verdict.sure) == (Experience.ANGRY, True)


def test_old_mentions_are_judged_together_and_fresh_ones_are_left(store: Store) -> None:
    old = NOW - timedelta(days=30)
    store.mentions.save(
        [
            mention("1"),
            mention("2", created_at=old),
            mention("3", created_at=old - timedelta(days=1)),
            mention("4", created_at=None),
            mention("5", source="reddit", created_at=old),
        ]
    )
    score(store, verdict())
    found = {one.source: one for one in judge_old(store)}
    assert found["appstore"].counts == {Experience.ANGRY: 3}
    assert (found["appstore"].oldest, found["appstore"].newest) == (old - timedelta(days=1), old)
    assert found["reddit"].counts == {Experience.ANGRY: 1}
    assert judge_old(store) == []
    assert [one.mention.native_id for one in store.judgements.unjudged(DAY, 9)] == ["1"]


def test_a_source_still_being_crawled_waits_with_its_summary(store: Store) -> None:
    store.mentions.save([mention(created_at=NOW - timedelta(days=30))])
    score(store, verdict())
    target = CrawlTarget(brand="Acme Air", source="appstore", target="7")
    run = store.crawls.start(target, NOW)
    assert judge_old(store) == []
    assert store.judgements.unjudged(DAY, 9) == []
    store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK), NOW)
    assert len(judge_old(store)) == 1


def test_a_crawl_that_was_killed_does_not_hold_the_summary_for_ever(store: Store) -> None:
    store.mentions.save([mention(created_at=NOW - timedelta(days=30))])
    score(store, verdict())
    store.crawls.start(
        CrawlTarget(brand="Acme Air", source="appstore", target="7"), NOW - timedelta(hours=2)
    )
    assert len(judge_old(store)) == 1


def test_judging_again_opens_no_second_case_and_writes_no_second_alert(store: Store) -> None:
    store.mentions.save([mention()])
    score(store, verdict())
    voices = store.judgements.unjudged(DAY, 9)
    case = NewCase(mention_id="appstore:1", brand="Acme Air", opened_at=NOW, due_at=NOW)
    for _ in range(2):
        with store.write() as unit:
            unit.cases.open_new([case])
            unit.outbox.add([alert()])
            unit.judgements.mark_judged(voices, NOW, {"appstore:1": Fate.ALERTED})
    assert store.cases.counts(NOW)["open"] == 1
    assert len(store.outbox.waiting(NOW, 9)) == 1
    events = store.database.connection.execute("SELECT event, actor FROM case_events").fetchall()
    assert [tuple(row) for row in events] == [("opened", "earful")]
    assert store.judgements.count_unjudged() == 0


def test_an_edited_text_is_judged_anew_and_a_new_model_version_is_not(store: Store) -> None:
    store.mentions.save([mention()])
    score(store, verdict())
    store.judgements.mark_judged(
        store.judgements.unjudged(DAY, 9), NOW, {"appstore:1": Fate.ALERTED}
    )
    stale, after = store.verdicts.stale(["m2"], 9)
    assert [one.id for one in stale] == ["appstore:1"]
    assert store.verdicts.stale(["m2"], 9, after=after) == ([], after)
    (same,) = stale
    store.verdicts.save([Scored(mention=same, verdict=verdict(model="m2"))], NOW)
    assert store.verdicts.stale(["m2"], 9) == ([], 0)
    assert store.judgements.unjudged(DAY, 9) == []
    models = store.database.connection.execute("SELECT model FROM verdicts ORDER BY id")
    assert [row[0] for row in models] == ["m1", "m2"]
    store.mentions.save([mention(text="and now this")])
    score(store, verdict(model="m2"))
    assert len(store.judgements.unjudged(DAY, 9)) == 1


def test_a_voice_knows_what_its_author_said_before(store: Store) -> None:
    earlier = [
        mention("1", created_at=NOW - timedelta(days=9), text="love it"),
        mention("2", created_at=NOW - timedelta(days=5), text="buy it"),
        mention("x", author_native_id="u2", author="Kim", created_at=NOW - timedelta(days=7)),
    ]
    store.mentions.save(earlier)
    score(store, verdict(Experience.DELIGHTED, Stance.ADVOCATE))
    judge_old(store)
    store.mentions.save([mention("3", text="never again")])
    score(store, verdict(Experience.ANGRY, Stance.HATER))
    (voice,) = store.judgements.unjudged(DAY, 9)
    history = voice.history
    assert (history.mentions, history.delighted, history.advocate) == (2, 2, 2)
    assert (history.last_stance, history.last_experience) == (
        Stance.ADVOCATE,
        Experience.DELIGHTED,
    )
    assert history.first_seen_at == NOW - timedelta(days=9)


# Crawls


def test_since_comes_from_the_last_good_run_alone(store: Store) -> None:
    target = CrawlTarget(brand="A", source="feeds", target="x")
    assert store.crawls.last_good(target, NOW + timedelta(days=1)) == (None, None)
    for hours, outcome in ((0, CrawlOutcome.OK), (1, CrawlOutcome.BLOCKED)):
        run = store.crawls.start(target, NOW + timedelta(hours=hours))
        report = CrawlReport(outcome=outcome, seen=3, reason="r", stats={"a": 1})
        store.crawls.finish(run, report, NOW + timedelta(hours=hours))
    assert store.crawls.last_good(target, NOW + timedelta(days=1)) == (NOW, NOW)
    assert store.crawls.last_start(target) == NOW + timedelta(hours=1)
    assert [run.outcome for run in store.crawls.past(target)] == [
        CrawlOutcome.BLOCKED,
        CrawlOutcome.OK,
    ]
    assert store.crawls.counts(target) == [3]
    other = replace(target, target="y")
    assert store.crawls.last_good(other, NOW + timedelta(days=1)) == (None, None)


def test_a_standing_is_written_with_the_run(store: Store) -> None:
    target = CrawlTarget(brand="A", source="feeds", target="x")
    assert store.crawls.standing(target) is None
    for failures in (1, 2):
        standing = SourceStanding(
            state=SourceState.BLOCKED, since=NOW, reason="403", failures=failures, opens_at=NOW
        )
        run = store.crawls.start(target, NOW)
        report = CrawlReport(outcome=CrawlOutcome.BLOCKED, stats={"earful/field/url": 7})
        store.crawls.finish(run, report, NOW, standing)
        assert store.crawls.standing(target) == standing
    assert store.crawls.past(target)[0].filled == {"url": 7}
    assert store.crawls.standing(replace(target, target="y")) is None


def test_runs_that_a_kill_left_open_are_closed(store: Store) -> None:
    target = CrawlTarget(brand="A", source="feeds", target="x")
    store.crawls.start(target, NOW)
    assert store.crawls.close_interrupted(NOW) == 1
    assert store.crawls.past(target)[0].outcome is CrawlOutcome.FAILED


def test_validators_are_kept(store: Store) -> None:
    kept = Validators(url="http://x/feed", etag='"a"', last_modified=None)
    store.crawls.save_validators([kept])
    assert store.crawls.validators("http://x/feed") == kept
    assert store.crawls.validators("http://y/") is None


# Checkpoints and the daemon's runs


def goal_of(store: Store, target: float, **how: bool) -> Checkpoint | None:
    return store.checkpoints.current("A", "wow_rate", 30, target, NOW, **how)


def road(store: Store) -> list[tuple[object, ...]]:
    rows = store.database.connection.execute(
        "SELECT state, target, set_by, lowered_from, next_target FROM checkpoint_road"
    )
    return [tuple(row) for row in rows]


def test_a_reached_checkpoint_is_raised_where_the_config_says_so(store: Store) -> None:
    goal = goal_of(store, 0.3)
    assert goal is not None
    assert goal.target == 0.3
    store.checkpoints.reach(goal, 0.47, NOW, raises=True)
    raised = goal_of(store, 0.3)
    assert raised is not None
    assert raised.target == 0.47
    # A person who sets another goal in the config starts from there.
    set_anew = goal_of(store, 0.5)
    assert set_anew is not None
    assert (set_anew.target, set_anew.lowered_from) == (0.5, None)
    assert road(store) == [
        ("reached", 0.3, "config", None, 0.47),
        ("left", 0.47, "raised", None, None),
        ("walking", 0.5, "config", None, None),
    ]


def test_a_reached_checkpoint_is_otherwise_left_to_people(store: Store) -> None:
    goal = goal_of(store, 0.3)
    assert goal is not None
    store.checkpoints.reach(goal, 0.47, NOW, raises=False)
    assert goal_of(store, 0.3) is None
    taken = goal_of(store, 0.47)
    assert taken is not None
    assert (taken.target, taken.lowered_from) == (0.47, None)


@pytest.mark.parametrize("less_is_better", [False, True])
def test_a_goal_is_never_lowered_in_silence(store: Store, less_is_better: bool) -> None:
    better, worse = (0.1, 0.2) if less_is_better else (0.2, 0.1)
    how = {"less_is_better": less_is_better}
    assert goal_of(store, better, **how) is not None
    lowered = goal_of(store, worse, **how)
    assert lowered is not None
    assert (lowered.target, lowered.lowered_from) == (worse, better)
    assert goal_of(store, worse, **how) == lowered
    # Back again: what was one before may be a goal a second time.
    back = goal_of(store, better, **how)
    assert back is not None
    assert (back.target, back.lowered_from) == (better, None)
    assert [row[:4] for row in road(store)] == [
        ("left", better, "config", None),
        ("left", worse, "lowered", better),
        ("walking", better, "config", None),
    ]


def test_a_raised_goal_stays_while_the_config_does(store: Store) -> None:
    goal = goal_of(store, 0.3)
    assert goal is not None
    store.checkpoints.reach(goal, 0.47, NOW, raises=True)
    assert (goal_of(store, 0.3) or goal).target == 0.47
    # The config catches up: no new goal.
    assert (goal_of(store, 0.47) or goal).target == 0.47
    assert len(road(store)) == 2


def test_where_a_brand_stands_is_written_beside_its_goal(store: Store) -> None:
    goal = goal_of(store, 0.3)
    assert goal is not None
    store.checkpoints.measure(
        goal, Standing(value=0.28, low=0.25, high=0.31, n=900, sure=0.4), NOW
    )
    (row,) = store.database.connection.execute(
        "SELECT value, low, high, n, sure, measured_at FROM checkpoint_road"
    )
    assert tuple(row) == (0.28, 0.25, 0.31, 900, 0.4, NOW.isoformat())


def test_the_daemon_leaves_its_traces(store: Store) -> None:
    assert store.daemon_runs.last() is None
    run = store.daemon_runs.start(42, "0.1.0", NOW)
    store.daemon_runs.beat(run, NOW + timedelta(minutes=1))
    last = store.daemon_runs.last()
    assert last is not None
    assert (last.pid, last.heartbeat_at, last.stopped_at) == (42, NOW + timedelta(minutes=1), None)
    store.daemon_runs.stop(run, NOW + timedelta(minutes=2))
    last = store.daemon_runs.last()
    assert last is not None
    assert last.stopped_at == NOW + timedelta(minutes=2)


# SQLite's promises


def test_write_ahead_log_and_foreign_keys(store: Store) -> None:
    def pragma(name: str) -> object:
        return store.database.connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("foreign_keys") == 1


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def write_twice() -> None:
        with store.database.transaction() as connection:
            connection.execute("INSERT INTO http_validators VALUES ('u', NULL, NULL)")
            connection.execute("INSERT INTO http_validators VALUES ('u', NULL, NULL)")

    with pytest.raises(StoreRefusedError, match=r"UNIQUE constraint failed"):
        write_twice()
    assert store.crawls.validators("u") is None


def test_opening_what_is_not_there_or_no_store(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no store there"):
        Store.open(tmp_path / "none.db")
    page = tmp_path / "page.html"
    page.write_text("<html>" + "x" * 5000)
    with pytest.raises(StoreError, match="cannot be opened as a store"):
        Store.open(page, migrate=True)
    assert page.read_text().startswith("<html>")
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).close()
    with pytest.raises(StoreError, match="tables are older"):
        Store.open(empty)


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    Store.open(path, migrate=True).close()
    connection = sqlite3.connect(path)
    before = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY 1").fetchall()
    Store.open(path, migrate=True).close()
    after = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY 1").fetchall()
    connection.close()
    assert after == before


def _open_and_save(path: str, number: int) -> int:
    with Store.open(Path(path), migrate=True) as store:
        return store.mentions.save([mention(f"{number}-{n}") for n in range(50)]).new


def test_processes_may_open_and_write_a_fresh_file_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "earful.db")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        saved = pool.starmap(_open_and_save, [(path, number) for number in range(12)])
    assert saved == [50] * 12
    with Store.open(Path(path)) as store:
        assert store.mentions.count() == 600


def test_a_fresh_file_may_be_opened_at_the_same_moment(tmp_path: Path) -> None:
    threads = 6
    barrier = threading.Barrier(threads)

    def opened(path: Path) -> None:
        barrier.wait()
        Database(path).close()

    with ThreadPoolExecutor(threads) as pool:
        for number in range(60):
            list(pool.map(opened, [tmp_path / f"{number}.db"] * threads))


def test_a_reader_sees_the_store_while_it_is_written(store: Store) -> None:
    store.mentions.save([mention()])
    with store.database.transaction() as connection:
        connection.execute("DELETE FROM mentions")
        with Store.open(store.database.path, readonly=True) as reader:
            assert reader.mentions.count() == 1
            with pytest.raises(StoreReadOnlyError, match="readonly"):
                reader.database.connection.execute("DELETE FROM mentions")
