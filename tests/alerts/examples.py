"""One made-up message of each kind: the golden tests' cases, and something to look at.

`python -m tests.alerts.examples` prints them as a console shows them; `--json` as Slack gets
them; `--write` renews the golden files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts import messages
from alerts.decide.answer_alerts import REPLY_EVENTS
from alerts.decide.answer_choices import fingerprint
from alerts.decide.answer_speed import AnswerSpeed, Speed
from alerts.decide.explanation import Explanation, Facet, Trait
from alerts.decide.sentence_picks import asking, lacking
from alerts.decide.stats import Rate, percentile
from alerts.decide.telling_phrases import Phrase
from alerts.decide.voice_signs import Colleague
from alerts.messages import Places
from alerts.messages.answer_modals import (
    AnswerPlan,
    Written,
    answer_modal,
    copy_modal,
    responded_modal,
    send_back_modal,
)
from alerts.messages.answer_thread import answer_news, draft_decided, draft_request
from alerts.messages.case_answers import overtaken
from alerts.messages.case_modals import note_modal, snooze_modal
from alerts.messages.digest import digest
from alerts.messages.digest_numbers import (
    BrandBeside,
    CheckpointStanding,
    DigestNumbers,
    Kept,
    OpenCase,
    RisingTopic,
    SourceCoverage,
    SourceTrouble,
)
from alerts.messages.report_notices import ReportNumbers, report_notice
from alerts.messages.speed_notices import answer_speed
from earful.policies import source_places
from storage.models import (
    AlertKind,
    AuthorHistory,
    Case,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseMove,
    CaseOutcome,
    CaseState,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Incident,
    IncidentKind,
    IncidentWork,
    Mention,
    Reply,
    ReplyState,
    SourceStanding,
    SourceState,
    Stance,
    Verdict,
    Voice,
)
from tests.alerts import people_examples, work_examples
from tests.alerts.goals import judged
from tests.alerts.view_text import as_text

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PLACES = source_places()
DUE = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


def a_mention(**changes: Any) -> Mention:
    mention = Mention(
        brand="Acme Air",
        source="appstore",
        native_id="10045",
        url="https://apps.example/acme-air/reviews/10045?country=gb&page=2",
        author="Petra N.",
        author_native_id="u-77",
        title="Stranded twice & nobody answers",
        text=(
            "Second cancelled flight in a month. The app said <on time> until the gate closed, "
            "then logged me out.\n\nI asked for my refund three weeks ago and still hear nothing."
        ),
        rating=1.0,
        rating_max=5.0,
        language="en",
        created_at=NOW - timedelta(hours=2),
        fetched_at=NOW,
    )
    return replace(mention, **changes)


def a_verdict(
    experience: Experience = Experience.ANGRY,
    stance: Stance = Stance.NEITHER,
    *,
    sure: bool = True,
) -> Verdict:
    chances = dict.fromkeys(Experience, 0.02) | {experience: 0.94}
    leaning = dict.fromkeys(Stance, 0.05) | {stance: 0.9}
    return Verdict(
        experience=experience,
        stance=stance,
        sure=sure,
        p_angry=chances[Experience.ANGRY],
        p_mediocre=chances[Experience.MEDIOCRE],
        p_delighted=chances[Experience.DELIGHTED],
        p_none=chances[Experience.NONE],
        p_advocate=leaning[Stance.ADVOCATE],
        p_hater=leaning[Stance.HATER],
        p_neither=leaning[Stance.NEITHER],
        model="test",
    )


def a_voice(
    experience: Experience = Experience.ANGRY,
    stance: Stance = Stance.NEITHER,
    *,
    sure: bool = True,
    history: AuthorHistory | None = None,
    **changes: Any,
) -> Voice:
    return Voice(
        mention=a_mention(**changes),
        verdict=a_verdict(experience, stance, sure=sure),
        history=history or AuthorHistory(),
    )


def new_complaint(
    voice: Voice,
    places: Places,
    due_at: datetime,
    owner_replies: int = 0,
    kind: AlertKind = AlertKind.COMPLAINT,
) -> dict[str, Any]:
    """Make the message of case 12 as it is when it was just opened."""
    case = Case(
        id=12,
        mention_id=voice.mention.id,
        brand=voice.mention.brand,
        state=CaseState.OPEN,
        opened_at=NOW,
        due_at=due_at,
        kind=kind,
    )
    file = CaseFile(
        case=case,
        mention=voice.mention,
        verdict=voice.verdict,
        history=voice.history,
        answers=owner_replies,
    )
    return messages.case_card(file, places)


def an_unread_voice(rating: float = 1.0, rating_max: float = 5.0, **changes: Any) -> Voice:
    """A rant whose language no model reads: its stars are all that is known."""
    words = {"title": None, "text": "Der Flug fiel aus, und niemand sagte uns etwas.",
             "language": "de"}  # fmt: skip
    voice = a_voice(Experience.NONE, sure=False, rating=rating, rating_max=rating_max,
                    **words | changes)  # fmt: skip
    return replace(voice, verdict=replace(voice.verdict, unread=True))


ADVOCATE = AuthorHistory(
    mentions=4,
    delighted=3,
    advocate=2,
    first_seen_at=datetime(2026, 5, 3, tzinfo=UTC),
    last_stance=Stance.ADVOCATE,
    last_experience=Experience.DELIGHTED,
)
HATER = AuthorHistory(
    mentions=2,
    angry=2,
    hater=1,
    first_seen_at=datetime(2026, 8, 19, tzinfo=UTC),
    last_stance=Stance.HATER,
    last_experience=Experience.ANGRY,
)
RITA = Colleague("Rita", "U0RITA123")
JIM = Colleague("Jim O'Neil", aliases=("Jim",))
GLAD: dict[str, Any] = {
    "native_id": "10046",
    "url": "https://forum.example/t/9/acme|air>rocks",
    "source": "reddit",
    "author": "sky_walker_*9*",
    "title": None,
    "text": "Rita at the desk in Porto stayed an hour longer to find my son's bear. WOW!! "
    "You *must* fly with them.",
    "rating": None,
    "rating_max": None,
    "reach": 12400,
}


_MEDIOCRE = "Landed on time. The seat was fine, but there was nothing to drink on a long flight."
_ASKING = "I tell everybody to fly with them. Please bring back the night train to Porto."


def _complaint() -> dict[str, Any]:
    return new_complaint(a_voice(stance=Stance.HATER), PLACES, DUE)


def _complaint_long() -> dict[str, Any]:
    text = "They lost my bag and then they lost the form about my bag. " * 60
    return new_complaint(a_voice(text=text, title=None, author=None), PLACES, DUE)


def _complaint_likely() -> dict[str, Any]:
    return new_complaint(a_voice(sure=False, source="google_play"), PLACES, DUE)


def _complaint_unread() -> dict[str, Any]:
    return new_complaint(an_unread_voice(source="google_play"), PLACES, DUE)


def _complaint_imported() -> dict[str, Any]:
    return new_complaint(a_voice(source="support_tickets", url=None), PLACES, DUE)


def _wow() -> dict[str, Any]:
    return messages.wow(a_voice(Experience.DELIGHTED, Stance.ADVOCATE, **GLAD), PLACES, (RITA,))


def _lost_advocate() -> dict[str, Any]:
    due_at = NOW + timedelta(hours=2)
    return new_complaint(a_voice(history=ADVOCATE), PLACES, due_at, kind=AlertKind.LOST_ADVOCATE)


def _lost_advocate_answered() -> dict[str, Any]:
    answered = a_voice(history=ADVOCATE, owner_reply="Sorry!", owner_replied_at=NOW)
    return messages.answered_advocate(answered, PLACES)


def _won_back() -> dict[str, Any]:
    glad = {**GLAD, "source": "steam", "rating": 1.0, "rating_max": 1.0, "url": None}
    return messages.won_back(
        a_voice(Experience.DELIGHTED, history=HATER, **glad), PLACES, (RITA, JIM)
    )


def _backlog() -> dict[str, Any]:
    counts = {
        Experience.ANGRY: 212,
        Experience.MEDIOCRE: 640,
        Experience.DELIGHTED: 371,
        Experience.NONE: 3,
    }
    oldest = datetime(2024, 1, 9, tzinfo=UTC)
    return messages.backlog(
        "Acme Air", "appstore", PLACES, counts, oldest, NOW - timedelta(days=1), 24
    )


def _checkpoint_raised() -> dict[str, Any]:
    return _checkpoint(raised=True)


def _checkpoint(*, raised: bool = False) -> dict[str, Any]:
    result = judged(Rate(391, 1100), 0.3)
    assert result.value is not None
    return messages.checkpoint(
        "Acme Air",
        "wow_rate",
        result.target,
        result.value,
        result.interval.low,
        result.interval.high,
        result.total,
        result.next_target,
        "30d",
        raised=raised,
    )


def _checkpoint_lowered() -> dict[str, Any]:
    return messages.checkpoint_lowered("Acme Air", "wow_rate", 0.42, 0.3)


TARGET = CrawlTarget(brand="Acme Air", source="appstore", target="gb")
WELL = SourceStanding(state=SourceState.OK, since=NOW)


def _ops() -> dict[str, Any]:
    report = CrawlReport(outcome=CrawlOutcome.BLOCKED, reason="HTTP 403 for 12 of 12 requests")
    after = SourceStanding(state=SourceState.BLOCKED, since=NOW, reason=report.reason)
    return messages.ops(TARGET, PLACES, WELL, after, report, NOW)


def _ops_healed() -> dict[str, Any]:
    report = CrawlReport(outcome=CrawlOutcome.OK, new=31)
    before = SourceStanding(state=SourceState.BLOCKED, since=NOW)
    return messages.ops(TARGET, PLACES, before, WELL, report, NOW)


def _digest() -> dict[str, Any]:
    return digest(
        DigestNumbers(
            brand="Acme Air",
            start=NOW - timedelta(days=1),
            end=NOW,
            counts={
                Experience.ANGRY: 14,
                Experience.MEDIOCRE: 61,
                Experience.DELIGHTED: 38,
                Experience.NONE: 9,
            },
            previous={
                Experience.ANGRY: 9,
                Experience.MEDIOCRE: 66,
                Experience.DELIGHTED: 30,
                Experience.NONE: 9,
            },
            open_cases=5,
            overdue_cases=1,
            opened_cases=14,
            answered_cases=11,
            coverage=(
                SourceCoverage(
                    source="appstore", cases=10, answered=9, median_hours=1.4, p90_hours=3.8
                ),
                SourceCoverage(source="steam", cases=4, answered=0),
            ),
            lacks=lacking([a_mention(text=_MEDIOCRE)], 3),
            asks=asking([a_mention(**{**GLAD, "text": _ASKING})], 3),
            advocates=6,
            rising=(
                RisingTopic(
                    name="cabin door, key <b>",
                    days=7,
                    mentions=22,
                    angry=19,
                    delighted=1,
                    usual=4.3,
                    limit=9.8,
                ),
            ),
            kept=Kept(muted=2, wows=17),
            best_wow=a_mention(**GLAD),
            oldest_open=OpenCase(
                mention=a_mention(),
                opened_at=NOW - timedelta(days=2),
                due_at=NOW - timedelta(days=1),
            ),
            troubles=(
                SourceTrouble(
                    source="steam",
                    state=SourceState.BLOCKED,
                    since=NOW - timedelta(hours=5),
                    reason="HTTP 403",
                ),
            ),
            checkpoints=(
                CheckpointStanding(
                    metric="wow_rate",
                    window="30d",
                    result=judged(Rate(391, 1100), 0.3),
                ),
                CheckpointStanding(
                    metric="coverage", window="7d", result=judged(Rate(60, 71), 0.9)
                ),
            ),
            versions=(people_examples.WORSE, people_examples.BETTER),
            quiet=(people_examples.QUIET,),
            beside=(
                BrandBeside(
                    name="Acme Air", mentions=122, of_all=310, wows=Rate(38, 113),
                    complaints=Rate(14, 113),
                ),
                BrandBeside(
                    name="<Birch> Airways", mentions=188, of_all=310, wows=Rate(31, 150),
                    complaints=Rate(60, 150),
                ),
                BrandBeside(
                    name="Nobody Air", mentions=0, of_all=310, wows=Rate(0, 0),
                    complaints=Rate(0, 0),
                ),
            ),
        ),
        PLACES,
    )  # fmt: skip


def _report(attached: bool) -> dict[str, Any]:
    return report_notice(
        ReportNumbers(
            brand="Acme Air",
            first=NOW.date() - timedelta(days=7),
            last=NOW.date() - timedelta(days=1),
            mentions=122,
            rates={"wow_rate": Rate(38, 113), "complaint_rate": Rate(14, 113)},
            before={"wow_rate": Rate(30, 105), "complaint_rate": Rate(0, 0)},
            open_cases=5,
            overdue_cases=1,
        ),
        PLACES,
        attached=attached,
    )


def _digest_empty() -> dict[str, Any]:
    return digest(
        DigestNumbers(
            brand="Acme Air", start=NOW - timedelta(days=1), end=NOW, counts={}, previous={}
        ),
        PLACES,
    )


def _speed(taken: int, *minutes: float, in_time: int) -> Speed:
    def within(share: float) -> timedelta | None:
        value = percentile(minutes, share)
        return None if value is None else timedelta(minutes=value)

    return Speed(
        taken=taken,
        answered=len(minutes),
        in_time=in_time,
        fastest=within(0),
        median=within(0.5),
        p90=within(0.9),
        slowest=within(1),
    )


def _answer_speed() -> dict[str, Any]:
    many = [12.0 + 17 * number for number in range(14)]
    return answer_speed(
        AnswerSpeed(
            brand="Acme Air",
            start=NOW - timedelta(days=7),
            end=NOW,
            zone=UTC,
            hours="Mon-Fri 09:00-18:00 Europe/Berlin",
            whole=_speed(31, *many, 8, 20, 25, 31, 55, 400, 71, 90, 125, 33, in_time=22),
            teams=(
                ("#voice-complaints", _speed(22, *many, 71, 90, 125, in_time=16)),
                ("#voice-steam", _speed(9, 8, 20, 25, 31, 55, 400, 33, in_time=6)),
            ),
            people=(
                ("dana", _speed(16, *many, in_time=13)),
                ("Ana <@U1> *Ruiz*", _speed(8, 8, 20, 25, 31, 55, 400, in_time=5)),
                ("marc", _speed(4, 71, 90, 125, in_time=3)),
                ("li", _speed(1, 33, in_time=1)),
                ("sam", _speed(2, in_time=0)),
            ),
            unnamed=2,
        )
    )


def _answer_speed_late() -> dict[str, Any]:
    late = _speed(1, 621, in_time=0)
    return answer_speed(
        AnswerSpeed(
            brand="Acme Air",
            start=NOW - timedelta(days=7),
            end=NOW,
            zone=UTC,
            hours="24/7 UTC",
            whole=late,
            teams=(("#voice-complaints", late),),
            people=(),
            unnamed=1,
        )
    )


def a_file(state: CaseState = CaseState.OPEN, **changes: Any) -> CaseFile:
    """Make the file of case 12, whose message is in #voice-complaints."""
    waits = state in (CaseState.OPEN, CaseState.CLAIMED)
    case = Case(
        id=12,
        mention_id="appstore:10045",
        brand="Acme Air",
        state=state,
        opened_at=NOW,
        due_at=DUE,
        claimed_by=None if state is CaseState.OPEN else "dana",
        claimed_by_id=None if state is CaseState.OPEN else "U0DANA",
        claimed_at=None if state is CaseState.OPEN else NOW + timedelta(minutes=4),
        responded_at=None if waits else NOW + timedelta(minutes=95),
        kind=changes.pop("kind", AlertKind.COMPLAINT),
        outcome=changes.pop("outcome", None),
    )
    names = [CaseEventKind.OPENED, *([] if state is CaseState.OPEN else [CaseEventKind.CLAIMED])]
    if not waits:
        names.append(CaseEventKind(changes.pop("ended", state.value)))
    events = tuple(
        CaseEvent(at=NOW, event=name, actor="earful" if name in _OURS else "dana")
        for name in names
    )
    mention = changes.pop("mention", a_mention())
    return CaseFile(
        case=case,
        mention=mention,
        verdict=a_verdict(),
        events=events,
        channel="#voice-complaints",
        **changes,
    )


