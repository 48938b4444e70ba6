"""What is erased is gone: from every column of the schema, and from the bytes of the file.

Each table is either one that holds something of somebody (`HELD`), or one that holds nothing of
anybody (`NOT_OF_PEOPLE`, each with its reason). Into each text column of the first kind a word is
put, in the rows of one author; then the author is forgotten, and the words are looked for in the
bytes of the store. Who adds a table or a column meets this test.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.models import (
    AnswerTime,
    CaseMove,
    CaseState,
    Experience,
    Incident,
    LadderStep,
    Mention,
    NewAlert,
    NewCase,
    NewReply,
    ReplyState,
    Stance,
    Take,
    Translation,
)
from storage.models.alert_models import AlertKind
from storage.models.case_models import CaseEventKind
from storage.store import Store
from storage.tables.audit import Act, AuditEntry
from storage.tables.cuts import cut
from storage.tables.held_data import HELD
from storage.tables.relevance_labels import Weighed
from storage.tables.subjects import Subject, of_author
from storage.tables.verdicts import Scored
from storage.tables.written_files import WrittenFile
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import make_verdict

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WHO = "shop:zqauthorid"

# Tables that hold nothing of anybody who said something, and why.
NOT_OF_PEOPLE = {
    "_sqlite_migrations": "names of migrations",
    "brands": "what the config says",
    "case_destinations": "what the config says",
    "channel_roles": "channels of the team",
    "checkpoints": "goals on shares",
    "clicks": "ids that Slack makes for a click",
    "competitors": "what the config says",
    "control_points": "numbers by day",
    "crawl_runs": "counts, and what a source answered as a whole",
    "daemon_runs": "processes",
    "month_cells": "numbers by brand, month and filters",
    "month_pairs": "numbers by brand, month, topic or location, and one filter",
    "voice_cells": "numbers by brand, source and verdict",
    "cut_days": "numbers by day, and by what is counted apart: a version, a country, a topic",
    "http_validators": "addresses that the config names",
    "ledger_lines": "numbers by day",
    "measure_due": "brands whose numbers changed",
    "measured_error": "numbers by label",
    "metric_periods": "numbers by period",
    "privacy": "what the config says",
    "pseudonym_key": "random",
    "quotas": "numbers by day",
    "relevance_models": "weights",
    "routines": "names of routines",
    "sessions": "accounts of the team",
    "shifts": "numbers by day",
    "slack_channels": "channels of the team",
    "slack_homes": "users of the team",
    "source_days": "numbers by day",
    "source_days_counted": "how far counting has come",
    "source_drift": "numbers by day",
    "source_states": "what a source answered as a whole",
    "staff": "colleagues, as the config has them",
    "version_changes": "numbers by version",
    "stages": "names of stages",
    "tombstone_key": "random",
    "topic_events": "names of topics, of words that many say",
    "topic_fits": "when topics were looked for",
    "topic_periods": "numbers by period",
    "topic_triggers": "words that many say, with numbers",
    "topic_writings": "what the topics of a brand were last written from",
    "topics": "words that many say",
    "tombstones": "keyed hashes",
    "webhook_receipts": "ids that a sender makes for a delivery",
    "zone_offsets": "when clocks are set",
    "written_files": "paths of the team's files",
}
# They outlive whom they are about, without a word of theirs: see the tests below. What is due is
# done before each commit.
OUTLIVING = {"problems", "incidents", "standing_due"}
# Columns whose values the schema or a key fixes, so that no word can be put into them here; the
# ids themselves hold words.
FIXED = re.compile(
    r"(id|\w+_id|seq|source|brand|state|kind|experience|stance|operation|sure|fate|text_hash"
    r"|linked_hash|duplicate_of|not_about|stage|day|day_\w+|at|\w+_at|due_from|answered_on|taken_on"
    r"|until|seen_on|subject|act|role|about|written_at|waits_since|not_before|verdict_id"
    r"|incident_id|dedupe_key|root_key|trouble|channel|model|step|owner|place|payload|event|click"
    # The counts keep them: whose they were nobody can tell any more.
    r"|country|language|product_version|location|listed_on|need|dimension|value|flip|was_since|\w+_since"
    r"|slack_ts|slack_channel|via|tried_via)"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def say(native_id: str, author: str, text: str, **more: Any) -> Mention:
    values: dict[str, Any] = {
        "brand": "A",
        "source": "shop",
        "native_id": native_id,
        "text": text,
        "author": author,
        "author_native_id": author,
        "created_at": NOW,
        "fetched_at": NOW,
    }
    return Mention(**values | more)


def furnish(store: Store) -> None:
    """Let somebody have a row in every table that can hold one, beside somebody else."""
    theirs = say(
        "zqid1", "zqauthorid", "The zqtext was lost.", title="A zqtitle", url="https://x/zqurl",
        language="de", reach=3, parent_id="shop:zqparent", owner_reply="Sorry, zqreply.",
        owner_replied_at=NOW, country="DE", product_version="1.0", rating=1.0,
        rating_max=5.0,
    )  # fmt: skip
    later = say(
        "zqid2", "zqauthorid", "It was lost again, zqagain.", created_at=NOW + timedelta(hours=1)
    )
    other = say("plain", "ida", "The lounge was closed and cold.")
    store.mentions.save([theirs, later, other])
    edited = say("zqid1", "zqauthorid", "The zqedited thing was found at last.", title="zqtitle2")
    store.mentions.save([edited])
    angry = make_verdict(Experience.ANGRY)
    won = make_verdict(Experience.DELIGHTED, Stance.ADVOCATE)
    store.verdicts.save(
        [
            Scored(mention=one, verdict=won if one.native_id == "zqid1" else angry)
            for one in store.verdicts.waiting(9)
        ],
        NOW,
    )
    stored = store.mentions.get("shop:zqid1")
    assert stored is not None
    store.corrections.add(
        "shop:zqid1",
        experience=Experience.DELIGHTED,
        stance=None,
        by="dana",
        at=NOW,
        note="zqnote",
    )
    store.translations.save(
        [
            Translation(
                mention_id=stored.id, text_hash=stored.text_hash, language="en",
                text="zqtranslated", translator="t", at=NOW,
            )
        ]
    )  # fmt: skip
    store.copies.link(9)
    store.relevance.say(stored.id, about=True, by="dana", by_id=None, at=NOW)
    store.relevance.weigh([Weighed(mention=stored, encoder="e", vector=b"zqvector", p_about=0.5)])
    store.judgements.name_staff({stored.id: ["Rita"]})
    with store.database.transaction() as connection:
        cut(connection, 1, "location", ["Berlin"])
        connection.execute(
            "INSERT INTO topics (id, brand, kind, name, words, state, first_day, encoder, centre, "
            "floor, usual, size) VALUES (1, 'A', 'found', 'bags', '[]', 'active', '', 'e', x'', "
            "0, 0, 1)"
        )
        connection.execute("INSERT INTO mention_vectors VALUES (1, 'e', '', CAST('zqv2' AS BLOB))")
        connection.execute("INSERT INTO mention_topics VALUES (1, 1, 'A', '', 1, 0.5)")
        connection.execute("INSERT INTO topic_quotes VALUES (1, 1, 1)")
        connection.execute("INSERT OR IGNORE INTO topic_queue VALUES (1, 'A')")
        connection.execute(
            "INSERT INTO advocate_needs VALUES ('A', ?, 'shop:zqid1', 'wish', 'zqneed', 1, '')",
            (WHO,),
        )
    incident = Incident(
        brand="A", channel="#c", opened_at=NOW, last_at=NOW, complaints=2, about="zqabout"
    )
    store.cases.open_new(
        [
            NewCase(mention_id=one, brand="A", opened_at=NOW, due_at=NOW)
            for one in ("shop:zqid1", "shop:plain")
        ]
    )
    store.incidents.write(incident, ["shop:zqid1"])
    store.cases.apply(
        CaseMove(
            mention_id="shop:zqid1", event=CaseEventKind.JOINED, at=NOW, joins="shop:zqid2",
            note="they said zqjoined",
        )
    )  # fmt: skip
    case = store.cases.of_mention("shop:zqid1")
    assert case is not None
    store.cases.move(case.id, CaseState.CLAIMED, actor="dana", at=NOW)
    store.cases.mute(WHO, "A", by="dana", by_id=None, at=NOW)
    store.ladder.add(
        LadderStep(
            case_id=case.id, due_at=NOW, step="s", owner="", place="", at=NOW, message="m",
            line="zqline",
        )
    )  # fmt: skip
    store.answer_times.add(
        [
            AnswerTime(
                case_id=case.id, brand="A", team="#c", answered_at=NOW, answered_on=NOW.date(),
                business=timedelta(hours=1), in_time=True,
            )
        ],
        [
            Take(
                case_id=case.id, brand="A", team="#c", taken_at=NOW, taken_on=NOW.date(), by="dana"
            )
        ],
    )  # fmt: skip
    store.replies.write(
        NewReply(
            case_id=case.id, mention_id="shop:zqid1", text="Dear zqanswer", state=ReplyState.DRAFT,
            author="dana", written_at=NOW, text_hash="00",
        )
    )  # fmt: skip
    store.outbox.add(
        [
            NewAlert(
                dedupe_key="complaint:shop:zqid1", kind=AlertKind.COMPLAINT, brand="A",
                channel="#c", payload={"text": "zqpayload"}, created_at=NOW,
                mention_id="shop:zqid1",
            ),
            NewAlert(
                dedupe_key="digest:A:x", kind=AlertKind.DIGEST, brand="A", channel="#c",
                payload={
                    "text": "Ida says cold, Sam says zqdigest", "blocks": [],
                    "quotes": {"shop:zqid1": ["zqdigest"], "shop:plain": ["cold"]},
                },
                created_at=NOW,
            ),
        ]
    )  # fmt: skip
    for alert in store.outbox.waiting(NOW, 9):
        store.outbox.claim(alert.id, NOW)
        store.outbox.mark_sent(alert.id, f"1.{alert.id}", NOW, "C1")
    voice = store.judgements.voice("shop:zqid1")
    assert voice is not None
    store.scoring_tries.begin([voice.mention], NOW)
    store.failures.failed("score", NOW, "cannot read zqerror", "mention shop:zqid1")
    store.failures.failed("deliver", NOW, "no channel", "alert complaint:shop:zqid1")
    store.audit.add(
        AuditEntry(
            at=NOW, actor="dana", role="work", act=Act.CORRECTED, what="angry", about="shop:zqid1"
        )
    )
    store.audit.add(
        AuditEntry(at=NOW, actor="dana", role="work", act=Act.EXPORTED, what="all", about=WHO)
    )


def tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "AND name NOT LIKE 'mentions_fts%' ORDER BY name"
    )
    return [row[0] for row in rows]


def with_subject(table: str, subject: Subject, what: str) -> str:
    """Give SQL over the rows of a table that are of a subject."""
    return f"""
        WITH chosen(id) AS ({subject.chosen}), people(id) AS ({subject.people}),
            their_cases(id) AS (SELECT id FROM cases WHERE mention_id IN (SELECT id FROM chosen))
        {what} WHERE {HELD[table]}
    """


def plant(store: Store, subject: Subject) -> dict[str, bytes]:
    """Put a word of its own into each text column of the rows of a subject."""
    connection = store.database.connection
    planted = {}
    # The audit outlives them, and quotes nobody: its `about` alone is of them.
    for table in HELD.keys() - {"audit"}:
        for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
            if kind != "TEXT" or FIXED.fullmatch(column):
                continue
            word = f"zq{table}{column}".replace("_", "")
            rows = connection.execute(
                with_subject(
                    table,
                    subject,
                    f"UPDATE {table} SET {column} = coalesce({column}, '') || ' {word}'",
                ),
                (subject.value,),
            ).rowcount
            assert rows, f"{table}: nobody has a row in it: `furnish` must give them one"
            planted[f"{table}.{column}"] = word.encode()
    return planted


def bytes_of(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))


def words_in(path: Path) -> set[bytes]:
    return set(re.findall(rb"zq\w+", bytes_of(path).lower()))


def test_each_table_is_known_to_hold_something_of_people_or_nothing(store: Store) -> None:
    found = set(tables(store.database.connection))
    known = set(HELD) | set(NOT_OF_PEOPLE) | OUTLIVING
    assert found - known == set(), "say in HELD or NOT_OF_PEOPLE what they hold of people"
    assert known - found == set()
    assert not set(HELD) & set(NOT_OF_PEOPLE)


def test_what_names_a_mention_or_an_author_is_held_of_somebody(store: Store) -> None:
    connection = store.database.connection
    for table in NOT_OF_PEOPLE:
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        assert not columns & {"mention_id", "author_id", "case_id", "seq", "alert_id"}, table


FORGET: dict[str, Callable[[Store], int]] = {
    "author": lambda store: store.upkeep.forget_author(WHO, ERASURE),
    "mention": lambda store: sum(
        store.upkeep.forget_mention(one, ERASURE) for one in ("shop:zqid1", "shop:zqid2")
    ),
    "age": lambda store: store.upkeep.forget_older(NOW + timedelta(days=1)),
}


@pytest.mark.parametrize("way", FORGET)
def test_no_word_of_what_is_erased_is_left_in_the_bytes(
    store: Store, tmp_path: Path, way: str
) -> None:
    furnish(store)
    planted = plant(store, of_author(WHO))
    assert len(planted) > 30
    path = tmp_path / "earful.db"
    before = bytes_of(path)
    assert [name for name, word in planted.items() if word not in before] == []
    for word in (b"zqpayload", b"zqdigest", b"zqabout", b"zqvector", b"zqerror", b"zqid1"):
        assert word in before

    assert FORGET[way](store) >= 2
    store.upkeep.rewrite()

    assert words_in(path) == set()
    if way != "age":
        held = store.held_data.of(of_author("shop:ida"))
        assert held["mentions"][0]["text"] == "The lounge was closed and cold."
        assert "closed and cold" in str(held)


def test_all_that_is_erased_is_what_is_shown_to_who_asks(store: Store) -> None:
    furnish(store)
    plant(store, of_author(WHO))
    held = store.held_data.of(of_author(WHO))

    assert set(held) == set(HELD)
    assert [row["id"] for row in held["mentions"]] == ["shop:zqid1", "shop:zqid2"]
    assert "zqtext" in held["mention_versions"][0]["text"]
    # Of the digest, which quotes Ida too, only what is theirs.
    digest = next(row for row in held["alerts"] if row["kind"] == "digest")
    assert "zqdigest" in digest["payload"]
    assert "cold" not in str(held)

    store.upkeep.forget_author(WHO, ERASURE)
    assert store.held_data.of(of_author(WHO)) == {}


@pytest.mark.parametrize("way", FORGET)
def test_what_is_erased_stays_counted_in_every_cut(store: Store, way: str) -> None:
    furnish(store)

    def counts() -> list[tuple[Any, ...]]:
        rows = store.database.connection.execute(
            "SELECT * FROM cut_days ORDER BY dimension, day, brand, value"
        )
        return [tuple(row) for row in rows]

    before = counts()
    assert {row[2] for row in before} >= {"all", "source", "country", "version", "location"}
    FORGET[way](store)
    assert counts() == before


def test_problems_that_name_what_is_erased_go(store: Store) -> None:
    furnish(store)
    with store.database.transaction() as connection:
        for key, sentence in (("score", "mention shop:zqid1 fails"), ("disk", "it is full")):
            connection.execute(
                "INSERT INTO problems (key, about, sentence, since, seen, missed) "
                "VALUES (?, ?, ?, ?, 1, 0)",
                (key, "scoring", sentence, NOW.isoformat()),
            )
    store.upkeep.forget_author(WHO, ERASURE)
    rows = store.database.connection.execute("SELECT key FROM problems")
    assert [row[0] for row in rows] == ["disk"]


def test_a_message_that_slack_may_have_keeps_the_key_it_is_looked_for_by(store: Store) -> None:
    furnish(store)
    with store.database.transaction() as connection:
        connection.execute(
            "UPDATE alerts SET state = 'sending' WHERE dedupe_key = 'complaint:shop:zqid1'"
        )
    store.upkeep.forget_author(WHO, ERASURE)
    assert store.outbox.knows("complaint:shop:zqid1")


def test_files_that_hold_it_are_those_of_its_brand_and_time(store: Store, tmp_path: Path) -> None:
    furnish(store)
    day = timedelta(days=1)

    def wrote(name: str, **what: Any) -> None:
        values: dict[str, Any] = {"kind": "report", "at": NOW + day}
        store.written_files.add(WrittenFile(path=tmp_path / name, **values | what))

    wrote("all")
    wrote("before it was stored", at=NOW - day)
    wrote("another brand", brand="B")
    wrote("its brand and day", brand="A", since=NOW - day, until=NOW + day)
    wrote("earlier days", brand="A", since=NOW - 3 * day, until=NOW)
    wrote("gone since")
    store.written_files.remove([tmp_path / "gone since"])

    found = store.written_files.that_hold(of_author(WHO))
    assert [one.path.name for one in found] == ["all", "its brand and day"]
    assert found[1].since == NOW - day
    assert store.written_files.that_hold(of_author("shop:nobody")) == []


def test_every_writer_overwrites_what_it_deletes(store: Store) -> None:
    [secure] = store.database.connection.execute("PRAGMA secure_delete").fetchone()
    assert secure == 1


def test_an_older_store_gets_the_tables_of_trust(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with Store.open(path, migrate=True) as store:
        furnish(store)
    with closing(sqlite3.connect(path)) as connection:
        for table in ("audit", "sessions", "written_files", "privacy", "pseudonym_key"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0034_trust'")
        connection.commit()
    with Store.open(path, migrate=True) as store:
        assert store.audit.latest(9) == []
        assert store.mentions.count() == 3
        [key] = store.database.connection.execute("SELECT key FROM pseudonym_key").fetchone()
        assert len(key) == 32
