"""The ledger: what each entry that a source or a file gave came to, by brand, source and day."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.models.mention_models import Mention


class Fate(StrEnum):
    """What an entry came to: the first five at the door, the others after it was stored.

    What was seen is the sum of the first five. Each new or edited entry comes to one of the others
    once; until then it waits for its verdict or the rules.
    """

    NEW = "new"
    EDITED = "edited"
    KNOWN = "known"
    IRRELEVANT = "irrelevant"
    REFUSED = "refused"

    COPY = "copy"
    NOT_ABOUT = "not_about"
    MUTED = "muted"
    QUIET = "quiet"
    IN_DIGEST = "in_digest"
    ALERTED = "alerted"
    # Changed by its author, deleted at its source or erased here before the rules saw it.
    REPLACED = "replaced"
    DELETED = "deleted"
    FORGOTTEN = "forgotten"


class RefusalReason(StrEnum):
    """Why an entry was refused: few names, so that they can be counted and compared."""

    WORDS = "words"
    # Far longer than people write: scoring it would hold up all others.
    LENGTH = "length"
    ID = "id"
    DATE = "date"
    LINK = "link"
    RATING = "rating"
    SHAPE = "shape"
    QUERY = "query"
    OTHER_BRAND = "other_brand"
    # It was erased here, or its author is blocked: it stays out.
    FORGOTTEN = "forgotten"
    # The store keeps nothing that old.
    TOO_OLD = "too_old"
    UNSTORABLE = "unstorable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """What entries are counted under. `day` (2026-03-01) is the day in UTC they were seen on.

    Only what was refused has a `reason`.
    """

    day: str
    brand: str
    source: str
    fate: Fate
    reason: RefusalReason | None = None

    @classmethod
    def of(
        cls, mention: Mention, fate: Fate, day: str, reason: RefusalReason | None = None
    ) -> LedgerLine:
        return cls(day=day, brand=mention.brand, source=mention.source, fate=fate, reason=reason)
