"""The mailbox over real IMAP: Dovecot, its TLS, its refusals, and servers that are none."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crawler.runner import CrawlJob
from earful.cli import cli
from storage.models import CrawlOutcome, CrawlReport, Mention
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.imap_server import USER, ImapServer, running_imap
from tests.crawler.reading import response_of

FAILED, UNAUTHORISED = CrawlOutcome.FAILED, CrawlOutcome.UNAUTHORISED


def mails_of_all_senders() -> list[bytes]:
    """Give the mails of the response in the repository as sent in the last hours, oldest first."""
    digest = message_from_bytes(response_of("mailbox"), policy=policy.default)
    parts: Sequence[Any] = list(digest.iter_parts())
    now = datetime.now(UTC).replace(microsecond=0)
    mails = []
    for hours, part in enumerate(parts, 1):
        mail = part.get_payload()[0]
        mail.replace_header("Date", format_datetime(now - timedelta(hours=hours)))
        mails.append(mail.as_bytes(policy=policy.SMTP))
    return mails[::-1]


def mail(number: int, text: str, at: datetime, attached: int = 0) -> bytes:
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["Subject"] = "Jo <jo@post.example>", f"Acme Air {number}"
    made["Date"], made["Message-ID"] = format_datetime(at), f"<{number}@post.example>"
    made.set_content(text)
    if attached:
        made.add_attachment(bytes(attached), maintype="image", subtype="png", filename="a.png")
    return made.as_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with running_imap(mails_of_all_senders()) as running:
        yield running


def options_of(port: int, **more: Any) -> dict[str, Any]:
    given = {"host": "127.0.0.1", "port": port, "security": "none", "user": USER}
    return {**given, **more}


def job_of(db: Path, port: int, **more: Any) -> CrawlJob:
    return CrawlJob("Acme Air", '"acme air"', "mailbox", options_of(port, **more), db=db)


def run(*jobs: CrawlJob, **settings: object) -> list[CrawlReport]:
    return run_fleet(jobs, settings)


def stored(db: Path) -> dict[str, Mention]:
    with Store.open(db) as store:
        ids = store.database.connection.execute("SELECT id FROM mentions").fetchall()
        found = [store.mentions.get(row["id"]) for row in ids]
        return {mention.id: mention for mention in found if mention}


@pytest.fixture
def config(tmp_path: Path, server: ImapServer) -> Path:
    path = tmp_path / "earful.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in options_of(server.port).items()]
    path.write_text(
        '[[brands]]\nname = "Acme Air"\nquery = \'"acme air"\'\n'
        '[[brands.sources]]\nsource = "mailbox"\n' + "\n".join(lines) + "\n"
    )
    return path


@pytest.mark.slow("two crawls and a check, each in a process of its own as in the product")
def test_earful_crawl_stores_what_the_mails_tell_once(config: Path, server: ImapServer) -> None:
    def earful(*words: str) -> str:
        done = CliRunner().invoke(cli, ["--config", str(config), *words])
        assert done.exit_code == 0, done.output
        return done.output

    checked = earful("check", "--explain")
    assert "9 mentions on its first page, 1 of them irrelevant" in checked
    assert "seen 9 · new 8 · edited 0 · irrelevant 1 · refused 0" in earful("crawl", "mailbox")
    first = stored(config.parent / "earful.db")
    sources = [mention.source for mention in first.values()]
    assert sorted(sources) == sorted(
        ["reddit"] * 2 + ["mailbox"] * 3 + ["hackernews", "google_play", "trustpilot"]
    )
    assert first["hackernews:70000000009"].author == "night_train"
    assert "seen 9 · new 0 · edited 0 · irrelevant 1 · refused 0" in earful("crawl")
    assert stored(config.parent / "earful.db") == first
    assert server.marks() == set(), "no mail is marked as seen"
    asked = server.heard()
    assert "EXAMINE" in {line.split(" ")[0] for line in asked}, "opened read-only"
    assert not [line for line in asked if line.startswith(("SELECT", "UID STORE", "APPEND"))]


def test_an_excerpt_never_replaces_what_a_spider_stored(db: Path, server: ImapServer) -> None:
    whole = Mention(
        brand="Acme Air",
        source="hackernews",
        native_id="70000000009",
        text="All of it: I book with Acme Air because their site has no dark patterns. And more.",
        author="night_train",
        author_native_id="night_train",
        created_at=datetime(2026, 10, 31, 9, 0, tzinfo=UTC),
        fetched_at=datetime(2026, 10, 31, 10, 0, tzinfo=UTC),
    )
    with Store.open(db) as store:
        store.mentions.save([whole])
        (report,) = run(job_of(db, server.port))
        assert (report.new, report.edited, report.known, report.irrelevant) == (7, 0, 1, 1)
        assert store.mentions.get(whole.id) == whole
        # The other way round the spider's words take the excerpt's place.
        post = stored(db)["reddit:t3_1m00aa1"]
        saved = store.mentions.save([replace(post, text="All that was said.", excerpt=False)])
        assert saved.edited == 1
        (again,) = run(job_of(db, server.port))
        assert (again.new, again.edited) == (0, 0)
        assert (kept := store.mentions.get(post.id))
        assert kept.text == "All that was said."


def test_what_a_server_refuses_is_named_and_asked_once(
    db: Path, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (server.home / "log").read_text().count("auth failed")
    missing, starttls, tls = run(
        job_of(db, server.port, folder="Nix"),
        job_of(db, server.port, security="starttls"),
        job_of(db, server.port, security="tls"),
    )
    monkeypatch.setenv("MAILBOX_PASSWORD", "another, with ü")
    (denied,) = run(job_of(db, server.port))
    assert denied.outcome is UNAUTHORISED
    assert denied.reason == (
        f"imap://127.0.0.1:{server.port}/INBOX refused the user or the password "
        "([AUTHENTICATIONFAILED] Authentication failed): check the source's key"
    )
    assert (server.home / "log").read_text().count("auth failed") == before + 1, "no lock-out"
    for report, said in (
        (missing, "has no folder 'Nix' (select failed: Mailbox doesn't exist: Nix"),
        (starttls, "cannot do what `security` asks (Server does not support STARTTLS"),
        (tls, "could not be trusted: TLS failed ("),
    ):
        assert report.outcome is FAILED
        assert said in (report.reason or ""), report.reason


def test_pages_folders_and_large_mails(db: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with running_imap() as server:
        for number in range(120):
            server.put(mail(number, "I like Acme Air.", now - timedelta(hours=121 - number)))
        old = now - timedelta(days=40)
        server.put(mail(900, "Acme Air was good then.", old))
        server.put(mail(901, "Acme Air lost it. " * 30, now, attached=3_000_000), ".&ANw-ber uns")
        everybody = {"senders": ["*"], "days": 30}
        first, bounded, named, since = run(
            job_of(db, server.port, **everybody),
            job_of(db, server.port, **everybody, pages=2),
            job_of(db, server.port, **everybody, folder="Über uns"),
            replace(job_of(db, server.port, **everybody), since=now - timedelta(hours=2)),
        )
        heard = server.heard()
    assert (first.seen, first.requests, first.reason) == (120, 3, None)
    assert (bounded.seen, bounded.requests) == (100, 2)
    assert bounded.reason == "older entries lie beyond the page limit"
    assert since.seen < 60, "the server leaves out what lies before the day of `since`"
    assert named.seen == named.new == 1
    assert "mailbox:901@post.example#1" in stored(db)
    assert any("BODY.PEEK[]<0.262144>" in line for line in heard)
    assert "mailbox:900@post.example#1" not in stored(db)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


def test_tls_from_the_start_and_by_starttls_trusts_known_certificates_alone(
    db: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_imap(mails_of_all_senders(), certificate) as server:
        jobs = [
            job_of(db, server.tls_port, security="tls"),
            job_of(db, server.port, security="starttls"),
        ]
        strangers = run(*jobs)
        heard = server.heard()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        known = run(*jobs)
    for report in strangers:
        assert report.outcome is FAILED
        assert "could not be trusted: TLS failed (self-signed certificate)" in (
            report.reason or ""
        ), report.reason
    assert heard == [], "nobody logged in"
    assert [(report.outcome, report.seen) for report in known] == [(CrawlOutcome.OK, 9)] * 2


def test_a_server_that_is_away_or_silent_is_asked_again(db: Path) -> None:
    with socket.socket() as silent, socket.socket() as closed:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        closed.bind(("127.0.0.1", 0))  # it does not listen
        slow, away, nowhere = run(
            job_of(db, silent.getsockname()[1]),
            job_of(db, closed.getsockname()[1]),
            job_of(db, 993, host="imap.invalid", security="tls"),
            DOWNLOAD_TIMEOUT=0.3,
            RETRY_BACKOFF=0.1,
        )
    for report, said in (
        (slow, "did not answer: it took too long"),
        (away, "did not answer: it refused the connection"),
        (nowhere, "did not answer: DNS does not know its name"),
    ):
        assert report.outcome is FAILED
        assert said in (report.reason or ""), report.reason
        assert report.requests == 3
