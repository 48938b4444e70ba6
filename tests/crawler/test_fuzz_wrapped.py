"""Mutated values in JSON that a page or an envelope wraps: see test_fuzz for the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crawler.reading import RESPONSES, read, response_of, spider_of
from tests.crawler.test_fuzz import check, check_mention, places, quick, replaced, values

PLAY = json.loads(json.loads(response_of("google_play").decode()[4:])[0][2])
STORE = json.loads(json.loads(response_of("chrome_web_store").decode().split("\n")[3])[0][2])
WRAPPED = {"google_play": PLAY, "chrome_web_store": STORE}
REVIEW = {
    "@type": "Review",
    "@id": "#r48213",
    "author": {"@type": "Person", "name": "Mia Doe", "url": "/people/mia"},
    "datePublished": "2026-09-20",
    "name": "Lost bag",
    "reviewBody": "Acme Air lost my bag.",
    "inLanguage": "en",
    "reviewRating": {"@type": "Rating", "ratingValue": "2", "bestRating": 5},
    "comment": {"author": {"@type": "Organization"}, "text": "Sorry!", "dateCreated": "2026"},
}
GRAPH = {"@graph": [{"@type": "Product", "review": [REVIEW, {**REVIEW, "@id": "#r48214"}]}]}
LISTING = json.loads((RESPONSES / "reddit_oauth.json").read_text())


def mutated(document: object, data: st.DataObject) -> object:
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(places(document)))
        document = replaced(document, place, data.draw(values))
    return document


@pytest.mark.parametrize("source", WRAPPED)
@quick
@given(data=st.data())
def test_any_value_may_stand_in_a_payload(source: str, data: st.DataObject) -> None:
    payload = mutated(WRAPPED[source], data)
    check(source, ")]}'\n\n" + json.dumps([["wrb.fr", "x", json.dumps(payload)]]))
    check(source, json.dumps(payload))


@quick
@given(data=st.data())
def test_any_value_may_stand_in_json_ld(data: st.DataObject) -> None:
    block = json.dumps(mutated(GRAPH, data)).replace("</", "<\\/")
    check("web_reviews", f'<html><script type="application/ld+json">{block}</script></html>')


@quick
@given(data=st.data())
def test_any_value_may_stand_in_what_reddits_api_gives(data: st.DataObject) -> None:
    mentions, refusals, _, _ = read(spider_of("reddit"), json.dumps(mutated(LISTING, data)))
    for mention in mentions:
        check_mention(mention)
    assert all(refusal.reason for refusal in refusals)
