"""The documents say what the code says; how they are written from it is in `tests/docs/`."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.modules import BESIDE, ROOMS, ROOT, modules, packages_imported
from tests.docs.parts import COMMAND, PARTS, Part, renew

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.path}: {part.name}")
def test_what_is_written_from_the_code_is_what_it_says_now(part: Part) -> None:
    text = (ROOT / part.path).read_text(encoding="utf-8")
    assert text == part.renewed(text), f"run `{COMMAND}`"


def test_a_part_without_its_marks_is_refused() -> None:
    part = Part("the map", "PAGE.md", lambda: "new")
    begin, end = f"<!-- the map: written by `{COMMAND}` -->\n", "<!-- end of the map -->\n"
    assert part.renewed(f"a\n{begin}old\nold\n{end}z\n") == f"a\n{begin}new\n{end}z\n"
    for text in ("a\n", f"{begin}old\n", f"{begin}{end}{begin}{end}"):
        with pytest.raises(ValueError, match=r"PAGE\.md: write once"):
            part.renewed(text)


def test_stale_parts_are_named_and_mended_when_asked(tmp_path: Path) -> None:
    part = Part("the map", "PAGE.md", lambda: "new")
    begin, end = f"<!-- the map: written by `{COMMAND}` -->\n", "<!-- end of the map -->\n"
    page = tmp_path / "PAGE.md"
    page.write_text(f"{begin}old\n{end}")
    assert renew([part], tmp_path, write=False) == ["PAGE.md: the map"]
    assert "old" in page.read_text()
    assert renew([part], tmp_path, write=True) == ["PAGE.md: the map"]
    assert page.read_text() == f"{begin}new\n{end}"
    assert renew([part], tmp_path, write=True) == []


def test_every_module_stands_on_the_map_once() -> None:
    ours = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    paths = subprocess.run(
        [*ours, *(f"{room}/*.py" for room in (*ROOMS, *BESIDE))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    _, _, house_map = CONTRIBUTING.partition("<!-- the map")
    named = Counter(re.findall(r"^(?:\| |### )`([^`]+)`", house_map, re.MULTILINE))
    assert named == Counter(path.removesuffix("__init__.py") for path in paths)


def test_the_first_line_of_a_docstring_says_what_its_module_is_for() -> None:
    vague = [
        module.path
        for module in modules((*ROOMS, *BESIDE))
        if not module.purpose.endswith(".") or len(module.purpose.split()) < 4
    ]
    assert vague == [], "the first line is one whole sentence"


def test_imports_are_found_wherever_they_stand() -> None:
    by_path = {module.path: module for module in modules()}
    assert "earful.commands" in packages_imported(by_path["earful/cli.py"])
    assert "earful" not in packages_imported(by_path["earful/cli.py"])
    assert packages_imported(by_path["config/errors.py"]) == []
