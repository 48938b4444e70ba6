"""Whatever kind of number a spider gives, it is one number: a verdict on it becomes current."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import Experience, Mention
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.storage.fixtures import make_verdict

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AT = NOW.isoformat()
# The hashes that stores hold: of 5.0 of 5.0, of 5 of 5, and of 4.5 of 5.
FLOATS, WHOLE, HALF_OF_WHOLE = "de73e77aa4c13e76", "2a9ce7cfbdb30345", "7865c27c63f7c72f"
HALF = "0accce2a90036014"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("numbers") / "earful.db"
    with Store.open(path, migrate=True) as store:
        store.database.connection.execute("PRAGMA synchronous = OFF")
        yield store


def rated(rating: object, most: object = 5.0, native_id: str = "1", **more: object) -> Mention:
    return Mention(
        brand="Acme Air",
        source="shop",
        native_id=native_id,
        title="Bags",
        text="Lost again",
        fetched_at=NOW,
        rating=rating,  # type: ignore[arg-type]
        rating_max=most,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


def score(store: Store, mention: Mention) -> int:
    return store.verdicts.save(
        [Scored(mention=mention, verdict=make_verdict(Experience.ANGRY))], NOW
    )


@pytest.mark.parametrize("five", [5, 5.0, Decimal(5), Decimal("5.00"), Fraction(5)])
def test_five_is_five(five: object) -> None:
    mention = rated(five, five)
    assert (mention.rating, mention.rating_max, mention.text_hash) == (5.0, 5.0, FLOATS)
    assert type(mention.rating) is type(mention.rating_max) is float


def test_the_hashes_of_old_stores_stand() -> None:
    assert rated(4.5).text_hash == rated(4.5, 5).text_hash == HALF
    assert rated(None, None).text_hash == "e80433656cddcfe7"


@pytest.mark.parametrize("rating", [5, 0, -0.0, Decimal(4), 4.5])
def test_a_verdict_becomes_current_whatever_kind_of_number_the_stars_are(
    store: Store, rating: object
) -> None:
    store.mentions.save([rated(rating, 5, native_id=repr(rating))])
    (waiting,) = store.verdicts.waiting(9)
    assert score(store, waiting) == 1
    assert store.verdicts.waiting(9) == []


def test_a_spider_that_gives_another_kind_of_number_edits_nothing(store: Store) -> None:
    store.mentions.save([rated(3.0, native_id="again")])
    assert store.mentions.save([rated(3, 5, native_id="again")]).known == 1


@pytest.mark.parametrize(("given", "kept"), [(7, 7), (7.0, 7), (Decimal(7), 7), (7.5, None)])
def test_reach_is_whole(store: Store, given: object, kept: int | None) -> None:
    key = repr(given)
    store.mentions.save([rated(1.0, native_id=key, reach=given)])
    stored = store.mentions.get(f"shop:{key}")
    assert stored is not None
    assert stored.reach == kept


@pytest.mark.parametrize("rating", [True, "5", float("nan"), float("inf"), 10**400, [5]])
def test_what_is_no_number_is_left_out_with_its_scale(store: Store, rating: object) -> None:
    key = f"none {rating!r:.9}"
    store.mentions.save([rated(rating, 5, native_id=key)])
    stored = store.mentions.get(f"shop:{key}")
    assert stored is not None
    assert (stored.rating, stored.rating_max) == (None, None)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rating=st.one_of(
        st.none(), st.integers(), st.floats(), st.decimals(), st.fractions(), st.booleans()
    ),
    most=st.one_of(st.none(), st.integers(), st.floats(), st.decimals()),
)
def test_what_comes_back_has_the_hash_that_it_was_stored_with(
    store: Store, rating: object, most: object
) -> None:
    store.mentions.save([rated(rating, most, native_id="any")])
    stored = store.mentions.get("shop:any")
    row = store.database.connection.execute(
        "SELECT text_hash FROM mentions WHERE id = 'shop:any'"
    ).fetchone()
    assert stored is not None
    assert stored.text_hash == row["text_hash"]


def test_what_an_older_earful_never_scored_is_scored_after_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    rows = [
        ("whole", 5, 5, WHOLE, WHOLE),
        ("scale", 4.5, 5, HALF_OF_WHOLE, None),
        ("floats", 5.0, 5.0, FLOATS, FLOATS),
        ("unknown", 5.0, 5.0, "0" * 16, None),
    ]
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0029_lookups")
        connection.executemany(
            "INSERT INTO mentions (id, brand, source, native_id, title, text, rating, rating_max, "
            "fetched_at, text_hash, linked_hash) "
            f"VALUES ('shop:' || ?1, 'Acme Air', 'shop', ?1, 'Bags', 'Lost again', ?2, ?3, '{AT}',"
            " ?4, ?5)",
            rows,
        )
        connection.commit()
    with Store.open(path, migrate=True) as store:
        stored = store.database.connection.execute(
            "SELECT native_id, text_hash, linked_hash FROM mentions ORDER BY seq"
        )
        assert [tuple(row) for row in stored] == [
            ("whole", FLOATS, FLOATS),
            ("scale", HALF, None),
            ("floats", FLOATS, FLOATS),
            ("unknown", "0" * 16, None),
        ]
        waiting = [one for one in store.verdicts.waiting(9) if one.native_id != "unknown"]
        assert [score(store, one) for one in waiting] == [1, 1, 1]
        # Nor is the next reading of it an edit.
        again = replace(waiting[0], rating=5, rating_max=5)
        assert store.mentions.save([again]).edited == 0
