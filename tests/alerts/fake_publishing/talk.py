"""Fakes of the places where people talk: WordPress, Discourse, Mastodon, Bluesky, GitHub."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

import regex

from tests.alerts.fake_publishing.server import Asked, FakeSource, Said


class FakeWordPress(FakeSource):
    """Comments are numbered from 1; the first thousand are the public's, of the post 7."""

    source = "wordpress"
    options: ClassVar[Mapping[str, Any]] = {"site": "https://blog.example/news"}
    environment: ClassVar[Mapping[str, str]] = {
        "WORDPRESS_REPLY_USER": "editor",
        "WORDPRESS_REPLY_PASSWORD": "abcd efgh ijkl mnop",
    }
    plain_permalinks = False
    closed = False

    def __init__(self) -> None:
        super().__init__()
        self.comments: list[dict[str, Any]] = []
        self.removed: set[str] = set()

    def mention(self, number: int) -> dict[str, Any]:
        site = str(self.options["site"]).removeprefix("https://")
        return {"native_id": f"{site}#{number}", "author": "Jo"}

    def standing(self) -> Counter[str]:
        return Counter(html.unescape(comment["content"]["raw"]) for comment in self.comments)

    def answer(self, asked: Asked) -> Said:
        begin = "/wp-json/wp/v2/comments"
        if self.plain_permalinks:
            begin, route = "/wp/v2/comments", asked.query.get("rest_route")
            if route is None:
                return Said(404, "<html>Page not found</html>")
        else:
            route = asked.path.removeprefix("/news")
        if asked.basic != ":".join(self.environment.values()) or self.revoked:
            return _wordpress(401, "incorrect_password", "The application password is wrong")
        number = route.removeprefix(begin).removeprefix("/")
        if asked.method == "GET" and number:
            if number in self.removed:
                return _wordpress(404, "rest_comment_invalid_id", "Invalid comment ID.")
            return Said(200, {"id": int(number), "post": 7, "content": {"raw": "Bad"}})
        if asked.method == "GET":
            below = [one for one in self.comments if str(one["parent"]) == asked.query["parent"]]
            return Said(200, below[: int(asked.query["per_page"])])
        given = asked.body
        if self.closed:
            return _wordpress(403, "rest_comment_closed", "Sorry, comments are closed.")
        if "badword" in given["content"]:
            return _wordpress(400, "rest_comment_content_invalid", "Invalid comment content.")
        for one in self.comments:
            if (one["parent"], one["content"]["raw"]) == (given["parent"], given["content"]):
                return _wordpress(409, "comment_duplicate", "Duplicate comment detected")
        comment = {
            "id": 1001 + len(self.comments),
            "post": given["post"],
            "parent": given["parent"],
            "status": "approved",
            "link": f"https://blog.example/news/?p=7#comment-{1001 + len(self.comments)}",
            "content": {"raw": given["content"]},
        }
        self.comments.append(comment)
        return Said(201, comment)


class FakeWooCommerce(FakeWordPress):
    source = "woocommerce"
    options: ClassVar[Mapping[str, Any]] = {"site": "https://shop.example"}
    environment: ClassVar[Mapping[str, str]] = {
        "WOOCOMMERCE_REPLY_USER": "manager",
        "WOOCOMMERCE_REPLY_PASSWORD": "abcd efgh ijkl mnop",
    }


def _wordpress(status: int, code: str, message: str) -> Said:
    return Said(status, {"code": code, "message": message, "data": {"status": status}})


