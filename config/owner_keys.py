"""Sign with an owner's keys what Apple and Google want to see: claims that stand for a token."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from config.errors import ConfigError

GOOGLE_TOKENS = "https://oauth2.googleapis.com/token"

_LIFETIME = timedelta(minutes=15)


def key_text(name: str, value: str, begins: str) -> str:
    """Give a secret that is a document, or lies in the file whose path it is.

    Raises ConfigError where the value of the variable `name` is neither.
    """
    if value.startswith(begins):
        # One line in a unit file or a pipeline's settings often has its line ends escaped.
        return value.replace("\\n", "\n") if begins.startswith("-") else value
    try:
        return Path(value).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name} is neither a key nor the path of a readable file") from error


def service_account_claims(document: str, scope: str) -> dict[str, str]:
    """Sign a Google service account's request for a token with its JSON key.

    Raises ConfigError where it is no such key.
    """
    try:
        account: dict[str, Any] = json.loads(document)
        now = datetime.now(UTC)
        claims = {
            "iss": account["client_email"],
            "scope": scope,
            "aud": GOOGLE_TOKENS,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        assertion = jwt.encode(claims, account["private_key"], algorithm="RS256")
    except Exception as error:  # whatever a key file may hold, its content must not be shown
        raise ConfigError("needs a service account's JSON key, as Google gave it") from error
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion,
    }


def apple_token(issuer: str, key_id: str, private_key: str) -> str:
    """Sign a token for App Store Connect; Apple takes none that lives longer than 20 minutes.

    Raises ConfigError where the key cannot sign.
    """
    now = datetime.now(UTC)
    claims = {"iss": issuer, "iat": now, "exp": now + _LIFETIME, "aud": "appstoreconnect-v1"}
    try:
        return jwt.encode(claims, private_key, algorithm="ES256", headers={"kid": key_id})
    except Exception as error:  # whatever a key may hold, it must not be shown
        raise ConfigError("needs the private key of App Store Connect, the .p8 file") from error
