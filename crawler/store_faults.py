"""A store that fails during a crawl: the crawl ends, and its source is not blamed."""

from __future__ import annotations

import asyncio

from scrapy.crawler import Crawler

from config.errors import EarfulError
from crawler import stat_keys
from crawler.crawl_session import stats_of

# The event loop keeps no task alive by itself.
_stopping: set[asyncio.Future[None]] = set()


def end_for(crawler: Crawler, error: Exception) -> None:
    """Record why the store failed and end the crawl: reading on would only ask the source in vain.

    Only the first error counts.
    """
    stats = stats_of(crawler)
    if stats.get_value(stat_keys.STORE_ERROR):
        return
    named = "" if isinstance(error, EarfulError) else f"{type(error).__name__}: "
    stats.set_value(stat_keys.STORE_ERROR, f"{named}{error}")
    stopping = asyncio.ensure_future(crawler.stop_async())
    _stopping.add(stopping)
    stopping.add_done_callback(_stopping.discard)
