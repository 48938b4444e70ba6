"""The gate of the dashboards: sessions, tokens, guesses, and the audit of what passes it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from config.errors import StoreReadOnlyError
from earful.app import utc_now
from earful.pages.access import THIS_MACHINE, Role, Visitor
from earful.pages.accounts import Account, Accounts
from earful.pages.throttle import Throttle
from storage.store import Store
from storage.tables.audit import Act, AuditEntry

log = logging.getLogger(__name__)

SESSION = timedelta(days=7)
_ACCOUNT_WAITS = timedelta(minutes=1)
_ADDRESS_WAITS = timedelta(minutes=15)
# Each guess takes 64 MiB while it is checked.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class SignIn:
    """What came of trying to sign in: a cookie's value, or why there is none."""

    cookie: str | None = None
    refusal: str = ""
    wait_s: int = 0


class Gate:
    """Decide who passes; one a process."""

    def __init__(
        self, store_path: Path, accounts: Accounts, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._path = store_path
        self._accounts = accounts
        self._clock = clock
        self._by_account = Throttle(_ACCOUNT_WAITS)
        self._by_address = Throttle(_ADDRESS_WAITS)
        self._checking = asyncio.Semaphore(_AT_ONCE)

    @property
    def asks(self) -> bool:
        """Tell whether anybody must sign in or show a token."""
        return bool(self._accounts)

    async def visitor(self, cookie: str | None, authorization: str | None) -> Visitor | None:
        """Tell who shows a session's cookie or an `Authorization` header; None: nobody we know."""
        if not self._accounts:
            return THIS_MACHINE
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            return self._accounts.shown(token.strip()) if scheme.lower() == "bearer" else None
        if not cookie:
            return None
        found = await asyncio.to_thread(self._session, _mark(cookie))
        if found is None:
            return None
        name, password_mark = found
        account = self._accounts.named(name)
        if account is None or account.password_mark != password_mark:
            return None
        return Visitor(name, Role.named(account.role), signed_in=True)

    async def sign_in(self, name: str, password: str, address: str) -> SignIn:
        """Begin a session for the right password; a wrong one counts against name and address."""
        now = self._clock()
        wait = max(self._by_account.wait(name, now), self._by_address.wait(address, now))
        if wait:
            seconds = ceil(wait.total_seconds())
            return SignIn(
                refusal=f"Too many wrong passwords. Try again in {_seconds(seconds)}.",
                wait_s=seconds,
            )
        # Counted before it is checked: guesses sent all at once are not one guess.
        self._by_account.wrong(name, now)
        self._by_address.wrong(address, now)
        async with self._checking:
            account = await asyncio.to_thread(self._accounts.signs_in, name, password)
        if account is None:
            known = self._accounts.named(name)
            # A password typed into the wrong field must not stand in the audit.
            await self.note(
                Visitor(known.name, Role.named(known.role)) if known else None,
                Act.FAILED,
                f"from {address}" if known else f"with a name that is none, from {address}",
            )
            return SignIn(refusal="The name or the password is wrong.")
        self._by_account.right(name)
        self._by_address.right(address)
        cookie = secrets.token_urlsafe(32)
        await asyncio.to_thread(self._begin, _mark(cookie), account, now)
        await self.note(Visitor(name, Role.named(account.role)), Act.SIGNED_IN, f"from {address}")
        return SignIn(cookie=cookie)

    async def sign_out(self, cookie: str, visitor: Visitor) -> None:
        """End a session at once, wherever its cookie has gone."""
        await asyncio.to_thread(self._end, _mark(cookie))
        await self.note(visitor, Act.SIGNED_OUT, "")

    async def note(
        self, visitor: Visitor | None, act: Act, what: str, about: str | None = None
    ) -> None:
        """Write down what somebody does; a store that nobody may write is said in the log."""
        entry = AuditEntry(
            at=self._clock(),
            actor=visitor.name if visitor else "somebody",
            role=visitor.role.word if visitor else "none",
            act=act,
            what=what,
            about=about,
        )
        try:
            await asyncio.to_thread(self._write, entry)
        except StoreReadOnlyError as error:
            log.warning("%s %s %s: not in the audit: %s", entry.actor, act, what, error)

    async def entries(self, limit: int) -> list[AuditEntry]:
        """Give the newest entries of the audit."""
        return await asyncio.to_thread(self._read, limit)

    def _session(self, mark: str) -> tuple[str, str] | None:
        with Store.open(self._path, readonly=True) as store:
            return store.sessions.find(mark, self._clock())

    def _begin(self, mark: str, account: Account, now: datetime) -> None:
        with Store.open(self._path) as store:
            store.sessions.begin(mark, account.name, account.password_mark, now, now + SESSION)

    def _end(self, mark: str) -> None:
        with Store.open(self._path) as store:
            store.sessions.end(mark)

    def _write(self, entry: AuditEntry) -> None:
        with Store.open(self._path) as store:
            store.audit.add(entry)

    def _read(self, limit: int) -> list[AuditEntry]:
        with Store.open(self._path, readonly=True) as store:
            return store.audit.latest(limit)


def _mark(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _seconds(seconds: int) -> str:
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = ceil(seconds / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
