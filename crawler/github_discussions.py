"""GitHub's discussions: what its GraphQL API is asked, and how its response reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crawler.entry_problems import PageError, blocked, failed, unauthorised
from crawler.json_bodies import at, objects, quoted
from crawler.markdown import from_markdown
from storage import fields
from storage.fields import EntryError

_ANSWER = """
          author { login ... on User { databaseId } ... on Bot { databaseId } __typename }
          authorAssociation body createdAt lastEditedAt databaseId url
"""
_FIELDS = f"""
      id databaseId number title body url createdAt updatedAt lastEditedAt authorAssociation
      author {{ login ... on User {{ databaseId }} ... on Bot {{ databaseId }} __typename }}
      repository {{ nameWithOwner stargazerCount }}
      reactions {{ totalCount }}
      comments(first: 50) {{ totalCount nodes {{ {_ANSWER}
          replies(first: 20) {{ nodes {{ {_ANSWER} }} }} }} }}
"""
SEARCH = f"""
query($query: String!, $first: Int!, $after: String) {{
  search(type: DISCUSSION, query: $query, first: $first, after: $after) {{
    pageInfo {{ endCursor hasNextPage }}
    nodes {{ ... on Discussion {{ {_FIELDS} }} }}
  }}
}}
"""


def connection(data: Any) -> Mapping[str, Any] | None:
    """Find the discussions in a response, whichever query it belongs to."""
    for place in (("search",), ("repository", "discussions")):
        if isinstance(listed := at(data, *place), dict):
            return listed
    node = at(data, "node") or at(data, "repository", "discussion")
    return {"nodes": [node]} if isinstance(node, dict) else None


def graph_error(data: Mapping[str, Any]) -> PageError | None:
    """Read the error that stands in a good response; None where there is none."""
    first = at(data, "errors", 0)
    if not isinstance(first, dict):
        return None
    reason = f"answered with an error ({quoted(first.get('message')) or 'without a message'})"
    if first.get("type") in ("RATE_LIMITED", "RATE_LIMIT"):
        return blocked(reason)
    if first.get("type") in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
        return unauthorised(reason)
    return failed(reason)


def answers(nodes: Iterable[Any]) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """Give the comments of discussions and the replies to them, each with what it answers."""
    for node in objects(list(nodes)):
        try:
            root = discussion_id(node)
        except EntryError:
            continue
        if isinstance(node.get("answer"), dict):
            yield node["answer"], root
        for comment in objects(at(node, "comments", "nodes")):
            yield comment, root
            number = comment.get("databaseId")
            above = f"discussioncomment/{number}" if isinstance(number, int | str) else root
            for reply in objects(at(comment, "replies", "nodes")):
                yield reply, above


def discussion_id(node: Mapping[str, Any]) -> str:
    """Give a discussion's native id; one without a number is refused."""
    number = node.get("databaseId") or node.get("id")
    return f"discussion/{fields.identity(number, 'databaseId')}"


def discussion_page(node: Mapping[str, Any]) -> str | None:
    """Give the address of a discussion from its repository and number."""
    repository, number = node.get("repository"), node.get("number")
    if not isinstance(repository, dict) or not isinstance(number, int):
        return None
    owner = at(repository, "owner", "login")
    name = repository.get("nameWithOwner") or f"{owner}/{repository.get('name')}"
    return f"https://github.com/{name}/discussions/{number}"


def words_of(node: Mapping[str, Any]) -> str:
    """Give the text of a discussion or of an answer to it."""
    written = node.get("body")
    return from_markdown(written, "body") if written else fields.plain(node.get("bodyText"))
