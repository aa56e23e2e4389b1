"""Does a format's text beside a number leave the number what it is, or does it say thousands, percent, less?"""

import re
import unicodedata
from collections.abc import Iterator

_POWERS = "k|m|t|b|mm|mn|md|bn|mio|mln|mrd|mld"
_CURRENCIES = "eur|usd|gbp|chf|sek|nok|dkk|cad|aud|nzd|inr|jpy|cny|hkd|sgd|pln|czk|huf|zar|brl|mxn|kr|zł|kc|fr|rs|ft"
_JOINED = re.compile(f"(?:{_POWERS})(?:{_CURRENCIES})|(?:{_CURRENCIES})(?:k|m|b|mm|mn|bn|mio|mrd|cr)")
"""TEUR, mdkr, USDm."""
_JOINED_SYMBOL = re.compile(rf"\b(?:{_POWERS})[$€£¥₹₽]|[$€£¥₹₽](?:{_POWERS})\b")
"""M€, £m, $bn."""
_AFTER = re.compile("[kmbtlcp]|cts?")
"""5k and 5 M; before a number such letters are currencies."""
_SIGNS = (
    "%\N{FULLWIDTH PERCENT SIGN}\N{SMALL PERCENT SIGN}\N{ARABIC PERCENT SIGN}"
    "\N{PER MILLE SIGN}\N{PER TEN THOUSAND SIGN}\N{CENT SIGN}"
)
_POINT = re.compile(r"(?<![^\W\d_])(?<!/)[.,] *$")
"""Before a number it seems to be its decimal point; not where it ends an abbreviation: Rs. 5, S/. 5."""
_WORD = re.compile(r"[^\W\d_]{2,}['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+|[^\W\d_]+(?:\.[^\W\d_]+)*")
"""so'm, a currency; t.kr."""


def adds_only(before: str, after: str) -> bool:
    """Do words leave the number what it is? Digits, percent signs, words for thousands or for less do not."""
    before, after = _bare(before), _bare(after)
    both = f"{before} {after}"
    words = list(_single_words(both))
    return not (
        any(char.isnumeric() or char in _SIGNS for char in both)
        or not _SCALES.isdisjoint(words)
        or any(map(_JOINED.fullmatch, words))
        or any(map(_AFTER.fullmatch, _single_words(after)))
        or _JOINED_SYMBOL.search(both)
        or _POINT.search(before)
    )


def _bare(text: str) -> str:
    """Small letters without accents, however they are written."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in decomposed if unicodedata.category(char)[0] != "M")


def _single_words(text: str) -> Iterator[str]:
    """t.kr is one, tkr; and what is joined without a blank comes singly, too: Rs.Cr."""
    for word in _WORD.findall(text):
        yield word.replace(".", "")
        yield from (part for part in re.split(r"\W", word) if 1 < len(part) < len(word))


_SCALES = frozenset(
    _bare(
        """
        thousand thousands thou thsd ths hundred hundreds million millions milion milions billion billions trillion
        trillions mil mill mio mn mm mln mld mrd md mds bn tn lakh lakhs lac lacs crore crores cr dozen dozens doz
        percent pct bp bps ppm cent cents pence minus negative credit
        tsd tausend milliarde milliarden millionen milliard milliards mille milliers mila migliaia milione milioni
        miliardo miliardi miles millón millones milhar milhares milhão milhões bilhão bilhões duizend miljoen miljard
        tusen tusind tusinde miljon miljoner millioner mdr mia tuhat tuhatta milj miljoona miljoonaa miljardi
        tys tysiąc tysiące tysięcy miliony milionów miliard miliardów tis tisíc tisíce milionů ezer eft millió milliárd
        mii milioane miliarde bin milyon milyar nghìn ngàn triệu tỷ tỉ ribu juta miliar triliun rb jt
        тыс тысяча тысячи тысяч тис тисяча тисячі тисяч тр труб млн млрд миллион миллиона миллионов миллиард миллиардов
        хил хиляди милион милиона χιλ χιλιάδες εκατ εκατομμύρια δισ אלף אלפי אלפים מיליון ألف آلاف مليون مليار
        हजार हज़ार लाख करोड़ พัน ล้าน พันบาท ล้านบาท 천 만 억 백만 천원 만원 억원 백만원
        """
    ).split()
)
"""Words that make another number of the one beside them, as they stand beside amounts in many languages."""
