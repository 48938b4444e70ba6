"""Pseudonyms and masks: before a text is stored, whichever door it comes through."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.decide.answer_choices import Template
from storage.models import Experience, Mention
from storage.pseudonyms import under_pseudonym
from storage.store import Store
from storage.tables.privacy import PrivacyWishes
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import make_verdict

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))
PSEUDONYMS = PrivacyWishes(pseudonyms=True, handles=("@acmeair",))
MASKS = PrivacyWishes(mask=("email", "phone"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "earful.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path, migrate=True) as store:
        yield store


def say(native_id: str = "1", text: str = "They lost my bag.", **more: Any) -> Mention:
    values: dict[str, Any] = {
        "brand": "A",
        "source": "s",
        "native_id": native_id,
        "text": text,
        "author": "Samantha Zquist",
        "author_native_id": "sam_zq",
        "created_at": NOW,
        "fetched_at": NOW,
    }
    return Mention(**values | more)


def bytes_of(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


class TestPseudonyms:
    def test_a_person_keeps_one_from_mention_to_mention(self, store: Store) -> None:
        store.privacy.be(PSEUDONYMS)
        store.mentions.save([say("1"), say("2"), say("3", author_native_id="ida_zq")])
        one, two, three = store.mentions.many(["s:1", "s:2", "s:3"]).values()

        assert one.author_id == two.author_id != three.author_id
        assert one.is_by_known_author
        assert one.author == two.author
        assert (one.author or "").startswith("Person ")
        rows = store.database.connection.execute("SELECT count(*) FROM authors")
        assert rows.fetchone()[0] == 2

    def test_no_name_is_left_in_the_file(self, store: Store, path: Path) -> None:
        store.privacy.be(PSEUDONYMS)
        store.mentions.save(
            [
                say(
                    text="Thanks @acmeair and @other_zq! Samantha Zquist",
                    url="https://example.com/@sam_zq/123",
                    owner_reply="Dear Samantha Zquist, sorry.",
                    title="By samantha zquist",
                )
            ]
        )
        [kept] = store.mentions.many(["s:1"]).values()
        assert kept.text == f"Thanks @acmeair and @…! {kept.author}"
        assert kept.url is None
        assert kept.owner_reply == f"Dear {kept.author}, sorry."
        store.upkeep.rewrite()
        assert b"zq" not in bytes_of(path).lower().replace(b"samantha zquist", b"zq")

    @pytest.mark.parametrize(
        ("url", "kept"),
        [
            ("https://x.com/sam_zq/status/123", "https://x.com/i/status/123"),
            ("https://twitter.com/Sam_ZQ/status/9?s=2", "https://twitter.com/i/status/9?s=2"),
            ("https://fed.example/@sam_zq/1", None),
            ("https://sam_zq.example.com/a", None),
            ("https://example.com/?by=Samantha%20Zquist", None),
            ("https://example.com/reviews/123", "https://example.com/reviews/123"),
        ],
    )
    def test_an_address_that_tells_who_wrote_goes(self, url: str, kept: str | None) -> None:
        assert under_pseudonym(say(url=url), KEY, ()).url == kept

    def test_what_is_pseudonymous_already_stays_so(self) -> None:
        once = under_pseudonym(say(text="I, Samantha Zquist, say @this"), KEY, ())
        assert under_pseudonym(once, KEY, ()) == once
        assert once.text_hash == under_pseudonym(once, KEY, ()).text_hash

    def test_no_answer_calls_anybody_by_a_pseudonym(self) -> None:
        template = Template(name="sorry", text="Dear {author}, we are sorry. {agent}")
        named = template.fill(say(), "Dana")
        assert named == "Dear Samantha Zquist, we are sorry. Dana"
        unnamed = template.fill(under_pseudonym(say(), KEY, ()), "Dana")
        assert "Person" not in unnamed
        assert "we are sorry. Dana" in unnamed

    def test_two_of_one_name_stay_two(self, store: Store) -> None:
        store.privacy.be(PSEUDONYMS)
        store.mentions.save([say("1", author_native_id=None), say("2", author_native_id=None)])
        one, two = store.mentions.many(["s:1", "s:2"]).values()
        assert one.author == two.author
        assert one.author_id != two.author_id
        assert not one.is_by_known_author

    def test_nobody_stays_nobody(self, store: Store) -> None:
        store.privacy.be(PSEUDONYMS)
        store.mentions.save(
            [say(author="Anonymous", author_native_id=None), say("2", author=None)]
        )
        one, two = store.mentions.many(["s:1", "s:2"]).values()
        assert one.author == "Anonymous"
        assert two.author is not None
        assert two.author.startswith("Person ")

    @pytest.mark.parametrize("called", ["s:sam_zq", "s:Samantha Zquist"])
    def test_who_asks_by_their_true_name_is_found(self, store: Store, called: str) -> None:
        store.privacy.be(PSEUDONYMS)
        native_id = "sam_zq" if called == "s:sam_zq" else None
        store.mentions.save(
            [say(author_native_id=native_id), say("2", author="Ida Zett", author_native_id="ida")]
        )
        assert store.upkeep.forget_author(store.privacy.called(called), ERASURE) == 1
        assert store.mentions.get("s:1") is None
        assert store.privacy.called("s:nobody known") != "s:nobody known"

    def test_another_store_has_others(self, tmp_path: Path) -> None:
        names = []
        for name in ("a.db", "b.db"):
            with Store.open(tmp_path / name, migrate=True) as store:
                store.privacy.be(PSEUDONYMS)
                store.mentions.save([say()])
                [one] = store.mentions.many(["s:1"]).values()
                names.append(one.author_id)
        assert names[0] != names[1]

    def test_who_is_named_is_called_as_the_source_does(self, store: Store) -> None:
        assert store.privacy.called("s:sam_zq") == "s:sam_zq"


class TestMasks:
    TEXT = "Write to sam@zqmail.example or call 407-404-2036."

    def test_the_hash_is_of_what_is_stored(self, store: Store) -> None:
        store.privacy.be(MASKS)
        mention = say(text=self.TEXT, language="en", title="sam@zqmail.example")
        assert store.mentions.save([mention]).new == 1
        stored = store.mentions.get("s:1")
        assert stored is not None
        assert stored.text == "Write to [email] or call [phone]."
        assert stored.title == "[email]"
        known = store.mentions.known("s", ["1"], NOW)
        assert known["1"] == stored.text_hash == store.mentions.as_kept(mention).text_hash
        # Read again it is no edit, and its verdict stands.
        verdict = make_verdict(Experience.ANGRY)
        store.verdicts.save([Scored(mention=stored, verdict=verdict)], NOW)
        again = store.mentions.save([mention], at=NOW + timedelta(days=1))
        assert (again.known, again.edited) == (1, 0)
        assert store.verdicts.count_waiting() == 0

    def test_the_owners_words_and_earlier_versions_are_masked(
        self, store: Store, path: Path
    ) -> None:
        store.mentions.save([say(text=self.TEXT, language="en")])
        store.privacy.be(MASKS)
        store.mentions.save(
            [say(text="Found it.", language="en", owner_reply="Mail help@zqmail.example")]
        )
        store.upkeep.rewrite()
        assert b"zqmail" not in bytes_of(path)
        row = store.database.connection.execute("SELECT text FROM mention_versions").fetchone()
        assert row[0] == "Write to [email] or call [phone]."

    def test_wishes_hold_for_every_other_process_too(self, store: Store, path: Path) -> None:
        assert store.privacy.be(MASKS)
        assert not store.privacy.be(MASKS)
        with Store.open(path) as other:
            other.mentions.save([say(text=self.TEXT, language="en")])
        with closing(sqlite3.connect(path)) as connection:
            [text] = connection.execute("SELECT text FROM mentions").fetchone()
        assert "zqmail" not in text
        assert store.privacy.be(PrivacyWishes())
        assert store.mentions.as_kept(say(text=self.TEXT)).text == self.TEXT
