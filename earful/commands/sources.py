"""`earful sources`: what can be read, what each source needs, and how those read here do."""

from __future__ import annotations

import difflib
import json

import click

from config.errors import InputError
from earful.app import App


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def sources(app: App, name: str | None, as_json: bool) -> int:
    """List the sources: what each needs, its limits and terms.

    With NAME, show all of one source: its settings and secrets, what fails there today and what
    to do, and its last runs here. For the sources in your config it also shows how they are doing.
    """
    import textwrap

    from crawler.catalog import sources as all_sources
    from earful.source_page import described, lines_of, page_data, standing_words, standings

    spiders = all_sources()
    if name is not None:
        spider = spiders.get(name.casefold())
        if spider is None:
            close = difflib.get_close_matches(name, spiders, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "`earful sources` lists them"
            raise InputError(f"NAME: {name!r} is not a source: {hint}")
        page = page_data(app, spider)
        if as_json:
            click.echo(json.dumps(page, indent=2))
        else:
            click.echo("\n".join(lines_of(page, spider.Options)))
        return 0
    here = standings(app)
    if as_json:
        listed = [
            described(spider) | {"targets": here.get(each, [])} for each, spider in spiders.items()
        ]
        click.echo(json.dumps(listed, indent=2))
        return 0
    for each, spider in spiders.items():
        click.echo(f"{each} — {spider.label}")
        for heading, words in (
            ("needs", spider.needs),
            ("limits", spider.limits),
            ("terms", spider.terms),
            *(("today", f"{trouble.what}: {trouble.do}") for trouble in spider.today),
            *((secret, f"{use} (needed)") for secret, use in spider.secrets.items()),
            *((secret, f"{use} (if set)") for secret, use in spider.optional_secrets.items()),
            ("replies", _reply_words(each)),
            *(("here", standing_words(row)) for row in here.get(each, [])),
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


def _reply_words(source: str) -> str:
    """Say whether a reply can be posted at a source, and with which secrets."""
    from earful.reply_readiness import BY_HAND, described

    replies = described(source)
    if replies is None:
        return BY_HAND
    return f"{replies['limit']}; with {', '.join(replies['secrets'])}"
