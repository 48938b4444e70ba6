"""Comments on the owner's Instagram posts, from the Graph API with the account's token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from crawler.graph_comments import GraphComments
from crawler.json_bodies import at, object_in
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_HOSTS = {"facebook": "https://graph.facebook.com", "instagram": "https://graph.instagram.com"}


class InstagramSpider(GraphComments):
    """Read the comments under the newest posts of your own account, with the account's replies.

    Comments under advertisements and live videos do not come. robots.txt does not apply: this is a
    documented JSON API with the owner's consent
    (developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-media/comments).
    Instagram's pages must not be crawled.
    """

    name = "instagram"
    label = "Instagram"
    place = "on Instagram"
    default_base_url = _HOSTS["facebook"]
    names_are_ids = True
    needs = "a professional account's id, and an access token of it"
    limits = "50 comments a request; the more people an account reaches, the more requests it has"
    terms = "official API for the account's owner; no program may crawl Instagram's pages"
    secrets: ClassVar[Mapping[str, str]] = {
        "INSTAGRAM_TOKEN": "access token with the permission instagram_manage_comments, or "
        "instagram_business_manage_comments: developers.facebook.com/docs/instagram-platform"
    }
    posts_edge = "media"
    replies_edge = "replies"
    post_fields = "id,permalink"
    comment_fields = "id,text,timestamp,username,from{id,username},user,like_count"
    per_page = 50

    class Options(SourceOptions):
        """Which account."""

        account_id: str = Field(
            pattern=r"^\d+$", description="The number of the professional account (IG user id)."
        )
        login: Literal["facebook", "instagram"] = Field(
            default="facebook",
            description='Whose login the token comes from: "facebook" for an account that is '
            'connected to a page, or "instagram".',
        )
        posts: int = Field(
            default=25, ge=1, le=100, description="The newest posts whose comments are read."
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 50 comments per post, at most."
        )

        @property
        def target(self) -> str:
            return self.account_id

    options: Options

    @property
    def owner(self) -> str:
        return self.options.account_id

    @property
    def api(self) -> str:
        return _HOSTS[self.options.login]

    @property
    def bounds(self) -> tuple[int, int]:
        return self.options.posts, self.options.pages

    def is_own(self, comment: Mapping[str, Any]) -> bool:
        # `user` comes only with what the token's own account wrote.
        named = (at(comment, "user", "id"), at(comment, "from", "id"))
        return named[0] is not None or named[1] == self.options.account_id

    def comment(
        self, comment: dict[str, Any], post: Mapping[str, Any], reply: Mapping[str, Any]
    ) -> Mention | None:
        author = object_in(comment, "from")
        author_id = author.get("id")
        above = post.get("parent") or post.get("id")
        return self.mention(
            native_id=fields.identity(comment.get("id")),
            text=fields.plain(comment.get("text")),
            created_at=fields.moment(comment.get("timestamp"), self.now, "timestamp"),
            # A comment has no address of its own.
            url=fields.link(post.get("permalink")),
            author=fields.line(comment.get("username") or author.get("username"), "username"),
            author_native_id=author_id if isinstance(author_id, str) and author_id else None,
            reach=fields.count(comment.get("like_count")),
            parent=fields.identity(above, "parent") if above else None,
            owner_reply=fields.plain(reply.get("text"), "reply"),
            owner_replied_at=fields.later(reply.get("timestamp"), self.now, "reply's time"),
        )
