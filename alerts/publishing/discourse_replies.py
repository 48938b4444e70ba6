"""Replies in a Discourse forum, by its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing.publisher import Gone, Publisher, found, sent
from alerts.publishing.reply import Reply, host_of, same_words
from alerts.publishing.web import Answer, Failed
from config.settings import SourceSettings

# How many of our own posts in a topic are read, the newest first.
_NEWEST = 20
# For so long Discourse refuses from one user what resembles an earlier post, whatever the topic.
_SIMILAR_WAIT_S = 300.0
_TOPIC = "topic/"


class DiscoursePublisher(Publisher):
    """Write a post that replies to another.

    A forum asks for 20 characters at least and takes 32,000, unless it is set otherwise; posts
    of users whom it does not trust yet wait for a moderator. Source: docs.discourse.org, "Creates
    a new topic, a new post, or a private message"; what is refused: `post_validator.rb`.
    """

    source = "discourse"
    label = "Discourse"
    default_base_url = "https://localhost"
    secrets: ClassVar[Mapping[str, str]] = {
        "DISCOURSE_REPLY_KEY": "an API key for one user, the one who replies, with the scope "
        "Global: Admin, API, New API Key",
        "DISCOURSE_REPLY_USERNAME": "the user whom that key is for, who replies",
    }
    keys_by_host = True
    permission = later("let the user reply in that category, and give the key the scope Global")
    once = (
        "After a crash Earful reads what its user wrote in the topic, and what waits there for a "
        "moderator."
    )
    most = 32_000
    least = 20

    def post(self, reply: Reply) -> SendResult:
        topic, number = self._place(reply)
        body = {"raw": reply.text, "topic_id": topic}
        if number is not None:
            body["reply_to_post_number"] = number
        try:
            answer = self.ask(
                "POST",
                self.address(reply, "/posts.json"),
                posts=True,
                headers=self._headers(reply),
                json_body=body,
            )
        except _TooSimilar as similar:
            # Refused for what its user wrote a moment ago: here, or in another topic.
            earlier = self._standing(reply, topic, number)
            if earlier is None:
                raise self.web.wait({}, _SIMILAR_WAIT_S) from similar
            return sent(earlier.slack_ts, earlier.slack_channel)
        native_id = answer.text_at("id") or answer.text_at("post", "id")
        return sent(native_id, self._url(reply, answer) if native_id else None)

    def look(self, reply: Reply) -> Look | None:
        topic, number = self._place(reply)
        return self._standing(reply, topic, number)

    def belongs(self, source: SourceSettings, native_id: str, url: str | None) -> bool:
        return native_id.partition("/")[0] == self.host_of(source)

    def host_of(self, source: SourceSettings) -> str:
        return host_of(_forum(source))

    def address(self, reply: Reply, path: str) -> str:
        source = self.entry(reply)
        return self.moved_for(source, f"{_forum(source)}{path}")

    def refusal(self, answer: Answer) -> Failed:
        words = answer.words.casefold()
        if answer.status == 422 and "too similar" in words:
            return _TooSimilar(Fate.BAD_MESSAGE, answer.words)
        if answer.at("error_type") == "rate_limit" or answer.at("extras", "wait_seconds"):
            wait = answer.text_at("extras", "wait_seconds") or ""
            return self.web.wait({"retry-after": wait} if wait.isdecimal() else answer.headers)
        if answer.status == 403 and "key is invalid" in words:
            sentence = reply_words.key_refused(self.label, self.secrets, answer.words)
            return Failed(Fate.ACCOUNT_DEAD, sentence)
        return super().refusal(answer)

    def _place(self, reply: Reply) -> tuple[int, int | None]:
        """Give the topic's number and the number in it of the post that is answered."""
        native_id = reply.native_id.partition("/")[2]
        if native_id.startswith(_TOPIC):
            path = f"/t/{native_id.removeprefix(_TOPIC)}.json"
            topic, number = self._asked(reply, path).at("id"), None
        else:
            post = self._asked(reply, f"/posts/{native_id}.json")
            if post.at("deleted_at") or post.at("user_deleted"):
                raise Gone(self.label)
            topic, number = post.at("topic_id"), post.at("post_number")
        if not isinstance(topic, int):
            raise Gone(self.label)
        return topic, number if isinstance(number, int) else None

    def _standing(self, reply: Reply, topic: int, number: int | None) -> Look | None:
        """Look for the reply among the newest of our posts in the topic, and those that wait."""
        user = self.secret("DISCOURSE_REPLY_USERNAME", self.host_of(self.entry(reply)))
        params = {"username_filters": user, "include_raw": "true"}
        page = self._asked(reply, f"/t/{topic}.json", params)
        posts = page.objects_at("post_stream", "posts")
        stream = page.at("post_stream", "stream")
        shown = {post.get("id") for post in posts}
        newest = stream[-_NEWEST:] if isinstance(stream, list) else []
        if unseen := [number for number in newest if number not in shown]:
            query = "&".join(f"post_ids[]={number}" for number in unseen)
            path = f"/t/{topic}/posts.json?{query}&include_raw=true"
            posts = [*posts, *self._asked(reply, path).objects_at("post_stream", "posts")]
        for post in posts:
            ours = str(post.get("username")).casefold() == user.casefold()
            # Discourse leaves out of a post's data what it replies to where that is the topic.
            answered = post.get("reply_to_post_number") or 1
            if ours and answered == (number or 1) and same_words(post.get("raw"), reply.text):
                one = Answer(200, {}, post)
                return found(one.text_at("id"), self._url(reply, one))
        for post in self._pending(reply, user):
            if post.get("topic_id") == topic and same_words(post.get("raw_text"), reply.text):
                return found(None)
        return None

    def _pending(self, reply: Reply, user: str) -> list[dict[str, Any]]:
        """List what waits for a moderator; none where the key may not see them."""
        try:
            waiting = self._asked(reply, f"/posts/{user}/pending.json")
        except Failed as failed:
            if failed.result.fate is Fate.BAD_MESSAGE:
                return []
            raise
        return waiting.objects_at("pending_posts")

    def _asked(
        self, reply: Reply, path: str, params: Mapping[str, str | int] | None = None
    ) -> Answer:
        url = self.address(reply, path)
        return self.ask("GET", url, params=params, headers=self._headers(reply))

    def _headers(self, reply: Reply) -> dict[str, str]:
        host = self.host_of(self.entry(reply))
        key, user = (self.secret(name, host) for name in self.secrets)
        return {"Api-Key": key, "Api-Username": user}

    def _url(self, reply: Reply, post: Answer) -> str | None:
        topic, number = post.at("topic_id"), post.at("post_number")
        slug = post.text_at("topic_slug") or "-"
        forum = _forum(self.entry(reply))
        return f"{forum}/t/{slug}/{topic}/{number}" if topic and number else None


class _TooSimilar(Failed):
    """The user wrote much the same a moment ago."""


def _forum(source: SourceSettings) -> str:
    return str(getattr(source.options, "forum", "")).rstrip("/")
