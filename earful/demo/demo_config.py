"""The demo's config: the same file that a user writes, with every source moved to the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from earful.demo import world


def demo_config(site_url: str, store_path: Path, *, every: str = "15s") -> dict[str, Any]:
    """Give the parsed config that `config.settings.parse_settings` takes.

    `every` is for the sources in which most happens; the others are read half as often.
    """
    seldom = _doubled(every)
    return {
        "store": {"path": str(store_path)},
        "cases": {"respond_within": "2h", "business_hours": "24/7"},
        # A demo is short: what would be a bad evening for a real brand is some complaints here.
        "alerts": {"incident_over": 4},
        "crawl": {"contact": "the demo on this machine", "time_limit": "1m"},
        "brands": [
            {
                "name": world.BRAND,
                "query": world.QUERY,
                "staff": [{"name": name, "team": world.TEAMS[name]} for name in world.STAFF],
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
                    {"metric": "wow_rate", "target": 0.2, "window": "30d"},
                    {"metric": "complaint_rate", "target": 0.2, "window": "7d"},
                ],
            },
            {
                "name": world.RIVAL,
                "query": world.RIVAL_QUERY,
                "competitor": True,
                "sources": [
                    {"source": "reddit", "every": seldom, "base_url": site_url},
                    {
                        "source": "feeds",
                        "url": world.FORUM_FEED,
                        "every": seldom,
                        "base_url": site_url,
                    },
                ],
            },
        ],
    }


def _doubled(every: str) -> str:
    return f"{2 * int(every[:-1])}{every[-1]}"
