"""The section `[replies]`: templates of answers, by brand, language and topic."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from config.settings.value_types import Language, Section, check_query

PLACEHOLDERS = ("author", "brand", "agent")
"""What a template may leave open: the customer's name, the brand's, and whoever answers."""


def _template_text(value: str) -> str:
    if not value.strip():
        raise ValueError("a template has at least one word")
    try:
        parts = list(Formatter().parse(value))
    except ValueError as error:
        raise ValueError(f"{error}: write a brace that shall stay as {{{{ or }}}}") from error
    for _, name, form, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            raise ValueError(f"{{{name}}} is no placeholder: there are {known}")
    return value


class TemplateSettings(Section):
    """One `[[replies.templates]]`: words to begin an answer with."""

    name: str = Field(min_length=1, max_length=75)
    brand: str | None = None
    language: Language | None = None
    query: str | None = None
    text: Annotated[str, Field(max_length=3000), AfterValidator(_template_text)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.query is not None:
            check_query(self.query)
        return self


class ReplySettings(Section):
    templates: tuple[TemplateSettings, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        seen = set()
        for one in self.templates:
            key = (one.name.casefold(), (one.brand or "").casefold(), one.language)
            if key in seen:
                raise ValueError(
                    f"two templates are named {one.name!r} for the same brand and language: give "
                    "each its own name"
                )
            seen.add(key)
        return self
