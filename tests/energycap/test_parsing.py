"""EnergyCAP's JSON is read strictly: what is odd in it is not told, and nothing odd gets into a workbook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bulkops.energycap import parsing
from bulkops.model.facts import Batch, BillList, Count, FlagType, Person, Task


@pytest.mark.parametrize("odd", [None, True, False, "5", 5.0, 2**31, -(2**31) - 1, [5], {}])
def test_an_id_is_a_whole_number_that_fits(odd: Any) -> None:
    """Nothing without one is a thing; within a thing it is not told."""
    assert parsing.flag_type({"flagTypeId": odd, "flagTypeInfo": "x"}) is None
    assert parsing.person({"userId": odd, "fullName": "x"}) is None
    assert parsing.bill_list({"listId": odd, "listInfo": "x"}) is None
    assert parsing.batch({"batchId": odd, "batchCode": "x"}) is None
    assert parsing.task({"taskGUId": odd if odd != "5" else " "}) is None
    found = parsing.task({"taskGUId": "a", "batch": {"batchId": odd}, "user": {"userId": odd}})
    assert found == Task("a", ended=False)


@pytest.mark.parametrize("odd", [None, [], "x", 7, [1], {"": 1}])
def test_what_is_no_object_is_nothing(odd: Any) -> None:
    """And raises nothing."""
    assert parsing.flag_type(odd) is parsing.person(odd) is parsing.bill_list(odd) is None
    assert parsing.batch(odd) is parsing.task(odd) is None
    assert parsing.count(odd) == Count()
    assert parsing.bill_list({"listId": 1, "listType": odd, "user": odd}) == BillList(1, "")
    assert parsing.batch({"batchId": 1, "createdBy": odd, "billCount": True}) == Batch(1, "")
    odd_task = {"taskGUId": "A", "taskType": odd, "user": odd, "batch": odd, "settings": odd, "beginDate": odd}
    assert parsing.task(odd_task) == Task("a", ended=False)


def test_names_of_keys_are_known_in_any_case() -> None:
    """EnergyCAP itself writes taskGUId and TotalCount."""
    assert parsing.flag_type({"FlagTypeID": 5, "flagtypeinfo": "Late"}) == FlagType(5, "Late")
    assert parsing.person({"USERID": 1, "FullName": "Pat", "UserCode": "p"}) == Person(1, "Pat", "p")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (" Two\r\n lines\tand a tab ", "Two lines and a tab"),
        ("\x1b[31mred\u202e\u200b\x00", "[31mred"),
        ("Zürich, Straße „9“", "Zürich, Straße „9“"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
        ("\u200b", ""),
        (5, ""),
        (None, ""),
        ({"a": "b"}, ""),
    ],
)
def test_a_name_is_one_line_that_can_be_shown(said: Any, line: str) -> None:
    """Whatever it holds; anything but a text is not told."""
    assert parsing.line(said) == line


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2020-01-15T10:30:00", datetime(2020, 1, 15, 10, 30)),
        ("2020-01-15T10:30:00Z", datetime(2020, 1, 15, 10, 30, tzinfo=UTC)),
        ("2020-01-15T10:30:00.1230000+00:00", datetime(2020, 1, 15, 10, 30, 0, 123000, UTC)),
        ("2020-01-15", datetime(2020, 1, 15)),
        ("15/01/2020", None),
        ("", None),
        (20200115, None),
        (None, None),
    ],
)
def test_a_time_has_a_zone_only_where_one_is_told(said: Any, moment: datetime | None) -> None:
    """As the documents' examples write it, and as others may."""
    found = parsing.moment(said)
    assert (found, found and found.tzinfo) == (moment, moment and moment.tzinfo)
    ahead = parsing.moment("2020-01-15T10:30:00-05:00")
    assert ahead is not None
    assert ahead.utcoffset() == timedelta(hours=-5)


@pytest.mark.parametrize(
    ("end", "ended"),
    [({"endDate": "2020-01-15T10:30:00"}, True), ({"endDate": None}, False), ({}, False)]
    + [({"endDate": odd}, None) for odd in ("", "soon", 5, False, [])],
)
def test_a_task_has_ended_if_it_has_an_end(end: dict[str, Any], ended: bool | None) -> None:
    """Without a value it has not; by an odd one it cannot be told."""
    found = parsing.task({"taskGUId": "a", **end})
    assert found is not None
    assert found.ended is ended


@pytest.mark.parametrize(
    ("kind", "of_bills"),
    [
        ("Bill List", True),
        ("Bills", True),
        ("Shared bill list", True),
        ("Flagged bills", True),
        ("BILL", True),
        ("Record List", False),
        ("Flag Issue List", False),
        ("Dynamic flag issues", False),
        ("Accounts", False),
        ("Meter list", False),
        ("Bill flag issues", None),
        ("Account bills", None),
        ("Billing", None),
        ("Dynamic List", None),
        ("Rechnungen", None),
        ("Rechnungen pro Account", None),
        ("Factures par sites", None),
        ("Vendor invoices", None),
        ("", None),
    ],
)
def test_the_customers_word_tells_what_a_list_holds(kind: str, of_bills: bool | None) -> None:
    """Where it says bills or something else plainly, and not both."""
    found = parsing.bill_list({"listId": 1, "listType": {"listTypeInfo": kind}})
    assert found is not None
    assert (found.kind, found.of_bills) == (kind, of_bills)


