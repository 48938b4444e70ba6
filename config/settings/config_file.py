"""`earful.toml` as one frozen model: its sections read, and checked together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ValidationError, model_validator

from config.errors import ConfigError
from config.settings.alerts_section import AlertSettings
from config.settings.brands_section import BrandSettings, SourceSettings
from config.settings.cases_section import CaseSettings
from config.settings.crawl_section import CrawlSettings
from config.settings.destinations_section import SLACK, DestinationsSettings
from config.settings.ladder_section import ON_CALL
from config.settings.models_section import ModelProcessSettings, ModelSettings
from config.settings.on_call_section import OnCallSettings
from config.settings.ops_section import OpsSettings
from config.settings.privacy_section import PrivacySettings
from config.settings.replies_section import ReplySettings
from config.settings.report_section import MAIL, ReportSettings
from config.settings.serve_section import ServeSettings
from config.settings.slack_section import SlackSettings
from config.settings.store_section import StoreSettings
from config.settings.topics_section import TopicsSettings
from config.settings.translate_section import TranslateSettings
from config.settings.value_types import Section
from config.settings.webhook_section import WebhookSettings
from config.settings.wrong_keys import config_error, key_path, nearest


class Settings(Section):
    """The whole file. Make one with `load_settings`."""

    store: StoreSettings = StoreSettings()
    slack: SlackSettings = SlackSettings()
    alerts: AlertSettings = AlertSettings()
    cases: CaseSettings = CaseSettings()
    replies: ReplySettings = ReplySettings()
    crawl: CrawlSettings = CrawlSettings()
    serve: ServeSettings = ServeSettings()
    report: ReportSettings = ReportSettings()
    webhook: WebhookSettings = WebhookSettings()
    ops: OpsSettings = OpsSettings()
    privacy: PrivacySettings = PrivacySettings()
    translate: TranslateSettings = TranslateSettings()
    topics: TopicsSettings = TopicsSettings()
    destinations: DestinationsSettings = DestinationsSettings()
    model: ModelProcessSettings = ModelProcessSettings()
    models: tuple[ModelSettings, ...] = ()
    brands: tuple[BrandSettings, ...] = ()
    on_call: tuple[OnCallSettings, ...] = ()

    @property
    def own_brands(self) -> tuple[BrandSettings, ...]:
        """The brands that are told of: all but the competitors."""
        return tuple(brand for brand in self.brands if not brand.competitor)

    @property
    def competitors(self) -> tuple[str, ...]:
        """Name the brands that are gathered and judged to be compared with, and never told of."""
        return tuple(brand.name for brand in self.brands if brand.competitor)

    @model_validator(mode="after")
    def _languages_differ(self) -> Self:
        languages = [model.language for model in self.models]
        for language in languages:
            if languages.count(language) > 1:
                raise ValueError(f"two models are for the language {language!r}: keep one")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [brand.name.casefold() for brand in self.brands]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two brands are named {name!r}: give each its own name")
        return self

    @model_validator(mode="after")
    def _templates_are_of_brands(self) -> Self:
        brands = {brand.name.casefold() for brand in self.brands}
        for template in self.replies.templates:
            if template.brand is not None and template.brand.casefold() not in brands:
                raise ValueError(
                    f"the template {template.name!r} of [replies] is for the brand "
                    f"{template.brand!r}, which is none of [[brands]]: "
                    f"{', '.join(brand.name for brand in self.brands) or 'there are none'}"
                )
        return self

    @model_validator(mode="after")
    def _doors_are_of_brands(self) -> Self:
        brands = [brand.name for brand in self.brands]
        for door in self.webhook.doors:
            if door.brand not in brands:
                raise ValueError(
                    f"the door {door.name!r} of [webhook] is for the brand {door.brand!r}, which "
                    f"is none of [[brands]]: {', '.join(brands) or 'there are none'}"
                )
        return self

    @model_validator(mode="after")
    def _ways_are_known(self) -> Self:
        messages = {way for way in self.destinations.ways() if not way.startswith("issues:")}
        known = {SLACK, *messages}
        for place, one in enumerate(self.alerts.channels):
            if one.via not in known:
                raise ValueError(
                    f"alerts.channels[{place}].via: no destination is {one.via!r}; known: "
                    + ", ".join(sorted(known))
                )
        return self

    @model_validator(mode="after")
    def _reports_arrive(self) -> Self:
        vias = {one.channel: one.via for one in self.alerts.channels}
        mails = {f"{MAIL}{one.name}" for one in self.destinations.mail}
        for place, to in enumerate(self.report.to):
            at, way = f"report.to[{place}]", vias.get(to, SLACK)
            if to.startswith(MAIL) and to not in mails:
                known = ", ".join(sorted(mails)) or "there are none"
                raise ValueError(f"{at}: no [[destinations.mail]] is {to!r}; known: {known}")
            if way != SLACK and not way.startswith(MAIL):
                raise ValueError(
                    f"{at}: {to} is reached by {way}, which takes no files: name a channel of "
                    "Slack, or a mail destination"
                )
        return self

    @model_validator(mode="after")
    def _destinations_are_of_brands(self) -> Self:
        brands = [brand.name for brand in self.brands]
        for kind, place, one in self.destinations.each():
            for brand in getattr(one, "brands", ()):
                if brand not in brands:
                    raise ValueError(
                        f"destinations.{kind}[{place}].brands: {brand!r} is none of [[brands]]: "
                        + (", ".join(brands) or "there are none")
                    )
        return self

    @model_validator(mode="after")
    def _somebody_is_on_call(self) -> Self:
        brands = [brand.name for brand in self.brands]
        for rota in self.on_call:
            if rota.brand is not None and rota.brand not in brands:
                raise ValueError(
                    f"a rota of [[on_call]] is for the brand {rota.brand!r}, which is none of "
                    f"[[brands]]: {', '.join(brands) or 'there are none'}"
                )
        for channel in self.alerts.channels:
            pings = {ping for step in channel.ladder or () for ping in step.ping}
            if ON_CALL in pings and not self.on_call:
                raise ValueError(
                    f"the ladder of {channel.channel} pings who is on call, and there is no "
                    "[[on_call]]: add a rota, or ping somebody else"
                )
        return self


def load_settings(path: Path, sources: Mapping[str, type[BaseModel]]) -> Settings:
    """Read and check `earful.toml`; `sources` gives the options model of each source.

    A relative store path is taken from the file's folder. Raises ConfigError: one line with the
    path of the wrong key in the file and the nearest right one.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file: write one with `earful init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    settings = parse_settings(raw, sources, where=str(path))
    store_path = settings.store.path
    if not store_path.is_absolute():
        store_path = path.parent / store_path
    store = settings.store.model_copy(update={"path": store_path})
    models = tuple(
        # What is no folder beside the file is the id of a model at a hub.
        model.model_copy(update={"path": str(path.parent / model.path)})
        if (path.parent / model.path).is_dir()
        else model
        for model in settings.models
    )
    return settings.model_copy(update={"store": store, "models": models})


def parse_settings(
    raw: Mapping[str, Any], sources: Mapping[str, type[BaseModel]], *, where: str
) -> Settings:
    """Check a parsed file; `where` opens each error's line."""
    prepared = dict(raw)
    try:
        if isinstance(raw.get("brands"), list):
            prepared["brands"] = [
                _with_options(brand, number, sources, where)
                for number, brand in enumerate(raw["brands"])
            ]
        return Settings.model_validate(prepared)
    except ValidationError as error:
        raise config_error(error, Settings, where, ()) from None


def _with_options(
    brand: object, number: int, models: Mapping[str, type[BaseModel]], where: str
) -> object:
    """Part each source's own keys from the common ones and check them by the source's model."""
    if not isinstance(brand, dict) or not isinstance(brand.get("sources"), list):
        return brand
    common = set(SourceSettings.model_fields) - {"options"}
    prepared = []
    for index, raw in enumerate(brand["sources"]):
        if not isinstance(raw, dict):
            prepared.append(raw)
            continue
        at = ("brands", number, "sources", index)
        name = raw.get("source")
        if not isinstance(name, str) or name not in models:
            raise ConfigError(
                f"{where}: {key_path((*at, 'source'))}: {name!r} is not a source"
                + (nearest(name, models) or "; the sources are " + ", ".join(sorted(models)))
            )
        model = models[name]
        try:
            options = model.model_validate({k: v for k, v in raw.items() if k not in common})
        except ValidationError as error:
            raise config_error(error, model, where, at, also=common) from None
        prepared.append({**{k: v for k, v in raw.items() if k in common}, "options": options})
    return {**brand, "sources": prepared}
