"""Replies to Google Play reviews, by the Google Play Developer API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from alerts.messages import reply_words
from alerts.messages.catalogue import later
from alerts.outbox.transport import Fate, Look, SendResult
from alerts.publishing.access_tokens import TokenPublisher
from alerts.publishing.publisher import found, sent
from alerts.publishing.reply import Reply, same_words
from alerts.publishing.web import Answer, Failed
from config import owner_keys
from config.errors import ConfigError
from config.settings import SourceSettings

_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
_NAME = "GOOGLE_PLAY_SERVICE_ACCOUNT"
_QUOTA = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")
_QUOTA_WAIT_S = 900.0


class GooglePlayPublisher(TokenPublisher):
    """Reply to a review, or replace the reply that stands there.

    Replies of more than 350 characters are refused, and HTML is taken out of them; 2,000 replies
    a day. A review older than a week can be answered, but not always read: replying to it again
    with the same words changes nothing. Some reviews answer 403 to a good key, so that is about
    one reply. Source: developers.google.com/android-publisher/reply-to-reviews.
    """

    source = "google_play"
    label = "Google Play"
    default_base_url = "https://androidpublisher.googleapis.com"
    secrets: ClassVar[Mapping[str, str]] = {
        _NAME: "JSON key of a service account, or its path; in Play Console, Users and "
        'permissions, it needs "Reply to reviews"'
    }
    replaces = True
    permission = later('give the service account "Reply to reviews" in Play Console')
    once = "A review has one reply: Earful reads it, and a second try would replace it."
    most = 350

    def post(self, reply: Reply) -> SendResult:
        self.authorised(
            reply,
            "POST",
            self._review(reply, ":reply"),
            posts=True,
            json_body={"replyText": reply.text},
        )
        return sent(reply.native_id, reply.url)

    def look(self, reply: Reply) -> Look | None:
        answer = self.authorised(reply, "GET", self._review(reply))
        for comment in answer.objects_at("comments"):
            developer = comment.get("developerComment")
            if isinstance(developer, dict) and same_words(developer.get("text"), reply.text):
                return found(reply.native_id, reply.url)
        return None

    def belongs(self, source: SourceSettings, native_id: str, url: str | None) -> bool:
        app = _app(url)
        return app is None or app == getattr(source.options, "app_id", None)

    def fetch_token(self, reply: Reply) -> Answer:
        try:
            document = owner_keys.key_text(_NAME, self.secret(_NAME), "{")
            claims = owner_keys.service_account_claims(document, _SCOPE)
        except ConfigError as error:
            sentence = reply_words.key_unreadable(self.label, str(error))
            raise Failed(Fate.ACCOUNT_DEAD, sentence) from None
        return self.google_token(reply, claims)

    def refusal(self, answer: Answer) -> Failed:
        if answer.status == 403 and answer.at("error", "errors", 0, "reason") in _QUOTA:
            return self.web.wait(answer.headers, _QUOTA_WAIT_S)
        return super().refusal(answer)

    def _review(self, reply: Reply, action: str = "") -> str:
        app = _app(reply.url) or str(getattr(self.entry(reply).options, "app_id", ""))
        place = f"{quote(app, safe='.')}/reviews/{quote(reply.native_id, safe=':')}{action}"
        return self.address(reply, f"/androidpublisher/v3/applications/{place}")


def _app(url: str | None) -> str | None:
    """Give the package name in the address of a review."""
    try:
        return parse_qs(urlsplit(url or "").query).get("id", [None])[0]
    except ValueError:
        return None
