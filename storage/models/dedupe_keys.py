"""The dedupe keys of alerts: what names a message, so that it reaches Slack once. Pure.

A key that changed would let an update of Earful send again what Slack has: none here ever does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from storage.models.store_times import iso


def complaint_key(mention_id: str) -> str:
    """Name the alert that tells of an angry mention, whatever its text or kind becomes."""
    return f"complaint:{mention_id}"


def wow_key(mention_id: str) -> str:
    """Name the alert that tells of a delighted mention, or of an author who was won back."""
    return f"wow:{mention_id}"


def case_reply_key(case_id: int, events: int) -> str:
    """Name the reply about the last of so many events of a case."""
    return f"case:{case_id}:{events}"


def case_event_key(via: str, event_id: int) -> str:
    """Name what one subscriber is sent of one event of a case."""
    return f"case-event:{via}:{event_id}"


def issue_key(via: str, mention_id: str) -> str:
    """Name the one issue that a tracker gets of a case."""
    return f"issue:{via}:{mention_id}"


def step_key(case_id: int, due_at: datetime, step: str, owner: str, place: str) -> str:
    """Name what says that a case has come to a step of its ladder."""
    return f"ladder:{case_id}:{iso(due_at)}:{step}:{owner}:{place}"


def line_key(line: str, since: datetime) -> str:
    """Name the message about the cases that a line of the ladder gathers from a moment on."""
    return f"ladder:many:{line}:{_second(since)}"


def answer_key(reply_id: int) -> str:
    """Name the posting of an answer at its source."""
    return f"answer:{reply_id}"


def draft_key(reply_id: int) -> str:
    """Name the message that asks a second person to approve an answer."""
    return f"draft:{reply_id}"


def update_key(root_key: str) -> str:
    """Name what brings the message of another alert up to date; the outbox numbers it."""
    return f"update:{root_key}"


def numbered_key(key: str, number: int) -> str:
    """Name one of several updates of the same message: each may be sent."""
    return f"{key}:{number}"


def over_key(root_key: str, *, after: datetime | None = None) -> str:
    """Name the word that what another alert tells of is over, or over again `after` a return."""
    return f"{root_key}:over" if after is None else f"{root_key}:over:{iso(after)}"


def back_key(root_key: str, at: datetime) -> str:
    """Name the word that what another alert tells of came back."""
    return f"{root_key}:back:{iso(at)}"


def worked_key(root_key: str, click: str) -> str:
    """Name the word on a click that worked all cases of an incident."""
    return f"{root_key}:worked:{click}"


def incident_key(brand: str, opened_at: datetime) -> str:
    """Name the one message of an incident."""
    return f"incident:{brand}:{iso(opened_at)}"


def spike_key(brand: str, kind: str, now: datetime) -> str:
    """Name the alert about unusual hours, once a UTC day for each kind."""
    return f"spike:{brand}:{kind}:{_day(now)}"


def limited_key(channel: str, now: datetime) -> str:
    """Name the message that stands for what a channel's limit held back this hour."""
    return f"limited:{channel}:{now.astimezone(UTC):%Y-%m-%dT%H}"


def backlog_key(brand: str, source: str, now: datetime) -> str:
    """Name the summary of a source's old mentions, once a UTC day."""
    return f"backlog:{brand}:{source}:{_day(now)}"


def checkpoint_key(brand: str, metric: str, target: float) -> str:
    """Name the celebration of a goal."""
    return f"checkpoint:{brand}:{metric}:{target:g}"


def lowered_key(brand: str, metric: str, goal: int) -> str:
    """Name the word on a goal that the config lowered, by the row of the lower one."""
    return f"lowered:{brand}:{metric}:{goal}"


def competitor_key(brand: str, now: datetime, *, ended: bool) -> str:
    """Name what ops hear of a brand that becomes a competitor, or is one no more."""
    return f"ops:competitor{':ended' if ended else ''}:{brand}:{_second(now)}"


def version_key(brand: str, version: str) -> str:
    """Name the alert that a version made things worse: one a version, whatever the metric."""
    return f"version:{brand}:{version}"


def advocates_key(brand: str, day: date) -> str:
    """Name the list of what a brand's advocates need on a day."""
    return f"advocates:{brand}:{day.isoformat()}"


def kudos_key(brand: str, month: str) -> str:
    """Name the praise of a month, such as `2026-03`."""
    return f"kudos:{brand}:{month}"


def digest_key(brand: str, end: datetime, *, weekly: bool = False) -> str:
    """Name the digest of a brand's period; it is written once."""
    kind = "digest:week" if weekly else "digest"
    return f"{kind}:{brand}:{end.astimezone(UTC):%Y-%m-%dT%H:%M}"


def report_key(brand: str, day: date, to: str) -> str:
    """Name the report of a brand's week that goes to one place on a day."""
    return f"report:{brand}:{day.isoformat()}:{to}"


def report_file_key(report: str) -> str:
    """Name the file in the thread of a report's message."""
    return f"file:{report}"


def chart_key(digest: str) -> str:
    """Name the picture in the thread of the digest of that key."""
    return f"chart:{digest}"


def speed_key(digest: str) -> str:
    """Name the reply, in the thread of the digest of that key, about who answered how fast."""
    return f"speed:{digest}"


def source_key(brand: str, source: str, target: str, now: datetime, *, trouble: str | None) -> str:
    """Name what ops hear of a source: the state that is its `trouble`, or that it healed."""
    change = f"trouble:{trouble}" if trouble else "healed"
    return f"ops:{change}:{brand}:{source}:{target}:{_second(now)}"


def overdue_key(brand: str, now: datetime) -> str:
    """Name the count of a brand's overdue cases for ops, once a UTC day."""
    return f"ops:overdue:{brand}:{_day(now)}"


def problems_key(problems: Iterable[tuple[str, datetime]], *, over: bool) -> str:
    """Name what ops hear of Earful's own problems, each by its key and since when it is there.

    Since when names the occasion: the same problem of another day is news.
    """
    names = ",".join(sorted(f"{key}@{since:%Y-%m-%dT%H:%M:%S}" for key, since in problems))
    what = "over" if over else "trouble"
    return f"ops:{what}:{sha256(names.encode()).hexdigest()[:16]}"


def away_key(since: datetime) -> str:
    """Name the alert about a time in which no daemon ran."""
    return f"ops:away:{_second(since)}"


def clock_key(at: datetime, step: timedelta) -> str:
    """Name the alert that the machine's clock was set."""
    return f"ops:clock:{iso(at)}:{step.total_seconds():+.0f}"


def store_trouble_key(since: datetime) -> str:
    """Name the alert that the store takes no writes."""
    return f"ops:store:{_second(since)}"


def forgotten_key(key: str) -> str:
    """Name what empties the message of another alert, whose author was erased."""
    return f"forgotten:{key}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
