"""Who sent a delivery, and when: HMAC-SHA256 as Standard Webhooks or X-Hub-Signature-256 sign."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from alerts.destinations.standard_webhooks import signatures

TOLERANCE = timedelta(minutes=5)
"""A signature is refused when its time is further than this from now, either way."""

_LONGEST_ID = 256
_FEWEST_BYTES = 16
_PREFIX = "whsec_"


class SignatureError(Exception):
    """A delivery that nobody with the secret has signed just now; says why in one line."""


def keys_of(secret: str) -> tuple[bytes, ...]:
    """Give the keys of a secret: several stand apart by spaces, for a change of secrets.

    What begins with `whsec_` is base64, as Standard Webhooks writes it; anything else is the key
    itself. ValueError says what is wrong without showing it.
    """
    keys = []
    for one in secret.split():
        key = one.encode()
        if one.startswith(_PREFIX):
            try:
                key = base64.b64decode(one.removeprefix(_PREFIX), validate=True)
            except binascii.Error:
                raise ValueError("what follows whsec_ is not base64: copy it anew") from None
        if len(key) < _FEWEST_BYTES:
            raise ValueError(
                f"it has fewer than {_FEWEST_BYTES} bytes: make one with `openssl rand -hex 32`"
            )
        keys.append(key)
    if not keys:
        raise ValueError("it is empty: make one with `openssl rand -hex 32`")
    return tuple(keys)


def check_standard_headers(headers: Mapping[str, str], now: datetime) -> None:
    """Refuse by the headers alone what needs no body; SignatureError."""
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not headers.get(name, "").strip():
            raise SignatureError(f"the header {name} is missing")
    if len(headers["webhook-id"]) > _LONGEST_ID:
        raise SignatureError(f"webhook-id has more than {_LONGEST_ID} characters")
    stamp = headers["webhook-timestamp"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise SignatureError("webhook-timestamp is not in seconds since 1970")
    away = now - datetime.fromtimestamp(int(stamp), UTC)
    if abs(away) > TOLERANCE:
        side = "old" if away > timedelta() else "ahead"
        raise SignatureError(
            f"webhook-timestamp is more than {TOLERANCE.seconds // 60} minutes {side}: sign each "
            "attempt anew, and set the clocks"
        )


def verify_standard(
    headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime
) -> str:
    """Check a delivery as Standard Webhooks signs it; gives its id. SignatureError."""
    check_standard_headers(headers, now)
    given = [
        value.encode("latin-1")
        for version, _, value in (
            one.partition(",") for one in headers["webhook-signature"].split()
        )
        if version == "v1"
    ]
    signed = signatures(headers["webhook-id"], headers["webhook-timestamp"], body, keys)
    wanted = [one.encode() for one in signed]
    _require_any(given, wanted, "webhook-signature")
    return headers["webhook-id"]


def verify_hub(headers: Mapping[str, str], body: bytes, keys: Sequence[bytes]) -> str:
    """Check a delivery as GitHub and many others sign it; gives an id. SignatureError.

    No time and no id are signed: the same bytes are the same delivery.
    """
    given = headers.get("x-hub-signature-256", "").strip()
    if not given:
        raise SignatureError("the header x-hub-signature-256 is missing")
    wanted = [
        b"sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest().encode() for key in keys
    ]
    _require_any([given.encode("latin-1")], wanted, "x-hub-signature-256")
    return hashlib.sha256(body).hexdigest()


def _require_any(given: Sequence[bytes], wanted: Sequence[bytes], name: str) -> None:
    """Compare all with all, in a time that does not tell where they differ."""
    matches = [hmac.compare_digest(one, other) for one in given for other in wanted]
    if not any(matches):
        raise SignatureError(f"{name} does not fit the body and the secret")
