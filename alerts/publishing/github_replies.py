"""Replies to GitHub issues, pull requests and their comments, by GitHub's REST API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, ClassVar

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing.publisher import Gone, Publisher, found, sent
from alerts.publishing.reply import Reply
from alerts.publishing.web import Answer, Failed
from storage.models import iso

_THREAD = re.compile(r"/([\w.-]{1,100})/([\w.-]{1,100})/(issues|pull|discussions)/(\d{1,12})\b")
_PER_PAGE = 100
_MAX_PAGES = 10
# Their clock and ours may differ.
_LOOK_BACK = timedelta(minutes=5)
_MARKED = "\n\n<!-- earful {} -->"


class GitHubPublisher(Publisher):
    """Write a comment in the issue or pull request.

    Comments there have no parent, so a reply to a comment names its author, and two replies with
    the same words may be meant for two comments: each carries its name in an HTML comment, which
    GitHub does not show, and is found by it. Source: docs.github.com/en/rest/issues/comments.
    """

    source = "github"
    label = "GitHub"
    default_base_url = "https://api.github.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "GITHUB_REPLY_TOKEN": "a fine-grained personal access token of the account that replies, "
        "for the repositories, with Issues and Pull requests: read and write"
    }
    permission = later("give the token write access to Issues and Pull requests of the repository")
    once = (
        "Each comment carries a name that GitHub does not show; after a crash Earful reads the "
        "comments written since."
    )
    # GitHub takes 65,536; the hidden name is part of them.
    most = 65_536 - len(_MARKED) - 16

    def post(self, reply: Reply) -> SendResult:
        shown = self.shown(reply.text, reply.author, reply.native_id)
        answer = self.ask(
            "POST",
            self._comments(reply),
            posts=True,
            headers=self._headers(),
            json_body={"body": shown + _mark(reply)},
        )
        return sent(answer.text_at("id"), answer.text_at("html_url"))

    def look(self, reply: Reply) -> Look | None:
        mark = _mark(reply).strip()
        for comment in self._since(reply):
            if mark in str(comment.get("body")):
                one = Answer(200, {}, comment)
                return found(one.text_at("id"), one.text_at("html_url"))
        return None

    def shown(self, text: str, author: str | None, native_id: str) -> str:
        words = text.strip()
        named = native_id.startswith("comment/") and author and f"@{author}" not in words
        return f"@{author} {words}" if named else words

    def not_over_api(self, native_id: str, url: str | None) -> str | None:
        thread = _THREAD.search(url or "")
        if thread is None or thread[3] == "discussions":
            return reply_words.not_over_this_api(self.label, later("discussions"))
        return None

    def refusal(self, answer: Answer) -> Failed:
        words = answer.words.casefold()
        spent = answer.headers.get("x-ratelimit-remaining") == "0"
        if answer.status == 403 and (spent or "rate limit" in words or "abuse" in words):
            return self.web.wait(answer.headers)
        if answer.status == 403 and "locked" in words:
            return Failed(Fate.BAD_MESSAGE, reply_words.closed(self.label, answer.words))
        return super().refusal(answer)

    def _since(self, reply: Reply) -> Iterator[dict[str, Any]]:
        since = iso(reply.written_at - _LOOK_BACK)
        for page in range(1, _MAX_PAGES + 1):
            params: dict[str, str | int] = {"since": since, "per_page": _PER_PAGE, "page": page}
            answer = self.ask("GET", self._comments(reply), params=params, headers=self._headers())
            comments = answer.data if isinstance(answer.data, list) else []
            yield from (one for one in comments if isinstance(one, dict))
            if len(comments) < _PER_PAGE:
                return

    def _comments(self, reply: Reply) -> str:
        thread = _THREAD.search(reply.url or "")
        if thread is None or thread[3] == "discussions":
            raise Gone(self.label, "no issue or pull request")
        owner, repository, _, number = thread.groups()
        return self.address(reply, f"/repos/{owner}/{repository}/issues/{number}/comments")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.secret('GITHUB_REPLY_TOKEN')}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }


def _mark(reply: Reply) -> str:
    return _MARKED.format(sha256(reply.key.encode()).hexdigest()[:16])
