"""What mentions are about: sorted after scoring, found again, counted, shown by the command."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings import Settings, parse_settings
from earful.routines.topic_routine import find_topics, find_topics_again
from earful.stages import score_stage
from earful.stages.topic_stage import sort_mentions
from earful.topic_upkeep.known_topics import pack_vectors, vectors_of
from earful.topic_upkeep.period_figures import PERIODS, write_figures
from sentiment.relevance import embedding
from sentiment.scoring.text import Text
from storage.models import Mention, TopicKind, TopicState
from storage.store import Store
from storage.tables.relevance_labels import Weighed
from storage.tables.topic_figures import NO_TOPIC, TopicPeriod
from tests.earful.conftest import Earful
from tests.earful.test_relevance import WordEmbedder
from tests.earful.test_stages import WordClassifier

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BAGS = [
    "suitcase",
    "bag",
    "luggage",
    "belt",
    "carousel",
    "lost",
    "claim",
    "tag",
    "trolley",
    "handle",
]
CREW = [
    "crew",
    "steward",
    "smile",
    "friendly",
    "greeting",
    "cabin",
    "blanket",
    "tea",
    "hostess",
    "singing",
]
APP = [
    "app",
    "update",
    "login",
    "crash",
    "password",
    "screen",
    "button",
    "version",
    "install",
    "menu",
]
# What people say whatever they speak of.
FILLERS = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "weekend",
    "morning",
    "evening",
    "summer",
    "winter",
    "mother",
    "father",
    "brother",
    "sister",
    "family",
    "office",
    "london",
    "paris",
    "madrid",
    "berlin",
    "business",
    "holiday",
    "first",
    "second",
    "third",
    "train",
    "taxi",
    "coffee",
    "music",
    "rain",
]
CONFIG = '[store]\npath = "earful.db"\n[[brands]]\nname = "Delta"\nquery = "delta"\n'


class SubjectEmbedder(WordEmbedder):
    """A stand-in that knows what three kinds of words are about; others are noise to it."""

    def vectors(self, texts: Sequence[Text]) -> Any:
        noise = super().vectors(texts)
        about = np.zeros_like(noise)
        for row, text in enumerate(texts):
            words = f"{text.title or ''} {text.text}".lower().split()
            for axis, subject in enumerate((BAGS, CREW, APP)):
                about[row, axis] = sum(word in subject for word in words)
        made = noise + about
        made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
        return embedding.unpacked([embedding.pack(one) for one in made])


class Brand:
    """A store of one brand whose mentions are sorted by their words, without the backbone."""

    def __init__(self, path: Path, *, enabled: bool = True, **brand: Any) -> None:
        raw = {
            "store": {"path": str(path)},
            "topics": {"enabled": enabled},
            "brands": [{"name": "Delta", "query": "delta"} | brand],
        }
        self.settings: Settings = parse_settings(raw, {}, where="test")
        self.store = Store.open(path, migrate=True)
        self.embedder: WordEmbedder = SubjectEmbedder()
        self.now = NOW
        self._chance = random.Random(3)
        self._number = 0

    def say(self, words: Sequence[str], feeling: str, ago: int = 0, **more: Any) -> Mention:
        """Let somebody say some of these words, and others, so many days ago."""
        self._number += 1
        told = list(words)
        if len(told) >= 10:
            told = self._chance.sample(told, 5) + self._chance.sample(FILLERS, 3)
        values: dict[str, Any] = {
            "text": " ".join((*told, feeling)),
            "author": f"author {self._number}",
            "created_at": self.now - timedelta(days=ago, seconds=self._number),
            "language": "en",
        }
        mention = Mention(
            brand="Delta",
            source="shop",
            native_id=str(self._number),
            fetched_at=self.now,
            **(values | more),
        )
        self.store.mentions.save([mention])
        return mention

    def tell(self, days: int = 30, of_each: int = 1) -> None:
        """Tell of bags angrily, of the crew happily, of the app in passing, day by day."""
        for ago in range(days - 1, -1, -1):
            for words, feeling in ((BAGS, "angry"), (CREW, "delighted"), (APP, "mediocre")):
                for _ in range(of_each):
                    self.say(words, feeling, ago)

    def sort(self, now: datetime = NOW, **how: Any) -> int:
        score_stage.score(self.store, WordClassifier(), lambda: now)  # type: ignore[arg-type]
        return sort_mentions(
            self.store,
            self.settings,
            lambda: now,
            load=lambda: self.embedder,
            **how,
        )

    def find(self, now: datetime = NOW) -> None:
        """Sort, find topics where that is due, sort what they may be about, and count."""
        self.sort(now)
        find_topics(self.store, self.settings, now)
        self.sort(now)
        write_figures(self.store, self.settings, now)

    def topic_of(self, mention: Mention) -> int | None:
        row = self.store.database.connection.execute(
            "SELECT t.topic_id FROM mention_topics t JOIN mentions m ON m.seq = t.seq "
            "WHERE m.id = ? AND t.place = 1",
            (mention.id,),
        ).fetchone()
        return int(row[0]) if row else None

    def topic(self, words: Sequence[str]) -> int:
        """Give the topic that most mentions of these words are about."""
        rows = self.store.database.connection.execute(
            "SELECT m.text, t.topic_id FROM mention_topics t JOIN mentions m ON m.seq = t.seq "
            "WHERE t.place = 1"
        )
        of_words = Counter(row[1] for row in rows if len({*row[0].split()} & {*words}) >= 5)
        ((topic, _),) = of_words.most_common(1)
        return int(topic)

    def about(self, topic: int, days: int) -> list[Mention]:
        """Give the mentions of the last days that are about a topic, counted by hand."""
        rows = self.store.database.connection.execute(
            "SELECT m.id FROM mention_topics t JOIN mentions m ON m.seq = t.seq "
            "WHERE t.topic_id = ?",
            (topic,),
        )
        first = self.now.date() - timedelta(days=days - 1)
        found = self.store.mentions.many([row[0] for row in rows]).values()
        return [one for one in found if one.created_at and one.created_at.date() >= first]

    def periods(self, days: int) -> dict[int, TopicPeriod]:
        listed = self.store.topic_figures.listed("Delta", days)
        found = {one.id: one.period for one in listed if one.period is not None}
        rest = self.store.topic_figures.untopical("Delta", days)
        return found | ({NO_TOPIC: rest} if rest else {})


@pytest.fixture
def brand(tmp_path: Path) -> Brand:
    return Brand(tmp_path / "earful.db")


# Sorted.


def test_topics_are_found_and_mentions_about_the_same_are_of_the_same(brand: Brand) -> None:
    brand.tell()
    brand.find()
    bags, crew, app = (brand.topic(words) for words in (BAGS, CREW, APP))
    assert len({bags, crew, app}) == 3
    topic = brand.store.topics.get(bags)
    assert topic is not None
    assert {*" ".join(topic.words).split()} <= {*BAGS, "angry"}
    read = brand.embedder.read
    feelings = ((BAGS, "angry"), (CREW, "delighted"), (APP, "mediocre"))
    new = [brand.say(words, feeling) for words, feeling in feelings for _ in range(20)]
    assert brand.sort() == 60
    assert brand.embedder.read == read + 60
    found = [brand.topic_of(mention) for mention in new]
    for place, wanted in enumerate((bags, crew, app)):
        # The tenth part that lies farthest off is of no topic.
        assert found[20 * place : 20 * place + 20].count(wanted) >= 10
    assert brand.store.topic_sorting.count_waiting() == 0


def test_a_pass_may_be_stopped_anywhere_and_goes_on_where_it_was(brand: Brand) -> None:
    brand.tell(days=200)
    assert brand.sort(most=1) == 256
    assert brand.store.topic_sorting.count_waiting() == 344
    asked = iter([False, True])
    assert brand.sort(stop=lambda: next(asked)) == 256
    done: list[int] = []
    assert brand.sort(progress=done.append) == 88
    assert done == [88]
    assert brand.embedder.read == 600


def test_what_is_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    brand = Brand(path)
    brand.tell(days=200)
    for batches, left in ((1, 344), (0, 344), (1, 88)):
        command = [sys.executable, "-m", "tests.earful.killed_sort", str(path), str(batches)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert brand.store.topic_sorting.count_waiting() == left
    assert brand.sort() == 88
    counted = brand.store.database.connection.execute("SELECT count(*) FROM mention_vectors")
    assert counted.fetchone()[0] == 600


def test_an_answer_is_about_what_it_says_and_not_its_thread(brand: Brand) -> None:
    thread = " ".join(BAGS)
    answer = brand.say(CREW, "delighted", title=thread, parent_id="shop:0")
    mine = brand.say(CREW, "delighted", title=thread)
    brand.tell()
    brand.find()
    assert brand.topic_of(answer) in {brand.topic(CREW), None}
    assert brand.topic_of(mine) in {brand.topic(BAGS), None}


def test_a_text_that_cannot_be_read_stops_only_itself(brand: Brand) -> None:
    class Careful(SubjectEmbedder):
        def vectors(self, texts: Sequence[Text]) -> Any:
            if any("poison" in text.text for text in texts):
                raise RuntimeError("cannot read that")
            return super().vectors(texts)

    brand.embedder = Careful()
    bad = brand.say(["poison"], "angry")
    brand.tell(days=3)
    assert brand.sort() == 9
    assert brand.store.topic_sorting.still_waiting([bad.id]) == [bad.id]
    failing = brand.store.failures.of("topics")
    assert list(failing) == [f"mention {bad.id}"]
    # It is tried again later, and others go on meanwhile.
    brand.say(BAGS, "angry")
    assert brand.sort() == 1


def test_topics_that_are_switched_off_read_nothing(tmp_path: Path) -> None:
    brand = Brand(tmp_path / "earful.db", enabled=False)
    brand.tell()
    brand.find()
    assert brand.embedder.read == 0
    assert brand.store.topics.of("Delta") == []
    assert brand.store.topic_sorting.count_waiting() == 90, "for when they are switched on"


def test_a_vector_is_kept_small_and_true() -> None:
    vectors = np.random.default_rng(1).normal(size=(50, embedding.SIZE))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed = pack_vectors(vectors)
    assert {len(one) for one in packed} == {384}
    read = vectors_of(packed)
    assert np.linalg.norm(read, axis=1) == pytest.approx(1, abs=1e-5)
    assert ((read * vectors).sum(1) > 0.9998).all()
    assert (vectors_of(pack_vectors(np.zeros((1, embedding.SIZE)))) == 0).all()


def test_what_relevance_has_read_is_not_read_again(brand: Brand) -> None:
    mention = brand.say(BAGS, "angry")
    (vector,) = brand.embedder.vectors([Text(text=mention.text)])
    weighed = Weighed(
        mention=mention, encoder=embedding.ENCODER, vector=embedding.pack(vector), weighed=False
    )
    brand.store.relevance.weigh([weighed])
    read = brand.embedder.read
    assert brand.sort() == 1
    assert brand.embedder.read == read


# Own topics.


def test_an_own_topic_is_counted_by_its_words_before_any_is_found(tmp_path: Path) -> None:
    own = [{"name": "Lost luggage", "words": ["suitcase", "luggage"]}]
    brand = Brand(tmp_path / "earful.db", topics=own)
    mine = brand.say(["my", "suitcase", "is", "gone"], "angry")
    other = brand.say(["a", "friendly", "greeting"], "delighted")
    brand.find()
    (topic,) = brand.store.topics.of("Delta")
    assert (topic.kind, topic.name) == (TopicKind.OWN, "Lost luggage")
    assert brand.topic_of(mine) == topic.id
    assert brand.topic_of(other) is None
    assert brand.periods(7)[topic.id].mentions == 1
    # It goes with the config, and its mentions are sorted again.
    without = Brand(tmp_path / "earful.db")
    without.sort()
    assert without.store.topics.of("Delta") == []
    assert without.topic_of(mine) is None


def test_an_own_topic_takes_what_its_sentence_is_about(tmp_path: Path) -> None:
    own = [{"name": "Luggage", "about": "a suitcase or bag, and the belt"}]
    brand = Brand(tmp_path / "earful.db", topics=own)
    brand.tell()
    brand.find()
    own_topic = next(one for one in brand.store.topics.of("Delta") if one.kind is TopicKind.OWN)
    # What an ordinary text is like was measured once there were some.
    assert own_topic.usual > 0
    mine = brand.about(own_topic.id, 30)
    assert len(mine) >= 25
    assert all({*one.text.split()} & {*BAGS} for one in mine)
    assert brand.store.topic_sorting.count_waiting() == 0


# Found again.


def test_topics_keep_their_ids_and_names_while_a_brand_grows(brand: Brand) -> None:
    brand.tell()
    brand.find()
    before = {one.id: one.name for one in brand.store.topics.of("Delta")}
    bags = brand.topic(BAGS)
    for day in range(1, 8):
        brand.tell(days=3)
        now = NOW + timedelta(days=day)
        brand.sort(now)
        find_topics_again(brand.store, brand.settings, now)
    brand.sort()
    after = {one.id: one.name for one in brand.store.topics.of("Delta")}
    assert before.items() <= after.items()
    assert brand.topic(BAGS) == bags


def test_people_s_word_stays_through_refits(brand: Brand) -> None:
    brand.tell()
    brand.find()
    bags, crew, app = (brand.topic(words) for words in (BAGS, CREW, APP))
    brand.store.topics.rename(bags, "Lost luggage", by="dana", at=NOW)
    brand.store.topics.merge(app, crew, by="dana", at=NOW)
    brand.store.topics.hide(crew, by="dana", at=NOW)
    brand.tell(days=9)
    later = NOW + timedelta(days=1)
    brand.sort(later)
    find_topics_again(brand.store, brand.settings, later)
    assert brand.store.topics.get(bags).name == "Lost luggage"  # type: ignore[union-attr]
    assert brand.store.topics.get(crew).state is TopicState.HIDDEN  # type: ignore[union-attr]
    brand.tell(days=9)
    brand.sort(later)
    assert brand.topic(APP) == brand.topic(CREW) == crew


def test_a_refit_is_due_where_there_is_none_or_a_brand_has_grown_by_half(brand: Brand) -> None:
    fitted: Callable[[], datetime | None] = lambda: (  # noqa: E731
        last.fitted_at if (last := brand.store.topic_fits.last("Delta", "en")) else None
    )
    brand.tell(days=19)
    brand.find()
    assert fitted() is None, "57 mentions are too few"
    brand.tell(days=2)
    brand.find()
    assert fitted() == NOW
    later = NOW + timedelta(days=1)
    brand.tell(days=5)
    brand.find(later)
    assert fitted() == NOW, "it has not grown by half; the night finds them again"
    find_topics_again(brand.store, brand.settings, later)
    assert fitted() == later
    find_topics_again(brand.store, brand.settings, later + timedelta(days=1))
    assert fitted() == later, "nothing is new"


def test_nothing_is_found_nor_counted_while_much_waits_to_be_sorted(brand: Brand) -> None:
    brand.tell()
    score_stage.score(brand.store, WordClassifier(), lambda: NOW)  # type: ignore[arg-type]
    find_topics(brand.store, brand.settings, NOW)
    assert brand.store.topics.of("Delta") == []
    brand.find()
    figures = brand.periods(28)
    brand.tell(days=25)
    score_stage.score(brand.store, WordClassifier(), lambda: NOW)  # type: ignore[arg-type]
    assert write_figures(brand.store, brand.settings, NOW) == 0
    assert brand.periods(28) == figures


# Figures.


def test_figures_are_those_of_the_mentions(brand: Brand) -> None:
    brand.tell(days=40)
    for _ in range(30):
        brand.say(BAGS, "angry", ago=2)
    brand.find()
    bags = brand.topic(BAGS)
    period = brand.periods(28)[bags]
    mine = brand.about(bags, 28)
    angry = sum("angry" in one.text for one in mine)
    # 28 days of three mentions, and thirty more.
    assert (period.since.isoformat(), period.until.isoformat()) == ("2026-10-28", "2026-11-24")
    assert (period.of_mentions, period.mentions, period.angry) == (114, len(mine), angry)
    assert len(mine) > 40
    assert period.share == pytest.approx(len(mine) / 114)
    assert period.share_low is not None
    assert period.share_high is not None
    assert period.share_low < len(mine) / 114 < period.share_high
    assert period.complaint_rate == pytest.approx(angry / len(mine))
    assert period.before_of_mentions == 36
    assert period.before_mentions == len(brand.about(bags, 56)) - len(mine)


@pytest.mark.parametrize("days", PERIODS)
def test_impacts_sum_to_the_change_of_the_rate(brand: Brand, days: int) -> None:
    brand.tell(days=180)
    for number in range(25):
        brand.say(BAGS, "angry", ago=number % 3)
        brand.say(["something", "else", "entirely", str(number)], "delighted", ago=number)
    brand.find()
    figures = brand.periods(days)
    now = brand.store.topic_figures.total(
        "Delta", figures[NO_TOPIC].since, figures[NO_TOPIC].until
    )
    length = timedelta(days=days)
    before = brand.store.topic_figures.total(
        "Delta", figures[NO_TOPIC].since - length, figures[NO_TOPIC].until - length
    )
    for name, kind in (("wow", "delighted"), ("complaint", "angry")):
        change = getattr(now, kind) / now.told - getattr(before, kind) / before.told
        impacts = [getattr(one, f"{name}_impact") for one in figures.values()]
        assert sum(impacts) == pytest.approx(change, abs=1e-9)
        parts = [
            getattr(one, f"{name}_mix") + getattr(one, f"{name}_rate_effect")
            for one in figures.values()
        ]
        assert parts == pytest.approx(impacts)


def test_what_suddenly_many_speak_of_rises_and_what_is_as_ever_does_not(brand: Brand) -> None:
    brand.tell(days=84, of_each=2)
    brand.find()
    assert not any(one.rising for one in brand.periods(7).values())
    for _ in range(60):
        brand.say(BAGS, "angry", ago=1)
    brand.sort()
    bags = brand.topic(BAGS)
    write_figures(brand.store, brand.settings, NOW)
    rising = {topic for topic, one in brand.periods(7).items() if one.rising}
    assert rising == {bags}
    period = brand.periods(7)[bags]
    assert period.usual is not None
    assert period.upper_limit is not None
    assert period.usual < period.upper_limit < period.mentions == len(brand.about(bags, 7))


def test_what_sets_wows_apart_is_named_with_a_quote(brand: Brand) -> None:
    brand.tell(days=60)
    brand.find()
    crew = brand.topic(CREW)
    triggers = brand.store.topic_figures.triggers("Delta")
    assert [one.topic_id for one in triggers] == [crew]
    assert triggers[0].low > 1
    row = brand.store.database.connection.execute("SELECT quote FROM talk_triggers").fetchone()
    assert "delighted" in row["quote"]


def test_a_topic_is_quoted_by_three_people_of_its_feeling(brand: Brand) -> None:
    brand.tell(days=40)
    for _ in range(5):
        brand.say(BAGS, "angry", author="Mallory")
    brand.find()
    bags = brand.topic(BAGS)
    (listed,) = [one for one in brand.store.topic_figures.listed("Delta", 28) if one.id == bags]
    quoted = [*brand.store.mentions.many(listed.quotes).values()]
    assert len(quoted) == 3
    assert len({one.author for one in quoted}) == 3
    assert all("angry" in one.text for one in quoted)


def test_figures_are_written_only_where_something_changed(brand: Brand) -> None:
    brand.tell()
    brand.find()
    assert write_figures(brand.store, brand.settings, NOW) == 0
    mention = brand.say(BAGS, "angry")
    brand.sort()
    assert write_figures(brand.store, brand.settings, NOW) == 1
    brand.store.corrections.add(mention.id, experience=None, stance=None, by="dana", at=NOW)
    assert write_figures(brand.store, brand.settings, NOW) == 0, "no count is another"
    assert write_figures(brand.store, brand.settings, NOW + timedelta(days=1)) == 1


# The command.


@pytest.fixture
def told(tmp_path: Path) -> Brand:
    """Give a store, its config beside it, whose topics are found."""
    (tmp_path / "earful.toml").write_text(CONFIG, encoding="utf-8")
    brand = Brand(tmp_path / "earful.db")
    brand.tell(days=60)
    for _ in range(40):
        brand.say(BAGS, "angry", ago=1)
    brand.find(datetime.now(UTC))
    return brand


def test_the_command_lists_topics_within_80_columns(earful: Earful, told: Brand) -> None:
    ran = earful("topics")
    assert ran.code == 0, ran.err
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "Delta" in ran.out
    for one in told.store.topic_figures.listed("Delta", 28):
        assert f"{one.id:>2}  " in ran.out
        assert one.name[:20] in ran.out
    assert "all mentions" in ran.out
    assert ran.out.count("“") >= 6, "each topic is quoted"
    assert "“" not in earful("topics", "--no-quotes").out


def test_the_command_gives_all_figures_as_json(earful: Earful, told: Brand) -> None:
    rows = [
        json.loads(line) for line in earful("topics", "--json", "--days", "7").out.splitlines()
    ]
    assert [row["id"] for row in rows] == [
        one.id for one in told.store.topic_figures.listed("Delta", 7)
    ]
    for row in rows:
        assert row["brand"] == "Delta"
        assert row["days"] == 7
        assert row["mentions"] <= row["of_mentions"]
        assert len(row["quotes"]) <= 3


def test_a_person_renames_merges_hides_and_takes_it_back(earful: Earful, told: Brand) -> None:
    first, second, *_ = (one.id for one in told.store.topic_figures.listed("Delta", 28))
    assert earful("topics", "rename", str(first), "Lost  luggage", "--by", "dana").code == 0
    assert "Lost luggage" in earful("topics").out
    assert "was already" in earful("topics", "rename", str(first), "Lost luggage").out
    assert "counts for" in earful("topics", "merge", str(second), str(first)).out
    assert told.store.topics.get(second).merged_into == first  # type: ignore[union-attr]
    assert "is hidden" in earful("topics", "hide", str(first)).out
    assert "Lost luggage" not in earful("topics").out
    assert "is shown again" in earful("topics", "show", str(first), str(second)).out
    told.find(datetime.now(UTC))
    assert "Lost luggage" in earful("topics").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rename", "999", "x"), "topic 999: there is no such topic: see `earful topics`"),
        (("rename", "1", "…"), "write a name of 1 to 60 characters"),
        (("merge", "1", "1"), "only two topics of one brand that are listed can be merged"),
        (("hide", "999"), "topic 999: there is no such topic"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    earful: Earful, told: Brand, arguments: tuple[str, ...], says: str
) -> None:
    ran = earful("topics", *arguments)
    assert ran.code == 2
    (line,) = [one for one in ran.err.splitlines() if one.startswith("earful: ")]
    assert says in line


def test_an_own_topic_is_changed_in_the_config_alone(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(CONFIG, encoding="utf-8")
    brand = Brand(tmp_path / "earful.db", topics=[{"name": "Refunds", "words": ["refund"]}])
    brand.sort()
    (topic,) = brand.store.topics.of("Delta")
    for arguments in (("rename", str(topic.id), "x"), ("merge", str(topic.id), "2")):
        ran = earful("topics", *arguments)
        assert ran.code == 2


def test_a_store_without_topics_says_what_is_missing(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(CONFIG, encoding="utf-8")
    brand = Brand(tmp_path / "earful.db")
    brand.say(BAGS, "angry")
    score_stage.score(brand.store, WordClassifier(), lambda: NOW)  # type: ignore[arg-type]
    assert "1 mentions wait to be sorted" in earful("topics").err
    brand.sort()
    assert "no topic was found yet" in earful("topics").err
