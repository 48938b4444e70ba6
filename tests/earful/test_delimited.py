"""Tables of text: delimiters, headers and quotes as they come; nothing is swallowed."""

from __future__ import annotations

import csv
import gzip
import io
import string
import zipfile
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InputError
from earful.importing.files import open_table
from earful.importing.rejects import as_mended
from tests.earful.import_fixtures import CASES, cells_of, file_of, refusal, rows_of
from tests.open_files import open_files

CELL = st.text(
    st.sampled_from(string.ascii_letters + "0123456789 ,;\t|\"'.\nåéßż漢😡"), max_size=12
)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_reads_back(
    rows: list[tuple[str, str, str]], delimiter: str, codec: str, line_end: str, quoting: int
) -> None:
    text = io.StringIO()
    if line_end == "\r":
        # Before Python 3.13 csv leaves a line feed bare there, which no program would.
        quoting = csv.QUOTE_ALL
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    # Short files say little: a few plain rows show what the delimiter is.
    plain = [("7", "2026-11-20", "plain words")] * 3
    writer.writerows([("id", "when", "what they said"), *plain, *rows])
    with TemporaryDirectory() as folder:
        path = file_of(Path(folder), text.getvalue().encode(codec))
        read = [tuple(row.values.values()) for row in rows_of(path)]
    assert read == plain + [row for row in rows if any(row)]


@pytest.mark.parametrize(
    ("content", "shape", "columns"),
    [
        ("a,b\n1,x\n", "UTF-8, separated by commas", ("a", "b")),
        ("a;b\n1,5;x, y\n", "UTF-8, separated by semicolons", ("a", "b")),
        ("a\tb\n1\tx, y\n", "UTF-8, separated by tabs", ("a", "b")),
        ("a|b\n1|x, y\n", "UTF-8, separated by bars", ("a", "b")),
        ("text\nGood, cheap\nBad, late\n", "UTF-8, one column", ("text",)),
        ("sep=;\na;b\n1;x\n", "UTF-8, separated by semicolons, header in line 2", ("a", "b")),
        ('"a, or b";c\n1;x\n', "UTF-8, separated by semicolons", ("a, or b", "c")),
        ('"What was\ngood, if\nanything?",n\nx,1\n', "UTF-8, separated by commas",
         ("What was good, if anything?", "n")),
        ("n,Comment,Comment,,\n1,x,y,,\n", "UTF-8, separated by commas",
         ("n", "Comment", "Comment (2)", "column 4", "column 5")),
        ("Reviews of Acme\nfrom 2026-11-01\n\nid,stars,text\n1,5,x\n2,4,y\n",
         "UTF-8, separated by commas, header in line 4", ("id", "stars", "text")),
        ("id,text,\n1,x,\n2,y,\n", "UTF-8, separated by commas", ("id", "text", "column 3")),
    ],
)  # fmt: skip
def test_the_shape_is_seen(
    tmp_path: Path, content: str, shape: str, columns: tuple[str, ...]
) -> None:
    path = file_of(tmp_path, content)
    table = open_table(path)
    assert (table.shape, table.columns) == (shape, columns)
    assert [row.problem for row in table if row.problem] == []


def test_a_title_of_words_alone_is_no_sure_preamble(tmp_path: Path) -> None:
    assert open_table(file_of(tmp_path, "text\nGood, fast, kind\nBad, late, rude\n")).columns == (
        "text",
    )


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = file_of(tmp_path, 'n,text\n1,"a\nb"\n\n2,c\n3,"d\n\ne"\n4,f\n')
    assert [(row.line, row.values["n"]) for row in rows_of(path)] == [
        (2, "1"), (5, "2"), (6, "3"), (9, "4")
    ]  # fmt: skip
    assert rows_of(path)[0].raw == '1,"a\nb"\n'


def test_a_mac_file_may_have_line_feeds_in_its_cells(tmp_path: Path) -> None:
    rows = rows_of(file_of(tmp_path, 'n,text\r1,"a\nb"\r2,c\r'))
    assert [(row.line, row.values["text"]) for row in rows] == [(2, "a\nb"), (4, "c")]


