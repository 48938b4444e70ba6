"""The section `[topics]`: whether mentions are sorted by what they are about."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from config.settings.value_types import Section

_LONGEST = 60


class TopicsSettings(Section):
    """With `enabled = false` nothing is read for topics; what was found stays as it is."""

    enabled: bool = True


class OwnTopicSettings(Section):
    """One `[[brands.topics]]`: found by the words in a text, by what a sentence is `about`."""

    name: str = Field(min_length=1, max_length=_LONGEST)
    about: str | None = Field(default=None, min_length=3, max_length=300)
    words: tuple[str, ...] = ()

    @field_validator("name", "about")
    @classmethod
    def _stripped(cls, value: str | None) -> str | None:
        if value is not None and not any(character.isalnum() for character in value):
            raise ValueError("it has no letter: write words")
        return " ".join(value.split()) if value is not None else None

    @field_validator("words")
    @classmethod
    def _are_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not any(character.isalnum() for character in word) or len(word) > _LONGEST:
                raise ValueError(
                    f"{word!r} is no word or phrase of at most {_LONGEST} characters: "
                    'write words = ["delivery", "arrived late"]'
                )
        return tuple(" ".join(word.split()) for word in words)

    @model_validator(mode="after")
    def _is_described(self) -> Self:
        if self.about is None and not self.words:
            raise ValueError(
                f"nothing says what the topic {self.name!r} is about: write "
                'about = "how long delivery takes", or words = ["delivery", "arrived late"]'
            )
        return self