REPLIED = tuple(
    kind
    for kind in CaseEventKind
    if kind
    not in (
        CaseEventKind.OPENED,
        CaseEventKind.WARNED,
        CaseEventKind.REMINDED,
        CaseEventKind.OVERDUE,
        CaseEventKind.ESCALATED,
    )
    and kind not in REPLY_EVENTS
)
"""What a reply in the case's thread tells of; the others have messages of their own kinds."""
_OURS = (CaseEventKind.OPENED, CaseEventKind.ANSWERED, CaseEventKind.WON_BACK)


def _case_claimed() -> dict[str, Any]:
    joined = a_mention(native_id="10049", title=None, text="Day 22. Still no refund, no word.")
    return messages.case_card(a_file(CaseState.CLAIMED, joined=(joined,), answers=1), PLACES)


def a_reply(state: ReplyState = ReplyState.WAITING, **changes: Any) -> Reply:
    """Make dana's answer to case 12."""
    reply = Reply(
        id=3,
        case_id=12,
        mention_id="appstore:10045",
        text=(
            "Hello Petra, we are sorry, twice in a month is too much.\n"
            "Your refund went out today & the app is mended. <dana> of Acme Air"
        ),
        state=state,
        author="dana",
        author_id="U0DANA",
        written_at=NOW + timedelta(minutes=20),
        text_hash="0f",
    )
    return replace(reply, **changes)


