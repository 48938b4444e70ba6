"""Replies to App Store reviews, by the App Store Connect API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing.publisher import Publisher, found, sent
from alerts.publishing.reply import Reply, same_words
from alerts.publishing.web import Failed
from config import owner_keys
from config.errors import ConfigError

_HOW_LONG = 5970


class AppStoreConnectPublisher(Publisher):
    """Create or replace the one response to a review.

    The API overwrites a response that stands there already, and shows one at once that waits for
    its publication (`PENDING_PUBLISH`). Source: developer.apple.com/documentation/
    appstoreconnectapi, "Create or update a response to a customer review".
    """

    source = "app_store_connect"
    label = "App Store Connect"
    default_base_url = "https://api.appstoreconnect.apple.com"
    secrets: ClassVar[Mapping[str, str]] = {
        "APP_STORE_CONNECT_ISSUER_ID": "the same as for reading",
        "APP_STORE_CONNECT_KEY_ID": "the same, of a key with the role Customer Support or Admin",
        "APP_STORE_CONNECT_PRIVATE_KEY": "the same: that key's .p8 file, its text or its path",
    }
    replaces = True
    permission = later("give the key the role Customer Support or Admin")
    once = "A review has one response: Earful reads it, and a second try would replace it."
    most = _HOW_LONG

    def post(self, reply: Reply) -> SendResult:
        body = {
            "data": {
                "type": "customerReviewResponses",
                "attributes": {"responseBody": reply.text},
                "relationships": {
                    "review": {"data": {"type": "customerReviews", "id": reply.native_id}}
                },
            }
        }
        answer = self.ask(
            "POST",
            self.address(reply, "/v1/customerReviewResponses"),
            posts=True,
            headers=self._headers(),
            json_body=body,
        )
        return sent(answer.text_at("data", "id"))

    def look(self, reply: Reply) -> Look | None:
        path = f"/v1/customerReviews/{reply.native_id}/response"
        answer = self.web.ask("GET", self.address(reply, path), headers=self._headers())
        if answer.status == 404:
            return None  # there is no response, or no review any more
        if not answer.good:
            raise self.refusal(answer)
        if same_words(answer.at("data", "attributes", "responseBody"), reply.text):
            return found(answer.text_at("data", "id"))
        return None

    def _headers(self) -> dict[str, str]:
        issuer, key_id, key = (self.secret(name) for name in self.secrets)
        try:
            text = owner_keys.key_text("APP_STORE_CONNECT_PRIVATE_KEY", key, "-----BEGIN")
            token = owner_keys.apple_token(issuer, key_id, text)
        except ConfigError as error:
            sentence = reply_words.key_unreadable(self.label, str(error))
            raise Failed(Fate.ACCOUNT_DEAD, sentence) from None
        return {"Authorization": f"Bearer {token}"}
