"""Turn an owner's keys into what their API wants to see: signed claims and access tokens."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
from scrapy.http import Request, Response

from crawler.base import MentionSpider
from crawler.entry_problems import broken, unauthorised
from crawler.json_bodies import read_json

GOOGLE_TOKENS = "https://oauth2.googleapis.com/token"

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LIFETIME = timedelta(minutes=15)


def key(spider: MentionSpider, name: str) -> str:
    """Give a declared secret; without it nothing can be read."""
    if value := spider.secret(name):
        return value
    raise unauthorised(f"needs {name} in the environment")


def key_or_file(spider: MentionSpider, name: str, begins: str) -> str:
    """Give a secret that is a document, or the path of a file that holds it."""
    value = key(spider, name)
    if value.startswith(begins):
        # One line in a unit file or a pipeline's settings often has its line ends escaped.
        return value.replace("\\n", "\n") if begins.startswith("-") else value
    try:
        return Path(value).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise unauthorised(f"{name} is neither a key nor the path of a readable file") from error


def token_request(
    spider: MentionSpider, url: str, claims: dict[str, str], basic: tuple[str, str] | None = None
) -> Request:
    """Ask for an access token; the response reaches `spider.authorised`."""
    headers = dict(_FORM)
    if basic:
        headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()
    return spider.ask(
        url,
        method="POST",
        headers=headers,
        body=urlencode(claims),
        callback=spider.authorised,  # type: ignore[attr-defined]  # spiders with keys have it
        obey_robots=False,
        dont_redirect=True,
        door=True,
        # How Google and Reddit say that a key is bad.
        handle_httpstatus_list=[400],
    )


def access_token(response: Response) -> str:
    """Read an access token; a refused key is UNAUTHORISED, with the error's own short name."""
    data = read_json(response)
    given = data if isinstance(data, dict) else {}
    token = given.get("access_token")
    if response.status < 400 and isinstance(token, str) and token:
        return token
    if response.status >= 400 or "error" in given:
        name = given.get("error")
        quote = f" ({name[:60]})" if isinstance(name, str) else ""
        raise unauthorised(f"answered {response.status} to the key{quote}")
    raise broken("answered without `access_token`")


def service_account_claims(document: str, scope: str) -> dict[str, str]:
    """Sign a Google service account's request for a token with its JSON key."""
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
        raise unauthorised("needs a service account's JSON key, as Google gave it") from error
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion,
    }


def apple_token(issuer: str, key_id: str, private_key: str) -> str:
    """Sign a token for App Store Connect; Apple takes none that lives longer than 20 minutes."""
    now = datetime.now(UTC)
    claims = {"iss": issuer, "iat": now, "exp": now + _LIFETIME, "aud": "appstoreconnect-v1"}
    try:
        return jwt.encode(claims, private_key, algorithm="ES256", headers={"kid": key_id})
    except Exception as error:  # whatever a key may hold, it must not be shown
        raise unauthorised("needs the private key of App Store Connect, the .p8 file") from error
