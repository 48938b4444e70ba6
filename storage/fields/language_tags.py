"""Languages by tag, by code or by name, as one BCP 47 tag."""

from __future__ import annotations

import re
from functools import lru_cache

import langcodes

_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_ENCODING = re.compile(r"\.[\w-]+$")  # en_GB.UTF-8
_IN_BRACKETS = re.compile(r"\s*\(.*\)$")


def language(value: object) -> str | None:
    """Give a BCP 47 tag for `en_US`, `eng`, `English` or `Deutsch`; None for what is none."""
    return _tag_of(value.strip()) if isinstance(value, str) and value.strip() else None


@lru_cache(maxsize=1024)
def _tag_of(text: str) -> str | None:
    code = _ENCODING.sub("", text)
    if _TAG.fullmatch(code):
        if not langcodes.tag_is_valid(code):
            return None
        tag = langcodes.standardize_tag(code)
        return None if tag.startswith(("und", "zxx", "mul", "mis")) else tag
    try:
        return langcodes.find(_IN_BRACKETS.sub("", text)).to_tag()
    except (LookupError, UnicodeError):
        # langcodes finds such as "\x00" in its table of names, with half a character behind it,
        # and does not look up a name with half a character.
        return None
