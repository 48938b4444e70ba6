"""What must happen because of what was said: voices in, cases and alerts out.

Pure: no store, no clock, no network. A dedupe key names the mention and not its text, so that an
edited text that is judged again never posts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts import messages
from alerts.decide.case_moves import (
    UPDATE_EVERY,
    Teller,
    edited,
    is_answered,
    joins,
    looks_dismissed,
)
from alerts.decide.routing import Calm, Route
from alerts.decide.stats import CheckpointResult
from alerts.decide.voice_signs import (
    Colleague,
    has_substance,
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
    Mention,
    NewAlert,
    NewCase,
    Operation,
    Stance,
    Voice,
)
from storage.models.dedupe_keys import (
    backlog_key,
    checkpoint_key,
    complaint_key,
    kudos_key,
    limited_key,
    update_key,
    wow_key,
)


@dataclass(frozen=True)
class Channels:
    complaints: str
    wows: str
    digest: str
    ops: str


@dataclass(frozen=True)
class Policy:
    """What one brand's rules need. `due` says when a complaint seen at a moment must be answered.

    `due_urgent` is the shorter one for a lost advocate; without it `due` serves. A source in
    `source_channels` has its complaints, wows and backlog in a channel of its own; of `routes`
    the first that matches decides before that. `same_matter` is how long an author's further
    complaints join a case, `dismissed_for` how long what people called no case stays none.
    `likely` tells unsure complaints that open a case all the same; without it none does.
    """

    channels: Channels
    due: Callable[[datetime], datetime]
    max_age: timedelta = timedelta(hours=24)
    due_urgent: Callable[[datetime], datetime] | None = None
    source_channels: Mapping[str, str] = field(default_factory=dict)
    staff: tuple[Colleague, ...] = ()
    routes: tuple[Route, ...] = ()
    calm: Calm = field(default_factory=Calm)
    same_matter: timedelta = timedelta(days=7)
    dismissed_for: timedelta = timedelta(days=14)
    likely: Callable[[Voice], bool] | None = None

    def acts_on(self, voice: Voice) -> bool:
        """Tell whether a verdict may act: it is sure, or a complaint that is likely enough."""
        return voice.verdict.sure or bool(self.likely and self.likely(voice))

    def route_of(self, voice: Voice) -> Route | None:
        return next((route for route in self.routes if route.matches(voice)), None)

    def teller(self) -> Teller:
        """Give what writes the messages about a case's moves."""
        return Teller(self.calm, self.channels.complaints)

    def complaints_of(self, source: str) -> str:
        return self.source_channels.get(source, self.channels.complaints)

    def wows_of(self, source: str) -> str:
        return self.source_channels.get(source, self.channels.wows)


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
    """`staff` are the colleagues that wows name, by mention."""

    cases: tuple[NewCase, ...] = ()
    alerts: tuple[NewAlert, ...] = ()
    moves: tuple[CaseMove, ...] = ()
    staff: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def judge(
    voices: Sequence[Voice], policy: Policy, now: datetime, around: Surroundings | None = None
) -> Decision:
    """Decide for each voice, in order; the caller writes the decision in one transaction.

    Only sure verdicts act, and likely complaints where the policy says so. An angry one opens a
    case and alerts, or joins the case that its author has; the time to answer runs from `now`,
    when the team can first know. A complaint that the owner answered after its last edit needs no
    case and no alert, except that a lost advocate is still told, without a due time. Mentions that
    were old when the store got them, undated and future ones are only counted, unless an edit has
    changed how they feel. A text that was edited changes the case it has.
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
        self._opened: dict[str, Case] = {}
        self._posted = dict(around.posted)
        self._folded: dict[str, int] = {}
        self._brand = ""

    def see(self, voice: Voice) -> None:
        mention = voice.mention
        if mention.author_id is not None and mention.author_id in self._around.muted:
            return
        case = self._around.cases.get(mention.id)
        if case is not None:
            answers = self._around.answers.get(case.mention_id, 0)
            self._moves.append(edited(voice, case, answers, self._policy.due, self._now))
            if voice.verdict.experience is Experience.ANGRY:
                return
        earlier = self._around.earlier.get(mention.id)
        if not self._policy.acts_on(voice) or not is_news(voice, earlier, self._policy.max_age):
            return
        if voice.verdict.experience is Experience.ANGRY:
            self._complaint(voice)
        else:
            self._good_news(voice)

    def decision(self) -> Decision:
        for channel, number in self._folded.items():
            total = number + self._around.folded.get(channel, 0)
            self._alerts += limited(self._brand, channel, total, self._now)
        return Decision(tuple(self._cases), tuple(self._alerts), tuple(self._moves), self._staff)

    def _complaint(self, voice: Voice) -> None:
        mention, policy, now = voice.mention, self._policy, self._now
        lost = was_friend(voice.history)
        route = policy.route_of(voice)
        channel = (route and route.channel) or policy.complaints_of(mention.source)
        # One key for both kinds: a history learnt later must not post the same mention again.
        key = complaint_key(mention.id)
        kind = AlertKind.LOST_ADVOCATE if lost else AlertKind.COMPLAINT
        if is_answered(mention):
            if lost:
                payload = messages.lost_advocate(voice, None)
                self._alerts.append(_alert(key, kind, channel, voice, payload, now))
            return
        if looks_dismissed(mention, self._around.dismissed):
            return
        if self._joins(voice):
            return
        urgent = lost or bool(route and route.urgent)
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
        build = messages.lost_advocate if lost else messages.complaint
        alert = _alert(key, kind, channel, voice, build(voice, due_at), now)
        self._post(alert, urgent=urgent)

    def _joins(self, voice: Voice) -> bool:
        author = voice.mention.author_id
        if author is None:
            return False
        case = self._opened.get(author) or self._around.authors.get(author)
        if case is None or case.state is CaseState.DISMISSED:
            return False
        answers = self._around.answers.get(case.mention_id, 0)
        self._moves.append(joins(voice, case, answers, self._policy.due, self._now))
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
        payload = messages.won_back(voice, staff) if won_back else messages.wow(voice, staff)
        kind = AlertKind.WON_BACK if won_back else AlertKind.WOW
        alert = _alert(wow_key(mention.id), kind, channel, voice, payload, self._now)
        self._post(alert, urgent=bool(route and route.urgent))

    def _post(self, alert: NewAlert, *, urgent: bool) -> None:
        self._posted[alert.channel] = self._posted.get(alert.channel, 0) + 1
        not_before = self._policy.calm.release(alert.channel, self._now, urgent=urgent)
        self._alerts.append(replace(alert, urgent=urgent, not_before=not_before))


def backlog(
    brand: str,
    source: str,
    counts: Mapping[Experience, int],
    oldest: datetime | None,
    newest: datetime | None,
    policy: Policy,
    now: datetime,
) -> NewAlert:
    """Make one summary of a source's old mentions: the quiet first run, once a day at most."""
    hours = policy.max_age / timedelta(hours=1)
    return NewAlert(
        dedupe_key=backlog_key(brand, source, now),
        kind=AlertKind.BACKLOG,
        brand=brand,
        channel=policy.source_channels.get(source, policy.channels.digest),
        payload=messages.backlog(brand, source, counts, oldest, newest, hours),
        created_at=now,
    )


