"""One request: when it is in doubt, how long it may take, and how long a source asks to wait."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from alerts.outbox.transport import Fate
from alerts.publishing.web import Failed, Web, wait_of

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "13"}, 13.0),
        ({"retry-after": "0"}, 1.0),
        ({"Retry-After": "86400"}, 3600.0),
        ({"Retry-After": "Tue, 24 Nov 2026 09:32:00 GMT"}, 120.0),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 90)}, 90.0),
        ({"X-RateLimit-Reset": "2026-11-24T09:35:00.123Z"}, 300.123),
        ({"ratelimit-reset": str(int(NOW.timestamp()) - 5)}, 1.0),
        ({"ratelimit-reset": "30"}, 30.0),
        ({"Retry-After": "soon"}, None),
        ({"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:0;"}, None),
        ({}, None),
    ],
)
def test_how_long_a_source_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_of(headers, NOW) == pytest.approx(seconds)


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer one connection by hand, byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(5)


@pytest.mark.parametrize(("posts", "fate"), [(True, Fate.UNCLEAR), (False, Fate.NOT_SENT)])
def test_an_answer_that_drips_is_given_up_in_time(posts: bool, fate: Fate) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        try:
            for _ in range(2_000):
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            pass  # the client has gone

    began = time.monotonic()
    with serving(drip) as url, pytest.raises(Failed) as failed:
        Web("Somewhere", timeout_s=0.3).ask("POST", url, posts=posts)
    assert failed.value.result.fate is fate
    assert "no answer in time" in failed.value.result.error
    assert time.monotonic() - began < 60


def test_a_redirect_gets_no_key_and_names_where_to() -> None:
    def redirect(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://www.blog.example/\r\n"
            b"Content-Length: 0\r\n\r\n"
        )

    with serving(redirect) as url, pytest.raises(Failed) as failed:
        Web("WordPress").ask("POST", url, posts=True, headers={"Authorization": "Basic eDp5"})
    assert failed.value.result.fate is Fate.CHANNEL_DEAD
    assert failed.value.result.error.endswith(
        "sends on to https://www.blog.example/: write that address in earful.toml."
    )


def test_an_address_that_is_none_reaches_nobody() -> None:
    with pytest.raises(Failed) as failed:
        Web("Somewhere").ask("POST", "ftp://blog.example/", posts=True)
    assert failed.value.result.fate is Fate.NOT_SENT
