"""Comments on the owner's Facebook page, from the Graph API with the page's token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from crawler.graph_comments import GraphComments
from crawler.json_bodies import at, object_in
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention


class FacebookSpider(GraphComments):
    """Read the comments under the newest posts of your own page, with the page's replies.

    robots.txt does not apply: this is a documented JSON API with the owner's consent
    (developers.facebook.com/docs/graph-api/reference/page-post/comments). Facebook's pages must
    not be crawled.
    """

    name = "facebook"
    label = "Facebook page"
    place = "on Facebook"
    default_base_url = "https://graph.facebook.com"
    needs = "the page's id, and a page access token of somebody who may moderate it"
    limits = "100 comments a request; the more people a page reaches, the more requests it has"
    terms = "official API for the page's owner; no program may crawl Facebook's pages"
    secrets: ClassVar[Mapping[str, str]] = {
        "FACEBOOK_PAGE_TOKEN": "page access token with the permissions pages_read_engagement and "
        "pages_read_user_content: developers.facebook.com/docs/pages-api/getting-started"
    }
    posts_edge = "feed"
    replies_edge = "comments"
    post_fields = "id,permalink_url"
    comment_fields = "id,message,created_time,from{id,name},like_count,permalink_url"
    per_page = 100

    class Options(SourceOptions):
        """Which page."""

        page_id: str = Field(pattern=r"^\d+$", description="The page's number.")
        posts: int = Field(
            default=25, ge=1, le=100, description="The newest posts whose comments are read."
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 100 comments per post, at most."
        )

        @property
        def target(self) -> str:
            return self.page_id

    options: Options

    @property
    def owner(self) -> str:
        return self.options.page_id

    @property
    def bounds(self) -> tuple[int, int]:
        return self.options.posts, self.options.pages

    def comment_order(self) -> dict[str, str]:
        return {"order": "reverse_chronological"}

    def is_own(self, comment: Mapping[str, Any]) -> bool:
        return bool(at(comment, "from", "id") == self.options.page_id)

    def comment(
        self, comment: dict[str, Any], post: Mapping[str, Any], reply: Mapping[str, Any]
    ) -> Mention | None:
        if comment.get("message") == "":
            return None  # a sticker or a picture alone
        author = object_in(comment, "from")
        author_id = author.get("id")
        above = post.get("parent") or post.get("id")
        return self.mention(
            native_id=fields.identity(comment.get("id")),
            text=fields.plain(comment.get("message"), "message"),
            created_at=fields.moment(comment.get("created_time"), self.now, "created_time"),
            url=fields.link(comment.get("permalink_url"))
            or fields.link(post.get("permalink_url")),
            author=fields.line(author.get("name"), "name"),
            author_native_id=author_id if isinstance(author_id, str) and author_id else None,
            reach=fields.count(comment.get("like_count")),
            parent=fields.identity(above, "parent") if above else None,
            owner_reply=fields.plain(reply.get("message"), "reply"),
            owner_replied_at=fields.later(reply.get("created_time"), self.now, "reply's time"),
        )
