"""Answer as the App Store, Hacker News and Steam do: JSON in exactly their shapes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from earful.demo import world
from earful.demo.items import Sighting, newest_first
from earful.demo.story import Story

APPLE_PAGE = 50
APPLE_PAGES = 10
_APPLE_TIME = timezone(timedelta(hours=-7))
_HITS_REACHED = 1000
_BOUND = re.compile(r"^created_at_i(<=|>=|=|<|>)(\d+)$")


def app_reviews(story: Story, moment: datetime, country: str, page: int, path: str) -> str:
    """Give a page of an app's reviews in one country, the last written or edited first."""
    seen = newest_first(story.sightings(moment, "appstore", country), by_edit=True)
    shown = seen[(page - 1) * APPLE_PAGE : page * APPLE_PAGE] if page <= APPLE_PAGES else []
    entries = [_app_review(story, sighting) for sighting in shown]
    feed: dict[str, Any] = {
        "author": {
            "name": _label("iTunes Store"),
            "uri": _label("http://www.apple.com/itunes/"),
        },
        "entry": entries,
        "updated": _label(_apple_time(moment)),
        "rights": _label("Copyright 2008 Apple Inc."),
        "title": _label("iTunes Store: Customer Reviews"),
        "icon": _label("http://itunes.apple.com/favicon.ico"),
        "id": _label(f"https://itunes.apple.com{path}"),
    }
    # As Apple does: no key where there is no review, and a bare object where there is one.
    if not entries:
        del feed["entry"]
    elif len(entries) == 1:
        feed["entry"] = entries[0]
    return json.dumps({"feed": feed}, ensure_ascii=False)


def _app_review(story: Story, sighting: Sighting) -> dict[str, Any]:
    item, version = sighting.item, sighting.version
    store = f"https://itunes.apple.com/{item.place}"
    return {
        "author": {
            "uri": _label(f"{store}/reviews/id{item.author.native_id}"),
            "name": _label(item.author.name),
            "label": "",
        },
        "updated": _label(_apple_time(version.at)),
        "im:rating": _label(str(version.rating)),
        "im:version": _label(_app_version(story, version.at)),
        "id": _label(item.native_id),
        "title": _label(version.title),
        "content": {"label": version.text, "attributes": {"type": "text"}},
        "link": {
            "attributes": {
                "rel": "related",
                "href": f"{store}/review?id={world.APP_ID}&type=Purple%20Software",
            }
        },
        "im:voteSum": _label(str(item.votes)),
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "im:voteCount": _label(str(item.votes)),
    }


def _label(text: str) -> dict[str, str]:
    return {"label": text}


def _apple_time(moment: datetime) -> str:
    return moment.astimezone(_APPLE_TIME).isoformat(timespec="seconds")


def _app_version(story: Story, at: datetime) -> str:
    if at < story.incident_at:
        return "5.1.9"
    if at < story.incident_at + timedelta(days=2):
        return "5.2.0"
    return "5.4.1" if at >= story.started_at - timedelta(hours=1) else "5.2.1"