def answered_file(state: ReplyState, **changes: Any) -> CaseFile:
    """Make the file of case 12 with dana's answer."""
    case = CaseState.RESPONDED if state is ReplyState.SENT else CaseState.CLAIMED
    return a_file(case, reply=a_reply(state, **changes))


REFUSED = "The App Store refused the words: they name a person. Write it without the name."
SEEN_AT = "https://apps.example/acme-air/reviews/10045#answer"


def _answer_waiting() -> dict[str, Any]:
    return messages.case_card(answered_file(ReplyState.WAITING), PLACES)


def _answer_on_its_way() -> dict[str, Any]:
    return messages.case_card(answered_file(ReplyState.SENDING, decided_by="bob"), PLACES)


def _answer_by_hand() -> dict[str, Any]:
    return messages.case_card(answered_file(ReplyState.COPIED), PLACES)


def _answer_refused() -> dict[str, Any]:
    return messages.case_card(answered_file(ReplyState.FAILED, error=REFUSED), PLACES)


def _answer_sent() -> dict[str, Any]:
    sent = {"url": SEEN_AT, "sent_at": NOW + timedelta(minutes=25)}
    return messages.case_card(answered_file(ReplyState.SENT, **sent), PLACES)


def _answer_outdated() -> dict[str, Any]:
    sent = {"url": SEEN_AT, "sent_at": NOW + timedelta(minutes=25), "outdated": True}
    return messages.case_card(answered_file(ReplyState.SENT, **sent), PLACES)


