"""Replies to comments of a WordPress site, and to product reviews of a WooCommerce shop."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Any, ClassVar
from urllib.parse import urlsplit

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing.publisher import Gone, Publisher, found, sent
from alerts.publishing.reply import Reply, same_words
from alerts.publishing.web import Answer, Failed
from config.settings import SourceSettings

# Where the API stands with pretty permalinks, and where with plain ones.
_DOORS = ("/wp-json", "/?rest_route=")
_PER_PAGE = 100
# WordPress takes one comment in 15 s from whoever does not moderate.
_FLOOD_WAIT_S = 20.0
_CLOSED = ("rest_comment_closed", "rest_comment_draft_post", "rest_comment_trash_post")


class WordPressPublisher(Publisher):
    """Write a comment whose parent is the comment that it answers.

    WordPress itself refuses the same words by the same author under the same parent
    (`comment_duplicate`, 409). Comments are HTML, so what could be a tag is escaped. Source:
    developer.wordpress.org/rest-api/reference/comments, and `create_item` of WordPress' own
    class WP_REST_Comments_Controller.
    """

    source = "wordpress"
    label = "WordPress"
    default_base_url = "https://localhost"
    secrets: ClassVar[Mapping[str, str]] = {
        "WORDPRESS_REPLY_USER": "a user of the site with the role Editor, who moderates comments",
        "WORDPRESS_REPLY_PASSWORD": "an application password of that user: Users, Profile, "
        "Application Passwords",
    }
    keys_by_host = True
    permission = later("give the user the role Editor (in a shop, Shop manager)")
    once = (
        "WordPress refuses the same words a second time under the same comment; after a crash "
        "Earful reads the comment's answers."
    )
    most = 65_525
    unit = "bytes"

    def post(self, reply: Reply) -> SendResult:
        comment = self._asked(reply, "GET", f"/{self._number(reply)}", {"context": "edit"})
        body = {
            "post": comment.at("post"),
            "parent": int(self._number(reply)),
            "content": _html(reply.text),
        }
        try:
            answer = self._asked(reply, "POST", "", posts=True, json_body=body)
        except _Duplicate:
            return sent(None, reply.url)
        return sent(answer.text_at("id"), answer.text_at("link"))

    def look(self, reply: Reply) -> Look | None:
        params: dict[str, str | int] = {
            "parent": self._number(reply),
            "per_page": _PER_PAGE,
            "context": "edit",
            "status": "all",
        }
        answer = self._asked(reply, "GET", "", params)
        comments = Answer(200, {}, {"comments": answer.data}).objects_at("comments")
        for comment in comments:
            written = Answer(200, {}, comment)
            if same_words(written.at("content", "raw"), _html(reply.text)):
                return found(written.text_at("id"), written.text_at("link"))
        return None

    def count(self, shown: str) -> int:
        return len(_html(shown).encode())

    def belongs(self, source: SourceSettings, native_id: str, url: str | None) -> bool:
        parts = urlsplit(_site(source))
        return native_id.rpartition("#")[0] == parts.netloc.casefold() + parts.path

    def host_of(self, source: SourceSettings) -> str:
        return urlsplit(_site(source)).netloc.casefold()

    def not_over_api(self, native_id: str, url: str | None) -> str | None:
        return None if native_id.rpartition("#")[2].isdecimal() else reply_words.gone(self.label)

    def address(self, reply: Reply, path: str) -> str:
        source = self.entry(reply)
        return self.moved_for(source, f"{_site(source)}{path}")

    def refusal(self, answer: Answer) -> Failed:
        code = answer.at("code")
        if code == "comment_duplicate":
            return _Duplicate(Fate.BAD_MESSAGE, answer.words)
        if code == "comment_flood":
            return self.web.wait(answer.headers, _FLOOD_WAIT_S)
        if code in _CLOSED:
            return Failed(Fate.BAD_MESSAGE, reply_words.closed(self.label, answer.words))
        if code == "rest_comment_invalid_id":
            return Gone(self.label, answer.words)
        return super().refusal(answer)

    def _asked(
        self,
        reply: Reply,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None = None,
        **how: Any,
    ) -> Answer:
        """Ask the API of comments, by whichever of its two doors the site has."""
        host = self.host_of(self.entry(reply))
        pair = ":".join(self.secret(name, host) for name in self.secrets)
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        for door in _DOORS:
            base, _, route = self.address(reply, door).partition("?")
            place = f"/wp/v2/comments{path}"
            if route:
                asked = {"rest_route": place, **(params or {})}
                answer = self.web.ask(method, base, headers=headers, params=asked, **how)
            else:
                url = f"{base}{place}"
                answer = self.web.ask(method, url, headers=headers, params=params, **how)
            # A 404 that is none of WordPress' JSON errors is a site without that door.
            if answer.status != 404 or answer.at("code") is not None:
                break
        if answer.good:
            return answer
        raise self.refusal(answer)

    def _number(self, reply: Reply) -> str:
        number = reply.native_id.rpartition("#")[2]
        if not number.isdecimal():
            raise Gone(self.label)
        return number


class WooCommercePublisher(WordPressPublisher):
    """Write a comment below a product review, which is a comment itself.

    WooCommerce's own API makes further reviews and no replies, and its keys open nothing else:
    so a reply needs a user of the shop with an application password.
    """

    source = "woocommerce"
    label = "WooCommerce"
    secrets: ClassVar[Mapping[str, str]] = {
        "WOOCOMMERCE_REPLY_USER": "a user of the shop with the role Shop manager",
        "WOOCOMMERCE_REPLY_PASSWORD": "an application password of that user: Users, Profile, "
        "Application Passwords",
    }


class _Duplicate(Failed):
    """The same words stand there already."""


def _site(source: SourceSettings) -> str:
    return str(getattr(source.options, "address", ""))


def _html(text: str) -> str:
    return escape(text, quote=False)
