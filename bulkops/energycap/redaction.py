"""A secret found in a text from outside, however that writes it, and masked.

A server may repeat the key it was sent: as it is, in capitals, as JSON, HTML or a URL writes it (even
one inside the other), in UTF-16, broken over lines, cut short, as base64 or hexadecimal digits.

The server may also mean ill: every step takes a time that grows with the text's length and no faster.
"""

from __future__ import annotations

import base64
import re
import string
from array import array
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


class Redactor:
    """Takes one secret out of texts."""

    __slots__ = ("_encoded", "_grams", "_pieces", "_size")

    def __init__(self, secret: str) -> None:
        plain = _plain(secret)
        self._size = size = _PIECE if len(plain) >= 2 * _PIECE else len(plain)
        self._pieces = _windows(plain, size)
        self._grams = _windows(plain, max(size // 2, 1))
        self._encoded = frozenset(_encoded(secret.encode())) if len(secret) >= _PIECE else frozenset()

    def redact(self, text: str, mask: str, go_on: Callable[[], object] = lambda: None) -> str:
        """The text with ``mask`` in place of every trace. ``go_on`` is asked before each step; what it raises ends
        the work."""
        found = [span for each in self._encoded for span in _words(each, text)]
        if seen := self._seen(_plain(text, go_on)):
            first_at, last_at = _places(text, go_on)
            found += [(first_at[first], last_at[last - 1]) for first, last in seen]
        kept: list[str] = []
        end = 0
        for first, last in sorted(found):
            if first > end or not kept:
                kept += [text[end:first], mask]
            end = max(end, last)
        return "".join([*kept, text[end:]])

    def _seen(self, read: str) -> list[tuple[int, int]]:
        """Where pieces stand in a plain text, what overlaps as one. One look for every few letters: whatever holds a
        piece holds half of one at a place where it is looked for."""
        seen: list[tuple[int, int]] = []
        size, gram = self._size, max(self._size // 2, 1)
        step = size - gram + 1
        for near in range(0, len(read) - gram + 1, step) if size else ():
            if read[near : near + gram] not in self._grams:
                continue
            for at in range(max(near - step + 1, 0), near + 1):
                if read[at : at + size] in self._pieces:
                    first = seen.pop()[0] if seen and at <= seen[-1][1] else at
                    seen.append((first, at + size))
        return seen


def _windows(text: str, size: int) -> frozenset[str]:
    return frozenset(text[at : at + size] for at in range(len(text) - size + 1)) - {""}


def _plain(text: str, go_on: Callable[[], object] = lambda: None) -> str:
    """The text as the last of its readers would have it, in small letters."""
    for _ in range(_ROUNDS):
        go_on()
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


def _places(text: str, go_on: Callable[[], object]) -> tuple[array[int], array[int]]:
    """For each character of ``_plain(text)`` where what stands for it begins in the text, and where that ends."""
    starts, ends = array("L", range(len(text))), array("L", range(1, len(text) + 1))
    for _ in range(_ROUNDS):
        go_on()
        at, read, new_starts, new_ends = 0, [], array("L"), array("L")
        for escape in _ESCAPE.finditer(text):
            first, last, meant = escape.start(), escape.end(), _meant(escape)
            if meant == escape[0]:
                continue
            new_starts += starts[at:first] + array("L", [starts[first]] * len(meant))
            new_ends += ends[at:first] + array("L", [ends[last - 1]] * len(meant))
            read += [text[at:first], meant]
            at = last
        if not read:
            break
        starts, ends, text = new_starts + starts[at:], new_ends + ends[at:], "".join([*read, text[at:]])
    return starts, ends


def _words(piece: str, text: str) -> Iterator[tuple[int, int]]:
    """Each whole run of letters and digits with the piece in it: the ends of an encoded secret depend on its
    neighbours."""
    last = 0
    while (first := text.find(piece, last)) >= 0:
        last = first + len(piece)
        while first and text[first - 1] in _OF_A_WORD:
            first -= 1
        while last < len(text) and text[last] in _OF_A_WORD:
            last += 1
        yield first, last


def _encoded(secret: bytes) -> Iterator[str]:
    """The secret in hexadecimal digits and in base64, wherever in the encoded text it stands."""
    yield from (secret.hex(), secret.hex().upper())
    encoders: tuple[Callable[[bytes], bytes], ...] = (base64.standard_b64encode, base64.urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            # The first and last characters depend on what stands beside the secret.
            yield encode(bytes(before) + secret).decode().rstrip("=")[(0, 2, 3)[before] : -1]
