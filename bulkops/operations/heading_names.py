"""By which names an operator may call a column."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from bulkops.operations.base import Operation, known_columns

OPERATION_COLUMN = "operation"
"""The name under which the Operation column stands among a sheet's fields."""
_FOOTNOTES = str.maketrans("", "", "¹²³⁰⁴⁵⁶⁷⁸⁹ªº")
"""Marks that would be taken for digits and letters of the heading."""
_REMARK = re.compile(
    r"\([^()]*\)?|\[[^][]*\]?|\{[^{}]*\}?|【[^【】]*】?|\b(required|mandatory|optional)\b", re.IGNORECASE
)
"""Up to the end of the heading where the bracket is not closed."""


def normal(text: str) -> str:
    """A text without case, spaces and punctuation."""
    return "".join(char for char in text.casefold() if char.isalnum())


@lru_cache(maxsize=10_000)
def heading_words(heading: str) -> str:
    """What a heading is known by: no case, spaces, punctuation, footnote marks, or remark in brackets.

    A heading that is nothing but a remark is known by that.
    """
    text = heading if heading.isascii() else unicodedata.normalize("NFKC", heading.translate(_FOOTNOTES))
    return normal(_REMARK.sub(" ", text)) or normal(text)


def known_headings(operations: Iterable[Operation], synonyms: bool = True) -> dict[str, tuple[str, str]]:
    """What every heading and alias is known by → (field name, heading)."""
    known = {heading_words(OPERATION_COLUMN): (OPERATION_COLUMN, "Operation")}
    for each in known_columns(list(operations)).values():
        for spelling in (each.heading, each.name, *each.aliases, *(each.synonyms if synonyms else ())):
            known.setdefault(heading_words(spelling), (each.name, each.heading))
    return known
