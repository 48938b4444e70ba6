"""Every builder of a message, given the worst there is: within Block Kit's limits, links whole."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import messages
from alerts.decide.answer_speed import AnswerSpeed, Speed
from alerts.decide.digest_alerts import chart_alert, digest_alert
from alerts.decide.explanation import Explanation, Facet, Trait
from alerts.decide.on_call import Duty, OnCallPerson
from alerts.decide.policy import Channels, Policy
from alerts.decide.sentence_picks import Pick
from alerts.decide.stats import Rate
from alerts.decide.telling_phrases import Phrase
from alerts.decide.voice_signs import Colleague
from alerts.messages import digest as digests
from alerts.messages.advocate_notices import AdvocatesToday
from alerts.messages.answer_thread import answer_news, draft_decided, draft_request
from alerts.messages.digest import digest
from alerts.messages.digest_chart import Day
from alerts.messages.digest_numbers import (
    CheckpointStanding,
    DigestNumbers,
    OpenCase,
    SourceCoverage,
    SourceTrouble,
)
from alerts.messages.home_page import home
from alerts.messages.make_case_form import case_made, make_case_form
from alerts.messages.report_notices import ReportNumbers, report_notice
from alerts.messages.safe_text import fit, units, web_address
from alerts.messages.speed_notices import answer_speed
from alerts.messages.work_lists import (
    Asked,
    case_list,
    on_call,
    search_list,
    shown_case,
    unknown_brand,
    work_help,
)
from storage.models import (
    AdvocateNeed,
    AlertKind,
    AuthorHistory,
    CaseCounts,
    CaseEventKind,
    CaseFile,
    CaseList,
    CaseMove,
    CaseOutcome,
    CaseState,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    IncidentWork,
    ListedCase,
    Mention,
    Need,
    Reply,
    ReplyState,
    SourceStanding,
    SourceState,
    Verdict,
    Voice,
)
from tests.alerts import people_examples
from tests.alerts.examples import (
    ADVOCATE,
    DUE,
    NEWS_OF_ANSWERS,
    NOW,
    PLACES,
    REPLIED,
    a_file,
    a_reply,
    a_spike,
    a_voice,
    an_incident,
    new_complaint,
)
from tests.alerts.fake_blocks import block_faults, view_faults
from tests.alerts.goals import judged
from tests.alerts.work_examples import PLACES as LINKED
from tests.alerts.work_examples import WORKSPACE

Payload = dict[str, Any]
Builder = Callable[[Voice, str], Payload]

LONGEST = 10_000
PIECES = ["&", "<", ">", "😡", "\u202e", "\u200f", "\ud83d", "a\u0337\u0321\u0356", "é", "*",
          ":tada:", "word ", "\n", "`", "|", "<@U0123ABCD>", "&amp;", "ش", "\x00",
          "漢"]  # fmt: skip
TAILS = ["x", "&", "&a=1", "<", ">", "|", "é", "漢", "😡", "%26", "/", "#", " ", "'"]

# A text of one piece many times, and of many pieces.
texts = st.one_of(
    st.tuples(st.sampled_from(PIECES), st.integers(1, LONGEST)).map(
        lambda told: (told[0] * told[1])[:LONGEST]
    ),
    st.lists(st.sampled_from(PIECES), max_size=40).map(lambda told: "".join(told)),
)
urls = st.one_of(
    st.tuples(st.sampled_from(TAILS), st.sampled_from([60, 1316, 1784, 1800, 1801, 9000])).map(
        lambda told: ("https://shop.example/?" + told[0] * told[1])[: told[1]]
    ),
    st.just("https://shop.example/?" + "&".join(["a=1"] * 200).ljust(1294, "x")),
    st.sampled_from([None, "javascript:alert(1)", "https://", ""]),
)


@st.composite
def voices(draw: st.DrawFn) -> Voice:
    text = draw(texts)
    rating = draw(st.sampled_from([None, 1.0, 1e300, float("nan"), -3.0]))
    history = draw(st.sampled_from([AuthorHistory(), ADVOCATE]))
    return a_voice(
        history=history,
        brand=draw(texts),
        source=draw(st.one_of(st.just("appstore"), texts)),
        native_id=draw(st.one_of(st.just("1"), texts)),
        author=draw(texts),
        title=draw(st.one_of(st.none(), texts)),
        text=text,
        url=draw(urls),
        rating=rating,
        rating_max=draw(st.sampled_from([None, 1.0, 5.0, float("inf")])),
        reach=draw(st.sampled_from([None, 10**30])),
        created_at=draw(
            st.sampled_from([None, NOW, datetime.min.replace(tzinfo=UTC),
                             datetime.max.replace(tzinfo=UTC)])
        ),
    )  # fmt: skip


def a_move(mention: Mention, text: str, event: CaseEventKind) -> CaseMove:
    return CaseMove(
        mention_id=mention.id,
        event=event,
        at=NOW,
        to=CaseState.OPEN,
        actor=text,
        note=text,
        joins=mention.id,
    )


def _staff(text: str) -> tuple[Colleague, ...]:
    return (Colleague(text, "U0123ABCD"),) * 20


def _digest(voice: Voice, text: str) -> DigestNumbers:
    mention = voice.mention
    result = judged(Rate(391, 1100), 0.3)
    return DigestNumbers(
        brand=mention.brand,
        start=NOW - timedelta(days=7),
        end=NOW,
        counts={Experience.ANGRY: 10**12},
        previous={},
        open_cases=10**9,
        best_wow=mention,
        oldest_open=OpenCase(mention=mention, opened_at=NOW, due_at=DUE, claimed_by=text),
        lacks=(Pick(mention, text),) * 3,
        asks=(Pick(mention, text),) * 3,
        coverage=(SourceCoverage(source=text, cases=1, answered=1, median_hours=1e6),) * 20,
        troubles=(SourceTrouble(source=text, state=SourceState.FAILED, reason=text, since=NOW),)
        * 20,
        checkpoints=(CheckpointStanding(metric=text, window=text, result=result),) * 20,
        versions=(replace(people_examples.WORSE, version=text, metric=text),) * 20,
        quiet=(replace(people_examples.QUIET, last=mention),) * 20,
    )


def _answer_speed(voice: Voice, text: str) -> AnswerSpeed:
    time = timedelta(days=10**6)
    speed = Speed(
        taken=10**9, answered=10**9, in_time=10**9,
        fastest=time, median=time, p90=time, slowest=time,
    )  # fmt: skip
    return AnswerSpeed(
        brand=voice.mention.brand,
        start=NOW - timedelta(days=7),
        end=NOW,
        zone=UTC,
        hours=text,
        whole=speed,
        teams=((text, speed),) * 50,
        people=((text, speed),) * 50,
        unnamed=10**9,
    )


def _card(state: CaseState, **more: Any) -> Builder:
    return lambda voice, text: messages.case_card(
        _with(a_file(state, mention=voice.mention, joined=(voice.mention,) * 9, **more), text),
        PLACES,
    )


def _with(file: CaseFile, text: str) -> CaseFile:
    """Let a case be claimed by, and every event be done by, somebody with this name."""
    case = replace(file.case, claimed_by=text, mention_id=file.mention.id)
    return replace(
        file, case=case, events=tuple(replace(event, actor=text) for event in file.events)
    )


def _reply(event: CaseEventKind) -> Builder:
    def build(voice: Voice, text: str) -> Payload:
        mention = voice.mention
        file = a_file(CaseState.CLAIMED, mention=mention, joined=(mention,), answers=2)
        return messages.thread_reply(_with(file, text), a_move(mention, text, event), PLACES)

    return build


def _snoozed_card(voice: Voice, text: str) -> Payload:
    file = _with(a_file(CaseState.CLAIMED, mention=voice.mention, withdrawn=True), text)
    case = replace(file.case, snoozed_until=DUE, snooze_note=text, assigned_by=text)
    return messages.case_card(replace(file, case=case), PLACES)


def _claimed(voice: Voice, text: str) -> CaseFile:
    return _with(a_file(CaseState.CLAIMED, mention=voice.mention), text)


def _source(state: SourceState) -> Builder:
    def build(voice: Voice, text: str) -> Payload:
        target = CrawlTarget(brand=voice.mention.brand, source=voice.mention.source, target=text)
        after = SourceStanding(state=state, since=NOW, reason=text, opens_at=DUE)
        report = CrawlReport(outcome=CrawlOutcome.BROKEN, new=10**9)
        return messages.ops(target, PLACES, after, after, report, NOW)

    return build


def _answer(voice: Voice, text: str, state: ReplyState) -> Reply:
    return a_reply(
        state,
        text=text,
        author=text,
        decided_by=text,
        note=text or None,
        error=text or None,
        url=voice.mention.url,
        sent_at=NOW,
        outdated=True,
    )


def _answered_card(state: ReplyState) -> Builder:
    return lambda voice, text: _card(CaseState.CLAIMED, reply=_answer(voice, text, state))(
        voice, text
    )


def _draft(state: ReplyState) -> Builder:
    def build(voice: Voice, text: str) -> Payload:
        reply = _answer(voice, text, state)
        file = _with(a_file(CaseState.CLAIMED, mention=voice.mention, reply=reply), text)
        if state is ReplyState.WAITING:
            return draft_request(file, PLACES)
        return draft_decided(file, reply, PLACES)

    return build


def _news(event: CaseEventKind) -> Builder:
    def build(voice: Voice, text: str) -> Payload:
        reply = _answer(voice, text, ReplyState.DRAFT)
        file = _with(a_file(CaseState.CLAIMED, mention=voice.mention, reply=reply), text)
        return answer_news(file, a_move(voice.mention, text, event), PLACES)

    return build


PINGS = [f"U0123ABC{number}" for number in range(9)]


def _listed(voice: Voice, text: str) -> list[ListedCase]:
    """List ten cases of a mention, claimed by somebody with this name; all buttons are there."""
    file = _with(a_file(CaseState.CLAIMED, mention=voice.mention), text)
    states = [CaseState.OPEN, CaseState.CLAIMED] * 5
    cases = [replace(file.case, id=n, brand=text, state=one) for n, one in enumerate(states)]
    sent = {"slack_channel": "C0123456789", "slack_ts": "1790000000.000100"}
    return [ListedCase(case=case, mention=voice.mention, **sent) for case in cases]


def _list(voice: Voice, text: str) -> Payload:
    asked = Asked(which=CaseList.OPEN, brand=text, offset=10)
    return case_list(asked, _listed(voice, text), 10**9, NOW, LINKED, WORKSPACE)


def _search(voice: Voice, text: str) -> Payload:
    found = [(voice.mention, one) for one in _listed(voice, text)]
    return search_list(Asked(words=text, offset=10), found, True, NOW, LINKED, WORKSPACE)


def _shown(voice: Voice, text: str) -> Payload:
    return shown_case(_with(a_file(CaseState.OPEN, mention=voice.mention), text), LINKED)


COUNTS = dict.fromkeys(Experience, 10**12)
BUILDERS: dict[str, Builder] = {
    "case_card, new": lambda voice, text: new_complaint(voice, PLACES, DUE, 2),
    "case_card, lost advocate": lambda voice, text: new_complaint(
        voice, PLACES, DUE, kind=AlertKind.LOST_ADVOCATE
    ),
    "answered_advocate": lambda voice, text: messages.answered_advocate(voice, PLACES),
    "wow": lambda voice, text: messages.wow(voice, PLACES, _staff(text)),
    "won_back": lambda voice, text: messages.won_back(voice, PLACES, _staff(text)),
    "shared_quote": lambda voice, text: messages.shared_quote(voice.mention, PLACES),
    "case_card": _card(CaseState.OPEN, answers=2),
    "case_card, claimed": _card(CaseState.CLAIMED, answers=1),
    "case_card, snoozed": _snoozed_card,
    "case_card, responded": _card(CaseState.RESPONDED),
    "case_card, closed": _card(CaseState.CLOSED, outcome=CaseOutcome.WON_BACK),
    **{f"thread_reply, {event}": _reply(event) for event in REPLIED},
    **{f"case_card, answer {state}": _answered_card(state) for state in ReplyState},
    "draft_request": _draft(ReplyState.WAITING),
    **{
        f"draft_decided, {state}": _draft(state)
        for state in (ReplyState.DROPPED, ReplyState.DRAFT, ReplyState.SENDING)
    },
    **{f"answer_news, {event}": _news(event) for event in NEWS_OF_ANSWERS},
    "unclaimed": lambda voice, text: messages.unclaimed(
        _claimed(voice, text), PLACES, NOW, PINGS, text
    ),
    "reminder": lambda voice, text: messages.reminder(_claimed(voice, text), PLACES, NOW),
    "due_soon": lambda voice, text: messages.due_soon(
        _claimed(voice, text), PLACES, NOW, PINGS, text
    ),
    "overdue": lambda voice, text: messages.overdue(
        _claimed(voice, text), PLACES, NOW, PINGS, text
    ),
    "on_card": lambda voice, text: messages.on_card(
        messages.overdue(_claimed(voice, text), PLACES, NOW, PINGS), _claimed(voice, text), PLACES
    ),
    "many_unclaimed": lambda voice, text: messages.many_unclaimed(
        [_claimed(voice, text)] * 40, PLACES, PINGS
    ),
    "many_due": lambda voice, text: messages.many_due(
        [_claimed(voice, text)] * 40, PLACES, PINGS, an_incident(about=text, brand=text)
    ),
    "many_overdue": lambda voice, text: messages.many_overdue(
        [_claimed(voice, text)] * 40, PLACES, PINGS, an_incident(about=text, brand=text)
    ),
    "case_list": _list,
    "search_list": _search,
    "shown_case": _shown,
    "on_call": lambda voice, text: on_call(
        [(text, Duty(OnCallPerson(text, "U0DANA"), NOW, OnCallPerson(text, "U0LEE")))] * 99
    ),
    "work_help": lambda voice, text: work_help(text, [text] * 99),
    "report_notice": lambda voice, text: report_notice(
        ReportNumbers(
            brand=text or "x",
            first=NOW.date(),
            last=NOW.date(),
            mentions=10**12,
            rates={"wow_rate": Rate(10**9, 10**10), "complaint_rate": Rate(0, 0)},
            before={"wow_rate": Rate(0, 0), "complaint_rate": Rate(1, 3)},
            open_cases=10**10,
            overdue_cases=10**9,
        ),
        PLACES,
        attached=True,
    ),
    "unknown_brand": lambda voice, text: unknown_brand(text, [text] * 99),
    "case_made": lambda voice, text: case_made(a_file(CaseState.OPEN).case, True, text),
    "incident": lambda voice, text: messages.incident(
        an_incident(brand=voice.mention.brand, about=text, closed_at=DUE, back_at=DUE),
        _why(voice, text),
        IncidentWork(
            open=10**9, claimed=10**9, answered=10**9, ended=10**9, claimants=(text,) * 9
        ),
        PLACES,
    ),
    "incident_over": lambda voice, text: messages.incident_over(an_incident(brand=text)),
    "incident_back": lambda voice, text: messages.incident_back(an_incident(brand=text)),
    "incident_claimed": lambda voice, text: messages.incident_claimed(text, 10**12),
    "incident_answered": lambda voice, text: messages.incident_answered(text, 10**12),
    "spike": lambda voice, text: messages.spike(
        a_spike(brand=voice.mention.brand, closed_at=DUE, back_at=DUE),
        _why(voice, text),
        PLACES,
        3,
    ),
    "limited": lambda voice, text: messages.limited(text, 10**12, NOW),
    "overdue_count": lambda voice, text: messages.overdue_count(text, 10**12, NOW),
    "leaderboard": lambda voice, text: messages.leaderboard(
        text, "2026-10", [(one, 3) for one in _staff(text)]
    ),
    "backlog": lambda voice, text: messages.backlog(
        text, voice.mention.source, PLACES, COUNTS, NOW, NOW, 1e9
    ),
    "checkpoint": lambda voice, text: messages.checkpoint(
        voice.mention.brand, text, 0.3, 0.4, 0.31, 0.5, 10**12, 0.5, text
    ),
    "checkpoint_lowered": lambda voice, text: messages.checkpoint_lowered(
        voice.mention.brand, text, 0.4, 0.3
    ),
    "ops": _source(SourceState.BROKEN),
    "ops, healed": _source(SourceState.OK),
    "earful_in_trouble": lambda voice, text: messages.earful_in_trouble([text] * 9, NOW),
    "earful_is_well": lambda voice, text: messages.earful_is_well([text] * 9, 10**12, NOW),
    "clock_was_set": lambda voice, text: messages.clock_was_set(DUE - NOW, NOW),
    "earful_was_away": lambda voice, text: messages.earful_was_away(NOW, DUE, died=True),
    "answer_speed": lambda voice, text: answer_speed(_answer_speed(voice, text)),
    "digest": lambda voice, text: digest(_digest(voice, text), PLACES),
    "worse_version": lambda voice, text: messages.worse_version(
        text, [replace(people_examples.WORSE, version=text, told=10**12, told_before=10**12)] * 2
    ),
    "advocates_today": lambda voice, text: messages.advocates_today(
        AdvocatesToday(
            brand=text,
            day=NOW.date(),
            needs=tuple(
                AdvocateNeed(mention=voice.mention, need=need, sentence=text) for need in Need
            )
            * 9,
            quiet=(replace(people_examples.QUIET, last=voice.mention),) * 99,
        ),
        PLACES,
    ),
    "competitor_now": lambda voice, text: messages.competitor_now(text, 10**12, 1),
    "competitor_no_more": lambda voice, text: messages.competitor_no_more(text),
    "erased_author": lambda voice, text: messages.erased_author(),
    "erased_text": lambda voice, text: messages.erased_text(),
}


OURS = ("https://earful.example/", WORKSPACE)
"""Where links to the dashboards and to messages in Slack lead."""


def check(payload: Payload, voice: Voice) -> None:
    """Fail unless Slack takes it, and each link in it is the whole address of the mention."""
    assert not payload.get("plain"), payload["reason"]
    assert_fits(payload)
    shown = str([block for block in payload["blocks"] if block["type"] != "actions"])
    address = web_address(voice.mention.url)
    links = re.findall(r"<(https?:[^|<>]*)\|", payload["text"] + shown)
    others = {link.replace("&amp;", "&") for link in links if not link.startswith(OURS)}
    assert others <= {address}
    assert shown.count("<http") == len(re.findall(r"<https?://[^|<>]+\|[^<>]+>", shown))
    for text in re.findall(r"&[^;&\s]{0,5};?", payload["text"]):
        assert text in ("&amp;", "&lt;", "&gt;")


def assert_fits(payload: Payload) -> None:
    assert block_faults(payload["blocks"]) == []
    assert 0 < units(payload["text"]) <= 3000


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(voice=voices(), text=texts)
def test_the_worst_fits_and_its_links_are_whole(name: str, voice: Voice, text: str) -> None:
    check(BUILDERS[name](voice, text), voice)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("length", [1316, 1784])
@pytest.mark.parametrize("letter", ["&", "é", "x"])
def test_long_links_fit_beside_long_words(name: str, length: int, letter: str) -> None:
    url = ("https://shop.example/?" + letter * length)[:length]
    long = "&" * LONGEST
    voice = a_voice(url=url, author=long, text=long, title=long, source=long, brand=long)
    check(BUILDERS[name](voice, long), voice)


@pytest.mark.parametrize(
    "name", ["case_card, new", "wow", "won_back", "case_card", "shared_quote"]
)
def test_a_link_that_fits_is_shown_and_another_says_where_it_is(name: str) -> None:
    for url, is_shown in (
        ("https://shop.example/?" + "&" * 150 + "x" * 1144, True),
        ("https://shop.example/?" + "&" * 1294, False),
        ("https://shop.example/" + "x" * 1900, False),
    ):
        shown = str(BUILDERS[name](a_voice(url=url), "x")["blocks"])
        assert (f"<{url.replace('&', '&amp;')}|Read it" in shown) is is_shown
        assert ("the view `voice` has it" in shown) is not is_shown


def test_in_a_list_a_link_too_long_gives_way_to_the_mentions_id() -> None:
    voice = a_voice(url="https://shop.example/" + "x" * 900)
    for name in ("incident", "case_card"):
        shown = str(BUILDERS[name](voice, "x")["blocks"])
        assert "x" * 900 not in shown.split("small_print")[0]
        assert f"(`{voice.mention.id}`)" in shown


def test_a_chart_says_its_numbers_within_the_limit_of_a_pictures_text() -> None:
    days = [Day(NOW.date(), 10**9, 10**9, 10**9)] * 60
    voice = a_voice(brand="&" * LONGEST)
    policy = Policy(channels=Channels("#c", "#w", "#d", "#o"), due=lambda start: start)
    alert = chart_alert(digest_alert(_digest(voice, "x"), policy, NOW), days)
    assert units(alert.payload["text"]) <= 1000


def _why(voice: Voice, text: str) -> Explanation:
    values = (voice.mention.source, text, text, text)
    return Explanation(
        number=10**12,
        usual=1e12,
        traits=tuple(
            Trait(facet, value, 10**12, 10**12, 0.5, 1.0)
            for facet, value in zip(Facet, values, strict=True)
        ),
        phrases=(Phrase(text, 10**12, 10**12, 0.5),) * 3,
        quotes=(voice.mention,) * 3,
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(["<https://a.example|b>", "&amp;", "😡", "x", " "])),
    st.integers(1, 60),
)
def test_fit_halves_nothing(parts: list[str], limit: int) -> None:
    text = "".join(parts)
    shown = fit(text, limit)
    assert units(shown) <= limit
    if units(text) > limit:
        assert text.startswith(shown[:-1])
        assert shown.endswith("…")
        rest = re.sub(r"<https://a\.example\|b>|&amp;|😡|x| ", "", shown[:-1])
        assert rest == ""


def _rooms() -> Iterator[ModuleType]:
    yield digests
    for found in pkgutil.iter_modules(messages.__path__, "alerts.messages."):
        yield import_module(found.name)


def _builders(makes: str = "dict[str, Any]") -> dict[str, Any]:
    """Find every public function that makes a message, or with `View` one that makes a view."""
    helpers = {"payload", "plain_form", "quoting", "modal", "as_modal", "home_view"}
    return {
        name: function
        for room in _rooms()
        for name, function in inspect.getmembers(room, inspect.isfunction)
        if not name.startswith("_")
        and name not in helpers
        and function.__module__ == room.__name__
        and str(function.__annotations__.get("return")) == makes
    }


def test_every_builder_has_a_plainer_form() -> None:
    assert {"case_card", "wow", "digest", "limited", "ops"} <= _builders().keys()
    bare = [name for name, builder in _builders().items() if not hasattr(builder, "__wrapped__")]
    assert bare == [], "put @plainly on it"


@pytest.mark.parametrize("name", ["home", "make_case_form"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(voice=voices(), text=texts)
def test_a_view_fits_whatever_it_is_told(name: str, voice: Voice, text: str) -> None:
    if name == "home":
        counts = CaseCounts(mine=10**9, open=10**10, unclaimed=10**9, overdue=10**9)
        ten = _listed(voice, text)
        mine = [replace(one, case=replace(one.case, id=n)) for n, one in enumerate(ten + ten[:5])]
        team = [replace(one, case=replace(one.case, id=90 + n)) for n, one in enumerate(ten * 2)]
        view = home(mine, team, counts, NOW, LINKED, WORKSPACE)
    else:
        brands = [(text or "x", f"{n}") for n in range(150)]
        link = f"{WORKSPACE}archives/C0/p1"
        view = make_case_form(brands, voice.mention.text + text, link, "[]")
    assert "could not build this window" not in str(view)
    assert view_faults(view) == []


def test_what_stands_in_an_input_is_measured_as_slack_does() -> None:
    view = make_case_form([("Acme", "Acme")], "😡" * 2900, None, "[]")
    assert view_faults(view) == []


def test_every_view_has_a_plainer_form() -> None:
    bare = [name for name, one in _builders("View").items() if not hasattr(one, "__wrapped__")]
    assert bare == [], "put @plainly_shown on it"


def test_every_builder_is_tested_here() -> None:
    tested = {name.partition(",")[0] for name in BUILDERS} | {"note"}
    assert tested == _builders().keys()


class TestPlainForm:
    @pytest.mark.parametrize("name", BUILDERS)
    @settings(max_examples=8, deadline=None, derandomize=True)
    @given(voice=voices(), text=texts)
    def test_fits_and_says_why(self, name: str, voice: Voice, text: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for room in _rooms():
                for helper in ("payload", "section"):
                    if hasattr(room, helper):
                        patch.setattr(room, helper, _refuse)
            payload = BUILDERS[name](voice, text)
        assert payload["plain"] is True
        assert payload["reason"].endswith(": ValueError: refused")
        assert_fits(payload)
        assert "<" not in payload["text"]
        assert messages.plain(payload)
        if name in ("incident_over", "incident_back", "limited"):
            assert payload.get("broadcast") or payload["count"] == 10**12

    def test_says_who_where_what_and_where_to_see_it(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(messages.voice_cards, "payload", _refuse)
            payload = messages.wow(
                a_voice(author="Sam <!here>", text="*So* kind & quick", title=None), PLACES
            )
        (block,) = payload["blocks"]
        assert block["text"]["type"] == "plain_text"
        assert block["text"]["text"].split("\n") == [
            "Wow: Acme Air.",
            "Sam <!here> on the App Store: *So* kind & quick",
            "See mention appstore:10045 in the dashboards (`earful serve`).",
            "(This message is plain: Earful could not build its usual form.)",
            "https://apps.example/acme-air/reviews/10045?country=gb&page=2",
        ]
        assert "Sam &lt;!here&gt; on the App Store∶ ∗So∗ kind &amp; quick" in payload["text"]

    def test_a_case_keeps_its_buttons_and_goes_without_where_they_are_at_fault(self) -> None:
        rooms = {"section": messages.case_cards, "button": messages.case_buttons}
        for at_fault, kinds in (
            ("section", ["section", "actions", "actions"]),
            ("button", ["section"]),
        ):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(rooms[at_fault], at_fault, _refuse)
                payload = messages.case_card(a_file(CaseState.CLAIMED), PLACES)
            assert [block["type"] for block in payload["blocks"]] == kinds
            assert "The case is claimed by dana, answer by 2026-11-24 13:30 UTC." in str(payload)

    def test_a_verdict_that_is_no_number_is_told_plainly(self) -> None:
        nan = float("nan")
        voice = a_voice()
        verdict: Verdict = replace(voice.verdict, p_angry=nan)
        payload = new_complaint(replace(voice, verdict=verdict), PLACES, DUE)
        assert payload["reason"].startswith("Case: ValueError: cannot convert float NaN")
        assert_fits(payload)


def _refuse(*_: Any, **__: Any) -> Any:
    raise ValueError("refused")
