"""Secrets stay out of what is written down."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from config.redaction import HIDDEN, Redactor, mask_url, redact_logs


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/f?a=1&token=s3cr3t#p", "https://x.example/f?a=1&token=***#p"),
        ("https://x.example/f?api_key=s&page=2", "https://x.example/f?api_key=***&page=2"),
        ("https://x.example/f?feed_token=s&Signature=t", None),
        ("https://x.example/f?access_token=s&X-Amz-Signature=t", None),
        ("https://user:pw@x.example/f", "https://***@x.example/f"),
        ("see https://x.example/?key=s then go", "see https://x.example/?key=*** then go"),
        ("https://x.example/f?keyboard=qwerty&monkey=1&authors=a", "same"),
        ("https://x.example/keys/token?tag=key", "same"),
        ("no address: token=5", "same"),
    ],
)
def test_what_looks_like_a_secret_in_a_url_is_masked(url: str, shown: str | None) -> None:
    masked = mask_url(url)
    if shown is None:
        assert "=s" not in masked
        assert masked.count(HIDDEN) == 2
    else:
        assert masked == (url if shown == "same" else shown)
    assert mask_url(masked) == masked


def test_known_values_are_hidden_however_they_are_quoted_and_however_deep() -> None:
    redactor = Redactor(["a+b/c d=ü", "short", "line one\nline two that is long enough"])
    given = {"reason": ["x a+b/c d=ü y", {"u": "q=a%2Bb%2Fc%20d%3D%C3%BC&a%2Bb%2Fc+d%3D%C3%BC"}]}
    assert redactor.anything(given) == {"reason": ["x *** y", {"u": "q=***&***"}]}
    assert redactor.text("short is no secret") == "short is no secret"
    assert "long enough" not in redactor.text("line two that is long enough")
    assert redactor.anything((3, None)) == (3, None)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    make = logging.getLogRecordFactory()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger("redaction under test")
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)
    logging.setLogRecordFactory(make)


def test_logs_hide_them_in_messages_arguments_and_tracebacks(log: io.StringIO) -> None:
    redact_logs(Redactor(["hunter2hunter2"]))
    logger = logging.getLogger("redaction under test")
    logger.warning("asked %s", "https://x.example/?q=hunter2hunter2")
    try:
        raise ValueError("hunter2hunter2 is wrong")
    except ValueError:
        logger.exception("no luck")
    assert "hunter2" not in log.getvalue()
    assert "ValueError: *** is wrong" in log.getvalue()
