"""What must happen because of what was said: voices in, cases and alerts out.

No store, no clock, no network. A dedupe key names the mention and not its text, so that an
edited text that is judged again never posts twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alerts import messages
from alerts.metrics import CheckpointResult
from storage.models import (
    AlertKind,
    AuthorHistory,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Mention,
    NewAlert,
    NewCase,
    Stance,
    Voice,
)

CLOCK_SKEW = timedelta(days=1)
"""How far in the future a source's clock may lie; what claims more has no usable date."""


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
    `source_channels` has its complaints, wows and backlog in a channel of its own.
    """

    channels: Channels
    due: Callable[[datetime], datetime]
    max_age: timedelta = timedelta(hours=24)
    due_urgent: Callable[[datetime], datetime] | None = None
    source_channels: Mapping[str, str] = field(default_factory=dict)
    staff: tuple[str, ...] = ()

    def complaints_of(self, source: str) -> str:
        return self.source_channels.get(source, self.channels.complaints)

    def wows_of(self, source: str) -> str:
        return self.source_channels.get(source, self.channels.wows)


@dataclass(frozen=True)
class Decision:
    cases: tuple[NewCase, ...] = ()
    alerts: tuple[NewAlert, ...] = ()


def judge(voices: Sequence[Voice], policy: Policy, now: datetime) -> Decision:
    """Decide for each voice, in order; the caller writes the decision in one transaction.

    Only sure verdicts act. An angry one opens a case and alerts; the time to answer runs from
    `now`, when the team can first know. A complaint that the owner answered after its last
    edit needs no case and no alert, except that a lost advocate is still told, without a due
    time. Old, undated and future mentions are only counted.
    """
    cases: list[NewCase] = []
    alerts: list[NewAlert] = []
    for voice in voices:
        if not voice.verdict.sure or not is_fresh(voice.mention, policy.max_age, now):
            continue
        if voice.verdict.experience is Experience.ANGRY:
            case, alert = _complaint(voice, policy, now)
        else:
            case, alert = None, _good_news(voice, policy, now)
        if case is not None:
            cases.append(case)
        if alert is not None:
            alerts.append(alert)
    return Decision(tuple(cases), tuple(alerts))


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
        dedupe_key=f"backlog:{brand}:{source}:{now.astimezone(UTC):%Y-%m-%d}",
        kind=AlertKind.BACKLOG,
        brand=brand,
        channel=policy.source_channels.get(source, policy.channels.digest),
        payload=messages.backlog(brand, source, counts, oldest, newest, hours),
        created_at=now,
    )


def source_health(
    target: CrawlTarget,
    previous: CrawlOutcome | None,
    report: CrawlReport,
    policy: Policy,
    now: datetime,
) -> NewAlert | None:
    """Tell ops once when a source turns bad (or begins so) and once when it heals."""
    was_good = previous is None or previous.good
    if was_good == report.outcome.good:
        return None
    change = "healed" if report.outcome.good else "trouble"
    place = f"{target.brand}:{target.source}:{target.target}"
    return NewAlert(
        dedupe_key=f"ops:{change}:{place}:{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        kind=AlertKind.OPS,
        brand=target.brand,
        channel=policy.channels.ops,
        payload=messages.ops(target, previous, report, now),
        created_at=now,
    )


def checkpoint_reached(
    brand: str, metric: str, window: str, result: CheckpointResult, policy: Policy, now: datetime
) -> NewAlert | None:
    """Celebrate a goal the first time it is truly reached; None while it is not."""
    if not result.reached or result.value is None:
        return None
    return NewAlert(
        dedupe_key=f"checkpoint:{brand}:{metric}:{result.target:g}",
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


def is_fresh(mention: Mention, max_age: timedelta, now: datetime) -> bool:
    """Tell whether a mention may alert by itself: dated, not older than `max_age`, not absurd."""
    if mention.created_at is None:
        return False
    return -CLOCK_SKEW <= now - mention.created_at <= max_age


def was_friend(history: AuthorHistory) -> bool:
    """Tell whether an author last spoke well of the brand."""
    if history.last_stance is Stance.HATER or history.last_experience is Experience.ANGRY:
        return False
    if history.last_stance is Stance.ADVOCATE or history.last_experience is Experience.DELIGHTED:
        return True
    return history.advocate + history.delighted > history.hater + history.angry


def was_against(history: AuthorHistory) -> bool:
    """Tell whether an author last spoke ill of the brand."""
    if history.last_stance is Stance.HATER or history.last_experience is Experience.ANGRY:
        return True
    if history.last_stance is Stance.ADVOCATE or history.last_experience is Experience.DELIGHTED:
        return False
    return history.hater + history.angry > history.advocate + history.delighted


def is_answered(mention: Mention) -> bool:
    """Tell whether the owner answered what the mention now says, not an older text of it."""
    if mention.owner_replied_at is None:
        return False
    return mention.edited_at is None or mention.owner_replied_at >= mention.edited_at


def named_staff(mention: Mention, staff: Sequence[str]) -> tuple[str, ...]:
    """Find the whole names that a mention's words name, whatever their case or apostrophe."""
    said = _folded(f"{mention.title or ''}\n{mention.text}")
    return tuple(
        name
        for name in staff
        if name.strip()
        and re.search(rf"(?<!\w){re.escape(_folded(name.strip()))}(?!\w)", said) is not None
    )


def _complaint(
    voice: Voice, policy: Policy, now: datetime
) -> tuple[NewCase | None, NewAlert | None]:
    mention = voice.mention
    lost = was_friend(voice.history)
    kind = AlertKind.LOST_ADVOCATE if lost else AlertKind.COMPLAINT
    channel = policy.complaints_of(mention.source)
    # One key for both kinds: a history learnt later must not post the same mention again.
    key = f"complaint:{mention.id}"
    if is_answered(mention):
        if not lost:
            return None, None
        return None, _alert(key, kind, channel, voice, messages.lost_advocate(voice, None), now)
    due_at = (policy.due_urgent or policy.due)(now) if lost else policy.due(now)
    payload = messages.lost_advocate(voice, due_at) if lost else messages.complaint(voice, due_at)
    case = NewCase(mention_id=mention.id, brand=mention.brand, opened_at=now, due_at=due_at)
    return case, _alert(key, kind, channel, voice, payload, now)


def _good_news(voice: Voice, policy: Policy, now: datetime) -> NewAlert | None:
    mention, verdict = voice.mention, voice.verdict
    delighted = verdict.experience is Experience.DELIGHTED
    won_back = was_against(voice.history) and (delighted or verdict.stance is Stance.ADVOCATE)
    if not delighted and not won_back:
        return None
    staff = named_staff(mention, policy.staff)
    payload = messages.won_back(voice, staff) if won_back else messages.wow(voice, staff)
    kind = AlertKind.WON_BACK if won_back else AlertKind.WOW
    channel = policy.wows_of(mention.source)
    return _alert(f"wow:{mention.id}", kind, channel, voice, payload, now)


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


def _folded(text: str) -> str:
    return " ".join(text.replace("’", "'").casefold().split())
