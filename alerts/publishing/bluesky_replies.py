"""Replies to Bluesky posts, written into the repository of the account that replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import regex

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing import bluesky_records
from alerts.publishing.access_tokens import TokenPublisher
from alerts.publishing.publisher import Gone, found, sent
from alerts.publishing.reply import Length, Reply
from alerts.publishing.web import Answer, Failed

_GRAPHEME = regex.compile(r"\X")
_MOST_BYTES = 3000


class BlueskyPublisher(TokenPublisher):
    """Put a post into the account's own repository, under a key made of the reply's name.

    `putRecord` under one key is one post however often it is called, and the same record again
    changes nothing. A post has 300 graphemes and 3,000 bytes at most. Source: the lexicons
    com.atproto.repo.putRecord and app.bsky.feed.post; docs.bsky.app/docs/advanced-guides/posts.
    """

    source = "bluesky"
    label = "Bluesky"
    default_base_url = "https://bsky.social"
    secrets: ClassVar[Mapping[str, str]] = {
        "BLUESKY_HANDLE": "the handle of the account that replies, such as acme.bsky.social",
        "BLUESKY_APP_PASSWORD": "an app password of it, the same as for searching: "
        "bsky.app/settings/app-passwords",
    }
    permission = later("make an app password of an account that may reply there")
    once = "The post's key is made of the reply's name: a second try writes the same post."
    most = 300
    unit = "graphemes"
    # The session's token lives for two hours, and only so many sessions may be opened a day.
    lives_s = 5400.0
    _did = ""

    def post(self, reply: Reply) -> SendResult:
        parent = self._parent(reply)
        refs = _refs(parent)
        body = {
            "repo": self._did,
            "collection": bluesky_records.COLLECTION,
            "rkey": bluesky_records.key_of(reply),
            "record": bluesky_records.record_of(reply, refs),
        }
        url = self.address(reply, "/xrpc/com.atproto.repo.putRecord")
        answer = self.authorised(reply, "POST", url, posts=True, json_body=body)
        return sent(answer.text_at("uri"), self._url(reply))

    def look(self, reply: Reply) -> Look | None:
        self._bearer(reply)
        params = {
            "repo": self._did,
            "collection": bluesky_records.COLLECTION,
            "rkey": bluesky_records.key_of(reply),
        }
        url = self.address(reply, "/xrpc/com.atproto.repo.getRecord")
        try:
            answer = self.authorised(reply, "GET", url, params=params)
        except _NoRecord:
            return None
        return found(answer.text_at("uri"), self._url(reply))

    def limit(self, text: str, author: str | None = None, native_id: str = "") -> Length:
        length = super().limit(text, author, native_id)
        size = len(text.strip().encode())
        if length.problem is None and size > _MOST_BYTES:
            return Length(self.label, size, _MOST_BYTES, unit="bytes")
        return length

    def count(self, shown: str) -> int:
        return sum(1 for _ in _GRAPHEME.finditer(shown))

    def expired(self, answer: Answer) -> bool:
        return answer.at("error") in ("ExpiredToken", "InvalidToken")

    def refusal(self, answer: Answer) -> Failed:
        words = answer.words
        if answer.at("error") == "RecordNotFound" or "Could not locate record" in words:
            return _NoRecord(Fate.BAD_MESSAGE, words)
        return super().refusal(answer)

    def fetch_token(self, reply: Reply) -> Answer:
        handle, password = (self.secret(name) for name in self.secrets)
        url = self.address(reply, "/xrpc/com.atproto.server.createSession")
        body = {"identifier": handle, "password": password}
        return self.web.ask("POST", url, json_body=body)

    def token_of(self, answer: Answer) -> str | None:
        self._did = answer.text_at("did") or ""
        return answer.text_at("accessJwt") if self._did else None

    def _parent(self, reply: Reply) -> dict[str, Any]:
        """Fetch what is answered: a reply names its version, and where its thread began."""
        url = self.address(reply, "/xrpc/app.bsky.feed.getPosts")
        answer = self.authorised(reply, "GET", url, params={"uris": reply.native_id})
        for post in answer.objects_at("posts"):
            one = Answer(200, {}, post)
            if one.at("viewer", "replyDisabled") is True:
                words = reply_words.closed(self.label, "the author limits who may reply")
                raise Failed(Fate.BAD_MESSAGE, words)
            if one.text_at("uri") and one.text_at("cid"):
                return post
        raise Gone(self.label)

    def _url(self, reply: Reply) -> str:
        return f"https://bsky.app/profile/{self._did}/post/{bluesky_records.key_of(reply)}"


class _NoRecord(Failed):
    """There is no record under that key."""


def _refs(parent: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Name the post that is answered, and the one that its thread began with."""
    own = {"uri": str(parent["uri"]), "cid": str(parent["cid"])}
    root = Answer(200, {}, parent).at("record", "reply", "root")
    if not isinstance(root, dict) or not root.get("uri") or not root.get("cid"):
        return {"root": own, "parent": own}
    return {"root": {"uri": str(root["uri"]), "cid": str(root["cid"])}, "parent": own}
