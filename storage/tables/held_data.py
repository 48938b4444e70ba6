"""All that the store holds of a person or a mention: shown to who asks for it, and erased.

One list serves both. A test walks the schema, so that no table of theirs is missing here.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from storage.database import Database
from storage.tables.subjects import Subject

_OF_MENTION = "mention_id IN (SELECT id FROM chosen)"
_OF_CASE = "case_id IN (SELECT id FROM their_cases)"
_OF_SEQ = "seq IN (SELECT m.seq FROM mentions m JOIN chosen USING (id))"
_OF_AUTHOR = "author_id IN (SELECT id FROM people)"

HELD: dict[str, str] = {
    "authors": "id IN (SELECT id FROM people)",
    "mutes": _OF_AUTHOR,
    "mentions": "id IN (SELECT id FROM chosen)",
    "mention_versions": _OF_MENTION,
    "mention_facts": _OF_SEQ,
    "mention_cuts": _OF_SEQ,
    "author_standing": _OF_AUTHOR,
    "author_flips": f"{_OF_SEQ} OR {_OF_AUTHOR}",
    "advocate_needs": f"{_OF_MENTION} OR {_OF_AUTHOR}",
    "verdicts": _OF_MENTION,
    "scoring_tries": _OF_MENTION,
    "corrections": _OF_MENTION,
    "translations": _OF_MENTION,
    "relevance_labels": _OF_MENTION,
    "relevance_vectors": _OF_MENTION,
    "named_staff": _OF_MENTION,
    "copy_bands": _OF_SEQ,
    "mention_vectors": _OF_SEQ,
    "mention_topics": _OF_SEQ,
    "topic_quotes": _OF_SEQ,
    "topic_queue": _OF_SEQ,
    "cases": _OF_MENTION,
    "case_mentions": f"{_OF_MENTION} OR {_OF_CASE}",
    "case_events": _OF_CASE,
    "case_takes": _OF_CASE,
    "answer_times": _OF_CASE,
    "ladder_steps": _OF_CASE,
    "replies": _OF_CASE,
    "alert_mentions": _OF_MENTION,
    "alerts": f"id IN (SELECT alert_id FROM alert_mentions WHERE {_OF_MENTION}) OR {_OF_MENTION}",
    "failures": "subject IN (SELECT 'mention ' || id FROM chosen)",
    "audit": "about IN (SELECT id FROM chosen UNION SELECT id FROM people UNION SELECT ?1)",
}
"""Each table that holds something of somebody, and SQL that tells its rows of them."""


class HeldData:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, subject: Subject) -> dict[str, list[dict[str, Any]]]:
        """Give all that is held of a subject, by table; what is not text or a number is in hex.

        Of a message that shows other people too, only what it shows of the subject.
        """
        connection = self._database.connection
        chosen = {row[0] for row in connection.execute(subject.chosen, (subject.value,))}
        held = {}
        for table, where in HELD.items():
            rows = connection.execute(
                f"""
                WITH chosen(id) AS ({subject.chosen}), people(id) AS ({subject.people}),
                    their_cases(id) AS (
                        SELECT id FROM cases WHERE mention_id IN (SELECT id FROM chosen)
                    )
                SELECT * FROM {table} WHERE {where}
                """,
                (subject.value,),
            ).fetchall()
            if rows:
                held[table] = [_shown(row) for row in rows]
        for alert in held.get("alerts", []):
            if alert["mention_id"] not in chosen:
                alert["payload"] = _only_of(alert["payload"], chosen)
        return held


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in dict(row).items()
    }


def _only_of(payload: str, chosen: set[str]) -> str:
    """Leave of a message that shows many what it shows of these mentions."""
    try:
        quotes = json.loads(payload).get("quotes") or {}
    except (ValueError, AttributeError):
        return "{}"
    theirs = {key: pieces for key, pieces in quotes.items() if key in chosen}
    return json.dumps({"quotes": theirs}, ensure_ascii=False)
