"""`earful restore`: a backup takes the place of the store."""

from __future__ import annotations

from pathlib import Path

import click
from filelock import Timeout

from config.errors import EarfulError
from earful.app import App


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def restore(app: App, file: Path) -> int:
    """Replace the store with the backup FILE.

    The old store stays beside it, as `….before-restore`.
    """
    from earful.process_locks import lock_for_daemon
    from storage.tables.upkeep import restore as put_back

    try:
        with lock_for_daemon(app.store_path):
            put_back(file, app.store_path)
    except Timeout:
        raise EarfulError(
            f"{app.store_path}: a daemon is working on it: stop `earful run` first"
        ) from None
    click.echo(f"{app.store_path}: restored from {file}")
    return 0
