"""Replies to Trustpilot reviews, by the API of business accounts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing.access_tokens import TokenPublisher
from alerts.publishing.publisher import found, sent
from alerts.publishing.reply import Reply, same_words
from alerts.publishing.web import Answer, Failed

_TOKENS = "https://api.trustpilot.com/v1/oauth/oauth-business-users-for-applications/accesstoken"


class TrustpilotPublisher(TokenPublisher):
    """Reply to a review that has no reply yet.

    Trustpilot documents no key that makes a second POST harmless, nor what it does with a second
    reply: so the review is read first, and one that has a reply is left alone. Source:
    developers.trustpilot.com/service-reviews-api, "Reply to a review".
    """

    source = "trustpilot"
    label = "Trustpilot"
    default_base_url = "https://api.trustpilot.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "TRUSTPILOT_API_KEY": "the same as for reading",
        "TRUSTPILOT_API_SECRET": "the secret beside it: Trustpilot Business, Integrations, API",
        "TRUSTPILOT_BUSINESS_USER_ID": "the id of the user who replies, from that user's profile "
        "page at Trustpilot Business",
    }
    permission = later("let the user who replies answer reviews at Trustpilot Business")
    once = "A review has one reply: Earful reads the review before it posts, and after a crash."

    def post(self, reply: Reply) -> SendResult:
        review = self._review(reply)
        standing = review.text_at("companyReply", "text")
        if standing is not None and same_words(standing, reply.text):
            return sent(reply.native_id, reply.url)
        if standing is not None:
            raise Failed(Fate.BAD_MESSAGE, reply_words.answered_already(self.label))
        self.authorised(
            reply,
            "POST",
            f"{self._place(reply)}/reply",
            posts=True,
            json_body={
                "message": reply.text,
                "authorBusinessUserId": self.secret("TRUSTPILOT_BUSINESS_USER_ID"),
            },
        )
        return sent(reply.native_id, reply.url)

    def look(self, reply: Reply) -> Look | None:
        shown = self._review(reply).at("companyReply", "text")
        return found(reply.native_id, reply.url) if same_words(shown, reply.text) else None

    def fetch_token(self, reply: Reply) -> Answer:
        pair = f"{self.secret('TRUSTPILOT_API_KEY')}:{self.secret('TRUSTPILOT_API_SECRET')}"
        basic = b64encode(pair.encode()).decode()
        return self.token_form(
            reply,
            _TOKENS,
            {"grant_type": "client_credentials"},
            {"Authorization": f"Basic {basic}"},
        )

    def _place(self, reply: Reply) -> str:
        return self.address(reply, f"/v1/private/reviews/{quote(reply.native_id, safe='')}")

    def _review(self, reply: Reply) -> Answer:
        return self.authorised(reply, "GET", self._place(reply))
