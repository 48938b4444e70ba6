"""The words of an issue as trackers take them: Markdown, or Jira's document format.

What a customer wrote stands in a fence or a bare text node: there it formats nothing, names
nobody and refers to no other issue. Pure.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.messages.mrkdwn import line_text, spans

_TITLE = 250


@dataclass(frozen=True, slots=True)
class IssueText:
    """`key` names the alert that makes it, and is how the issue is found again."""

    key: str
    title: str
    sentences: tuple[str, ...]
    quote: str
    url: str | None

    @property
    def marker(self) -> str:
        """Give the word that is in this issue alone: a label where labels are, else hidden."""
        return f"earful-{hashlib.sha256(self.key.encode('utf-8', 'replace')).hexdigest()[:24]}"

    @property
    def id(self) -> str:
        """Give a UUID of version 4 in form, always alike for the same alert."""
        digest = hashlib.sha256(self.key.encode("utf-8", "replace")).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))


def issue_of(key: str, payload: Mapping[str, Any], *, text_only: bool = False) -> IssueText:
    """Read an issue out of its alert; of one whose words are gone the bare text is left."""
    told = payload.get("issue")
    bare = line_text(spans(str(payload.get("text") or "")))
    if not isinstance(told, dict) or text_only:
        return IssueText(key, bare[:_TITLE], (bare,), "", None)
    return IssueText(
        key,
        " ".join(str(told["title"]).split())[:_TITLE],
        tuple(map(str, told["sentences"])),
        str(told["quote"]),
        told["url"],
    )


def as_markdown(issue: IssueText, *, marked: bool = True) -> str:
    """Write the body for GitHub and Linear; `marked` with the marker in a comment at its end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", issue.quote)), default=0))
    parts = [
        "\n".join(_literal(sentence) for sentence in issue.sentences),
        f"{fence}text\n{issue.quote}\n{fence}" if issue.quote else "",
        f"<{issue.url}>" if issue.url else "",
        f"<!-- {issue.marker} -->" if marked else "",
    ]
    return "\n\n".join(part for part in parts if part)


def as_document(issue: IssueText) -> dict[str, Any]:
    """Write the body in the Atlassian Document Format."""
    content: list[dict[str, Any]] = [_paragraph(sentence) for sentence in issue.sentences]
    if issue.quote:
        rows = [row for row in issue.quote.split("\n") if row]
        content.append({"type": "blockquote", "content": [_paragraph(row) for row in rows]})
    if issue.url:
        link = {"type": "link", "attrs": {"href": issue.url}}
        text = {"type": "text", "text": issue.url, "marks": [link]}
        content.append({"type": "paragraph", "content": [text]})
    return {"type": "doc", "version": 1, "content": content}


def _paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


def _literal(text: str) -> str:
    """Escape Markdown; a name after @ and a number after # refer to nothing.

    GitHub reads both in escaped text too: a word joiner parts them.
    """
    escaped = re.sub(r"([\\`*_{}\[\]<>|~!])", r"\\\1", text)
    return re.sub(r"([@#])(?=\w)", "\\1\u2060", escaped)
