"""When ops hear of a problem of Earful's own: not at once, once, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.decide.own_health import Problem, look, was_away
from alerts.messages import plain
from storage.models import KnownProblem, NewAlert

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A = [Problem("a", "thing a", "a is broken: mend it")]
B = [Problem("b", "thing b", "b is broken: mend it")]
NONE: list[Problem] = []


def looks(*seen: list[Problem]) -> list[list[NewAlert]]:
    """Look once a minute; the alerts of each look."""
    known: dict[str, KnownProblem] = {}
    alerts = []
    for minute, present in enumerate(seen):
        looked = look(present, known, "#ops", NOW + minute * MINUTE)
        known = {one.key: one for one in looked.problems}
        alerts.append(list(looked.alerts))
    return alerts


def counts(*seen: list[Problem]) -> list[int]:
    return [len(alerts) for alerts in looks(*seen)]


def test_a_problem_is_told_at_the_third_look_and_once() -> None:
    assert counts(A, A, A, A, A, A) == [0, 0, 1, 0, 0, 0]


def test_a_short_fault_is_never_told() -> None:
    assert counts(A, A, NONE, NONE, NONE, NONE) == [0] * 6


def test_what_is_over_is_told_at_the_second_look_without_it() -> None:
    alerts = looks(A, A, A, NONE, NONE, NONE)
    assert [len(one) for one in alerts] == [0, 0, 1, 0, 1, 0]
    (over,) = alerts[4]
    assert over.payload["text"] == "Earful: the problem with thing a is over."


def test_what_comes_and_goes_is_one_problem() -> None:
    assert counts(A, A, A, NONE, A, NONE, A, NONE, A) == [0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_the_same_problem_of_another_time_is_told_again() -> None:
    alerts = looks(A, A, A, NONE, NONE, NONE, A, A, A)
    told = [alert.dedupe_key for one in alerts for alert in one]
    assert len(told) == len(set(told)) == 3


def test_problems_that_come_together_make_one_message() -> None:
    (alert,) = looks(A + B, A + B, A + B)[2]
    assert alert.payload["text"] == "Earful is in trouble: 2 problems: a is broken: mend it"
    shown = plain(alert.payload)
    assert "• a is broken: mend it" in shown
    assert "• b is broken: mend it" in shown


def test_what_is_over_names_how_many_are_not() -> None:
    both = A + B
    (over,) = looks(both, both, both, B, B)[4]
    assert "1 other problem is still open" in plain(over.payload)


def test_a_hundred_hostile_sentences_fit_a_message() -> None:
    hostile = f"<!channel> & {'&' * 900}"
    many = [Problem(str(n), hostile, f"{hostile} {n}") for n in range(100)]
    (alert,) = looks(many, many, many)[2]
    assert "<!channel>" not in str(alert.payload)
    assert "and 97 more" in str(alert.payload)
    assert all(len(block["text"]["text"]) <= 3000 for block in alert.payload["blocks"][:2])


def test_commands_in_a_sentence_are_code_and_nothing_else_is() -> None:
    hostile = Problem("a", "thing a", "run `earful status`, said <!here> *loud* & `")
    fine = Problem("b", "thing b", "*run* `earful alerts list --channel '#x'` first")
    (alert,) = looks(*[[hostile, fine]] * 3)[2]
    shown = alert.payload["blocks"][1]["text"]["text"]
    assert shown == (
        "• run ˋearful statusˋ, said &lt;!here&gt; ∗loud∗ &amp; ˋ\n"
        "• ∗run∗ `earful alerts list --channel '#x'` first"
    )


def test_an_absence_is_told_once() -> None:
    alert = was_away(NOW, NOW + 9 * timedelta(days=1), "#ops", late=(0, 0, 0), died=False)
    assert (
        alert.dedupe_key
        == was_away(NOW, NOW + MINUTE, "#ops", late=(0, 0, 0), died=True).dedupe_key
    )
    assert plain(alert.payload) == (
        "Earful runs again\n"
        "=================\n\n"
        "No daemon ran from Sat 28 Nov 2026, 12:00 UTC to Mon 7 Dec 2026, 12:00 UTC. It\n"
        "had been stopped. Earful now reads, scores and judges what was written\n"
        "meanwhile."
    )
