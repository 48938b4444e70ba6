"""Fakes of the sources where a review has one reply: App Store, Google Play and Maps, Trustpilot.

The first three replace a reply that stands there. Trustpilot's is written as if it did not know
of the first: nobody documents that it does.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.alerts.fake_publishing.server import Asked, FakeSource, Said

APPLE_KEY = ec.generate_private_key(ec.SECP256R1())
GOOGLE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    return str(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
    )


class FakeAppStoreConnect(FakeSource):
    source = "app_store_connect"
    options: ClassVar[Mapping[str, Any]] = {"app_id": 123456789}
    environment: ClassVar[Mapping[str, str]] = {
        "APP_STORE_CONNECT_ISSUER_ID": "57246542-96fe-1a63-e053-0824d011072a",
        "APP_STORE_CONNECT_KEY_ID": "2X9R4HXF34",
        "APP_STORE_CONNECT_PRIVATE_KEY": pem(APPLE_KEY),
    }

    def __init__(self) -> None:
        super().__init__()
        self.responses: dict[str, str] = {}
        self.removed: set[str] = set()

    def mention(self, number: int) -> dict[str, Any]:
        return {"native_id": f"00000000-0000-0000-0000-{number:012}", "author": "Jo"}

    def standing(self) -> Counter[str]:
        return Counter(self.responses.values())

    def answer(self, asked: Asked) -> Said:
        try:
            jwt.decode(
                asked.bearer, APPLE_KEY.public_key(), ["ES256"], audience="appstoreconnect-v1"
            )
        except jwt.InvalidTokenError:
            return _apple(401, "NOT_AUTHORIZED", "Provide a properly configured bearer token")
        if self.revoked:
            return _apple(401, "NOT_AUTHORIZED", "The key was revoked")
        if asked.method == "GET":
            review = asked.path.split("/")[3]
            if review not in self.responses:
                return _apple(404, "NOT_FOUND", "There is no resource of type response")
            return Said(200, {"data": self._resource(review)})
        given = asked.body["data"]
        assert given["type"] == "customerReviewResponses"
        review, words = given["relationships"]["review"]["data"]["id"], given["attributes"]
        if review in self.removed:
            return _apple(404, "NOT_FOUND", f"There is no review with the id {review}")
        if len(words["responseBody"]) > 5970:
            return _apple(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "The response is too long")
        if "badword" in words["responseBody"]:
            return _apple(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "It holds forbidden words")
        self.responses[review] = words["responseBody"]
        return Said(201, {"data": self._resource(review)})

    def _resource(self, review: str) -> dict[str, Any]:
        return {
            "type": "customerReviewResponses",
            "id": f"response-{review}",
            "attributes": {
                "responseBody": self.responses[review],
                "state": "PENDING_PUBLISH",
                "lastModifiedDate": "2026-11-24T09:30:00-08:00",
            },
        }


def _apple(status: int, code: str, detail: str) -> Said:
    return Said(status, {"errors": [{"status": str(status), "code": code, "detail": detail}]})


class _Google(FakeSource):
    """Gives out tokens that it forgets when `expire` is called."""

    scope = ""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, str] = {}
        self.removed: set[str] = set()
        self.tokens: set[str] = set()

    def standing(self) -> Counter[str]:
        return Counter(self.replies.values())

    def is_write(self, asked: Asked) -> bool:
        return super().is_write(asked) and asked.path != "/token"

    def expire(self) -> None:
        self.tokens.clear()

    def answer(self, asked: Asked) -> Said:
        if asked.path == "/token":
            if self.revoked or not self.knows(asked.body):
                return Said(400, {"error": "invalid_grant", "error_description": "Bad grant"})
            token = f"ya29.{len(self.asked)}"
            self.tokens.add(token)
            return Said(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
        if asked.bearer not in self.tokens:
            return _google(
                401, "Request had invalid authentication credentials", "UNAUTHENTICATED"
            )
        return self.serve(asked)

    @abstractmethod
    def knows(self, form: dict[str, str]) -> bool:
        """Tell whether a request for a token is signed as Google wants it."""

    @abstractmethod
    def serve(self, asked: Asked) -> Said:
        """Answer what comes with a token that is valid."""


class FakeGooglePlay(_Google):
    source = "google_play"
    options: ClassVar[Mapping[str, Any]] = {"app_id": "com.acme.air", "owner_api": True}
    environment: ClassVar[Mapping[str, str]] = {
        "GOOGLE_PLAY_SERVICE_ACCOUNT": json.dumps(
            {"client_email": "earful@acme.example", "private_key": pem(GOOGLE_KEY)}
        )
    }

    def mention(self, number: int) -> dict[str, Any]:
        native_id = f"gp:AOqpTO{number}"
        url = f"https://play.google.com/store/apps/details?id=com.acme.air&reviewId={native_id}"
        return {"native_id": native_id, "url": url, "author": "Jo"}

    def knows(self, form: dict[str, str]) -> bool:
        claims = jwt.decode(
            form["assertion"],
            GOOGLE_KEY.public_key(),
            ["RS256"],
            audience="https://oauth2.googleapis.com/token",
        )
        return str(claims["scope"]).endswith("/androidpublisher")

    def serve(self, asked: Asked) -> Said:
        begin = "/androidpublisher/v3/applications/com.acme.air/reviews/"
        assert asked.path.startswith(begin), asked.path
        review = asked.path.removeprefix(begin).removesuffix(":reply")
        if review in self.removed:
            return _google(404, "Review not found.", "NOT_FOUND")
        if asked.method == "GET":
            comments: list[dict[str, Any]] = [{"userComment": {"text": "Bad", "starRating": 1}}]
            if review in self.replies:
                comments.append({"developerComment": {"text": self.replies[review]}})
            return Said(200, {"reviewId": review, "comments": comments})
        words = asked.body["replyText"]
        if len(words) > 350:
            return _google(400, "Reply text is too long.", "INVALID_ARGUMENT")
        if "badword" in words:
            return _google(400, "Reply text is not allowed.", "INVALID_ARGUMENT")
        self.replies[review] = words
        return Said(200, {"result": {"replyText": words, "lastEdited": {"seconds": "1764000000"}}})


class FakeGoogleBusiness(_Google):
    source = "google_business"
    options: ClassVar[Mapping[str, Any]] = {"account": "111", "locations": ["2220", "2221"]}
    environment: ClassVar[Mapping[str, str]] = {
        "GOOGLE_BUSINESS_CLIENT_ID": "client.apps.googleusercontent.com",
        "GOOGLE_BUSINESS_CLIENT_SECRET": "client-secret",
        "GOOGLE_BUSINESS_REFRESH_TOKEN": "1//refresh-token",
    }

    def mention(self, number: int) -> dict[str, Any]:
        return {"native_id": f"AbFvOqm{number}", "url": "https://business.google.com/reviews"}

    def knows(self, form: dict[str, str]) -> bool:
        return form["grant_type"] == "refresh_token" and form["refresh_token"].startswith("1//")

    def serve(self, asked: Asked) -> Said:
        parts = asked.path.split("/")
        location, review = parts[5], parts[7]
        # Every other review was written at the second place.
        if review in self.removed or location != f"222{int(review.removeprefix('AbFvOqm')) % 2}":
            return _google(404, "Requested entity was not found.", "NOT_FOUND")
        if asked.method == "GET":
            shown: dict[str, Any] = {"reviewId": review, "starRating": "ONE"}
            if review in self.replies:
                shown["reviewReply"] = {"comment": self.replies[review]}
            return Said(200, shown)
        words = asked.body["comment"]
        assert asked.method == "PUT"
        assert parts[8] == "reply"
        if len(words.encode()) > 4096 or "badword" in words:
            return _google(400, "Request contains an invalid argument.", "INVALID_ARGUMENT")
        self.replies[review] = words
        return Said(200, {"comment": words, "updateTime": "2026-11-24T09:30:00Z"})


def _google(status: int, message: str, code: str) -> Said:
    return Said(status, {"error": {"code": status, "message": message, "status": code}})


class FakeTrustpilot(FakeSource):
    source = "trustpilot"
    options: ClassVar[Mapping[str, Any]] = {"domain": "acme.example"}
    environment: ClassVar[Mapping[str, str]] = {
        "TRUSTPILOT_API_KEY": "trustpilot-key",
        "TRUSTPILOT_API_SECRET": "trustpilot-secret",
        "TRUSTPILOT_BUSINESS_USER_ID": "507f191e810c19729de860ea",
    }

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, list[str]] = {}
        self.removed: set[str] = set()
        self.tokens: set[str] = set()

    def mention(self, number: int) -> dict[str, Any]:
        native_id = f"{number:024x}"
        return {"native_id": native_id, "url": f"https://www.trustpilot.com/reviews/{native_id}"}

    def standing(self) -> Counter[str]:
        return Counter(words for posted in self.replies.values() for words in posted)

    def is_write(self, asked: Asked) -> bool:
        return super().is_write(asked) and asked.path.endswith("/reply")

    def expire(self) -> None:
        self.tokens.clear()

    def answer(self, asked: Asked) -> Said:
        if asked.path.endswith("/accesstoken"):
            if self.revoked or asked.basic != "trustpilot-key:trustpilot-secret":
                return Said(401, {"error": "invalid_client"})
            assert asked.body == {"grant_type": "client_credentials"}
            self.tokens.add(f"token-{len(self.asked)}")
            return Said(200, {"access_token": f"token-{len(self.asked)}", "expires_in": "359999"})
        if asked.bearer not in self.tokens:
            return Said(401, {"message": "Unauthorized", "errorCode": 401})
        review = asked.path.split("/")[4]
        if review in self.removed:
            return Said(404, {"message": "Review not found"})
        if asked.method == "GET":
            posted = self.replies.get(review)
            shown = {"text": posted[-1], "createdAt": "2026-11-24T09:30:00Z"} if posted else None
            return Said(200, {"id": review, "stars": 1, "companyReply": shown})
        assert asked.body["authorBusinessUserId"] == "507f191e810c19729de860ea"
        if "badword" in asked.body["message"]:
            return Said(400, {"message": "The message holds forbidden words"})
        self.replies.setdefault(review, []).append(asked.body["message"])
        return Said(201)