def _draft_request() -> dict[str, Any]:
    return draft_request(answered_file(ReplyState.WAITING), PLACES)


def _draft_approved() -> dict[str, Any]:
    file = answered_file(ReplyState.SENDING, decided_by="bob")
    return draft_decided(file, a_reply(ReplyState.SENDING, decided_by="bob"), PLACES)


def _draft_sent_back() -> dict[str, Any]:
    file = answered_file(ReplyState.DRAFT, decided_by="bob")
    return draft_decided(file, a_reply(ReplyState.DRAFT, decided_by="bob"), PLACES)


def _draft_replaced() -> dict[str, Any]:
    return draft_decided(answered_file(ReplyState.WAITING), a_reply(ReplyState.DROPPED), PLACES)


def _news_of_an_answer(event: CaseEventKind, note: str | None) -> Callable[[], dict[str, Any]]:
    def build() -> dict[str, Any]:
        move = CaseMove(mention_id="appstore:10045", event=event, at=NOW, actor="bob", note=note)
        return answer_news(answered_file(ReplyState.DRAFT), move, PLACES)

    return build


NEWS_OF_ANSWERS = {
    CaseEventKind.SENT_BACK: "Say when the refund went out.",
    CaseEventKind.COPIED: None,
    CaseEventKind.HELD_UP: "The App Store refuses the key: make a new one.",
    CaseEventKind.HELD_BACK: None,
    CaseEventKind.NOT_SENT: REFUSED,
}


def _case_leave_it() -> dict[str, Any]:
    return messages.case_card(a_file(answers=2), PLACES)


