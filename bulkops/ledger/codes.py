"""Codes of Send again: what a person types to have a row sent once more.

Six consonants: with vowels they would make words, with digits a spreadsheet would take them for numbers and dates, and
count them up where a cell is dragged. By chance alone: two copies of a ledger go on with the same numbers.
"""

import secrets
from array import array
from collections.abc import Container
from itertools import product

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 6
_HALVES = ["".join(letters) for letters in product(LETTERS, repeat=LENGTH // 2)]
_ALL = len(_HALVES) ** 2


def new_code() -> str:
    """Another code each time, but for a chance of one in 64 million."""
    return _code(secrets.randbelow(_ALL))


def new_codes(count: int, used: Container[str]) -> list[str]:
    """So many codes, all different, and none of those that are in use."""
    found: dict[str, None] = {}
    while left := count - len(found):
        numbers = array("I", secrets.token_bytes(left * array("I").itemsize))
        found.update((code, None) for code in (_code(number % _ALL) for number in numbers) if code not in used)
    return list(found)


def _code(number: int) -> str:
    return _HALVES[number // len(_HALVES)] + _HALVES[number % len(_HALVES)]


def is_code(text: str) -> bool:
    """Is it one, written as they are given? Before version 6 ledgers told in other words what released a row."""
    return len(text) == LENGTH and set(text) <= set(LETTERS)
