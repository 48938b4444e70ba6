"""Where a customer is, and which version of the product they speak of.

A source may give anything there: `country` and `product_version` leave out what is none, so that
no mention is refused for it. Imports say what they leave out, and read by the strict ones.
"""

from __future__ import annotations

import re

from storage.fields.clean_text import line
from storage.fields.entry_error import EntryError

_LONGEST_VERSION = 40


def country(value: object) -> str | None:
    """Give an ISO 3166 code of two letters in capitals, None for anything else."""
    try:
        return country_code(value)
    except EntryError:
        return None


def product_version(value: object) -> str | None:
    """Give a version such as `5.2.1` or `2026 spring`, None where none is given."""
    try:
        return version_name(value)
    except EntryError:
        return None


def country_code(value: object) -> str:
    """Read an ISO 3166 code of two letters; EntryError for anything else."""
    text = line(value, "country") or ""
    if not re.fullmatch(r"[A-Za-z]{2}", text):
        raise EntryError(f"country {text[:40]!r} is no country's code of two letters")
    return text.upper()


def version_name(value: object) -> str:
    """Read a product's version; EntryError for what is none, or too long for one."""
    if isinstance(value, bool | dict | list):
        raise EntryError("product_version is neither text nor a number")
    text = line(str(value), "product_version") if value is not None else None
    if text is None or len(text) > _LONGEST_VERSION:
        raise EntryError(f"product_version {(text or '')[:40]!r} is no version")
    return text
