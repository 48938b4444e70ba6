"""How `slack_sdk` is used here: silent, with a short timeout, paged to the end.

`slack_sdk` retries a reset connection by itself, and the message may have been posted before the
reset: who posts turns its retry handlers off, `delivery` alone decides.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator

from slack_sdk.web import SlackResponse

from config.errors import ConfigError
from config.secret_references import filled_here

TIMEOUT_S = 10
"""Must stay under `delivery.SETTLE`: a look must not come while a try is still under way."""


def base_url(api_url: str) -> str:
    """Give Slack's address, or another server's, as the SDK wants it: with a slash at the end.

    ConfigError where it refers to a variable that is not set.
    """
    try:
        url = filled_here(api_url, os.environ, "api_url")
    except ConfigError as error:
        raise ConfigError(f"slack: {error}") from None
    return url if url.endswith("/") else f"{url}/"


def quiet_logger() -> logging.Logger:
    """Keep the SDK from writing tokens, webhook addresses and bodies at DEBUG."""
    logger = logging.getLogger("alerts.slack.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger


def pages(ask: Callable[[str | None], SlackResponse], most: int) -> Iterator[SlackResponse]:
    """Yield the pages of a list, `most` at most; `ask` fetches the page at a cursor.

    `next_cursor` of the last one says whether there were more.
    """
    cursor: str | None = None
    for _ in range(most):
        page = ask(cursor)
        yield page
        cursor = next_cursor(page)
        if cursor is None:
            return


def next_cursor(page: SlackResponse) -> str | None:
    """Give where the next page begins; None after the last."""
    return (page.get("response_metadata") or {}).get("next_cursor") or None
