"""Translate: what messages will quote is put into the brand's language, within a few seconds.

A message never waits for a translation: what is not there in time, or fails, is not shown.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from alerts.decide.policy import Policy
from alerts.decide.voice_signs import is_bad_and_unread
from alerts.messages.languages import is_in
from config.settings import load_secrets
from earful.isolation import Isolation
from earful.policies import Policies
from earful.translation.translator import LONGEST, Translator, translator_of
from storage.models import Experience, Translation, Voice
from storage.store import Store

TRANSLATE = "translate"
"""The stage under which failing translators are counted."""
BUDGET_S = 8.0
"""So long the messages of one pass wait for all of its translations together."""

_QUOTED = (Experience.ANGRY, Experience.DELIGHTED)


class Translating:
    """One pass: translates while its time lasts, the complaints first."""

    def __init__(self, store: Store, policies: Policies, now: datetime) -> None:
        settings = policies.settings.translate
        self._store = store
        self._policies = policies
        self._now = now
        self._limit_s = settings.time_limit.total_seconds()
        self._left_s = BUDGET_S
        self._translator: Translator | None = None
        if settings.translates:
            self._translator = translator_of(settings, load_secrets())
        self._isolation = Isolation(store, TRANSLATE, now)
        if self._translator is None:
            self._isolation.keep_only(())

    def __call__(self, voices: Sequence[Voice]) -> Sequence[Voice]:
        """Give the voices with the translations that could be had, which are kept."""
        if self._translator is None:
            return voices
        made: dict[str, Translation] = {}
        for voice in sorted(voices, key=lambda one: one.verdict.experience in _QUOTED[1:]):
            if self._left_s <= 0:
                break
            translation = self._translation(self._translator, voice)
            if translation is not None:
                made[voice.mention.id] = translation
        if made:
            self._store.translations.save(made.values())
        return [replace(one, translation=made.get(one.mention.id, one.translation))
                for one in voices]  # fmt: skip

    def _translation(self, translator: Translator, voice: Voice) -> Translation | None:
        mention = voice.mention
        target = self._policies.language_of(mention.brand)
        source = (mention.language or "").lower().replace("_", "-").partition("-")[0]
        if (
            not source
            or source == target
            or self._policies.of(mention.brand).competitor
            or not _is_quoted(voice, self._policies.of(mention.brand))
        ):
            return None
        if voice.translation is not None and is_in(voice.translation.language, target):
            return None
        name = f"{source} to {target} by {translator.name}"
        if self._isolation.waits(name):
            return None
        text = "\n\n".join(filter(None, (mention.own_title, mention.text)))[:LONGEST]
        started, limit_s = time.monotonic(), min(self._limit_s, self._left_s)
        words: str | None = None
        with self._isolation.subject(name):
            words = translator.translate(text, source, target, limit_s)
        self._left_s -= time.monotonic() - started
        if words is None:
            return None
        return Translation(
            mention_id=mention.id,
            text_hash=mention.text_hash,
            language=target,
            text=words,
            translator=translator.name,
            at=self._now,
        )


def _is_quoted(voice: Voice, policy: Policy) -> bool:
    """Tell whether the rules may make a message of a voice, as far as the voice alone says it."""
    if is_bad_and_unread(voice):
        return not voice.mention.is_wordless
    acts = policy.acts_on(voice) and voice.verdict.experience in _QUOTED
    return acts and not voice.mention.is_wordless
