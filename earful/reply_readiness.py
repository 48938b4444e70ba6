"""Which sources take replies from Slack: for `earful sources` and `earful check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.settings import Settings

BY_HAND = (
    "no replies over an API: Earful gives the words to copy, and sees the reply when it reads"
)


def described(source: str) -> dict[str, Any] | None:
    """Give what a reply at a source needs, as JSON can hold it; None where it takes none."""
    from alerts.publishing.registry import PUBLISHERS

    publisher = PUBLISHERS.get(source)
    if publisher is None:
        return None
    return {
        "secrets": dict(publisher.secrets),
        "needs": publisher.permission,
        "limit": limit_words(publisher.most, publisher.least, publisher.unit),
        "replaces": publisher.replaces,
        "once": publisher.once,
    }


def limit_words(most: int | None, least: int, unit: str) -> str:
    """Say how long a reply may be: "20 to 32,000 characters"."""
    if most is None:
        return "no limit that is documented"
    return f"{least:,} to {most:,} {unit}" if least else f"{most:,} {unit} at most"


def readiness(
    settings: Settings, environment: Mapping[str, str]
) -> Iterator[tuple[str, bool, str]]:
    """Say of each source in the config that takes replies whether one could be posted now.

    Yields its label, whether that is as it should be, and a sentence. Nobody has to reply: without
    any of its keys a source is well, with some of them it is not.
    """
    from alerts.publishing.registry import publishers

    for publisher in publishers(settings, environment).values():
        missing = publisher.missing()
        own = [name for name in publisher.secrets if environment.get(name, "").strip()]
        if not missing:
            yield publisher.label, True, "replies can be posted"
        elif own and publisher.keys_by_host:
            several = len(publisher.hosts) > 1
            how = ' for each host that is read: write "host=key, host=key"' if several else " too"
            yield publisher.label, False, f"replies need {', '.join(missing)}{how}"
        else:
            yield (
                publisher.label,
                True,
                (f"replies are not posted: they need {', '.join(missing)} in the environment"),
            )
