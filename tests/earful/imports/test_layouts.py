"""Known layouts: a file in the true shape of each is read without a word about its columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from earful.importing.layouts import FIELDS, layouts
from storage.store import Store
from tests.earful.imports.importing import FILES, counts, imported, prepared, stored

_SIDE = ("url", "author_id", "title", "rating", "language", "created_at", "edited_at", "reach",
         "owner_reply", "owner_replied_at")  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What a file holds: its layout, its rows, and its first mention whole."""

    layout: str
    mentions: int
    first: dict[str, Any]
    refused: int = 0
    wishes: dict[str, Any] = field(default_factory=dict)


EXPECTED = {
    "play_console.csv": Expected(
        "play_console",
        3,
        {
            "id": "google_play:gp:Made1",
            "url": "http://play.google.com/console/developers/app/reviews?reviewId=gp%3AMade1",
            "text": "Seat map finally works, thank you",
            "rating": 5.0,
            "language": "en",
            "created_at": "2026-09-02T08:11:04+00:00",
        },
    ),
    "app_store_connect.json": Expected(
        "app_store_connect",
        2,
        {
            "id": "app_store_connect:00000023-made-4a01",
            "author": "sunny_made",
            "title": "Logged out",
            "text": "Every morning I must log in again",
            "rating": 1.0,
            "created_at": "2026-09-05T10:12:00+00:00",
        },
    ),
    "app_store_connect.csv": Expected(
        "app_store_connect",
        1,
        {
            "id": "app_store_connect:00000023-made-4a01",
            "author": "sunny_made",
            "title": "Logged out",
            "text": "Every morning I must log in again",
            "rating": 1.0,
            "created_at": "2026-09-05T10:12:00+00:00",
        },
    ),
    "trustpilot.csv": Expected(
        "trustpilot",
        2,
        {
            "id": "trustpilot:66aa00000000000000000001",
            "author_id": "trustpilot:66bb00000000000000000001",
            "title": "Refund took ages",
            "text": "Eleven weeks for 40 euros",
            "rating": 1.0,
            "language": "en",
            "created_at": "2026-09-05T10:00:00+00:00",
            "owner_reply": "We are sorry, Ines",
            "owner_replied_at": "2026-09-07T09:30:00+00:00",
        },
    ),
    "trustpilot_api.json": Expected(
        "trustpilot_api",
        1,
        {
            "id": "trustpilot:66aa00000000000000000003",
            "author_id": "trustpilot:66bb00000000000000000003",
            "title": "Slow",
            "text": "Chat bot only",
            "rating": 2.0,
            "language": "en",
            "created_at": "2026-09-05T10:00:00+00:00",
            "reach": 4,
            "owner_reply": "Sorry, Uma",
            "owner_replied_at": "2026-09-06T10:00:00+00:00",
        },
    ),
    "google_business.json": Expected(
        "google_business",
        2,
        {
            "id": "google_business:AbFvMade1",
            "author": "Noor",
            "text": "Sehr nettes Personal am Schalter",
            "rating": 5.0,
            "created_at": "2026-09-05T10:00:00+00:00",
            "owner_reply": "Danke!",
            "owner_replied_at": "2026-09-05T12:00:00+00:00",
        },
    ),
    "yelp.jsonl": Expected(
        "yelp",
        2,
        {
            "id": "yelp:KU_Made5udG6zpx0",
            "author_id": "yelp:mh_Made5LFL",
            "text": "Decent, but the\nwait is long.",
            "rating": 3.0,
            "created_at": "2026-07-07T22:09:11+00:00",
            "reach": 2,
        },
    ),
    "amazon.jsonl": Expected(
        "amazon",
        2,
        {
            "author_id": "amazon:AEMADE1",
            "title": "Buzzes",
            "text": "It buzzes.\nSent it back & waited",
            "rating": 1.0,
            "created_at": "2026-09-05T10:00:00+00:00",
            "reach": 3,
        },
    ),
    "zendesk.csv": Expected(
        "zendesk",
        3,
        {
            "id": "zendesk:501",
            "author": "Lena",
            "text": "Solved in five minutes",
            "rating": 1.0,
            "rating_max": 1.0,
            "created_at": "2026-09-05T10:00:00+00:00",
        },
        refused=1,  # a satisfaction that was asked for and never told
    ),
    "zendesk_api.jsonl": Expected(
        "zendesk",
        1,
        {
            "id": "zendesk:35436",
            "url": "https://acme.zendesk.example/api/v2/satisfaction_ratings/35436.json",
            "author_id": "zendesk:7",
            "text": "Great help, Rita",
            "rating": 1.0,
            "rating_max": 1.0,
            "created_at": "2026-09-05T10:00:00+00:00",
        },
    ),
    "intercom.csv": Expected(
        "intercom",
        3,
        {
            "id": "intercom:90001",
            "author": "Ada",
            "text": "Kind and quick",
            "rating": 5.0,
            # 10:00 in New York, as the header says.
            "created_at": "2026-09-05T14:00:00+00:00",
        },
    ),
    "typeform.csv": Expected(
        "typeform",
        2,
        {
            "id": "typeform:a1made0000000001",
            "text": "What should we improve? Legroom\n\nWhat did you like? The coffee, really",
            "rating": 4.0,
            "created_at": "2026-09-05T10:00:00+00:00",
        },
    ),
    "google_forms.csv": Expected(
        "google_forms",
        3,
        {
            "text": "Smooth from start to end",
            "rating": 9.0,
            "rating_max": 10.0,
            "created_at": "2026-09-05T08:00:00+00:00",
        },
    ),
    "nps.csv": Expected(
        "nps",
        3,
        {
            "id": "nps:r1",
            "author": "Ada",
            "text": "They rebooked us before we asked",
            "rating": 10.0,
            "rating_max": 10.0,
            "created_at": "2026-09-05T10:00:00+00:00",
        },
    ),
    "monitoring.csv": Expected(
        "monitoring",
        3,
        {
            "id": "reddit:t3_1made1",
            "url": "https://www.reddit.com/r/airlines/comments/1made1/lost_bag/",
            "author_id": "reddit:mina",
            "title": "Lost bag",
            "text": "Acme Air lost my bag and shrugs",
            "rating": None,
            "rating_max": None,
            "created_at": "2026-09-05T10:04:00+00:00",
            "reach": 12300,
        },
    ),
    "pros_and_cons.csv": Expected(
        "table",
        2,
        {
            "id": "shop:p1",
            "text": "Pros: Nette Crew, große Fenster\n\nCons: Enge Sitze",
            "rating": 3.0,
            "language": "de",
            "created_at": "2026-09-05T00:00:00+00:00",
        },
        wishes={"source": "shop", "language": "de"},
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_known_layout_needs_no_mapping(store: Store, name: str) -> None:
    expected = EXPECTED[name]
    one = prepared(FILES / name, **expected.wishes)
    assert one.plan.layout.name == expected.layout
    report = imported(store, FILES / name, **expected.wishes)
    assert counts(report) == (expected.mentions, 0, 0, 0, expected.refused)
    assert report.emptied == {}
    first = stored(store)[0]
    given = dict(expected.first)
    if author := given.pop("author", None):
        # Only a name tells its author: strangers may have the same.
        given["author_id"] = f"{first['source']}:by/{first['native_id']}"
        mention = store.mentions.get(first["id"])
        assert mention is not None
        assert mention.author == author
    whole = dict.fromkeys(_SIDE) | {"rating_max": 5.0} | given
    assert {key: first[key] for key in whole} == whole
    # Once more: nothing changes.
    before = stored(store)
    assert counts(imported(store, FILES / name, **expected.wishes))[:2] == (0, 0)
    assert stored(store) == before


def test_the_rest_of_the_made_up_rows(store: Store) -> None:
    for name in ("monitoring.csv", "google_business.json", "intercom.csv", "zendesk.csv"):
        imported(store, FILES / name)
    rows = {row["id"]: row for row in stored(store)}
    assert rows["x:1900000000000000001"]["reach"] == 1234
    assert rows["google_business:AbFvMade2"]["text"] == ""
    assert rows["google_business:AbFvMade2"]["edited_at"] == "2026-09-08T10:00:00+00:00"
    assert [rows[f"intercom:9000{n}"]["rating"] for n in (1, 2, 3)] == [5, 1, 3]
    assert [rows[f"zendesk:{n}"]["rating"] for n in (501, 502, 504)] == [1, 0, 0]
    elsewhere = [key for key in rows if key.startswith("travel_blog_example:")]
    assert len(elsewhere) == 1


def test_every_layout_but_earfuls_own_has_a_made_up_file() -> None:
    assert {path.name for path in FILES.iterdir()} == set(EXPECTED)
    # Earful's own export is written by the test of the round trip.
    assert {one.layout for one in EXPECTED.values()} == set(layouts()) - {"earful"}


def test_layouts_name_fields_that_there_are() -> None:
    own = {"id", "brand", "fetched_at"}  # what only Earful's own export brings
    for layout in layouts().values():
        assert set(layout.columns) <= {*FIELDS, *own}, layout.name
        assert layout.own == (layout.name == "earful")
        assert {"text", "rating"} & set(layout.columns), layout.name
