"""Measure alerts: from a stored mention to the request at Slack, and how a full outbox drains.

The fake Slack of the tests answers over real HTTP in this process. The first figure is the 95th
percentile over single complaints with an idle outbox (goal: under 2 s, the classifier left out);
the second is how fast queued alerts over 20 channels drain, as a share of what Slack allows (one a
second and channel). `--channels`, `--queued`, `--pace` make it longer or shorter.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerts.outbox.delivery import deliver  # noqa: E402
from alerts.outbox.send_queue import Pace  # noqa: E402
from alerts.slack.client import BotTransport  # noqa: E402
from config.settings import parse_settings  # noqa: E402
from earful.stages import judge_stage  # noqa: E402
from storage.models import Experience, Mention  # noqa: E402
from storage.store import Store  # noqa: E402
from storage.tables.verdicts import Scored  # noqa: E402
from tests.alerts.fake_slack import FakeSlack  # noqa: E402
from tests.alerts.outboxes import an_alert  # noqa: E402
from tests.storage.fixtures import make_verdict  # noqa: E402


def now() -> datetime:
    return datetime.now(UTC)


def latencies(folder: Path, number: int) -> list[float]:
    """Give the seconds from a stored mention to Slack's receipt, one at a time."""
    raw = {"brands": [{"name": "Acme", "query": "acme"}], "alerts": {"incident_over": 10_000}}
    settings = parse_settings(raw, {}, where="benchmark")
    seconds = []
    with FakeSlack() as slack, Store.open(folder / "one.db", migrate=True) as store:
        bot = BotTransport(slack.token, api_url=slack.api_url)
        for place in range(number):
            mention = Mention(
                brand="Acme", source="shop", native_id=str(place), author=f"author {place}",
                text=f"Suitcase {place} never came, and nobody answers.",
                created_at=now() - timedelta(seconds=1), fetched_at=now(),
            )  # fmt: skip
            store.mentions.save([mention])
            began = time.time()
            verdict = make_verdict(Experience.ANGRY)
            store.verdicts.save([Scored(mention=mention, verdict=verdict)], now())
            judge_stage.judge_waiting(store, settings, now)
            deliver(store.outbox, bot, now, time.sleep, pace=Pace(0), workers=8)
            seconds.append(slack.called("chat.postMessage")[-1].at - began)
    return seconds


def drain(folder: Path, queued: int, channels: int, pace: float) -> tuple[float, float]:
    """Give the seconds that a full outbox takes, and those that the pace alone would."""
    names = [f"c{number}" for number in range(channels)]
    with FakeSlack(names) as slack, Store.open(folder / "many.db", migrate=True) as store:
        store.outbox.add(
            [an_alert(f"a:{n}", f"#{names[n % channels]}", at=now()) for n in range(queued)]
        )
        bot = BotTransport(slack.token, api_url=slack.api_url)
        began = time.monotonic()
        result = deliver(store.outbox, bot, now, time.sleep, pace=Pace(pace), workers=8)
        took = time.monotonic() - began
        assert result.sent == queued, result
        assert len(set(slack.alert_ids())) == queued
    return took, pace * (queued / channels - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=100)
    parser.add_argument("--queued", type=int, default=600)
    parser.add_argument("--channels", type=int, default=20)
    parser.add_argument(
        "--pace", type=float, default=1.0, help="seconds between a channel's posts"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds = sorted(latencies(Path(folder), options.mentions))
        p95 = seconds[max(0, round(0.95 * len(seconds)) - 1)]
        print(
            f"stored mention to Slack's receipt, {len(seconds)} times: median "
            f"{1000 * statistics.median(seconds):.0f} ms, 95th percentile {1000 * p95:.0f} ms"
        )
        took, ideal = drain(Path(folder), options.queued, options.channels, options.pace)
        print(
            f"{options.queued:,} alerts over {options.channels} channels: {took:.1f} s, "
            f"{options.queued / took:.1f} a second; the pace alone takes {ideal:.1f} s"
        )
        print(f"share of the rate that Slack allows: {ideal / took:.2f}")


if __name__ == "__main__":
    main()
