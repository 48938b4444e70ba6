"""What advocates need from us today, and who of them has gone quiet: a list that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from alerts.messages.blocks import bulleted, context, header, payload
from alerts.messages.catalogue import _, later, n_, written
from alerts.messages.digest_rows import author_of
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import day, line
from alerts.messages.voice_cards import read_link
from storage.models import AdvocateNeed, Mention, Need, QuietAdvocate

_SHOWN = 12
_MAX_LINK = 500
_NEEDS = {
    Need.COMPLAINT: later("{author} has a complaint: {words}"),
    Need.QUESTION: later("{author} has a question: {words}"),
    Need.WISH: later("{author} has a wish: {words}"),
    Need.LACK: later("{author} misses something: {words}"),
}


@dataclass(frozen=True, kw_only=True)
class AdvocatesToday:
    """The list of a day: the one thing that each advocate needs, the first thing first."""

    brand: str
    day: date
    needs: tuple[AdvocateNeed, ...] = ()
    quiet: tuple[QuietAdvocate, ...] = field(default_factory=tuple)


@plainly("What your advocates need today")
def advocates_today(listed: AdvocatesToday, places: Places) -> dict[str, Any]:
    """Build the day's list; a long one is cut, and says so."""
    message = payload(
        n_(
            "{n} advocate of {brand} needs something from you.",
            "{n} advocates of {brand} need something from you.",
            len(listed.needs),
            brand=line(listed.brand, 80),
        ),
        [
            header(_("What the advocates of {brand} need today", brand=listed.brand)),
            bulleted(
                _("The one thing each"),
                [need_row(one, places) for one in listed.needs],
                "needs",
                _SHOWN,
            ),
            bulleted(
                _("Advocates gone quiet, for longer than their own rhythm explains"),
                [quiet_row(one) for one in listed.quiet],
                "quiet",
                _SHOWN,
            ),
            context([day(listed.day), _("`earful advocates` shows all of it")], "small_print"),
        ],
    )
    return quoting(message, _quoted(listed, places))


def need_row(one: AdvocateNeed, places: Places) -> str:
    """Say who needs what, in a sentence of theirs."""
    link = read_link(one.mention, places, False, _MAX_LINK)
    said = _(
        _NEEDS[one.need],
        author=author_of(one.mention, 60),
        words=f"“{line(one.sentence, 160)}”",
    )
    return f"{said} · {link}"


def quiet_row(one: QuietAdvocate) -> str:
    """Say since when somebody is silent, and how often they spoke before."""
    return _(
        "{author}, silent for {silent} days; spoke every {usual} days before",
        author=author_of(one.last, 60),
        silent=written(round(one.silent_days)),
        usual=written(max(1, round(one.usual_days))),
    )


def _quoted(listed: AdvocatesToday, places: Places) -> Iterator[tuple[Mention, str]]:
    for need in listed.needs:
        yield need.mention, need_row(need, places)
    for quiet in listed.quiet:
        yield quiet.last, quiet_row(quiet)
