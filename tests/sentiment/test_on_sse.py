"""The classifier's tests once more, as on a CPU with SSE 4 alone."""

from __future__ import annotations

import pytest

from tests.sentiment.lesser_cpu import run_the_classifiers_tests


@pytest.mark.slow("runs the classifier's tests once more")
def test_the_classifiers_tests_pass_there() -> None:
    run_the_classifiers_tests("sse")
