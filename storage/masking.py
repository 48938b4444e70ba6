"""E-mail addresses and phone numbers in texts: found, and masked before a text is stored. Pure.

What must not be masked are the numbers that a support team needs: orders, tickets, prices, dates.
Of a bare run of digits nobody can tell by its looks; the word before it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

EMAIL, PHONE = "[email]", "[phone]"

# Not behind an `@`: `@sam@example.social` is a handle of the Fediverse.
_EMAIL = re.compile(
    r"(?<![\w.+%@-])[\w.+%-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}(?![\w@])"
)
_URL = re.compile(r"https?://\S+|\b(?:[\w-]+\.)+[a-z]{2,}/\S+", re.IGNORECASE)
_SPAN = re.compile(r"\d{3,4} [-–] \d{3,4}")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2})(?!\d)"
)
_FEWEST_DIGITS = 7
# What names the number behind it as one of an order, a ticket, an account or the like.
_REFERENCE = re.compile(
    r"(?:\b(?:order|ticket|case|ref|reference|pnr|account|acct|invoice|booking|reservation|policy"
    r"|claim|tracking|transaction|serial|imei|sku|id|no|nr|num|number"
    r"|bestell\w*|auftrag\w*|rechnung\w*|kunden\w*|vorgang\w*|sendung\w*|buchung\w*|vertrag\w*"
    r"|commande|facture|dossier|colis|réservation|contrat|pedido|factura|reserva|contrato|compra"
    r"|fatura|encomenda|ordine|fattura|prenotazione|pratica|contratto|bestelling|factuur|klant\w*"
    r"|zamówieni\w*|faktur\w*|sipariş\w*|заказ\w*|сч[её]т\w*|брон\w*|договор\w*|ordre\w*"
    r"|beställning\w*|bestilling\w*|pesanan|booking|đơn hàng|mã)\b"
    r"|[#№=_]|n[°º]|주문|예약|订单|訂單|单号|注文|予約|طلب|حجز|คำสั่งซื้อ|ऑर्डर|आदेश)[^\w#]{0,6}"
    r"(?:(?:is|was|are|id|no|nr|number|num|nummer|numéro|número|numero|numer|номер|ist|war|est|es)"
    r"[^\w#]{1,4}){0,2}[#:]?\s?$",
    re.IGNORECASE,
)
# Where a language is written in several countries, those whose numbers are looked for as well.
_MORE_REGIONS = {"US": ("GB", "IN"), "BR": ("PT",), "ES": ("MX",), "DE": ("AT", "CH")}


def masked(text: str, kinds: Collection[str], country: str | None, language: str | None) -> str:
    """Give a text with its e-mail addresses and phone numbers masked, as `kinds` says.

    `country` and `language` say in which countries' ways numbers without a `+` are read.
    """
    if "email" in kinds and "@" in text:
        text = _EMAIL.sub(EMAIL, text)
    if "phone" in kinds and sum(map(str.isdigit, text)) >= _FEWEST_DIGITS:
        for start, end in sorted(set(_phones(text, country, language)), reverse=True):
            text = f"{text[:start]}{PHONE}{text[end:]}"
    return text


def _phones(text: str, country: str | None, language: str | None) -> Iterator[tuple[int, int]]:
    """Find phone numbers: where each begins and ends; none overlap."""
    # Late: most stores mask nothing.
    from phonenumbers import Leniency, PhoneNumberMatcher

    others = [one.span() for find in (_URL, _DATE) for one in find.finditer(text)]
    taken: list[tuple[int, int]] = []
    for region in _regions(country, language):
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            span = (match.start, match.end)
            if _overlap(span, others) or _overlap(span, taken) or not _is_phone(text, *span):
                continue
            taken.append(span)
            yield span


def _is_phone(text: str, start: int, end: int) -> bool:
    """Tell whether what could be dialled is meant to be."""
    said = text[start:end]
    groups = re.findall(r"\d+", said)
    if "/" in said and len(groups) == 2 and len(groups[0]) > 4:  # 97842/97844, 131231231/10
        return False
    if _SPAN.fullmatch(said):  # 1800 - 2400 grams
        return False
    if any(len(group) == 1 for group in groups[1:]):  # 310230-1, 20170313.0.5
        return False
    if start and text[start - 1] in "=_#№$€£¥₹":
        return False
    is_bare = len(groups) == 1 and not said.startswith(("+", "("))
    return not (is_bare and _REFERENCE.search(text[max(0, start - 40) : start]))


def _overlap(span: tuple[int, int], others: Collection[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


@cache
def _regions(country: str | None, language: str | None) -> tuple[str | None, ...]:
    """Name the countries in whose ways numbers are read; None: only those with a `+`."""
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    regions: list[str] = [country.upper()] if country else []
    if language:
        try:
            region = Language.get(language).maximize().territory
        except LanguageTagError:
            region = None
        if region:
            regions += [region, *_MORE_REGIONS.get(region, ())]
    return tuple(dict.fromkeys(regions)) or (None,)
