"""APIs that translate: LibreTranslate's, which others speak too, and DeepL's."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import httpx

from config.redaction import mask_url
from earful.translation.translator import LARGEST, TranslationError, checked

# It would write down every request at INFO.
logging.getLogger("httpx").setLevel(logging.WARNING)

_LONGEST_ERROR = 200
# DeepL takes no English that is neither British nor American.
_DEEPL_TARGETS = {"en": "EN-GB", "pt": "PT-PT", "zh": "ZH-HANS"}


class _WebTranslator:
    path: str

    def __init__(self, name: str, url: str, key: str | None = None) -> None:
        self.name = name
        self._url = url.rstrip("/").removesuffix(self.path) + self.path
        self._key = key

    def _ask(self, body: Any, headers: Mapping[str, str], time_limit_s: float) -> Any:
        """Post a question; gives the JSON of a good answer."""
        try:
            status, text = self._post(body, headers, time_limit_s)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            kind = mask_url(str(error) or type(error).__name__)
            raise TranslationError(f"{self.name} cannot be reached ({kind})") from error
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if status != 200:
            raise TranslationError(f"{self.name} answered HTTP {status}{self._why(answer)}")
        return answer

    def _post(
        self, body: Any, headers: Mapping[str, str], time_limit_s: float
    ) -> tuple[int, bytes]:
        deadline = time.monotonic() + time_limit_s
        with (
            httpx.Client(timeout=time_limit_s) as client,
            client.stream("POST", self._url, json=body, headers=dict(headers)) as response,
        ):
            read = b""
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > LARGEST:
                    raise TranslationError(f"{self.name} wrote more than {LARGEST:,} bytes")
                if time.monotonic() > deadline:
                    raise TranslationError(f"{self.name} took longer than {time_limit_s:.1f} s")
            return response.status_code, read

    def _why(self, answer: Any) -> str:
        """Quote what an answer says is wrong, without the key."""
        said = answer.get("error") or answer.get("message") if isinstance(answer, dict) else None
        if not isinstance(said, str):
            return ""
        said = said.replace(self._key, "***") if self._key else said
        return f" ({' '.join(mask_url(said).split())[:_LONGEST_ERROR]})"

    def _words(self, *found: Any) -> str:
        if len(found) != 1 or not isinstance(found[0], str):
            raise TranslationError(f"{self.name} gave an answer without a translation")
        return checked(self.name, found[0])


class LibreTranslate(_WebTranslator):
    """Asks a server of LibreTranslate, or one that answers like it."""

    path = "/translate"

    def translate(self, text: str, source: str, target: str, time_limit_s: float) -> str:
        body = {"q": text, "source": source, "target": target, "format": "text"}
        if self._key:
            body["api_key"] = self._key
        answer = self._ask(body, {}, time_limit_s)
        return self._words(answer.get("translatedText") if isinstance(answer, dict) else None)


class DeepL(_WebTranslator):
    """Asks DeepL."""

    path = "/v2/translate"

    def translate(self, text: str, source: str, target: str, time_limit_s: float) -> str:
        body = {
            "text": [text],
            "source_lang": source.upper(),
            "target_lang": _DEEPL_TARGETS.get(target, target.upper()),
        }
        headers = {"Authorization": f"DeepL-Auth-Key {self._key or ''}"}
        answer = self._ask(body, headers, time_limit_s)
        found = answer.get("translations") if isinstance(answer, dict) else None
        given = found if isinstance(found, list) else []
        return self._words(*(one.get("text") for one in given if isinstance(one, dict)))
