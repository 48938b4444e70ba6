"""Replies to Mastodon posts, by the API of the instance that read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

from alerts.messages.catalogue import later
from alerts.outbox.transport import Look, SendResult
from alerts.publishing.publisher import Gone, Publisher, found, sent
from alerts.publishing.reply import Reply, same_words
from alerts.publishing.web import Answer
from config.settings import SourceSettings
from storage import fields

_URL = re.compile(r"https?://\S+")
# An instance counts every address as 23 characters, and of a mention not its host.
_URL_COUNTS = "x" * 23
_MENTION = re.compile(r"(?<![\w/])@(\w+(?:[\w.-]*\w)?)@[\w.-]+\w")
_AS_WIDELY = ("public", "unlisted", "private", "direct")


class MastodonPublisher(Publisher):
    """Write a post in reply, which begins with a mention of whom it answers.

    The key `Idempotency-Key` makes a second POST within the hour give back the first post; after
    a crash the answers below the post are read in any case. Source: docs.joinmastodon.org/methods/
    statuses, "Post a new status" and "Get parent and child statuses in context".
    """

    source = "mastodon"
    label = "Mastodon"
    default_base_url = "https://mastodon.social"
    secrets: ClassVar[Mapping[str, str]] = {
        "MASTODON_REPLY_TOKEN": "an access token of the account that replies: Preferences, "
        "Development, New application, with the scopes read and write:statuses"
    }
    keys_by_host = True
    permission = later("give the token the scopes read and write:statuses")
    once = (
        "The request names the reply, and within an hour the instance posts a name once; after a "
        "crash Earful reads the answers below the post."
    )
    most = 500

    def post(self, reply: Reply) -> SendResult:
        parent = self._parent(reply)
        wide = parent.get("visibility")
        body = {
            "status": self.shown(reply.text, reply.author or _handle(parent), reply.native_id),
            "in_reply_to_id": parent["id"],
            "visibility": wide if wide in _AS_WIDELY else "public",
        }
        if parent.get("spoiler_text"):
            body["spoiler_text"] = parent["spoiler_text"]
        headers = self._headers(reply) | {
            "Idempotency-Key": sha256(reply.key.encode()).hexdigest()
        }
        url = self.address(reply, "/api/v1/statuses")
        answer = self.ask("POST", url, posts=True, headers=headers, json_body=body)
        return sent(answer.text_at("id"), answer.text_at("url"))

    def look(self, reply: Reply) -> Look | None:
        parent = self._parent(reply)
        ours = self._asked(reply, "/api/v1/accounts/verify_credentials").at("id")
        below = self._asked(reply, f"/api/v1/statuses/{parent['id']}/context")
        wanted = self.shown(reply.text, reply.author or _handle(parent), reply.native_id)
        for status in below.objects_at("descendants"):
            one = Answer(200, {}, status)
            ours_there = (one.at("account", "id"), one.at("in_reply_to_id")) == (
                ours,
                parent["id"],
            )
            if ours_there and same_words(self._written(reply, one), wanted):
                return found(one.text_at("id"), one.text_at("url"))
        return None

    def shown(self, text: str, author: str | None, native_id: str) -> str:
        mention = f"@{author}" if author else ""
        words = text.strip()
        return words if not mention or mention in words else f"{mention} {words}"

    def count(self, shown: str) -> int:
        return len(_MENTION.sub(r"@\1", _URL.sub(_URL_COUNTS, shown)))

    def host_of(self, source: SourceSettings) -> str:
        return str(getattr(source.options, "instance", "")).casefold()

    def missing(self) -> list[str]:
        """One instance with a token is enough: a post is the same at all of them."""
        return [] if any(map(self._token_of, self.hosts)) else list(self.secrets)

    def source_of(self, brand: str, native_id: str, url: str | None) -> SourceSettings | None:
        entries = [source for name, source in self._sources if name == brand]
        with_token = (source for source in entries if self._token_of(self.host_of(source)))
        return next(with_token, entries[0] if entries else None)

    def address(self, reply: Reply, path: str) -> str:
        source = self.entry(reply)
        return self.moved_for(source, f"https://{self.host_of(source)}{path}")

    def _parent(self, reply: Reply) -> dict[str, Any]:
        """Find the post that is answered: each instance has a number of its own for it."""
        params: dict[str, str | int] = {
            "q": reply.native_id,
            "type": "statuses",
            "resolve": "true",
            "limit": 1,
        }
        for status in self._asked(reply, "/api/v2/search", params).objects_at("statuses"):
            if reply.native_id in (status.get("uri"), status.get("url")) and status.get("id"):
                return status
        raise Gone(self.label)

    def _written(self, reply: Reply, status: Answer) -> str:
        """Give a post as it was written; servers that only resemble Mastodon show HTML alone."""
        url = self.address(reply, f"/api/v1/statuses/{status.at('id')}/source")
        source = self.web.ask("GET", url, headers=self._headers(reply))
        if source.good and isinstance(text := source.at("text"), str):
            return text
        return fields.from_html(status.at("content"), "content")

    def _asked(
        self, reply: Reply, path: str, params: Mapping[str, str | int] | None = None
    ) -> Answer:
        url = self.address(reply, path)
        return self.ask("GET", url, params=params, headers=self._headers(reply))

    def _token_of(self, host: str) -> str | None:
        return self._found("MASTODON_REPLY_TOKEN", host)

    def _headers(self, reply: Reply) -> dict[str, str]:
        host = self.host_of(self.entry(reply))
        return {"Authorization": f"Bearer {self.secret('MASTODON_REPLY_TOKEN', host)}"}


def _handle(status: Mapping[str, Any]) -> str | None:
    account = status.get("account")
    handle = account.get("acct") if isinstance(account, dict) else None
    return handle if isinstance(handle, str) and handle else None
