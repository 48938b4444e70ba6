"""The posts of a Discourse forum: in whichever response they come, and which answers which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crawler.entry_problems import broken
from crawler.json_bodies import at, objects
from crawler.markdown import from_markdown
from storage import fields

Post = Mapping[str, Any]
# Topics by their number, with what the response says of each.
Topics = Mapping[Any, Mapping[str, Any]]

# Kinds of posts that people wrote: 2 too is a reply, by a moderator; 3 and 4 are the forum's own.
_SPOKEN = (1, 2, None)
# What a quote shows beside the words: controls, a face, a name.
_CONTROLS = re.compile(r'<div class="quote-controls">[^<>]{0,200}</div>')
_CHROME = re.compile(r'<div class="(?:title|meta)">(?:[^<]|<(?!div)){0,1000}?</div>', re.DOTALL)
# A face says how its author felt.
_EMOJI = re.compile(
    r'<img\b[^<>]{0,500}?\bclass="emoji[^<>]{0,500}?\balt="(:[\w+-]{1,60}:)"[^<>]{0,500}>'
)


class Thread:
    """The posts of one page, which answer one another.

    What `staff` writes, and on a forum of the brand's `own` its moderators and admins, are the
    brand's replies. `first` is the id of the topic's first post, where the response says it.
    """

    def __init__(
        self,
        posts: Sequence[Any],
        topics: Topics,
        staff: Iterable[str],
        *,
        own: bool,
        first: object = None,
    ) -> None:
        self._topics = topics
        self._staff = {name.casefold() for name in staff}
        self._own = own
        self._first = first
        self.numbered: dict[tuple[object, object], Post] = {}
        self.replies: dict[tuple[object, object], Post] = {}
        for post in objects(posts):
            topic = _hashable(post.get("topic_id"))
            self.numbered[topic, _hashable(post.get("post_number"))] = post
            if self._is_official(post):
                answered = _hashable(post.get("reply_to_post_number")) or 1
                earlier = self.replies.get((topic, answered))
                if earlier is None or str(post.get("created_at")) < str(earlier["created_at"]):
                    self.replies[topic, answered] = {"created_at": "", **post}

    def is_voice(self, post: Post) -> bool:
        """Tell whether a person who does not answer for the brand wrote a post that stands."""
        if post.get("post_type") not in _SPOKEN or post.get("hidden") is True:
            return False
        deleted = post.get("deleted_at") or post.get("user_deleted")
        return not deleted and not self._is_official(post)

    def topic(self, post: Post) -> Mapping[str, Any]:
        """Give what is known of a post's topic; {} where nothing is."""
        return self._topics.get(_hashable(post.get("topic_id")), {})

    def reply(self, post: Post) -> Post:
        """Give the brand's first reply to a post; {} where there is none."""
        place = _hashable(post.get("topic_id")), _hashable(post.get("post_number"))
        return self.replies.get(place, {})

    def answered(self, post: Post) -> object:
        """Give the id of the post that another answers, or of its topic where nothing shows it.

        Every post of a topic but the first answers something: the topic's title is not its own.
        """
        if post.get("post_number") in (1, None):
            return None
        answered = _hashable(post.get("reply_to_post_number")) or 1
        above = self.numbered.get((_hashable(post.get("topic_id")), answered))
        if above is not None:
            return above.get("id")
        if answered == 1 and self._first:
            return self._first
        topic = _hashable(post.get("topic_id"))
        return f"topic/{topic}" if topic else None

    def _is_official(self, post: Post) -> bool:
        if str(post.get("username")).casefold() in self._staff:
            return True
        flags = (post.get("staff"), post.get("admin"), post.get("moderator"))
        return self._own and True in flags


def posts_and_topics(data: Any) -> tuple[list[Any], Topics]:
    """Find the posts, and the topics by number, in whichever response of the API this is."""
    if not isinstance(data, dict):
        raise broken("answered with JSON that is not an object")
    listed = data.get("topics")
    if isinstance(data.get("post_stream"), dict):
        posts = data["post_stream"].get("posts")
        topics: list[Any] = [data]
    elif "latest_posts" in data:
        posts, topics = data["latest_posts"], []
    elif "grouped_search_result" in data or isinstance(data.get("posts"), list):
        # A search without hits leaves both lists out.
        posts, topics = data.get("posts") or [], listed if isinstance(listed, list) else []
    elif "cooked" in data or "raw" in data:
        posts, topics = [data], []
    elif isinstance(data.get("topic_list"), dict):
        topics = data["topic_list"].get("topics")
        posts = [_as_post(topic) for topic in topics] if isinstance(topics, list) else None
    else:
        raise broken("answered without `latest_posts`, `post_stream` or `posts`")
    if not isinstance(posts, list):
        raise broken("answered with posts that are not a list")
    return posts, {_hashable(topic.get("id")): topic for topic in objects(topics)}


def first_id(data: Any) -> int | None:
    """Give the id of the first post of a whole topic."""
    first = at(data, "post_stream", "stream", 0)
    return first if isinstance(first, int) else None


def text_of(post: Post) -> str:
    """Give the words of a post: as the forum shows it, as it was written, or its excerpt."""
    cooked = post.get("cooked")
    if cooked:
        shown = _CONTROLS.sub("", fields.string(cooked, "cooked"))
        return fields.from_html(_EMOJI.sub(r"\1", _CHROME.sub("", shown)), "cooked")
    if raw := post.get("raw"):
        return from_markdown(raw, "raw")
    return fields.from_html(post.get("blurb") or post.get("excerpt"), "blurb")


def reach_of(post: Post, topic: Mapping[str, Any]) -> int | None:
    """Give how many read a post, or saw its topic."""
    reads = fields.count(post.get("reads"))
    return reads if reads is not None else fields.count(post.get("views", topic.get("views")))


def _as_post(topic: Any) -> Any:
    """Give what a list of topics shows of one in the shape of its first post."""
    if not isinstance(topic, dict):
        return topic
    return {
        "id": f"topic/{topic.get('id')}" if topic.get("id") else None,
        "topic_id": topic.get("id"),
        "topic_title": topic.get("title"),
        "topic_slug": topic.get("slug"),
        "post_number": 1,
        "created_at": topic.get("created_at"),
        "raw": "",
        "cooked": topic.get("excerpt"),
        "views": topic.get("views"),
        "user_id": at(topic, "posters", 0, "user_id"),
    }


def _hashable(value: object) -> object:
    return value if isinstance(value, int | str | None) else None
