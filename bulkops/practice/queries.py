"""Paging and filters of the read-only calls (api-contract, section 3)."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .records import Json, Refused

DEFAULT_PAGE_SIZE = 250
LARGEST_PAGE_SIZE = 1000
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_CLAUSE = re.compile(r"\s*(?P<field>\w+)\s*(?P<operator><=|>=|<>|!=|=|<|>|like\b)\s*'(?P<value>(?:[^']|'')*)'\s*", re.I)
_AND = re.compile(r"and\s", re.I)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Page:
    """One page of `items` (JSON objects), and the four headers that tell where it stands."""

    items: list[Json]
    headers: dict[str, str]


def page_of(found: Sequence[Json], query: Mapping[str, str]) -> Page:
    """Cuts one page out by pageSize (1 to 1000, default 250) and pageNumber (from 1). A page past the end is empty.

    Practice decision: a pageSize over 1000 is refused rather than lowered, so that nobody relies on it.
    """
    size = _whole(query, "pageSize", DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE)
    number = _whole(query, "pageNumber", 1, 10**9)
    headers = {
        "PageNumber": str(number),
        "PageSize": str(size),
        "TotalNumberOfRecords": str(len(found)),
        "TotalPages": str(math.ceil(len(found) / size)),
    }
    return Page(list(found[(number - 1) * size : number * size]), headers)


def filtered(found: Sequence[Json], query: Mapping[str, str]) -> list[Json]:
    """The objects that meet every clause of the query's `filter`: `field operator 'value'` joined by ` and `.

    Fields are the names in the answer, those of nested objects too (batchCode, taskTypeCode). Text is compared without
    case; `like` takes % for anything; a quote inside the value is doubled. Practice decision: the operators are
    = != <> < <= > >= like, and a value that is null or absent meets only != and <>.
    """
    text = query.get("filter", "")
    if not text.strip():
        return list(found)
    rows = [(item, {name.lower(): value for name, value in _leaves(item)}) for item in found]
    known = {name for _, leaves in rows for name in leaves}
    clauses = list(_clauses(text))
    for name, _, _ in clauses:
        if known and name not in known:
            raise Refused(400, f"The filter names {name!a}, which is no field here.")
    return [
        item for item, leaves in rows if all(_meets(leaves.get(name), sign, value) for name, sign, value in clauses)
    ]


def _clauses(text: str) -> Iterator[tuple[str, str, str]]:
    position = 0
    while True:
        clause = _CLAUSE.match(text, position)
        if not clause:
            raise Refused(400, "The filter must be written as: field operator 'value', joined by ' and '.")
        yield clause["field"].lower(), clause["operator"].lower(), clause["value"].replace("''", "'")
        position = clause.end()
        if position == len(text):
            return
        joined = _AND.match(text, position)
        if not joined or not text[position - 1].isspace():
            raise Refused(400, "The clauses of a filter must be joined by ' and '.")
        position = joined.end()


def _leaves(item: Json) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield name, value


def _meets(have: Any, sign: str, value: str) -> bool:
    if have is None:
        return sign in ("!=", "<>")
    if sign == "like":
        pattern = ".*".join(re.escape(part) for part in value.split("%"))
        return re.fullmatch(pattern, str(have), re.I | re.S) is not None
    left, right = _comparable(have, value)
    return _COMPARE[sign](left, right)


def _comparable(have: Any, value: str) -> tuple[Any, Any]:
    if isinstance(have, bool):
        return str(have).lower(), value.lower()
    if isinstance(have, int | float):
        try:
            return have, float(value)
        except ValueError as why:
            raise Refused(400, f"The filter compares a number with {ascii(value)[:60]}.") from why
    moments = _moment(str(have)), _moment(value)
    if None not in moments:
        return moments
    return str(have).casefold(), value.casefold()


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _whole(query: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= largest:
        raise Refused(400, f"{name} must be a whole number from 1 to {largest}, not {ascii(text)[:60]}.")
    return int(text)
