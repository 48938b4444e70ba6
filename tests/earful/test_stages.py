"""The stages wired: what scoring, judging and delivering do to a store, run once or twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import ConsoleTransport
from config.settings import Settings, parse_settings
from earful.routines.checkpoint_routine import judge_checkpoints
from earful.routines.digest_routine import write_digests
from earful.routines.forgetting_routine import forget_old
from earful.stages import deliver_stage, judge_stage, score_stage
from sentiment.scoring.classifier import Text
from storage.models import AlertKind, AlertState, Experience, Mention, Stance, Verdict
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


class WordClassifier:
    """A stand-in that is told the verdict by the text: wiring is tested here, not judgement."""

    def __init__(self, model: str = "words-1") -> None:
        self.model = model
        self.models = (model,)
        self.foreign: tuple[str, ...] = ()
        self.others: dict[str, object] = {}
        self.missing: dict[str, Exception] = {}
        self.batches: list[int] = []

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        self.batches.append(len(texts))
        if progress:
            progress(len(texts))
        return [self._one(text.text) for text in texts]

    def _one(self, text: str) -> Verdict:
        experience = next((one for one in Experience if one in text), Experience.NONE)
        stance = next((one for one in Stance if one in text), Stance.NEITHER)
        chances = dict.fromkeys((f"p_{one}" for one in (*Experience, *Stance)), 0.0)
        chances[f"p_{experience}"] = chances[f"p_{stance}"] = 1.0
        return Verdict(
            experience=experience,
            stance=stance,
            sure="unsure" not in text,
            model=self.model,
            unread=False,
            **chances,
        )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    raw = {
        "store": {"path": str(tmp_path / "earful.db")},
        "brands": [
            {
                "name": "Acme",
                "query": "acme",
                "checkpoints": [{"metric": "wow_rate", "target": 0.3, "window": "30d"}],
            }
        ],
    }
    return parse_settings(raw, {}, where="test")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store.open(settings.store.path, migrate=True) as store:
        yield store


def say(store: Store, *texts: str, hours_ago: float = 1, author: str = "Sam") -> None:
    first = store.mentions.count()
    store.mentions.save(
        [
            Mention(
                brand="Acme",
                source="shop",
                native_id=str(first + number),
                text=text,
                author=author,
                author_native_id=author,
                created_at=NOW - timedelta(hours=hours_ago),
                fetched_at=NOW,
            )
            for number, text in enumerate(texts)
        ]
    )


def process(store: Store, settings: Settings, classifier: object = None) -> judge_stage.Judged:
    score_stage.score(store, classifier or WordClassifier(), lambda: NOW)  # type: ignore[arg-type]
    return judge_stage.judge_waiting(store, settings, lambda: NOW)


def kinds(store: Store) -> list[AlertKind]:
    return [one.kind for one in store.outbox.waiting(NOW, 100)]


def test_angry_is_a_case_delighted_a_wow_and_the_rest_is_counted(
    store: Store, settings: Settings
) -> None:
    wow = "delighted by the crew that ran after us"
    say(store, "angry", "angry unsure", wow, "mediocre", "a question", author="")
    judged = process(store, settings)
    assert (judged.mentions, judged.cases, judged.alerts, judged.quiet) == (5, 1, 2, 0)
    assert kinds(store) == [AlertKind.COMPLAINT, AlertKind.WOW]
    (case,) = store.cases.unanswered()
    assert case.due_at == NOW + timedelta(hours=4)
    assert process(store, settings).mentions == 0
    assert len(kinds(store)) == 2


def test_old_mentions_make_one_summary_and_no_case(store: Store, settings: Settings) -> None:
    say(store, *["angry"] * 700, "delighted", hours_ago=25)
    judged = process(store, settings)
    assert (judged.mentions, judged.quiet, judged.cases) == (701, 701, 0)
    assert kinds(store) == [AlertKind.BACKLOG]
    assert "701" in store.outbox.waiting(NOW, 1)[0].payload["text"]


@pytest.mark.parametrize(("hours", "cases"), [(23.99, 1), (24, 1), (24.01, 0)])
def test_the_border_of_old(store: Store, settings: Settings, hours: float, cases: int) -> None:
    say(store, "angry", hours_ago=hours)
    assert process(store, settings).cases == cases


def test_an_edit_is_judged_again_and_posts_nothing_twice(store: Store, settings: Settings) -> None:
    say(store, "angry")
    process(store, settings)
    (old,) = [store.mentions.get("shop:0")]
    assert old is not None
    changed = Mention(
        brand="Acme", source="shop", native_id="0", text="still angry", author="Sam",
        created_at=old.created_at, fetched_at=NOW,
    )  # fmt: skip
    store.mentions.save([changed])
    assert process(store, settings).mentions == 1
    assert len(store.cases.unanswered()) == 1
    posted = [one for one in store.outbox.waiting(NOW, 9) if one.kind == AlertKind.COMPLAINT]
    assert len({one.dedupe_key for one in posted}) == 1


def test_an_advocate_who_turns_angry_and_a_hater_who_is_won_back(
    store: Store, settings: Settings
) -> None:
    say(store, "delighted advocate", hours_ago=100, author="Ann")
    say(store, "angry hater", hours_ago=100, author="Hal")
    process(store, settings)
    say(store, "angry", author="Ann")
    say(store, "delighted", author="Hal")
    process(store, settings)
    assert set(kinds(store)) >= {AlertKind.LOST_ADVOCATE, AlertKind.WON_BACK}
    flips = store.database.connection.execute("SELECT flip, author FROM flips ORDER BY 1")
    assert [tuple(row) for row in flips] == [("lost_advocate", "Ann"), ("won_back", "Hal")]


def test_scoring_stops_between_batches_and_goes_on(store: Store) -> None:
    say(store, *["mediocre"] * 3000)
    stop = threading.Event()
    classifier = WordClassifier()

    def stop_after_first(_: int) -> None:
        stop.set()

    done = score_stage.score(
        store,
        classifier,  # type: ignore[arg-type]
        lambda: NOW,
        stop_after_first,
        stop=stop.is_set,
    )
    assert done == 128
    assert store.verdicts.count_waiting() == 2872
    assert score_stage.score(store, classifier, lambda: NOW) == 2872  # type: ignore[arg-type]
    assert classifier.batches == [128, 128, 256, 512, 1024, 952]


def test_the_newest_are_scored_and_judged_first(store: Store, settings: Settings) -> None:
    say(store, *["mediocre"] * 300, hours_ago=500)
    say(store, "angry", hours_ago=1)
    seen: list[int] = []

    def judge_early() -> None:
        seen.append(judge_stage.judge_fresh(store, settings, lambda: NOW).cases)

    score_stage.score(store, WordClassifier(), lambda: NOW, after_batch=judge_early)  # type: ignore[arg-type]
    assert seen == [1, 0]
    assert kinds(store) == [AlertKind.COMPLAINT]
    assert judge_stage.judge_waiting(store, settings, lambda: NOW).quiet == 300


def test_a_new_model_scores_anew_and_keeps_the_old_verdicts(
    store: Store, settings: Settings
) -> None:
    say(store, "angry", "delighted")
    process(store, settings)
    newer = WordClassifier("words-2")
    assert score_stage.rescore(store, newer, lambda: NOW) == 2  # type: ignore[arg-type]
    assert score_stage.rescore(store, newer, lambda: NOW) == 0  # type: ignore[arg-type]
    rows = store.database.connection.execute("SELECT model, count(*) FROM verdicts GROUP BY 1")
    assert [tuple(row) for row in rows] == [("words-1", 2), ("words-2", 2)]
    assert judge_stage.judge_waiting(store, settings, lambda: NOW).mentions == 0


def test_the_console_shows_every_alert_once(
    store: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    say(store, "angry about <b>bags</b> & more")
    process(store, settings)
    for _ in range(2):
        result = deliver_stage.deliver_waiting(store, ConsoleTransport(sys.stdout), lambda: NOW)
        assert result is not None
        assert result.good
    shown = capsys.readouterr().out
    assert shown.count("angry about <b>bags</b> & more") == 1
    assert "#voice-complaints" in shown
    assert store.outbox.counts()[AlertState.SENT] == 1


def test_a_second_sender_leaves_the_outbox_alone(store: Store) -> None:
    import io

    with FileLock(f"{store.database.path}.deliver.lock"):
        lost = deliver_stage.deliver_waiting(store, ConsoleTransport(io.StringIO()), lambda: NOW)
    assert lost is None
    won = deliver_stage.deliver_waiting(
        store, ConsoleTransport(io.StringIO()), lambda: NOW, pace=Pace(0), sleep=lambda _: None
    )
    assert won is not None


def test_the_digest_is_written_once_a_day_with_the_right_numbers(
    store: Store, settings: Settings
) -> None:
    # The digest of 09:00 tells of the day before it. It is Tuesday: the week's is a day late.
    say(store, "angry", "delighted words enough to be shown as the best wow", hours_ago=10)
    say(store, "mediocre", hours_ago=30)
    say(store, "angry", hours_ago=1)
    process(store, settings)
    before = len(store.outbox.waiting(NOW, 99))
    assert write_digests(store, settings, NOW) == 2
    assert write_digests(store, settings, NOW + timedelta(hours=20)) == 0
    digests = [one for one in store.outbox.waiting(NOW, 99)[before:] if one.root_key is None]
    assert {digest.kind for digest in digests} == {AlertKind.DIGEST}
    day, week = (digest.payload["text"] for digest in digests)
    assert "2 mentions (1 angry, 1 delighted)" in day
    assert "2 Mar 2026 to 9 Mar 2026: 1 mention (0 angry, 0 delighted)" in week
    assert write_digests(store, settings, NOW + timedelta(hours=22)) == 1


def test_no_digest_of_nothing(store: Store, settings: Settings) -> None:
    assert write_digests(store, settings, NOW) == 0


def test_a_checkpoint_is_celebrated_once_and_the_next_proposed(
    store: Store, settings: Settings
) -> None:
    for days in range(1, 13):
        say(store, *["delighted"] * 12, *["angry"] * 8, hours_ago=24 * days)
    process(store, settings)
    assert judge_checkpoints(store, settings, NOW) == 1
    assert judge_checkpoints(store, settings, NOW) == 0
    celebrated = [
        one for one in store.outbox.waiting(NOW, 999) if one.kind == AlertKind.CHECKPOINT
    ]
    assert len(celebrated) == 1
    assert "could be 64%" in celebrated[0].payload["text"]
    (goal,) = store.database.connection.execute("SELECT * FROM checkpoint_road").fetchall()
    assert (goal["state"], goal["target"], goal["next_target"]) == ("reached", 0.3, 0.64)
    assert (goal["value"], goal["n"]) == (0.6, 240)
    assert goal["sure"] > 0.98


def test_one_good_day_is_no_checkpoint_however_many_spoke(
    store: Store, settings: Settings
) -> None:
    say(store, *["delighted"] * 600, *["angry"] * 400, hours_ago=48)
    process(store, settings)
    assert judge_checkpoints(store, settings, NOW) == 0


def test_a_goal_that_the_config_lowers_is_told_once(store: Store, settings: Settings) -> None:
    say(store, "angry")
    process(store, settings)
    judge_checkpoints(store, settings, NOW)
    (brand,) = settings.brands
    (goal,) = brand.checkpoints
    lower = goal.model_copy(update={"target": 0.2})
    changed = settings.model_copy(
        update={"brands": (brand.model_copy(update={"checkpoints": (lower,)}),)}
    )
    for _ in range(2):
        judge_checkpoints(store, changed, NOW)
    (told,) = [one for one in store.outbox.waiting(NOW, 99) if one.kind == AlertKind.CHECKPOINT]
    assert "lowered in the config: it was 30% and is 20% now" in told.payload["text"]


def test_a_checkpoint_that_chance_could_reach_is_not_celebrated(
    store: Store, settings: Settings
) -> None:
    say(store, *["delighted"] * 4, *["angry"] * 6, hours_ago=48)
    process(store, settings)
    assert judge_checkpoints(store, settings, NOW) == 0


def test_retention_forgets_mentions_and_keeps_the_counts(store: Store, settings: Settings) -> None:
    say(store, "angry", hours_ago=24 * 800)
    process(store, settings)
    assert forget_old(store, settings, NOW) == 1
    assert store.mentions.count() == 0
    row = store.database.connection.execute("SELECT sum(angry) FROM daily_counts").fetchone()
    assert row[0] == 1
