"""Replies to Google reviews of the owner's places, by the Business Profile API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from alerts.messages.catalogue import later
from alerts.outbox.transport import Look, SendResult
from alerts.publishing.access_tokens import TokenPublisher
from alerts.publishing.publisher import Gone, found, sent
from alerts.publishing.reply import Reply, same_words
from alerts.publishing.web import Answer
from storage import fields


class GoogleBusinessPublisher(TokenPublisher):
    """Put the one reply of the owner under a review; a PUT replaces what stands there.

    A mention does not say at which of several places it was written: each is asked for it. A
    reply has 4,096 bytes at most. Source: developers.google.com/my-business/reference/rest/v4/
    accounts.locations.reviews/updateReply.
    """

    source = "google_business"
    label = "Google Business Profile"
    default_base_url = "https://mybusiness.googleapis.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "GOOGLE_BUSINESS_CLIENT_ID": "the same as for reading",
        "GOOGLE_BUSINESS_CLIENT_SECRET": "the same as for reading",
        "GOOGLE_BUSINESS_REFRESH_TOKEN": "the same as for reading, granted by an owner or manager "
        "of the place, whose location is verified",
    }
    replaces = True
    permission = later("verify the location, and let an owner or manager of it grant the token")
    once = "A review has one reply: Earful reads it, and a second try would replace it."
    most = 4096
    unit = "bytes"

    def post(self, reply: Reply) -> SendResult:
        place, _ = self._review(reply)
        self.authorised(
            reply, "PUT", f"{place}/reply", posts=True, json_body={"comment": reply.text}
        )
        return sent(reply.native_id)

    def look(self, reply: Reply) -> Look | None:
        _, review = self._review(reply)
        shown = review.text_at("reviewReply", "comment")
        # Google may put its translation beside the words.
        if shown is not None and same_words(fields.original(shown), reply.text):
            return found(reply.native_id)
        return None

    def count(self, shown: str) -> int:
        return len(shown.encode())

    def fetch_token(self, reply: Reply) -> Answer:
        client_id, client_secret, refresh = (self.secret(name) for name in self.secrets)
        form = {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh,
            "grant_type": "refresh_token",
        }
        return self.google_token(reply, form)

    def _review(self, reply: Reply) -> tuple[str, Answer]:
        """Find the place where a review stands: its address, and the review."""
        words = ""
        for brand, source in self._sources:
            if brand != reply.brand:
                continue
            account = getattr(source.options, "account", "")
            for location in getattr(source.options, "locations", ()):
                path = f"/v4/accounts/{account}/locations/{location}/reviews"
                url = f"{self.default_base_url}{path}/{quote(reply.native_id, safe='')}"
                place = self.moved_for(source, url)
                try:
                    return place, self.authorised(reply, "GET", place)
                except Gone as gone:
                    words = str(gone)
        self.entry(reply)  # a brand that reads no place is no sign that a review is gone
        raise Gone(self.label, words and "none of the places in earful.toml has it")
