"""Text hashes of stars that were given as whole numbers, as stores before 0030 hold them."""

from __future__ import annotations

import hashlib
import json
from itertools import product


def rehashed(
    title: str | None, text: str, rating: float, rating_max: float | None, text_hash: str
) -> str | None:
    """Give the hash that a mention's text has now; None where `text_hash` is no old one of it."""
    for stars, most in product(_written(rating), _written(rating_max)):
        old = _hash(title, text, stars, most)
        if old == text_hash:
            new = _hash(title, text, rating + 0.0, rating_max)
            return new if new != old else None
    return None


def _written(number: float | None) -> list[float | None]:
    """Give a stored number in each way in which a spider may have given it."""
    if number is None or not number.is_integer():
        return [number]
    return [number, int(number), *([-0.0] if number == 0 else [])]


def _hash(title: str | None, text: str, rating: float | None, rating_max: float | None) -> str:
    content = json.dumps([title or "", text, rating, rating_max], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
