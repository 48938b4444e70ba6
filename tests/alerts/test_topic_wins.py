"""Topics where a competitor wins, or we do, told from chance and from too few."""

from __future__ import annotations

from random import Random

from alerts.decide.stats import Rate
from alerts.decide.topic_wins import rates_of, topic_gaps


def test_who_wins_which_topic() -> None:
    ours = {
        ("Breakfast", "wow_rate"): Rate(20, 100),
        ("Breakfast", "complaint_rate"): Rate(40, 100),
        ("Price", "complaint_rate"): Rate(10, 100),
        ("Crew", "wow_rate"): Rate(50, 100),
        ("Tea", "wow_rate"): Rate(19, 19),
    }
    theirs = {
        ("breakfast", "wow_rate"): Rate(60, 100),
        ("breakfast", "complaint_rate"): Rate(15, 100),
        ("price", "complaint_rate"): Rate(45, 100),
        ("crew", "wow_rate"): Rate(52, 100),
        ("tea", "wow_rate"): Rate(0, 100),
        ("Wifi", "wow_rate"): Rate(90, 100),
    }
    found = [(gap.topic, gap.metric, gap.we_win) for gap in topic_gaps(ours, theirs)]
    assert found == [
        ("Breakfast", "wow_rate", False),
        ("Price", "complaint_rate", True),
        ("Breakfast", "complaint_rate", False),
    ]
    assert topic_gaps({}, theirs) == []


def test_of_many_topics_that_are_alike_few_seem_won() -> None:
    chance = Random(3)

    def draw() -> dict[tuple[str, str], Rate]:
        return {
            (f"topic {n}", "wow_rate"): Rate(sum(chance.random() < 0.3 for _ in range(80)), 80)
            for n in range(20)
        }

    won = sum(bool(topic_gaps(draw(), draw())) for _ in range(200))
    assert won / 200 <= 0.08


def test_rates_are_of_rows_of_cuts() -> None:
    rows = [
        {"value": "Crew", "metric": "wow_rate", "part": 3, "whole": 9},
        {"value": "Crew", "metric": "hater_rate", "part": 1, "whole": 9},
    ]
    assert rates_of(rows) == {("Crew", "wow_rate"): Rate(3, 9)}
