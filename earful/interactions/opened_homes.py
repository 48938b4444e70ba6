"""The app's Home: whoever opened it sees their cases and the team's as they are."""

from __future__ import annotations

from alerts.messages.home_page import MINE, TEAM, home
from alerts.messages.views import View
from alerts.slack.interactions import HomeOpened
from earful.interactions.desk import Desk
from earful.policies import places_of
from storage.models import CaseList


def remember(desk: Desk, event: HomeOpened) -> None:
    """Write that somebody opened their Home: from now on it is kept up to date."""
    desk.store.slack_homes.opened(event.user_id, desk.now())


def home_of(desk: Desk, user_id: str, workspace: str) -> View | None:
    """Build the Home of somebody as it is now; None for those who never opened it."""
    if not desk.store.slack_homes.is_open(user_id):
        return None
    lists, now = desk.store.waiting_cases, desk.now()
    return home(
        lists.page(CaseList.MINE, user_id, now, limit=MINE),
        lists.page(CaseList.TEAM, user_id, now, limit=TEAM),
        lists.counts(user_id, now),
        now,
        places_of(desk.settings),
        workspace,
    )
