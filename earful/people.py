"""Who is meant by a name or by a Slack user's id."""

from __future__ import annotations

import re

from config.settings import Settings
from earful.case_acts import Actor
from storage.store import Store

_USER_ID = re.compile(r"[UW][A-Z0-9]{6,20}")


def person(store: Store, settings: Settings, called: str) -> Actor:
    """Give the person called so: by a Slack user's id (also `@U…`, `<@U…>`), or by a name.

    What is not said comes from the config's staff and rotas, or from what they did to cases
    before. Whom none knows by name is called by the id: Slack shows their name all the same.
    """
    bare = called.strip().strip("<>").removeprefix("@")
    staff = {one.slack: one.name for rota in settings.on_call for one in rota.people}
    staff |= {one.slack: one.name for brand in settings.brands for one in brand.staff if one.slack}
    if _USER_ID.fullmatch(bare):
        return Actor(store.cases.name_of(bare) or staff.get(bare) or bare, bare)
    ids = {name.casefold(): user_id for user_id, name in staff.items()}
    known = store.cases.user_id_of(bare) or ids.get(bare.casefold())
    return Actor(bare, known)
