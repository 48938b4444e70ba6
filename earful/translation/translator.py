"""What translates a text, by the config, and how it fails."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Protocol
from urllib.parse import urlsplit

from config.errors import ConfigError, EarfulError
from config.secret_references import filled_here
from config.settings import Secrets, TranslateSettings

LONGEST = 5000
"""Characters of a text that are translated; a message shows fewer."""
LARGEST = 64_000
"""Bytes that an answer may have."""


class TranslationError(EarfulError):
    """A text was not translated: one line that says who failed, and how."""


class Translator(Protocol):
    """Translates one text at a time."""

    @property
    def name(self) -> str:
        """What people know it by: `deepl`."""

    def translate(self, text: str, source: str, target: str, time_limit_s: float) -> str:
        """Translate between languages of two letters; TranslationError where that fails."""


def translator_of(settings: TranslateSettings, secrets: Secrets) -> Translator | None:
    """Make what translates; None where the config names nothing that does."""
    # Late: most stores translate nothing, and httpx takes 60 ms to load.
    if settings.command:
        from earful.translation.command import CommandTranslator

        name = settings.name or PurePath(settings.command[0]).name
        return CommandTranslator(name, settings.command, [*Secrets.model_fields])
    if settings.url is not None:
        from earful.translation.web_api import DeepL, LibreTranslate

        key = secrets.translate_api_key
        api = DeepL if settings.api == "deepl" else LibreTranslate
        name = settings.name or urlsplit(settings.url).hostname or settings.api
        try:
            url = filled_here(settings.url, os.environ, "url")
        except ConfigError as error:
            raise ConfigError(f"translate: {error}") from None
        return api(name, url, key.get_secret_value() if key else None)
    return None


def checked(name: str, text: str) -> str:
    """Give a translation without the white space around it; TranslationError for none."""
    shown = text.replace("\x00", "").strip()
    if not shown:
        raise TranslationError(f"{name} gave no words")
    return shown
