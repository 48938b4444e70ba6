"""The webhook over real HTTP into a real store: what is stored, what is refused, and how much."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError, StoreFullError
from config.settings import DoorSettings, StoreSettings, parse_settings
from earful.app import utc_now
from earful.http_serving import listen_at, run_app
from earful.webhook_intake import http_app
from earful.webhook_intake.doors import check_doors, unmet_secrets
from earful.webhook_intake.http_app import BoundedProtocol, WebhookApp
from earful.webhook_intake.intake import Answer, Intake
from storage.store import Store
from tests.earful.webhook_sender import KEY, SECRET, deliver, send, signed
from tests.waiting import PATIENCE_S, wait_for

DOORS = (
    DoorSettings(name="shop", brand="Acme Air"),
    DoorSettings(name="hub", brand="Acme Air", source="forum", signature="hub"),
    DoorSettings(
        name="survey",
        brand="Acme Air",
        map={"feedback.words": "text", "score": "rating"},
        rating_max=10,
    ),
)
BAG = {"id": "42", "text": "My bag never arrived.", "rating": 1, "author": "Ada"}


@dataclass
class Served:
    port: int
    path: Path
    heard: list[tuple[str, Answer]] = field(default_factory=list)

    def rows(self) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(
                "SELECT id, text, rating, rating_max FROM mentions ORDER BY id"
            ).fetchall()


@contextmanager
def serving(
    path: Path, protocol: type[BoundedProtocol] = BoundedProtocol, *, take: bool = True
) -> Iterator[Served]:
    """Serve the doors from a thread of this process, at a free port."""
    Store.open(path, migrate=True).close()
    doors = {door.name: door for door in DOORS}
    listener = listen_at("127.0.0.1", 0, "another")
    served = Served(listener.getsockname()[1], path)
    intake = Intake(StoreSettings(path=path), doors, dict.fromkeys(doors, (KEY,)), utc_now)
    app = WebhookApp(
        doors, intake.take, lambda door, answer: served.heard.append((door, answer)), utc_now
    )
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=run_app,
        args=(app, listener, ready.set, stop),
        kwargs={"protocol": protocol, "log_level": "error"},
    )
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield served
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        listener.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "earful.db") as served:
        yield served


def test_a_delivery_is_stored_before_it_is_answered(served: Served) -> None:
    reply = deliver(served.port, "shop", BAG)
    counts = {"new": 1, "edited": 0, "known": 0, "same": 0, "refused": 0}
    assert (reply.status, reply.said) == (200, {"rows": 1, **counts})
    assert served.rows() == [("shop:42", "My bag never arrived.", 1.0, 5.0)]
    assert [(door, answer.news) for door, answer in served.heard] == [("shop", True)]


def test_a_delivery_sent_again_changes_nothing_and_is_answered_alike(served: Served) -> None:
    first = deliver(served.port, "shop", [BAG, BAG])
    again = deliver(served.port, "shop", [BAG, BAG])
    assert again.said == {**first.said, "repeated": True}
    assert (first.said["new"], first.said["same"]) == (1, 1)
    # Under another id it is read, and known.
    other = deliver(served.port, "shop", BAG, "msg_2")
    assert (other.said["known"], other.said["new"]) == (1, 0)
    assert len(served.rows()) == 1


def test_the_ledger_counts_a_delivery_once_with_what_was_refused_of_it(served: Served) -> None:
    rows = [BAG, BAG, {"id": "43"}, {"id": "44", "text": "Lovely crew."}]
    for _ in range(2):
        deliver(served.port, "shop", rows)
    with Store.open(served.path) as store:
        (row,) = store.ledger.rows(utc_now() - timedelta(days=1))
    told = (row["source"], row["seen"], row["new"], row["known"], row["refused_because"])
    assert told == ("shop", 4, 2, 1, "words 1")


def test_an_id_is_of_one_body(served: Served) -> None:
    deliver(served.port, "shop", BAG)
    other = deliver(served.port, "shop", {**BAG, "text": "It came after all."})
    assert other.status == 409
    assert served.rows()[0][1] == "My bag never arrived."
    # Another door's ids are its own.
    assert deliver(served.port, "survey", BAG).status == 200


def test_other_words_under_a_stored_id_are_an_edit(served: Served) -> None:
    rows = [{"id": str(n), "text": f"Bag {n} is lost."} for n in range(5)]
    assert deliver(served.port, "shop", rows).said["new"] == 5
    edited = [{**row, "text": f"{row['text']} Still."} for row in rows]
    assert deliver(served.port, "shop", edited, "msg_2").said["edited"] == 5


@pytest.mark.parametrize(
    "body",
    [
        '{"id": 1, "text": "One."}',
        '[{"id": 1, "text": "One."}]',
        '{"page": 1, "reviews": [{"id": 1, "text": "One."}]}',
        '{"id": 1, "text": "One."}\n{"id": 1, "text": "One."}\n',
        '\ufeff [{"id": 1, "text": "One."}]',
    ],
)
def test_json_in_each_form_is_read(served: Served, body: str) -> None:
    sent = body.encode()
    reply = send(served.port, "shop", sent, signed(sent))
    assert (reply.status, reply.said["new"]) == (200, 1), reply
    assert served.rows() == [("shop:1", "One.", None, None)]


def test_keys_are_read_as_the_door_says(served: Served) -> None:
    row = {"id": "7", "feedback": {"words": "Slow."}, "score": 9, "source": ""}
    assert deliver(served.port, "survey", row).status == 422  # its row names no source
    del row["source"]
    assert deliver(served.port, "survey", row).said["new"] == 1
    assert served.rows() == [("survey:7", "Slow.", 9.0, 10.0)]


def test_what_cannot_be_read_is_named_and_the_rest_is_stored(served: Served) -> None:
    rows = [{**BAG, "created_at": "soon"}, {"id": "43", "text": " "}]
    reply = deliver(served.port, "shop", rows)
    assert (reply.status, reply.said["new"], reply.said["refused"]) == (200, 1, 1)
    assert reply.said["emptied"][0]["field"] == "created_at"
    assert "neither title nor rating" in reply.said["refusals"][0]["reason"]


def test_refused_rows_are_read_anew_once_they_can_be(served: Served) -> None:
    nothing = deliver(served.port, "shop", [{"id": "1", "text": ""}])
    assert (nothing.status, nothing.said["refused"]) == (422, 1)
    assert deliver(served.port, "shop", BAG).said["new"] == 1  # the id is not taken


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"hello", "no JSON"),
        (b"\x1f\x8b\x08 packed", "not UTF-8"),
        (b'[{"text": "caf\xe9"}]', "byte 14 is not UTF-8"),
        (b'[{"text": "cut off', "is broken"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"text": "Good.", "rating": 9}', "rating_max"),
        (b'{"text": "Good.", "created_at": "03/04/2026"}', "date_format"),
    ],
)
def test_a_body_that_leaves_a_question_is_refused_in_one_line(
    served: Served, body: bytes, said: str
) -> None:
    reply = send(served.port, "shop", body, signed(body))
    assert reply.status == 400, reply
    assert said in reply.said["error"]
    assert "\n" not in reply.said["error"]
    assert "--" not in reply.said["error"]
    assert not served.rows()


def test_who_has_no_secret_stores_nothing(served: Served) -> None:
    body = json.dumps(BAG).encode()
    assert send(served.port, "shop", body, {}).status == 401
    assert send(served.port, "shop", body, signed(body, key=b"k" * 32)).status == 401
    assert send(served.port, "shop", body + b" ", signed(body)).status == 401
    assert send(served.port, "hub", body, signed(body)).status == 401
    assert not served.rows()


def test_a_hub_signs_the_body_alone(served: Served) -> None:
    body = json.dumps(BAG).encode()
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(KEY, body, hashlib.sha256).hexdigest()}
    assert send(served.port, "hub", body, headers).said["new"] == 1
    assert send(served.port, "hub", body, headers).said["repeated"]
    assert served.rows()[0][0] == "forum:42"


def test_what_is_no_delivery_is_refused_unread(served: Served) -> None:
    assert send(served.port, "nobody", b"", {}).status == 404
    assert send(served.port, "shop", b"", {}, "GET").status == 405
    assert send(served.port, "shop", b"", {"Content-Encoding": "gzip"}).status == 415


@pytest.mark.parametrize("told", [True, False])
def test_a_body_has_a_bound_whether_its_length_is_told_or_not(served: Served, told: bool) -> None:
    body = b" " * (http_app.MAX_BODY + 1)
    headers = signed(body)
    if not told:
        headers["Transfer-Encoding"] = "chunked"
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        assert send(served.port, "shop", chunk, headers).status == 413
    else:
        assert send(served.port, "shop", body, headers).status == 413
    assert not served.rows()


def test_a_store_that_is_held_is_tried_again_later(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.webhook_intake.intake._PATIENCE_S", 0.05)
    with contextlib.closing(sqlite3.connect(served.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = deliver(served.port, "shop", BAG)
        assert (reply.status, reply.retry_after) == (503, "10")
        assert str(served.path) not in reply.said["error"]
        other.execute("ROLLBACK")
    assert deliver(served.port, "shop", BAG).said["new"] == 1


def test_a_full_store_keeps_nothing_and_is_tried_again(served: Served) -> None:
    with contextlib.closing(sqlite3.connect(served.path)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON webhook_receipts "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    # The receipt is refused: its rows go with it.
    assert deliver(served.port, "shop", BAG).status == 503
    assert not served.rows()
    assert served.heard[-1][1].failure
    with contextlib.closing(sqlite3.connect(served.path)) as other:
        other.execute("DROP TRIGGER full")
    assert deliver(served.port, "shop", BAG).said["new"] == 1


def test_no_space_is_told_by_its_name(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFullError("no space is left")

    monkeypatch.setattr("earful.webhook_intake.intake.Store.open", full)
    reply = deliver(served.port, "shop", BAG)
    assert (reply.status, reply.retry_after) == (503, "300")
    assert "no space" in reply.said["error"]


class Hasty(BoundedProtocol):
    read_s = 0.3


class Narrow(BoundedProtocol):
    places = 4


def start_of_request(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    client.sendall(b"POST /webhook/shop HTTP/1.1\r\nHost: a\r\n")
    return client


@pytest.mark.parametrize("sent", ["", "headers", "half a body"])
def test_who_does_not_finish_a_request_is_let_go(tmp_path: Path, sent: str) -> None:
    with serving(tmp_path / "earful.db", Hasty) as served:
        client = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S)
        with client:
            if sent:
                client.sendall(b"POST /webhook/shop HTTP/1.1\r\nHost: a\r\n")
            if sent == "half a body":
                headers = signed(b"never sent")
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                client.sendall(f"{lines}Content-Length: 100\r\n\r\n[".encode())
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                assert client.recv(100) == b""
            assert time.monotonic() - began < 20
        assert deliver(served.port, "shop", BAG).said["new"] == 1


def test_many_slow_clients_keep_nobody_out(tmp_path: Path) -> None:
    with serving(tmp_path / "earful.db", Narrow) as served, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(start_of_request(served.port)) for _ in range(12)]
        for number in range(3):
            assert deliver(served.port, "shop", BAG, f"msg_{number}").status == 200
        with contextlib.suppress(ConnectionError):
            assert slow[0].recv(100) == b""  # the first has lost its place


def test_many_senders_at_once_are_all_stored(served: Served) -> None:
    replies = []

    def one(number: int) -> None:
        replies.append(deliver(served.port, "shop", {**BAG, "id": number}, f"msg_{number}"))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [reply.status for reply in replies] == [200] * 12
    wait_for(lambda: len(served.rows()) == 12)


def test_a_fault_of_ours_is_told_and_ends_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("earful.webhook_intake.intake._read", lambda *_: 1 / 0)
        assert deliver(served.port, "shop", BAG).status == 500
    assert served.heard[-1][1].failure == "ZeroDivisionError: division by zero"
    assert deliver(served.port, "shop", BAG).said["new"] == 1


def test_receipts_are_kept_for_ninety_days(served: Served) -> None:
    deliver(served.port, "shop", BAG)
    with contextlib.closing(sqlite3.connect(served.path)) as other, other:
        other.execute("UPDATE webhook_receipts SET at = '2020-01-01T00:00:00+00:00'")
    deliver(served.port, "shop", BAG, "msg_2")
    with Store.open(served.path) as store:
        assert store.webhook_receipts.find("shop", "msg_1") is None
        (traffic,) = store.webhook_receipts.by_door()
        assert (traffic.door, traffic.deliveries, traffic.new) == ("shop", 1, 0)


def config_with(**door: object) -> dict[str, object]:
    return {
        "brands": [{"name": "Acme Air", "query": "acme"}],
        "webhook": {"doors": [{"name": "shop", "brand": "Acme Air", **door}]},
    }


@pytest.mark.parametrize(
    ("door", "said"),
    [
        ({"brand": "Other"}, "the door 'shop' of [webhook] is for the brand 'Other'"),
        ({"name": "My Shop"}, "webhook.doors[0].name"),
        ({"layout": "zendesc"}, "webhook.doors[0]: layout: 'zendesc' is no known layout"),
        ({"map": {"words": "txt"}}, "webhook.doors[0]: map: 'txt' is no column of mentions"),
        ({"language": "no language"}, "webhook.doors[0]: language:"),
        ({"date_format": "day"}, "webhook.doors[0]: date_format: 'day'"),
        ({"signature": "none"}, "webhook.doors[0].signature"),
    ],
)
def test_a_door_that_cannot_be_is_refused_with_its_path(
    door: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        check_doors(parse_settings(config_with(**door), {}, where="earful.toml").webhook)
    assert said in str(refused.value)


def test_each_door_needs_a_secret_of_its_own_or_the_common_one() -> None:
    webhook = parse_settings(config_with(), {}, where="earful.toml").webhook
    (need,) = unmet_secrets(webhook, {})
    assert "webhook.doors[0]: needs EARFUL_WEBHOOK_SECRET_SHOP or EARFUL_WEBHOOK_SECRET" in need
    for name in ("EARFUL_WEBHOOK_SECRET", "EARFUL_WEBHOOK_SECRET_SHOP"):
        assert not list(unmet_secrets(webhook, {name: SECRET}))
        (need,) = unmet_secrets(webhook, {name: "short"})
        assert f"{name} in the environment: it has fewer than 16 bytes" in need
        assert "'short'" not in need
