"""`earful run`: the daemon."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from config.environment import load_overrides
from config.errors import ConfigError
from config.settings import Settings
from earful.app import App, utc_now
from earful.small_process import keep_small

if TYPE_CHECKING:
    from alerts.outbox.transport import Transport
    from alerts.slack.listener import Listener
    from earful.interactions.dispatch import Interactions
    from earful.monitoring.instruments import Instruments
    from earful.watched_config import Config, ConfigFile

log = logging.getLogger("earful.run")

_CONSOLE = "neither SLACK_BOT_TOKEN nor SLACK_WEBHOOK_URL is set: alerts go to this console"


@click.command()
@click.option("--no-serve", is_flag=True, help="Do not serve the dashboards.")
@click.option(
    "--log", "log_format", type=click.Choice(["auto", "plain", "json"]), default="auto",
    help="How to log on stderr; auto means plain on a terminal, JSON lines elsewhere.",
)  # fmt: skip
@click.pass_obj
def run(app: App, no_serve: bool, log_format: str) -> int:
    """Run the daemon: everything on schedule, until SIGTERM.

    SIGHUP has it read its config again.
    """
    keep_small()
    from earful import logs
    from earful.monitoring.instruments import Instruments
    from earful.watched_config import ConfigFile

    # Until the daemon has its handler: a SIGHUP that comes early must not end it.
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    instruments = Instruments()
    read = partial(_checked, app, instruments)
    config = read()
    load_overrides()  # a misspelt EARFUL_NUMBERS is refused now, not at the first scoring
    logs.set_up(
        as_json=log_format == "json" or (log_format == "auto" and not sys.stderr.isatty()),
        verbose=app.verbose,
    )
    settings = config.settings
    if not any(source.enabled for brand in settings.brands for source in brand.sources):
        log.warning("no source is enabled: Earful works only on what you import")
    if app.secrets.slack_bot_token is None and app.secrets.slack_webhook_url is None:
        log.info(_CONSOLE)
    elif app.secrets.slack_bot_token is None:
        log.info("alerts go to Slack by the webhook: without buttons, threads and updates")
    elif app.secrets.slack_app_token is None:
        log.info("alerts go to Slack by the bot; no SLACK_APP_TOKEN is set: buttons do nothing")
    else:
        log.info("alerts go to Slack by the bot, and buttons are heard")
    run_daemon(
        settings,
        config.transport,
        instruments=instruments,
        serve=not no_serve,
        listen=_listening(app),
        config=ConfigFile(app.config_path, read),
    )
    return 0


def _checked(app: App, instruments: Instruments) -> Config:
    """Read the config anew, with all that a daemon needs of it; ConfigError says what is wrong."""
    from earful import configured_destinations, needs
    from earful.stages.deliver_stage import transport_for
    from earful.watched_config import Config
    from earful.webhook_intake.doors import unmet_secrets

    fresh = App(config=app.config, db=app.db, raw=app.raw)
    fresh.require_brands()
    settings = fresh.settings
    needs.require(settings, os.environ, str(app.config_path))
    for need in unmet_secrets(settings.webhook, os.environ):
        raise ConfigError(f"{app.config_path}: {need}")
    for need in configured_destinations.unmet(settings, os.environ):
        raise ConfigError(f"{app.config_path}: {need}")
    transport = transport_for(settings, app.secrets, observe=instruments.sent)
    return Config(settings, transport)


def run_daemon(
    settings: Settings,
    transport: Transport,
    *,
    serve: bool,
    any_port: bool = False,
    end_after: timedelta | None = None,
    idle: timedelta | None = None,
    listen: Callable[[Interactions], Listener] | None = None,
    instruments: Instruments | None = None,
    config: ConfigFile | None = None,
) -> None:
    """Run the daemon, with the dashboards beside it if wanted, until it is stopped."""
    from earful.daemon import Daemon
    from earful.pages.dashboards import Dashboards
    from sentiment.relevance.embedding import embed_beside
    from sentiment.scoring.model_process import ModelProcess

    # Begun by the first mention that waits.
    model = ModelProcess(settings.models, unload_after=settings.model.unload_after)
    daemon = Daemon(
        settings,
        transport,
        utc_now,
        load_classifier=model.load,
        model=model,
        idle=idle,
        listen=listen,
        instruments=instruments,
        dashboards=Dashboards(settings, any_port=any_port) if serve else None,
        config=config,
    )
    with ExitStack() as stack:
        embed_beside(model)
        stack.callback(embed_beside, None)
        stack.callback(model.close)
        if end_after is not None:
            timer = threading.Timer(end_after.total_seconds(), daemon.stop)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        daemon.run()
    if daemon.unended:
        # Python would wait for its threads, however long they take.
        logging.shutdown()
        os._exit(0)


def _listening(app: App) -> Callable[[Interactions], Listener] | None:
    """Give what hears Slack's buttons; None without both tokens."""
    bot, buttons = app.secrets.slack_bot_token, app.secrets.slack_app_token
    if bot is None or buttons is None:
        return None

    def listen(interactions: Interactions) -> Listener:
        from alerts.slack.listener import Listener

        return Listener(
            bot.get_secret_value(),
            buttons.get_secret_value(),
            interactions,
            home=interactions.home,
            api_url=app.settings.slack.api_url,
        )

    return listen
