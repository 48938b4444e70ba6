"""`earful.toml` as frozen pydantic models; secrets come from the environment alone."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    SerializeAsAny,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import ConfigError, QueryError
from config.query import parse_query
from config.redaction import mask_url

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(value: object) -> timedelta:
    """Read `30m`, `24h`, `7d` (s, m, h, d, w); ValueError for anything else."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d{1,6})\s*([smhdw])\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError('not a duration: write a number and s, m, h, d or w, such as "30m"')
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not duration:
        raise ValueError("a duration must be longer than nothing")
    return duration


def parse_channel(value: str) -> str:
    """Give a channel's name or id as it is; ValueError says how to write one."""
    if not re.fullmatch(r"#[^\s#<>&]{1,80}|[CGD][A-Z0-9]{6,}", value):
        raise ValueError('not a Slack channel: write "#name" or a channel id such as "C0123ABCD"')
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('not a time zone: write a name such as "Europe/Berlin"') from error
    return value


def _http_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", value):
        raise ValueError("not an http(s) address")
    return value


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError('not a time of day: write "09:00"')
    return value


def _stars(value: str) -> str:
    if not re.fullmatch(r"[0-5](\.\d)?(-[0-5](\.\d)?)?", value):
        raise ValueError('not a number of stars out of five: write "1-2" or "5"')
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", value):
        raise ValueError('not a language: write a code such as "de" or "pt-BR"')
    return value


def _slack_user(value: str) -> str:
    if not re.fullmatch(r"[UW][A-Z0-9]{6,20}", value):
        raise ValueError('not a Slack user id: copy it from the profile, such as "U0123ABCD"')
    return value


def _person_name(value: str) -> str:
    if not re.search(r"\w", value):
        raise ValueError("a name has at least one letter")
    return value.strip()


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Channel = Annotated[str, AfterValidator(parse_channel)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ClockTime = Annotated[str, AfterValidator(_clock)]
Stars = Annotated[str, AfterValidator(_stars)]
Language = Annotated[str, AfterValidator(_language)]
SlackUser = Annotated[str, AfterValidator(_slack_user)]
PersonName = Annotated[str, Field(max_length=80), AfterValidator(_person_name)]


class Section(BaseModel):
    """A table of the file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(Section):
    path: Path = Path("earful.db")
    retention_days: int = Field(default=730, ge=1)


class SlackSettings(Section):
    complaints: Channel = "#voice-complaints"
    wows: Channel = "#voice-wows"
    digest: Channel = "#voice-digest"
    ops: Channel = "#voice-ops"
    api_url: HttpUrl = "https://slack.com/api/"


class RouteSettings(Section):
    """One `[[alerts.routes]]`: the first whose every given side matches decides."""

    brand: str | None = None
    source: str | None = None
    experience: Literal["angry", "mediocre", "delighted", "none"] | None = None
    stance: Literal["advocate", "hater", "neither"] | None = None
    stars: Stars | None = None
    query: str | None = None
    min_reach: int | None = Field(default=None, ge=0)
    author: str | None = None
    language: Language | None = None
    channel: Channel | None = None
    urgent: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.channel is None and not self.urgent:
            raise ValueError("a route needs a channel, or urgent = true")
        if self.query is not None:
            try:
                parse_query(self.query)
            except QueryError as error:
                raise ValueError(str(error)) from error
        return self


class ChannelSettings(Section):
    """One `[[alerts.channels]]`: how much a channel takes, and when it is left in peace."""

    channel: Channel
    per_hour: int | None = Field(default=None, ge=1)
    quiet_hours: str | None = None


class AlertSettings(Section):
    max_age: Duration = timedelta(hours=24)
    digest_at: ClockTime = "09:00"
    timezone: TimeZone = "UTC"
    weekly_on: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "never"] = "mon"
    quiet_hours: str | None = None
    wows_per_hour: int = Field(default=10, ge=0)
    incident_over: int = Field(default=10, ge=3)
    incident_window: Duration = timedelta(minutes=20)
    routes: tuple[RouteSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()


class CaseSettings(Section):
    respond_within: Duration = timedelta(hours=4)
    business_hours: str = "24/7"
    remind_at: float = Field(default=0.75, gt=0, lt=1)
    same_matter: Duration = timedelta(days=7)
    dismissed_for: Duration = timedelta(days=14)
    open_at: Literal["sure", "likely"] = "sure"
    wordless: Literal["count", "case"] = "count"


class CrawlSettings(Section):
    contact: str = Field(default="no contact configured", max_length=200, pattern=r"^[ -~]+$")
    time_limit: Duration = timedelta(minutes=10)
    overlap: Duration = timedelta(hours=48)


class ModelSettings(Section):
    """One `[[models]]`: a text classifier for a language that the shipped model cannot read."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    path: str = Field(min_length=1)
    labels: dict[str, Literal["angry", "mediocre", "delighted", "none"]] = Field(min_length=2)
    stances: dict[str, Literal["advocate", "hater", "neither"]] = {}
    sure_at: float = Field(default=0.9, gt=0, le=1)


class ServeSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65535)


