"""`earful backup`: a copy of the store, verified."""

from __future__ import annotations

from pathlib import Path

import click

from config.errors import InputError
from earful.app import App, utc_now


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="FILE is a folder: name the backup by the moment, and keep the newest N there.",
)
@click.pass_obj
def backup(app: App, file: Path, keep: int | None) -> int:
    """Copy the store to FILE, even while it is in use, and verify it.

    A backup that is at FILE already is replaced once the new one is verified; any other file there
    is left alone. Only its owner may read a backup.

    `earful backup /backups --keep 7` fits into a timer: it removes the eighth.
    """
    from earful.answering_for import note
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    if keep is not None and not file.is_dir():
        raise InputError(f"{file}: no such folder: --keep needs one: make it, or leave --keep out")
    removed: list[Path] = []
    with app.open_store() as store:
        if keep is None:
            size = store.upkeep.backup(file)
        else:
            file, size, removed = store.upkeep.backup_into(file, keep, utc_now())
        note(store, Act.EXPORTED, "all of it, as a backup", utc_now())
        store.written_files.add(WrittenFile(path=file, kind="backup", at=utc_now()))
        store.written_files.remove(removed)
    click.echo(f"{file}: {size:,} bytes, verified")
    for path in removed:
        click.echo(f"{path}: removed, {keep} newer ones are there")
    return 0
