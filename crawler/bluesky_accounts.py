"""Bluesky accounts: whose posts are left out, and what profiles add to the posts of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from crawler.entry_problems import Refusal
from crawler.json_bodies import objects
from storage import fields
from storage.models import Mention

# They ask to be seen by signed-in people only, or are no people.
_UNWANTED = frozenset({"!no-unauthenticated", "bot"})


def is_left_out(*labels: object) -> bool:
    """Tell whether any of these lists of labels asks that a post be left out."""
    return any(
        label.get("val") in _UNWANTED and not label.get("neg")
        for given in labels
        for label in objects(given)
        if isinstance(label.get("val"), str)
    )


def profiles_path(authors: Iterable[str]) -> str:
    """Name what to ask for the profiles of authors by their DIDs, 25 at most."""
    query = "&".join(f"actors={author}" for author in authors)
    return f"/xrpc/app.bsky.actor.getProfiles?{query}"


def with_profiles(
    posts: Iterable[Mention], profiles: Iterable[dict[str, Any]], *, followers: bool
) -> Iterator[Mention | Refusal]:
    """Give posts their authors' handles, and on wish their followers as the reach."""
    by_did = {str(profile.get("did")): profile for profile in profiles}
    for post in posts:
        profile = by_did.get(post.author_native_id or "")
        if profile is None:
            yield Refusal(post.native_id, "its author's account is no longer public")
        elif not is_left_out(profile.get("labels")):
            handle = profile.get("handle")
            yield replace(
                post,
                author=handle if isinstance(handle, str) and handle else None,
                reach=fields.count(profile.get("followersCount")) if followers else None,
            )
