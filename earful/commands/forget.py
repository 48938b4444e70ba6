"""`earful forget`: erase an author's data, or what is old or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.errors import InputError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from storage.store import Store


@click.command()
@click.option(
    "--author",
    help="Erase all of this author; an id such as `reddit:/u/sam`, as in `authors`.",
)
@click.option(
    "--older-than", metavar="AGE", help="Erase all mentions older than this, such as `365d`."
)
@click.option(
    "--deleted", is_flag=True, help="Erase all mentions that were deleted at their sources."
)
@click.option(
    "--block",
    is_flag=True,
    help="With --author: keep out what they write from now on, too.",
)
@click.option(
    "--unblock",
    is_flag=True,
    help="With --author: erase nothing; let in again what they write from now on.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(
    app: App,
    author: str | None,
    older_than: str | None,
    deleted: bool,
    block: bool,
    unblock: bool,
    yes: bool,
) -> int:
    """Erase an author's data, or old or deleted mentions.

    A mention is deleted if its source says that its author took it back.

    What was erased stays out, whichever crawl or import brings it again; the daily counts stay as
    they are. What an author writes later is gathered again, unless you block them.

    Messages in Slack that quote them lose the quote within a minute, if the daemon runs, or at
    the next `earful process`. What was erased for its age stays in Slack.

    You cannot undo this: if in doubt, make a `backup` first.
    """
    from config.settings import parse_duration
    from earful.forgetting import forget_author, forget_deleted

    if (author is not None) + (older_than is not None) + deleted != 1:
        raise click.UsageError("give one of --author, --older-than and --deleted")
    if (block or unblock) and author is None:
        raise click.UsageError("--block and --unblock go with --author")
    if block and unblock:
        raise click.UsageError("give one of --block and --unblock")
    with app.open_store() as store:
        if unblock:
            assert author is not None
            return _unblock(store, author)
        if not yes:
            what = "deleted at their sources" if deleted else f"older than {older_than}"
            all_of = f"data of {author}" if author else f"mentions {what}"
            click.confirm(f"Erase all {all_of}?", abort=True)
        if author is not None:
            if block:
                store.tombstones.block(author)
            erased = forget_author(store, author)
            if not erased and not block:
                raise InputError(f"--author: {author!r} has no mentions: see the table `authors`")
        elif deleted:
            erased = forget_deleted(store, utc_now())
        else:
            try:
                age = parse_duration(older_than)
            except ValueError as error:
                raise InputError(f"--older-than: {older_than!r}: {error}") from None
            erased = store.upkeep.forget_older(utc_now() - age)
    click.echo(f"erased {erased:,} mentions")
    if block:
        click.echo(f"{author} is blocked: what they write from now on stays out")
    return 0


def _unblock(store: Store, author: str) -> int:
    if not store.tombstones.unblock(author):
        raise InputError(f"--author: {author!r} is not blocked: give the id that was blocked")
    click.echo(f"{author} is blocked no more: what they write from now on is gathered again")
    return 0
