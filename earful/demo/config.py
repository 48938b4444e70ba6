"""The demo's config: the same file that a user writes, with every source moved to the site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from earful.demo import world

_HEAD = """\
# The demo's config. A real one has no `base_url`: each source then answers from its own address.
# Write yours with `earful init`.
"""


def demo_config(site_url: str, store_path: Path, *, every: str = "15s") -> dict[str, Any]:
    """Give the parsed config that `config.settings.parse_settings` takes.

    `every` is for the sources in which most happens; the others are read half as often.
    """
    seldom = _doubled(every)
    return {
        "store": {"path": str(store_path)},
        "cases": {"respond_within": "2h", "business_hours": "24/7"},
        "crawl": {"contact": "the demo on this machine", "time_limit": "1m"},
        "brands": [
            {
                "name": world.BRAND,
                "query": world.QUERY,
                "staff": list(world.STAFF),
                "sources": [
                    {
                        "source": "appstore",
                        "app_id": world.APP_ID,
                        "countries": list(world.COUNTRIES),
                        "every": every,
                        "base_url": site_url,
                    },
                    {"source": "reddit", "every": every, "base_url": site_url},
                    {
                        "source": "feeds",
                        "url": world.FORUM_FEED,
                        "every": every,
                        "base_url": site_url,
                    },
                    {"source": "hackernews", "every": seldom, "base_url": site_url},
                    {
                        "source": "steam",
                        "app_id": world.GAME_ID,
                        "every": seldom,
                        "base_url": site_url,
                    },
                ],
                "checkpoints": [
                    {"metric": "wow_rate", "target": 0.25, "window": "30d"},
                    {"metric": "complaint_rate", "target": 0.2, "window": "7d"},
                ],
            }
        ],
    }


def demo_toml(site_url: str, store_path: Path, *, every: str = "15s") -> str:
    """Write the same config as the `earful.toml` that a user could have written."""
    raw = demo_config(site_url, store_path, every=every)
    brands = raw.pop("brands")
    parts = [_HEAD]
    parts += [_table(f"[{name}]", values) for name, values in raw.items()]
    for brand in brands:
        sources, checkpoints = brand.pop("sources"), brand.pop("checkpoints")
        parts.append(_table("[[brands]]", brand))
        parts += [_table("[[brands.sources]]", source, "  ") for source in sources]
        parts += [_table("[[brands.checkpoints]]", goal, "  ") for goal in checkpoints]
    return "\n".join(parts)


def _table(head: str, values: dict[str, Any], indent: str = "") -> str:
    lines = [head, *(f"{name} = {_value(value)}" for name, value in values.items())]
    return "".join(f"{indent}{line}\n" for line in lines)


def _value(value: object) -> str:
    """Write a value; JSON's text, numbers and lists of text are TOML's too."""
    return json.dumps(value, ensure_ascii=False)


def _doubled(every: str) -> str:
    return f"{2 * int(every[:-1])}{every[-1]}"