@pytest.mark.parametrize(
    ("settings", "file"),
    [
        ({"fileName": "Electric Aug.csv"}, "Electric Aug.csv"),
        ({"FileName": "C:\\Users\\pat\\Aug.xlsx"}, "Aug.xlsx"),
        ({"fileName": "/upload/Aug.TXT"}, "Aug.TXT"),
        ({"original_file_name": "a.txt"}, "a.txt"),
        ({"fileName": "no suffix"}, ""),
        ({"fileName": 'a "b".txt'}, ""),
        ({"fileName": ""}, ""),
        ({"fileName": ["a.txt"]}, ""),
        ({"note": "a.txt"}, ""),
        ("a.txt", ""),
        (None, ""),
    ],
)
def test_a_files_name_is_told_by_its_key_and_its_looks(settings: Any, file: str) -> None:
    """What a task's settings hold is not documented: what is not plainly a name of a file is none."""
    found = parsing.task({"taskGUId": "a", "settings": settings})
    assert found is not None
    assert found.file == file


def data(captions: list[str], *rows: list[Any], meta: dict[str, Any] | None = None) -> dict[str, Any]:
    """A list's data, with the number of its rows in meta."""
    return {
        "field": [{"fieldId": place, "caption": caption} for place, caption in enumerate(captions)],
        "data": [[{"fieldId": place, "name": "?", "value": value} for place, value in enumerate(row)] for row in rows],
        "meta": {"TotalCount": len(rows)} | (meta or {}),
    }


@pytest.mark.parametrize("odd", [None, True, "12", 12.0, -1, [12]])
def test_a_number_of_bills_is_a_whole_number(odd: Any) -> None:
    """Anything else is not told, and then nothing else is."""
    assert parsing.count(data([], meta={"TotalCount": odd, "TotalCost": 5})) == Count()


def test_numbers_that_contradict_each_other_tell_nothing() -> None:
    """More rows than there are bills, or another number in the headers."""
    assert parsing.count(data(["A"], [1], [2], meta={"TotalCount": 1})) == Count()
    assert parsing.count(data(["A"], [1], [2]), 3) == Count()
    assert parsing.count(data(["A"], [1], [2]), 2).bills == 2


@pytest.mark.parametrize(
    ("cost", "told"),
    [(5, 5), (-5.5, -5.5), (True, None), ("5", None), (float("nan"), None), (float("inf"), None), (None, None)],
)
def test_a_cost_is_a_number(cost: Any, told: float | None) -> None:
    """With its unit where that is a text."""
    count = parsing.count({"meta": {"totalCount": 3, "totalCost": cost, "CostUnitInfo": " US\nDollar "}})
    assert (count.bills, count.cost, count.unit, count.flagged) == (3, told, "US Dollar", None)


@pytest.mark.parametrize(
    ("captions", "rows", "flagged", "held"),
    [
        (["Flag Status", "Held From Export"], [["Unresolved", True], ["Resolved", False], [None, False]], 1, 1),
        (["flag status", "Export hold"], [["UNRESOLVED", "Yes"], ["", "no"], ["Not flagged", "On hold"]], 1, 2),
        (["FlagStatus", "HoldFromExport"], [["Resolved", "Held"], ["None", "Not held"], ["?", "Released"]], None, 1),
        (["Flag", "Hold"], [["Unresolved", True]], None, None),
        (["Flag status", "Flag status"], [["Unresolved", "Unresolved"]], None, None),
        (["Flag status", "Held"], [["Pending", "perhaps"]], None, None),
        (["Flag status", "Held"], [[1, None]], None, None),
        (["Flag status", "Held"], [[True, 1]], None, None),
        (["Flag status date", "Held by"], [["Unresolved", True]], None, None),
        (["Flag status", "Export hold date"], [["Unresolved", "2026-07-01"]], 1, None),
        (["Flag status", "Held"], [], 0, 0),
    ],
)
def test_flagged_and_held_bills_are_counted_by_words(
    captions: list[str], rows: list[list[Any]], flagged: int | None, held: int | None
) -> None:
    """In the one column whose caption says so; a word that is not known leaves the list uncounted."""
    count = parsing.count(data(captions, *rows))
    assert (count.bills, count.flagged, count.held) == (len(rows), flagged, held)


@pytest.mark.parametrize("spoiled", [[], [None], ["x"], [{"fieldId": 1, "value": True}] * 2])
def test_a_row_without_its_cell_leaves_the_list_uncounted(spoiled: Any) -> None:
    """A half row is not a bill that is not held."""
    answer = data(["Bill", "Held"], [1, True])
    answer["data"].append(spoiled)
    answer["meta"]["TotalCount"] = 2
    assert parsing.count(answer).held is None
    assert parsing.count({**answer, "field": {"fieldId": 1}}).held is None
