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
@click.option("--no-serve", is_flag=True, help="Do not serve the dashboards.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Keep the demo's store in this folder."
)
@click.option("--minutes", type=click.FloatRange(min=0.1), help="End after this many minutes.")
@click.option(
    "--seed",
    default=7,
    show_default=True,
    help="Which story to tell: each seed tells another one.",
)
@click.pass_obj
def demo(app: App, no_serve: bool, keep: Path | None, minutes: float | None, seed: int) -> int:
    """Watch Earful at work on a made-up brand; it needs no network.

    A local site answers like the real sources. The real spiders read it, the real model scores
    it, and the alerts that Slack would get appear here.
    """
    from alerts.outbox.transport import ConsoleTransport
    from earful import logs
    from earful.commands.run import run_daemon
    from earful.demo.colleague import Colleague
    from earful.demo.demo_config import demo_config
    from earful.demo.demo_site import DemoSite
    from earful.demo.story import build_story

    logs.set_up(as_json=False, verbose=app.verbose)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="earful-")))
        store = folder / "demo.db"
        if store.exists():
            raise InputError(f"{store}: exists already: name another folder with --keep")
        story = build_story(utc_now(), seed)
        site = DemoSite(story, utc_now)
        site.start()
        stack.callback(site.stop)
        settings = App(raw=demo_config(site.url, store)).settings
        colleague = Colleague(store, settings, utc_now)
        colleague.start()
        stack.callback(colleague.stop)
        click.echo(f"The demo: {story.brand}, a made-up brand, read from {site.url}")
        click.echo(f"Its store is {store}. Ctrl-C ends it.")
        click.echo(
            "To listen for a real brand: run `earful init`, edit earful.toml, run `earful run`.\n"
        )
        run_daemon(
            settings,
            ConsoleTransport(sys.stdout),
            serve=not no_serve,
            any_port=True,
            end_after=timedelta(minutes=minutes) if minutes else None,
            idle=timedelta(seconds=5),
        )
    return 0
