"""EnergyCAP's JSON read strictly: what is odd in it counts as not told. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, TypeVar

from bulkops.model.facts import Batch, BillList, Count, FlagType, Person, Task
from bulkops.operations.heading_names import normal

T = TypeVar("T")
_LONGEST = 300
"""Letters of a name. The longest that is documented has 255."""
_BILLS = re.compile(r"\bbills?\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(flag issues?|issues?|records?|accounts?|meters?|places?|sites?|buildings?|vendors?|customers?|contracts?"
    r"|rates?|channels?|readings?|budgets?|cost cent(er|re)s?|users?|tasks?|reports?)\b",
    re.IGNORECASE,
)
_BESIDE_KIND = re.compile(r"\b(lists?|dynamic|static|shared|my|all|of|and)\b", re.IGNORECASE)
"""What may stand beside these words. Any other may be bills in another language: Rechnungen pro Account."""
_FILE_NAME = re.compile(r"[^\\/:*?\"<>|]{1,200}\.[A-Za-z0-9]{1,5}")
_FILE_KEYS = ("filename", "originalfilename", "importfilename")
_FLAG_STATUS = re.compile(r"\bflag status\b", re.IGNORECASE)
_FLAG_WORDS = {
    "unresolved": True,
    **dict.fromkeys(("resolved", "notflagged", "unflagged", "noflag", "none", ""), False),
}
_HOLD = re.compile(r"\b(held|export hold|hold from export)\b", re.IGNORECASE)
_HOLD_WORDS = dict.fromkeys(("true", "yes", "held", "onhold"), True)
_HOLD_WORDS |= dict.fromkeys(("false", "no", "notheld", "notonhold", "released"), False)
_BESIDE = re.compile(r"\b(date|day|time|by|user|reason|note|comment)\b", re.IGNORECASE)
"""In the caption of a column that says something else about a flag or a hold."""


def table(rows: list[Any], one: Callable[[Any], T | None], key: Callable[[T], Any]) -> dict[Any, T] | None:
    """The rows by id; None if one of them has no id that can be one, or two have the same."""
    found: dict[Any, T] = {}
    for row in rows:
        thing = one(row)
        if thing is None or key(thing) in found:
            return None
        found[key(thing)] = thing
    return found


def flag_type(row: Any) -> FlagType | None:
    """``{flagTypeId, flagTypeInfo}``."""
    said = _keys(row)
    number = _id(said.get("flagtypeid"))
    return None if number is None else FlagType(number, line(said.get("flagtypeinfo")))


def person(row: Any) -> Person | None:
    """``{userId, userCode, fullName, active}``."""
    said = _keys(row)
    number, active = _id(said.get("userid")), said.get("active")
    name, code = line(said.get("fullname")), line(said.get("usercode"))
    return None if number is None else Person(number, name, code, active if isinstance(active, bool) else None)


def bill_list(row: Any) -> BillList | None:
    """``{listId, listInfo, listType, user}``."""
    said = _keys(row)
    number, kind = _id(said.get("listid")), line(_keys(said.get("listtype")).get("listtypeinfo"))
    if number is None:
        return None
    return BillList(number, line(said.get("listinfo")), person(said.get("user")), kind, _of_bills(kind))


def batch(row: Any) -> Batch | None:
    """``{batchId, batchCode, batchStatus, createdBy, billCount}``."""
    said = _keys(row)
    number = _id(said.get("batchid"))
    if number is None:
        return None
    status, bills = line(said.get("batchstatus")), _count(said.get("billcount"))
    return Batch(number, line(said.get("batchcode")), status.lower(), person(said.get("createdby")), bills)


def task(row: Any) -> Task | None:
    """``{taskGUId, taskType, status, beginDate, endDate, user, taskNote, settings, batch, currentSuccessCount}``."""
    said = _keys(row)
    guid, end, into = said.get("taskguid"), said.get("enddate"), _keys(said.get("batch"))
    if not isinstance(guid, str) or not guid.strip():
        return None
    return Task(
        guid.strip().lower(),
        line(_keys(said.get("tasktype")).get("tasktypecode")),
        line(said.get("status")),
        moment(said.get("begindate")),
        False if end is None else moment(end) is not None or None,
        person(said.get("user")),
        line(said.get("tasknote")),
        _file(said.get("settings")),
        _id(into.get("batchid")),
        line(into.get("batchcode")),
        _count(said.get("currentsuccesscount")),
    )


def count(answer: Any, of_all: int | None = None) -> Count:
    """``{field, data, meta}`` of a list. ``of_all`` is the number of its bills by the headers; None: not told."""
    said = _keys(answer)
    meta, rows = _keys(said.get("meta")), said.get("data")
    bills, cost = _count(meta.get("totalcount")), meta.get("totalcost")
    if bills is None or of_all not in (None, bills) or (isinstance(rows, list) and len(rows) > bills):
        return Count()
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not math.isfinite(cost):
        cost = None
    flagged = held = None
    if isinstance(rows, list) and len(rows) == bills:
        flagged = _how_many(said.get("field"), rows, _FLAG_STATUS, _FLAG_WORDS)
        held = _how_many(said.get("field"), rows, _HOLD, _HOLD_WORDS)
    return Count(bills, cost, line(meta.get("costunitinfo")), flagged, held)


def _how_many(columns: Any, rows: list[Any], caption: re.Pattern[str], words: Mapping[str, bool]) -> int | None:
    """In how many rows the one column with such a caption says yes; None where there is no such column, more than one,
    or a value that says neither yes nor no."""
    told = [_keys(each) for each in columns] if isinstance(columns, list) else []
    meant = [each.get("fieldid") for each in told if _says(caption, line(each.get("caption")))]
    if len(meant) != 1:
        return None
    found = 0
    for row in rows:
        cells = [_keys(each) for each in row] if isinstance(row, list) else []
        values = [each.get("value") for each in cells if each.get("fieldid") == meant[0]]
        said = _yes(values[0], words) if len(values) == 1 else None
        if said is None:
            return None
        found += said
    return found


def _says(wanted: re.Pattern[str], caption: str) -> bool:
    """``FlagStatus`` as well, but not ``Flag status date``."""
    spaced = re.sub("(?<=[a-z])(?=[A-Z])", " ", caption)
    return wanted.search(spaced) is not None and _BESIDE.search(spaced) is None


def _yes(value: Any, words: Mapping[str, bool]) -> bool | None:
    if value is None or isinstance(value, str | bool):
        said = "" if value is None else str(value).strip()
        return words.get(normal(said) or said)
    return None


def _of_bills(kind: str) -> bool | None:
    """Does a type of list hold bills, by the customer's own words? None: they say neither, or both, or more."""
    bills, others = _BILLS.search(kind) is not None, _OTHERS.search(kind) is not None
    more = any(map(str.isalnum, _BESIDE_KIND.sub("", _OTHERS.sub("", kind))))
    return None if bills == others or (others and more) else bills


def line(said: Any) -> str:
    """A text from outside on one line, short and without what steers a terminal; "" for anything else."""
    text = " ".join(said.split()) if isinstance(said, str) else ""
    text = "".join(char for char in text if char.isprintable()).strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def moment(said: Any) -> datetime | None:
    """With a zone only where one is told."""
    try:
        return datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None


def _file(settings: Any) -> str:
    """A name of a file by its key and its looks, without folders."""
    said = {normal(name): value for name, value in settings.items()} if isinstance(settings, dict) else {}
    for name in (line(said.get(key)) for key in _FILE_KEYS):
        bare = PurePosixPath(name.replace("\\", "/")).name
        if _FILE_NAME.fullmatch(bare):
            return bare
    return ""


def _id(said: Any) -> int | None:
    return said if type(said) is int and -(2**31) <= said < 2**31 else None


def _count(said: Any) -> int | None:
    return said if type(said) is int and said >= 0 else None


def _keys(said: Any) -> dict[str, Any]:
    """A JSON object by its names in lower case; nothing of anything else."""
    return {name.lower(): value for name, value in said.items()} if isinstance(said, dict) else {}
