"""Passwords of the dashboards: only their hashes are kept, made slow to guess by Argon2."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from config.errors import InputError

SHORTEST = 12
# What argon2-cffi takes by default, RFC 9106's second choice: 64 MiB and some 50 ms a guess.
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Hash a new password, with a salt of its own; InputError where it is too short."""
    if len(password) < SHORTEST:
        raise InputError(f"the password has {len(password)} characters: take {SHORTEST} or more")
    return _hasher.hash(password)


def is_password(password: str, hashed: str) -> bool:
    """Tell whether a hash is of this password."""
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def check_hash(hashed: str) -> None:
    """Raise ValueError where a text is no hash that `hash_password` could have made."""
    try:
        _hasher.check_needs_rehash(hashed)
    except InvalidHashError:
        raise ValueError(
            "not the hash of a password: `earful serve --hash-password` makes one"
        ) from None
