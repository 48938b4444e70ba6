"""“Make this a case” in a message's menu: a modal, and the mention and the case it makes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from alerts.messages.catalogue import _
from alerts.messages.make_case_form import MADE, case_made, make_case_form
from alerts.slack.interactions import Answer, Shortcut, Submission
from alerts.slack.manifest import MAKE_CASE
from earful.interactions.desk import Desk, OnShortcut, OnSubmission, actor_of, not_ours
from earful.making_cases import make_case
from earful.policies import SLACK_SOURCE
from storage.models import Mention

_MAX_OPTION = 150


def _ask(desk: Desk, shortcut: Shortcut) -> Answer:
    names = [brand.name for brand in desk.settings.own_brands]
    if not names:
        return Answer.of(_("The config names no brand of your own: a case needs one."))
    if not shortcut.message_ts:
        return Answer.of(_("A case is made of a message: open the menu of one."))
    value = json.dumps([shortcut.channel_id, shortcut.message_ts, shortcut.permalink])
    brands = [(name, name[:_MAX_OPTION]) for name in names]
    form = make_case_form(brands, shortcut.message_text, shortcut.permalink, value)
    return Answer(modal=form)


def _message_of(sent: Submission) -> tuple[str, str, str | None]:
    """Read which message a case is made of: its channel, its moment in Slack, and its link."""
    try:
        channel, ts, permalink = json.loads(sent.value)
        datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise not_ours() from None
    return str(channel), str(ts), permalink if isinstance(permalink, str) else None


def _make(desk: Desk, sent: Submission) -> Answer:
    channel, ts, permalink = _message_of(sent)
    fields = {name: given for name, given in sent.fields.items() if isinstance(given, str)}
    chosen = fields.get("brand", "")
    brand = next((b.name for b in desk.settings.brands if b.name[:_MAX_OPTION] == chosen), None)
    if brand is None:
        return Answer(errors={"brand": _("The config names this brand no more: choose another.")})
    if brand in desk.settings.competitors:
        competitor = _("{brand} is a competitor: choose a brand of your own.", brand=brand)
        return Answer(errors={"brand": competitor})
    if not fields.get("words", "").strip():
        return Answer(errors={"words": _("Say what the customer said: a case needs words.")})
    now, stars = desk.now(), fields.get("stars")
    mention = Mention(
        brand=brand,
        source=SLACK_SOURCE,
        native_id=f"{channel}/{ts}",
        url=permalink,
        title=fields.get("where", "").strip() or None,
        text=fields["words"].strip(),
        author=fields.get("author", "").strip() or None,
        rating=float(stars) if stars else None,
        rating_max=5.0 if stars else None,
        created_at=min(datetime.fromtimestamp(float(ts), UTC), now),
        fetched_at=now,
    )
    made = make_case(desk.store, desk.policies, mention, actor_of(sent), now, click=sent.key)
    return Answer(payload=case_made(made.case, made.new, made.channel))


SHORTCUTS: dict[str, OnShortcut] = {MAKE_CASE: _ask}
SUBMISSIONS: dict[str, OnSubmission] = {MADE: _make}