def test_options_win_over_what_is_seen(tmp_path: Path) -> None:
    path = file_of(tmp_path, "a;b,c\n1;x,y\n2;z,w\n")
    assert open_table(path, delimiter="comma").columns == ("a;b", "c")
    assert open_table(path, delimiter=";").columns == ("a", "b,c")
    assert refusal(path, delimiter="ab").startswith("--delimiter 'ab': say one character")
    assert refusal(path, quotes="some").startswith("--quotes 'some': say checked, double")
    single = file_of(tmp_path, "a,b\n1,'x, y'\n")
    assert cells_of(single, "b", quotes="single") == ["x, y"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2,x", "has 2 cells, the header 3: is the row cut off?"),
        ("a,b,c,d", "has 4 cells, the header 3: put what holds delimiters in quotes"),
        # A rating of 4 or of 4,5?
        ("2,4,5,fine", "has 4 cells, the header 3: put what holds delimiters in quotes"),
    ],
)
def test_ragged_rows_have_a_problem_and_are_whole_for_mending(
    tmp_path: Path, line: str, problem: str
) -> None:
    path = file_of(tmp_path, f"id,stars,text\n1,5,good\n{line}\n3,4,fine\n")
    ragged = rows_of(path)[1]
    assert (ragged.problem, ragged.line, ragged.raw) == (problem, 3, f"{line}\n")
    assert ragged.values == {}


def test_commas_of_the_last_column_are_its_own_where_all_else_is_figures(tmp_path: Path) -> None:
    path = file_of(tmp_path, "id,stars,text\n1,5,good\n2,1,slow, rude, late\n3,,so, so\n")
    assert cells_of(path, "text") == ["good", "slow, rude, late", "so, so"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('a 5" pipe', 'a 5" pipe'),
        ('5" pipe', '5" pipe'),
        ('"5"" pipe, 6"""', '5" pipe, 6"'),
        # Quotes that nobody doubled.
        ('"a 5" pipe, short"', 'a 5" pipe, short'),
        ('"He said "no", and left"', None),
        ('"15 min late" they said', '"15 min late" they said'),
        ('"She said \\"no\\", twice"', 'She said "no", twice'),
        ('"two\nlines, "so" to say\nand three"', 'two\nlines, "so" to say\nand three'),
        ('"She said "great" and\nleft"', 'She said "great" and\nleft'),
    ],
)
def test_quotes_within_words_are_kept(tmp_path: Path, cell: str, text: str | None) -> None:
    path = file_of(tmp_path, f"id,text,lang\n1,good,en\n2,{cell},en\n3,fine,en\n")
    first, row, last = rows_of(path)
    assert (first.values["text"], last.values["text"]) == ("good", "fine")
    assert row.values.get("text") == text
    assert (row.problem is None) == (text is not None)


SOUND = 'id,stars,text\n1,5,"a, b"\n2,4,fine\n'


@pytest.mark.parametrize(
    ("rest", "line", "says"),
    [
        ('3,1,"so slow\n4,2,fine\n5,2,good\n', 4, "is not closed"),
        ('3,1,"so slow\n4,2,"fine, really"\n5,2,good\n', 4, "is not closed"),
        # The next quote happens to stand where one may close.
        ('3,1,"so slow\n4,2,a 24"\n5,2,good\n', 4, "is closed only behind lines that look like"),
        ('3,1,"so slow\n4,2,fine\n5,2,a 24"\n', 4, "is closed only behind lines that look like"),
        ('3,1,"cut off in the mid', 4, "is not closed"),
    ],
)
def test_an_unclosed_quote_swallows_nothing(
    tmp_path: Path, rest: str, line: int, says: str
) -> None:
    path = file_of(tmp_path, SOUND + rest)
    assert refusal(path).startswith(f"line {line}: the quote that opens a cell {says}")
    if '"fine, really"' not in rest:
        kept = cells_of(path, "text", quotes="none")
        assert len(kept) == len(path.read_text().splitlines()) - 1


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines",
        "Pros: seats, food, price\nCons: late, loud, cold",
        "10, then 20, then 30 minutes late\nno words",
        "\n\nblank lines",
        'with "quotes"\nand, commas, here',
    ],
)
def test_reviews_of_several_lines_are_no_swallowed_rows(tmp_path: Path, text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([(2, 4, text), (3, 4, "fine")])
    path = file_of(tmp_path, SOUND + out.getvalue())
    assert cells_of(path, "text")[2:] == [text, "fine"]


def test_whoever_knows_that_lines_like_rows_are_words_says_so(tmp_path: Path) -> None:
    path = file_of(tmp_path, SOUND + '3,1,"my list:\n4,2,eggs\n5,2,milk"\n')
    assert "--quotes double" in refusal(path)
    assert cells_of(path, "text", quotes="double")[2] == "my list:\n4,2,eggs\n5,2,milk"


def test_gzip_and_a_zip_with_one_table(tmp_path: Path) -> None:
    packed = file_of(tmp_path, gzip.compress(SOUND.encode()), "reviews.csv.gz")
    assert cells_of(packed, "text") == ["a, b", "fine"]
    assert open_table(packed).shape == "UTF-8, separated by commas, out of gzip"
    archive = tmp_path / "reviews.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("out/reviews.csv", SOUND)
        file.writestr("__MACOSX/out/._reviews.csv", "x")
    assert cells_of(archive, "text") == ["a, b", "fine"]
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("out/more.csv", SOUND)
    assert refusal(archive).startswith("the zip holds 2 files (out/reviews.csv, out/more.csv)")
    cut = file_of(tmp_path, gzip.compress(SOUND.encode() * 50)[:-20], "cut.gz")
    assert "damaged or cut off" in refusal(cut)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n \n", "has no rows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of before 2007"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><table>", "a web page"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, content: bytes, says: str) -> None:
    assert refusal(file_of(tmp_path, content)).startswith(says)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv") == "no such file"
    assert refusal(tmp_path) == "a folder: name the file in it"


