"""The app's Home in Slack: one person's cases and the team's, the one due first at the top."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block

from alerts.messages.blocks import actions, button, context, divider, header, section
from alerts.messages.case_rows import case_rows
from alerts.messages.catalogue import _, n_
from alerts.messages.places import Places
from alerts.messages.safe_text import link
from alerts.messages.views import View, home_view, plainly_shown
from alerts.messages.work_lists import Asked
from storage.models import CaseCounts, CaseList, ListedCase

MINE, TEAM = 15, 20
"""So many cases of one person, and so many of the team, have room within Slack's 100 blocks."""

_MAX_LINK = 600


@plainly_shown("")
def home(
    mine: Sequence[ListedCase],
    team: Sequence[ListedCase],
    counts: CaseCounts,
    now: datetime,
    places: Places,
    workspace: str,
) -> View:
    """Build the Home; `team` are cases that are not this person's."""
    numbers = [
        n_("{n} case waits for an answer.", "{n} cases wait for an answer.", counts.open),
        n_("{n} of them yours.", "{n} of them yours.", counts.mine),
        n_("{n} unclaimed.", "{n} unclaimed.", counts.unclaimed),
        n_("{n} overdue.", "{n} overdue.", counts.overdue),
    ]
    ways = [
        link(places.links.cases(), _("The cases in the dashboards"), _MAX_LINK),
        link(places.links.home(), _("All dashboards"), _MAX_LINK),
    ]
    known = [way for way in ways if way.startswith("<")]
    blocks: list[Block | None] = [
        context(numbers, "counts"),
        context(known, "dashboards") if known else None,
        header(_("Your cases"), "mine"),
        *case_rows(mine, now, places, workspace, ""),
        None if mine else section(_("No case of yours waits for an answer."), "none_mine"),
        _more(CaseList.MINE, counts.mine - len(mine)),
        divider("between"),
        header(_("The team's cases"), "team"),
        *case_rows(team, now, places, workspace, ""),
        None if team else section(_("No other case waits for an answer."), "none_team"),
        _more(CaseList.TEAM, counts.open - counts.mine - len(team)),
        context([_("`/earful help` says what else can be asked.")], "small_print"),
    ]
    return home_view(blocks)


def _more(which: CaseList, rest: int) -> Block | None:
    if rest <= 0:
        return None
    label = n_("{n} more case", "{n} more cases", rest)
    value = Asked(which=which, offset=MINE if which is CaseList.MINE else TEAM).written()
    return actions([button(label, "work_page", value)], f"more_{which}")
