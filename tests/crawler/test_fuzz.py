"""Mutated responses: no parser may crash, nor make a mention without id, text and time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.fields import EARLIEST, LATEST_AHEAD
from storage.models import Mention
from tests.crawler.reading import EXAMPLES, NOW, RESPONSES, read, response_of, spider_of

JSON_SOURCES = [name for name in sorted(EXAMPLES) if (RESPONSES / f"{name}.json").exists()]
BODIES = [(source, response_of(source)) for source in sorted(EXAMPLES)]
BODIES.append(("appstore", (RESPONSES / "appstore.xml").read_bytes()))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(["", "\ud800", "\x00", "1970-01-01", "2099-01-01", "9" * 400, "<p>", "&#0;"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def check(source: str, body: bytes | str) -> None:
    mentions, refusals, _, _ = read(spider_of(source), body)
    for mention in mentions:
        check_mention(mention)
    for refusal in refusals:
        assert refusal.entry
        assert refusal.reason


def check_mention(mention: Mention) -> None:
    assert mention.native_id.strip()
    assert mention.text.strip() or mention.rating is not None
    if mention.created_at is not None:  # what is damaged may have lost its date
        assert mention.created_at.tzinfo is UTC
        assert EARLIEST <= mention.created_at <= NOW + LATEST_AHEAD
    if mention.rating is not None:
        assert mention.rating_max is not None
        assert 0 <= mention.rating <= mention.rating_max
    for moment in (mention.edited_at, mention.owner_replied_at):
        assert moment is None or EARLIEST <= moment <= NOW + LATEST_AHEAD
    for text in (mention.text, mention.title, mention.author, mention.url, mention.owner_reply):
        (text or "").encode("utf-8")
        assert "\x00" not in (text or "")
    assert mention.url is None or mention.url.startswith(("http://", "https://"))
    assert isinstance(mention.fetched_at, datetime)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value in a JSON document."""
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("source", JSON_SOURCES)
@quick
@given(data=st.data())
def test_any_value_may_stand_anywhere_in_json(source: str, data: st.DataObject) -> None:
    document = json.loads(response_of(source))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(places(document)))
        document = replaced(document, place, data.draw(values))
    check(source, json.dumps(document))


@pytest.mark.parametrize(("source", "body"), BODIES)
@quick
@given(data=st.data())
def test_bytes_may_be_lost_doubled_or_changed(
    source: str, body: bytes, data: st.DataObject
) -> None:
    mutated = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, max(0, len(mutated) - 1)))
        end = min(len(mutated), start + data.draw(st.integers(0, 60)))
        mutated[start:end] = data.draw(
            st.one_of(st.binary(max_size=12), st.just(bytes(mutated[start:end] * 2)))
        )
    check(source, bytes(mutated))


@pytest.mark.parametrize("source", sorted(EXAMPLES))
@quick
@given(body=st.one_of(st.binary(max_size=200), values.map(json.dumps).map(str.encode)))
def test_anything_at_all_may_come(source: str, body: bytes) -> None:
    check(source, body)


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"a":' * 100_000, "<feed>" * 5_000, "<rss><channel>" + "<item>" * 5_000],
    ids=["lists", "objects", "feeds", "items"],
)
def test_depth_is_no_weapon(body: str) -> None:
    for source in EXAMPLES:
        check(source, body)
