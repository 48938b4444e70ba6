"""A real IMAP server, Debian's Dovecot, over a folder of mails."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

USER, PASSWORD = "voice@acme.example", "made-up MAILBOX_PASSWORD"

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
log_path = {home}/log
rawlog_dir = {home}/heard
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{home}/mail
disable_plaintext_auth = no
auth_failure_delay = 0
ssl = {ssl}
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True)
class ImapServer:
    """A running server with one user; `tls_port` is 0 where it has no certificate."""

    port: int
    tls_port: int
    home: Path

    def put(self, mail: bytes, folder: str = "") -> None:
        """Deliver a mail, arrived at its own Date where it has one."""
        for part in ("", "new", "cur", "tmp"):
            self._open(self.home / "mail" / folder / part)
        number = len(list((self.home / "mail").rglob("*.earful*")))
        path = self.home / "mail" / folder / "new" / f"{1_700_000_000 + number}.M{number}.earful"
        path.write_bytes(mail)
        try:
            arrived = parsedate_to_datetime(message_from_bytes(mail)["Date"]).timestamp()
        except (TypeError, ValueError):
            arrived = time.time()
        os.utime(path, (arrived, arrived))

    def marks(self) -> set[str]:
        """Give the flags that any mail has, as Maildir writes them: S is seen."""
        names = [path.name for path in (self.home / "mail").rglob("*.earful*")]
        assert names
        return set("".join(name.partition(":2,")[2] for name in names))

    def heard(self) -> list[str]:
        """Give what clients asked once they were logged in, without times and tags."""
        return [
            line.split(" ", 2)[-1]
            for path in sorted((self.home / "heard").glob("*.in"))
            for line in path.read_text("utf-8", "replace").splitlines()
        ]

    def _open(self, folder: Path) -> None:
        """Make a folder that Dovecot may write to, whoever it runs as."""
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)


@contextmanager
def running_imap(
    mails: Iterable[bytes] = (), certificate: Path | None = None
) -> Iterator[ImapServer]:
    """Start a server; `certificate` is a PEM file with its key in it."""
    program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if program is None:
        reason = "Dovecot is not installed: apt-get install dovecot-imapd"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI must have it")
        pytest.skip(reason)
    # Not below pytest's folder: sockets need short paths, and root's Dovecot turns into others.
    with tempfile.TemporaryDirectory(prefix="dovecot") as folder:
        home = Path(folder)
        plain, tls = _free_port(), _free_port() if certificate else 0
        server = ImapServer(plain, tls, home)
        for part in (home, home / "heard", home / "mail"):
            server._open(part)
        (home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        for mail in mails:
            server.put(mail)
        config = home / "dovecot.conf"
        config.write_text(_config(server, certificate))
        with subprocess.Popen([program, "-F", "-c", str(config)]) as process:
            try:
                _await(server, process)
                yield server
            finally:
                process.terminate()


def _config(server: ImapServer, certificate: Path | None) -> str:
    root = os.getuid() == 0
    nobody = pwd.getpwnam("nobody")
    written = _CONFIG.format(
        home=server.home,
        internal="dovecot" if root else getpass.getuser(),
        login="dovenull" if root else getpass.getuser(),
        group="dovecot" if root else grp.getgrgid(os.getgid()).gr_name,
        # Dovecot opens no mail as root.
        uid=nobody.pw_uid if root else os.getuid(),
        gid=nobody.pw_gid if root else os.getgid(),
        ssl="yes" if certificate else "no",
        plain=server.port,
        tls=server.tls_port,
    )
    if certificate:
        written += f"ssl_cert = <{certificate}\nssl_key = <{certificate}\n"
    return written


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _await(server: ImapServer, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1) as connection:
                if connection.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.02)
    log = server.home / "log"
    pytest.fail(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
