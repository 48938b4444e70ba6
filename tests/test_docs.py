"""The documents say what the code says; how they are written from it is in `tests/docs/`."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from config.checkpoint_metrics import CheckpointMetric
from config.settings import Settings
from crawler.catalog import sources
from tests.docs.config_keys import (
    config_keys,
    own_keys,
    read_by_name,
    sections,
    words_on,
)
from tests.docs.modules import BESIDE, ROOMS, ROOT, modules, packages_imported
from tests.docs.parts import COMMAND, PARTS, WALK, Part, Paths, pages, renew
from tests.docs.references import defines, home_of, references, with_paths_mended

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.path}: {part.name}")
def test_what_is_written_from_the_code_is_what_it_says_now(part: Part | Paths) -> None:
    text = (ROOT / part.path).read_text(encoding="utf-8")
    assert text == part.renewed(text), f"run `{COMMAND}`"


@pytest.mark.slow("loads the model and leads a mention through every stage")
@pytest.mark.parametrize("part", WALK, ids=lambda part: part.name)
def test_the_page_that_follows_a_mention_shows_what_the_stages_do(part: Part) -> None:
    text = (ROOT / part.path).read_text(encoding="utf-8")
    assert text == part.renewed(text), f"run `{COMMAND}`"


def test_a_part_without_its_marks_is_refused() -> None:
    part = Part("the map", "PAGE.md", lambda _: "new")
    begin, end = f"<!-- the map: written by `{COMMAND}` -->\n", "<!-- end of the map -->\n"
    assert part.renewed(f"a\n{begin}old\nold\n{end}z\n") == f"a\n{begin}new\n{end}z\n"
    for text in ("a\n", f"{begin}old\n", f"{begin}{end}{begin}{end}"):
        with pytest.raises(ValueError, match=r"PAGE\.md: write once"):
            part.renewed(text)


def test_stale_parts_are_named_and_mended_when_asked(tmp_path: Path) -> None:
    part = Part("the map", "PAGE.md", lambda _: "new")
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


def test_each_key_of_the_config_says_what_it_does() -> None:
    words = words_on((ROOT / "docs" / "config.md").read_text(encoding="utf-8"))
    for heading, model in sections(Settings, ""):
        for key, _ in own_keys(model):
            assert words[heading, key], f"docs/config.md: {heading}: what does {key} do?"
    for name, spider in sources().items():
        for key in spider.Options.model_fields:
            assert words[f"`{name}`", key], f"{name}: {key} needs a description in its Field"


def test_each_variable_of_the_environment_says_what_it_does() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    _, _, environment = page.partition("## The environment")
    words = {key: said for (_, key), said in words_on(environment).items()}
    assert {"SLACK_BOT_TOKEN", "GITHUB_TOKEN"} <= set(words)
    assert [key for key, said in words.items() if not said] == []


def test_what_people_wrote_of_a_key_is_kept() -> None:
    written = config_keys("### `[store]`\n| `path` | `old` | Where it lies. |\n")
    assert '| `path` | `"earful.db"` | Where it lies. |' in written
    assert "| `retention_days` | `730` |  |" in written


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('os.environ["A"]', ["A"]),
        ('os.environ.get("B", "")', ["B"]),
        ('x = os.getenv("C")', ["C"]),
        ('os.environ["D"] = "1"', []),
        ("os.environ.get(name)", []),
    ],
)
def test_variables_that_are_read_by_name(source: str, names: list[str]) -> None:
    assert list(read_by_name(ast.parse(source))) == names


def test_the_page_of_metrics_has_each_metric() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    goals, _, others = page.partition("## What else")
    listed = re.findall(r"^\| `(\w+)` \| (.+?) \| (higher|lower) \|", goals, re.MULTILINE)
    assert sorted(name for name, _, _ in listed) == sorted(CheckpointMetric)
    assert [name for name, _, better in listed if better == "lower"] == [
        metric for metric in CheckpointMetric if metric.less_is_better
    ]
    views = (ROOT / "storage" / "views.sql").read_text(encoding="utf-8")
    for column in re.findall(r"AS (\w+_rate)\b", views):
        assert f"| `{column}` |" in page
    assert "| consistency |" in others


@pytest.mark.parametrize("page", pages())
def test_places_in_the_code_that_a_page_names_are_there(page: str) -> None:
    named = references((ROOT / page).read_text(encoding="utf-8"))
    assert [f"{path}::{name}" for path, name in named if not defines(path, name)] == []


def test_a_path_follows_the_name_that_has_moved() -> None:
    moved = "See `config/elsewhere.py::QueryError` and `storage/views.sql::voice`."
    assert with_paths_mended(moved) == moved.replace("elsewhere", "errors")
    assert with_paths_mended("`config/x.py::no_such_name`") == "`config/x.py::no_such_name`"
    assert defines("alerts/decide/control_charts.py", "Chart.outside")
    assert not defines("alerts/decide/control_charts.py", "outside")


@pytest.mark.parametrize(
    ("homes", "home"),
    [
        (["crawler/a.py"], "crawler/a.py"),
        (["crawler/a.py", "alerts/in/a.py"], "alerts/in/a.py"),
        (["alerts/in/a.py", "alerts/in/rules.py"], "alerts/in/rules.py"),
        (["alerts/in/a.py", "alerts/in/b.py"], None),
        ([], None),
    ],
)
def test_whereto_a_place_has_moved(homes: list[str], home: str | None) -> None:
    assert home_of(homes, "alerts/rules.py") == home


@pytest.mark.parametrize("page", pages())
def test_links_of_a_page_lead_to_files_that_are_there(page: str) -> None:
    file = ROOT / page
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []
