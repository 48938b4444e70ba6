"""The plainer form of a message whose builder raised: no message is lost for its looks.

`plainly` stands on every builder. What it gives is safe by construction, whatever it is told: a
short plain text, in which Slack formats, links and draws nothing. Its payload says `plain` and
for what `reason`, which the outbox writes down for ops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec

from slack_sdk.models.blocks import Block

from alerts.messages.catalogue import _, in_its_language, later
from alerts.messages.places import Places
from storage.models import CaseFile, CaseState, Mention, Voice

P = ParamSpec("P")

_ENDS = {
    CaseState.RESPONDED: later("responded"),
    CaseState.CLOSED: later("closed"),
    CaseState.DISMISSED: later("dismissed"),
}

_MAX_NAME = 80
_MAX_WORDS = 160
_MAX_ID = 120
_MAX_LINK = 1500
_MAX_REASON = 300
# No name, no mark and no entity is left that Slack could read as more than its letters.
_SAFE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ", ":": "∶"}
)


def plainly(
    title: str,
    *,
    buttons: Callable[[CaseFile], Sequence[Block]] | None = None,
    keep: Callable[..., Mapping[str, Any]] | None = None,
) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, dict[str, Any]]]:
    """Let a builder that raises give the plainer form instead.

    `title` names the message; `buttons` makes what a case cannot be worked without; `keep` makes,
    of the builder's arguments, what the payload must carry besides its looks.
    """

    def around(build: Callable[P, dict[str, Any]]) -> Callable[P, dict[str, Any]]:
        @in_its_language
        @wraps(build)
        def safely(*args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
            try:
                return build(*args, **kwargs)
            except Exception as error:
                form = plain_form(_(title), (*args, *kwargs.values()), error, buttons)
                return form | dict(keep(*args, **kwargs) if keep else {})

        return safely

    return around


def plain_form(
    title: str,
    given: tuple[object, ...],
    error: Exception,
    buttons: Callable[[CaseFile], Sequence[Block]] | None = None,
) -> dict[str, Any]:
    """Tell who said what and where to see it, out of what a builder was `given`."""
    file = next((one for one in given if isinstance(one, CaseFile)), None)
    mention = next(filter(None, map(_mention_of, given)), None)
    if mention is not None:
        places = next((one for one in given if isinstance(one, Places)), Places())
        lines = [*_about(title, mention, places, file), *_where_to_see(mention, file)]
        link = _whole_link(mention)
    else:
        brand = _brand_of(given)
        lines = [f"{title}: {brand}.", _("The dashboards (`earful serve`) show it.")]
        link = []
    lines.append(_("(This message is plain: Earful could not build its usual form.)"))
    blocks: list[dict[str, Any]] = [
        {
            "type": "section",
            "block_id": "plain",
            "text": {"type": "plain_text", "text": "\n".join([*lines, *link]), "emoji": False},
        }
    ]
    if file is not None and buttons is not None:
        # They may have been what raised: then the command line works the case.
        with suppress(Exception):
            blocks += [row.to_dict() for row in buttons(file)]
    reason = bare(f"{type(error).__name__}: {error}", _MAX_REASON)
    return {
        "text": " ".join(lines).translate(_SAFE),
        "blocks": blocks,
        "plain": True,
        "reason": f"{title}: {reason}",
    }


def bare(value: object, limit: int) -> str:
    """Give the first `limit` characters in one line, with a blank for what cannot be printed."""
    text = "".join(char if char.isprintable() else " " for char in str(value or "")[:limit])
    return " ".join(text.split())


def _mention_of(one: object) -> Mention | None:
    if isinstance(one, Mention):
        return one
    return one.mention if isinstance(one, Voice | CaseFile) else None


def _brand_of(given: tuple[object, ...]) -> str:
    names = (one if isinstance(one, str) else getattr(one, "brand", None) for one in given)
    return next((brand for name in names if (brand := bare(name, _MAX_NAME))), _("every brand"))


def _about(title: str, mention: Mention, places: Places, file: CaseFile | None) -> list[str]:
    who = bare(mention.author, _MAX_NAME) or _("somebody unnamed")
    words = bare(mention.own_title, _MAX_WORDS) or bare(mention.text, _MAX_WORDS)
    lines = [
        f"{title}: {bare(mention.brand, _MAX_NAME)}.",
        f"{who} {places.at(str(mention.source), bare)}: {words or _('no words')}",
    ]
    if file is not None:
        lines.append(_standing(file))
    return lines


def _standing(file: CaseFile) -> str:
    case = file.case
    by, due = bare(case.claimed_by, _MAX_NAME), f"{case.due_at:%Y-%m-%d %H:%M} UTC"
    match case.state:
        case CaseState.OPEN if by:
            return _("The case is open by {by}, answer by {due}.", by=by, due=due)
        case CaseState.OPEN:
            return _("The case is open, answer by {due}.", due=due)
        case CaseState.CLAIMED if by:
            return _("The case is claimed by {by}, answer by {due}.", by=by, due=due)
        case CaseState.CLAIMED:
            return _("The case is claimed, answer by {due}.", due=due)
        case ended if by:
            return _("The case is {state} by {by}.", state=_(_ENDS[ended]), by=by)
        case ended:
            return _("The case is {state}.", state=_(_ENDS[ended]))


def _where_to_see(mention: Mention, file: CaseFile | None) -> list[str]:
    mention_id = bare(mention.id, _MAX_ID)
    if file is not None:
        return [_("See `earful case show {id}`.", id=mention_id)]
    return [_("See mention {id} in the dashboards (`earful serve`).", id=mention_id)]


def _whole_link(mention: Mention) -> list[str]:
    url = str(mention.url or "")
    is_simple = url.isascii() and url.isprintable() and " " not in url
    is_web = url.startswith(("https://", "http://"))
    return [url] if is_simple and is_web and len(url) <= _MAX_LINK else []
