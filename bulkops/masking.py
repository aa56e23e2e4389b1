"""A secret found in a text from outside, however that writes it, and masked.

A server may repeat the key it was sent: as it is, in capitals, as JSON, HTML or a URL writes it (even
one inside the other), in UTF-16, broken over lines, cut short, as base64 or hexadecimal digits.
"""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable, Iterator
from html.entities import html5

_PIECE = 12
"""So many characters of a secret in a row are a trace of it. Fewer might be a word."""
_ASCII = {name.rstrip(";"): char for name, char in html5.items() if len(char) == 1 and "!" <= char <= "~"}
_ESCAPE = re.compile(
    r"\\+u(?P<json>[0-9a-f]{4})|%(?P<url>[0-9a-f]{2})|&#x(?P<hex>[0-9a-f]{1,6});?|&#(?P<number>[0-9]{1,7});?"
    # Backslashes, blanks and what cannot be seen never count; a text in UTF-16 has a NUL behind every letter.
    r"|&(?P<name>[a-z]{2,16});?|\\+|[\0-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]+",
    re.IGNORECASE,
)
_ROUNDS = 5
_OF_A_WORD = frozenset(f"{string.ascii_letters}{string.digits}+/_-=")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
"""Not str.lower, which makes some letters two, and so would move all places behind them."""


class Traces:
    """What to look for of one secret."""

    __slots__ = ("_encoded", "_pieces")

    def __init__(self, secret: str) -> None:
        plain = _plain(secret)
        size = _PIECE if len(plain) >= 2 * _PIECE else len(plain)
        self._pieces = {plain[at : at + size] for at in range(len(plain) - size + 1)} - {""}
        self._encoded = frozenset(_encoded(secret.encode())) if len(secret) >= _PIECE else frozenset()

    def hide(self, text: str, mask: str) -> str:
        """The text with ``mask`` in place of every trace."""
        found = [_word(span, text) for each in self._encoded for span in _spans(each, text)]
        read = _plain(text)
        if seen := [span for piece in self._pieces for span in _spans(piece, read)]:
            places = _places(text)
            found += [(places[first][0], places[last - 1][1]) for first, last in seen]
        kept: list[str] = []
        end = 0
        for first, last in sorted(found):
            if first > end or not kept:
                kept += [text[end:first], mask]
            end = max(end, last)
        return "".join([*kept, text[end:]])


def _plain(text: str) -> str:
    """The text as the last of its readers would have it, in small letters."""
    for _ in range(_ROUNDS):
        before, text = text, _ESCAPE.sub(_meant, text)
        if text == before:
            break
    return text.translate(_LOWER)


def _meant(escape: re.Match[str]) -> str:
    """What an escape stands for; itself, if that is nothing that a key may hold."""
    kind = escape.lastgroup
    if kind is None:
        return ""
    if kind == "name":
        return _ASCII.get(escape[kind], escape[0])
    code = int(escape[kind], 10 if kind == "number" else 16)
    return "" if code <= ord(" ") else chr(code) if code < 0x7F else escape[0]


def _places(text: str) -> list[tuple[int, int]]:
    """For each character of ``_plain(text)`` where what stands for it begins and ends in the text."""
    places = [(at, at + 1) for at in range(len(text))]
    for _ in range(_ROUNDS):
        kept, read, at = [], [], 0
        for escape in _ESCAPE.finditer(text):
            first, last, meant = escape.start(), escape.end(), _meant(escape)
            kept += places[at:first]
            kept += places[first:last] if meant == escape[0] else [(places[first][0], places[last - 1][1])] * len(meant)
            read += [text[at:first], meant]
            at = last
        places, text = [*kept, *places[at:]], "".join([*read, text[at:]])
    return places


def _spans(piece: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(piece)
    while at >= 0:
        yield at, at + len(piece)
        at = text.find(piece, at + 1)


def _word(span: tuple[int, int], text: str) -> tuple[int, int]:
    """The whole run of letters and digits round a place: the ends of an encoded secret depend on its neighbours."""
    first, last = span
    while first and text[first - 1] in _OF_A_WORD:
        first -= 1
    while last < len(text) and text[last] in _OF_A_WORD:
        last += 1
    return first, last


def _encoded(secret: bytes) -> Iterator[str]:
    """The secret in hexadecimal digits and in base64, wherever in the encoded text it stands."""
    yield from (secret.hex(), secret.hex().upper())
    encoders: tuple[Callable[[bytes], bytes], ...] = (base64.standard_b64encode, base64.urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            # The first and last characters depend on what stands beside the secret.
            yield encode(bytes(before) + secret).decode().rstrip("=")[(0, 2, 3)[before] : -1]
