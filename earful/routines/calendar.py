"""What the daemon does by the calendar: one table, which the daemon iterates.

`docs/calendar.md` shows the same table; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from config.settings import Settings
from earful.brand_zones import zones_of_brands
from earful.routines.advocate_routine import list_advocates
from earful.routines.checkpoint_routine import judge_checkpoints
from earful.routines.crawl_history_routine import prune_crawls
from earful.routines.digest_routine import write_digests, write_late_digests
from earful.routines.drift_routine import watch_drift
from earful.routines.forgetting_routine import forget_old
from earful.routines.leaderboard_routine import write_leaderboards
from earful.routines.parked_alert_routine import try_parked
from earful.routines.relevance_routine import learn_relevance
from earful.routines.report_routine import send_late_reports, send_reports
from earful.routines.spike_routine import watch_spikes
from earful.routines.staff_routine import look_for_staff
from earful.routines.topic_routine import find_topics, find_topics_again
from earful.routines.version_routine import watch_versions
from earful.stages.measure_stage import measure_all
from storage.store import Store

Work = Callable[[Store, Settings, datetime], int | None]
"""What a routine does, given an open store, the config and the time; gives how much it wrote."""

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
HEARTBEAT = timedelta(seconds=30)
HEALTH = "health"
# What fell due at night while no daemon ran waits until it has begun in earnest.
CATCH_UP_AFTER = timedelta(minutes=1)
# By then a first history is stored and scored.
_FIRST_LOOK = timedelta(minutes=1)
_FORGETTING = time(3, 30)
_REFITTING = time(4, 0)
_DAY_TURNS = time(0, 5)


@dataclass(frozen=True, slots=True)
class Every:
    """At even distances; `first_after` the daemon's start."""

    interval: timedelta
    first_after: timedelta = timedelta(0)

    def __str__(self) -> str:
        seconds = int(self.interval.total_seconds())
        for size, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
            if seconds % size == 0:
                number = seconds // size
                return f"every {unit}" if number == 1 else f"every {number} {unit}s"
        return f"every {seconds} seconds"


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at a clock time in each zone; `at_start` too, for what fell due without us."""

    at: time
    zones: tuple[str, ...]
    at_start: bool = False

    def __str__(self) -> str:
        late = ", and at the start" if self.at_start else ""
        return f"daily at {self.at:%H:%M}{late}"


@dataclass(frozen=True, slots=True)
class Routine:
    """`work` is safe to repeat: a routine that is late or runs twice does the same once."""

    name: str
    when: Every | Daily
    work: Work
    does: str


def calendar(settings: Settings, *, heartbeat: Work, health: Work) -> list[Routine]:
    """Give the whole calendar; `heartbeat` and `health` are the daemon's own."""
    digest_at = time.fromisoformat(settings.alerts.digest_at)
    home, zones = (settings.alerts.timezone,), zones_of_brands(settings)
    return [
        Routine(
            "heartbeat",
            Every(HEARTBEAT),
            heartbeat,
            "writes down that the daemon lives, and when each routine runs next",
        ),
        Routine(
            HEALTH,
            Every(_MINUTE),
            health,
            "looks for what is wrong with Earful itself; ops hear of it once, and when it heals",
        ),
        Routine(
            "digests",
            Daily(digest_at, zones, at_start=True),
            write_digests,
            "writes each brand's digest of the day, and on its day the week's",
        ),
        Routine(
            "late digests",
            Every(_HOUR / 4, first_after=_HOUR / 4),
            write_late_digests,
            "writes digests that failed at their time",
        ),
        Routine(
            "reports",
            Daily(_report_at(settings), zones, at_start=True),
            send_reports,
            "sends the report of each brand's week on the day that `[report] weekly` says",
        ),
        Routine(
            "late reports",
            Every(_HOUR / 4, first_after=_HOUR / 4),
            send_late_reports,
            "writes reports that failed at their time",
        ),
        Routine(
            "leaderboards",
            Daily(digest_at, zones, at_start=True),
            write_leaderboards,
            "names, once a month, the colleagues whom last month's wows praise",
        ),
        Routine(
            "advocates",
            Daily(digest_at, zones, at_start=True),
            list_advocates,
            "writes down what each brand's advocates need today; sends it where that is wished",
        ),
        Routine(
            "spikes",
            Every(_HOUR / 2, first_after=_FIRST_LOOK),
            watch_spikes,
            "compares the last hours' volume and anger with the same hours of earlier weeks",
        ),
        Routine(
            "checkpoints",
            Every(_HOUR, first_after=_FIRST_LOOK),
            judge_checkpoints,
            "celebrates a goal that is truly reached, and raises it",
        ),
        Routine(
            "metrics",
            Daily(_DAY_TURNS, zones, at_start=True),
            measure_all,
            "measures every brand anew: the day has turned, and with it each period",
        ),
        Routine(
            "versions",
            Every(_HOUR, first_after=_FIRST_LOOK),
            watch_versions,
            "compares each new version of a product with those before; tells once of a worse one",
        ),
        Routine(
            "drift",
            Every(_HOUR, first_after=_FIRST_LOOK),
            watch_drift,
            "compares what each source gives with what it gave; ops hear of a feed that changed",
        ),
        Routine(
            "staff",
            Every(_HOUR, first_after=_FIRST_LOOK),
            look_for_staff,
            "looks which colleagues mentions name, in old ones too",
        ),
        Routine(
            "relevance",
            Every(_MINUTE, first_after=_FIRST_LOOK),
            learn_relevance,
            "learns from what people said is about a brand or not, and weighs the newest mentions",
        ),
        Routine(
            "new topics",
            Every(_MINUTE / 2, first_after=_MINUTE / 2),
            find_topics,
            "finds the topics of brands that are new or have grown by half, and counts all topics",
        ),
        Routine(
            "topics at night",
            Daily(_REFITTING, home),
            find_topics_again,
            "finds the topics of all that has new mentions again: they keep their ids and names",
        ),
        Routine(
            "parked alerts",
            Every(_HOUR),
            try_parked,
            "tries parked alerts again that Slack certainly does not have",
        ),
        Routine(
            "forgetting",
            Daily(_FORGETTING, home, at_start=True),
            forget_old,
            "erases what is older than the store keeps",
        ),
        Routine(
            "crawl history",
            Daily(_FORGETTING, home, at_start=True),
            prune_crawls,
            "deletes old crawls of each target: all but the last 300 good and 300 other ones",
        ),
    ]


def _report_at(settings: Settings) -> time:
    due = settings.report.due_at
    return due[1] if due else time.fromisoformat(settings.alerts.digest_at)
