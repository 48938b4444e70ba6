"""The keys of `earful.toml` and the environment's variables, with their defaults, as tables.

Keys and defaults come from the code. What a key does is said on the page, by hand, and kept; a
source's own keys and its secrets say it in the code.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from alerts.publishing.registry import PUBLISHERS
from config.settings import Settings
from crawler.catalog import sources
from tests.docs.modules import modules

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_ROW = re.compile(r"^\| `([^`]+)` \| (.*) \| (.*?) ?\|$")


def config_keys(present: str) -> str:
    """Write a heading and a table for each section of the file; keep what `present` says."""
    kept = words_on(present)
    lines: list[str] = []
    for heading, model in sections(Settings, ""):
        rows = [
            (key, _default(field), field.description or kept.get((heading, key), ""))
            for key, field in own_keys(model)
        ]
        if rows:
            lines += [f"### {heading}", "", *_intro(model), *_table("key", "default", rows), ""]
    return "\n".join(lines)


def source_keys() -> str:
    """Write the same for what each source takes beside the keys of `[[brands.sources]]`."""
    lines: list[str] = []
    for name, spider in sources().items():
        rows = [
            (key, _default(field), field.description or "")
            for key, field in spider.Options.model_fields.items()
        ]
        lines += [f"### `{name}`", "", f"{spider.label}.", ""]
        lines += [*_table("key", "default", rows), ""]
    return "\n".join(lines)


def environment_variables(present: str) -> str:
    """Write a table of every variable that the product reads."""
    kept = {key: words for (_, key), words in words_on(present).items()}
    rows = [(name, by, kept.get(name, "")) for name, by in sorted(variables_read())]
    secrets = [
        (name, f"`{source}`", words[:1].upper() + words[1:] + ".")
        for source, spider in sources().items()
        for name, words in (*spider.secrets.items(), *spider.optional_secrets.items())
    ]
    told = {name for name, _, _ in secrets}
    replies = [
        (name, f"replies at `{source}`", words[:1].upper() + words[1:] + ".")
        for source, publisher in PUBLISHERS.items()
        for name, words in publisher.secrets.items()
        if name not in told
    ]
    return "\n".join(_table("variable", "for", rows + secrets + replies))


def variables_read() -> set[tuple[str, str]]:
    """Name the variables that are no source's secret, each with what reads it."""
    found = set()
    for module in modules():
        if module.name.split(".")[0] == "config":
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, BaseSettings):
                    prefix = str(value.model_config.get("env_prefix", ""))
                    found |= {((prefix + key).upper(), "Earful") for key in value.model_fields}
        found |= {(name, "Earful") for name in read_by_name(module.tree)}
    return found


def read_by_name(tree: ast.AST) -> Iterator[str]:
    """Name what `os.environ["X"]`, `os.environ.get("X")` and `os.getenv("X")` read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            names = ("os.environ.get", "environ.get", "os.getenv", "getenv")
            key = node.args[0] if ast.unparse(node.func) in names else None
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = node.slice if ast.unparse(node.value) in ("os.environ", "environ") else None
        else:
            continue
        if isinstance(key, ast.Constant):
            yield str(key.value)


def words_on(page: str) -> dict[tuple[str, str], str]:
    """Give what a page says of each key, by its heading and its name."""
    found = {}
    heading = ""
    for line in page.splitlines():
        if line.startswith("### "):
            heading = line.removeprefix("### ")
        elif row := _ROW.match(line):
            found[heading, row[1]] = row[3]
    return found


def sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Give each table of the file by its heading, such as `[[brands.sources]]`."""
    for key, field in model.model_fields.items():
        inner = inner_model(field.annotation)
        if inner is None or key == "options":
            continue
        name = f"{path}.{key}" if path else key
        yield (f"`[{name}]`" if inner is field.annotation else f"`[[{name}]]`"), inner
        yield from sections(inner, name)


def own_keys(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Give a table's keys, without those that are tables themselves."""
    for key, field in model.model_fields.items():
        if key != "options" and inner_model(field.annotation) is None:
            yield field.alias or key, field


def inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(inner_model, get_args(annotation))), None)


def _intro(model: type[BaseModel]) -> list[str]:
    return [model.__doc__, ""] if model.__doc__ else []


def _default(field: FieldInfo) -> str:
    return (
        "needed" if field.is_required() else _as_toml(field.get_default(call_default_factory=True))
    )


def _as_toml(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        unit = next(unit for unit, size in _UNITS.items() if seconds % size == 0)
        return f'`"{seconds // _UNITS[unit]}{unit}"`'
    if isinstance(value, Path):
        value = value.as_posix()
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _table(first: str, second: str, rows: list[tuple[str, str, str]]) -> list[str]:
    return [
        f"| {first} | {second} | what it does |",
        "|---|---|---|",
        *(f"| `{key}` | {value} | {words.replace('|', '&#124;')} |" for key, value, words in rows),
    ]
