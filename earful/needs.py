"""What keeps a configured source from being read at all, with its path in the config."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from config.errors import ConfigError
from config.settings import BrandSettings, Settings, SourceSettings


def unmet_needs(
    settings: Settings,
    environment: Mapping[str, str],
    wanted: Callable[[BrandSettings, SourceSettings], bool] = lambda brand, source: source.enabled,
) -> Iterator[str]:
    """Say for each wanted source which secret is not set, or why its host may not be crawled."""
    # Late: the spiders load Scrapy.
    from crawler.catalog import hindrances

    for number, brand in enumerate(settings.brands):
        for index, source in enumerate(brand.sources):
            if wanted(brand, source):
                given = hindrances(source.source, source.options, source.base_url, environment)
                for hindrance in given:
                    yield f"brands[{number}].sources[{index}]: {hindrance}"


def require(
    settings: Settings,
    environment: Mapping[str, str],
    where: str,
    wanted: Callable[[BrandSettings, SourceSettings], bool] = lambda brand, source: source.enabled,
) -> None:
    """Raise ConfigError with the first unmet need; `where` opens its line."""
    unmet = list(unmet_needs(settings, environment, wanted))
    if unmet:
        more = f" (and {len(unmet) - 1} more)" if len(unmet) > 1 else ""
        raise ConfigError(f"{where}: {unmet[0]}{more}")
