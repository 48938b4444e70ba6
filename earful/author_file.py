"""All that the store holds of an author, as one JSON document for who asks for it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from config.errors import InputError
from earful.answering_for import files_that_hold, told
from storage.models import iso
from storage.store import Store
from storage.tables.subjects import of_author

Held = dict[str, list[dict[str, Any]]]


def author_file(store: Store, author: str, now: datetime) -> tuple[Held, str]:
    """Give what is held of an author by table, and the document; InputError where nothing is."""
    subject = of_author(store.privacy.called(author))
    held = store.held_data.of(subject)
    if not held:
        raise InputError(f"--author: {author!r} is not in the store: see the table `authors`")
    document = {
        "author": author,
        "written_at": iso(now),
        "held": held,
        "files_that_hold_it": [told(one) for one in files_that_hold(store, subject)],
    }
    return held, json.dumps(document, ensure_ascii=False, indent=2)