def an_answer_in_a_thread(**changes: Any) -> Mention:
    """Make what somebody wrote below a text of somebody else, which names the thread."""
    return a_mention(
        source="hackernews",
        native_id="4401",
        parent_id="hackernews:4400",
        url="https://news.example/item?id=4401",
        author="petra_n",
        title="Acme Air is a <scam>, ask Rita",
        text="Mine came after two weeks, and half of the refund is missing.",
        rating=None,
        rating_max=None,
        **changes,
    )


def _case_in_thread() -> dict[str, Any]:
    return messages.case_card(a_file(mention=an_answer_in_a_thread()), PLACES)


def _case_answered() -> dict[str, Any]:
    return messages.case_card(a_file(CaseState.RESPONDED), PLACES)


def _case_won_back() -> dict[str, Any]:
    glad = a_mention(
        title="They made it right", text="A call, the refund, an apology.", rating=5.0
    )
    return messages.case_card(
        a_file(
            CaseState.CLOSED,
            outcome=CaseOutcome.WON_BACK,
            ended=CaseEventKind.WON_BACK,
            mention=glad,
        ),
        PLACES,
    )


def _case_dismissed() -> dict[str, Any]:
    return messages.case_card(a_file(CaseState.DISMISSED, outcome=CaseOutcome.NOT_A_CASE), PLACES)


def _case_not_about_us() -> dict[str, Any]:
    file = a_file(
        CaseState.DISMISSED,
        outcome=CaseOutcome.NOT_ABOUT_US,
        ended=CaseEventKind.NOT_ABOUT_US,
    )
    return messages.case_card(file, PLACES)


def _not_about_us_reply() -> dict[str, Any]:
    move = CaseMove(
        mention_id="appstore:10045", event=CaseEventKind.NOT_ABOUT_US, actor="dana", at=NOW
    )
    file = a_file(CaseState.DISMISSED, outcome=CaseOutcome.NOT_ABOUT_US)
    return messages.thread_reply(file, move, PLACES)


_ISSUE = "https://github.com/acme/app/issues/7"


def _case_issue() -> dict[str, Any]:
    file = a_file(CaseState.CLAIMED)
    made = CaseEvent(at=NOW, event=CaseEventKind.ISSUE_MADE, actor="dana", note=_ISSUE)
    return messages.case_card(replace(file, events=(*file.events, made)), PLACES)


def _issue_made_reply() -> dict[str, Any]:
    move = CaseMove(
        mention_id="appstore:10045",
        event=CaseEventKind.ISSUE_MADE,
        actor="dana",
        at=NOW,
        note=_ISSUE,
    )
    return messages.thread_reply(a_file(CaseState.CLAIMED), move, PLACES)


def _about_us_reply() -> dict[str, Any]:
    move = CaseMove(
        mention_id="appstore:10045", event=CaseEventKind.ABOUT_US, actor="dana", at=NOW
    )
    return messages.thread_reply(a_file(CaseState.OPEN), move, PLACES)


def _wow_not_about_us() -> dict[str, Any]:
    glad = a_voice(Experience.DELIGHTED, Stance.ADVOCATE, **GLAD)
    return messages.wow(glad, PLACES, (RITA,), "dana")


def _case_assigned() -> dict[str, Any]:
    return messages.case_card(_with_case(CaseState.CLAIMED, assigned_by="omar"), PLACES)


def _case_assigned_by_id() -> dict[str, Any]:
    """Show whom Earful knows by the id alone."""
    file = _with_case(
        CaseState.CLAIMED, claimed_by="U0NINA77", claimed_by_id="U0NINA77", assigned_by="omar"
    )
    return messages.case_card(file, PLACES)


def _case_snoozed() -> dict[str, Any]:
    return messages.case_card(
        _with_case(
            CaseState.CLAIMED,
            snoozed_until=NOW + timedelta(days=3),
            snooze_note="she looks for her booking number",
            due_at=NOW + timedelta(days=3, hours=2),
        ),
        PLACES,
    )


def _case_taken_back() -> dict[str, Any]:
    file = a_file(
        CaseState.CLOSED,
        outcome=CaseOutcome.WITHDRAWN,
        ended=CaseEventKind.WITHDRAWN,
        withdrawn=True,
    )
    case = replace(file.case, responded_at=None)
    return messages.case_card(replace(file, case=case), PLACES)


def _case_muted() -> dict[str, Any]:
    file = a_file(
        CaseState.DISMISSED, outcome=CaseOutcome.MUTED, ended=CaseEventKind.MUTED, muted=True
    )
    return messages.case_card(file, PLACES)


def _with_case(state: CaseState, **changes: Any) -> CaseFile:
    file = a_file(state)
    return replace(file, case=replace(file.case, **changes))


def _told(
    event: CaseEventKind,
    state: CaseState = CaseState.CLAIMED,
    actor: str = "dana",
    case: dict[str, Any] | None = None,
    **more: Any,
) -> Callable[[], dict[str, Any]]:
    """Make what the thread of case 12 tells of a move."""

    def build() -> dict[str, Any]:
        file = _with_case(state, **(case or {}))
        move = CaseMove(mention_id="appstore:10045", event=event, actor=actor, at=NOW, **more)
        return messages.thread_reply(file, move, PLACES)

    return build


