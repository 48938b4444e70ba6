"""A country and a version are read where they are given; what is none is left out."""

from __future__ import annotations

import pytest

from storage import fields
from storage.fields import EntryError


@pytest.mark.parametrize(
    ("given", "country"),
    [("us", "US"), (" de ", "DE"), ("USA", None), ("", None), (None, None), (7, None), ({}, None)],
)
def test_a_country_is_a_code_of_two_letters(given: object, country: str | None) -> None:
    assert fields.country(given) == country


@pytest.mark.parametrize(
    ("given", "version"),
    [
        ("5.2.1", "5.2.1"),
        (5.2, "5.2"),
        (" 2026  spring ", "2026 spring"),
        ("", None),
        (None, None),
        ([], None),
        ("v" * 41, None),
    ],
)
def test_a_version_is_short_text(given: object, version: str | None) -> None:
    assert fields.product_version(given) == version


def test_an_import_says_what_it_leaves_out() -> None:
    with pytest.raises(EntryError, match="country 'USA' is no country's code of two letters"):
        fields.country_code("USA")
    with pytest.raises(EntryError, match="product_version '' is no version"):
        fields.version_name(" ")
