"""Made-up messages about versions, advocates and competitors, for the examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alerts import messages
from alerts.messages import Places
from alerts.messages.advocate_notices import AdvocatesToday
from storage.models import AdvocateNeed, Mention, Need, QuietAdvocate, VersionLook

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WORSE = VersionLook(
    brand="Acme Air", version="5.2.0", metric="complaint_rate", first_day=date(2026, 11, 21),
    part_before=61, told_before=512, part=34, told=80, strata=3, difference=0.29, low=0.18,
    high=0.4, p_value=0.00001, looks=3, direction="worse",
)  # fmt: skip
LESS = replace(
    WORSE, metric="wow_rate", part_before=180, told_before=512, part=14, difference=-0.17
)
BETTER = replace(
    WORSE, version="5.2.1", metric="wow_rate", part=41, told=88, difference=0.12,
    direction="better",
)  # fmt: skip


def said(author: str | None, text: str, **more: Any) -> Mention:
    values: dict[str, Any] = {
        "brand": "Acme Air",
        "source": "hackernews",
        "native_id": author or "1",
        "url": "https://news.example/item?id=1&p=2",
        "text": text,
        "author": author,
        "author_native_id": author,
        "created_at": NOW - timedelta(days=1),
        "fetched_at": NOW,
    }
    return Mention(**(values | more))


NEEDS = (
    AdvocateNeed(
        mention=said("Hal <b>", "Never again & never more, they lost my dog!"),
        need=Need.COMPLAINT,
        sentence="Never again & never more, they lost my dog!",
    ),
    AdvocateNeed(
        mention=said("Ana", "Will you fly to Oslo again?", url=None),
        need=Need.QUESTION,
        sentence="Will you fly to Oslo again?",
    ),
    AdvocateNeed(
        mention=said(None, "I wish the app had a dark mode."),
        need=Need.WISH,
        sentence="I wish the app had a dark mode.",
    ),
    AdvocateNeed(
        mention=said("Dee", "Fine, but the coffee was cold."),
        need=Need.LACK,
        sentence="Fine, but the coffee was cold.",
    ),
)
QUIET = QuietAdvocate(
    last=said("Wim", "Fly with them!"),
    advocate_since=NOW - timedelta(days=300),
    days_spoken=11,
    usual_days=7.2,
    silent_days=61.0,
    limit_days=41.0,
)


def examples(places: Places) -> dict[str, Callable[[], dict[str, Any]]]:
    """Give the messages by name; `places` names the sources in them."""
    listed = AdvocatesToday(brand="Acme Air", day=date(2026, 11, 24), needs=NEEDS, quiet=(QUIET,))
    return {
        "worse_version": lambda: messages.worse_version("Acme Air", [WORSE, LESS]),
        "advocates_today": lambda: messages.advocates_today(listed, places),
        "competitor_now": lambda: messages.competitor_now("Rival Air", 3, 1),
        "competitor_no_more": lambda: messages.competitor_no_more("Rival Air"),
    }
