"""Filters in words, and pages, as EnergyCAP's pages "Filters" and "Paging" describe them."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from .choices import Choices
from .records import Batch, Refused, Task, User
from .state import State

LARGEST_PAGE_SIZE = 1000
T = TypeVar("T")

_EQUAL = frozenset({"equals", "not equals"})
_ONE_OF = frozenset({"one of", "not one of"})
_ORDER = frozenset({"less than", "greater than", "less than equal", "greater than equal", "between", "not between"})
_DAYS = {f"last {days} days": timedelta(days=days) for days in (7, 14, 30, 60, 90)}
_DAY = timedelta(days=1)
TEXT, WORD, WHOLE, NUMBER, MOMENT, TRUTH = "text", "word", "whole number", "number", "date", "boolean"
_OPERATORS = {
    TEXT: _EQUAL | _ONE_OF | {"like", "not like"},
    WORD: _EQUAL | _ONE_OF,
    WHOLE: _EQUAL | _ONE_OF | _ORDER,
    NUMBER: _EQUAL | _ORDER,
    MOMENT: _EQUAL | _ORDER | {"today", "yesterday", *_DAYS},
    TRUTH: frozenset({"equals"}),
}
_VALUE = r"'(?:[^']|'')*'"
_WORDS = "|".join(sorted({each for some in _OPERATORS.values() for each in some}, key=len, reverse=True))
_CLAUSE = re.compile(
    rf"\s*(?P<field>\w+)\s+(?P<operator>{_WORDS})\b\s*(?P<values>(?:{_VALUE}(?:\s*\|\s*{_VALUE})*)?)\s*",
    re.IGNORECASE | re.ASCII,
)
_AND = re.compile(r"and\s", re.IGNORECASE)

Fields = dict[str, tuple[str, Callable[[T], Any]]]
TASKS: Fields[Task] = {
    "batchCode": (TEXT, lambda task: task.batch and task.batch.batch_code),
    "batchId": (WHOLE, lambda task: task.batch and task.batch.batch_id),
    "beginDate": (MOMENT, lambda task: task.begin),
    "budgetVersionId": (WHOLE, lambda task: None),
    "exportFileName": (TEXT, lambda task: None),
    "exportMode": (TEXT, lambda task: None),
    "fullName": (TEXT, lambda task: task.user.full_name),
}
MORE_OF_TASKS: Fields[Task] = {
    "status": (TEXT, lambda task: task.status),
    "taskNote": (TEXT, lambda task: task.note),
    "userCode": (TEXT, lambda task: task.user.user_code),
    "endDate": (MOMENT, lambda task: task.end),
}
BATCHES: Fields[Batch] = {
    "batchCode": (TEXT, lambda batch: batch.batch_code),
    "batchStatus": (WORD, lambda batch: batch.status),
    "billCount": (WHOLE, lambda batch: batch.bill_count),
    "controlCode": (TEXT, lambda batch: batch.control_code),
    "duedate": (TEXT, lambda batch: batch.due_date),
    "endDate": (MOMENT, lambda batch: batch.end_date),
    "fullName": (TEXT, lambda batch: batch.owner.full_name),
    "HasImportsWithKickout": (TRUTH, lambda batch: batch.has_kickouts),
    "invoiceNumber": (TEXT, lambda batch: batch.invoice_number),
    "isOpen": (TRUTH, lambda batch: batch.is_open),
    "nextReading": (TEXT, lambda batch: batch.next_reading),
    "runningTotal": (NUMBER, lambda batch: batch.running_total),
}
USERS: Fields[User] = {
    "userId": (WHOLE, lambda user: user.user_id),
    "userCode": (TEXT, lambda user: user.user_code),
    "fullName": (TEXT, lambda user: user.full_name),
    "active": (TRUTH, lambda user: user.active),
    "email": (TEXT, lambda user: user.email),
}


def page_of(found: Sequence[T], size: int, number: int, choices: Choices) -> tuple[Sequence[T], dict[str, str]]:
    """One page, of 1000 records at most whatever is asked for, and the four headers with its place and the totals. A
    page past the end is empty."""
    size = min(size, LARGEST_PAGE_SIZE)
    page = found[(number - 1) * size : number * size]
    headers = {
        "PageNumber": str(number),
        "PageSize": str(size),
        "TotalNumberOfRecords": str(len(found)),
        "TotalPages": str(math.ceil(len(found) / size)),
    }
    return (page[: len(page) // 2] if choices.half_pages else page), headers


def filtered(found: Sequence[T], text: str, fields: Fields[T], state: State) -> list[T]:
    """The records that meet every clause of a filter: `field operator 'value'`, joined by ` and `.

    Several values are joined by a bar. Names and words are compared without case, and so is text; a quote inside a
    value is doubled. What has no value meets only `not …`.
    """
    known = {name.lower(): of for name, of in fields.items()}
    kept = list(found)
    for name, operator, values in _clauses(text):
        if state.choices.quotes == "refuse" and any("'" in value for value in values):
            raise Refused(400, "The filter has a quote inside a value.")
        if name not in known:
            if state.choices.unknown_filters == "ignore":
                continue
            raise Refused(400, f"The filter names {name!a}, which cannot be filtered here.")
        kind, value_of = known[name]
        if operator not in _OPERATORS[kind]:
            raise Refused(400, f"The filter's {name!a} does not take the operator '{operator}'.")
        meets = _test(operator, [_parsed(kind, value) for value in values], state)
        kept = [each for each in kept if meets(_comparable(value_of(each)))]
    return kept


def _clauses(text: str) -> Iterator[tuple[str, str, list[str]]]:
    position = 0
    while text[position:].strip():
        clause = _CLAUSE.match(text, position)
        if not clause:
            raise Refused(400, "The filter must be written as: field operator 'value', joined by ' and '.")
        values = [each[1:-1].replace("''", "'") for each in re.findall(_VALUE, clause["values"])]
        yield clause["field"].lower(), " ".join(clause["operator"].lower().split()), values
        position = clause.end()
        if position < len(text):
            joined = _AND.match(text, position)
            if not joined or not text[position - 1].isspace() or not text[joined.end() :].strip():
                raise Refused(400, "The clauses of a filter must be joined by ' and '.")
            position = joined.end()


def _test(operator: str, values: list[Any], state: State) -> Callable[[Any], bool]:
    wanted = {"between": 2, "not between": 2, "today": 0, "yesterday": 0, **dict.fromkeys(_DAYS, 0)}.get(operator, 1)
    if len(values) != wanted and not (operator.endswith("one of") and values):
        raise Refused(400, f"The filter's operator '{operator}' takes {wanted} values, not {len(values)}.")
    if operator.startswith("not "):
        positive = _test(operator.removeprefix("not "), values, state)
        return lambda have: not positive(have)
    now, wildcard = state.now(), state.choices.wildcard
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tests: dict[str, Callable[[Any], bool]] = {
        "equals": lambda have: have == values[0],
        "one of": lambda have: have in values,
        "less than": lambda have: have < values[0],
        "less than equal": lambda have: have <= values[0],
        "greater than": lambda have: have > values[0],
        "greater than equal": lambda have: have >= values[0],
        "between": lambda have: values[0] <= have <= values[1],
        "like": lambda have: re.search(_pattern(values[0], wildcard), have, re.DOTALL) is not None,
        "today": lambda have: midnight <= have < midnight + _DAY,
        "yesterday": lambda have: midnight - _DAY <= have < midnight,
    }
    test = tests.get(operator) or (lambda have: now - _DAYS[operator] <= have <= now)
    return lambda have: have is not None and test(have)


def _pattern(value: str, wildcard: str) -> str:
    return ".*".join(map(re.escape, value.split(wildcard) if wildcard else [value]))


def _parsed(kind: str, value: str) -> Any:
    try:
        if kind == TRUTH:
            return {"true": True, "false": False}[value.lower()]
        if kind == MOMENT:
            return _comparable(datetime.fromisoformat(value))
        if kind in (WHOLE, NUMBER):
            return int(value) if kind == WHOLE else float(value)
    except (ValueError, KeyError) as why:
        raise Refused(400, f"The filter's value {ascii(value)[:60]} is no {kind}.") from why
    return value.casefold()


def _comparable(have: Any) -> Any:
    if isinstance(have, datetime) and not have.tzinfo:
        return have.replace(tzinfo=UTC)
    return have.casefold() if isinstance(have, str) else have
