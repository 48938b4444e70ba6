"""The message that comes with the report of a week. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from alerts.decide.stats import Rate
from alerts.messages.blocks import context, facts, header, payload, section
from alerts.messages.catalogue import _, n_, written
from alerts.messages.notices import metric_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import day, line, link, percentage


@dataclass(frozen=True, kw_only=True)
class ReportNumbers:
    """What the message says of a report: its days, both included, and its first figures.

    `before` are the rates of as many days before; `rates` are by the names of metrics.
    """

    brand: str
    first: date
    last: date
    mentions: int
    rates: dict[str, Rate]
    before: dict[str, Rate]
    open_cases: int
    overdue_cases: int


@plainly("The report of the week")
def report_notice(numbers: ReportNumbers, places: Places, *, attached: bool) -> dict[str, Any]:
    """Say what the report begins with, and where it is: `attached`, or in the thread."""
    told = {
        "brand": line(numbers.brand, 80),
        "first": day(numbers.first),
        "last": day(numbers.last),
    }
    title = _("{brand}: report of {first} to {last}", **told)
    where = _("The report is attached.") if attached else _("The report is in the thread.")
    rows = [_row(name, rate, numbers.before[name]) for name, rate in numbers.rates.items()]
    waiting = _(
        "{open} open, {overdue} overdue",
        open=written(numbers.open_cases),
        overdue=written(numbers.overdue_cases),
    )
    shown = link(places.links.home(), _("Open the dashboards"))
    mentions = n_("{n} mention", "{n} mentions", numbers.mentions)
    return payload(
        f"{title}. {where}",
        [
            header(_("{brand}: report of {first} to {last}", **{**told, "brand": numbers.brand})),
            section("\n".join([f"*{mentions}*", *(f"• {row}" for row in rows if row)]), "rates"),
            facts([(_("Waiting now"), waiting)], "cases"),
            context([where, *([shown] if shown.startswith("<") else [])], "small_print"),
        ],
    )


def _row(name: str, now: Rate, before: Rate) -> str:
    if now.value is None:
        return ""
    title = metric_name(name)
    told = {
        "metric": title[:1].upper() + title[1:],
        "after": percentage(now.value),
        "told": written(now.total),
    }
    if before.value is None:
        return _("{metric}: *{after}* (in {told} mentions)", **told)
    return _(
        "{metric}: *{after}* (in {told} mentions), {before} before (in {told_before})",
        before=percentage(before.value),
        told_before=written(before.total),
        **told,
    )
