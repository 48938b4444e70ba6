"""What the project promises of itself: documents, dependencies, pins, sizes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from earful.cli import cli
from storage.migrations import migrations

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[<>=!~;\[ ]", one)[0].lower() for one in requirements]


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_the_readme_lists_every_command(command: str) -> None:
    assert f"`earful {command}" in README


@pytest.mark.parametrize("package", names(PROJECT["project"]["dependencies"]))
def test_every_dependency_is_justified_and_pinned(package: str) -> None:
    table = [line for line in CONTRIBUTING.splitlines() if line.startswith("| ")]
    assert any(package in line.split("|")[1] for line in table), f"{package}: why?"
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = pins.lower().replace("_", "-")
    assert re.search(rf"^{re.escape(package)}==", pins, re.MULTILINE), f"{package}: no pin"


def test_torch_is_pinned_to_the_release_whose_cpu_build_is_taken() -> None:
    assert "\ntorch==2.13.0\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_the_readme_names_the_two_commands() -> None:
    assert "make run" in README
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_migrations_are_numbered_in_order() -> None:
    numbers = [int(one.name[:4]) for one in migrations._migrations]
    assert numbers == list(range(1, len(numbers) + 1))


def test_scrapy_knows_the_project_from_the_root() -> None:
    listed = subprocess.run(
        [Path(sys.executable).with_name("scrapy"), "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"appstore", "feeds", "hackernews", "reddit", "steam"} <= set(listed.stdout.split())


def test_what_training_adds_stays_small() -> None:
    weights = ROOT / "sentiment" / "weights"
    assert sum(path.stat().st_size for path in weights.iterdir()) <= 8_000_000
    assert (weights / "MODEL_CARD.md").exists()


def test_no_file_names_a_place_of_the_workplace() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    # Written apart, so that this file does not name it either.
    forbidden = re.compile("/" + "work/|/opt/" + "(?:wheels|pypi)|pypi" + r"\.org|/tmp/" + "w/")
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in {".safetensors", ".png"} or not path.is_file():
            continue
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{name}: {found and found[0]}"