class SourceSettings(Section):
    """One `[[brands.sources]]`: the keys every source takes, and the source's own in `options`."""

    source: str
    every: Duration = timedelta(hours=1)
    base_url: HttpUrl | None = None
    enabled: bool = True
    channel: Channel | None = None
    options: SerializeAsAny[BaseModel]

    @property
    def target(self) -> str:
        """Name the part of the source that is read, such as an app's id; no secret is in it."""
        return mask_url(str(getattr(self.options, "target", "")))


class CheckpointSettings(Section):
    metric: Literal["wow_rate", "complaint_rate", "coverage", "advocate_rate"]
    target: float = Field(gt=0, le=1)
    window: Duration = timedelta(days=30)


class StaffSettings(Section):
    """A colleague whom wows may name: by `name` or `aliases`; `slack` is the user's id there."""

    name: PersonName
    slack: SlackUser | None = None
    aliases: tuple[PersonName, ...] = ()


def _colleague(value: object) -> object:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict | StaffSettings):
        return value
    raise ValueError('write a name, or { name = "Jim", slack = "U0123ABCD", aliases = ["Jimmy"] }')


class BrandSettings(Section):
    name: str = Field(min_length=1, max_length=80)
    query: str
    staff: tuple[Annotated[StaffSettings, BeforeValidator(_colleague)], ...] = ()
    timezone: TimeZone | None = None
    quiet_hours: str | None = None
    sources: tuple[SourceSettings, ...] = ()
    checkpoints: tuple[CheckpointSettings, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            parse_query(self.query)
        except QueryError as error:
            raise ValueError(str(error)) from error
        seen = set()
        for source in self.sources:
            key = (source.source, source.target)
            if key in seen:
                raise ValueError(
                    f"brand {self.name!r} reads {source.source} {source.target} twice: keep one"
                )
            seen.add(key)
        called: set[str] = set()
        for one in self.staff:
            names = {name.casefold() for name in (one.name, *one.aliases)}
            if twice := sorted(names & called):
                raise ValueError(
                    f"two of the staff of brand {self.name!r} are called {twice[0]!r}: "
                    "give each a name or alias of their own"
                )
            called |= names
        return self


class Settings(Section):
    """The whole file. Make one with `load_settings`."""

    store: StoreSettings = StoreSettings()
    slack: SlackSettings = SlackSettings()
    alerts: AlertSettings = AlertSettings()
    cases: CaseSettings = CaseSettings()
    crawl: CrawlSettings = CrawlSettings()
    serve: ServeSettings = ServeSettings()
    models: tuple[ModelSettings, ...] = ()
    brands: tuple[BrandSettings, ...] = ()

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


class Secrets(BaseSettings):
    """What Earful may know but never write down; read from the environment."""

    # An empty variable is how shells and containers unset one.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_webhook_url: SecretStr | None = None

    @model_validator(mode="after")
    def _shapes(self) -> Self:
        for value, name, prefix in (
            (self.slack_bot_token, "SLACK_BOT_TOKEN", "xoxb-"),
            (self.slack_app_token, "SLACK_APP_TOKEN", "xapp-"),
            (self.slack_webhook_url, "SLACK_WEBHOOK_URL", "http"),
        ):
            if value is not None and not value.get_secret_value().startswith(prefix):
                raise ValueError(f"{name} in the environment must begin with {prefix!r}")
        return self


def load_secrets() -> Secrets:
    """Read the secrets; ConfigError names a malformed one without showing it."""
    try:
        return Secrets()
    except ValidationError as error:
        raise ConfigError(_plain_message(error.errors()[0])) from None


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
        raise _config_error(error, Settings, where, ()) from None


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
                f"{where}: {_path((*at, 'source'))}: {name!r} is not a source"
                + (_nearest(name, models) or "; the sources are " + ", ".join(sorted(models)))
            )
        model = models[name]
        try:
            options = model.model_validate({k: v for k, v in raw.items() if k not in common})
        except ValidationError as error:
            raise _config_error(error, model, where, at, also=common) from None
        prepared.append({**{k: v for k, v in raw.items() if k in common}, "options": options})
    return {**brand, "sources": prepared}


def _config_error(
    error: ValidationError,
    model: type[BaseModel],
    where: str,
    at: tuple[str | int, ...],
    also: set[str] | None = None,
) -> ConfigError:
    details = error.errors()
    # A misspelt key also makes the right one missing: the spelling is what helps.
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    location = tuple(part for part in first["loc"] if part != "options")
    message = _plain_message(first)
    if first["type"] == "extra_forbidden":
        names = set(_keys_at(model, first["loc"][:-1])) | (also or set())
        hint = _nearest(str(location[-1]), names) or "; known: " + ", ".join(sorted(names))
        message = f"unknown key{hint}"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    path = _path((*at, *location))
    return ConfigError(f"{where}: {path + ': ' if path else ''}{message}{more}")


def _plain_message(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    shown = detail.get("input")
    if detail["type"] != "missing" and isinstance(shown, str | int | float):
        message = f"{message} (it is {shown!r})"
    return " ".join(message.split())


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> Iterator[str]:
    """Name the keys that the table at a location takes."""
    current: type[BaseModel] = model
    for part in location:
        if isinstance(part, int):
            continue
        current = _inner_model(current.model_fields[part].annotation) or current
    yield from (name for name in current.model_fields if name != "options")


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None


def _nearest(name: object, known: Mapping[str, Any] | set[str]) -> str | None:
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else None


def _path(location: tuple[str | int, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
