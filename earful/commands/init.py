"""`earful init`: a commented config and a Slack app manifest to begin with."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import click

from config.errors import InputError

MANIFEST = "slack-manifest.json"


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path())
def init(directory: Path) -> int:
    """Write a commented earful.toml and a Slack app manifest.

    Both go into DIRECTORY, or into this folder if you name none.
    """
    from alerts.slack.manifest import manifest

    config = directory / "earful.toml"
    wanted = {
        config: resources.files("config").joinpath("earful.toml").read_text(encoding="utf-8"),
        directory / MANIFEST: json.dumps(manifest(), indent=2) + "\n",
    }
    for path in wanted:
        if path.exists():
            raise InputError(f"{path}: exists already: move it away first, or name another folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, content in wanted.items():
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error.strerror}") from error
    click.echo(f"wrote {config} and {directory / MANIFEST}")
    click.echo("next: name your brand in earful.toml, then run `earful check` and `earful run`")
    return 0
