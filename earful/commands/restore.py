"""`earful restore`: a backup takes the place of the store."""

from __future__ import annotations

from pathlib import Path

import click
from filelock import Timeout

from config.errors import EarfulError
from earful.app import App, utc_now


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--force",
    is_flag=True,
    help="Even while other processes have the store open; never while a daemon runs.",
)
@click.pass_obj
def restore(app: App, file: Path, force: bool) -> int:
    """Replace the store with the backup FILE.

    This Earful or an older one made it. The old store stays beside it, as `….before-restore`; what
    is wrong with it does not matter.
    What was sent since the backup was made is not sent again.
    """
    from earful.forgetting import forget_again
    from earful.process_locks import lock_for_daemon, lock_for_delivery
    from storage.backups import restore as put_back
    from storage.tables.written_files import WrittenFile

    path = app.store_path
    try:
        with lock_for_daemon(path), lock_for_delivery(path):
            done = put_back(file, path, at=utc_now(), force=force)
    except Timeout as error:
        sending = str(error.lock_file).endswith(".deliver.lock")
        raise EarfulError(
            f"{path}: another process is sending its alerts: wait for its end, then restore again"
            if sending
            else f"{path}: a daemon is working on it: stop `earful run` first"
        ) from None
    click.echo(f"{path}: restored from {file}")
    with app.open_store() as store:
        again = forget_again(store)
        if done.aside is not None:
            # Who is forgotten from now on stands in the old store still.
            store.written_files.add(WrittenFile(path=done.aside, kind="backup", at=utc_now()))
    if again:
        click.echo(f"mentions that had been forgotten since, and are erased again: {again:,}")
    if done.aside is not None:
        click.echo(f"{done.aside}: the store from before")
    if done.sent:
        click.echo(f"{done.sent:,} alerts went out after that backup: they stay as sent")
    if done.doubted:
        click.echo(
            f"{done.doubted:,} alerts may have gone out after that backup: Earful looks for each "
            "in Slack before it sends it"
        )
    return 0
