"""`earful backup`: a copy of the store, verified."""

from __future__ import annotations

from pathlib import Path

import click

from earful.app import App


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(app: App, file: Path) -> int:
    """Copy the store to FILE, even while it is in use, and verify it."""
    with app.open_store() as store:
        size = store.upkeep.backup(file)
    click.echo(f"{file}: {size:,} bytes, verified")
    return 0