def checkpoint_reached(
    brand: str, metric: str, window: str, result: CheckpointResult, policy: Policy, now: datetime
) -> NewAlert | None:
    """Celebrate a goal the first time it is truly reached; None while it is not."""
    if not result.reached or result.value is None:
        return None
    return NewAlert(
        dedupe_key=checkpoint_key(brand, metric, result.target),
        kind=AlertKind.CHECKPOINT,
        brand=brand,
        channel=policy.channels.wows,
        payload=messages.checkpoint(
            brand,
            metric,
            result.target,
            result.value,
            result.interval.low,
            result.interval.high,
            result.total,
            result.next_target,
            window,
        ),
        created_at=now,
    )


def leaderboard(
    brand: str, month: str, names: Sequence[tuple[str, int]], policy: Policy, now: datetime
) -> NewAlert:
    """Name the colleagues whom a month's wows praise, once a month."""
    known = {one.name: one for one in policy.staff}
    places = [(known.get(name, Colleague(name)), wows) for name, wows in names]
    return NewAlert(
        dedupe_key=kudos_key(brand, month),
        kind=AlertKind.KUDOS,
        brand=brand,
        channel=policy.channels.wows,
        payload=messages.leaderboard(brand, month, places),
        created_at=now,
    )


def limited(brand: str, channel: str, number: int, now: datetime) -> list[NewAlert]:
    """Fold the complaints beyond a channel's limit into one message an hour that counts up."""
    key = limited_key(channel, now)
    payload = messages.limited(brand, number, now)
    first = NewAlert(
        dedupe_key=key,
        kind=AlertKind.LIMITED,
        brand=brand,
        channel=channel,
        payload=payload,
        created_at=now,
    )
    update = replace(
        first,
        dedupe_key=update_key(key),
        operation=Operation.UPDATE,
        root_key=key,
        spacing=UPDATE_EVERY,
    )
    return [first, update]


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