@pytest.mark.recorded
def test_play_console_as_google_writes_it() -> None:
    folder = CASES / "01-play-console-utf16"
    for month, count in (("202609", 3), ("202610", 1)):
        path = folder / f"reviews_com.acme.air_{month}.csv"
        rows = rows_of(path)
        assert len(rows) == count
        assert open_table(path).shape == "UTF-16, separated by commas"
        as_utf_8 = rows_of(folder / f"utf8_{month}.csv")
        assert [row.values for row in rows] == [row.values for row in as_utf_8]
    (row,) = [row for row in rows_of(folder / "utf8_202609.csv") if row.line == 4]
    assert row.values["Review Text"] == "Grüße, app crashes\nat check-in"


@pytest.mark.recorded
def test_the_unclosed_quotes_are_named_by_their_lines() -> None:
    folder = CASES / "05-unclosed-quote"
    assert refusal(folder / "swallow.csv").startswith("line 7: the quote that opens a cell")
    texts = cells_of(folder / "swallow.csv", "text", quotes="none")
    assert (len(texts), texts[5]) == (59, '"so slow')
    assert refusal(folder / "reviews.csv").startswith("line 4: the quote that opens a cell")
    inches = cells_of(folder / "inch.csv", "text")
    assert (len(inches), inches[5]) == (11, '"15 min late" they said, it was 90')


@pytest.mark.recorded
def test_dates_come_as_they_stand() -> None:
    folder = CASES / "06-dates"
    assert len(cells_of(folder / "forms.csv", "created_at")) == 23
    assert cells_of(folder / "amazon2023.jsonl", "timestamp")[0] == 1788602400123


@pytest.mark.parametrize("packing", ["", ".gz"])
def test_a_refused_file_is_closed_at_once(tmp_path: Path, packing: str) -> None:
    content = (SOUND + '3,1,"so slow\n4,2,fine\n5,2,a 24"\n').encode()
    name = f"refused.csv{packing}"
    path = file_of(tmp_path, gzip.compress(content) if packing else content, name)
    # Who holds the error holds the frames that it came through, and what they had open.
    with pytest.raises(InputError) as caught:
        open_table(path)
    assert caught.value
    assert open_files(name) == []


def test_who_stops_before_the_last_row_leaves_no_file_open(tmp_path: Path) -> None:
    files = {
        "rows.csv": SOUND,
        "rows.jsonl": '{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n',
        "refused.csv": "line,reason,row.id,row.text\n2,no words,1,a\n3,no words,2,b\n",
    }
    for name, content in files.items():
        table = as_mended(open_table(file_of(tmp_path, content, name)))
        with closing(iter(table)) as rows:
            next(rows)
            assert open_files(name) == [name]
        assert open_files(name) == []
