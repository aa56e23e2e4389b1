"""``name | id``: the last part is the id, read as it is alone; the name is kept beside it and decides nothing."""

import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bulkops.model.rows import Cell, Kind, Pick
from bulkops.operations.cells import Picked, Reader, Remarked, Unreadable
from bulkops.operations.guid_cells import read_guid
from bulkops.operations.numeric_cells import INT32_MAX, read_amount, read_count, read_id, read_ids

NBSP = "\u00a0"
GUID = "7d9e4c10-5b3a-4f6e-9c21-00000000abcd"


def text(value: str) -> Cell:
    return Cell(1, Kind.TEXT, value)


def one(name: str, id: int) -> Picked:
    return Picked(id, (Pick(name, id),))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Electric to review | 2001", one("Electric to review", 2001)),
        ("Late bill|5", one("Late bill", 5)),
        (f" {NBSP} Late \t bill | 00005.0 {NBSP}", one("Late bill", 5)),
        ("Gas | water, north | 2001", one("Gas | water, north", 2001)),
        ("Gas; water | 2001", one("Gas; water", 2001)),
        ("2024 | 2001", one("2024", 2001)),
        ("Zähler 東京 😀 | 2001", one("Zähler 東京 😀", 2001)),
        ("| 5", 5),
        (f" {NBSP} |5", 5),
    ],
)
def test_a_picked_id(value: str, expected: object) -> None:
    """All that stands before the last bar is the name, on one line; without a name it is the id alone."""
    assert read_id(text(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"Electric Aug.csv, 3 Nov | {GUID}", Picked(GUID, (Pick("Electric Aug.csv, 3 Nov", GUID),))),
        (f"a|{GUID.upper()}", Picked(GUID, (Pick("a", GUID),))),
        (f"{GUID}.csv | {GUID}", Picked(GUID, (Pick(f"{GUID}.csv", GUID),))),
        (f"{'x' * 600} | {GUID}", Picked(GUID, (Pick("x" * 600, GUID),))),
        (f"| {GUID}", GUID),
        (f"a | {{{GUID}}}", Picked(Remarked(GUID, "guid.wrapped", GUID, "brackets {}"), (Pick("a", GUID),))),
    ],
)
def test_a_picked_guid(value: str, expected: object) -> None:
    """What was only wrapped round it is taken off with the same remark as of a GUID alone."""
    assert read_guid(text(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Smith, Jane | 101; Doe, John | 102", Picked((101, 102), (Pick("Smith, Jane", 101), Pick("Doe, John", 102)))),
        ("Jane Smith|101;102", Picked((101, 102), (Pick("Jane Smith", 101),))),
        ("101; Zoë | 102", Picked((101, 102), (Pick("Zoë", 102),))),
        ("| 101; |102", (101, 102)),
        ("Jane Smith | 101", Picked((101,), (Pick("Jane Smith", 101),))),
    ],
)
def test_picked_ids(value: str, expected: object) -> None:
    """Where a bar stands only semicolons separate; picks and bare ids may be mixed."""
    assert read_ids(text(value)) == expected


