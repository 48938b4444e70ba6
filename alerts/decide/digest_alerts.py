"""The digest as an alert, once a period, and what stands in its thread. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from alerts.decide.answer_speed import AnswerSpeed
from alerts.decide.policy import Policy
from alerts.messages.digest import digest
from alerts.messages.digest_chart import Day, chart, in_words
from alerts.messages.digest_numbers import DigestNumbers
from alerts.messages.speed_notices import answer_speed
from storage.models import AlertKind, NewAlert, Operation
from storage.models.dedupe_keys import chart_key, digest_key, speed_key


def digest_alert(numbers: DigestNumbers, policy: Policy, now: datetime) -> NewAlert:
    """Make the digest an alert, once for each brand and period's end; it waits in quiet hours."""
    weekly = numbers.end - numbers.start > timedelta(days=2)
    return NewAlert(
        dedupe_key=digest_key(numbers.brand, numbers.end, weekly=weekly),
        kind=AlertKind.DIGEST,
        brand=numbers.brand,
        channel=policy.channels.digest,
        payload=digest(numbers, policy.places),
        created_at=now,
        not_before=policy.calm.release(policy.channels.digest, now),
    )


def speed_alert(speed: AnswerSpeed, policy: Policy, now: datetime) -> NewAlert:
    """Make the reply in a weekly digest's thread that tells who answered how fast."""
    digest = digest_key(speed.brand, speed.end, weekly=True)
    return NewAlert(
        dedupe_key=speed_key(digest),
        kind=AlertKind.DIGEST,
        brand=speed.brand,
        channel=policy.channels.digest,
        payload=answer_speed(speed),
        created_at=now,
        not_before=policy.calm.release(policy.channels.digest, now),
        operation=Operation.REPLY,
        root_key=digest,
    )


def chart_alert(digest: NewAlert, days: Sequence[Day]) -> NewAlert:
    """Make the picture that goes into a digest's thread; its text tells what it shows."""
    name = sha256(digest.dedupe_key.encode()).hexdigest()[:12]
    return NewAlert(
        dedupe_key=chart_key(digest.dedupe_key),
        kind=AlertKind.DIGEST,
        brand=digest.brand,
        channel=digest.channel,
        payload={
            "text": in_words(days, digest.brand),
            "png": b64encode(chart(days)).decode(),
            # The name is how a picture is found again whose answer was lost.
            "filename": f"earful-{digest.created_at:%Y-%m-%d}-{name}.png",
        },
        created_at=digest.created_at,
        not_before=digest.not_before,
        operation=Operation.UPLOAD,
        root_key=digest.dedupe_key,
    )
