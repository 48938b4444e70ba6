"""What the project promises of itself: documents, dependencies, pins, sizes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from earful import __version__
from earful.cli import cli
from storage.migrations import migrations
from tests.docs.modules import modules
from tests.docs.parts import COMMAND
from tests.docs.purity import impure_calls, pure_modules

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[<>=!~;\[ ]", one)[0].lower() for one in requirements]


def is_pinned(package: str) -> bool:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = pins.lower().replace("_", "-")
    return re.search(rf"^{re.escape(package)}==", pins, re.MULTILINE) is not None


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_the_readme_lists_every_command(command: str) -> None:
    assert f"`earful {command}" in README


OPTIONAL = {
    package
    for extra in PROJECT["project"]["optional-dependencies"].values()
    for package in names(extra)
    if package != "earful"
}


@pytest.mark.parametrize(
    "package", sorted({*names(PROJECT["project"]["dependencies"]), *OPTIONAL})
)
def test_every_dependency_is_justified_and_pinned(package: str) -> None:
    reasons = CONTRIBUTING.partition("## Why each dependency")[2].partition("\n## ")[0]
    table = [line for line in reasons.splitlines() if line.startswith("| ")]
    assert any(package in line.split("|")[1] for line in table), f"{package}: why?"
    # Ray is tried where somebody installs it.
    assert is_pinned(package) or package == "ray", f"{package}: no pin"


@pytest.mark.parametrize("package", names(PROJECT["dependency-groups"]["dev"]))
def test_every_package_for_development_is_pinned(package: str) -> None:
    assert is_pinned(package), f"{package}: no pin"


def test_torch_is_pinned_to_the_release_whose_cpu_build_is_taken() -> None:
    assert "\ntorch==2.13.0\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_the_readme_names_the_two_commands() -> None:
    assert "make run" in README
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_version_is_the_same_everywhere_and_heads_the_changelog() -> None:
    version = PROJECT["project"]["version"]
    assert version == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+) — (unreleased|\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    assert headings[0][0] in (version, "NEXT")
    assert version in [name for name, _ in headings]


def test_who_forks_runs_what_ci_runs_without_what_is_not_theirs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    # With CI=true the tests marked `recorded` fail where ../shared is missing.
    assert workflow["jobs"]["test"]["steps"][-1] == {"run": "env -u CI .ci/run"}


def test_hooks_before_a_commit_run_what_lint_runs_and_download_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [one["repo"] for one in hooks["repos"]] == ["local"]
    entries = [hook["entry"].split()[0] for hook in hooks["repos"][0]["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for program in ("ruff", "mypy"):
        assert f"$(BIN)/{program}" in makefile
        assert f".venv/bin/{program}" in entries
    assert all(entry.startswith(".venv/bin/") for entry in entries)


def test_who_reports_a_source_is_asked_for_what_the_commands_say() -> None:
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "broken-source.yml").read_text("utf-8")
    asked = {field["id"] for field in yaml.safe_load(form)["body"] if "id" in field}
    assert {"source", "check", "status", "version"} <= asked
    for command in re.findall(r"`earful (\w+)", form):
        assert command in cli.commands


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
    several = weights / "multilingual"
    assert sum(path.stat().st_size for path in several.iterdir()) <= 12_000_000
    assert (several / "MODEL_CARD.md").exists()


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


TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))


def name_of(node: ast.expr) -> str:
    """Give `pytest.mark.slow` for that expression, and for a call of it."""
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def run_at_import(node: ast.AST) -> Iterator[ast.Call]:
    """Give the calls that an import carries out: those outside functions, and their defaults."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = child.args
            for default in [*arguments.defaults, *filter(None, arguments.kw_defaults)]:
                yield from run_at_import(ast.Expression(default))
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from run_at_import(child)


def takes_the_time(call: ast.Call) -> bool:
    name = name_of(call)
    clocks = ("time.time", "time.monotonic", "time.perf_counter", "utc_now")
    return name.endswith((".now", ".utcnow", ".today")) or name in clocks


def test_no_test_takes_the_time_at_import() -> None:
    """Else it fails in any run that is long enough: a test takes its own time."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
        for path in TEST_FILES
        for call in run_at_import(ast.parse(path.read_text(encoding="utf-8")))
        if takes_the_time(call)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ("NOW = datetime.now(UTC).replace(microsecond=0)", 1),
        ("def f(at=datetime.now(UTC)): pass", 1),
        ("class T:\n    at = time.time()", 1),
        ("def f():\n    return datetime.now(UTC)", 0),
        ("clock = lambda: datetime.now(UTC)", 0),
        ("EIGHT = time(8)", 0),
    ],
)
def test_what_takes_the_time_at_import(source: str, taken: int) -> None:
    assert sum(map(takes_the_time, run_at_import(ast.parse(source)))) == taken


# Two of one name are a detour for whoever looks for one of them. Where a pair must stay: why.
SAME_NAME = {
    "outbox": "what sends from the outbox, and the table that it is",
    "interactions": "how Slack tells of what people do, and what is done about it",
}


def test_no_two_modules_share_a_name() -> None:
    """Benchmarks and tests stand aside: they are called like what they measure and test."""
    by_name: dict[str, list[str]] = {}
    for module in modules():
        by_name.setdefault(module.name.rpartition(".")[2], []).append(module.path)
    shared = {name: paths for name, paths in by_name.items() if len(paths) > 1}
    assert {name: paths for name, paths in shared.items() if name not in SAME_NAME} == {}
    assert shared.keys() >= SAME_NAME.keys(), "a pair that is no more needs no reason"


CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]


def test_what_calls_itself_pure_is_in_the_contract_of_the_pure() -> None:
    (contract,) = (one for one in CONTRACTS if "pure" in one["name"])
    listed = tuple(contract["source_modules"])
    for module in modules():
        held = module.name in listed or module.name.startswith(tuple(f"{one}." for one in listed))
        assert held == (module in pure_modules()), f"{module.path}: run `{COMMAND}`"
    assert {"config.settings", "storage.store", "os", "time"} <= set(contract["forbidden_modules"])


def test_what_calls_itself_pure_calls_no_clock_and_no_file() -> None:
    found = [
        f"{module.path}:{call}" for module in pure_modules() for call in impure_calls(module.tree)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f():\n    return datetime.now(UTC)", 1),
        ("today = date.today()", 1),
        ("open(path)", 1),
        ("path.read_text()", 1),
        ("channel.reopen(now)", 0),
        ("from datetime import datetime", 0),
    ],
)
def test_what_a_pure_module_cannot_call(source: str, count: int) -> None:
    assert len(list(impure_calls(ast.parse(source)))) == count


def test_a_slow_test_says_why() -> None:
    for path in TEST_FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        reasons = [call.args for call in calls if name_of(call) == "pytest.mark.slow"]
        named = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.slow"
        ]
        assert len(named) == len(reasons), f"{path}: pytest.mark.slow takes the reason"
        for given in reasons:
            assert [type(one) for one in given] == [ast.Constant], path
            assert len(ast.literal_eval(given[0])) > 20, f"{path}: what makes it slow?"