_OMARS = {"claimed_by": "omar", "claimed_by_id": "U0OMAR"}
_TOLD: dict[str, Callable[[], dict[str, Any]]] = {
    "assigned_reply": _told(CaseEventKind.ASSIGNED, case=_OMARS, note="you know this customer"),
    "assigned_by_id_reply": _told(
        CaseEventKind.ASSIGNED, case={"claimed_by": "U0NINA77", "claimed_by_id": "U0NINA77"}
    ),
    "snoozed_reply": _told(
        CaseEventKind.SNOOZED,
        snoozed_until=NOW + timedelta(days=3),
        note="she looks for her booking number",
    ),
    "woken_reply": _told(CaseEventKind.WOKEN, actor="earful"),
    "woken_by_customer_reply": _told(
        CaseEventKind.WOKEN, actor="earful", note="the customer has written again"
    ),
    "woken_unclaimed_reply": _told(CaseEventKind.WOKEN, CaseState.OPEN, "earful"),
    "woken_by_hand_reply": _told(CaseEventKind.WOKEN),
    "noted_reply": _told(
        CaseEventKind.NOTED, note="Booking *K7TQ2*: the refund is on its way.\nAsk <finance>."
    ),
    "unmuted_reply": _told(CaseEventKind.UNMUTED, CaseState.DISMISSED),
    "withdrawn_reply": _told(CaseEventKind.WITHDRAWN, actor="earful", to=CaseState.CLOSED),
    "withdrawn_unclaimed_reply": _told(
        CaseEventKind.WITHDRAWN, CaseState.OPEN, "earful", to=CaseState.CLOSED
    ),
    "withdrawn_in_part_reply": _told(CaseEventKind.WITHDRAWN, actor="earful"),
    "returned_reply": _told(CaseEventKind.RETURNED, CaseState.OPEN, "earful", to=CaseState.OPEN),
}


def _overtaken() -> dict[str, Any]:
    event = CaseEvent(at=NOW, event=CaseEventKind.RESPONDED, actor="omar", actor_id="U0OMAR")
    return messages.note(overtaken(a_file(CaseState.RESPONDED).case, event))


def _case_reply() -> dict[str, Any]:
    glad = a_mention(text="They found it!", title=None, rating=5.0)
    file = a_file(
        CaseState.CLOSED, outcome=CaseOutcome.WON_BACK, ended=CaseEventKind.WON_BACK, mention=glad
    )
    move = CaseMove(mention_id="appstore:10045", event=CaseEventKind.WON_BACK, at=NOW)
    return messages.thread_reply(file, move, PLACES)


def _reminder() -> dict[str, Any]:
    return messages.reminder(
        a_file(CaseState.CLAIMED), PLACES, NOW + timedelta(hours=3), ["U0DANA"]
    )


def _reminder_overdue() -> dict[str, Any]:
    file = a_file(CaseState.CLAIMED)
    return messages.reminder(file, PLACES, DUE + timedelta(minutes=50), ["U0DANA"])


def _unclaimed() -> dict[str, Any]:
    return messages.unclaimed(a_file(), PLACES, NOW + timedelta(hours=2), ["U0OMAR"])


def _due_soon_elsewhere() -> dict[str, Any]:
    file = a_file(CaseState.CLAIMED)
    return messages.due_soon(
        file, PLACES, NOW + timedelta(hours=3), ["S0LEADS"], "#voice-complaints"
    )


def _overdue() -> dict[str, Any]:
    file = a_file(CaseState.CLAIMED)
    return messages.overdue(file, PLACES, DUE + timedelta(minutes=1), ["U0DANA"])


def _overdue_elsewhere() -> dict[str, Any]:
    later = DUE + timedelta(hours=2)
    return messages.overdue(a_file(), PLACES, later, ["S0LEADS"], "C0123ABCD")


def _overdue_on_card() -> dict[str, Any]:
    file = a_file()
    said = messages.overdue(file, PLACES, DUE + timedelta(minutes=1), ["U0OMAR"])
    return messages.on_card(said, file, PLACES)


def some_files(number: int) -> list[CaseFile]:
    """Make the files of cases from 12 on, every second one claimed."""
    files = [a_file(CaseState.CLAIMED if place % 2 else CaseState.OPEN) for place in range(number)]
    return [
        replace(file, case=replace(file.case, id=12 + place)) for place, file in enumerate(files)
    ]


def _many_unclaimed() -> dict[str, Any]:
    return messages.many_unclaimed([a_file(), a_file()], PLACES, ["U0OMAR"])


def _many_due() -> dict[str, Any]:
    files = [a_file(CaseState.CLAIMED)]
    return messages.many_due(files, PLACES, ["U0DANA"], an_incident())


def _many_overdue() -> dict[str, Any]:
    return messages.many_overdue(some_files(12), PLACES, ["U0DANA", "U0OMAR"])


def _many_overdue_of_incident() -> dict[str, Any]:
    return messages.many_overdue(some_files(40), PLACES, ["U0OMAR"], an_incident())


def _overdue_count() -> dict[str, Any]:
    return messages.overdue_count("Acme Air", 3, NOW)


def an_incident(**changes: Any) -> Incident:
    state = Incident(
        brand="Acme Air",
        channel="#voice-complaints",
        opened_at=NOW,
        last_at=NOW + timedelta(minutes=20),
        complaints=37,
        about="login",
    )
    return replace(state, **changes)


