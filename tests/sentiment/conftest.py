"""The shipped model, loaded once; where the labelled texts lie; a cache of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiment.scoring.classifier import Classifier

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what is measured out of the user's cache, for child processes too."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.delenv("EARFUL_NUMBERS", raising=False)
        yield folder


@pytest.fixture(scope="session")
def classifier(cache: Path) -> Classifier:
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
