"""All that is known of one source: what it is and needs, what fails today, how it does here."""

from __future__ import annotations

import inspect
import json
import os
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from crawler.base import MentionSpider
from crawler.source_options import SourceOptions
from earful import reply_readiness
from earful.app import App
from storage.models import SourceRun, iso

_WIDTH = 78
_RUNS = 5
_HEALTH = ("state", "reason", "since", "last_good_at", "opens_at")


def described(spider: type[MentionSpider]) -> dict[str, Any]:
    """Give what the spider's class says of its source, as JSON can hold it."""
    return {
        "source": spider.name,
        "label": spider.label,
        "about": inspect.getdoc(spider) or "",
        "needs": spider.needs,
        "limits": spider.limits,
        "terms": spider.terms,
        "robots": spider.robots,
        "secrets": dict(spider.secrets),
        "optional_secrets": dict(spider.optional_secrets),
        "daily_quota": spider.daily_quota,
        "today": [
            {
                "since": each.since.isoformat(),
                "what": each.what,
                "do": each.do,
                "seen": [f"https://{address}" for address in each.seen],
            }
            for each in spider.today
        ],
        "options": spider.Options.model_json_schema().get("properties", {}),
        "replies": reply_readiness.described(spider.name),
    }


def standings(app: App) -> dict[str, list[dict[str, Any]]]:
    """Give how what is read here does, by source; nothing where there is no store yet."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    if not app.has_config or not app.store_path.exists():
        return by_source
    keys = ("brand", "target", *_HEALTH)
    with app.open_store(readonly=True) as store:
        for row in store.insight.source_health():
            here = {key: row[key] for key in keys}
            here["competitor"] = row["brand"] in app.settings.competitors
            by_source.setdefault(row["source"], []).append(here)
    return by_source


def history(app: App, name: str) -> tuple[list[SourceRun], list[SourceRun]]:
    """Give a source's last runs here, and the last that went wrong of each of its targets."""
    if not app.has_config or not app.store_path.exists():
        return [], []
    with app.open_store(readonly=True) as store:
        return store.crawls.latest(name, _RUNS), store.crawls.last_failures(name)


def page_data(app: App, spider: type[MentionSpider]) -> dict[str, Any]:
    """Give a source's whole page: its description, its targets here, and their last runs."""
    runs, failures = history(app, spider.name)
    failed = {(run.brand, run.target): _run(run) for run in failures}
    targets = {
        (row["brand"], row["target"]): row | {"remarks": []}
        for row in standings(app).get(spider.name, [])
    }
    for brand in app.settings.brands if app.has_config else ():
        for source in brand.sources:
            if source.source == spider.name:
                nothing = {"brand": brand.name, "target": source.target, **dict.fromkeys(_HEALTH)}
                nothing["competitor"] = brand.competitor
                row = targets.setdefault((brand.name, source.target), nothing)
                assert isinstance(source.options, SourceOptions)
                row["remarks"] = list(spider.remarks(source.options))
    for key, row in targets.items():
        row["last_failure"] = failed.get(key)
    return described(spider) | {
        "targets": list(targets.values()),
        "last_runs": [_run(run) for run in runs],
    }


def lines_of(page: dict[str, Any], options: type[SourceOptions]) -> Iterator[str]:
    """Write a page in 80 columns."""
    yield f"{page['source']} — {page['label']}"
    for paragraph in page["about"].split("\n\n"):
        yield from ("", *_filled(" ".join(paragraph.split()), "  ", "  "))
    yield ""
    for heading in ("needs", "limits", "terms"):
        yield from _entry(f"{heading:<7}", page[heading])
    if page["daily_quota"]:
        yield from _entry("quota  ", f"{page['daily_quota']:,} requests a day, counted here")
    yield from ("", "Settings in [[brands.sources]]")
    for name, field in options.model_fields.items():
        yield f"  {name} ({_default(field)})"
        yield from _filled(field.description or "", " " * 6)
    yield from _entry("also", "every, enabled, channel, base_url, as all sources take them")
    secrets = {name: (use, "needed") for name, use in page["secrets"].items()}
    secrets |= {name: (use, "if set") for name, use in page["optional_secrets"].items()}
    if secrets:
        yield from ("", "Secrets in the environment")
        for name, (use, how) in secrets.items():
            yield from _secret(name, use, how)
    yield from ("", "Replies from Slack")
    yield from _replies(page["replies"])
    yield from ("", "What fails today")
    for trouble in page["today"]:
        yield from _entry(f"since {trouble['since']}", f"{trouble['what']}.")
        yield from _filled(f"what to do: {trouble['do']}.", "    ")
        for address in trouble["seen"]:
            yield from _filled(address, "    see ")
    if not page["today"]:
        yield from _filled("nothing that Earful knows of", "  ")
    yield from _here(page)


