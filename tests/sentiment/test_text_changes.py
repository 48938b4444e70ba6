from __future__ import annotations

import random

from sentiment.learning.text_changes import invented_name, misspelt, proper_names, renamed


def test_finds_names_by_their_capitals() -> None:
    texts = ["I flew with Norvo to Porto.", "The people at Norvo were kind to us."] * 4
    texts += ["We love BREAD and the bread here", "ask @norvo why", "Bread is nice"]
    assert proper_names(texts) == {"norvo"}
    assert proper_names(texts, least=4) == {"norvo", "porto"}


def test_gives_a_name_one_other_name_in_its_own_case() -> None:
    new = renamed("NORVO, norvo and Norvo: no Vireo.", {"norvo"}, random.Random(1))
    upper, lower, title = new.split(":")[0].replace(",", "").replace(" and", "").split()
    assert (upper, lower) == (title.upper(), title.lower())
    assert lower != "norvo"
    assert new.endswith(": no Vireo.")
    assert invented_name(random.Random(2)).istitle()


def test_slips_on_words_and_keeps_the_rest() -> None:
    text = "The app crashed 3 times, :( terrible service from everybody there"
    changed = misspelt(text, random.Random(3), share=1)
    assert changed != text
    assert len(changed.split()) == len(text.split())
    assert "3 times" not in changed
    assert " 3 " in changed
    assert ":(" in changed
    assert misspelt(text, random.Random(3), share=0) == text
