"""The encoding of a file is taken where it is sure, and asked for where it is not."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from earful.importing.packed_files import packed_file
from earful.importing.text_encoding import find_encoding
from tests.earful.import_fixtures import CASES, cells_of, file_of, refusal, rows_of

LINES = {
    "de": "Früh angekommen – die Crew war großartig\nGepäck beschädigt\n",
    "fr": "Très bon vol, équipage agréable\nOn a attendu à la porte, où était l'équipe ?\n",
    "es": "El niño lloró toda la noche\n¿Dónde está mi maleta?\n",
    "pt": "Muito bom, não tenho reclamações\nA bagagem não chegou\n",
    "it": "Servizio eccellente, è stato perfetto\nPerché così tardi? Non tornerò più\n",
    "sv": "Jättebra service, tack så mycket\nFörsenat tåg, mycket dåligt\n",
    "en": "It’s “great” — really\nCafé on board was a delight\n",
    "pl": "Bardzo miła obsługa, polecam\nSpóźniony pociąg i żadnej informacji\n",
    "cs": "Dobrý vlak, děkuji moc\nZpoždění přes hodinu, nikdy více\n",
    "hu": "Nagyon jó volt, köszönöm\nKésett egy órát, őszintén borzasztó\n",
    "ru": "Очень понравилось, спасибо большое\nПоезд опоздал на час, никто не извинился\n",
    "el": "Πολύ καλή εξυπηρέτηση, ευχαριστώ\nΗ πτήση είχε καθυστέρηση δύο ώρες\n",
    "tr": "Çok güzel bir ürün, teşekkürler\nKargo çok geç geldi, ilgisiz müşteri\n",
    "he": "שירות מצוין, תודה רבה לכם\nהרכבת איחרה בשעה שלמה\n",
    "ja": "とても良いサービスでした。また使います\n荷物がなくなりました。返事がない\n",
    "ko": "정말 좋은 서비스였습니다 감사합니다\n기차가 한 시간 늦게 도착했어요\n",
    "zh": "服务很好,我很喜欢这个航空公司,下次还来\n行李丢了,没有人回答我的问题\n",
}
WRITTEN = [
    *[(language, "cp1252") for language in ("de", "fr", "es", "pt", "it", "sv", "en")],
    *[(language, "mac_roman") for language in ("de", "fr", "es", "pt", "it", "sv", "en")],
    *[(language, "cp1250") for language in ("pl", "cs", "hu")],
    ("ru", "cp1251"), ("ru", "koi8_r"), ("el", "cp1253"), ("tr", "cp1254"), ("he", "cp1255"),
    ("ja", "cp932"), ("ko", "cp949"), ("zh", "gb18030"),
    *[(language, "utf-16-le") for language in ("en", "ru", "zh")],
    *[(language, "utf-16-be") for language in ("en", "ru", "ja")],
    *[(language, "utf-8") for language in LINES],
]  # fmt: skip


@pytest.mark.parametrize(("language", "codec"), WRITTEN)
def test_a_sure_encoding_reads_every_letter(tmp_path: Path, language: str, codec: str) -> None:
    text = "id|text\n" + "".join(f"1|{line}\n" for line in LINES[language].splitlines())
    path = file_of(tmp_path, text.encode(codec))
    assert path.read_bytes().decode(find_encoding(packed_file(path)).codec) == text
    assert cells_of(path, "text") == LINES[language].splitlines()


@pytest.mark.parametrize(
    ("mark", "codec", "label"),
    [
        (codecs.BOM_UTF8, "utf-8", "UTF-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    ],
)
def test_a_byte_order_mark_is_sure_and_no_part_of_a_name(
    tmp_path: Path, mark: bytes, codec: str, label: str
) -> None:
    path = file_of(tmp_path, mark + 'text,n\n"Grüße, 😡",1\n'.encode(codec))
    assert cells_of(path, "text") == ["Grüße, 😡"]
    assert find_encoding(packed_file(path)).label == label


def test_languages_side_by_side_are_one_encoding(tmp_path: Path) -> None:
    lines = [line for language in ("de", "fr", "es", "en") for line in LINES[language].split("\n")]
    path = file_of(tmp_path, "text\n" + "\n".join(filter(None, lines)), "in.txt")
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))
    assert cells_of(path, "text") == list(filter(None, lines))


def test_one_word_that_two_encodings_can_write_is_a_question(tmp_path: Path) -> None:
    path = file_of(tmp_path, "text\ntrès bon\n".encode("cp1252"))
    assert refusal(path) == (
        "line 2: byte 0xE8 is no UTF-8: choose its encoding: --encoding windows-1252 (reads "
        "'très bon') or windows-1250 (reads 'trčs bon')"
    )
    assert cells_of(path, "text", encoding="windows-1252") == ["très bon"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"text\n\x81\x8d\x8f\x90\n", "line 2: byte 0x81 is no UTF-8, nor what Earful can guess"),
        ("text,n\né,1\né,2\n".encode() + b"caf\xe9,3\n", "line 4: byte 0xE9 is no UTF-8, though"),
        ("text\nok\né".encode()[:-1], "line 3: byte 0xC3 is no UTF-8: the file is cut off there"),
        (codecs.BOM_UTF16_LE + "text\nfine\n".encode("utf-16-le")[:-1], "line 2: the file begins"),
    ],
)
def test_what_cannot_be_decoded_is_named_by_line_and_byte(
    tmp_path: Path, content: bytes, says: str
) -> None:
    assert refusal(file_of(tmp_path, content)).startswith(says)


def test_rows_in_another_encoding_are_refused_by_name_and_alone(tmp_path: Path) -> None:
    path = file_of(tmp_path, "text,n\né,1\né,2\n".encode() + b"caf\xe9,3\nfine,4\n")
    rows = rows_of(path, encoding="utf-8")
    assert [row.values.get("n") for row in rows] == ["1", "2", None, "4"]
    assert (rows[2].problem, rows[2].line) == ("has bytes that are no utf-8", 4)
    assert rows[2].raw == "caf\\xe9,3\n"


def test_an_encoding_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    assert "no encoding has this name" in refusal(file_of(tmp_path, "text\nx\n"), encoding="ebdic")
    assert "no encoding has this name" in refusal(file_of(tmp_path, "text\nx\n"), encoding="hex")


def test_a_single_nul_makes_no_utf_16(tmp_path: Path) -> None:
    path = file_of(tmp_path, "id,text\n1,nul\x00inside and a good deal more of words\n")
    assert find_encoding(packed_file(path)).codec == "utf-8"


@pytest.mark.recorded
def test_the_excel_files_of_windows_are_whole() -> None:
    folder = CASES / "04-excel-1252"
    assert cells_of(folder / "excel_de.csv", "Kommentar") == [
        "Früh angekommen – die Crew war großartig, 20 € gespart",
        "Gepäck beschädigt, „Entschuldigung“ gab’s nicht",
    ]
    assert cells_of(folder / "excel_de.csv", "Kunde") == ["Jürgen M.", "Zoë"]
    assert cells_of(folder / "excel_en.csv", "text") == [
        "I didn’t get my £40 refund — it’s been “5–7 days” for a month",
        "Café on board was a delight",
    ]
    assert cells_of(folder / "mac_cr.csv", "text") == ["lovely", "awful"]
    assert cells_of(folder / "sepline.csv", "stars") == ["5"]
