"""`earful demo`: the whole of Earful at work on a made-up brand."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import click

from config.errors import InputError
from earful.app import App, utc_now


@click.command()
@click.option("--no-serve", is_flag=True, help="Without the dashboards.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the demo's store in a folder.")
@click.option("--minutes", type=click.FloatRange(min=0.1), help="End by itself after so long.")
@click.option("--seed", default=7, show_default=True, help="Another seed, another story.")
@click.pass_obj
def demo(app: App, no_serve: bool, keep: Path | None, minutes: float | None, seed: int) -> int:
    """See Earful work: a made-up brand, no network, no secrets.

    A local site answers as the real sources do; the real spiders read it, the real model judges
    it, and alerts appear here as they would in Slack.
    """
    from alerts.outbox.transport import ConsoleTransport
    from earful import logs
    from earful.commands.run import run_daemon
    from earful.demo.demo_config import demo_config
    from earful.demo.demo_site import DemoSite
    from earful.demo.story import build_story

    logs.set_up(as_json=False, verbose=app.verbose)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="earful-")))
        store = folder / "demo.db"
        if store.exists():
            raise InputError(f"{store}: is there already: name another folder with --keep")
        story = build_story(utc_now(), seed)
        site = DemoSite(story, utc_now)
        site.start()
        stack.callback(site.stop)
        settings = App(raw=demo_config(site.url, store)).settings
        click.echo(f"The demo: {story.brand}, a made-up brand, read from {site.url}")
        click.echo(f"Its store is {store}. Ctrl-C ends it.")
        click.echo("Listen for a real brand: `earful init`, edit earful.toml, `earful run`.\n")
        run_daemon(
            settings,
            ConsoleTransport(sys.stdout),
            serve=not no_serve,
            any_port=True,
            end_after=timedelta(minutes=minutes) if minutes else None,
            idle=timedelta(seconds=5),
        )
    return 0
