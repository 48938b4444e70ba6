"""`earful status --json` shows what scoring last computed in, and why not in another way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from earful.app import App
from earful.cli import cli
from sentiment.scoring.number_choice import Choice, Way, remember
from storage.store import Store


def test_the_choice_of_number_type_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    db = tmp_path / "earful.db"
    Store.open(db, migrate=True).close()

    def numbers() -> object:
        result = CliRunner().invoke(cli, ["status", "--json"], obj=App(db=db))
        return json.loads(result.stdout)["numbers"]

    assert numbers() is None
    reason = "RuntimeError: bf16 path needs the cpu support"
    remember(
        "here",
        Choice("cpu", (Way.INT8, Way.PLAIN), {Way.INT8: 0.002}, {Way.BF16_PACKED: reason}),
    )
    assert numbers() == {
        "numbers": "int8",
        "device": "cpu",
        "ways": ["int8", "fp32"],
        "seconds": {"int8": 0.002},
        "ruled_out": {"bf16 packed": reason},
    }
