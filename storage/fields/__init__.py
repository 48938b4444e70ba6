"""One reading of single fields for spiders and imports: a clean value, None, or a refusal."""

from storage.fields.clean_text import (
    LONGEST_ID,
    LONGEST_TEXT,
    from_bbcode,
    from_html,
    identity,
    line,
    original,
    plain,
    plain_or_html,
    require_readable,
    string,
)
from storage.fields.counts import count, whole_number
from storage.fields.entry_error import EntryError
from storage.fields.language_tags import language
from storage.fields.links import address, behind_redirect, link
from storage.fields.moments import (
    AS_IT_SAYS,
    EARLIEST,
    LATEST_AHEAD,
    AmbiguousDateError,
    DateOrder,
    DateReading,
    is_no_moment,
    later,
    moment,
    order_shown,
)
from storage.fields.product_facts import (
    country,
    country_code,
    product_version,
    version_name,
)
from storage.fields.rating_forms import Rated, rated, rating

__all__ = [
    "AS_IT_SAYS",
    "EARLIEST",
    "LATEST_AHEAD",
    "LONGEST_ID",
    "LONGEST_TEXT",
    "AmbiguousDateError",
    "DateOrder",
    "DateReading",
    "EntryError",
    "Rated",
    "address",
    "behind_redirect",
    "count",
    "country",
    "country_code",
    "from_bbcode",
    "from_html",
    "identity",
    "is_no_moment",
    "language",
    "later",
    "line",
    "link",
    "moment",
    "order_shown",
    "original",
    "plain",
    "plain_or_html",
    "product_version",
    "rated",
    "rating",
    "require_readable",
    "string",
    "version_name",
    "whole_number",
]
