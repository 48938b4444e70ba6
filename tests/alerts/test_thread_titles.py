"""Rules and messages count as said what the writer said: a thread's title is not theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alerts import messages
from alerts.decide.explanation import explain
from alerts.decide.surges import grown
from alerts.decide.voice_signs import Colleague, has_substance, named_staff
from alerts.messages.answer_modals import AnswerPlan, Written, answer_modal
from alerts.messages.issue_form import issue
from alerts.messages.voice_cards import quotation
from storage.models import Mention
from tests.alerts.examples import PLACES, a_file, a_mention, an_answer_in_a_thread

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RITA = Colleague("Rita")
THREAD = "Acme Air boarding pass is gone, says Rita"
ORDINARY = ["the app is fine and the seat was soft", "a good crew", "we landed on time"] * 20
TEXTS = ("Mine came late", "Nobody called me", "The seat was wet", "No dinner for us", "So cold")


def answer(text: str, title: str | None = THREAD, number: int = 0, **more: Any) -> Mention:
    """Make what somebody answers below a thread's first text."""
    given = {
        "native_id": f"4401{number}",
        "parent_id": "hackernews:4400",
        "author": f"a{number}",
        "author_native_id": f"a{number}",
        "rating": None,
        "rating_max": None,
    }
    return a_mention(source="hackernews", title=title, text=text, **(given | more))


@pytest.mark.parametrize(
    ("mention", "own", "thread", "said"),
    [
        (answer("Mine came."), None, THREAD, "Mine came."),
        (answer("Mine came.", None), None, None, "Mine came."),
        (answer("Mine came.", parent_id=None), THREAD, None, f"{THREAD}\nMine came."),
        # What has no words of its own is read by its title.
        (answer(""), THREAD, None, THREAD),
        (answer("", ""), "", "", ""),
    ],
)
def test_whose_words_they_are(
    mention: Mention, own: str | None, thread: str | None, said: str
) -> None:
    assert (mention.own_title, mention.thread_title, mention.own_words) == (own, thread, said)


def test_an_answer_names_nobody_by_its_threads_title() -> None:
    assert named_staff(answer("Great!"), [RITA]) == ()
    assert named_staff(answer("Great! Thank you, Rita."), [RITA]) == (RITA,)
    assert named_staff(answer("Great!", parent_id=None), [RITA]) == (RITA,)


def test_a_threads_title_is_no_substance_of_a_wow() -> None:
    assert not has_substance(answer("Great!"))
    assert has_substance(answer("Great!", parent_id=None))


def test_a_rise_is_explained_by_what_its_writers_said() -> None:
    below = [answer(text, number=n) for n, text in enumerate(TEXTS * 4)]
    explained = explain(below, {}, 0, 4.0, ORDINARY, "Acme Air")
    assert explained.phrases == ()
    own = [answer(text, number=n, parent_id=None) for n, text in enumerate(TEXTS * 4)]
    assert "boarding pass" in {
        one.words for one in explain(own, {}, 0, 4.0, ORDINARY, "Acme Air").phrases
    }


def test_an_incident_is_about_what_its_writers_said() -> None:
    def about(**more: Any) -> str | None:
        complaints = [answer(text, number=n, **more) for n, text in enumerate(TEXTS * 4)]
        return grown(None, "Acme Air", "#complaints", complaints, ORDINARY, NOW, NOW).about

    assert "boarding" in str(about(parent_id=None))
    assert "boarding" not in str(about())


def test_a_quote_names_the_thread_outside_the_quoted_words() -> None:
    quoted, was_cut = quotation(answer("Mine came.", "A <scam>\nof *Acme*"))
    thread, words = quoted.split("\n")
    assert thread.startswith("In the thread “A &lt;scam&gt; of ")
    assert words == "> Mine came."
    assert not was_cut
    quoted, _ = quotation(answer("Mine came.", parent_id=None))
    assert quoted == f"> *{THREAD}*\n> Mine came."


def test_a_case_shows_the_thread_and_quotes_the_answer() -> None:
    card = messages.plain(messages.case_card(a_file(mention=an_answer_in_a_thread()), PLACES))
    shown = [line.strip() for line in card.splitlines()]
    place = shown.index("In the thread “Acme Air is a <scam>, ask Rita”:")
    assert shown[place + 1].startswith("| Mine came after two weeks")


def test_an_issue_is_of_the_customers_own_words() -> None:
    made = issue(a_file(mention=an_answer_in_a_thread()), PLACES, "dana")["issue"]
    assert isinstance(made, dict)
    assert made["title"] == (
        "Acme Air: Mine came after two weeks, and half of the refund is missing."
    )
    assert made["quote"] == "Mine came after two weeks, and half of the refund is missing."
    assert "It is an answer in the thread “Acme Air is a <scam>, ask Rita”." in made["sentences"]


def test_complaints_to_choose_from_begin_with_their_own_words() -> None:
    below = [answer(text, number=n) for n, text in enumerate(TEXTS[:2])]
    plan = AnswerPlan(posts=True, approval=False)
    written = Written(mention_id=below[0].id, text_hash="0f")
    view = str(answer_modal(below[0], PLACES, plan, written, "", complaints=below))
    assert "Nobody called me" in view
    assert view.count(THREAD) == 1  # above the quote
