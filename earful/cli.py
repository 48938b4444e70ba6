"""The command line. Exit codes: 0 good, 1 the job failed, 2 the input or config is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from config.errors import EarfulError
from config.redaction import PROCESS
from earful import __version__
from earful.app import App
from earful.commands.advocates import advocates
from earful.commands.alert_group import alerts
from earful.commands.backup import backup
from earful.commands.case_group import case
from earful.commands.check import check
from earful.commands.classify import classify
from earful.commands.compare import compare
from earful.commands.correct import correct
from earful.commands.crawl import crawl
from earful.commands.evaluate import evaluate
from earful.commands.export import export
from earful.commands.forget import forget
from earful.commands.import_file import import_
from earful.commands.init import init
from earful.commands.kudos import kudos
from earful.commands.process import process
from earful.commands.relevance_group import relevance
from earful.commands.report import report
from earful.commands.restore import restore
from earful.commands.run import run
from earful.commands.run_demo import demo
from earful.commands.search import search
from earful.commands.serve import serve
from earful.commands.serve_mcp import mcp
from earful.commands.sources import sources
from earful.commands.status import status
from earful.commands.topic_group import topics
from earful.commands.train import train


class ReaderLeftError(Exception):
    """The reader of our output (`| head`) has what it wants."""


class _Commands(click.Group):
    """Says itself that the reader left: click would leave with 1."""

    def make_context(self, *details: Any, **more: Any) -> click.Context:
        with _reader_may_leave():
            return super().make_context(*details, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_may_leave():
            return super().invoke(ctx)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderLeftError from error


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The config file.  [default: earful.toml]",
)
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The store, whatever the config says.",
)
@click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for everything.")
@click.version_option(__version__, prog_name="earful")
@click.pass_context
def cli(context: click.Context, config: Path | None, db: Path | None, verbose: int) -> None:
    """Listen to what the public says of a brand, and see that somebody acts on it."""
    if context.obj is None:
        context.obj = App(config=config, db=db, verbose=verbose)
    context.obj.log_to_stderr()


@cli.result_callback()
@click.pass_context
def leave_with(context: click.Context, code: object, /, **_: object) -> None:
    """Leave with the code that a command returns, however the command line was called."""
    context.exit(code if isinstance(code, int) else 0)


for command in (
    *(init, check, run, demo, serve, mcp),
    *(crawl, import_, sources),
    *(process, classify, evaluate, train),
    *(compare, advocates, kudos),
    *(status, search, topics, report, export),
    *(case, correct, relevance, alerts),
    *(forget, backup, restore),
):
    cli.add_command(command)


def main() -> None:
    """Run a command; an error is one line on stderr, never a traceback of ours."""
    if sys.stdout is None:  # closed before we began: `earful … >&-`
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except EarfulError as error:
        click.echo(f"earful: {PROCESS.text(' '.join(str(error).split()))}", err=True)
        code = error.exit_code
    except ReaderLeftError:
        code = 0
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python's own flush at its exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
