"""A page of ours as PDF, printed by the Chromium that is installed, as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from config.errors import EarfulError, InputError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE_S = 120


def find_browser() -> str:
    """Give the path of a Chromium; InputError where none is installed."""
    for name in _BROWSERS:
        if (found := shutil.which(name)) is not None:
            return found
    raise InputError(
        "a PDF needs Chromium, and none of "
        f"{', '.join(_BROWSERS)} is installed: install it, or write HTML and print that"
    )


def print_to_pdf(html: str, target: Path) -> int:
    """Print a page, whole in itself, to a file; returns its size in bytes.

    EarfulError where the browser fails: an older file at `target` stays as it was.
    """
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="earful-pdf-") as folder:
        page, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        # For root, as in a container, Chromium has no sandbox.
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        command = [
            browser, "--headless", "--disable-gpu", "--no-pdf-header-footer",
            *(["--no-sandbox"] if as_root else []),
            "--disable-extensions", "--disable-background-networking",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", page.as_uri(),
        ]  # fmt: skip
        try:
            ran = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            raise EarfulError(
                f"{target}: {browser} did not print it within {_PATIENCE_S} s: write HTML instead"
            ) from None
        if ran.returncode or not printed.exists():
            said = ran.stderr.decode(errors="replace").strip().splitlines()
            raise EarfulError(
                f"{target}: {browser} could not print it ({said[-1] if said else 'no word'}): "
                "write HTML instead"
            )
        try:
            shutil.move(printed, target)
        except OSError as error:
            raise EarfulError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target.stat().st_size
