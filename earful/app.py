"""What every command starts from: the config, the secrets, the store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from config.errors import ConfigError, InputError
from config.settings import (
    BrandSettings,
    Secrets,
    Settings,
    SourceSettings,
    load_secrets,
    load_settings,
    parse_settings,
)
from earful.brand_zones import sync_brands
from earful.hidden_secrets import hide_config, hide_environment
from earful.private_store import keep_private
from storage.database import PATIENCE_S
from storage.models import CrawlTarget
from storage.store import Store

DEFAULT_CONFIG = Path("earful.toml")
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Tell the time; everything below the command line takes it as a parameter."""
    return datetime.now(UTC)


@dataclass
class App:
    """One command's view of the world. `config` is None until the user names a file."""

    config: Path | None = None
    db: Path | None = None
    verbose: int = 0
    # A parsed file instead of one on disk: the demo's.
    raw: Mapping[str, Any] | None = None

    @property
    def config_path(self) -> Path:
        return self.config or DEFAULT_CONFIG

    @property
    def has_config(self) -> bool:
        return self.raw is not None or self.config is not None or DEFAULT_CONFIG.exists()

    @cached_property
    def settings(self) -> Settings:
        """The config with `--db` applied; defaults where no file is there or named."""
        if not self.has_config:
            settings = Settings()
        else:
            # Late: the sources' options models live beside the spiders, and load Scrapy.
            from crawler.catalog import options_models

            if self.raw is not None:
                settings = parse_settings(self.raw, options_models(), where="the demo's config")
            else:
                settings = load_settings(self.config_path, options_models())
            # Late as well: whatever the rules are built from must be found wrong at once.
            from earful.policies import Policies, choose_languages

            choose_languages(settings)
            try:
                Policies(settings).check()
                if settings.webhook.doors:
                    from earful.webhook_intake.doors import check_doors

                    check_doors(settings.webhook)
            except ConfigError as error:
                raise ConfigError(f"{self.config_path}: {error}") from error
        hide_config(settings)
        if self.db is not None:
            store = settings.store.model_copy(update={"path": self.db})
            settings = settings.model_copy(update={"store": store})
        return settings

    @cached_property
    def secrets(self) -> Secrets:
        return load_secrets()

    @property
    def store_path(self) -> Path:
        if self.db is not None:
            return self.db
        return self.settings.store.path

    def open_store(
        self, *, migrate: bool = False, readonly: bool = False, patience_s: float = PATIENCE_S
    ) -> Store:
        store = Store.open(
            self.store_path, migrate=migrate, readonly=readonly, patience_s=patience_s
        )
        # What needs no config must work beside one that is broken.
        if not readonly and self.has_config and (migrate or "settings" in vars(self)):
            try:
                keep_private(store, self.settings)
                if self.settings.brands:
                    sync_brands(store, self.settings)
            except BaseException:
                store.close()
                raise
        return store

    def require_brands(self) -> tuple[BrandSettings, ...]:
        """Give the brands; ConfigError where there is nothing to listen for."""
        if not self.has_config:
            raise ConfigError(
                f"{DEFAULT_CONFIG}: no such file: write one with `earful init`, or see what "
                "Earful does with `earful demo`"
            )
        if not self.settings.brands:
            raise ConfigError(
                f"{self.config_path}: no [[brands]]: add one with a name, a query and sources"
            )
        return self.settings.brands

    def check_brand(self, name: str) -> str:
        """Give a brand's name as the config writes it; any name where no config is."""
        names = [brand.name for brand in self.settings.brands]
        if not names:
            return name
        for known in names:
            if known.casefold() == name.casefold():
                return known
        raise InputError(f"--brand: {name!r} is not in {self.config_path}: {', '.join(names)}")

    def log_to_stderr(self) -> None:
        hide_environment()
        level = {0: logging.WARNING, 1: logging.INFO}.get(self.verbose, logging.DEBUG)
        logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")


def target_of(brand: BrandSettings, source: SourceSettings) -> CrawlTarget:
    return CrawlTarget(brand=brand.name, source=source.source, target=source.target)
