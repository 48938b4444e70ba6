"""What fails at sources today, from their spiders, for `docs/sources-today.md`."""

from __future__ import annotations

from crawler.catalog import sources


def troubles() -> str:
    """Write a heading for each source with a trouble, and its troubles with their threads."""
    lines: list[str] = []
    for name, spider in sources().items():
        if spider.today:
            lines += ["", f"### `{name}`", ""]
        for trouble in spider.today:
            what = f"{trouble.what[:1].upper()}{trouble.what[1:]}"
            threads = ", ".join(f"[{seen}](https://{seen})" for seen in trouble.seen)
            lines.append(
                f"- **Since {trouble.since}.** {what}. What to do: {trouble.do}. Seen: {threads}."
            )
    return "\n".join([*lines, ""])
