"""Mutated recordings: no parser may crash, nor make a mention without id, url, text and time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.crawler.reading import read, spider_of
from tests.crawler.test_fuzz import check_mention, places, replaced, values
from tests.crawler.test_recorded_talk import RECORDINGS, Recording

pytestmark = pytest.mark.recorded
some = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def shortened(node: Any) -> Any:
    """Keep two of each list: enough to break, and quick to go through."""
    if isinstance(node, dict):
        return {name: shortened(child) for name, child in node.items()}
    return [shortened(child) for child in node[:2]] if isinstance(node, list) else node


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
@some
@given(data=st.data())
def test_any_value_may_stand_anywhere_in_a_recording(
    recording: Recording, recorded: Path, data: st.DataObject
) -> None:
    document = shortened(json.loads((recorded / recording.file).read_text()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(places(document)))
        document = replaced(document, place, data.draw(values))
    spider = spider_of(recording.source, recording.options)
    mentions, refusals, _, _ = read(spider, json.dumps(document))
    for mention in mentions:
        check_mention(mention)
        assert mention.url
    assert all(refusal.entry and refusal.reason for refusal in refusals)
