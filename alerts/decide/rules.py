"""What must happen because of what was said: voices in, cases and alerts out.

Pure: no store, no clock, no network. A dedupe key names the mention and not its text, so that an
edited text that is judged again never posts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts import messages
from alerts.decide.brand_alerts import limited
from alerts.decide.case_moves import edited, has_owner_reply, joins, looks_dismissed
from alerts.decide.policy import Policy
from alerts.decide.voice_signs import (
    has_substance,
    is_bad_and_unread,
    is_news,
    named_staff,
    was_against,
    was_friend,
)
from storage.models import (
    AlertKind,
    Case,
    CaseMove,
    CaseState,
    Experience,
    Fate,
    Mention,
    NewAlert,
    NewCase,
    Stance,
    Voice,
)
from storage.models.dedupe_keys import complaint_key, wow_key


@dataclass(frozen=True)
class Surroundings:
    """What is there already. `cases` are by mention, `authors` by author (their newest case of
    late), `answers` count public answers by mention of the case, `earlier` is how an older text
    of a mention was understood, `posted` counts the last hour's messages by channel. While an
    `incident` is told of, complaints open cases and make no messages of their own.
    """

    cases: Mapping[str, Case] = field(default_factory=dict)
    authors: Mapping[str, Case] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)
    earlier: Mapping[str, Experience] = field(default_factory=dict)
    muted: frozenset[str] = frozenset()
    dismissed: Sequence[Mention] = ()
    posted: Mapping[str, int] = field(default_factory=dict)
    folded: Mapping[str, int] = field(default_factory=dict)
    incident: bool = False


@dataclass(frozen=True)
class Decision:
    """`staff` are the colleagues that wows name, `fates` what came of each, by mention.

    The message of a new case is empty here: it is built from the case, which has its number only
    once it is opened.
    """

    cases: tuple[NewCase, ...] = ()
    alerts: tuple[NewAlert, ...] = ()
    moves: tuple[CaseMove, ...] = ()
    staff: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fates: Mapping[str, Fate] = field(default_factory=dict)


def judge(
    voices: Sequence[Voice], policy: Policy, now: datetime, around: Surroundings | None = None
) -> Decision:
    """Decide for each voice, in order; the caller writes the decision in one transaction.

    Only sure verdicts act, and likely complaints where the policy says so. Where no model reads
    the language, bad stars make a likely complaint. An angry one opens a case and alerts, or joins
    the case that its author has; the time to answer runs from `now`,
    when the team can first know. A complaint that the owner answered after its last edit needs no
    case and no alert, except that a lost advocate is still told, without a due time. Mentions that
    were old when the store got them, undated and future ones are only counted, unless an edit has
    changed how they feel; so is what is said of a competitor, and a bad rating without words,
    unless the policy makes it a case. A text that was edited changes the case it has.
    """
    judging = _Judging(policy, now, around or Surroundings())
    for voice in voices:
        judging.see(voice)
    return judging.decision()


class _Judging:
    """One pass over voices: what an earlier one of them began, a later one must know."""

    def __init__(self, policy: Policy, now: datetime, around: Surroundings) -> None:
        self._policy = policy
        self._now = now
        self._around = around
        self._cases: list[NewCase] = []
        self._alerts: list[NewAlert] = []
        self._moves: list[CaseMove] = []
        self._staff: dict[str, tuple[str, ...]] = {}
        self._fates: dict[str, Fate] = {}
        self._opened: dict[str, Case] = {}
        self._posted = dict(around.posted)
        self._folded: dict[str, int] = {}
        self._brand = ""

    def see(self, voice: Voice) -> None:
        mention = voice.mention
        if self._policy.competitor:
            self._fates[mention.id] = Fate.QUIET
            return
        # What makes no alert and no case is for the digest, unless it says why not.
        self._fates[mention.id] = Fate.IN_DIGEST
        if mention.author_id is not None and mention.author_id in self._around.muted:
            self._fates[mention.id] = Fate.MUTED
            return
        case = self._around.cases.get(mention.id)
        if case is not None:
            owner_replies = self._around.answers.get(case.mention_id, 0)
            self._moves.append(edited(voice, case, owner_replies, self._policy.due, self._now))
            if voice.verdict.experience is Experience.ANGRY or is_bad_and_unread(voice):
                return
        earlier = self._around.earlier.get(mention.id)
        if not is_news(voice, earlier, self._policy.max_age):
            self._fates[mention.id] = Fate.QUIET
            return
        if is_bad_and_unread(voice):
            self._complaint(voice)
            return
        if not self._policy.acts_on(voice):
            return
        if voice.verdict.experience is Experience.ANGRY:
            if self._policy.wordless_cases or not mention.is_wordless:
                self._complaint(voice)
        else:
            self._good_news(voice)

    def decision(self) -> Decision:
        for channel, number in self._folded.items():
            total = number + self._around.folded.get(channel, 0)
            self._alerts += limited(self._brand, channel, total, self._policy.calm, self._now)
        alerted = {
            *(case.mention_id for case in self._cases),
            *(alert.mention_id for alert in self._alerts),
            *(move.joins or move.mention_id for move in self._moves),
        }
        return Decision(
            tuple(self._cases),
            tuple(self._alerts),
            tuple(self._moves),
            self._staff,
            {one: Fate.ALERTED if one in alerted else fate for one, fate in self._fates.items()},
        )

    def _complaint(self, voice: Voice) -> None:
        mention, policy, now = voice.mention, self._policy, self._now
        lost = was_friend(voice.history)
        channel = policy.home_of(voice)
        # One key for both kinds: a history learnt later must not post the same mention again.
        key = complaint_key(mention.id)
        kind = AlertKind.LOST_ADVOCATE if lost else AlertKind.COMPLAINT
        if has_owner_reply(mention):
            if lost:
                payload = messages.answered_advocate(voice, policy.places)
                self._alerts.append(_alert(key, kind, channel, voice, payload, now))
            return
        if looks_dismissed(mention, self._around.dismissed):
            return
        if self._joins(voice):
            return
        urgent = lost or policy.is_urgent(voice)
        due = (policy.due_urgent or policy.due) if urgent else policy.due
        due_at = due(now)
        case = NewCase(
            mention_id=mention.id, brand=mention.brand, opened_at=now, due_at=due_at, kind=kind
        )
        self._cases.append(case)
        if mention.author_id is not None:
            self._opened[mention.author_id] = _begun(case)
        # An urgent one is told whatever else goes on.
        if self._around.incident and not urgent:
            return
        if not urgent and not policy.calm.room_for(channel, self._posted.get(channel, 0)):
            self._folded[channel] = self._folded.get(channel, 0) + 1
            self._brand = mention.brand
            return
        self._post(_alert(key, kind, channel, voice, {}, now), urgent=urgent)

    def _joins(self, voice: Voice) -> bool:
        author = voice.mention.author_id
        if author is None:
            return False
        case = self._opened.get(author) or self._around.authors.get(author)
        if case is None or case.state is CaseState.DISMISSED:
            return False
        owner_replies = self._around.answers.get(case.mention_id, 0)
        self._moves.append(joins(voice, case, owner_replies, self._policy.due, self._now))
        return True

    def _good_news(self, voice: Voice) -> None:
        mention, verdict = voice.mention, voice.verdict
        delighted = verdict.experience is Experience.DELIGHTED
        # An edit tells of the same person: angry before, case or none, and delighted now.
        turned = delighted and self._around.earlier.get(mention.id) is Experience.ANGRY
        won_back = turned or (
            was_against(voice.history) and (delighted or verdict.stance is Stance.ADVOCATE)
        )
        if not delighted and not won_back:
            return
        staff = named_staff(mention, self._policy.staff)
        if staff:
            self._staff[mention.id] = tuple(one.name for one in staff)
        route = self._policy.route_of(voice)
        channel = (route and route.channel) or self._policy.wows_of(mention.source)
        if not won_back:
            room = self._policy.calm.room_for(channel, self._posted.get(channel, 0), wow=True)
            if not staff and not (room and has_substance(mention)):
                return
        build = messages.won_back if won_back else messages.wow
        payload = build(voice, self._policy.places, staff)
        kind = AlertKind.WON_BACK if won_back else AlertKind.WOW
        alert = _alert(wow_key(mention.id), kind, channel, voice, payload, self._now)
        self._post(alert, urgent=bool(route and route.urgent))

    def _post(self, alert: NewAlert, *, urgent: bool) -> None:
        self._posted[alert.channel] = self._posted.get(alert.channel, 0) + 1
        not_before = self._policy.calm.release(alert.channel, self._now, urgent=urgent)
        self._alerts.append(replace(alert, urgent=urgent, not_before=not_before))


def _begun(case: NewCase) -> Case:
    return Case(
        id=0,
        mention_id=case.mention_id,
        brand=case.brand,
        state=CaseState.OPEN,
        opened_at=case.opened_at,
        due_at=case.due_at,
        kind=case.kind,
    )


def _alert(
    key: str,
    kind: AlertKind,
    channel: str,
    voice: Voice,
    payload: dict[str, object],
    now: datetime,
) -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=kind,
        brand=voice.mention.brand,
        channel=channel,
        payload=payload,
        created_at=now,
        mention_id=voice.mention.id,
    )
