"""One made-up example of each thing that `/earful`, the Home and the shortcut show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.decide.on_call import Duty, OnCallPerson
from alerts.messages import home_page, make_case_form, work_lists
from alerts.messages.page_links import Links
from alerts.messages.work_lists import Asked
from earful.policies import source_places
from storage.models import Case, CaseCounts, CaseList, CaseState, ListedCase, Mention

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WORKSPACE = "https://fake.slack.example/"
PLACES = replace(source_places(), links=Links("https://earful.example"))


def listed(number: int, state: CaseState = CaseState.OPEN, **changes: Any) -> ListedCase:
    """Make a case for a list; `changes` are its mention's."""
    fields: dict[str, Any] = {
        "brand": "Acme Air",
        "source": "appstore",
        "native_id": str(10_000 + number),
        "url": f"https://apps.example/reviews/{number}",
        "author": "Petra N.",
        "title": "Stranded twice & nobody answers",
        "text": "Second cancelled flight in a month, and no refund <yet>.",
        "rating": 1.0,
        "rating_max": 5.0,
        "created_at": NOW - timedelta(hours=2),
        "fetched_at": NOW,
    }
    mention = Mention(**(fields | changes))
    case = Case(
        id=number,
        mention_id=mention.id,
        brand=mention.brand,
        state=state,
        opened_at=NOW - timedelta(hours=2),
        due_at=NOW + timedelta(hours=2 * number - 4),
        claimed_by="dana" if state is CaseState.CLAIMED else None,
        claimed_by_id="U0DANA" if state is CaseState.CLAIMED else None,
    )
    ts = f"179000000{number % 10}.000100"
    return ListedCase(case=case, mention=mention, slack_channel="C00000001", slack_ts=ts)


def _page() -> list[ListedCase]:
    return [
        listed(1),
        listed(7, CaseState.CLAIMED, source="trustpilot", author=None, rating=None),
        replace(listed(12, title=None, text="", url=None), slack_channel=None, slack_ts=None),
    ]


def _list() -> dict[str, Any]:
    asked = Asked(which=CaseList.OPEN, offset=10)
    return work_lists.case_list(asked, _page(), 25, NOW, PLACES, WORKSPACE)


def _list_empty() -> dict[str, Any]:
    asked = Asked(which=CaseList.MINE, brand="Acme Air")
    return work_lists.case_list(asked, [], 0, NOW, PLACES, WORKSPACE)


def _search() -> dict[str, Any]:
    answered = listed(3, CaseState.RESPONDED)
    found = [(answered.mention, answered), (listed(4).mention, None)]
    asked = Asked(words="refund OR <!channel>")
    return work_lists.search_list(asked, found, True, NOW, PLACES, WORKSPACE)


def _search_empty() -> dict[str, Any]:
    return work_lists.search_list(Asked(words="xyzzy"), [], False, NOW, PLACES, WORKSPACE)


def _help() -> dict[str, Any]:
    return work_lists.work_help("opne", ["Acme Air", "Bolt & Co"])


def _on_call() -> dict[str, Any]:
    dana, lee = OnCallPerson("Dana", "U0DANA"), OnCallPerson("Lee", "U0LEE")
    until = NOW + timedelta(days=3)
    return work_lists.on_call(
        [
            (None, Duty(dana, until, lee)),
            ("#voice-complaints", Duty(lee, until, None)),
            ("Acme Air", Duty(lee, None, None)),
            ("Bolt & Co", None),
        ]
    )


def _unknown_brand() -> dict[str, Any]:
    return work_lists.unknown_brand("acne", ["Acme Air", "Bolt & Co"])


def _shown() -> dict[str, Any]:
    from tests.alerts.examples import a_file

    return work_lists.shown_case(a_file(CaseState.OPEN), PLACES)


def _made() -> dict[str, Any]:
    return make_case_form.case_made(listed(12).case, True, "#voice-complaints")


def _made_before() -> dict[str, Any]:
    return make_case_form.case_made(listed(12).case, False, "#voice-complaints")


def home() -> dict[str, Any]:
    counts = CaseCounts(mine=17, open=40, unclaimed=20, overdue=1)
    mine = [listed(7, CaseState.CLAIMED)]
    return home_page.home(mine, [listed(1), listed(12)], counts, NOW, PLACES, WORKSPACE)


def home_empty() -> dict[str, Any]:
    return home_page.home([], [], CaseCounts(), NOW, source_places(), "")


def make_case() -> dict[str, Any]:
    brands = [("Acme Air", "Acme Air"), ("Bolt & Co", "Bolt & Co")]
    words = "A customer rang: her bag is lost since Monday & nobody calls back."
    link = f"{WORKSPACE}archives/C0ELSE/p1790000000000100"
    return make_case_form.make_case_form(brands, words, link, "[]")


EXAMPLES: dict[str, Callable[[], dict[str, Any]]] = {
    "work_list": _list,
    "work_list_empty": _list_empty,
    "work_search": _search,
    "work_search_empty": _search_empty,
    "work_help": _help,
    "work_on_call": _on_call,
    "work_nobody_on_call": lambda: work_lists.on_call([]),
    "work_unknown_brand": _unknown_brand,
    "work_shown_case": _shown,
    "case_made": _made,
    "case_made_before": _made_before,
}
