"""One bad thing stops only itself, and what waited for it to be mended is not old."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts import messages
from alerts.decide import brand_alerts, rules, surges
from alerts.decide.ladder import due_rungs
from alerts.decide.metric_charts import Counted
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from config.checkpoint_metrics import CheckpointMetric
from config.errors import ConfigError, StoreError
from earful.brand_charts import BrandCharts
from earful.isolation import FIRST_WAIT, LONGEST_WAIT, Isolation, wait_after
from earful.policies import Policies
from earful.routines import (
    checkpoint_routine,
    digest_routine,
    leaderboard_routine,
    spike_routine,
)
from earful.routines.gather_digest import digest_numbers
from earful.stages import brand_judging, case_ladder, deliver_stage, judge_stage, score_stage
from sentiment.scoring.classifier import Text
from storage.database import Database
from storage.models import (
    AlertKind,
    AlertState,
    Case,
    CaseState,
    Experience,
    Failure,
    Mention,
    Verdict,
    Voice,
)
from storage.tables.new_alerts import MESSAGES
from tests.alerts.fake_slack import FakeSlack, Message
from tests.earful.test_cases import DAY, HOUR, MINUTE, NOW, World
from tests.earful.test_stages import WordClassifier
from tests.storage.erasure import ERASURE

BRANDS = [
    {"name": "Acme", "query": "acme", "staff": ["Rita"]},
    {"name": "Bolt", "query": "bolt", "quiet_hours": ""},
]
POISON = "poison"
LONG = "https://shop.example/?" + "&".join(f"a{number:03}=" for number in range(200))
LONG = LONG.ljust(1316, "x")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "earful.db", brands=BRANDS)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    channels = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
    with FakeSlack(channels=channels) as slack:
        yield slack


def deliver(world: World, slack: FakeSlack) -> list[Message]:
    """Send what waits; gives the complaints that Slack has, without their threads."""
    result = deliver_stage.deliver_waiting(
        world.store,
        BotTransport(slack.token, api_url=slack.api_url, buttons=True),
        lambda: world.now,
        pace=Pace(0),
    )
    assert result is not None
    assert result.good, result.problems
    return [one for one in slack.messages("voice-complaints") if one.thread_ts is None]


def failing(world: World, stage: str) -> list[str]:
    return sorted(world.store.failures.of(stage))


def break_judging(monkeypatch: pytest.MonkeyPatch, is_bad: Callable[[Voice], bool]) -> None:
    def judge(voices: Sequence[Voice], *rest: Any) -> Any:
        if any(map(is_bad, voices)):
            raise RuntimeError("cannot be judged")
        return rules.judge(voices, *rest)

    monkeypatch.setattr("earful.stages.brand_judging.judge", judge)


def is_poison(voice: Voice) -> bool:
    return POISON in voice.mention.text


class TestLinks:
    def test_a_link_that_grows_when_escaped_stops_nobody(
        self, world: World, slack: FakeSlack
    ) -> None:
        assert (len(LONG), LONG.count("&")) == (1316, 199)
        world.say("They lost my bag.", url=LONG, judge=False)
        world.say("They lost my coat.")
        long, other = deliver(world, slack)
        assert f"<{LONG.replace('&', '&amp;')}|Read it in the import “shop”>" in str(long.blocks)
        assert "They lost my coat." in other.text

    def test_an_open_case_with_a_long_link_stops_no_digest(
        self, world: World, slack: FakeSlack
    ) -> None:
        world.say("They lost my bag.", url="https://shop.example/".ljust(1784, "x"))
        world.say("They lost my coat.", brand="Bolt")
        world.now += DAY
        assert digest_routine.write_digests(world.store, world.settings, world.now) == 2
        deliver(world, slack)
        acme, bolt = (one for one in slack.messages("voice-digest") if "open case" in one.text)
        assert "the link is too long for Slack; the view `voice` has it" in str(acme.blocks)
        assert bolt.text.startswith("Bolt")
        assert failing(world, MESSAGES) == []


class TestJudging:
    def test_a_voice_that_cannot_be_judged_waits_and_alerts_once_mended(
        self, world: World, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, is_poison)
        world.say("They lost my bag.", judge=False)
        bad = world.say(f"They sold me {POISON}.", judge=False)
        world.say("They lost my coat.", judge=False)
        world.say("Bolt lost my hat.", brand="Bolt")
        assert len(deliver(world, slack)) == 3
        assert failing(world, "judge") == [f"mention {bad.id}"]
        for _ in range(25):
            world.now += HOUR
            world.judge()
        world.say("They lost my shoes.")
        assert len(deliver(world, slack)) == 4
        assert world.store.cases.of_mention(bad.id) is None

        monkeypatch.setattr("earful.stages.brand_judging.judge", rules.judge)
        world.now += HOUR
        world.judge()
        assert POISON in deliver(world, slack)[-1].text
        assert world.case(bad).due_at == world.now + 4 * HOUR
        assert failing(world, "judge") == []

    def test_what_waited_while_nothing_could_be_judged_is_told(
        self, world: World, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, lambda voice: True)
        monkeypatch.setattr(Policies, "of", _raise(ConfigError("no policy")))
        for number in range(4):
            world.say(f"Complaint {number} of its own kind.", judge=False)
        world.say("Bolt lost my hat.", brand="Bolt")
        assert failing(world, "judge") == ["brand Acme", "brand Bolt"]
        world.now += 25 * HOUR
        world.judge()
        assert deliver(world, slack) == []

        monkeypatch.undo()
        world.now += HOUR
        world.judge()
        assert len(deliver(world, slack)) == 5
        assert failing(world, "judge") == []

    def test_a_brand_whose_policy_is_wrong_stops_no_other(self, tmp_path: Path) -> None:
        brands = [{"name": "Acme", "query": "acme", "quiet_hours": "at night"}, BRANDS[1]]
        world = World(tmp_path / "earful.db", brands=brands)
        said = world.say("They lost my bag.")
        other = world.say("Bolt lost my hat.", brand="Bolt")
        assert failing(world, "judge") == ["brand Acme"]
        assert world.store.cases.of_mention(said.id) is None
        world.now += 5 * HOUR
        world.judge()
        assert world.events(other) == ["opened", "overdue"]
        (failure,) = world.store.failures.of("judge").values()
        assert failure.error.startswith('brands[0].quiet_hours = "at night"')

    def test_a_flood_after_a_fault_is_one_incident(
        self, world: World, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, lambda voice: True)
        for number in range(40):
            world.say(f"Nobody can log in, number {number}.", judge=False)
        world.judge()
        world.now += 30 * HOUR
        monkeypatch.undo()
        world.judge()
        (told,) = deliver(world, slack)
        assert "40 complaints" in told.text
        assert len(world.store.cases.unanswered()) == 40

    def test_the_order_within_a_brand_stays(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, is_poison)
        first = world.say("They lost my bag.", author="Hal", judge=False)
        world.say(f"They sold me {POISON}.", judge=False)
        again = world.say("Still no bag after all this time.", author="Hal")
        assert world.case(again) == world.case(first)

    def test_of_many_each_bad_one_is_found(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, is_poison)
        said = [
            world.say(f"{POISON if number in (3, 4, 31) else 'fine'} {number}",
                      Experience.MEDIOCRE, judge=False)
            for number in range(40)
        ]  # fmt: skip
        world.judge()
        bad = sorted(f"mention {said[number].id}" for number in (3, 4, 31))
        assert failing(world, "judge") == bad
        assert world.store.judgements.count_unjudged() == 3

    def test_a_page_of_bad_voices_keeps_the_good_ones_for_one_pass_at_most(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(judge_stage, "_JUDGE_BATCH", 10)
        break_judging(monkeypatch, is_poison)
        for _ in range(25):
            world.say(POISON, judge=False)
        good = world.say("They lost my bag.", judge=False)
        for tried in (10, 20):
            world.judge()
            assert len(failing(world, "judge")) == tried
        world.judge()
        assert len(failing(world, "judge")) == 25
        assert world.case(good).state is CaseState.OPEN

    def test_a_bad_voice_is_tried_less_and_less_often(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried = []

        def is_bad(voice: Voice) -> bool:
            tried.append(world.now)
            return True

        break_judging(monkeypatch, is_bad)
        world.say(POISON, judge=False)
        for _ in range(180):
            world.judge()
            world.now += MINUTE
        minutes = [int((at - NOW) / MINUTE) for at in tried]
        assert minutes == [0, 1, 3, 7, 15, 31, 63, 123]

    def test_a_bad_voice_that_is_erased_fails_no_more(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, is_poison)
        bad = world.say(POISON)
        assert failing(world, "judge") == [f"mention {bad.id}"]
        world.store.upkeep.forget_author(str(bad.author_id), ERASURE)
        world.judge()
        assert failing(world, "judge") == []

    def test_an_incident_that_cannot_be_told_leaves_the_complaints(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(surges, "grown", _raise(ValueError("odd words")))
        for number in range(20):
            world.say(f"Nobody can log in, number {number}.", judge=False)
        world.judge()
        assert len(world.posts(AlertKind.COMPLAINT)) == 20
        assert failing(world, "judge") == ["incident of Acme"]
        world.now += DAY
        world.judge()
        assert failing(world, "judge") == []

    def test_a_source_that_cannot_be_summed_up_stops_no_other(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def bad(brand: str, source: str, *rest: Any) -> Any:
            if source == "mill":
                raise ValueError("no summary")
            return brand_alerts.backlog(brand, source, *rest)

        monkeypatch.setattr(judge_stage, "backlog", bad)
        for source in ("mill", "shop"):
            world.say("Old.", source=source, created_at=NOW - 9 * DAY, judge=False)
        world.judge()
        assert [row["brand"] for row in world.posts(AlertKind.BACKLOG)] == ["Acme"]
        assert failing(world, "judge") == ["backlog of Acme, mill"]
        monkeypatch.undo()
        world.now += MINUTE
        world.judge()
        assert len(world.posts(AlertKind.BACKLOG)) == 2
        assert failing(world, "judge") == []

    def test_copies_that_cannot_be_linked_keep_nobody_waiting(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(world.store.copies, "link", _raise(ValueError("odd text")))
        world.say("They lost my bag.")
        assert len(world.posts()) == 1
        assert failing(world, "judge") == ["copies"]

    def test_a_fault_of_the_store_is_no_voices_fault(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for error in (StoreError("full"), sqlite3.OperationalError("locked")):
            monkeypatch.setattr(brand_judging, "judge", _raise(error))
            with pytest.raises(type(error)):
                world.say("They lost my bag.")
        assert failing(world, "judge") == []

    def test_what_does_not_fit_into_the_store_is_its_own_fault(self, world: World) -> None:
        isolation = Isolation(world.store, "judge", NOW)
        with isolation.subject("mention a"):
            raise StoreError("a value does not fit") from sqlite3.IntegrityError("NOT NULL")
        with isolation.subject("mention b"), world.store.database.transaction() as connection:
            connection.execute("INSERT INTO clicks (key, at) VALUES ('x', NULL)")
        assert failing(world, "judge") == ["mention a", "mention b"]

    def test_cases_are_seen_to_when_the_rules_fail(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.say("They lost my bag.")
        world.now += 5 * HOUR
        monkeypatch.setattr(world.store.judgements, "backlogs", _raise(RuntimeError("no")))
        with pytest.raises(RuntimeError):
            world.judge()
        assert "1 complaint" in str(world.posts(AlertKind.OPS))


class TestAge:
    def test_an_edit_of_what_waits_makes_it_no_older(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        break_judging(monkeypatch, lambda voice: True)
        said = world.say("They lost my bag.")
        for hours in (30, 60):
            world.now = NOW + hours * HOUR
            world.change(replace(said, text=f"No bag for {hours} hours.", fetched_at=world.now))
        monkeypatch.undo()
        world.now += HOUR
        world.judge()
        assert world.case(said).due_at == world.now + 4 * HOUR

    def test_an_edit_of_what_was_judged_is_as_old_as_ever(self, world: World) -> None:
        said = world.say("It was all right.", Experience.MEDIOCRE)
        world.now += 30 * HOUR
        # A source that rewrites its pages is no news, another feeling is.
        edit = replace(said, text="It was alright.", fetched_at=world.now, edited_at=world.now)
        world.change(edit, Experience.MEDIOCRE)
        assert world.posts() == []
        world.now += HOUR
        world.change(replace(edit, text="It is broken now.", fetched_at=world.now,
                             edited_at=world.now))  # fmt: skip
        assert len(world.posts(AlertKind.COMPLAINT)) == 1

    def test_what_was_old_when_the_store_got_it_is_quiet(self, world: World) -> None:
        world.say("They lost my bag.", created_at=NOW - 25 * HOUR)
        world.say("They lost my hat.", created_at=None)
        assert [row["kind"] for row in world.posts()] == ["backlog"]
        assert world.store.cases.unanswered() == []

    def test_a_copy_that_waited_as_long_alerts_no_second_time(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story = "Acme has cancelled every flight out of Springfield " * 8
        break_judging(monkeypatch, lambda voice: True)
        monkeypatch.setattr(world.store.copies, "link", lambda since=None: 0)
        for host in "ab":
            world.say(story, author=host, url=f"https://{host}.example/", judge=False)
        monkeypatch.undo()
        world.now += 70 * DAY
        world.judge()
        assert len(world.posts(AlertKind.COMPLAINT)) == 1


class TestPlainForm:
    def test_a_complaint_whose_message_cannot_be_built_is_told_plainly(
        self, world: World, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(messages.case_cards, "voice_blocks", _raise(ValueError("no looks")))
        said = world.say("They lost my <bag>.", url=LONG, author="Sam :tada:")
        (told,) = deliver(world, slack)
        assert "They lost my &lt;bag&gt;." in told.text
        section, actions, _ = told.blocks
        assert "Sam :tada: in the import “shop”: They lost my <bag>." in section["text"]["text"]
        assert LONG in section["text"]["text"]
        assert "answer by 2026-11-24 13:30 UTC" in section["text"]["text"]
        assert [one["action_id"] for one in actions["elements"]][:2] == [
            "case_claim", "case_answer",
        ]  # fmt: skip
        (failure,) = world.store.failures.of(MESSAGES).values()
        assert failure.subject == f"alert complaint:{said.id}"
        assert failure.error == "Case: ValueError: no looks"

        monkeypatch.undo()
        world.now += HOUR
        world.act(said, "claim")
        deliver(world, slack)
        assert "Claimed by dana" in str(slack.messages("voice-complaints")[0].blocks)
        assert failing(world, MESSAGES) == []

    def test_ops_know_of_a_plain_message_for_a_day(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(messages.voice_cards, "voice_blocks", _raise(ValueError("no looks")))
        said = world.say("Rita ran after us with the bear.", Experience.DELIGHTED)
        for hours, known in ((1, 1), (22, 1), (2, 0)):
            world.now += hours * HOUR
            world.judge()
            assert len(failing(world, MESSAGES)) == known
        assert world.posts(AlertKind.WOW)[0]["mention_id"] == said.id


class TestCases:
    def test_one_case_that_cannot_be_moved_stops_no_other(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, good = world.say("They lost my bag."), world.say("They lost my coat.")
        replied = world.say("They lost my hat.", brand="Bolt")

        def rungs(ladder: Any, case: Case, *rest: Any, **more: Any) -> Any:
            if case.mention_id == bad.id:
                raise OverflowError("date value out of range")
            return due_rungs(ladder, case, *rest, **more)

        monkeypatch.setattr(case_ladder, "due_rungs", rungs)
        world.now += 5 * HOUR
        world.change(replace(replied, owner_reply="Sorry!", owner_replied_at=world.now))
        assert world.events(good) == ["opened", "overdue"]
        assert world.events(bad) == ["opened"]
        assert world.case(replied).state is CaseState.RESPONDED
        assert failing(world, "cases") == [f"mention {bad.id}"]
        monkeypatch.undo()
        world.now += MINUTE
        world.judge()
        assert world.events(bad) == ["opened", "overdue"]
        assert failing(world, "cases") == []

    def test_a_case_that_ended_fails_no_more(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said = world.say("They lost my bag.")
        monkeypatch.setattr(case_ladder, "due_rungs", _raise(ValueError("no")))
        world.judge()
        assert failing(world, "cases") == [f"mention {said.id}"]
        world.act(said, "close")
        world.judge()
        assert failing(world, "cases") == []

    def test_an_incident_that_cannot_end_stops_no_other(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for brand in ("Acme", "Bolt"):
            for number in range(20):
                world.say(f"Nobody can log in, number {number}.", brand=brand, judge=False)
        world.judge()
        over = surges.is_over

        def is_over(state: Any, *rest: Any) -> Any:
            if state.brand == "Acme":
                raise ValueError("no end")
            return over(state, *rest)

        monkeypatch.setattr(surges, "is_over", is_over)
        world.now += 2 * HOUR
        world.judge()
        assert [one.brand for one in world.store.incidents.open()] == ["Acme"]
        assert failing(world, "cases") == ["incident of Acme"]


class TestRoutines:
    def test_each_brand_has_its_digest_and_each_digest_its_chart_apart(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for brand in ("Acme", "Bolt"):
            world.say("They lost my bag.", brand=brand)
        world.now += DAY

        def bad(store: Any, brand: Any, *rest: Any) -> Any:
            if brand.name == "Acme":
                raise ValueError("no numbers")
            return digest_numbers(store, brand, *rest)

        monkeypatch.setattr(digest_routine, "digest_numbers", bad)
        monkeypatch.setattr(digest_routine, "chart_alert", _raise(ValueError("no picture")))
        assert digest_routine.write_digests(world.store, world.settings, world.now) == 1
        assert failing(world, "digests") == ["Acme", "Bolt, the chart"]
        assert digest_routine.write_late_digests(world.store, world.settings, world.now) == 0
        monkeypatch.undo()
        # By itself, a quarter of an hour later.
        assert digest_routine.write_late_digests(world.store, world.settings, world.now) == 1
        assert [row["brand"] for row in world.posts(AlertKind.DIGEST)] == ["Bolt", "Acme"]

    @pytest.mark.parametrize(
        ("stage", "routine", "needs"),
        [
            ("spikes", spike_routine.watch_spikes, "incidents.counts"),
            ("leaderboards", leaderboard_routine.write_leaderboards, "insight.kudos"),
        ],
    )
    def test_each_brand_is_watched_apart(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        stage: str,
        routine: Callable[..., int],
        needs: str,
    ) -> None:
        part, name = needs.split(".")
        asked = []

        def bad(brand: str, *rest: Any) -> Any:
            asked.append(brand)
            raise ValueError("no numbers")

        monkeypatch.setattr(getattr(world.store, part), name, bad)
        assert routine(world.store, world.settings, world.now) == 0
        assert asked == ["Acme", "Bolt"] == failing(world, stage)

    def test_each_checkpoint_is_judged_apart(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        goals = [{"metric": "wow_rate", "target": 0.3, "window": "30d"}]
        goals.append({"metric": "coverage", "target": 0.5, "window": "30d"})
        brands = [{"name": "Acme", "query": "acme", "checkpoints": goals}]
        world = World(tmp_path / "earful.db", brands=brands)
        for number in range(60):
            said_at = NOW - (1 + number % 12) * DAY
            world.say(f"wow {number}", Experience.DELIGHTED, created_at=said_at, judge=False)
        over = BrandCharts.over

        def no_answers(
            charts: BrandCharts, metric: CheckpointMetric, *how: int, **more: bool
        ) -> Counted:
            if metric is CheckpointMetric.COVERAGE:
                raise ValueError("no answers")
            return over(charts, metric, *how, **more)

        monkeypatch.setattr(BrandCharts, "over", no_answers)
        assert checkpoint_routine.judge_checkpoints(world.store, world.settings, world.now) == 1
        assert failing(world, "checkpoints") == ["coverage of Acme"]


class Picky(WordClassifier):
    """Fails with some texts; `error` is what it raises."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.is_bad: Callable[[str], bool] = lambda text: POISON in text

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        if any(self.is_bad(text.text) for text in texts):
            raise self.error
        return super().classify(texts, progress=progress)


