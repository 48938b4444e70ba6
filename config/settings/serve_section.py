"""The section `[serve]`: where the dashboards listen, under which names, and who is let in."""

from __future__ import annotations

import ipaddress
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from config.settings.value_types import Section, ShownUrl


class AccountSettings(Section):
    """One `[[serve.accounts]]`: a person who signs in with a name and a password."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.@-]{1,60}$")
    role: Literal["read", "work", "admin"] = "read"
    password_hash: str | None = None


class TokenSettings(Section):
    """One `[[serve.tokens]]`: a program that shows a token, `Authorization: Bearer TOKEN`."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    role: Literal["read", "work", "admin"] = "read"


class ServeSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65535)
    public_url: ShownUrl | None = None
    hosts: tuple[str, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    tokens: tuple[TokenSettings, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        # A name is also that of an environment variable, in which case is lost.
        for what, names in (
            ("accounts", [_variable(account.name) for account in self.accounts]),
            ("tokens", [_variable(token.name) for token in self.tokens]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two {what} are named {name.lower()!r}: give each its own")
        return self

    @property
    def names(self) -> frozenset[str]:
        """Name, in lower case, the hosts that the pages answer as beside loopback."""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        return frozenset(name.lower() for name in (*self.hosts, *([public] if public else ())))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def password_variable(account: str) -> str:
    """Name the variable that may hold the hash of an account's password."""
    return f"EARFUL_PASSWORD_HASH_{_variable(account)}"


def token_variable(token: str) -> str:
    """Name the variable that holds a token."""
    return f"EARFUL_TOKEN_{_variable(token)}"


def _variable(name: str) -> str:
    return "".join(one if one.isalnum() else "_" for one in name).upper()
