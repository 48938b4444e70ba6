"""What is said against what must happen: borders as tables, keys that never post twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from alerts.decide.brand_alerts import backlog, checkpoint_reached, leaderboard
from alerts.decide.case_moves import looks_dismissed
from alerts.decide.hours import parse
from alerts.decide.policy import Channels, Policy
from alerts.decide.routing import Route
from alerts.decide.rules import Surroundings, judge
from alerts.decide.stats import Rate
from alerts.decide.voice_signs import Colleague, named_staff, was_against, was_friend
from alerts.messages import plain
from storage.models import (
    AlertKind,
    AuthorHistory,
    Experience,
    Fate,
    Stance,
)
from tests.alerts.examples import (
    ADVOCATE,
    DUE,
    HATER,
    JIM,
    NOW,
    PLACES,
    RITA,
    a_mention,
    a_voice,
    an_unread_voice,
    new_complaint,
)
from tests.alerts.goals import judged

ANGRY, MEDIOCRE = Experience.ANGRY, Experience.MEDIOCRE
DELIGHTED, NONE = Experience.DELIGHTED, Experience.NONE
DAY = timedelta(hours=24)
POLICY = Policy(
    channels=Channels(complaints="#complaints", wows="#wows", digest="#digest", ops="#ops"),
    due=lambda start: start + timedelta(hours=4),
    due_urgent=lambda start: start + timedelta(hours=2),
    max_age=DAY,
    source_channels={"steam": "#games"},
    staff=(RITA, JIM),
)


def decide(voice, policy=POLICY, now=NOW):
    decision = judge([voice], policy, now)
    kinds = [alert.kind for alert in decision.alerts]
    return kinds, len(decision.cases)


@pytest.mark.parametrize(
    ("experience", "sure", "history", "kinds", "cases"),
    [
        (ANGRY, True, None, [AlertKind.COMPLAINT], 1),
        (ANGRY, False, None, [AlertKind.COMPLAINT], 1),
        (ANGRY, False, ADVOCATE, [AlertKind.LOST_ADVOCATE], 1),
        (DELIGHTED, False, None, [], 0),
        (MEDIOCRE, False, None, [], 0),
    ],
)
def test_a_likely_complaint_opens_a_case_where_the_policy_says_so(
    experience, sure, history, kinds, cases
):
    voice = a_voice(experience, sure=sure, history=history)
    likely = replace(POLICY, likely=lambda said: said.verdict.experience is ANGRY)
    assert decide(voice, likely) == (kinds, cases)
    assert decide(voice, replace(POLICY, likely=lambda _: False)) == decide(voice)


@pytest.mark.parametrize("history", [None, ADVOCATE])
def test_a_likely_complaint_says_that_it_is_not_sure(history):
    policy = replace(POLICY, likely=lambda _: True)
    kind = the_alert(a_voice(ANGRY, sure=False, history=history), policy).kind
    shown = new_complaint(a_voice(ANGRY, sure=False, history=history), PLACES, DUE, kind=kind)
    sure = new_complaint(a_voice(ANGRY, history=history), PLACES, DUE, kind=kind)
    assert "Earful is not sure that this is a complaint" in plain(shown)
    assert "ikely" not in plain(sure)
    text = new_complaint(a_voice(ANGRY, sure=False), PLACES, DUE)["text"]
    assert str(text).startswith("Likely complaint about")


@pytest.mark.parametrize(
    ("rating", "best", "kinds"),
    [
        (1, 5, [AlertKind.COMPLAINT]),
        (2, 5, [AlertKind.COMPLAINT]),
        (2.5, 5, []),
        (5, 5, []),
        (4, 10, [AlertKind.COMPLAINT]),
        (5, 10, []),
        (0, 1, [AlertKind.COMPLAINT]),
        (1, 1, []),
        (None, None, []),
    ],
)
def test_bad_stars_speak_where_no_model_reads_the_language(rating, best, kinds):
    unread = an_unread_voice(rating=rating, rating_max=best)
    assert decide(unread) == (kinds, len(kinds))
    read = replace(unread, verdict=replace(unread.verdict, unread=False))
    assert decide(read) == ([], 0)


def test_a_complaint_that_no_model_reads_says_so():
    assert the_alert(an_unread_voice()).kind is AlertKind.COMPLAINT
    shown = plain(new_complaint(an_unread_voice(), PLACES, DUE))
    assert "No model here reads German: the stars alone say" in shown
    assert "ikely complaint about" in shown
    assert "No experience told" not in shown


def the_alert(voice, policy=POLICY):
    (alert,) = judge([voice], policy, NOW).alerts
    return alert


@pytest.mark.parametrize(
    ("experience", "sure", "kinds", "cases"),
    [
        (ANGRY, True, [AlertKind.COMPLAINT], 1),
        (ANGRY, False, [], 0),
        (DELIGHTED, True, [AlertKind.WOW], 0),
        (DELIGHTED, False, [], 0),
        (MEDIOCRE, True, [], 0),
        (MEDIOCRE, False, [], 0),
        (NONE, True, [], 0),
        (NONE, False, [], 0),
    ],
)
@pytest.mark.parametrize("stance", list(Stance))
def test_only_sure_anger_and_delight_alert(experience, sure, kinds, cases, stance):
    assert decide(a_voice(experience, stance, sure=sure)) == (kinds, cases)


@pytest.mark.parametrize(
    ("age", "alerts"),
    [
        (DAY - timedelta(seconds=1), 1),
        (DAY, 1),
        (DAY + timedelta(seconds=1), 0),
        (timedelta(0), 1),
        (-timedelta(days=1), 1),  # a source's clock may be wrong by a day
        (-timedelta(days=1, seconds=1), 0),
        (None, 0),
    ],
)
@pytest.mark.parametrize("experience", [ANGRY, DELIGHTED])
@pytest.mark.parametrize("history", [AuthorHistory(), ADVOCATE, HATER])
def test_old_undated_and_future_mentions_are_quiet(age, alerts, experience, history):
    created = None if age is None else NOW - age
    kinds, cases = decide(a_voice(experience, created_at=created, history=history))
    assert len(kinds) == alerts
    assert cases == (alerts if experience is ANGRY else 0)


@pytest.mark.parametrize("year", [1970, 2099])
def test_absurd_dates_are_quiet(year):
    assert decide(a_voice(created_at=datetime(year, 1, 1, tzinfo=UTC))) == ([], 0)


def past(stance=None, experience=None, **counts):
    return AuthorHistory(mentions=3, last_stance=stance, last_experience=experience, **counts)


FRIENDS = [
    past(Stance.ADVOCATE, DELIGHTED),
    past(Stance.ADVOCATE, MEDIOCRE),
    past(Stance.ADVOCATE, NONE, angry=3, hater=2),
    past(Stance.ADVOCATE, None),
]
FOES = [
    past(Stance.HATER, ANGRY),
    past(Stance.HATER, MEDIOCRE),
    past(Stance.HATER, NONE, delighted=3, advocate=2),
    past(Stance.HATER, None),
]
STRANGERS = [
    AuthorHistory(),
    past(Stance.NEITHER, MEDIOCRE),
    past(Stance.NEITHER, NONE, delighted=1, angry=1),
    past(None, DELIGHTED, delighted=2),
    past(None, ANGRY, angry=2),
    past(Stance.ADVOCATE, ANGRY, delighted=9, advocate=9),  # turned already: told once
    past(Stance.HATER, DELIGHTED, angry=9, hater=9),  # won back already
]


@pytest.mark.parametrize(
    ("histories", "angry", "delighted"),
    [
        (FRIENDS, AlertKind.LOST_ADVOCATE, AlertKind.WOW),
        (FOES, AlertKind.COMPLAINT, AlertKind.WON_BACK),
        (STRANGERS, AlertKind.COMPLAINT, AlertKind.WOW),
    ],
)
def test_flips(histories, angry, delighted):
    for history in histories:
        assert decide(a_voice(ANGRY, history=history)) == ([angry], 1), history
        assert decide(a_voice(DELIGHTED, history=history)) == ([delighted], 0), history


@pytest.mark.parametrize("experience", [MEDIOCRE, NONE])
def test_a_foe_who_recommends_is_won_back_without_delight(experience):
    voice = a_voice(experience, Stance.ADVOCATE, history=HATER)
    assert decide(voice) == ([AlertKind.WON_BACK], 0)
    assert decide(replace(voice, history=ADVOCATE)) == ([], 0)
    assert decide(a_voice(experience, Stance.ADVOCATE, sure=False, history=HATER)) == ([], 0)


def test_nobody_is_friend_and_foe_at_once():
    for stance, experience, a, b, c, d in product(
        [None, *Stance], [None, *Experience], (0, 1), (0, 1), (0, 1), (0, 1)
    ):
        history = AuthorHistory(
            last_stance=stance,
            last_experience=experience,
            angry=a,
            delighted=b,
            advocate=c,
            hater=d,
        )
        assert not (was_friend(history) and was_against(history))


def test_a_lost_advocate_is_due_sooner():
    usual = judge([a_voice()], POLICY, NOW).cases[0]
    urgent = judge([a_voice(history=ADVOCATE)], POLICY, NOW).cases[0]
    assert usual.due_at - NOW == timedelta(hours=4)
    assert urgent.due_at - NOW == timedelta(hours=2)
    assert (usual.opened_at, usual.brand, usual.mention_id) == (NOW, "Acme Air", "appstore:10045")
    fallback = judge([a_voice(history=ADVOCATE)], replace(POLICY, due_urgent=None), NOW).cases[0]
    assert fallback.due_at == usual.due_at


@pytest.mark.parametrize(
    ("got", "edited", "waits_since", "cases"),
    [
        (DAY, None, None, 1),
        (DAY + timedelta(seconds=1), None, None, 0),
        # An edit while it waited: what counts is when the first unseen text came.
        (9 * DAY, 9 * DAY, DAY, 1),
        (9 * DAY, 9 * DAY, DAY + timedelta(seconds=1), 0),
    ],
)
@pytest.mark.parametrize("waited", [timedelta(0), 30 * DAY])
def test_what_waits_in_the_store_grows_no_older(got, edited, waits_since, cases, waited):
    """All are spans since it was written; `waited` is how long the rules could not see it."""
    voice = a_voice(
        created_at=NOW, fetched_at=NOW + got, edited_at=None if edited is None else NOW + edited
    )
    voice = replace(voice, waits_since=None if waits_since is None else NOW + waits_since)
    decision = judge([voice], POLICY, NOW + got + waited)
    assert len(decision.cases) == cases
    assert [case.opened_at for case in decision.cases] == [NOW + got + waited] * cases


def test_due_counts_business_hours():
    office = parse("Mon-Fri 09:00-18:00 Europe/Berlin")
    policy = replace(POLICY, due=lambda start: office.due(start, timedelta(hours=4)))
    friday = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    (case,) = judge([a_voice(created_at=friday, fetched_at=friday)], policy, friday).cases
    assert case.due_at == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


class TestAnswered:
    def test_an_answered_complaint_is_counted_only(self):
        assert decide(a_voice(owner_replied_at=NOW)) == ([], 0)

    def test_an_answered_lost_advocate_is_told_without_a_due_time(self):
        voice = a_voice(owner_replied_at=NOW, history=ADVOCATE)
        assert decide(voice) == ([AlertKind.LOST_ADVOCATE], 0)
        shown = plain(the_alert(voice).payload)
        assert "The owner has answered already" in shown
        assert "by:" not in shown

    @pytest.mark.parametrize(("edited_later", "cases"), [(-1, 0), (0, 0), (1, 1)])
    def test_an_answer_to_an_older_text_is_none(self, edited_later, cases):
        replied = NOW - timedelta(hours=1)
        edited = replied + timedelta(seconds=edited_later)
        assert decide(a_voice(owner_replied_at=replied, edited_at=edited))[1] == cases

    def test_a_wow_does_not_ask_whether_it_was_answered(self):
        assert decide(a_voice(DELIGHTED, owner_replied_at=NOW)) == ([AlertKind.WOW], 0)


class TestKeys:
    def test_an_edited_text_never_posts_twice(self):
        before, after = a_voice(text="Bad."), a_voice(text="Very bad.", edited_at=NOW)
        assert the_alert(before).dedupe_key == the_alert(after).dedupe_key
        assert the_alert(before).dedupe_key == "complaint:appstore:10045"

    def test_a_history_learnt_later_never_posts_twice(self):
        for experience in (ANGRY, DELIGHTED):
            keys = {
                the_alert(a_voice(experience, history=history)).dedupe_key
                for history in (AuthorHistory(), ADVOCATE, HATER)
            }
            assert len(keys) == 1

    def test_anger_that_becomes_delight_is_a_new_message(self):
        assert the_alert(a_voice(DELIGHTED)).dedupe_key == "wow:appstore:10045"

    def test_judging_is_repeatable_and_keeps_order(self):
        voices = [a_voice(native_id=str(n), author_native_id=str(n)) for n in range(5)]
        first, second = judge(voices, POLICY, NOW), judge(voices, POLICY, NOW)
        assert first == second
        assert [case.mention_id for case in first.cases] == [v.mention.id for v in voices]
        none = judge([a_voice(MEDIOCRE)], POLICY, NOW)
        assert judge([], POLICY, NOW) == replace(none, fates={})


class TestFates:
    """What the ledger says came of each mention."""

    @pytest.mark.parametrize(
        ("voice", "fate"),
        [
            (a_voice(ANGRY), Fate.ALERTED),
            (a_voice(DELIGHTED), Fate.ALERTED),
            (a_voice(DELIGHTED, sure=False), Fate.IN_DIGEST),
            (a_voice(DELIGHTED, title=None, text="great!!!"), Fate.IN_DIGEST),
            (a_voice(MEDIOCRE), Fate.IN_DIGEST),
            (a_voice(NONE), Fate.IN_DIGEST),
            (a_voice(ANGRY, created_at=NOW + timedelta(days=9)), Fate.QUIET),
            (a_voice(ANGRY, author_native_id="muted"), Fate.MUTED),
            # Its owner has answered it.
            (a_voice(ANGRY, owner_reply="Sorry!", owner_replied_at=NOW), Fate.IN_DIGEST),
        ],
    )
    def test_each_voice_comes_to_one(self, voice, fate):
        around = Surroundings(muted=frozenset({"appstore:muted"}))
        decision = judge([voice], POLICY, NOW, around)
        assert decision.fates == {voice.mention.id: fate}
        assert bool(decision.cases or decision.alerts) == (fate is Fate.ALERTED)

    def test_what_joins_a_case_is_alerted_as_its_first(self):
        voices = [a_voice(native_id=str(n)) for n in range(3)]
        decision = judge(voices, POLICY, NOW)
        assert len(decision.cases) == 1
        assert decision.fates == {voice.mention.id: Fate.ALERTED for voice in voices}


class TestChannels:
    @pytest.mark.parametrize(
        ("experience", "source", "channel"),
        [
            (ANGRY, "appstore", "#complaints"),
            (DELIGHTED, "appstore", "#wows"),
            (ANGRY, "steam", "#games"),
            (DELIGHTED, "steam", "#games"),
        ],
    )
    def test_a_source_may_have_its_own(self, experience, source, channel):
        alert = the_alert(a_voice(experience, source=source))
        assert alert.channel == channel
        assert alert.mention_id == f"{source}:10045"
        assert alert.brand == "Acme Air"
        assert alert.created_at == NOW


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Thank you RITA!", ("Rita",)),
        ("rita, you star", ("Rita",)),
        ("Margarita and Ritalin", ()),
        ("Jim O’Neil and Rita.", ("Rita", "Jim O'Neil")),
        ("Jim  O'Neil's smile", ("Jim O'Neil",)),
        ("Jim was kind", ("Jim O'Neil",)),
        ("Jimmy was kind", ()),
        ("", ()),
    ],
)
def test_staff_are_found_by_their_whole_name(text, named):
    found = named_staff(a_mention(text=text, title=None), POLICY.staff)
    assert tuple(one.name for one in found) == named


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("田中", "受付の田中さんに感謝です"),
        ("王小明", "客服王小明帮了我"),
        ("김민수", "김민수님 감사합니다"),
        ("สมชาย", "คุณสมชายบริการดีมาก"),
    ],
)
def test_staff_are_found_where_words_have_no_spaces_between(name, text):
    assert [one.name for one in named_staff(a_mention(text=text), (Colleague(name),))] == [name]


def test_a_wow_that_names_staff_tells_them():
    alert = the_alert(a_voice(DELIGHTED, title="Rita!", text="What a day."))
    assert "Named in it:  Rita" in plain(alert.payload)
    assert alert.payload["text"].endswith("Named: Rita (<@U0RITA123>)")


def test_words_from_outside_mention_nobody():
    alert = the_alert(a_voice(DELIGHTED, title="<@U0RITA123>", text="Jim (<@U0RITA123>), thanks!"))
    assert "<@" not in json.dumps(alert.payload)
    assert "| Jim (<@U0RITA123>), thanks!" in plain(alert.payload)


def test_the_leaderboard_mentions_who_is_still_on_the_staff():
    alert = leaderboard("Acme Air", "2026-10", [("Rita", 3), ("Ada", 1)], POLICY, NOW)
    (rows,) = (b["text"]["text"] for b in alert.payload["blocks"] if b["block_id"] == "places")
    assert rows == "1. Rita (<@U0RITA123>): named in 3 wows\n2. Ada: named in 1 wow"
    assert "1. Rita: named in 3 wows" in plain(alert.payload)


def test_a_nameless_staff_entry_names_nobody():
    assert named_staff(a_mention(), (Colleague(""), Colleague("  "))) == ()


def test_backlog_is_one_summary_a_day():
    counts = {ANGRY: 2, DELIGHTED: 1}
    alert = backlog("Acme Air", "appstore", counts, NOW, NOW, POLICY, NOW)
    assert alert.dedupe_key == "backlog:Acme Air:appstore:2026-11-24"
    assert (alert.kind, alert.channel) == (AlertKind.BACKLOG, "#digest")
    again = backlog("Acme Air", "appstore", counts, NOW, NOW, POLICY, NOW + timedelta(hours=1))
    assert again.dedupe_key == alert.dedupe_key
    assert backlog("Acme Air", "steam", {}, None, None, POLICY, NOW).channel == "#games"


class TestCheckpointReached:
    def told(self, part, **how):
        result = judged(Rate(part, 1000), 0.30)
        return checkpoint_reached("Acme Air", "wow_rate", "30d", result, POLICY, NOW, **how)

    def test_only_what_is_truly_reached_is_celebrated(self):
        assert self.told(325) is None
        alert = self.told(350)
        assert alert.dedupe_key == "checkpoint:Acme Air:wow_rate:0.3"
        assert (alert.kind, alert.channel) == (AlertKind.CHECKPOINT, "#wows")
        assert "The next checkpoint could be 42%" in alert.payload["text"]
        assert "The next checkpoint is 42%" in self.told(350, raised=True).payload["text"]


SCAM = "Acme is a scam, buy gold coins at our shop instead of this company today"


@pytest.mark.parametrize(
    ("author", "text", "alike"),
    [
        ("x", SCAM + "!!", True),
        ("x", SCAM.upper(), True),
        ("x", "Acme is a scam, it lost my bag and nobody at the shop cares for it today", False),
        ("x", "Acme", False),
        ("seller", "Wholly other words of the same author, about a bag.", True),
        (None, SCAM, True),
        (None, "Wholly other words.", False),
    ],
)
def test_what_looks_like_a_dismissed_mention(author, text, alike):
    dismissed = [
        a_mention(author=None, author_native_id="seller", text=SCAM),
        a_mention(author=None, author_native_id=None, text="Bad"),
    ]
    mention = a_mention(author=None, author_native_id=author, text=text)
    assert looks_dismissed(mention, dismissed) is alike


class TestRoutes:
    @pytest.mark.parametrize(
        ("route", "matches"),
        [
            (Route(channel="#x"), True),
            (Route(channel="#x", source="appstore"), True),
            (Route(channel="#x", source="steam"), False),
            (Route(channel="#x", experience=ANGRY, stance=Stance.NEITHER), True),
            (Route(channel="#x", experience=DELIGHTED), False),
            (Route(channel="#x", stance=Stance.HATER), False),
            (Route(channel="#x", stars=(1, 2)), True),
            (Route(channel="#x", stars=(2, 3)), False),
            (Route(channel="#x", author="Petra N."), True),
            (Route(channel="#x", author=a_mention().author_id), True),
            (Route(channel="#x", author="Petra"), False),
            (Route(channel="#x", min_reach=1), False),
            (Route(channel="#x", language="en"), True),
            (Route(channel="#x", language="EN"), True),
            (Route(channel="#x", language="en-GB"), False),
            (Route(channel="#x", language="de"), False),
            (Route(channel="#x", words=lambda mention: "flight" in mention.text), True),
            (Route(channel="#x", words=lambda mention: False), False),
        ],
    )
    def test_every_side_must_match(self, route, matches):
        policy = replace(POLICY, routes=(route,))
        assert the_alert(a_voice(), policy).channel == ("#x" if matches else "#complaints")

    @pytest.mark.parametrize(
        ("language", "wanted", "matches"),
        [
            ("de-AT", "de", True),
            ("de_at", "de-AT", True),
            ("zh-Hant-TW", "zh-hant", True),
            ("de", "de-AT", False),
            ("den", "de", False),
            (None, "de", False),
            ("", "de", False),
        ],
    )
    def test_a_language_matches_its_regional_forms(self, language, wanted, matches):
        policy = replace(POLICY, routes=(Route(channel="#x", language=wanted),))
        alert = the_alert(a_voice(language=language), policy)
        assert alert.channel == ("#x" if matches else "#complaints")

    def test_the_first_that_matches_decides(self):
        routes = (Route(urgent=True), Route(channel="#second"))
        alert = the_alert(a_voice(), replace(POLICY, routes=routes))
        assert (alert.channel, alert.urgent) == ("#complaints", True)


@pytest.mark.parametrize(
    ("wordless_cases", "words", "cases"),
    [(False, "", 0), (True, "", 1), (False, "Bad.", 1), (True, "Bad.", 1), (False, " \n", 0)],
)
def test_bad_stars_without_words_are_a_case_where_the_policy_says_so(wordless_cases, words, cases):
    voice = a_voice(ANGRY, text=words, title=None, rating=1.0, rating_max=5.0)
    policy = replace(POLICY, wordless_cases=wordless_cases)
    assert decide(voice, policy) == ([AlertKind.COMPLAINT] * cases, cases)


def test_stars_without_words_are_shown_as_such():
    voice = a_voice(ANGRY, text="", title=None, rating=1.0, rating_max=5.0)
    assert the_alert(voice, replace(POLICY, wordless_cases=True)).kind is AlertKind.COMPLAINT
    shown = plain(new_complaint(voice, PLACES, DUE))
    assert "No words, 1 of 5 stars." in shown


def test_customers_of_one_name_are_not_one():
    voices = [
        a_voice(ANGRY, native_id=str(n), author=name, author_native_id=None)
        for n, name in enumerate(["A Google user"] * 3 + ["Maria"] * 2 + ["Guest", "Anonymous"])
    ]
    assert len(judge(voices, POLICY, NOW).cases) == 7