@pytest.mark.parametrize(
    ("read", "value", "code", "shown", "extra"),
    [
        (read_id, "Late |", "id.pick", "Late |", "has nothing after its last bar"),
        (read_id, "|", "id.pick", "|", "has nothing after its last bar"),
        (read_id, "Late | 20O1", "id.pick", "Late | 20O1", "ends in “20O1”, which is no id"),
        (read_id, "Late | 12,15", "id.pick", "Late | 12,15", "ends in “12,15”, which is no id"),
        (read_id, "a | 2147483648", "id.pick", "a | 2147483648", "ends in “2147483648”, which is no id"),
        (read_id, "Late | 0", "id.pick", "Late | 0", "ends in “0”, which is no id"),
        (read_id, "2001 | Late", "id.pick", "2001 | Late", "ends in “Late”, which is no id"),
        (read_id, "Late | 5; Lost | 6", "id.pick", "Late | 5; Lost | 6", "holds more than one id"),
        (read_id, "Late | 5, Lost | 6", "id.pick", "Late | 5, Lost | 6", "holds more than one id"),
        (read_id, "Late | 5 \nLost | 6", "id.pick", "Late | 5 Lost | 6", "holds more than one id"),
        (read_id, "5; Lost | 6", "id.pick", "5; Lost | 6", "holds more than one id"),
        (
            read_guid,
            f"a | {GUID[:-1]}",
            "guid.pick",
            f"a | {GUID[:-1]}",
            f"ends in “{GUID[:-1]}”, which is no GUID: it has 31 digits and letters, and a GUID has 32",
        ),
        (read_guid, "a | 2001", "guid.pick", "a | 2001", "ends in “2001”, which is no GUID"),
        (read_guid, f"a |{GUID};b| {GUID}", "guid.pick", f"a |{GUID};b| {GUID[:16]}…", "holds more than one GUID"),
        (read_ids, "Jane | 101; Zoë | x", "ids.pick", "Zoë | x", "ends in “x”, which is no id"),
        (read_ids, "Jane | 101, John | 102", "ids.pick", "Jane | 101, John | 102", "holds more than one id"),
        (read_ids, "Jane | 101, 102", "ids.pick", "Jane | 101, 102", "ends in “101, 102”, which is no id"),
        (read_ids, "Zoë | 101;", "ids.shape", "Zoë | 101;", ""),
        (read_ids, "Zoë | 101; 0", "ids.shape", "Zoë | 101; 0", ""),
        (read_ids, "Zoë | 101; 1\u200b2", "cell.odd_character", "1�2", "U+200B at position 2"),
        (read_ids, "Jane | 101; 0101", "ids.twice", "Jane | 101; 0101", "101"),
    ],
)  # fmt: skip
def test_a_pick_that_ends_in_no_id(read: Reader, value: str, code: str, shown: str, extra: str) -> None:
    """It is said what is wrong; nothing of the cell is taken."""
    assert read(text(value)) == Unreadable(code, shown, extra)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Smith", "Smith"),
        ("101; 102; Jane  Smith", "Jane Smith"),
        ("101, Smith", "Smith"),
        ("Smith, Jane; 102", "Smith, Jane"),
        ("Doe, John; Smith, Jane", "Doe, John"),
        ("Jane Smith | 101; Doe,  John", "Doe, John"),
        ("Jane Smith | 101; none, 5", "none, 5"),
    ],
)
def test_a_name_among_ids(value: str, name: str) -> None:
    """The first of them is told and kept; nothing of the cell is taken."""
    assert read_ids(text(value)) == Unreadable("ids.name", " ".join(value.split()), f"“{name}”", name)


def test_only_ids_are_picked() -> None:
    """In a number of bills and in an amount a bar is a slip; a bar in another kind of cell is not read at all."""
    assert read_count(text("Late | 5")) == Unreadable("id.shape", "Late | 5")
    assert read_amount(text("Late | 5")) == Unreadable("amount.shape", "Late | 5")
    for read in (read_guid, read_id, read_ids):
        assert read(Cell(1, Kind.ERROR, "#N/A | 5")) == Unreadable("cell.error_value", "#N/A | 5")


# isprintable() knows of one blank alone, so that no other one is collapsed.
NAMES = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" ")).filter(str.isprintable)
KEYS: st.SearchStrategy[Any] = st.integers(1, INT32_MAX) | st.uuids().map(str)


@given(NAMES, KEYS, st.sampled_from(["", " ", "  "]))
@example("a | 5", 6, " ")
@example("|", 6, "")
@example("none", 6, "")
@example("2001,2002", 6, "")
def test_any_name_may_stand_before_any_id(name: str, key: int | str, blank: str) -> None:
    """The id is the one typed, the name the one typed, whatever signs it holds."""
    assume(not re.search(r"(^|\|) *[0-9]+ *;|\| *[0-9]+ *,", name))  # which would be another pick
    cell, called = text(f"{name}{blank}|{blank}{key}"), " ".join(name.split())
    read = read_guid if isinstance(key, str) else read_id
    assert read(cell) == (Picked(key, (Pick(called, key),)) if called else key)
    if ";" not in name and isinstance(key, int):
        both = read_ids(text(f"{cell.text}; Jane | {key % INT32_MAX + 1}"))
        assert isinstance(both, Picked)
        assert both.value == (key, key % INT32_MAX + 1)
        assert both.picks[: len(both.picks) - 1] == ((Pick(called, key),) if called else ())