def search_hits(
    story: Story, moment: datetime, query: str, tags: str, bounds: str, page: int, per_page: int
) -> str:
    """Give a page of Hacker News hits, the newest first, within Algolia's first 1000."""
    wanted = query.strip().strip('"').casefold()
    kinds = set(re.findall(r"story|comment", tags)) or {"story", "comment"}
    hits = [
        _hit(story, sighting, wanted, moment)
        for sighting in newest_first(story.sightings(moment, "hackernews"))
        if _kind(sighting) in kinds
        and _within(sighting, bounds)
        and wanted in f"{sighting.version.title} {sighting.version.text}".casefold()
    ]
    per_page = max(1, min(per_page, _HITS_REACHED))
    reached = hits[:_HITS_REACHED]
    asked = {"query": query, "tags": tags, "numericFilters": bounds, "hitsPerPage": per_page}
    given = {
        "exhaustive": {"nbHits": True, "typo": True},
        "exhaustiveNbHits": True,
        "exhaustiveTypo": True,
        "hits": reached[page * per_page : (page + 1) * per_page],
        "hitsPerPage": per_page,
        "nbHits": len(hits),
        "nbPages": -(-len(reached) // per_page),
        "page": page,
        "params": urlencode({name: value for name, value in asked.items() if value}),
        "processingTimeMS": 1,
        "processingTimingsMS": {"_request": {"roundTrip": 1}, "total": 1},
        "query": query,
        "serverTimeMS": 1,
    }
    return json.dumps(given, ensure_ascii=False)


def _kind(sighting: Sighting) -> str:
    return "comment" if sighting.item.thread else "story"


def _within(sighting: Sighting, bounds: str) -> bool:
    second = int(sighting.item.created_at.timestamp())
    for bound in filter(None, (part.strip() for part in bounds.split(","))):
        parts = _BOUND.match(bound)
        if not parts:
            raise ValueError(f"filter not understood: {bound}")
        limit = int(parts[2])
        holds = {
            "<": second < limit,
            "<=": second <= limit,
            ">": second > limit,
            ">=": second >= limit,
            "=": second == limit,
        }[parts[1]]
        if not holds:
            return False
    return True


def _hit(story: Story, sighting: Sighting, wanted: str, moment: datetime) -> dict[str, Any]:
    item, version = sighting.item, sighting.version
    body = html.escape(version.text)
    common = {
        "author": item.author.name,
        "created_at": item.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "created_at_i": int(item.created_at.timestamp()),
        "objectID": item.native_id,
        "updated_at": version.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    hit: dict[str, Any]
    if item.thread:
        titles = {native_id: title for title, native_id in story.threads.items()}
        hit = {
            "_highlightResult": _highlights(
                wanted,
                author=item.author.name,
                comment_text=body,
                story_title=titles[item.thread],
            ),
            "_tags": ["comment", f"author_{item.author.name}", f"story_{item.thread}"],
            "comment_text": body,
            "parent_id": int(item.thread),
            "story_id": int(item.thread),
            "story_title": titles[item.thread],
        }
    else:
        answers = [
            int(other.item.native_id)
            for other in story.sightings(moment, "hackernews")
            if other.item.thread == item.native_id
        ]
        hit = {
            "_highlightResult": _highlights(wanted, author=item.author.name, title=version.title),
            "_tags": ["story", f"author_{item.author.name}", f"story_{item.native_id}"],
            "children": answers,
            "num_comments": len(answers),
            "points": item.votes,
            "story_id": int(item.native_id),
            "title": version.title,
        }
        if body:
            hit["story_text"] = body
        else:
            hit["url"] = f"https://blog.kittiwakerail.example/{item.native_id}"
    return dict(sorted({**hit, **common}.items()))


def _highlights(wanted: str, **parts: str) -> dict[str, Any]:
    fields = {}
    for name, text in parts.items():
        marked = re.sub(f"({re.escape(wanted)})", r"<em>\1</em>", text, flags=re.I)
        holds = bool(wanted) and marked != text
        fields[name] = {
            "matchLevel": "full" if holds else "none",
            "matchedWords": [wanted] if holds else [],
            "value": marked if holds else text,
        }
    return fields


def game_reviews(
    story: Story, moment: datetime, order: str, language: str, cursor: str, per_page: int
) -> str:
    """Give a page of the game's reviews as Steam does: by creation, or by the last edit."""
    seen = newest_first(story.sightings(moment, "steam"), by_edit=order == "updated")
    if language not in ("all", "", "english"):
        seen = []
    start = _cursor_position(cursor)
    shown = seen[start : start + per_page]
    summary: dict[str, Any] = {"num_reviews": len(shown)}
    if start == 0:
        summary |= _summary(seen)
    given = {
        "success": 1,
        "query_summary": summary,
        "reviews": [_game_review(sighting) for sighting in shown],
        # At the end Steam gives the cursor that was asked for.
        "cursor": _cursor(start + len(shown)) if shown else cursor,
    }
    return json.dumps(given, ensure_ascii=False)


def _cursor(position: int) -> str:
    return f"AoJ4kitt{position:06d}=="


def _cursor_position(cursor: str) -> int:
    match = re.fullmatch(r"AoJ4kitt(\d{6})==", cursor)
    return int(match[1]) if match else 0


def _summary(seen: Sequence[Sighting]) -> dict[str, Any]:
    positive = sum(sighting.version.rating == 1 for sighting in seen)
    good = bool(seen) and positive / len(seen) >= 0.7
    return {
        "review_score": 7 if good else 5,
        "review_score_desc": "Positive" if good else "Mixed",
        "total_positive": positive,
        "total_negative": len(seen) - positive,
        "total_reviews": len(seen),
    }


def _game_review(sighting: Sighting) -> dict[str, Any]:
    item, version = sighting.item, sighting.version
    played = 600 + int(item.native_id) % 4000
    return {
        "recommendationid": item.native_id,
        "author": {
            "steamid": item.author.native_id,
            "num_games_owned": 20 + played % 300,
            "num_reviews": 1 + played % 9,
            "playtime_forever": played,
            "playtime_last_two_weeks": played // 8,
            "last_played": int(version.at.timestamp()),
        },
        "language": "english",
        "review": version.text,
        "timestamp_created": int(item.created_at.timestamp()),
        "timestamp_updated": int(version.at.timestamp()),
        "voted_up": version.rating == 1,
        "votes_up": item.votes,
        "votes_funny": item.votes // 5,
        "weighted_vote_score": "0.5",
        "comment_count": 0,
        "steam_purchase": True,
        "received_for_free": False,
        "written_during_early_access": False,
    }
