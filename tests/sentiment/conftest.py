"""The shipped model, loaded once; where the labelled texts lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sentiment.classifier import Classifier

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.fixture(scope="session")
def labels() -> Path:
    """The folder of labelled texts: in CI it must be there, elsewhere the test is skipped."""
    folder = SHARED / "labels"
    if (folder / "dev.jsonl").is_file():
        return folder
    if os.environ.get("CI"):
        pytest.fail(f"the labelled texts must be in {folder} in CI")
    pytest.skip(f"the labelled texts are not in {folder}")