def why_so_many(**changes: Any) -> Explanation:
    """Explain a rise that comes from one version of one app."""
    quotes = (
        a_mention(text="Since the update it closes when I open my boarding pass.", title=None),
        a_mention(author=None, url=None, text="Boarding pass gone, and the gate was closing!"),
    )
    return Explanation(
        number=41,
        usual=2.2,
        traits=(
            Trait(Facet.SOURCE, "google_play", 38, 41, 0.24, 0.96),
            Trait(Facet.VERSION, "5.2.1", 35, 41, 0.0, 0.9),
            Trait(Facet.COUNTRY, "DE", 30, 41, 0.31, 0.75),
        ),
        phrases=(Phrase("boarding pass", 31, 41, 0.01), Phrase("update", 22, 41, 0.03)),
        quotes=changes.pop("quotes", quotes),
    )


WORK = IncidentWork(open=30, claimed=8, answered=2, ended=1, claimants=("dana", "lee"))


def _incident() -> dict[str, Any]:
    return messages.incident(an_incident(), why_so_many(), WORK, PLACES)


def _incident_alone() -> dict[str, Any]:
    nothing = Explanation(number=41, usual=14.0)
    return messages.incident(an_incident(about=None), nothing, IncidentWork(open=41), PLACES)


def _incident_over() -> dict[str, Any]:
    over = an_incident(closed_at=NOW + timedelta(hours=1), back_at=NOW + timedelta(minutes=40))
    done = IncidentWork(answered=40, ended=1)
    return messages.incident(over, Explanation(number=41), done, PLACES)


def _earful_in_trouble() -> dict[str, Any]:
    sentences = [
        "scoring has failed since 2026-11-24 08:12 UTC (3 times in a row): no trained weights in "
        "/srv/earful/weights: model.json is missing",
        "#voice-wows: 1 alert is waiting: the channel is archived; unarchive it or configure "
        "another (is_archived). Once that is mended, run `earful alerts retry --channel "
        "'#voice-wows'`.",
    ]
    return messages.earful_in_trouble(sentences, NOW)


def _earful_is_well() -> dict[str, Any]:
    return messages.earful_is_well(["scoring"], 1, NOW)


def _clock_was_set() -> dict[str, Any]:
    return messages.clock_was_set(timedelta(hours=-1), NOW)


def _earful_was_away() -> dict[str, Any]:
    return messages.earful_was_away(NOW - timedelta(days=8.7), NOW, died=True, late=(12, 340, 1))


def a_spike(kind: IncidentKind = IncidentKind.VOLUME, **changes: Any) -> Incident:
    """Make a spike of three hours."""
    return an_incident(kind=kind, complaints=214, about=None, **changes)


def _volume_spike() -> dict[str, Any]:
    return messages.spike(a_spike(), why_so_many(), PLACES, 3)


def _anger_spike() -> dict[str, Any]:
    over = a_spike(IncidentKind.ANGER, closed_at=NOW + timedelta(hours=4))
    return messages.spike(over, Explanation(number=214, usual=0.4), PLACES, 3)


def _limited() -> dict[str, Any]:
    return messages.limited("Acme Air", 14, NOW)


def _leaderboard() -> dict[str, Any]:
    names = [(RITA, 9), (JIM, 9), (Colleague("Ada"), 2)]
    return messages.leaderboard("Acme Air", "2026-10", names)


def _shared_quote() -> dict[str, Any]:
    return messages.shared_quote(a_mention(**GLAD), PLACES)


EXAMPLES: dict[str, Callable[[], dict[str, Any]]] = {
    "complaint": _complaint,
    "complaint_long": _complaint_long,
    "complaint_likely": _complaint_likely,
    "complaint_unread": _complaint_unread,
    "complaint_imported": _complaint_imported,
    "lost_advocate": _lost_advocate,
    "lost_advocate_answered": _lost_advocate_answered,
    "wow": _wow,
    "won_back": _won_back,
    "backlog": _backlog,
    "checkpoint": _checkpoint,
    "checkpoint_raised": _checkpoint_raised,
    "checkpoint_lowered": _checkpoint_lowered,
    "ops": _ops,
    "ops_healed": _ops_healed,
    "earful_in_trouble": _earful_in_trouble,
    "earful_is_well": _earful_is_well,
    "earful_was_away": _earful_was_away,
    "clock_was_set": _clock_was_set,
    "digest": _digest,
    "digest_empty": _digest_empty,
    "report": lambda: _report(False),
    "report_attached": lambda: _report(True),
    "answer_speed": _answer_speed,
    "answer_speed_late": _answer_speed_late,
    "case_claimed": _case_claimed,
    "case_in_thread": _case_in_thread,
    "case_leave_it": _case_leave_it,
    "case_answered": _case_answered,
    "case_won_back": _case_won_back,
    "case_dismissed": _case_dismissed,
    "case_not_about_us": _case_not_about_us,
    "not_about_us_reply": _not_about_us_reply,
    "about_us_reply": _about_us_reply,
    "case_issue": _case_issue,
    "case_offers_issue": lambda: messages.case_card(
        replace(a_file(), trackers=("issues:bugs", "issues:ops", "issues:third")), PLACES
    ),
    "issue_made_reply": _issue_made_reply,
    "wow_not_about_us": _wow_not_about_us,
    "case_assigned": _case_assigned,
    "case_assigned_by_id": _case_assigned_by_id,
    "case_snoozed": _case_snoozed,
    "case_taken_back": _case_taken_back,
    "case_muted": _case_muted,
    "case_reply": _case_reply,
    "answer_waiting": _answer_waiting,
    "answer_on_its_way": _answer_on_its_way,
    "answer_by_hand": _answer_by_hand,
    "answer_refused": _answer_refused,
    "answer_sent": _answer_sent,
    "answer_outdated": _answer_outdated,
    "draft_request": _draft_request,
    "draft_approved": _draft_approved,
    "draft_sent_back": _draft_sent_back,
    "draft_replaced": _draft_replaced,
    **{
        f"answer_{event}": _news_of_an_answer(event, note)
        for event, note in NEWS_OF_ANSWERS.items()
    },
    **_TOLD,
    "overtaken": _overtaken,
    "reminder": _reminder,
    "reminder_overdue": _reminder_overdue,
    "unclaimed": _unclaimed,
    "due_soon_elsewhere": _due_soon_elsewhere,
    "overdue": _overdue,
    "overdue_elsewhere": _overdue_elsewhere,
    "overdue_on_card": _overdue_on_card,
    "many_unclaimed": _many_unclaimed,
    "many_due": _many_due,
    "many_overdue": _many_overdue,
    "many_overdue_of_incident": _many_overdue_of_incident,
    "overdue_count": _overdue_count,
    "incident": _incident,
    "incident_alone": _incident_alone,
    "incident_over": _incident_over,
    "incident_over_reply": lambda: messages.incident_over(an_incident()),
    "incident_back_reply": lambda: messages.incident_back(an_incident()),
    "incident_claimed_reply": lambda: messages.incident_claimed("dana", 30),
    "incident_answered_reply": lambda: messages.incident_answered("dana", 1),
    "volume_spike": _volume_spike,
    "anger_spike": _anger_spike,
    "limited": _limited,
    "leaderboard": _leaderboard,
    "shared_quote": _shared_quote,
    "erased_author": messages.erased_author,
    "erased_text": messages.erased_text,
    **people_examples.examples(PLACES),
}


