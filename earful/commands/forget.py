"""`earful forget`: erase an author's data, or what is old or deleted."""

from __future__ import annotations

from datetime import timedelta
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
@click.option("--mention", help="Erase one mention; an id such as `reddit:t3_abc`.")
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
    mention: str | None,
    older_than: str | None,
    deleted: bool,
    block: bool,
    unblock: bool,
    yes: bool,
) -> int:
    """Erase an author's data, one mention, or old or deleted mentions.

    A mention is deleted if its source says that its author took it back.

    What was erased stays out, whichever crawl or import brings it again; the daily counts stay as
    they are. What an author writes later is gathered again, unless you block them.

    Messages in Slack that quote them lose the quote within a minute, if the daemon runs, or at
    the next `earful process`. What was erased for its age stays in Slack.

    Then the store's file is written anew, so that no page of it holds an old copy: that takes as
    much free space again as the file has. A report that waits to be sent is made anew before it
    goes. Other files that Earful wrote before, such as reports, exports and backups, still hold
    what they held: those that Earful knows of are listed.

    You cannot undo this: if in doubt, make a `backup` first, and delete it when you are sure.
    """
    from earful.answering_for import copies_beside, files_that_hold, note, told
    from earful.forgetting import forget_author, forget_deleted, forget_mention
    from storage.tables.audit import Act
    from storage.tables.subjects import deleted_by, of_author, of_mention
    from storage.tables.subjects import older_than as older

    if sum(one is not None for one in (author, mention, older_than)) + deleted != 1:
        raise click.UsageError("give one of --author, --mention, --older-than and --deleted")
    if (block or unblock) and author is None:
        raise click.UsageError("--block and --unblock go with --author")
    if block and unblock:
        raise click.UsageError("give one of --block and --unblock")
    with app.open_store() as store:
        if unblock:
            assert author is not None
            return _unblock(store, store.privacy.called(author))
        now = utc_now()
        author = store.privacy.called(author) if author is not None else None
        if not yes:
            what = "deleted at their sources" if deleted else f"older than {older_than}"
            all_of = f"all data of {author}" if author else f"all mentions {what}"
            click.confirm(f"Erase {mention or all_of}?", abort=True)
        # Before they are gone: afterwards nobody knows which files were written of them.
        waiting = [one for one in store.written_files.waiting() if one.path.exists()]
        if author is not None:
            files = files_that_hold(store, of_author(author))
            if block:
                store.tombstones.block(author)
            erased, whose = forget_author(store, author), "of an author"
            if not erased and not block:
                raise InputError(f"--author: {author!r} has no mentions: see the table `authors`")
        elif mention is not None:
            files = files_that_hold(store, of_mention(mention))
            erased, whose = forget_mention(store, mention), "by its id"
            if not erased:
                raise InputError(f"--mention: {mention!r} is not there: see the view `voice`")
        elif deleted:
            files = files_that_hold(store, deleted_by(now))
            erased, whose = forget_deleted(store, now), "deleted at their sources"
        else:
            than = now - _age(older_than)
            files = files_that_hold(store, older(than))
            erased, whose = store.upkeep.forget_older(than), f"older than {older_than}"
        note(store, Act.ERASED, f"{_counted(erased)} {whose}", now)
        store.upkeep.rewrite()
    click.echo(f"erased {_counted(erased)}")
    for written in waiting:
        if not written.path.exists():
            click.echo(f"waits to be sent, and is made anew first: {told(written)}")
    files = [written for written in files if written.path.exists()]
    for written in files:
        click.echo(f"still holds {'it' if erased == 1 else 'them'}: {told(written)}")
    for copy in copies_beside(app.store_path):
        click.echo(f"a copy of the store from before: {copy}")
    if files:
        click.echo("Earful deletes no file of yours: delete or write them anew yourself.")
    if block:
        click.echo(f"{author} is blocked: what they write from now on stays out")
    return 0


def _age(text: str | None) -> timedelta:
    from config.settings import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"--older-than: {text!r}: {error}") from None


def _counted(mentions: int) -> str:
    return "1 mention" if mentions == 1 else f"{mentions:,} mentions"


def _unblock(store: Store, author: str) -> int:
    if not store.tombstones.unblock(author):
        raise InputError(f"--author: {author!r} is not blocked: give the id that was blocked")
    click.echo(f"{author} is blocked no more: what they write from now on is gathered again")
    return 0
