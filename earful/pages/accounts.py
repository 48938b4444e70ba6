"""Who may sign in to the dashboards, by the config and the environment."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Self

from config.errors import ConfigError, InputError
from config.settings import ServeSettings
from config.settings.serve_section import is_loopback, password_variable, token_variable
from earful.pages.access import Role, Visitor
from earful.pages.passwords import check_hash, hash_password, is_password

_SHORTEST_TOKEN = 32


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    role: str
    password_hash: str

    @property
    def password_mark(self) -> str:
        """Tell one password from the next: a session ends when its account's is changed."""
        return _mark(self.password_hash)


@dataclass(frozen=True, slots=True)
class Token:
    name: str
    role: str
    mark: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """All that are let in; none: whoever reaches the address reads."""

    accounts: tuple[Account, ...] = ()
    tokens: tuple[Token, ...] = ()

    @classmethod
    def of(cls, serve: ServeSettings, environ: Mapping[str, str]) -> Self:
        """Read them; ConfigError for the first whose hash or token is missing or cannot be one."""
        for trouble in troubles(serve, environ):
            raise ConfigError(trouble)
        return cls(
            tuple(
                Account(one.name, one.role, _hash(one.name, one.password_hash, environ))
                for one in serve.accounts
            ),
            tuple(
                Token(one.name, one.role, _mark(environ[token_variable(one.name)].strip()))
                for one in serve.tokens
            ),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        raw = json.loads(text)
        return cls(
            tuple(Account(**one) for one in raw["accounts"]),
            tuple(Token(**one) for one in raw["tokens"]),
        )

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    def __bool__(self) -> bool:
        return bool(self.accounts or self.tokens)

    def named(self, name: str) -> Account | None:
        return next((one for one in self.accounts if one.name == name), None)

    def signs_in(self, name: str, password: str) -> Account | None:
        """Give the account if the password is its own; as slow where there is no such account."""
        account = self.named(name)
        right = is_password(password, account.password_hash if account else _nobodys())
        return account if account and right else None

    def shown(self, token: str) -> Visitor | None:
        """Give whose token this is."""
        mark = _mark(token)
        for one in self.tokens:
            if hmac.compare_digest(one.mark, mark):
                return Visitor(one.name, Role.named(one.role))
        return None


def troubles(serve: ServeSettings, environ: Mapping[str, str]) -> Iterator[str]:
    """Say of each account and token what is missing or wrong, with its path in the config."""
    for number, account in enumerate(serve.accounts):
        variable = password_variable(account.name)
        hashed = _hash(account.name, account.password_hash, environ)
        where = f"serve.accounts[{number}] ({account.name})"
        if not hashed:
            yield (
                f"{where}: needs password_hash, or {variable} in the environment: "
                "`earful serve --hash-password` makes one"
            )
            continue
        try:
            check_hash(hashed)
        except ValueError as error:
            yield f"{where}: {'password_hash' if account.password_hash else variable}: {error}"
    for number, token in enumerate(serve.tokens):
        variable = token_variable(token.name)
        value = environ.get(variable, "").strip()
        where = f"serve.tokens[{number}] ({token.name})"
        if not value:
            yield (
                f"{where}: needs {variable} in the environment, such as `openssl rand -hex 32` "
                "makes"
            )
        elif len(value) < _SHORTEST_TOKEN:
            yield (
                f"{where}: {variable} has fewer than {_SHORTEST_TOKEN} characters: take what "
                "`openssl rand -hex 32` makes"
            )


def check_reach(host: str, accounts: Accounts) -> None:
    """Raise InputError where others could reach pages that ask for no password."""
    if not is_loopback(host) and not accounts:
        raise InputError(
            f"{host}: others can reach this address, and nobody needs a password: add "
            "[[serve.accounts]] to the config (`earful serve --hash-password` makes the hash), or "
            "serve at 127.0.0.1"
        )


def _hash(name: str, configured: str | None, environ: Mapping[str, str]) -> str:
    return configured or environ.get(password_variable(name), "").strip()


def _mark(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


NOBODY = Accounts()
"""Nobody signs in."""


@cache
def _nobodys() -> str:
    """Whoever asks for a name that is not there waits as long as for one that is."""
    return hash_password("nobody's password")
