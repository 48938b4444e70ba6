"""Letters of languages, by the encodings from before Unicode in which they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Letters outside ASCII that a language is written with.

    Where `common` is given, at least the share `often` of a text's letters outside ASCII are
    among them: an alphabet of many letters fits anything, its frequent ones do not.
    """

    language: str
    letters: frozenset[str]
    common: frozenset[str] = frozenset()
    often: float = 0.0


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: Python's name, the name for people, and what is written in it.

    A `rare` one is meant only where no other reads the same bytes.
    """

    codec: str
    label: str
    alphabets: tuple[Alphabet, ...]
    rare: bool = False


@cache
def old_encodings() -> tuple[Encoding, ...]:
    """List the encodings that are tried where a file is no Unicode, the usual first."""
    western = tuple(_accents(_WESTERN))
    return (
        Encoding("cp1252", "windows-1252", western),
        Encoding("cp1250", "windows-1250", tuple(_accents(_CENTRAL))),
        Encoding("cp1251", "windows-1251", tuple(_own_letters(_CYRILLIC))),
        Encoding("koi8_r", "koi8-r", tuple(_own_letters({"ru": _CYRILLIC["ru"]}))),
        Encoding("cp1253", "windows-1253", tuple(_own_letters(_GREEK))),
        Encoding("cp1254", "windows-1254", tuple(_accents(_TURKISH))),
        Encoding("cp1255", "windows-1255", tuple(_own_letters(_HEBREW))),
        Encoding("cp932", "shift_jis", (_japanese(),)),
        Encoding("cp949", "euc-kr", (_korean(),)),
        Encoding("gb18030", "gb18030", (_chinese("gb2312", 0xB0, 0xD7, _SIMPLIFIED),)),
        Encoding("big5", "big5", (_chinese("big5", 0xA4, 0xC6, _TRADITIONAL),)),
        Encoding("mac_roman", "mac-roman", western, rare=True),
    )


# Loan words and names are in every language's reviews: café, Zoë, naïve, jalapeño.
_WESTERN = {
    "en": "éèêëïçñöüâà",
    "de": "äöüßéèàêáëç",
    "fr": "àâæçéèêëîïôœùûüÿöä",
    "es": "áéíñóúüç",
    "pt": "áâãàçéêíóôõúü",
    "it": "àèéìòùç",
    "ca": "àçèéíïòóúü",
    "nl": "áéëèêíïóöüâç",
    "sv": "åäöéàü",
    "da": "åæøéòóôêöüä",
    "no": "åæøéòóôêöüä",
    "fi": "åäöé",
    "is": "áðéíóúýþæö",
}
_CENTRAL = {
    "pl": "ąćęłńóśźżé",
    "cs": "áčďéěíňóřšťúůýžöü",
    "sk": "áäčďéíĺľňóôŕšťúýžö",
    "hu": "áéíóöőúüű",
    "hr": "čćđšžé",
    "sl": "čšžćđé",
    "ro": "ăâîşţ",
    "de": "äöüßé",
}
_TURKISH = {"tr": "çğıöşüâîûİ"}
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_CYRILLIC = {
    "ru": (_RUSSIAN, "оеаинтсрвл"),
    "uk": ("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "оаинітерсвк"),
    "bg": ("абвгдежзийклмнопрстуфхцчшщъьюя", "аоитенсрвдл"),
    "sr": ("абвгдђежзијклљмнњопрстћуфхцчџш", "аоеинрсјткд"),
}
_GREEK = {"el": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", "αοιετσνηυρκπς")}
_HEBREW = {"he": ("אבגדהוזחטיכךלמםנןסעפףצץקרשת", "יוהלארתבמש")}
_OFTEN = 0.45
_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7)))) + "ーヽヾゝゞ々"
_SIMPLIFIED = "的一是不了我很有这好在人个就也都到说要服务太没员时"
_TRADITIONAL = "的一是不了我很有這好在人個就也都到說要服務太沒員時"
_HANGUL = "이다는고가을에하지은서도요한어니습의를로"
# Of a text's characters the frequent ones are a fifth or more where they stand for themselves.
_OFTEN_OF_MANY = 0.08


def _accents(languages: dict[str, str]) -> Iterator[Alphabet]:
    for language, letters in languages.items():
        yield Alphabet(language, frozenset(letters + letters.upper()))


def _own_letters(languages: dict[str, tuple[str, str]]) -> Iterator[Alphabet]:
    for language, (letters, common) in languages.items():
        both = frozenset(letters + letters.upper())
        yield Alphabet(language, both, frozenset(common + common.upper()), _OFTEN)


def _japanese() -> Alphabet:
    kanji = _block("cp932", (*range(0x88, 0xA0), *range(0xE0, 0xEB)))
    return Alphabet("ja", frozenset(_KANA) | kanji, frozenset(_KANA), 0.3)


def _korean() -> Alphabet:
    syllables = _block("euc_kr", range(0xB0, 0xC9))
    return Alphabet("ko", syllables, frozenset(_HANGUL), _OFTEN_OF_MANY)


def _chinese(codec: str, first: int, last: int, common: str) -> Alphabet:
    """Take the characters in use: standards of two bytes put the rare ones behind them."""
    return Alphabet("zh", _block(codec, range(first, last + 1)), frozenset(common), _OFTEN_OF_MANY)


def _block(codec: str, leads: Iterable[int]) -> frozenset[str]:
    pairs = (bytes((lead, trail)) for lead in leads for trail in range(0x40, 0xFF))
    return frozenset("".join(pair.decode(codec, "ignore") for pair in pairs)) - _ASCII


_ASCII = frozenset(map(chr, range(128)))
