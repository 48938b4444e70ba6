"""The ledger: whatever happens and in whatever order, each entry seen is accounted for once."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import Experience, Fate, LedgerLine, Mention, RefusalReason, Voice
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import make_mention, make_verdict

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TODAY = "2026-03-10"
DAY = timedelta(days=1)
BRANDS, SOURCES, MODELS = ("Acme", "Birch"), ("steam", "x"), ("m1", "m2")
# Long enough that the same words at two sources are copies.
TEXTS = tuple(f"They lost my suitcase {n} days ago and nobody answers my calls." for n in range(3))
LATER = (Fate.MUTED, Fate.IN_DIGEST, Fate.ALERTED)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
COLUMNS = {fate.value for fate in Fate}
OVER = timedelta(days=-999)
"""With an age below nothing all that waits is a backlog."""


class StopError(Exception):
    pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def say(key: str = "1", text: str = TEXTS[0], **more: Any) -> Mention:
    values: dict[str, Any] = {"source": "steam", "brand": "Acme", "author": f"Mo {key}"}
    at = more.pop("at", NOW)
    values["fetched_at"] = at or NOW
    return make_mention(key, text, at, **(values | more))


def score(store: Store, model: str = "m1") -> None:
    verdict = make_verdict(Experience.ANGRY, model=model)
    waiting = store.verdicts.waiting(99)
    store.verdicts.save([Scored(mention=one, verdict=verdict) for one in waiting], NOW)


def judge(store: Store, fate: Fate) -> None:
    voices = store.judgements.unjudged(DAY, 99)
    store.judgements.mark_judged(voices, NOW, {voice.mention.id: fate for voice in voices})


def entries(store: Store, since: datetime = NOW) -> dict[str, dict[str, int]]:
    """Give what the ledger counts of each day, without what it counts none of."""
    return {
        row["day"]: {
            name: row[name] for name in row if name in COLUMNS | {"waiting"} and row[name]
        }
        for row in store.ledger.rows(since)
    }


def test_each_entry_is_counted_by_what_it_came_to(store: Store) -> None:
    store.mentions.save([say("1"), say("2"), say("3")])
    irrelevant = LedgerLine(day=TODAY, brand="Acme", source="steam", fate=Fate.IRRELEVANT)
    undated = LedgerLine(
        day=TODAY, brand="Acme", source="steam", fate=Fate.REFUSED, reason=RefusalReason.DATE
    )
    store.mentions.save(
        [say("1"), say("2", TEXTS[1]), say("4"), say("4")], left_out={irrelevant: 7, undated: 2}
    )
    (row,) = store.ledger.rows(NOW)
    assert row == dict.fromkeys(COLUMNS - {"refused"}, 0) | {
        "day": TODAY, "brand": "Acme", "source": "steam", "seen": 16, "new": 4, "edited": 1,
        "known": 2, "irrelevant": 7, "refused": 2, "refused_because": "date 2", "replaced": 1,
        "waiting": 4,
    }  # fmt: skip


def test_only_what_was_left_out_is_counted_too(store: Store) -> None:
    line = LedgerLine(day=TODAY, brand="Acme", source="x", fate=Fate.IRRELEVANT)
    store.mentions.save([], left_out={line: 3})
    assert entries(store) == {TODAY: {"irrelevant": 3}}


def test_what_fails_to_be_stored_is_not_counted_as_seen(store: Store) -> None:
    line = LedgerLine(day=TODAY, brand="Acme", source="x", fate=Fate.IRRELEVANT)

    def save_and_fail() -> None:
        with store.write() as unit:
            unit.mentions.save([say()], left_out={line: 3})
            raise StopError

    with pytest.raises(StopError):
        save_and_fail()
    assert entries(store) == {}


def test_a_mention_that_the_store_cannot_hold_is_counted_with_its_page(store: Store) -> None:
    saved = store.mentions.save([say("1"), say("2", fetched_at=None), say("")])
    assert (saved.new, len(saved.refused)) == (1, 2)
    rows = {row["day"]: row["refused_because"] for row in store.ledger.rows(LONG_AGO)}
    assert rows == {TODAY: "unstorable 1", "0001-01-01": "unstorable 1"}


def test_an_import_counts_on_its_day_whenever_its_rows_were_first_fetched(store: Store) -> None:
    long_ago = NOW - timedelta(days=99)
    for _ in range(2):
        store.mentions.save([say(at=long_ago), say("2", at=long_ago)], at=NOW)
    store.mentions.save([say("2", TEXTS[1], at=long_ago)], at=NOW + DAY)
    score(store)
    (old,) = store.judgements.backlogs(OVER, NOW)
    store.judgements.judge_backlog(old, OVER, NOW)
    assert entries(store, long_ago) == {
        TODAY: {"new": 2, "known": 2, "replaced": 1, "quiet": 1},
        "2026-03-11": {"edited": 1, "quiet": 1},
    }


def test_what_became_of_entries_stands_on_the_day_they_were_seen(store: Store) -> None:
    store.mentions.save([say("1", at=NOW - DAY, fetched_at=NOW - DAY)])
    store.mentions.save([say("2"), say("3", at=None), say("4", TEXTS[1])])
    store.mentions.save([say("4", TEXTS[1], source="x")])
    score(store)
    store.copies.link()
    store.judgements.judge_copies(NOW)
    judge(store, Fate.ALERTED)
    (old,) = store.judgements.backlogs(DAY, NOW)
    store.judgements.judge_backlog(old, DAY, NOW)
    rows = store.database.connection.execute("SELECT * FROM ledger ORDER BY day, source")
    found = [(row["day"], row["alerted"], row["quiet"], row["copy"]) for row in rows]
    assert found == [("2026-03-09", 1, 0, 0), (TODAY, 2, 1, 0), (TODAY, 0, 0, 1)]


def test_a_text_that_is_edited_while_the_rules_see_it_is_not_lost(store: Store) -> None:
    store.mentions.save([say(at=NOW - DAY)])
    score(store)
    voices = store.judgements.unjudged(DAY, 9)
    store.mentions.save([say(text=TEXTS[1])])
    before = {"2026-03-09": {"new": 1, "replaced": 1}, TODAY: {"edited": 1, "waiting": 1}}
    assert entries(store, NOW - DAY) == before
    store.judgements.mark_judged(voices, NOW, {"steam:1": Fate.ALERTED})
    assert entries(store, NOW - DAY)["2026-03-09"] == {"new": 1, "alerted": 1}


def test_an_edited_text_that_waits_for_its_verdict_is_not_judged_with_its_older_one(
    store: Store,
) -> None:
    store.mentions.save([say()])
    score(store)
    store.mentions.save([say(text=TEXTS[1])])
    store.mentions.save([], ["steam:1"], NOW)
    store.judgements.judge_copies(NOW)
    assert entries(store) == {TODAY: {"new": 1, "edited": 1, "replaced": 1, "waiting": 1}}
    score(store)
    store.judgements.judge_copies(NOW)
    assert entries(store) == {TODAY: {"new": 1, "edited": 1, "replaced": 1, "deleted": 1}}


def test_what_is_forgotten_while_the_rules_see_it_stays_out_for_every_brand(store: Store) -> None:
    store.mentions.save([say()])
    score(store)
    voices = store.judgements.unjudged(DAY, 9)
    store.upkeep.forget_author("steam:Mo 1", ERASURE)
    store.mentions.save([say(brand="Birch")])
    score(store)
    store.judgements.mark_judged(voices, NOW, {"steam:1": Fate.ALERTED})
    found = {
        row["brand"]: (row["new"], row["alerted"], row["refused_because"])
        for row in store.ledger.rows(NOW)
    }
    assert found == {"Acme": (1, 0, None), "Birch": (0, 0, "forgotten 1")}


def test_a_text_that_is_edited_back_is_quiet(store: Store) -> None:
    for text in (TEXTS[0], TEXTS[1], TEXTS[0]):
        store.mentions.save([say(text=text)])
        score(store)
        judge(store, Fate.ALERTED)
    assert entries(store) == {TODAY: {"new": 1, "edited": 2, "alerted": 2, "quiet": 1}}


def test_another_model_changes_no_fate(store: Store) -> None:
    store.mentions.save([say()])
    score(store)
    judge(store, Fate.MUTED)
    for model in ("m2", "m1"):
        (one,), _ = store.verdicts.stale([model], 9)
        verdict = make_verdict(Experience.ANGRY, model=model)
        store.verdicts.save([Scored(mention=one, verdict=verdict)], NOW)
        assert store.judgements.count_unjudged() == 0
        assert entries(store) == {TODAY: {"new": 1, "muted": 1}}


def test_what_a_person_makes_a_case_of_is_an_alert_after_all(store: Store) -> None:
    store.mentions.save([say()])
    score(store)
    store.ledger.alerted("steam:1")  # it waits for the rules: they will count it
    assert entries(store) == {TODAY: {"new": 1, "waiting": 1}}
    judge(store, Fate.IN_DIGEST)
    for _ in range(2):
        store.ledger.alerted("steam:1")
        assert entries(store) == {TODAY: {"new": 1, "alerted": 1}}


def test_what_is_about_the_brand_after_all_waits_again(store: Store) -> None:
    store.mentions.save([say()])
    score(store)

    def say_about(about: bool, at: datetime = NOW) -> None:
        store.relevance.say("steam:1", about=about, by="dana", by_id=None, at=at)
        store.judgements.judge_copies(at)

    say_about(False)
    assert entries(store) == {TODAY: {"new": 1, "not_about": 1}}
    say_about(True)
    assert entries(store) == {TODAY: {"new": 1, "waiting": 1}}
    judge(store, Fate.ALERTED)
    # What was told is not told again.
    say_about(False, NOW + timedelta(minutes=1))
    say_about(True, NOW + timedelta(minutes=2))
    assert entries(store) == {TODAY: {"new": 1, "alerted": 1}}


def test_what_is_erased_before_it_is_judged_is_counted_as_forgotten(store: Store) -> None:
    store.mentions.save([say("1")])
    score(store)
    judge(store, Fate.ALERTED)
    store.mentions.save([say("2", author="Mo 1"), say("3", author="Mo 1")])
    score(store)
    assert store.upkeep.forget_author("steam:Mo 1", ERASURE) == 3
    assert entries(store) == {TODAY: {"new": 3, "alerted": 1, "forgotten": 2}}


def test_old_days_are_erased_after_their_mentions(store: Store) -> None:
    for days in (800, 731, 0):
        at = NOW - timedelta(days=days)
        store.mentions.save([say(str(days), at=at)])
    store.upkeep.forget_older(NOW - timedelta(days=730))
    assert store.ledger.forget_before(NOW - timedelta(days=730)) == 2
    left = entries(store, NOW - timedelta(days=900))
    assert left == {"2024-03-09": {"new": 1, "forgotten": 1}, TODAY: {"new": 1, "waiting": 1}}


def test_what_waited_when_the_ledger_began_is_counted_as_seen(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="0015_ledger")
        for number in range(3):
            connection.execute(
                "INSERT INTO mentions (id, brand, source, native_id, text, fetched_at, created_at,"
                " text_hash) VALUES ('steam:' || ?1, 'Acme', 'steam', ?1, 'Late', ?2, ?2, 'h')",
                (str(number), NOW.isoformat()),
            )
        for number, judged in enumerate((NOW.isoformat(), None)):
            connection.execute(
                "INSERT INTO verdicts (mention_id, model, text_hash, experience, stance, p_angry, "
                "p_mediocre, p_delighted, p_none, p_advocate, p_hater, p_neither, sure, scored_at,"
                " judged_at) VALUES (?1, 'm1', 'h', 'angry', 'neither', 1, 0, 0, 0, 0, 0, 1, 1, "
                "?2, ?3)",
                (f"steam:{number}", NOW.isoformat(), judged),
            )
            connection.execute(
                "UPDATE mentions SET verdict_id = (SELECT max(id) FROM verdicts) WHERE id = ?",
                (f"steam:{number}",),
            )
    with Store.open(path, migrate=True) as store:
        assert entries(store) == {TODAY: {"new": 2, "waiting": 2}}
        store.ledger.alerted("steam:0")  # it was judged before: the ledger does not know it
        assert entries(store) == {TODAY: {"new": 2, "waiting": 2}}
        for old in store.judgements.backlogs(OVER, NOW):
            store.judgements.judge_backlog(old, OVER, NOW)
        assert entries(store) == {TODAY: {"new": 2, "quiet": 1, "waiting": 1}}


class World:
    """A store, what was given to it, and what was read of it and may be out of date."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen = Counter[tuple[str, str, str]]()
        self.stored = 0
        self.texts: list[Mention] = []
        self.voices: list[Voice] = []

    def give(self, brand: str, source: str, ago: int, said: list[tuple[str, str]]) -> None:
        at = NOW - timedelta(days=ago)
        batch = [say(key, text, brand=brand, source=source, at=at) for key, text in said]
        line = LedgerLine(
            day=at.isoformat()[:10], brand=brand, source=source, fate=Fate.IRRELEVANT
        )
        saved = self.store.mentions.save(batch, left_out={line: 1})
        self.stored += saved.new
        self.seen[line.day, brand, source] += len(batch) + 1

    def read_texts(self) -> None:
        self.texts = self.store.verdicts.waiting(2)

    def score(self, model: str) -> None:
        verdict = make_verdict(Experience.ANGRY, model=model)
        texts, self.texts = self.texts or self.store.verdicts.waiting(9), []
        self.store.verdicts.save([Scored(mention=one, verdict=verdict) for one in texts], NOW)

    def rescore(self, model: str) -> None:
        self.texts, _ = self.store.verdicts.stale([model], 9)
        if self.texts:
            self.score(model)

    def read_voices(self) -> None:
        self.voices = self.store.judgements.unjudged(timedelta(days=9), 2)

    def judge(self, fate: Fate) -> None:
        voices = self.voices or self.store.judgements.unjudged(timedelta(days=9), 9)
        self.voices = []
        fates = {voice.mention.id: fate for voice in voices}
        self.store.judgements.mark_judged(voices, NOW, fates)

    def judge_old(self) -> None:
        for old in self.store.judgements.backlogs(OVER, NOW):
            self.store.judgements.judge_backlog(old, OVER, NOW)

    def link(self) -> None:
        self.store.copies.link()

    def judge_copies(self) -> None:
        self.store.judgements.judge_copies(NOW)

    def delete(self, source: str, key: str) -> None:
        self.store.mentions.save([], [f"{source}:{key}"], NOW)

    def forget(self, source: str, key: str) -> None:
        self.stored -= self.store.upkeep.forget_author(f"{source}:Mo {key}", ERASURE)

    def forget_deleted(self) -> None:
        self.stored -= self.store.upkeep.forget_deleted(NOW, ERASURE)

    def alert(self, source: str, key: str) -> None:
        self.store.ledger.alerted(f"{source}:{key}")

    def say_about(self, source: str, key: str, about: bool) -> None:
        self.store.relevance.say(f"{source}:{key}", about=about, by="dana", by_id=None, at=NOW)

    def check(self) -> None:
        rows = self.store.ledger.rows(NOW - timedelta(days=9))
        keys = {(row["day"], row["brand"], row["source"]): row for row in rows}
        assert {key: row["seen"] for key, row in keys.items()} == self.seen
        assert all(row[name] >= 0 for row in rows for name in (*COLUMNS, "waiting")), rows
        assert sum(row["new"] for row in rows) - self.stored >= 0
        count = self.store.database.connection.execute
        waiting = count(
            "SELECT m.seen_on, m.brand, m.source, count(*) FROM mentions m "
            "WHERE (SELECT judged_at FROM verdicts WHERE id = m.verdict_id) IS NULL "
            "GROUP BY 1, 2, 3"
        )
        assert {tuple(row)[:3]: row[3] for row in waiting} == {
            key: row["waiting"] for key, row in keys.items() if row["waiting"]
        }
        # What stands judged in the store is a part of what the ledger ever counted as that.
        judged = count(
            "SELECT m.seen_on, m.brand, m.source, v.fate, count(*) "
            "FROM mentions m JOIN verdicts v ON v.id = m.verdict_id AND v.judged_at IS NOT NULL "
            "GROUP BY 1, 2, 3, 4"
        )
        for *key, fate, number in map(tuple, judged):
            assert keys[key[0], key[1], key[2]][fate] >= number, (key, fate)
        assert self.store.mentions.count() == self.stored


