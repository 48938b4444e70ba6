"""What a reply needs at each source, from its publisher, for `docs/replies.md`."""

from __future__ import annotations

from alerts.publishing.registry import PUBLISHERS
from earful.reply_readiness import limit_words


def reply_limits() -> str:
    """Write a table of the sources that take replies, and how long one may be."""
    lines = ["| source | at | length | stands once because |", "|---|---|---|---|"]
    for name, publisher in PUBLISHERS.items():
        limit = limit_words(publisher.most, publisher.least, publisher.unit)
        lines.append(f"| `{name}` | {publisher.label} | {limit} | {publisher.once} |")
    return "\n".join(lines)


def reply_secrets() -> str:
    """Write a heading for each source, with the variables that a reply needs."""
    lines: list[str] = []
    for name, publisher in PUBLISHERS.items():
        needs = publisher.permission
        lines += ["", f"### `{name}`", "", f"{needs[:1].upper()}{needs[1:]}.", ""]
        lines += [f"- `{secret}`: {use}." for secret, use in publisher.secrets.items()]
    return "\n".join([*lines, ""])
