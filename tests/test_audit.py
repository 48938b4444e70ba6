"""What `make audit` says of what its tools report, and that each exception has a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sentiment.scoring.backbone import SHA256
from tests.audit import said_of, with_models
from tests.docs.modules import ROOMS, ROOT


def package(name: str, *holes: str, **more: Any) -> dict[str, Any]:
    found = [{"id": hole, "fix_versions": ["2.0"]} for hole in holes]
    return {"name": name, "version": "1.0", "vulns": found, **more}


def test_a_known_hole_is_named_with_what_mends_it() -> None:
    with pytest.raises(AssertionError, match=r"b 1\.0: CVE-2026-1, mended in 2\.0"):
        said_of([package("a"), package("b", "CVE-2026-1")], 2)


def test_what_nobody_was_asked_of_is_no_good_news() -> None:
    unknown = {"name": "b", "skip_reason": "not found"}
    with pytest.raises(AssertionError, match="in 1 of 2 packages"):
        said_of([package("a"), unknown], 2)
    assert said_of([package("a"), package("b")], 2) == "no known hole in 2 packages"


def test_the_list_of_parts_has_the_models() -> None:
    parts = with_models({"bomFormat": "CycloneDX", "components": [{"name": "torch"}]})
    kinds = [(one["name"], one.get("type")) for one in parts["components"]]
    assert kinds[0] == ("torch", None)
    models = parts["components"][1:]
    assert [one["type"] for one in models] == ["machine-learning-model"] * 2
    assert models[0]["hashes"] == [{"alg": "SHA-256", "content": SHA256}]
    assert all(re.fullmatch(r"[0-9a-f]{64}", one["hashes"][0]["content"]) for one in models)


def test_each_exception_from_bandit_has_its_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    skips = project.partition("[tool.bandit]")[2].partition("]")[0]
    named = re.findall(r'^ +"(B\d+)",(.*)$', skips, re.MULTILINE)
    assert named
    assert [name for name, reason in named if not re.match(r"  # \S.{15,}", reason)] == []
    for room in (*ROOMS, "deploy"):
        for path in (ROOT / room).rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                if "# nosec" in line:
                    assert re.search(r"# nosec B\d+ # \w+", line), f"{path}: {line.strip()}"