def _step(name: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), st.tuples(*values))


_KEY, _SOURCE = st.sampled_from("12"), st.sampled_from(SOURCES)
_SAID = st.lists(st.tuples(_KEY, st.sampled_from(TEXTS)), max_size=3)
_GIVE = _step("give", st.sampled_from(BRANDS), _SOURCE, st.integers(0, 1), _SAID)
_STEPS = st.one_of(
    _GIVE,
    _GIVE,
    _step("read_texts"),
    _step("score", st.sampled_from(MODELS)),
    _step("rescore", st.sampled_from(MODELS)),
    _step("read_voices"),
    _step("judge", st.sampled_from(LATER)),
    _step("judge_old"),
    _step("link"),
    _step("judge_copies"),
    _step("delete", _SOURCE, _KEY),
    _step("forget", _SOURCE, _KEY),
    _step("forget_deleted"),
    _step("alert", _SOURCE, _KEY),
    _step("say_about", _SOURCE, _KEY, st.booleans()),
)


def test_every_entry_seen_is_accounted_for_once_whatever_happens(tmp_path: Path) -> None:
    empty, path = tmp_path / "empty.db", tmp_path / "earful.db"
    Store.open(empty, migrate=True).close()

    @settings(max_examples=20)
    @given(st.lists(_STEPS, min_size=60, max_size=120))
    def holds(steps: list[tuple[str, tuple[Any, ...]]]) -> None:
        for old in tmp_path.glob("earful.db*"):
            old.unlink()
        shutil.copyfile(empty, path)
        with Store.open(path) as store:
            # Thousands of small transactions need no disk.
            store.database.connection.execute("PRAGMA synchronous = OFF")
            world = World(store)
            for name, values in steps:
                step: Callable[..., None] = getattr(world, name)
                step(*values)
                world.check()

    holds()