class FakeDiscourse(FakeSource):
    """Post N of the public is the N-th of topic 9; our own follow after a thousand."""

    source = "discourse"
    options: ClassVar[Mapping[str, Any]] = {"forum": "https://forum.example", "own": True}
    environment: ClassVar[Mapping[str, str]] = {
        "DISCOURSE_REPLY_KEY": "a" * 64,
        "DISCOURSE_REPLY_USERNAME": "acme",
    }
    moderated = False
    # A user who is no staff may not write the same twice within minutes, in whatever topic.
    unique = False

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self.removed: set[str] = set()

    def mention(self, number: int) -> dict[str, Any]:
        return {"native_id": f"forum.example/{number}", "author": "jo"}

    def standing(self) -> Counter[str]:
        return Counter(
            [post["raw"] for post in self.posts] + [post["raw_text"] for post in self.pending]
        )

    def answer(self, asked: Asked) -> Said:
        if asked.headers.get("Api-Key") != "a" * 64 or self.revoked:
            words = "You are not permitted to view the requested resource. The API username or "
            return _discourse(403, f"{words}key is invalid.", "invalid_access")
        if asked.method == "POST":
            return self._write(asked.body)
        if asked.path == "/t/9.json":
            mine = [
                post for post in self.posts if post["username"] in asked.query["username_filters"]
            ]
            stream = {"posts": mine[:20], "stream": [post["id"] for post in mine]}
            return Said(200, {"id": 9, "post_stream": stream})
        if asked.path == "/t/9/posts.json":
            wanted = [
                post for post in self.posts if str(post["id"]) in asked.several["post_ids[]"]
            ]
            return Said(200, {"post_stream": {"posts": wanted}})
        if asked.path == "/posts/acme/pending.json":
            return Said(200, {"pending_posts": self.pending})
        number = asked.path.removeprefix("/posts/").removesuffix(".json")
        if number in self.removed:
            return _discourse(
                404, "The requested URL or resource could not be found.", "not_found"
            )
        return Said(200, {"id": int(number), "topic_id": 9, "post_number": int(number)})

    def _write(self, given: dict[str, Any]) -> Said:
        raw = given["raw"]
        if len(raw) < 20:
            return _refused("Body is too short (minimum is 20 characters)")
        if "badword" in raw:
            return _refused("Body contains a word that is not allowed: badword")
        if self.unique and any(post["raw"] == raw for post in self.posts):
            return _refused("Body is too similar to what you recently posted")
        if self.moderated:
            self.pending.append({"raw_text": raw, "topic_id": given["topic_id"]})
            return Said(200, {"success": True, "action": "enqueued", "pending_post": {}})
        post = {
            "id": 1001 + len(self.posts),
            "username": "acme",
            "topic_id": given["topic_id"],
            "topic_slug": "lost-bags",
            "post_number": 1001 + len(self.posts),
            "raw": raw,
        }
        # As Discourse does: what replies to the topic itself replies to no post.
        if given.get("reply_to_post_number", 1) != 1:
            post["reply_to_post_number"] = given["reply_to_post_number"]
        self.posts.append(post)
        return Said(200, post)


def _discourse(status: int, words: str, kind: str) -> Said:
    return Said(status, {"errors": [words], "error_type": kind})


def _refused(words: str) -> Said:
    return Said(422, {"action": "create_post", "errors": [words]})


