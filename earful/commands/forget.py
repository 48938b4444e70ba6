"""Commands that keep the store: forget, backup, restore."""

from __future__ import annotations

from pathlib import Path

import click
from filelock import Timeout

from config.errors import EarfulError, InputError
from earful.app import App, utc_now


@click.command()
@click.option("--author", help="The author's id, such as `reddit:/u/sam` (see `authors`).")
@click.option("--older-than", metavar="AGE", help="All mentions older than this, such as `365d`.")
@click.option("--deleted", is_flag=True, help="All mentions that their sources deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(app: App, author: str | None, older_than: str | None, deleted: bool, yes: bool) -> int:
    """Erase an author's data, or what is old or deleted.

    Deleted is what its source says that its author took back.

    There is no way back; take a `backup` first if in doubt.
    """
    from config.settings import parse_duration

    if (author is not None) + (older_than is not None) + deleted != 1:
        raise click.UsageError("give one of --author, --older-than and --deleted")
    with app.open_store() as store:
        if not yes:
            what = "what was deleted at its source" if deleted else f"all older than {older_than}"
            click.confirm(f"Erase {author or what}?", abort=True)
        if author is not None:
            erased = store.upkeep.forget_author(author)
            if not erased:
                raise InputError(f"--author: {author!r} has no mentions: see the table `authors`")
        elif deleted:
            erased = store.upkeep.forget_deleted(utc_now())
        else:
            try:
                age = parse_duration(older_than)
            except ValueError as error:
                raise InputError(f"--older-than: {older_than!r}: {error}") from None
            erased = store.upkeep.forget_older(utc_now() - age)
    click.echo(f"erased {erased:,} mentions")
    return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(app: App, file: Path) -> int:
    """Copy the store to FILE while it is in use; verify the copy."""
    with app.open_store() as store:
        size = store.upkeep.backup(file)
    click.echo(f"{file}: {size:,} bytes, verified")
    return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def restore(app: App, file: Path) -> int:
    """Put the backup FILE in the place of the store.

    The old store is kept beside it, as `….before-restore`.
    """
    from earful.jobs import lock_for_daemon
    from storage.tables.upkeep import restore as put_back

    try:
        with lock_for_daemon(app.store_path):
            put_back(file, app.store_path)
    except Timeout:
        raise EarfulError(
            f"{app.store_path}: a daemon works on it: stop `earful run` first"
        ) from None
    click.echo(f"{app.store_path}: restored from {file}")
    return 0


COMMANDS: list[click.Command] = [forget, backup, restore]