def _secret(name: str, use: str, how: str) -> Iterator[str]:
    is_set = "set" if os.environ.get(name, "").strip() else "not set"
    yield f"  {name} ({how}; {is_set} now)"
    yield from _filled(use, " " * 6)


def _replies(replies: dict[str, Any] | None) -> Iterator[str]:
    """Write whether answers can be posted there, and what they need."""
    if replies is None:
        yield from _filled(reply_readiness.BY_HAND, "  ")
        return
    yield from _entry("length ", replies["limit"])
    yield from _entry("needs  ", replies["needs"])
    yield from _entry("once   ", replies["once"])
    for name, use in replies["secrets"].items():
        yield from _secret(name, use, "needed")


def _here(page: dict[str, Any]) -> Iterator[str]:
    yield from ("", "Here")
    for row in page["targets"]:
        yield from _entry("", standing_words(row))
        if row["last_good_at"]:
            yield from _filled(f"last good run {_minute(row['last_good_at'])}", "    ")
        if row["opens_at"]:
            yield from _filled(f"left alone until {_minute(row['opens_at'])}", "    ")
        if failure := row["last_failure"]:
            when = _minute(failure["started_at"])
            words = f"last failure {when}, {failure['outcome']}: {failure['reason']}"
            yield from _filled(words, "    ")
        for remark in row["remarks"]:
            yield from _filled(f"note: {remark}", "    ")
    if not page["targets"]:
        yield from _filled("your config does not read it", "  ")
    if page["last_runs"]:
        yield from ("", "Last runs here")
    for run in page["last_runs"]:
        where = ", ".join(filter(None, (run["brand"], run["target"])))
        counts = f"{run['outcome']}, seen {run['seen']}, new {run['new']}"
        yield from _entry(_minute(run["started_at"]), f"{counts} ({where})")


def standing_words(row: dict[str, Any]) -> str:
    """Say how a target does: "Acme Air, 440 is blocked since 2026-11-28 09:00 UTC: …"."""
    brand = f"{row['brand']} (competitor)" if row["competitor"] else row["brand"]
    place = ", ".join(part for part in (brand, row["target"]) if part)
    if row["state"] is None:
        return f"{place} was not read yet"
    since = f" since {_minute(row['since'])}" if row["since"] else ""
    reason = f": {row['reason']}" if row["reason"] and row["state"] != "ok" else ""
    return f"{place} is {row['state']}{since}{reason}"


def _run(run: SourceRun) -> dict[str, Any]:
    return {
        "brand": run.brand,
        "target": run.target,
        "started_at": iso(run.started_at),
        "outcome": run.outcome.value,
        "reason": run.reason,
        "seen": run.seen,
        "new": run.new,
    }


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "default: none"
    return f"default: {json.dumps(default, default=str)}"


def _minute(text: str) -> str:
    return f"{text[:16].replace('T', ' ')} UTC"


def _entry(heading: str, words: str) -> Iterator[str]:
    yield from _filled(words, f"  {heading} " if heading else "  ")


def _filled(words: str, indent: str, further: str = " " * 6) -> Iterator[str]:
    yield from textwrap.wrap(
        words, _WIDTH, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False
    )