class FakeMastodon(FakeSource):
    source = "mastodon"
    options: ClassVar[Mapping[str, Any]] = {"instance": "social.example", "hashtags": ["acme"]}
    environment: ClassVar[Mapping[str, str]] = {"MASTODON_REPLY_TOKEN": "mastodon-token"}
    # Servers that only resemble Mastodon do not keep names of requests.
    forgets = False

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[dict[str, Any]] = []
        self.named: dict[str, dict[str, Any]] = {}
        self.removed: set[str] = set()

    def mention(self, number: int) -> dict[str, Any]:
        uri = f"https://far.example/users/jo/statuses/{number}"
        return {"native_id": uri, "url": f"https://far.example/@jo/{number}",
                "author": "jo@far.example"}  # fmt: skip

    def standing(self) -> Counter[str]:
        begin = "@jo@far.example "
        assert all(status["text"].startswith(begin) for status in self.statuses)
        return Counter(status["text"].removeprefix(begin) for status in self.statuses)

    def answer(self, asked: Asked) -> Said:
        if asked.bearer != "mastodon-token" or self.revoked:
            return Said(401, {"error": "The access token was revoked"})
        path = asked.path
        if asked.method == "POST":
            return self._write(asked)
        if path == "/api/v2/search":
            uri = asked.query["q"]
            number = uri.rpartition("/")[2]
            if number in self.removed:
                return Said(200, {"statuses": [], "accounts": [], "hashtags": []})
            parent = {"id": f"11{number}", "uri": uri, "visibility": "unlisted",
                      "spoiler_text": "", "account": {"acct": "jo@far.example"}}  # fmt: skip
            return Said(200, {"statuses": [parent], "accounts": [], "hashtags": []})
        if path == "/api/v1/accounts/verify_credentials":
            return Said(200, {"id": "42", "acct": "acme"})
        if path.endswith("/context"):
            number = path.split("/")[4]
            below = [one for one in self.statuses if one["in_reply_to_id"] == number]
            shown = [{key: one[key] for key in one if key != "text"} for one in below]
            return Said(200, {"ancestors": [], "descendants": shown})
        for one in self.statuses:
            if path == f"/api/v1/statuses/{one['id']}/source":
                return Said(200, {"id": one["id"], "text": one["text"], "spoiler_text": ""})
        return Said(404, {"error": "Record not found"})

    def _write(self, asked: Asked) -> Said:
        key, given = asked.headers["Idempotency-Key"], asked.body
        if key in self.named and not self.forgets:
            return Said(200, self.named[key])
        counted = re.sub(
            r"(@\w+)@[\w.-]+", r"\1", re.sub(r"https?://\S+", "x" * 23, given["status"])
        )
        if len(counted) > 500:
            words = "Validation failed: Text character limit of 500 exceeded"
            return Said(422, {"error": words})
        if "badword" in given["status"]:
            return Said(422, {"error": "Validation failed: Text contains a disallowed word"})
        number = str(9001 + len(self.statuses))
        status = {
            "id": number,
            "url": f"https://social.example/@acme/{number}",
            "in_reply_to_id": given["in_reply_to_id"],
            "visibility": given["visibility"],
            "account": {"id": "42", "acct": "acme"},
            "content": f"<p>{html.escape(given['status'])}</p>",
            "text": given["status"],
        }
        self.statuses.append(status)
        self.named[key] = status
        return Said(200, status)


class FakeBluesky(FakeSource):
    source = "bluesky"
    options: ClassVar[Mapping[str, Any]] = {}
    environment: ClassVar[Mapping[str, str]] = {
        "BLUESKY_HANDLE": "acme.bsky.social",
        "BLUESKY_APP_PASSWORD": "abcd-efgh-ijkl-mnop",
    }
    limited = False

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, Any]] = {}
        self.removed: set[str] = set()
        self.tokens: set[str] = set()
        self.sessions = 0

    def mention(self, number: int) -> dict[str, Any]:
        uri = f"at://did:plc:jo/app.bsky.feed.post/3k{number}"
        return {"native_id": uri, "url": f"https://bsky.app/profile/did:plc:jo/post/3k{number}",
                "author": "jo.example"}  # fmt: skip

    def standing(self) -> Counter[str]:
        return Counter(record["text"] for record in self.records.values())

    def expire(self) -> None:
        self.tokens.clear()

    def is_write(self, asked: Asked) -> bool:
        return asked.path.endswith(".putRecord")

    def answer(self, asked: Asked) -> Said:
        method = asked.path.removeprefix("/xrpc/")
        if method == "com.atproto.server.createSession":
            given = (asked.body["identifier"], asked.body["password"])
            if given != tuple(self.environment.values()) or self.revoked:
                return _bluesky(401, "AuthenticationRequired", "Invalid identifier or password")
            self.sessions += 1
            token = f"jwt-of-session-{self.sessions}"
            self.tokens.add(token)
            return Said(200, {"accessJwt": token, "refreshJwt": "r", "did": "did:plc:acme",
                              "handle": "acme.bsky.social"})  # fmt: skip
        if asked.bearer not in self.tokens:
            return _bluesky(400, "ExpiredToken", "Token has expired")
        if method == "app.bsky.feed.getPosts":
            uri = asked.query["uris"]
            if uri.rpartition("/")[2].removeprefix("3k") in self.removed:
                return Said(200, {"posts": []})
            root = {"uri": "at://did:plc:ann/app.bsky.feed.post/3kroot", "cid": "bafyroot"}
            record = {"text": "Bad", "reply": {"root": root, "parent": root}}
            post = {"uri": uri, "cid": f"bafy{uri[-3:]}", "record": record,
                    "viewer": {"replyDisabled": self.limited}}  # fmt: skip
            return Said(200, {"posts": [post]})
        if method == "com.atproto.repo.getRecord":
            key = asked.query["rkey"]
            if key not in self.records:
                return _bluesky(400, "RecordNotFound", f"Could not locate record: {key}")
            return Said(200, {"uri": _post(key), "cid": "bafy", "value": self.records[key]})
        assert method == "com.atproto.repo.putRecord"
        return self._write(asked.body)

    def _write(self, given: dict[str, Any]) -> Said:
        key, record = given["rkey"], given["record"]
        assert given["repo"] == "did:plc:acme"
        assert record["$type"] == given["collection"] == "app.bsky.feed.post"
        if not re.fullmatch(r"[234567a-j][234567a-z]{12}", key):
            return _bluesky(400, "InvalidRequest", f"Invalid record key: {key}")
        if len(regex.findall(r"\X", record["text"])) > 300:
            return _bluesky(
                400, "InvalidRequest", "Record/text must not be longer than 300 graphemes"
            )
        if "badword" in record["text"]:
            return _bluesky(400, "InvalidRequest", "Unacceptable words in record")
        self.records[key] = record
        return Said(
            200, {"uri": _post(key), "cid": f"bafy{sha256(str(record).encode()).hexdigest()}"}
        )


