"""What is particular to a source: what it is asked, and what its own refusals mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.outbox.transport import Fate, SendResult, Sight
from alerts.publishing.bluesky_records import facets_of, key_of
from alerts.publishing.publisher import Publisher
from alerts.publishing.registry import publisher_for
from alerts.publishing.reply import Reply
from storage.models import Alert, NewAlert
from tests.alerts.fake_publishing.all_sources import publisher_of, settings_for
from tests.alerts.fake_publishing.reviews import (
    FakeAppStoreConnect,
    FakeGoogleBusiness,
    FakeGooglePlay,
    FakeTrustpilot,
)
from tests.alerts.fake_publishing.server import FakeSource, Said
from tests.alerts.fake_publishing.talk import (
    FakeBluesky,
    FakeDiscourse,
    FakeGitHub,
    FakeMastodon,
    FakeWordPress,
)
from tests.alerts.outboxes import open_outbox


@pytest.fixture
def row(tmp_path: Path) -> Any:
    """Make a row of the outbox of a new reply."""
    _, outbox = open_outbox(tmp_path / "earful.db")

    def made(reply: NewAlert) -> Alert:
        outbox.add([reply])
        found = outbox.find(reply.dedupe_key)
        assert found is not None
        return found

    return made


def answering(fake: FakeSource, monkeypatch: pytest.MonkeyPatch, said: Said) -> Publisher:
    """Let a source answer every write with this, and give its publisher."""
    usual = fake.answer
    monkeypatch.setattr(
        fake, "answer", lambda asked: said if fake.is_write(asked) else usual(asked)
    )
    return publisher_of(fake)


def test_an_app_store_response_names_its_review_and_waits_for_nothing(row: Any) -> None:
    with FakeAppStoreConnect() as fake:
        alert = row(fake.reply(1, "Thank you, 2.3 mends this."))
        result = publisher_of(fake).send(alert)
        found = publisher_of(fake).find(alert)
    assert fake.writes[0].body == {
        "data": {
            "type": "customerReviewResponses",
            "attributes": {"responseBody": "Thank you, 2.3 mends this."},
            "relationships": {
                "review": {"data": {"type": "customerReviews", "id": alert.payload["native_id"]}}
            },
        }
    }
    assert result.slack_ts == f"response-{alert.payload['native_id']}"
    assert found.slack_ts == result.slack_ts


def test_a_response_that_somebody_wrote_by_hand_is_not_taken_for_ours(row: Any) -> None:
    with FakeAppStoreConnect() as fake:
        alert = row(fake.reply(1))
        fake.responses[alert.payload["native_id"]] = "By hand."
        look = publisher_of(fake).find(alert)
    assert look.sight is Sight.ABSENT


def test_a_private_key_that_is_none_is_named_and_not_shown(row: Any) -> None:
    with FakeAppStoreConnect() as fake:
        bad = dict(fake.environment) | {
            "APP_STORE_CONNECT_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0"
        }
        publisher = publisher_for(fake.source, settings_for(fake), bad)
        assert publisher is not None
        result = publisher.send(row(fake.reply(1)))
    assert result == SendResult(
        Fate.ACCOUNT_DEAD,
        "App Store Connect cannot be asked, its key is of no use (needs the private key of App "
        "Store Connect, the .p8 file): set another and restart Earful.",
    )


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "quotaExceeded"])
def test_a_spent_quota_of_google_play_waits(
    row: Any, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    body = {"error": {"message": "Quota exceeded", "errors": [{"reason": reason}]}}
    with FakeGooglePlay() as fake:
        result = answering(fake, monkeypatch, Said(403, body)).send(row(fake.reply(1)))
    assert (result.fate, result.retry_after) == (Fate.RATE_LIMITED, 900.0)


def test_a_403_of_google_play_is_about_one_reply(
    row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"error": {"message": "The caller does not have permission"}}
    with FakeGooglePlay() as fake:
        result = answering(fake, monkeypatch, Said(403, body)).send(row(fake.reply(1)))
    assert result == SendResult(
        Fate.BAD_MESSAGE,
        "Google Play does not let Earful reply to this (The caller does not have permission): "
        'give the service account "Reply to reviews" in Play Console.',
    )


def test_one_token_serves_several_replies(row: Any) -> None:
    with FakeGooglePlay() as fake:
        publisher = publisher_of(fake)
        assert [publisher.send(row(fake.reply(n))).fate for n in (1, 2)] == [Fate.SENT] * 2
    assert [asked.path for asked in fake.asked].count("/token") == 1


def test_the_place_of_a_google_review_is_found_among_several(row: Any) -> None:
    with FakeGoogleBusiness() as fake:
        publisher = publisher_of(fake)
        for number in (1, 2):
            assert publisher.send(row(fake.reply(number))).fate is Fate.SENT
    assert [asked.path.split("/")[5] for asked in fake.writes] == ["2221", "2220"]


def test_a_google_reply_is_counted_in_bytes() -> None:
    with FakeGoogleBusiness() as fake:
        length = publisher_of(fake).limit("ä" * 2049)
    assert length.problem == (
        "The reply has 4,098 bytes, and Google Business Profile takes 4,096: shorten it by 2."
    )


def test_a_trustpilot_review_that_has_another_reply_is_left_alone(row: Any) -> None:
    with FakeTrustpilot() as fake:
        alert = row(fake.reply(1))
        fake.replies[alert.payload["native_id"]] = ["By hand."]
        result = publisher_of(fake).send(alert)
    assert fake.writes == []
    assert result == SendResult(
        Fate.BAD_MESSAGE,
        "Trustpilot shows another reply there already and takes only one: change or delete that "
        "one by hand.",
    )


def test_a_wordpress_reply_stands_below_its_comment_as_escaped_html(row: Any) -> None:
    with FakeWordPress() as fake:
        fake.plain_permalinks = True
        result = publisher_of(fake).send(row(fake.reply(3, "2 < 3 & <b>sorry</b>")))
    assert fake.writes[0].body == {
        "post": 7,
        "parent": 3,
        "content": "2 &lt; 3 &amp; &lt;b&gt;sorry&lt;/b&gt;",
    }
    assert result == SendResult(
        Fate.SENT,
        slack_ts="1001",
        slack_channel="https://blog.example/news/?p=7#comment-1001",
    )


def test_words_that_wordpress_has_already_are_sent(row: Any) -> None:
    with FakeWordPress() as fake:
        publisher, alert = publisher_of(fake), row(fake.reply(1))
        assert publisher.send(alert).fate is Fate.SENT
        assert publisher.send(alert).fate is Fate.SENT
    assert sum(fake.standing().values()) == 1


@pytest.mark.parametrize(
    ("said", "fate", "begin"),
    [
        (
            Said(403, {"code": "rest_comment_closed", "message": "Comments are closed."}),
            Fate.BAD_MESSAGE,
            "WordPress takes no more replies there (Comments are closed): write to the author",
        ),
        (
            Said(400, {"code": "comment_flood", "message": "Slow down."}),
            Fate.RATE_LIMITED,
            "WordPress asked to wait 20 s",
        ),
    ],
)
def test_wordpress_codes_mean_what_they_say(
    row: Any, monkeypatch: pytest.MonkeyPatch, said: Said, fate: Fate, begin: str
) -> None:
    with FakeWordPress() as fake:
        result = answering(fake, monkeypatch, said).send(row(fake.reply(1)))
    assert result.fate is fate
    assert result.error.startswith(begin)


def test_a_key_goes_to_its_own_host_only() -> None:
    with FakeDiscourse() as fake:
        raw = settings_for(fake)
        (brand,) = raw.brands
        (first,) = brand.sources
        other = first.model_copy(
            update={"options": first.options.model_copy(update={"forum": "https://b.example"})}
        )
        both = brand.model_copy(update={"sources": (first, other)})
        settings = raw.model_copy(update={"brands": (both,)})
    pairs = {
        "DISCOURSE_REPLY_KEY": "forum.example=first-key, b.example=second-key",
        "DISCOURSE_REPLY_USERNAME": "forum.example=acme, b.example=acme-b",
    }

    plain = publisher_for("discourse", settings, fake.environment)
    by_host = publisher_for("discourse", settings, pairs)

    assert plain is not None
    assert by_host is not None
    # One plain key for two forums would show each forum the other's.
    assert plain.missing() == ["DISCOURSE_REPLY_KEY", "DISCOURSE_REPLY_USERNAME"]
    assert by_host.missing() == []
    assert by_host.secret("DISCOURSE_REPLY_KEY", "b.example") == "second-key"


def test_a_discourse_reply_names_the_post_that_it_answers(row: Any) -> None:
    with FakeDiscourse() as fake:
        result = publisher_of(fake).send(row(fake.reply(5)))
    body = fake.writes[0].body
    assert (body["topic_id"], body["reply_to_post_number"]) == (9, 5)
    assert result.slack_channel == "https://forum.example/t/lost-bags/9/1001"


def test_what_waits_for_a_moderator_is_not_posted_again(row: Any) -> None:
    with FakeDiscourse() as fake:
        fake.moderated = True
        publisher, alert = publisher_of(fake), row(fake.reply(1))
        assert publisher.send(alert).fate is Fate.SENT
        assert publisher.find(alert).sight is Sight.FOUND


def test_a_key_that_may_not_see_what_waits_sees_what_stands(
    row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeDiscourse() as fake:
        usual = fake.answer
        monkeypatch.setattr(
            fake,
            "answer",
            lambda asked: (
                Said(403, {"errors": ["You are not permitted to view that."]})
                if "pending" in asked.path
                else usual(asked)
            ),
        )
        publisher, alert = publisher_of(fake), row(fake.reply(1))
        assert publisher.find(alert).sight is Sight.ABSENT
        assert publisher.send(alert).fate is Fate.SENT
        assert publisher.find(alert).sight is Sight.FOUND


def test_too_similar_is_sent_where_it_stands_and_waits_where_it_does_not(row: Any) -> None:
    words = "Thank you, version 2.3 puts this right."
    with FakeDiscourse() as fake:
        fake.unique = True
        publisher = publisher_of(fake)
        first = row(fake.reply(1, words))
        assert publisher.send(first).fate is Fate.SENT
        again = publisher.send(first)
        elsewhere = publisher.send(row(fake.reply(2, words)))
    assert (again.fate, again.slack_ts) == (Fate.SENT, "1001")
    assert (elsewhere.fate, elsewhere.retry_after) == (Fate.RATE_LIMITED, 300.0)


def test_a_discourse_reply_is_found_among_many_of_the_same_user(row: Any) -> None:
    with FakeDiscourse() as fake:
        publisher = publisher_of(fake)
        for number in range(2, 27):
            assert publisher.send(row(fake.reply(number))).fate is Fate.SENT
        last = replace(row(fake.reply(27)))
        assert publisher.send(last).fate is Fate.SENT
        assert publisher.find(last).slack_ts == "1026"


def test_discourse_says_how_long_to_wait_in_its_body(
    row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"errors": ["Slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 13}}
    with FakeDiscourse() as fake:
        result = answering(fake, monkeypatch, Said(422, body)).send(row(fake.reply(1)))
    assert (result.fate, result.retry_after) == (Fate.RATE_LIMITED, 13.0)


def test_a_mastodon_reply_mentions_its_author_and_is_as_public_as_what_it_answers(
    row: Any,
) -> None:
    with FakeMastodon() as fake:
        publisher = publisher_of(fake)
        result = publisher.send(row(fake.reply(1, "We look into it.")))
    body = fake.writes[0].body
    assert body == {
        "status": "@jo@far.example We look into it.",
        "in_reply_to_id": "111",
        "visibility": "unlisted",
    }
    assert result.slack_channel == "https://social.example/@acme/9001"
    length = publisher.limit("https://acme.example/" + "x" * 400, "jo@far.example")
    assert length.used == len("@jo ") + 23


def test_one_instance_with_a_token_is_enough(row: Any) -> None:
    with FakeMastodon() as fake:
        settings = settings_for(fake)
        (brand,) = settings.brands
        (entry,) = brand.sources
        other = entry.model_copy(
            update={"options": entry.options.model_copy(update={"instance": "other.example"})}
        )
        both = brand.model_copy(update={"sources": (other, entry)})
        read = settings.model_copy(update={"brands": (both,)})
        plain = publisher_for("mastodon", read, fake.environment)
        named = {"MASTODON_REPLY_TOKEN": "social.example=mastodon-token"}
        by_host = publisher_for("mastodon", read, named)
        assert plain is not None
        assert by_host is not None
        assert plain.missing() == ["MASTODON_REPLY_TOKEN"]
        assert by_host.missing() == []
        assert by_host.send(row(fake.reply(1))).fate is Fate.SENT


def test_a_server_that_forgets_names_shows_what_was_posted(row: Any) -> None:
    with FakeMastodon() as fake:
        fake.forgets = True
        publisher, alert = publisher_of(fake), row(fake.reply(1))
        assert publisher.find(alert).sight is Sight.ABSENT
        assert publisher.send(alert).fate is Fate.SENT
        assert publisher.find(alert).slack_ts == "9001"


def test_a_bluesky_reply_names_thread_version_links_and_author(row: Any) -> None:
    words = "Sorry @jo.example 👩‍👩‍👧! See https://acme.example/é, please."
    with FakeBluesky() as fake:
        publisher, alert = publisher_of(fake), row(fake.reply(1, words))
        result = publisher.send(alert)
    body = fake.writes[0].body
    record = body["record"]
    assert record["text"] == words
    assert record["createdAt"] == "2026-11-24T09:30:00.000Z"
    assert record["reply"] == {
        "root": {"uri": "at://did:plc:ann/app.bsky.feed.post/3kroot", "cid": "bafyroot"},
        "parent": {"uri": alert.payload["native_id"], "cid": "bafy3k1"},
    }
    in_bytes = words.encode()
    shown = {
        in_bytes[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): (
            facet["features"][0].get("uri") or facet["features"][0].get("did")
        )
        for facet in record["facets"]
    }
    assert shown == {
        "https://acme.example/é": "https://acme.example/é",
        "@jo.example": "did:plc:jo",
    }
    assert result.slack_ts == f"at://did:plc:acme/app.bsky.feed.post/{body['rkey']}"
    assert result.slack_channel == f"https://bsky.app/profile/did:plc:acme/post/{body['rkey']}"
    assert publisher.limit("👩‍👩‍👧" * 300).problem == (
        "The reply has 5,400 bytes, and Bluesky takes 3,000: shorten it by 2,400."
    )
    assert publisher.limit("👩‍👩‍👧" * 166).used == 166


def test_a_bluesky_key_is_a_tid_of_its_reply(row: Any) -> None:
    with FakeBluesky() as fake:
        one, other = (Reply.of(row(fake.reply(number))) for number in (1, 2))
    assert one is not None
    assert other is not None
    later = replace(one, written_at=one.written_at + timedelta(seconds=1))
    assert len(key_of(one)) == 13
    assert key_of(one) == key_of(replace(one, text="Other words"))
    assert key_of(one) != key_of(other)
    assert key_of(one) < key_of(later)
    assert list(facets_of(replace(one, text="No link."))) == []


def test_who_limits_replies_on_bluesky_gets_none(row: Any) -> None:
    with FakeBluesky() as fake:
        fake.limited = True
        result = publisher_of(fake).send(row(fake.reply(1)))
    assert fake.writes == []
    assert result.fate is Fate.BAD_MESSAGE
    assert result.error.startswith("Bluesky takes no more replies there (the author limits")


def test_a_github_reply_to_a_comment_names_its_author(row: Any) -> None:
    with FakeGitHub() as fake:
        reply = fake.reply(1, "Mended in 2.3.")
        url = f"{reply.payload['url']}#issuecomment-99"
        comment = replace(reply, payload={**reply.payload, "native_id": "comment/99", "url": url})
        publisher = publisher_of(fake)
        result = publisher.send(row(comment))
    assert fake.comments[0]["body"].startswith("@jo Mended in 2.3.\n\n<!-- earful ")
    assert result.slack_channel == "https://github.com/acme/air/issues/1#issuecomment-700000"
    assert publisher.shown("Mended.", "jo", "5001") == "Mended."


def test_github_refuses_for_reasons_of_its_own(row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secondary = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes"}
    with FakeGitHub() as fake:
        fake.locked = True
        locked = publisher_of(fake).send(row(fake.reply(1)))
        limited = answering(fake, monkeypatch, Said(403, secondary, {"Retry-After": "60"}))
        waits = limited.send(row(fake.reply(2)))
        discussion = "https://github.com/acme/air/discussions/7"
        hindrance = limited.hindrance("Acme Air", "discussion/7", discussion)
    assert locked.fate is Fate.BAD_MESSAGE
    assert locked.error.startswith("GitHub takes no more replies there (Unable to create comment")
    assert (waits.fate, waits.retry_after) == (Fate.RATE_LIMITED, 60.0)
    assert hindrance == (
        "GitHub takes no replies to discussions over its API: reply there by hand."
    )