# Modals and the Home: builders of `alerts.messages` that give views.
def _answer_modal(text: str = "", **changes: Any) -> dict[str, Any]:
    written = Written(
        mention_id="appstore:10045",
        text_hash="0f",
        previewed=fingerprint(text) if text else "",
    )
    plan = AnswerPlan(posts=True, approval=False, shown=text, used=len(text), most=5970)
    templates = [("Refund asked for", "1"), ("Sorry, in general", "0")]
    joined = changes.pop("complaints", ())
    plan = replace(plan, **changes)
    return answer_modal(a_mention(), PLACES, plan, written, text, templates, joined)


def _answer_previewed() -> dict[str, Any]:
    return _answer_modal(a_reply().text)


def _answer_to_approve() -> dict[str, Any]:
    return _answer_modal(a_reply().text, approval=True)


def _answer_without_access() -> dict[str, Any]:
    lacking = "APP_STORE_CONNECT_KEY is not set: without it Earful cannot post there."
    return _answer_modal(posts=False, hindrance=lacking)


def _answer_one_of_two() -> dict[str, Any]:
    joined = a_mention(native_id="10049", title=None, text="Day 22. Still no refund, no word.")
    return _answer_modal(complaints=(a_mention(title="Stranded twice"), joined))


VIEWS: dict[str, Callable[[], dict[str, Any]]] = {
    "answer": _answer_modal,
    "answer_previewed": _answer_previewed,
    "answer_to_approve": _answer_to_approve,
    "answer_without_access": _answer_without_access,
    "answer_one_of_two": _answer_one_of_two,
    "copy_answer": lambda: copy_modal(a_mention(), PLACES, a_reply().text),
    "send_back": lambda: send_back_modal(3, "dana"),
    "responded": lambda: responded_modal("appstore:10045"),
    "responded_copied": lambda: responded_modal("appstore:10045", copied=True),
    "home": work_examples.home,
    "home_empty": work_examples.home_empty,
    "make_case": work_examples.make_case,
    "snooze_modal": lambda: snooze_modal(a_file(CaseState.CLAIMED)),
    "snooze_modal_again": lambda: snooze_modal(
        _with_case(
            CaseState.CLAIMED,
            snoozed_until=NOW + timedelta(days=3),
            snooze_note="she looks for her booking number",
        )
    ),
    "note_modal": lambda: note_modal(a_file(CaseState.CLAIMED)),
}
EXAMPLES |= work_examples.EXAMPLES


def as_json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> None:
    for name, build in EXAMPLES.items():
        payload = build()
        if "--write" in arguments:
            (GOLDEN / f"{name}.json").write_text(as_json(payload), encoding="utf-8")
            (GOLDEN / f"{name}.txt").write_text(messages.plain(payload) + "\n", encoding="utf-8")
        elif "--json" in arguments:
            print(as_json(payload))
        else:
            print(f"\n{f' {name} ':#^80}\ntext: {payload['text']}\n\n{messages.plain(payload)}")
    for name, build in VIEWS.items():
        view = build()
        if "--write" in arguments:
            (GOLDEN / f"{name}.json").write_text(as_json(view), encoding="utf-8")
            (GOLDEN / f"{name}.txt").write_text(as_text(view) + "\n", encoding="utf-8")
        elif "--json" in arguments:
            print(as_json(view))
        else:
            print(f"\n{f' {name} ':#^80}\n\n{as_text(view)}")


if __name__ == "__main__":
    main(sys.argv[1:])
