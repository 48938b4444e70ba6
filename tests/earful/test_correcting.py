"""What people correct: by CSV, everywhere at once, and as something to learn from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.errors import InputError
from earful import correcting
from earful.correcting import Report, correct_file
from earful.export_formats import export
from earful.pages.report_page import render_report
from sentiment.quality.floors import FLOORS
from sentiment.scoring import adapter
from storage.models import CaseState, Experience, Mention, Stance
from storage.reports import Filter
from tests.earful.conftest import Earful
from tests.earful.test_cases import ANGRY, DANA, DELIGHTED, MEDIOCRE, World

ALL = Filter(brand="Acme")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "earful.db")
    yield world
    world.store.close()


def take(world: World, tmp_path: Path, *lines: str) -> Report:
    path = tmp_path / "corrections.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return correct_file(world.store, world.settings, path, DANA, world.now)


def standing(world: World, mention: Mention) -> tuple[Any, ...]:
    (row,) = [row for row in world.store.insight.export(ALL) if row["id"] == mention.id]
    return row["experience"], row["stance"], row["sure"], row["corrected"]


def test_a_correction_overrides_the_verdict_everywhere_at_once(
    world: World, tmp_path: Path
) -> None:
    praise = world.say("Bravo, late for the third time. Bravo.", DELIGHTED, author="Ana")
    complaint = world.say("Nothing to complain about, really.", ANGRY, author="Bob")
    assert world.case(complaint).state is CaseState.OPEN
    report = take(
        world,
        tmp_path,
        "mention_id,experience,stance,by,note",
        f"{praise.id},angry,hater,omar,sarcasm",
        f"{complaint.id},mediocre,,,",
    )
    assert (report.corrected, report.refused) == (2, [])
    # The view, and with it search, dashboards and exports.
    assert standing(world, praise) == ("angry", "hater", 1, 1)
    assert standing(world, complaint) == ("mediocre", "neither", 1, 1)
    found = world.store.insight.search("bravo", Filter(experience="angry"), 9)
    assert [row["id"] for row in found] == [praise.id]
    # The counts of days and of periods.
    (day,) = world.rows("SELECT mentions, angry, mediocre, delighted, hater FROM daily_counts")
    counted = {"mentions": 2, "angry": 1, "mediocre": 1, "delighted": 0, "hater": 1}
    assert day == counted
    totals = world.store.insight.totals(ALL)
    assert {name: totals[name] for name in counted} == counted
    assert world.store.insight.method(ALL)["corrected"] == 2
    # The report, the export and the weekly numbers.
    since = world.now - timedelta(days=7)
    page = render_report(world.store, "Acme", since, world.now, world.now)
    assert "2 corrected by people" in page
    written = io.BytesIO()
    export(world.store, Filter(experience="angry"), "jsonl", written)
    (line,) = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (line["id"], line["stance"], line["corrected"]) == (praise.id, "hater", True)
    # The rules: a case is opened and one is ended, and the author's history knows.
    assert world.case(praise).state is CaseState.OPEN
    assert world.case(complaint).state is CaseState.DISMISSED
    world.say("They called me and paid!", DELIGHTED, author="Ana")
    last = world.store.judgements.voice("shop:3")
    assert last is not None
    assert last.history.last_stance is Stance.HATER
    assert last.history.last_experience is ANGRY
    kinds = world.rows("SELECT kind FROM alerts WHERE mention_id = 'shop:3'")
    assert kinds == [{"kind": "won_back"}]
    who = world.rows("SELECT corrected_by, note FROM corrections ORDER BY id")
    assert who == [
        {"corrected_by": "omar", "note": "sarcasm"},
        {"corrected_by": "dana", "note": None},
    ]


def test_a_label_left_out_stays_and_a_file_taken_again_changes_nothing(
    world: World, tmp_path: Path
) -> None:
    mention = world.say("Fine.", ANGRY, Stance.HATER)
    header = "mention_id;experience;stance"
    assert take(world, tmp_path, header, f"{mention.id};mediocre;").corrected == 1
    assert standing(world, mention) == ("mediocre", "hater", 1, 1)
    stance_alone = (header, f"{mention.id};;Neither")
    assert take(world, tmp_path, *stance_alone).corrected == 1
    assert standing(world, mention) == ("mediocre", "neither", 1, 1)
    again = take(world, tmp_path, *stance_alone)
    assert (again.corrected, again.known) == (0, 1)
    assert len(world.rows("SELECT 1 FROM corrections")) == 2
    assert world.events(mention).count("relabelled") == 1


def test_rows_that_do_not_fit_are_named_and_the_others_taken(world: World, tmp_path: Path) -> None:
    mention = world.say("It is what it is.", MEDIOCRE)
    report = take(
        world,
        tmp_path,
        "mention_id,experience,by",
        "shop:99,angry,",
        f"{mention.id},angri,",
        "",
        f"{mention.id},,",
        ",angry,",
        f"{mention.id},angry,dana,extra",
        f"{mention.id},angry,",
    )
    assert [(one.row, one.reason) for one in report.refused] == [
        (1, "shop:99: there is no such mention, or it has no verdict yet"),
        (2, "experience 'angri': did you mean 'angry'?"),
        (3, "it has neither experience nor stance: fill in one of them"),
        (4, "it has no mention_id"),
        (5, "it has more cells than the header: put cells with commas in quotes"),
    ]
    assert (report.rows, report.corrected) == (6, 1)
    assert world.case(mention).state is CaseState.OPEN


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (
            "mention,experience",
            "'mention' is not a column of corrections; did you mean 'mention_id'?",
        ),
        ("mention_id,by", "the columns must be mention_id and experience or stance"),
        ("mention_id,stance,stance", "two columns are called 'stance'"),
        ("", "the file has: nothing"),
    ],
)
def test_columns_are_checked(world: World, tmp_path: Path, header: str, told: str) -> None:
    with pytest.raises(InputError, match=told.replace("?", r"\?")):
        take(world, tmp_path, header)
    with pytest.raises(InputError, match="no such file"):
        correct_file(world.store, world.settings, tmp_path / "absent.csv", DANA, world.now)


def test_the_command_corrects_and_says_so(earful: Earful, tmp_path: Path) -> None:
    world = World(tmp_path / "earful.db")
    mention = world.say("Late.", MEDIOCRE)
    world.store.close()
    file = tmp_path / "c.csv"
    file.write_text(f"mention_id,experience\n{mention.id},angry\nno:1,angry\n")
    ran = earful("correct", "c.csv", "--as", "dana")
    assert (ran.code, ran.out) == (0, "2 rows: 1 corrected · 0 known · 1 refused\n")
    assert ran.err == "row 2: no:1: there is no such mention, or it has no verdict yet\n"
    file.write_text("mention_id,experience\nno:1,angry\n")
    assert earful("correct", "c.csv", "--as", "dana").code == 2


def test_corrections_are_learnt_in_the_version_that_was_read(world: World, tmp_path: Path) -> None:
    first = world.say("Old words.", ANGRY, Stance.HATER, title="Old", rating=2.0, rating_max=5.0)
    take(world, tmp_path, "mention_id,experience", f"{first.id},mediocre")
    newer = {"text": "New words.", "title": "New", "rating": 5.0, "rating_max": 5.0}
    world.change(_edited(first, world, newer), DELIGHTED)
    second = world.say("Hello?", ANGRY)
    take(world, tmp_path, "mention_id,experience,stance", f"{second.id},none,neither")
    take(world, tmp_path, "mention_id,stance", f"{first.id},advocate")
    told = [
        (e.text.text, e.text.title, e.text.rating, e.experience.value, e.stance.value)
        for e in correcting.examples(world.store)
    ]
    assert told == [
        ("Old words.", "Old", 2.0, "mediocre", "hater"),
        ("Hello?", None, None, "none", "neither"),
        ("New words.", "New", 5.0, "delighted", "advocate"),
    ]
    assert {(e.weight, e.dataset) for e in correcting.examples(world.store)} == {
        (correcting.WEIGHT, "corrections")
    }


def _edited(mention: Mention, world: World, changes: dict[str, Any]) -> Mention:
    from dataclasses import replace

    return replace(mention, edited_at=world.now, **changes)


def test_train_takes_corrections_and_pins_floors_for_the_shipped_folder(
    earful: Earful, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path / "earful.db")
    mention = world.say("Nothing to complain about.", ANGRY)
    world.store.corrections.add(
        mention.id, experience=Experience.MEDIOCRE, stance=None, by="dana", at=world.now
    )
    world.store.close()
    said = [("It broke.", "angry"), ("I love it!", "delighted"), ("It is ok.", "mediocre")]
    (tmp_path / "labels.jsonl").write_text(
        "".join(
            json.dumps({"text": f"{text} {n}", "experience": label, "stance": "neither"}) + "\n"
            for n in range(12)
            for text, label in said
        )
    )
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(adapter, "WEIGHTS", shipped)
    # They make the training ten times as long, and are tested elsewhere.
    monkeypatch.setattr("sentiment.learning.training.made_up", lambda seed: [])
    common = ("train", "labels.jsonl", "--epochs", "0.1")
    refused = earful(*common, "-o", "shipped")
    assert refused.code != 0
    assert "does not ship" in refused.err
    assert f"under its floor of {FLOORS['alert_precision']:.3f}" in refused.err
    assert not shipped.exists()
    low = [f"--floor={name}=0" for name in FLOORS]
    made = earful(*common, "-o", "./shipped", "--corrections", *low)
    assert made.code == 0, made.err
    assert "1 corrections from earful.db" in made.err
    trained = json.loads((shipped / "model.json").read_text())["trained"]
    assert (trained["corrections"], trained["texts"]) == (1, 37)
    unknown = earful(*common, "--floor", "f1=0.5")
    assert "the figures are experience, " in unknown.err
