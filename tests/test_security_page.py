"""Each row of docs/security.md names a threat, a defence and a test that is there."""

from __future__ import annotations

import re

from tests.docs.modules import ROOT
from tests.docs.references import defines, references

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ASKED_FOR = (
    "Hostile texts", "Hostile servers", "Hostile clicks", "A stolen token or password",
    "A curious user of the dashboards", "Poisoned corrections",
)  # fmt: skip


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[-1] != "shown by"]


def test_each_kind_of_attacker_has_its_table() -> None:
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    with_rows = {part.partition("\n")[0] for part in parts if "| shown by |" in part}
    assert with_rows >= set(ASKED_FOR)


def test_each_defence_is_shown_by_a_test_that_is_there() -> None:
    assert len(rows()) > 25
    for row in rows():
        assert len(row) == 3, row
        assert row[0], row
        assert row[1], row
        shown = references(row[2])
        assert shown, f"{row[0]}: which test shows it?"
        for path, name in shown:
            assert re.search(r"(^|\.)test_", name), f"{path}::{name} is no test"
            assert defines(path, name), f"{path}::{name} is not there"
