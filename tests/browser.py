"""A headless Chromium for tests that must see what a person sees."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1280,1000", "--lang=en-GB",
)  # fmt: skip


def open_browser(profile: Path) -> Chrome:
    """Start Chromium with a fresh profile; its console can be read with `get_log("browser")`."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = shutil.which("chromedriver") or "/usr/bin/chromedriver"
    return Chrome(options=options, service=ChromeService(executable_path=driver))


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """Give a fresh Chromium; where there is none, skip, but fail in CI."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        reason = "no chromium and chromedriver here: `make test` installs them"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    driver = open_browser(tmp_path / "chromium")
    try:
        yield driver
    finally:
        driver.quit()


def follow(browser: Chrome, element: WebElement) -> None:
    """Click what leads to another page, and wait until the old one is gone."""
    page = browser.find_element(By.TAG_NAME, "html")
    element.click()
    WebDriverWait(browser, 60).until(staleness_of(page))
