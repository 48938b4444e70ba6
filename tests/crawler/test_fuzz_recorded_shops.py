"""Mutated recordings of shops, stores and pages: see test_fuzz_recorded_talk for the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.crawler.reading import read, spider_of
from tests.crawler.test_fuzz import check_mention, places, replaced, values
from tests.crawler.test_recorded_shops import RECORDINGS, Recorded

pytestmark = pytest.mark.recorded
some = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
)
JSON = [recording for recording in RECORDINGS if recording.file.endswith(".json")]


@pytest.fixture(scope="module", autouse=True)
def app_keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDDIT_CLIENT_ID", "made-up")
        patch.setenv("REDDIT_CLIENT_SECRET", "made-up")
        yield


def shortened(node: object) -> object:
    """Keep two entries of long lists: enough to break, and quick to go through."""
    if isinstance(node, dict):
        return {name: shortened(child) for name, child in node.items()}
    if not isinstance(node, list):
        return node
    # Short lists hold fields by their place: these stay whole.
    entries = len(node) > 30 or all(isinstance(each, dict) for each in node)
    return [shortened(child) for child in (node[:2] if entries else node)]


def check(recording: Recorded, body: bytes | str) -> None:
    mentions, refusals, _, _ = read(spider_of(recording.source, recording.options), body)
    for mention in mentions:
        check_mention(mention)
        assert mention.url
    assert all(refusal.entry and refusal.reason for refusal in refusals)


@pytest.mark.parametrize("recording", JSON, ids=lambda recording: recording.file)
@some
@given(data=st.data())
def test_any_value_may_stand_anywhere_in_a_recording(
    recording: Recorded, recorded: Path, data: st.DataObject
) -> None:
    document = shortened(json.loads((recorded / recording.file).read_text()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(places(document)))
        document = replaced(document, place, data.draw(values))
    check(recording, json.dumps(document))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
@some
@given(data=st.data())
def test_bytes_of_a_recording_may_be_lost_or_doubled(
    recording: Recorded, recorded: Path, data: st.DataObject
) -> None:
    mutated = bytearray((recorded / recording.file).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, max(0, len(mutated) - 1)))
        end = min(len(mutated), start + data.draw(st.integers(0, 4000)))
        mutated[start:end] = data.draw(
            st.one_of(st.binary(max_size=12), st.just(bytes(mutated[start:end] * 2)))
        )
    check(recording, bytes(mutated))
