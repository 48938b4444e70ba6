"""The sources there are, found by where their spiders lie."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from crawler import spiders
from crawler.base import MentionSpider, SourceOptions


@cache
def _found() -> dict[str, type[MentionSpider]]:
    found: dict[str, type[MentionSpider]] = {}
    for module_info in iter_modules(spiders.__path__):
        module = import_module(f"{spiders.__name__}.{module_info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            if issubclass(member, MentionSpider) and member.__module__ == module.__name__:
                found[member.name] = member
    return dict(sorted(found.items()))


def sources() -> dict[str, type[MentionSpider]]:
    """Give each source's spider by its name, in the order of names."""
    return dict(_found())


def options_models() -> dict[str, type[SourceOptions]]:
    """Give the model of each source's own settings in `earful.toml`."""
    return {name: spider.Options for name, spider in _found().items()}
