"""The page for the team meeting: who was praised in a month, in which words; for two sheets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from earful.kudos_of_month import Kudos
from earful.policies import source_places

_PEOPLE = 12
_WORDS_EACH = 2
_CUT = 320


def render(found: Kudos, now: datetime) -> str:
    """Write a month's kudos as one HTML file that needs nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("earful"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    places = source_places()
    return environment.get_template("team_meeting.html").render(
        place=lambda source: places.at(source, safe=lambda text, _: text),
        brand=found.brand,
        month=found.month_name,
        nobody=None if found.people else found.why_nobody,
        people=[row | {"quotes": _quotes(found, row["name"])} for row in found.people[:_PEOPLE]],
        more=max(0, len(found.people) - _PEOPLE),
        # Where nobody has a team, there is no contest of one.
        teams=found.teams if any(row["team"] for row in found.people) else (),
        won_back=[row for row in found.won_back if row["kind"] == "person"],
        written=f"{now.astimezone(UTC):%-d %B %Y}",
    )


def _quotes(found: Kudos, name: str) -> list[dict[str, Any]]:
    """Give the surest words about a colleague, each cut to what is read out in a meeting."""
    own = [row for row in found.words if row["name"] == name]
    return [
        row | {"said": _cut(row["text"] or row["title"] or ""), "day": row["day"]}
        for row in own[:_WORDS_EACH]
    ]


def _cut(text: str) -> str:
    if len(text) <= _CUT:
        return text
    shorter = text[:_CUT].rsplit(None, 1)[0]
    return f"{shorter.rstrip()} …"