def _post(key: str) -> str:
    return f"at://did:plc:acme/app.bsky.feed.post/{key}"


def _bluesky(status: int, error: str, message: str) -> Said:
    return Said(status, {"error": error, "message": message})


class FakeGitHub(FakeSource):
    source = "github"
    options: ClassVar[Mapping[str, Any]] = {"repositories": ["acme/air"], "comments": True}
    environment: ClassVar[Mapping[str, str]] = {"GITHUB_REPLY_TOKEN": "github_pat_11ABC"}
    locked = False

    def __init__(self) -> None:
        super().__init__()
        self.comments: list[dict[str, Any]] = []
        self.removed: set[str] = set()

    def mention(self, number: int) -> dict[str, Any]:
        return {"native_id": f"{5000 + number}", "author": "jo",
                "url": f"https://github.com/acme/air/issues/{number}"}  # fmt: skip

    def standing(self) -> Counter[str]:
        return Counter(comment["body"].partition("\n\n<!--")[0] for comment in self.comments)

    def answer(self, asked: Asked) -> Said:
        if asked.bearer != "github_pat_11ABC" or self.revoked:
            return Said(401, {"message": "Bad credentials", "status": "401"})
        number = asked.path.split("/")[5]
        assert asked.path == f"/repos/acme/air/issues/{number}/comments"
        if number in self.removed:
            return Said(410, {"message": "This issue was deleted", "status": "410"})
        if asked.method == "GET":
            mine = [comment for comment in self.comments if comment["issue"] == number]
            page, size = int(asked.query["page"]), int(asked.query["per_page"])
            return Said(200, mine[(page - 1) * size : page * size])
        if self.locked:
            words = "Unable to create comment because issue is locked."
            return Said(403, {"message": words, "status": "403"})
        body = asked.body["body"]
        if len(body) > 65_536:
            return _invalid("Body is too long (maximum is 65536 characters)")
        if "badword" in body:
            return _invalid("Body is not allowed")
        own = 700_000 + len(self.comments)
        comment = {
            "id": own,
            "issue": number,
            "html_url": f"https://github.com/acme/air/issues/{number}#issuecomment-{own}",
            "body": body,
            "user": {"login": "acme-bot"},
        }
        self.comments.append(comment)
        return Said(201, comment)


def _invalid(words: str) -> Said:
    errors = [
        {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": words}
    ]
    return Said(422, {"message": "Validation Failed", "errors": errors, "status": "422"})
