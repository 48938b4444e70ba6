"""Mails over real SMTP, against a server that greylists, refuses and breaks off."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.destinations.mail import MailTransport
from alerts.destinations.mail_form import message_id
from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Fate
from storage.models import AlertState, NewAlert, Operation
from tests.alerts.fake_mail import PASSWORD, FakeMail
from tests.alerts.outboxes import NOW, an_alert, open_outbox

SENDER = "Earful <earful@example.com>"
TEAM = ("Ann <ann@example.com>", "bo@example.com")


def by_mail(server: FakeMail, **changes: Any) -> MailTransport:
    login = changes.pop("login", None)
    security = changes.pop("security", "none")
    options: dict[str, Any] = {"unclear": "again", "timeout": 1.0} | changes
    return MailTransport(
        "support", "127.0.0.1", server.port, security, login, SENDER, TEAM, UTC, {}, **options
    )


@pytest.fixture
def server() -> Iterator[FakeMail]:
    with FakeMail() as fake:
        yield fake


class Sending:
    def __init__(self, path: Path, transport: MailTransport) -> None:
        _, self.outbox = open_outbox(path / "earful.db")
        self.transport = ByVia({"mail:support": transport}, lambda _: "mail:support")
        self.now = NOW

    def deliver(self, minutes: float = 0) -> DeliveryResult:
        self.now += timedelta(minutes=minutes)
        return deliver(
            self.outbox, self.transport, lambda: self.now, lambda _: None,
            pace=Pace(0), way_of=self.transport.way_of,
        )  # fmt: skip

    def state(self, key: str = "complaint:t:1") -> tuple[AlertState, bool]:
        row = self.outbox.find(key)
        assert row is not None
        return row.state, row.in_doubt


@pytest.fixture
def sending(tmp_path: Path, server: FakeMail) -> Sending:
    return Sending(tmp_path, by_mail(server))


def complaint(key: str = "complaint:t:1", **changes: Any) -> NewAlert:
    return replace(an_alert(key, "#support-mail"), **changes)


def test_a_mail_reaches_everybody_once_as_text_and_html(sending: Sending, server: FakeMail):
    sending.outbox.add([complaint()])

    assert sending.deliver().sent == 1

    (mail,) = server.mails
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert server.envelopes == [("earful@example.com", ["ann@example.com", "bo@example.com"])]
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip
    assert text.get_content().strip() == "complaint:t:1"
    assert "<p>complaint:t:1</p>" in page.get_content()


def test_what_happens_to_a_case_stands_in_the_thread_of_its_mail(
    sending: Sending, server: FakeMail
):
    root = complaint()
    reply = complaint("case:1:2", operation=Operation.REPLY, root_key=root.dedupe_key)
    update = complaint("update:1", operation=Operation.UPDATE, root_key=root.dedupe_key)
    sending.outbox.add([root])
    sending.deliver()
    sending.outbox.add([reply, update])

    sending.deliver(minutes=1)

    first, second = server.mails
    assert second["In-Reply-To"] == first["Message-ID"] == second["References"]
    assert second["Subject"] == f"Re: {first['Subject']}"
    # A mail stays as it is: the reply that comes with an update tells the change.
    assert sending.state("update:1:1")[0] is AlertState.DROPPED


@pytest.mark.parametrize("fault", ["greylisted", "later", "cut before the text"])
def test_what_was_surely_not_sent_is_sent_again(fault: str, sending: Sending, server: FakeMail):
    sending.outbox.add([complaint()])
    server.fail(fault)

    assert sending.deliver().retried == 1
    assert server.mails == []
    assert sending.deliver(minutes=5).sent == 1
    assert len(server.mails) == 1


@pytest.mark.parametrize("taken", [False, True])
def test_a_cut_after_the_text_sends_the_same_message_id_again(
    taken: bool, sending: Sending, server: FakeMail
):
    """Nobody can tell whether it was taken: many mailboxes know the repeat by its id."""
    sending.outbox.add([complaint()])
    server.fail("cut after the text" if taken else "cut at the text")

    sending.deliver()
    sending.deliver(minutes=5)

    wanted = message_id("complaint:t:1", "example.com")
    assert server.message_ids() == [wanted] * (2 if taken else 1)
    assert sending.state() == (AlertState.SENT, False)


@pytest.mark.parametrize("fault", ["cut at the text", "cut after the text", "hang after the text"])
def test_with_ask_a_person_decides_what_may_have_been_sent(
    fault: str, tmp_path: Path, server: FakeMail
):
    sending = Sending(tmp_path, by_mail(server, unclear="ask"))
    sending.outbox.add([complaint()])
    server.fail(fault)

    first = sending.deliver()
    second = sending.deliver(minutes=5)

    assert "may have sent it all the same" in first.problems[0]
    assert "cannot be asked" in second.problems[0]
    assert sending.state() == (AlertState.PARKED, True)
    assert len(server.mails) == (0 if fault == "cut at the text" else 1)


def test_a_recipient_whom_the_server_does_not_know_stops_the_mail_for_all(tmp_path: Path):
    """Half of the team would have it, and nobody would know which."""
    with FakeMail(refused=frozenset(["bo@example.com"])) as server:
        sending = Sending(tmp_path, by_mail(server))
        sending.outbox.add([complaint()])
        result = sending.deliver()
        assert server.mails == []
    assert result.problems == (
        "mail:support (127.0.0.1) refused bo@example.com with 550 (5.1.1 no such user here): mend "
        "it there or in the config.",
    )
    assert sending.state() == (AlertState.PARKED, False)


def test_a_text_that_is_not_welcome_is_set_aside_alone(sending: Sending, server: FakeMail):
    sending.outbox.add([complaint(), complaint("complaint:t:2")])
    server.fail("refused", "refused")

    sending.deliver()

    assert sending.state() == (AlertState.PARKED, False)
    assert sending.state("complaint:t:2") == (AlertState.SENT, False)


def test_a_server_that_is_not_there_is_tried_again(sending: Sending, tmp_path: Path):
    with FakeMail() as gone:
        transport = by_mail(gone)
    sending.transport = ByVia({"mail:support": transport}, lambda _: "mail:support")
    sending.outbox.add([complaint()])
    (problem,) = sending.deliver().problems
    assert problem == "mail:support (127.0.0.1) cannot be reached: connection refused."
    assert sending.state() == (AlertState.PENDING, False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine, and its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # all of it is TLS
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_encrypted_to_a_server_that_is_known(
    security: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    way = {"starttls": context} if security == "starttls" else {"tls": context}
    with FakeMail(tls=way.get("tls"), starttls=way.get("starttls"), login=True) as server:
        login = ("earful", PASSWORD)
        stranger = by_mail(server, security=security, login=login).inspect()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        known = by_mail(server, security=security, login=login)
        sending = Sending(tmp_path, known)
        sending.outbox.add([complaint()])

        assert not stranger[0]
        assert "certificate" in stranger[1]
        assert known.inspect() == (True, f"127.0.0.1:{server.port}, logged in; nothing was sent")
        assert sending.deliver().sent == 1
        if security == "starttls":  # of TLS from the first byte the server's session tells nothing
            assert server.encrypted == [True]


def test_a_wrong_password_is_said_as_such(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakeMail(starttls=context, login=True) as server:
        transport = by_mail(server, security="starttls", login=("earful", "wrong"))
        good, sentence = transport.inspect()
        sending = Sending(tmp_path, transport)
        sending.outbox.add([complaint()])
        result = sending.deliver()
    assert not good
    assert "refused the login with 535" in sentence
    assert result.problems == (sentence,)
    assert sending.state() == (AlertState.PARKED, False)


def test_a_server_without_encryption_gets_no_mail(sending: Sending, server: FakeMail):
    transport = by_mail(server, security="starttls")
    sending.outbox.add([complaint()])
    row = sending.outbox.find("complaint:t:1")
    assert row is not None
    result = transport.send(row)
    assert result.fate is Fate.CHANNEL_DEAD
    assert "STARTTLS" in result.error
    assert server.mails == []
