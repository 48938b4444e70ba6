"""Files in the true shape of what went wrong once: each comes out as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.errors import InputError
from earful.export_formats import ExportFormat, export
from storage.reports import Filter
from storage.store import Store
from tests.earful.imports.importing import counts, imported, stored

pytestmark = pytest.mark.recorded


def by_id(store: Store, field: str) -> dict[str, Any]:
    return {row["native_id"]: row[field] for row in stored(store)}


@pytest.mark.parametrize("name", ["reviews_com.acme.air_{}.csv", "utf8_{}.csv"])
def test_play_console_month_by_month(store: Store, cases: Path, name: str) -> None:
    files = [cases / "01-play-console-utf16" / name.format(month) for month in (202609, 202610)]
    assert counts(imported(store, files[0])) == (3, 0, 0, 0, 0)
    assert counts(imported(store, files[1])) == (0, 1, 0, 0, 0)
    before = stored(store)
    assert by_id(store, "rating") == {"gp:AAA1": 1, "gp:AAA2": 4, "gp:AAA4": 2}
    assert by_id(store, "text")["gp:AAA4"] == "Grüße, app crashes\nat check-in"
    assert by_id(store, "edited_at")["gp:AAA1"] == "2026-10-12T07:00:00+00:00"
    # All months once more: the older file turns nothing back.
    for file, rows in zip(files, (3, 1), strict=True):
        assert counts(imported(store, file)) == (0, 0, rows, 0, 0)
    assert stored(store) == before


def test_answers_without_ids_are_counted(store: Store, cases: Path) -> None:
    path = cases / "02-csat-no-comments" / "csat.csv"
    assert counts(imported(store, path, source="csat")) == (8, 0, 0, 0, 0)
    assert counts(imported(store, path, source="csat")) == (0, 0, 8, 0, 0)
    assert [row["rating"] for row in stored(store)] == [5, 1, 4, 1, 5, 2, 1, 5]


def test_a_scale_of_ten_is_asked_for(store: Store, cases: Path) -> None:
    path = cases / "03-nps-ten" / "nps.csv"
    with pytest.raises(InputError, match=r"line 2: the rating 10 .* add --rating-max 10"):
        imported(store, path, source="nps")
    assert stored(store) == []
    imported(store, path, source="nps", rating_max=10)
    assert [(row["rating"], row["rating_max"]) for row in stored(store)] == [
        (10, 10), (9, 10), (5, 10), (4, 10), (3, 10), (7, 10),
    ]  # fmt: skip
    assert counts(imported(store, path, layout="nps")) == (0, 0, 6, 0, 0)


@pytest.mark.parametrize(
    ("name", "texts", "authors"),
    [
        (
            "excel_de.csv",
            ["Früh angekommen – die Crew war großartig, 20 € gespart",
             "Gepäck beschädigt, „Entschuldigung“ gab’s nicht"],
            ["Jürgen M.", "Zoë"],
        ),
        (
            "excel_de_nodate.csv",
            ["Früh angekommen – die Crew war großartig, 20 € gespart",
             "Gepäck beschädigt, „Entschuldigung“ gab’s nicht", "Größe fällt klein aus"],
            ["Jürgen M.", "Zoë", "Müller"],
        ),
        (
            "excel_en.csv",
            ["I didn’t get my £40 refund — it’s been “5–7 days” for a month",
             "Café on board was a delight"],
            [None, None],
        ),
        ("mac_cr.csv", ["lovely", "awful"], [None, None]),
        ("sepline.csv", ["lovely"], [None]),
    ],
)  # fmt: skip
def test_what_excel_writes(
    store: Store, cases: Path, name: str, texts: list[str], authors: list[str | None]
) -> None:
    imported(store, cases / "04-excel-1252" / name, source="shop")
    rows = stored(store)
    assert [row["text"] for row in rows] == texts
    mentions = [store.mentions.get(str(row["id"])) for row in rows]
    assert [mention and mention.author for mention in mentions] == authors
    assert all(row["rating"] is not None for row in rows)


def test_an_unclosed_quote_swallows_nothing(store: Store, cases: Path) -> None:
    for name, line in (("swallow.csv", 7), ("reviews.csv", 4)):
        with pytest.raises(InputError, match=f"line {line}: .*quote"):
            imported(store, cases / "05-unclosed-quote" / name, source="shop")
    assert stored(store) == []
    imported(store, cases / "05-unclosed-quote" / "inch.csv", source="shop")
    assert by_id(store, "text")["6"] == '"15 min late" they said, it was 90'


def test_dates_in_all_forms(store: Store, cases: Path) -> None:
    path = cases / "06-dates" / "forms.csv"
    with pytest.raises(InputError, match=r"line 2: created_at '03/04/2026'.*--date-format"):
        imported(store, path, source="shop")
    assert stored(store) == []
    report = imported(store, path, source="shop", date_format="DD/MM/YYYY")
    assert counts(report) == (23, 0, 0, 0, 0)
    assert report.emptied["created_at"].rows == 1  # "2 weeks ago": of when?
    days = {key: day and day[:10] for key, day in by_id(store, "created_at").items()}
    odd = {"0": "2026-04-03", "1": "2026-04-03", "2": "2026-10-31", "17": None, "20": None}
    assert days == {str(n): "2026-09-05" for n in range(23)} | odd


@pytest.mark.parametrize("name", ["amazon2023.jsonl", "sec.jsonl"])
def test_epochs_in_seconds_and_milliseconds(store: Store, cases: Path, name: str) -> None:
    report = imported(store, cases / "06-dates" / name)
    days = [row["created_at"] for row in stored(store)]
    assert days == ["2026-09-05T10:00:00+00:00", "2026-09-05T10:00:00+00:00", None]
    assert report.emptied["created_at"].line == 3
    assert stored(store)[0]["text"] == "The speaker buzzes.\nSent it back & waited a month"


def test_ratings_in_all_forms(store: Store, cases: Path) -> None:
    report = imported(store, cases / "07-rating-forms" / "forms.csv", source="shop")
    assert counts(report) == (25, 0, 0, 0, 0)
    shares = {
        row["native_id"]: row["rating"] / row["rating_max"]
        for row in stored(store)
        if row["rating"] is not None
    }
    assert shares == {
        "0": 0.8, "1": 0.9, "2": 0.9, "3": 0.8, "4": 0.8, "5": 1, "6": 1, "7": 1, "8": 0.8,
        "9": 0, "17": 0.2, "18": 0.8, "19": 0.8, "20": 0.8, "21": 1,
    }  # fmt: skip
    # -1, 10 of 5, Positive and true: named; N/A, -, null and the like are no rating.
    assert report.emptied["rating"].rows == 4


def test_a_typo_stores_nothing(store: Store, cases: Path) -> None:
    path = cases / "12-typo-stores-anyway" / "dump.jsonl"
    with pytest.raises(InputError, match="no column 'dat'; the file has: text, stars, date"):
        imported(store, path, source="shop", maps=(("stars", "rating"), ("dat", "created_at")))
    assert stored(store) == []
    maps = (("stars", "rating"), ("date", "created_at"))
    assert counts(imported(store, path, source="shop", maps=maps)) == (1300, 0, 0, 0, 0)
    assert counts(imported(store, path, source="shop", maps=maps)) == (0, 0, 1300, 0, 0)


def test_languages_by_any_name(store: Store, cases: Path) -> None:
    imported(store, cases / "13-language-column" / "r.jsonl", source="shop")
    languages = {row["language"] for row in stored(store)}
    assert languages == {None, "en", "en-US"}


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_export_and_import_change_nothing(
    store: Store, cases: Path, tmp_path: Path, kind: ExportFormat
) -> None:
    imported(store, cases / "24-round-trip" / "in.jsonl", source="shop")
    before, path = stored(store), tmp_path / f"out.{kind}"
    assert by_id(store, "text")["4"] == "- bullet one\n- bullet two"
    export(store, Filter(), kind, path)
    assert counts(imported(store, path)) == (0, 0, 5, 0, 0)
    assert stored(store) == before
    with Store.open(tmp_path / "other.db", migrate=True) as other:
        imported(other, path)
        keep = ("id", "text", "title", "rating", "author_id", "text_hash", "parent_id",
                "created_at", "fetched_at", "reach", "url", "owner_reply")  # fmt: skip
        copies = {row["id"]: [row[key] for key in keep] for row in stored(other)}
        assert copies == {row["id"]: [row[key] for key in keep] for row in before}


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_an_old_export_of_the_same_mentions_doubles_none(
    store: Store, cases: Path, name: str
) -> None:
    imported(store, cases / "24-round-trip" / "in.jsonl", source="shop")
    assert counts(imported(store, cases / "24-round-trip" / name)) == (0, 0, 5, 0, 0)
    assert by_id(store, "text")["5"] == "@acme help"
    assert by_id(store, "author_id")["1"] == "shop:a1"


def test_the_same_ids_of_two_brands_are_six_answers(store: Store, cases: Path) -> None:
    folder = cases / "25-two-brands"
    for again in (False, True):
        for brand in ("Air", "Rail"):
            report = imported(store, folder / f"{brand.lower()}.csv", brand, source="survey")
            assert counts(report) == ((0, 0, 3, 0, 0) if again else (3, 0, 0, 0, 0))
    brands = [(row["brand"], row["text"].split(":")[0]) for row in stored(store)]
    assert brands == [("Air", "Air")] * 3 + [("Rail", "Rail")] * 3
    # Two surveys of one brand: asked, or told by --set.
    with pytest.raises(InputError, match="--set NAME"):
        imported(store, folder / "rail.csv", "Air", source="survey")
    assert counts(imported(store, folder / "rail.csv", "Air", source="survey", set_name="2")) == (
        3, 0, 0, 0, 0,
    )  # fmt: skip
