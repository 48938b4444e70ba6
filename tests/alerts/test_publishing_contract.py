"""What holds at every source that takes replies: each stands there once, whatever breaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Fate, Sight
from alerts.publishing.publisher import Publisher
from alerts.publishing.registry import PUBLISHERS, publisher_for
from config.settings import Settings
from crawler.catalog import sources
from storage.models import Alert, AlertState, NewAlert, TroubleKind
from storage.tables.outbox import Outbox
from tests.alerts.fake_publishing.all_sources import SOURCES, publisher_of, settings_for
from tests.alerts.fake_publishing.reviews import (
    FakeGoogleBusiness,
    FakeGooglePlay,
    FakeTrustpilot,
)
from tests.alerts.fake_publishing.server import NOW, Asked, FakeSource, Said
from tests.alerts.fake_publishing.talk import FakeBluesky
from tests.alerts.fake_slack import Fault
from tests.alerts.outboxes import open_outbox

# A hanging answer outlasts the publisher's patience, which these tests cut short.
PATIENCE_S = 0.4
HANG_S = 5.0
FAULTS = {
    "an error before posting": Fault.http(500),
    "an error after posting": Fault.http(502, posts=True),
    "unavailable": Fault.http(503),
    "hangs and posts nothing": Fault.hang(HANG_S),
    "hangs and posts late": Fault.hang(HANG_S, posts=True),
    "cut off before posting": Fault.cut(),
    "cut off after posting": Fault.cut(posts=True),
    "half an answer": Fault.half(posts=True),
    "a page that is no JSON": Fault.http(200, posts=True),
    "too many requests": Fault.rate_limited(7),
}


@pytest.fixture(params=SOURCES, ids=lambda fake: fake.source)
def fake(request: pytest.FixtureRequest) -> Iterator[FakeSource]:
    with request.param() as source:
        yield source


@pytest.fixture
def publisher(fake: FakeSource) -> Publisher:
    return publisher_of(fake, PATIENCE_S)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return open_outbox(tmp_path / "earful.db")[1]


class Sender:
    """Delivers again and again, as a daemon does, with time that passes at once."""

    def __init__(self, outbox: Outbox, publisher: Publisher, fake: FakeSource) -> None:
        self.outbox = outbox
        self.transport = ByVia({f"source:{fake.source}": publisher})
        self.fake = fake
        self.now = NOW
        self.results: list[DeliveryResult] = []

    def run(self, passes: int = 12) -> None:
        for _ in range(passes):
            result = deliver(
                self.outbox, self.transport, lambda: self.now, lambda _: None, pace=Pace(0)
            )
            self.results.append(result)
            # What a broken request may still post must stand there before anybody looks.
            self.fake.wait()
            if result.next_at is None:
                return
            self.now = max(self.now + timedelta(seconds=1), result.next_at)


def row(outbox: Outbox, reply: NewAlert) -> Alert:
    found = outbox.find(reply.dedupe_key)
    assert found is not None
    return found


def words_of(*replies: NewAlert) -> Counter[str]:
    return Counter(str(reply.payload["text"]) for reply in replies)


def test_a_reply_stands_at_its_source_as_it_was_written(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    replies = [fake.reply(number) for number in (1, 2, 3)]
    outbox.add(replies)

    Sender(outbox, publisher, fake).run()

    assert fake.standing() == words_of(*replies)
    assert [row(outbox, reply).state for reply in replies] == [AlertState.SENT] * 3
    assert len(fake.writes) == 3
    # Its own id at the source, by which people and programs find it again.
    assert all(row(outbox, reply).slack_ts for reply in replies)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_whatever_breaks_while_it_is_posted_a_reply_stands_there_once(
    fake: FakeSource, publisher: Publisher, outbox: Outbox, fault: Fault
) -> None:
    replies = [fake.reply(number) for number in (1, 2)]
    outbox.add(replies)
    fake.fail(fault, fault)

    Sender(outbox, publisher, fake).run()

    assert fake.standing() == words_of(*replies)
    assert [row(outbox, reply).state for reply in replies] == [AlertState.SENT] * 2


@pytest.mark.parametrize("posted", [True, False], ids=["after posting", "before posting"])
def test_a_sender_that_dies_with_a_reply_in_hand_neither_loses_nor_repeats_it(
    fake: FakeSource, publisher: Publisher, outbox: Outbox, posted: bool
) -> None:
    reply = fake.reply(1)
    outbox.add([reply])
    claimed = outbox.claim(row(outbox, reply).id, NOW)
    assert claimed is not None
    if posted:  # and dies before it could write that down
        assert publisher.send(claimed).fate is Fate.SENT
    fake.fail_looks(Fault.cut(), Fault.http(500), Fault.rate_limited(3))

    Sender(outbox, publisher, fake).run()

    assert fake.standing() == words_of(reply)
    assert row(outbox, reply).state is AlertState.SENT
    assert len(fake.writes) == 1


def test_two_replies_with_the_same_words_both_stand(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    words = "Thank you, version 2.3 puts this right."
    replies = [fake.reply(1, words), fake.reply(2, words)]
    outbox.add(replies)
    fake.fail(Fault.cut(posts=True), Fault.cut())

    Sender(outbox, publisher, fake).run()

    assert fake.standing() == Counter({words: 2})


def test_a_reply_in_doubt_is_found_only_where_it_stands(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    outbox.add([fake.reply(1), fake.reply(2)])
    here, absent = (row(outbox, fake.reply(number)) for number in (1, 2))
    sent = publisher.send(here)

    assert sent.fate is Fate.SENT
    assert publisher.find(here).sight is Sight.FOUND
    assert publisher.find(here).slack_ts == sent.slack_ts
    look = publisher.find(absent)
    assert look.sight is Sight.ABSENT
    assert publisher.label in look.error


def test_what_was_removed_meanwhile_parks_its_reply_and_says_so(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    reply, other = fake.reply(1), fake.reply(2)
    outbox.add([reply, other])
    removed: set[str] = fake.removed  # type: ignore[attr-defined]
    native_id = str(reply.payload["native_id"])
    removed |= {native_id, native_id.rpartition("#")[2], native_id.rpartition("/")[2], "1"}
    removed.discard(str(other.payload["native_id"]))

    Sender(outbox, publisher, fake).run()

    parked = row(outbox, reply)
    assert parked.state is AlertState.PARKED
    assert not parked.in_doubt
    assert parked.error is not None
    assert parked.error.startswith(f"{publisher.label} does not show any more")
    assert row(outbox, other).state is AlertState.SENT


def test_refused_words_park_their_reply_with_the_sources_reason(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    reply, other = fake.reply(1, "What a badword, we are very sorry."), fake.reply(2)
    outbox.add([reply, other])

    Sender(outbox, publisher, fake).run()

    parked = row(outbox, reply)
    assert parked.state is AlertState.PARKED
    assert parked.error is not None
    assert parked.error.startswith(f"{publisher.label} does not take this reply (")
    assert row(outbox, other).state is AlertState.SENT


def test_a_refused_key_holds_the_replies_and_names_what_to_set(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    outbox.add([fake.reply(1), fake.reply(2)])
    fake.revoked = True
    sender = Sender(outbox, publisher, fake)

    sender.run(1)

    assert fake.standing() == Counter()
    problem = " ".join(sender.results[0].problems)
    assert all(name in problem for name in publisher.secrets)
    assert [alert.trouble for alert in outbox.unsent()] == [TroubleKind.ACCOUNT] * 2
    fake.revoked = False
    sender.run()
    assert fake.standing() == words_of(fake.reply(1), fake.reply(2))


@pytest.mark.parametrize("kind", [FakeBluesky, FakeGoogleBusiness, FakeGooglePlay, FakeTrustpilot])
def test_a_token_that_has_expired_is_renewed_at_once(
    kind: type[FakeBluesky | FakeGoogleBusiness | FakeGooglePlay | FakeTrustpilot], outbox: Outbox
) -> None:
    with kind() as fake:
        _renewed(fake, publisher_of(fake), outbox)


def _renewed(
    fake: FakeBluesky | FakeGoogleBusiness | FakeGooglePlay | FakeTrustpilot,
    publisher: Publisher,
    outbox: Outbox,
) -> None:
    outbox.add([fake.reply(1), fake.reply(2)])
    assert publisher.send(row(outbox, fake.reply(1))).fate is Fate.SENT

    fake.expire()

    assert publisher.send(row(outbox, fake.reply(2))).fate is Fate.SENT
    assert fake.standing() == words_of(fake.reply(1), fake.reply(2))


def test_nothing_that_listens_is_no_doubt(fake: FakeSource, outbox: Outbox) -> None:
    outbox.add([fake.reply(1)])
    publisher = publisher_of(fake)
    fake.__exit__()

    result = publisher.send(row(outbox, fake.reply(1)))

    assert result.fate is Fate.NOT_SENT
    assert "cannot be reached" in result.error
    assert publisher.find(row(outbox, fake.reply(1))).sight is Sight.LATER


def test_the_length_is_counted_as_the_source_counts_it(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    if publisher.most is None:
        assert publisher.limit("x" * 100_000).problem is None
        return
    author = fake.mention(1).get("author")
    longest = publisher.most - publisher.limit("", author).used
    assert publisher.limit("x" * longest, author).problem is None
    too_long = publisher.limit("x" * (longest + 1), author)
    assert too_long.used == publisher.most + 1
    assert too_long.problem is not None
    assert "shorten it by 1." in too_long.problem

    outbox.add([fake.reply(1, "x" * longest)])
    assert publisher.send(row(outbox, fake.reply(1))).fate is Fate.SENT


def test_without_its_secrets_a_publisher_asks_nobody(fake: FakeSource, outbox: Outbox) -> None:
    outbox.add([fake.reply(1)])
    bare = publisher_for(fake.source, settings_for(fake), {})
    assert bare is not None
    mention: dict[str, Any] = fake.mention(1)

    hindrance = bare.hindrance("Acme Air", mention["native_id"], mention.get("url"))
    result = bare.send(row(outbox, fake.reply(1)))

    assert bare.missing() == list(bare.secrets)
    assert hindrance is not None
    assert all(name in hindrance for name in bare.secrets)
    assert result.fate is Fate.ACCOUNT_DEAD
    assert fake.writes == []


def test_with_its_secrets_nothing_hinders_a_reply(fake: FakeSource, publisher: Publisher) -> None:
    mention = fake.mention(1)
    assert publisher.missing() == []
    assert publisher.hindrance("Acme Air", mention["native_id"], mention.get("url")) is None
    hindrance = publisher.hindrance("Other Brand", mention["native_id"], mention.get("url"))
    assert hindrance == (
        f"earful.toml names no place at {publisher.label} for Other Brand to which this belongs: "
        "add it again, or reply by hand."
    )


def test_a_row_that_does_not_say_what_it_answers_is_set_aside(
    fake: FakeSource, publisher: Publisher, outbox: Outbox
) -> None:
    reply = fake.reply(1)
    del reply.payload["native_id"]
    outbox.add([reply])

    Sender(outbox, publisher, fake).run()

    assert row(outbox, reply).state is AlertState.PARKED
    assert fake.asked == []


def test_every_publisher_has_a_fake_and_belongs_to_a_source() -> None:
    assert set(PUBLISHERS) == {fake.source for fake in SOURCES}
    assert set(PUBLISHERS) <= set(sources())


def test_a_source_that_is_not_read_has_no_publisher() -> None:
    assert publisher_for("github", Settings(), {}) is None
    with SOURCES[0]() as fake:
        assert publisher_for("hackernews", settings_for(fake), {}) is None


def test_whatever_a_source_answers_no_publisher_raises(
    fake: FakeSource, publisher: Publisher, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.add([fake.reply(1)])
    alert = row(outbox, fake.reply(1))
    rng = random.Random(fake.source)
    usual = fake.answer

    def anything(asked: Asked) -> Said:
        if rng.random() < 0.5:
            said = usual(asked)
            return Said(said.status, bent(said.body, rng), said.headers)
        return Said(rng.choice([200, 200, 400, 403, 404, 409, 422]), bent(None, rng))

    monkeypatch.setattr(fake, "answer", anything)
    fates, sights = set(), set()
    for _ in range(60):
        fates.add(publisher.send(alert).fate)
        sights.add(publisher.find(alert).sight)

    assert len(fates) > 1
    assert Sight.BLIND in sights or Sight.LATER in sights or Sight.ABSENT in sights


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_source_that_quotes_the_key_gets_it_into_no_error(
    fake: FakeSource,
    publisher: Publisher,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    outbox.add([fake.reply(1)])
    alert = row(outbox, fake.reply(1))
    usual = fake.answer
    sent: list[str] = []

    def quoting(asked: Asked) -> Said:
        said = usual(asked)
        if "token" in asked.path or "createSession" in asked.path:
            return said
        keys = [asked.headers.get(name, "") for name in ("Authorization", "Api-Key")]
        sent.extend(key.rpartition(" ")[2] for key in keys if key)
        return Said(status, {"message": f"I know you: {' '.join(keys)}"})

    monkeypatch.setattr(fake, "answer", quoting)

    errors = publisher.send(alert).error + publisher.find(alert).error

    assert sent
    assert "I know you" in errors
    assert not [key for key in sent if key[:12] in errors]


def bent(body: Any, rng: random.Random) -> Any:
    """Put a wrong value in one place of an answer."""
    wrong: Any = rng.choice(
        [None, [], {}, "words", 7, True, [[]], [None], {"id": []}, [{"id": {}}]]
    )
    if isinstance(body, dict) and body and rng.random() < 0.8:
        name = rng.choice(sorted(body))
        return {**body, name: bent(body[name], rng)}
    if isinstance(body, list) and body and rng.random() < 0.8:
        place = rng.randrange(len(body))
        return [*body[:place], bent(body[place], rng), *body[place + 1 :]]
    return wrong
