"""What rows say together: ids, scales, the order of dates, which column is which field."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InputError
from storage.store import Store
from tests.earful.imports.importing import counts, imported, prepared, stored


def table(tmp_path: Path, header: str, *rows: str, name: str = "in.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_equal_rows_are_as_many_answers(store: Store, tmp_path: Path) -> None:
    rows = ["2026-11-20,5,", "2026-11-20,1,"] * 600
    path = table(tmp_path, "Survey date,Score,Comment", *rows)
    assert counts(imported(store, path, source="csat")) == (1200, 0, 0, 0, 0)
    assert counts(imported(store, path, source="csat")) == (0, 0, 1200, 0, 0)
    # The file grows, in another order: only what came is new.
    path = table(tmp_path, "Survey date,Score,Comment", "2026-11-21,4,", *reversed(rows), rows[0])
    assert counts(imported(store, path, source="csat")) == (2, 0, 1200, 0, 0)
    assert store.mentions.count() == 1202


def test_equal_rows_of_two_brands_or_surveys_are_apart(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, "text", "fine")
    for brand, name in (("Air", None), ("Rail", None), ("Air", "spring"), ("Air", None)):
        imported(store, path, brand, source="csat", set_name=name)
    assert [row["brand"] for row in stored(store)] == ["Air", "Rail", "Air"]


def test_a_files_own_ids_stay_what_they_are_whoever_comes_first(
    store: Store, tmp_path: Path
) -> None:
    one = table(tmp_path, "native_id,text,rating", "1,one,1", "2,two,2")
    imported(store, one, "Air", source="shop")
    imported(store, one, "Big Rail", source="shop")
    ids = ["shop:1", "shop:2", "shop:big-rail:1", "shop:big-rail:2"]
    assert [row["id"] for row in stored(store)] == ids
    # Air's are erased; Rail's are found again under the ids that they have.
    store.database.connection.execute("DELETE FROM mentions WHERE brand = 'Air'")
    assert counts(imported(store, one, "Big Rail", source="shop")) == (0, 0, 2, 0, 0)
    assert [row["id"] for row in stored(store)] == ids[2:]


def test_another_survey_with_the_same_ids_is_asked_about(store: Store, tmp_path: Path) -> None:
    header = "native_id,text,created_at"
    first = table(tmp_path, header, "1,a,2026-01-01", "2,b,2026-01-02", "3,c,2026-01-03")
    imported(store, first, source="survey")
    other = table(tmp_path, header, "1,d,2026-04-01", "2,e,2026-04-02", "3,f,2026-04-03")
    with pytest.raises(InputError, match=r"3 ids are stored already.*--set NAME.*--edits"):
        imported(store, other, source="survey")
    assert counts(imported(store, other, source="survey", set_name="spring")) == (3, 0, 0, 0, 0)
    assert counts(imported(store, other, source="survey", edits=True)) == (0, 3, 0, 0, 0)
    # Edited answers show that they are the same: by a date, by an author, by one that stayed.
    dated = table(tmp_path, header, "1,x,2026-01-01", "2,y,2026-04-02", "3,z,2026-04-03")
    assert counts(imported(store, dated, source="survey")) == (0, 3, 0, 0, 0)


def test_an_id_that_names_the_author_is_no_id(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, "Respondent,Comment", "7,good", "7,good", "7,bad", "8,fine")
    report = imported(store, path, source="survey")
    assert counts(report) == (2, 0, 0, 1, 1)
    (refusal,) = report.refusals
    assert refusal.line == 4
    assert "that of line 2, which says something else" in refusal.reason


def test_a_review_that_a_source_lists_twice_is_its_newest_state(
    store: Store, tmp_path: Path
) -> None:
    header = "Review Id,Review Created (UTC),Review Stars,Review Content,edited_at"
    path = table(
        tmp_path, header,
        "66aa0001,2026-01-01,5,all well,2026-03-01",
        "66aa0001,2026-01-01,1,not at all,2026-02-01",
        "66aa0002,2026-01-02,4,fine,",
    )  # fmt: skip
    for expected in ((2, 0, 0, 1, 0), (0, 0, 2, 1, 0)):
        assert counts(imported(store, path)) == expected
    assert {row["text"] for row in stored(store)} == {"all well", "fine"}


def test_a_mention_of_another_brand_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, "text,url", "both fly,https://x.com/kai/status/190000")
    imported(store, path, "Air", source="x")
    report = imported(store, path, "Rail", source="x")
    assert counts(report) == (0, 0, 0, 0, 1)
    assert report.refusals[0].reason == "x:190000 is a mention of Air already"


def test_links_give_the_spiders_ids(store: Store, tmp_path: Path) -> None:
    path = table(
        tmp_path, "id,text,url",
        "9,a,https://play.google.com/store/apps/details?id=com.acme&reviewId=gp%3AAAA1&hl=en",
        "9,b,https://play.google.com/store/apps/details?id=com.acme",
    )  # fmt: skip
    imported(store, path, source="google_play")
    assert [row["id"] for row in stored(store)] == ["google_play:gp:AAA1", "google_play:9"]


@pytest.mark.parametrize(
    ("dates", "wishes", "days"),
    [
        (["05.09.2026", "31.10.2026"], {}, ["09-05", "10-31"]),
        # One form throughout, and one date leaves no doubt.
        (["03/04/2026", "31/10/2026"], {}, ["04-03", "10-31"]),
        (["03/04/2026", "10/31/2026"], {}, ["03-04", "10-31"]),
        (["05/05/2026", "06/06/26"], {}, ["05-05", "06-06"]),
        (["03/04/2026", "2026-10-31"], {"date_format": "DD/MM/YYYY"}, ["04-03", "10-31"]),
        (["03/04/2026", "2026-10-31"], {"date_format": "MM/DD/YYYY"}, ["03-04", "10-31"]),
        (["3/4/26 14:05"], {"date_format": "%m/%d/%y %H:%M"}, ["03-04"]),
        (["03-04-2026"], {"date_format": "dd-mm-yyyy"}, ["04-03"]),
        (["03/04/2026"], {"language": "fr"}, ["04-03"]),
        (["03/04/2026"], {"language": "en-US"}, ["03-04"]),
        (["03/04/2026"], {"language": "en-GB"}, ["04-03"]),
        (["3 mars 2026 à 14h05"], {"language": "fr"}, ["03-03"]),
        (["5. Oktober 2026"], {}, ["10-05"]),
    ],
)
def test_the_order_of_dates_is_shown_or_told(
    store: Store, tmp_path: Path, dates: list[str], wishes: dict[str, Any], days: list[str]
) -> None:
    path = table(tmp_path, "text,Date", *(f"x{n},{date}" for n, date in enumerate(dates)))
    imported(store, path, source="shop", **wishes)
    assert [row["created_at"][5:10] for row in stored(store)] == days


@pytest.mark.parametrize(
    ("dates", "wishes"),
    [
        (["03/04/2026"], {}),
        (["03/04/2026", "2026-10-31"], {}),
        (["03/04/2026", "31/10/2026", "10/31/2026"], {}),
        (["03/04/2026"], {"language": "en"}),
    ],
)
def test_a_date_that_may_be_either_is_asked_about(
    store: Store, tmp_path: Path, dates: list[str], wishes: dict[str, Any]
) -> None:
    path = table(tmp_path, "text,Date", *(f"x{n},{date}" for n, date in enumerate(dates)))
    with pytest.raises(InputError, match=r"line 2: created_at '03/04/2026': day first or month"):
        imported(store, path, source="shop", **wishes)
    assert stored(store) == []


@pytest.mark.parametrize(
    ("header", "ratings", "wishes", "most"),
    [
        ("rating", ["1", "5"], {}, [5, 5]),
        ("rating", ["1", "10"], {"rating_max": 10}, [10, 10]),
        ("rating", ["4/5", "3"], {}, [5, 5]),
        ("rating", ["9/10", "3"], {}, [10, 10]),
        ("rating", ["9/10", "4/5"], {}, [10, 5]),
        ("rating", ["80%", "3", "👍"], {}, [100, 5, 1]),
        ("Score (0-10)", ["3"], {}, [10]),
        ("Score (out of 7)", ["3"], {}, [7]),
        ("NPS", ["3"], {}, [10]),
    ],
)
def test_a_scale_is_told_or_usual(
    store: Store,
    tmp_path: Path,
    header: str,
    ratings: list[str],
    wishes: dict[str, Any],
    most: list[float],
) -> None:
    path = table(tmp_path, f"text,{header}", *(f"x{n},{one}" for n, one in enumerate(ratings)))
    assert imported(store, path, source="shop", **wishes).emptied == {}
    assert [row["rating_max"] for row in stored(store)] == most


@pytest.mark.parametrize("ratings", [["1", "6"], ["10"], ["9/10", "4/5", "8"], ["70"]])
def test_a_scale_that_nothing_tells_is_asked_for(
    store: Store, tmp_path: Path, ratings: list[str]
) -> None:
    path = table(tmp_path, "text,rating", *(f"x{n},{one}" for n, one in enumerate(ratings)))
    with pytest.raises(InputError, match="add --rating-max 10"):
        imported(store, path, source="shop")
    assert stored(store) == []


def test_two_columns_make_one_field_or_are_refused_by_name(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, "Plus,Minus,On,At", "crew,seats,2026-09-05,14:05")
    maps = (("Plus", "text"), ("Minus", "text"), ("On", "created_at"), ("At", "created_at"))
    imported(store, path, source="shop", maps=maps)
    (row,) = stored(store)
    assert row["text"] == "Plus: crew\n\nMinus: seats"
    assert row["created_at"] == "2026-09-05T14:05:00+00:00"
    with pytest.raises(InputError, match="`Plus` and `Minus` are both `url`: choose one"):
        prepared(path, source="shop", maps=(("Plus", "url"), ("Minus", "url"), ("On", "text")))


def test_a_column_can_be_left_out(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, "text,rating,Date", "fine,12,03/04/2026")
    imported(store, path, source="shop", maps=(("rating", ""), ("Date", "")))
    assert [(row["rating"], row["created_at"]) for row in stored(store)] == [(None, None)]


def test_an_export_of_another_brand_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    header = "id,brand,source,text,fetched_at,experience,stance"
    path = table(tmp_path, header, "shop:1,Rail,shop,late,2026-01-01T00:00:00Z,angry,hater")
    report = imported(store, path, "Air")
    assert report.refusals[0].reason == "it is about Rail: import it with --brand 'Rail'"
    assert counts(imported(store, path, "Rail")) == (1, 0, 0, 0, 0)
    assert stored(store)[0]["fetched_at"] == "2026-01-01T00:00:00+00:00"


_CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=20)
@given(rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=12))
def test_whatever_stands_in_a_table_the_sum_is_right_and_twice_is_once(
    rows: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with (folder / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "author", "url"), *rows])
    with Store.open(folder / "earful.db", migrate=True) as store:
        try:
            first = imported(store, folder / "in.csv", source="shop")
        except InputError:
            return  # a question about the file as a whole
        before = stored(store)
        again = imported(store, folder / "in.csv", source="shop")
        assert (again.saved.new, again.saved.edited) == (0, 0)
        assert again.refused == first.refused
        assert stored(store) == before
