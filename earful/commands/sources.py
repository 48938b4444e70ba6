"""`earful sources`: what can be read, what each source needs, and how those read here do."""

from __future__ import annotations

import json
from typing import Any

import click

from earful.app import App


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def sources(app: App, as_json: bool) -> int:
    """List the sources: what each needs, its limits and terms.

    For the sources in your config it also shows how they are doing.
    """
    from crawler.catalog import sources as all_sources

    spiders = all_sources()
    standings = _standings(app)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "source": name,
                        "label": spider.label,
                        "needs": spider.needs,
                        "limits": spider.limits,
                        "terms": spider.terms,
                        "robots": spider.robots,
                        "secrets": dict(spider.secrets),
                        "optional_secrets": dict(spider.optional_secrets),
                        "daily_quota": spider.daily_quota,
                        "targets": standings.get(name, []),
                        "options": spider.Options.model_json_schema().get("properties", {}),
                    }
                    for name, spider in spiders.items()
                ],
                indent=2,
            )
        )
        return 0
    import textwrap

    for name, spider in spiders.items():
        click.echo(f"{name} — {spider.label}")
        for heading, words in (
            ("needs", spider.needs),
            ("limits", spider.limits),
            ("terms", spider.terms),
            *((name, f"{use} (needed)") for name, use in spider.secrets.items()),
            *((name, f"{use} (if set)") for name, use in spider.optional_secrets.items()),
            *(("here", _standing_words(row)) for row in standings.get(name, [])),
        ):
            click.echo(
                textwrap.fill(
                    words, 78, initial_indent=f"  {heading:<7} ", subsequent_indent=" " * 10
                )
            )
        for option, field in spider.Options.model_fields.items():
            meaning = f"{field.description or ''}" + (" (needed)" if field.is_required() else "")
            click.echo(
                textwrap.fill(
                    meaning, 78, initial_indent=f"  {option} = ", subsequent_indent=" " * 10
                )
            )
        click.echo()
    return 0


def _standings(app: App) -> dict[str, list[dict[str, Any]]]:
    """Give the health of what is read here, by source; nothing where there is no store yet."""
    if not app.has_config or not app.store_path.exists():
        return {}
    by_source: dict[str, list[dict[str, Any]]] = {}
    keys = ("brand", "target", "state", "reason", "since", "last_good_at", "opens_at")
    with app.open_store(readonly=True) as store:
        for row in store.insight.source_health():
            by_source.setdefault(row["source"], []).append({key: row[key] for key in keys})
    return by_source


def _standing_words(row: dict[str, Any]) -> str:
    place = ", ".join(part for part in (row["brand"], row["target"]) if part)
    since = f" since {row['since'][:16].replace('T', ' ')} UTC" if row["since"] else ""
    reason = f": {row['reason']}" if row["reason"] and row["state"] != "ok" else ""
    return f"{place} is {row['state']}{since}{reason}"
