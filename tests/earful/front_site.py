"""The served pages of a store, as a person's browser and a program see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.earful.voices_of_two_zones import ZONES, Spoken


def now() -> datetime:
    """Give the true time: the pages that are served have no other."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Site:
    """A served store, what is in it, and how long its days have been."""

    url: str
    path: Path
    spoken: list[Spoken] = field(default_factory=list)

    def get(self, path: str, **params: str) -> httpx.Response:
        address = httpx.URL(self.url + path.lstrip("/"))
        return httpx.get(address.copy_merge_params(params), timeout=30)

    def today(self, brand: str) -> date:
        return now().astimezone(ZoneInfo(ZONES[brand])).date()

    def judged(
        self,
        brand: str | None,
        days: int | None = 30,
        *,
        ended: int = 0,
        days_of: str | None = None,
        **fields: str,
    ) -> list[Spoken]:
        """Count again what a choice has: `days` that ended so many days ago.

        They are each brand's own, or those of the calendar of the brand `days_of`.
        """
        found = []
        for one in self.spoken:
            last = self.today(days_of or one.mention.brand) - timedelta(days=ended)
            first = date.min if days is None else last - timedelta(days=days - 1)
            if (
                brand in (None, one.mention.brand)
                and one.told.current is not None
                and first <= one.day <= last
                and all(getattr(one.mention, name) == value for name, value in fields.items())
            ):
                found.append(one)
        return found


def texts(browser: Chrome | WebElement, css: str) -> list[str]:
    """Give the words of elements as a person reads them; folded ones are empty."""
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, css)]


def number(text: str) -> int:
    """Read the first whole number of a text."""
    found = re.search(r"\d[\d,]*", text)
    assert found, text
    return int(found[0].replace(",", ""))


def errors_of(browser: Chrome) -> list[Any]:
    """Give what the browser's console says went wrong, a broken policy too."""
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def requested(browser: Chrome) -> Iterator[str]:
    """Give every address that the browser has asked for."""
    for entry in browser.get_log("performance"):
        if 'Network.requestWillBeSent"' in entry["message"]:
            yield json.loads(entry["message"])["message"]["params"]["request"]["url"]
