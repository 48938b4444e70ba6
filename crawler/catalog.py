"""The sources there are, found by where their spiders lie."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pydantic import BaseModel

from config.secret_references import names_in
from crawler import spiders
from crawler.base import MentionSpider
from crawler.forbidden import why_forbidden
from crawler.source_options import SourceOptions


@cache
def _found() -> dict[str, type[MentionSpider]]:
    spiders_by_name: dict[str, type[MentionSpider]] = {}
    for module_info in iter_modules(spiders.__path__):
        module = import_module(f"{spiders.__name__}.{module_info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            if issubclass(member, MentionSpider) and member.__module__ == module.__name__:
                spiders_by_name[member.name] = member
    return dict(sorted(spiders_by_name.items()))


def sources() -> dict[str, type[MentionSpider]]:
    """Give each source's spider by its name, in the order of names."""
    return dict(_found())


def names_are_ids(source: str) -> bool:
    """Tell whether a user name tells one person at a source; False for one without a spider."""
    spider = _found().get(source)
    return spider is not None and spider.names_are_ids


def options_models() -> dict[str, type[SourceOptions]]:
    """Give the model of each source's own settings in `earful.toml`."""
    return {name: spider.Options for name, spider in _found().items()}


def hindrances(
    source: str, options: BaseModel, base_url: str | None, environment: Mapping[str, str]
) -> Iterator[str]:
    """Say what keeps a source from being read: a secret that is not set, a forbidden host."""
    spider = _found()[source]
    if base_url and (forbidden := why_forbidden(base_url)):
        yield f"base_url: {forbidden}"
    assert isinstance(options, SourceOptions)  # the config was checked by the spider's model
    for key, value in {**options.model_dump(mode="json"), "base_url": base_url or ""}.items():
        for name in names_in(value):
            if name.startswith("SLACK_"):
                yield f"{key}: ${{{name}}} is Slack's own: put this secret into another variable"
            elif not environment.get(name, "").strip():
                yield f"needs {name} in the environment: its {key} refers to it"
    for name, what in spider.needed_secrets(options).items():
        if not environment.get(name, "").strip():
            yield f"needs {name} in the environment: {what}"


def secret_values(environment: Mapping[str, str]) -> list[str]:
    """Give the values of every source's secrets."""
    names = {
        name
        for spider in _found().values()
        for name in (*spider.secrets, *spider.optional_secrets)
    }
    return [environment.get(name, "").strip() for name in sorted(names)]
