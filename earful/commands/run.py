"""Commands that keep running: run, demo, serve."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.environment import load_overrides
from config.errors import InputError
from config.settings import Settings
from earful.app import App, utc_now

if TYPE_CHECKING:
    from alerts.outbox.transport import Transport
    from alerts.slack.buttons import Listener
    from earful.clicks import Clicks

log = logging.getLogger("earful.run")

_CONSOLE = "no SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL is set: alerts go to this console"


@click.command()
@click.option("--no-serve", is_flag=True, help="Without the dashboards.")
@click.option(
    "--log", "log_format", type=click.Choice(["auto", "plain", "json"]), default="auto",
    help="How to log on stderr; auto is plain on a terminal, else JSON lines.",
)  # fmt: skip
@click.pass_obj
def run(app: App, no_serve: bool, log_format: str) -> int:
    """Run everything on schedule, until SIGTERM: the daemon."""
    from earful import jobs, logs, needs

    app.require_brands()
    needs.require(app.settings, os.environ, str(app.config_path))
    load_overrides()  # a misspelt EARFUL_NUMBERS is said now, not at the first scoring
    logs.set_up(
        as_json=log_format == "json" or (log_format == "auto" and not sys.stderr.isatty()),
        verbose=app.verbose,
    )
    settings = app.settings
    if not any(source.enabled for brand in settings.brands for source in brand.sources):
        log.warning("no source is enabled: only what is imported is scored and delivered")
    if app.secrets.slack_bot_token is None and app.secrets.slack_webhook_url is None:
        log.info(_CONSOLE)
    _run(
        settings,
        jobs.transport_for(settings, app.secrets),
        serve=not no_serve,
        listen=_listening(app),
    )
    return 0


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
    from earful.demo.config import demo_config
    from earful.demo.site import DemoSite
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
        _run(
            settings,
            ConsoleTransport(sys.stdout),
            serve=not no_serve,
            any_port=True,
            end_after=timedelta(minutes=minutes) if minutes else None,
            idle=timedelta(seconds=5),
        )
    return 0


@click.command()
@click.option("--host", help="The address to serve at.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port.  [default: 8001]")
@click.pass_obj
def serve(app: App, host: str | None, port: int | None) -> int:
    """Open the dashboards on the store, read-only."""
    from earful.pages.serve import serve as serve_pages

    wanted = app.settings.serve
    serve_pages(
        app.store_path,
        host or wanted.host,
        wanted.port if port is None else port,
        ready=lambda url: click.echo(f"dashboards at {url} (Ctrl-C ends them)"),
    )
    return 0


def _run(
    settings: Settings,
    transport: Transport,
    *,
    serve: bool,
    any_port: bool = False,
    end_after: timedelta | None = None,
    idle: timedelta | None = None,
    listen: Callable[[Clicks], Listener] | None = None,
) -> None:
    from earful.commands.score import load_classifier
    from earful.daemon import Daemon
    from earful.pages.dashboards import Dashboards

    daemon = Daemon(
        settings,
        transport,
        utc_now,
        load_classifier=partial(load_classifier, settings.models, tolerant=True),
        idle=idle,
        listen=listen,
        dashboards=Dashboards(settings, any_port=any_port) if serve else None,
    )
    with ExitStack() as stack:
        if end_after is not None:
            timer = threading.Timer(end_after.total_seconds(), daemon.stop)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        daemon.run()


def _listening(app: App) -> Callable[[Clicks], Listener] | None:
    """Give what hears Slack's buttons; None without both tokens."""
    bot, buttons = app.secrets.slack_bot_token, app.secrets.slack_app_token
    if bot is None or buttons is None:
        return None

    def listen(clicks: Clicks) -> Listener:
        from alerts.slack.buttons import Listener

        return Listener(
            bot.get_secret_value(),
            buttons.get_secret_value(),
            clicks,
            api_url=app.settings.slack.api_url,
        )

    return listen


COMMANDS: list[click.Command] = [run, demo, serve]
