"""Codes of Send again: what a person types to have a row sent once more.

Six consonants: with vowels they would make words, with digits a spreadsheet would take them for numbers and dates, and
count them up where a cell is dragged. By chance alone: two copies of a ledger go on with the same numbers.
"""

from __future__ import annotations

import secrets

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 6


def new_code() -> str:
    """Another code each time, but for a chance of one in 64 million."""
    number = secrets.randbelow(len(LETTERS) ** LENGTH)
    code = ""
    for _ in range(LENGTH):
        number, letter = divmod(number, len(LETTERS))
        code += LETTERS[letter]
    return code


def is_code(text: str) -> bool:
    """Is it one, written as they are given? Before version 6 ledgers told in other words what released a row."""
    return len(text) == LENGTH and set(text) <= set(LETTERS)