def unscored(world: World, *texts: str) -> list[Mention]:
    said = [
        Mention(brand="Acme", source="shop", native_id=f"u{number}", text=text,
                created_at=NOW, fetched_at=NOW)
        for number, text in enumerate(texts)
    ]  # fmt: skip
    world.store.mentions.save(said)
    return said


class TestScoring:
    @pytest.mark.parametrize("error", [ValueError("odd text"), MemoryError()])
    def test_a_text_that_cannot_be_scored_stops_only_itself(
        self, world: World, error: Exception
    ) -> None:
        unscored(world, *(["fine"] * 200), POISON, *(["fine"] * 200))
        classifier: Any = Picky(error)
        assert score_stage.score(world.store, classifier, lambda: world.now) == 400
        assert failing(world, "score") == ["mention shop:u200"]
        assert world.store.verdicts.count_waiting() == 1
        world.now += MINUTE / 2
        classifier.is_bad = lambda text: False
        assert score_stage.score(world.store, classifier, lambda: world.now) == 0
        world.now += MINUTE
        assert score_stage.score(world.store, classifier, lambda: world.now) == 1
        assert failing(world, "score") == []

    def test_a_classifier_that_fails_with_everything_is_at_fault_itself(
        self, world: World
    ) -> None:
        unscored(world, "one", "two", "three")
        classifier: Any = Picky(RuntimeError("no kernel"))
        classifier.is_bad = lambda text: True
        with pytest.raises(RuntimeError, match="no kernel"):
            score_stage.score(world.store, classifier, lambda: world.now)
        assert failing(world, "score") == []

    def test_what_is_done_after_a_batch_may_fail(self, world: World) -> None:
        unscored(world, *(["fine"] * 300))
        classifier: Any = WordClassifier()
        done = score_stage.score(
            world.store, classifier, lambda: world.now, after_batch=_raise(ValueError("no"))
        )
        assert done == 300

    def test_scoring_anew_passes_over_a_bad_text(self, world: World) -> None:
        unscored(world, "fine", POISON, "fine too")
        older: Any = WordClassifier("words-0")
        score_stage.score(world.store, older, lambda: world.now)
        classifier: Any = Picky(ValueError("odd text"))
        assert score_stage.rescore(world.store, classifier, lambda: world.now) == 2
        assert world.store.verdicts.count_stale(["words-1"]) == 1


