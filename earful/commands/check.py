"""Commands to begin with: init and check."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import click

from config.errors import InputError
from earful.app import App

MANIFEST = "slack-manifest.json"


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
def init(directory: Path) -> int:
    """Write a commented earful.toml and a Slack app manifest.

    They go into DIRECTORY, or here.
    """
    from alerts.slack.manifest import manifest

    config = directory / "earful.toml"
    wanted = {
        config: resources.files("config").joinpath("earful.toml").read_text(encoding="utf-8"),
        directory / MANIFEST: json.dumps(manifest(), indent=2) + "\n",
    }
    for path in wanted:
        if path.exists():
            raise InputError(f"{path}: is there already: move it away first, or choose a folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, content in wanted.items():
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error.strerror}") from error
    click.echo(f"wrote {config} and {directory / MANIFEST}")
    click.echo("next: name your brand in it, then `earful check` and `earful run`")
    return 0


@click.command()
@click.option("--offline", is_flag=True, help="Ask neither Slack nor the sources.")
@click.option(
    "--explain", is_flag=True,
    help="Tell for each source's newest entries which clauses of the query they hold.",
)  # fmt: skip
@click.pass_obj
def check(app: App, offline: bool, explain: bool) -> int:
    """Check config, secrets, channels, and one request a source.

    Changes nothing; exits 1 when something would not work.
    """
    from earful.checking import findings

    wrong = 0
    app.require_brands()
    for finding in findings(app, offline=offline, explain=explain):
        wrong += not finding.good
        click.echo(f"{'ok  ' if finding.good else 'FAIL'}  {finding.subject}: {finding.told}")
        for line in finding.details:
            click.echo(f"      {line}")
    return 1 if wrong else 0


COMMANDS: list[click.Command] = [init, check]
