"""Signatures of deliveries: the published example, what is refused, and by what."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from earful.webhook_intake.signatures import SignatureError, keys_of, verify_hub, verify_standard
from tests.earful.webhook_sender import KEY, SECRET, signed

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
BODY = b'[{"text": "It broke."}]'


def test_the_published_example_of_standard_webhooks_is_accepted() -> None:
    headers = {
        "webhook-id": "msg_loFOjxBNrRLzqYUf",
        "webhook-timestamp": "1731705121",
        "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    }
    body = b'{"event_type":"ping","data":{"success":true}}'
    keys = keys_of("whsec_plJ3nmyCDGBKInavdOK15jsl")
    then = datetime.fromtimestamp(1731705121, UTC)
    assert verify_standard(headers, body, keys, then) == "msg_loFOjxBNrRLzqYUf"


def test_the_published_example_of_github_is_accepted() -> None:
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    keys = keys_of("It's-a-Secret-to-Everybody")
    with pytest.raises(SignatureError):
        verify_hub({"x-hub-signature-256": given}, b"Hello, World!", keys)
    # The example's secret has spaces, which part secrets here.
    found = verify_hub(
        {"x-hub-signature-256": given}, b"Hello, World!", [b"It's a Secret to Everybody"]
    )
    assert found == hashlib.sha256(b"Hello, World!").hexdigest()


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(-301, "more than 5 minutes old"), (-299, None), (299, None), (302, "minutes ahead")],
)
def test_the_time_of_a_signature_is_within_five_minutes(seconds: int, reason: str | None) -> None:
    headers = signed(BODY, at=NOW + timedelta(seconds=seconds))
    if reason is None:
        assert verify_standard(headers, BODY, [KEY], NOW) == "msg_1"
    else:
        with pytest.raises(SignatureError, match=reason):
            verify_standard(headers, BODY, [KEY], NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "x", "½", "v1,", "v1,½", "99999999999", "-1"])
def test_each_header_is_needed_as_it_was_signed(name: str, value: str | None) -> None:
    headers = signed(BODY, at=NOW)
    headers.pop(name) if value is None else headers.update({name: value})
    with pytest.raises(SignatureError):
        verify_standard(headers, BODY, [KEY], NOW)


def test_another_body_and_another_secret_are_refused() -> None:
    with pytest.raises(SignatureError, match="does not fit"):
        verify_standard(signed(BODY, at=NOW), BODY + b" ", [KEY], NOW)
    with pytest.raises(SignatureError, match="does not fit"):
        verify_standard(signed(BODY, at=NOW, key=b"k" * 32), BODY, [KEY], NOW)


def test_an_old_and_a_new_secret_are_accepted_side_by_side() -> None:
    keys = keys_of(f"{SECRET} another-secret-of-the-future")
    assert keys == (KEY, b"another-secret-of-the-future")
    for key in keys:
        assert verify_standard(signed(BODY, at=NOW, key=key), BODY, keys, NOW) == "msg_1"
        code = hmac.new(key, BODY, hashlib.sha256).hexdigest()
        assert verify_hub({"x-hub-signature-256": f"sha256={code}"}, BODY, keys)


def test_of_several_signatures_one_must_fit_and_only_of_version_one() -> None:
    headers = signed(BODY, at=NOW)
    code = headers["webhook-signature"]
    headers["webhook-signature"] = f"v1,AAAA {code} v1a,AAAA"
    assert verify_standard(headers, BODY, [KEY], NOW) == "msg_1"
    headers["webhook-signature"] = code.replace("v1,", "v2,")
    with pytest.raises(SignatureError):
        verify_standard(headers, BODY, [KEY], NOW)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("", "empty"),
        ("short", "fewer than 16 bytes"),
        ("whsec_c2hvcnQ=", "fewer than 16 bytes"),
        ("whsec_not base64!", "fewer|not base64"),
    ],
)
def test_a_secret_that_is_none_is_refused_without_showing_it(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        keys_of(secret)
    assert not secret or secret not in str(refused.value)