class TestDelivery:
    def test_a_damaged_row_stops_only_itself(self, world: World, slack: FakeSlack) -> None:
        bad, good = world.say("They lost my bag."), world.say("They lost my coat.")
        with world.store.database.transaction() as connection:
            connection.execute(
                'UPDATE alerts SET payload = \'{"text": "They lo\' WHERE mention_id = ?', (bad.id,)
            )
        result = self._deliver(world, slack)
        assert "Its payload in the store is damaged" in str(result.problems)
        (told,) = slack.messages("voice-complaints")
        assert good.text in told.text
        assert world.store.outbox.counts()[AlertState.PARKED] == 1

    def test_an_alert_over_which_sending_fails_makes_way(
        self, world: World, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, good = world.say("They lost my bag."), world.say("They lost my coat.")
        post = BotTransport.send

        def send(self: BotTransport, alert: Any, **more: Any) -> Any:
            if alert.mention_id == bad.id:
                raise KeyError("ts")
            return post(self, alert, **more)

        monkeypatch.setattr(BotTransport, "send", send)
        for _ in range(6):
            self._deliver(world, slack)
            world.now += MINUTE
        (told,) = slack.messages("voice-complaints")
        assert good.text in told.text
        (row,) = world.rows("SELECT * FROM alerts WHERE state = 'parked'")
        assert row["attempts"] == 3
        assert row["error"].startswith("Earful failed over this alert")
        assert row["may_be_posted"] == 1
        assert failing(world, "deliver") == [f"alert {row['id']}"]
        world.store.outbox.drop(row["id"])
        self._deliver(world, slack)
        assert failing(world, "deliver") == []

    def test_an_alert_over_which_looking_fails_makes_way(
        self, world: World, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.say("They lost my bag.")
        (waiting,) = world.store.outbox.waiting(world.now, 9)
        world.store.outbox.claim(waiting.id, world.now)
        good = world.say("They lost my coat.")
        world.now += MINUTE
        monkeypatch.setattr(BotTransport, "find", _raise(KeyError("messages")))
        self._deliver(world, slack)
        (told,) = slack.messages("voice-complaints")
        assert good.text in told.text
        assert world.store.outbox.counts()[AlertState.PARKED] == 1

    @staticmethod
    def _deliver(world: World, slack: FakeSlack) -> Any:
        transport = BotTransport(slack.token, api_url=slack.api_url)
        return deliver_stage.deliver_waiting(
            world.store, transport, lambda: world.now, pace=Pace(0)
        )


def test_the_wait_doubles_up_to_an_hour() -> None:
    waits = [
        wait_after(
            Failure(
                stage="s",
                subject="a",
                failures=number,
                total=number,
                error="",
                first_at=NOW,
                last_at=NOW,
            )
        )
        for number in (1, 2, 3, 6, 7, 100)
    ]
    assert waits == [FIRST_WAIT, 2 * MINUTE, 4 * MINUTE, 32 * MINUTE, LONGEST_WAIT, LONGEST_WAIT]


def test_what_lacked_memory_is_tried_again_each_minute(world: World) -> None:
    for times in range(6):
        isolation = Isolation(world.store, "score", NOW + times * HOUR)
        assert isolation.waiting("mention") == []
        isolation.failed("mention shop:1", MemoryError())
        isolation.failed("mention shop:2", ValueError("odd"))
    after = Isolation(world.store, "score", NOW + 5 * HOUR + FIRST_WAIT)
    assert after.waiting("mention") == ["shop:2"]


def test_a_failure_is_written_after_the_rollback(world: World) -> None:
    isolation = Isolation(world.store, "judge", NOW)
    database: Database = world.store.database
    with isolation.subject("mention a"), database.transaction() as connection:
        connection.execute("INSERT INTO clicks (key, at) VALUES ('x', 'y')")
        raise ValueError("half done")
    assert failing(world, "judge") == ["mention a"]
    assert world.rows("SELECT * FROM clicks") == []


def _raise(error: Exception) -> Callable[..., Any]:
    def raising(*_: Any, **__: Any) -> Any:
        raise error

    return raising
