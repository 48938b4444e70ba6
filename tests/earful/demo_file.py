"""The demo's config as a file, for tests and benchmarks that start Earful as a user does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from earful.demo.demo_config import demo_config

_HEAD = """\
# The demo's config. A real one has no `base_url`: each source then answers from its own address.
# Write yours with `earful init`.
"""


def demo_toml(site_url: str, store_path: Path, *, every: str = "15s") -> str:
    """Write the same config as the `earful.toml` that a user could have written."""
    raw = demo_config(site_url, store_path, every=every)
    brands = raw.pop("brands")
    parts = [_HEAD]
    parts += [_table(f"[{name}]", values) for name, values in raw.items()]
    for brand in brands:
        inner = {name: value for name, value in brand.items() if _are_tables(value)}
        parts.append(_table("[[brands]]", {k: v for k, v in brand.items() if k not in inner}))
        for name, tables in inner.items():
            parts += [_table(f"[[brands.{name}]]", one, "  ") for one in tables]
    return "\n".join(parts)


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _table(head: str, values: dict[str, Any], indent: str = "") -> str:
    lines = [head, *(f"{name} = {_value(value)}" for name, value in values.items())]
    return "".join(f"{indent}{line}\n" for line in lines)


def _value(value: object) -> str:
    """Write a value; JSON's text, numbers and lists of text are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
