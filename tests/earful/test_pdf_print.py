"""A report as PDF: printed by a real Chromium through the real command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.earful.conftest import Earful

needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no chromium here: `make test` installs it"
)


@pytest.fixture
def store(earful: Earful, tmp_path: Path) -> Path:
    (tmp_path / "in.csv").write_text("text,rating\nLate and rude,1\nLovely crew,5\n")
    assert earful("import", "in.csv", "--brand", "A", "--source", "s").code == 0
    return tmp_path


@needs_chromium
def test_a_report_is_printed(earful: Earful, store: Path) -> None:
    ran = earful("report", "--brand", "A", "-o", "report.pdf")
    assert ran.code == 0, ran.err
    content = (store / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert ran.out.strip() == f"report.pdf: {len(content):,} bytes"


def test_without_a_browser_it_says_what_to_do(
    earful: Earful, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.pages.pdf_print.shutil.which", lambda name: None)
    ran = earful("report", "--brand", "A", "-o", "report.pdf")
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert "a PDF needs Chromium" in line
    assert not (store / "report.pdf").exists()


def test_a_browser_that_fails_leaves_the_older_file(
    earful: Earful, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store / "report.pdf").write_text("the older one")
    monkeypatch.setattr("earful.pages.pdf_print.shutil.which", lambda name: "/bin/false")
    ran = earful("report", "--brand", "A", "-o", "report.pdf")
    assert ran.code == 1
    assert "could not print it" in ran.err
    assert (store / "report.pdf").read_text() == "the older one"
