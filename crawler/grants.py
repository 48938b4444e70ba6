"""Turn an owner's keys into what their API wants to see: signed claims and access tokens."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from scrapy.http import Request, Response

from config import owner_keys
from config.errors import ConfigError
from crawler.base import MentionSpider
from crawler.entry_problems import broken, unauthorised
from crawler.json_bodies import read_json

GOOGLE_TOKENS = owner_keys.GOOGLE_TOKENS

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def key(spider: MentionSpider, name: str) -> str:
    """Give a declared secret; without it nothing can be read."""
    if value := spider.secret(name):
        return value
    raise unauthorised(f"needs {name} in the environment")


def key_or_file(spider: MentionSpider, name: str, begins: str) -> str:
    """Give a secret that is a document, or the path of a file that holds it."""
    with _unauthorised():
        return owner_keys.key_text(name, key(spider, name), begins)


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
    with _unauthorised():
        return owner_keys.service_account_claims(document, scope)


def apple_token(issuer: str, key_id: str, private_key: str) -> str:
    """Sign a token for App Store Connect."""
    with _unauthorised():
        return owner_keys.apple_token(issuer, key_id, private_key)


@contextmanager
def _unauthorised() -> Iterator[None]:
    """Turn what is wrong with a key into the outcome of a crawl."""
    try:
        yield
    except ConfigError as error:
        raise unauthorised(str(error)) from error
