"""One place says how a thing is called in a pick, and whether a name that was typed is its name."""

from datetime import datetime

import pytest

from bulkops.model.facts import Batch, BillList, FlagType, Person, Task
from bulkops.model.picks import Nameable, full_name, is_called, label, names, pick

LEE = Person(101, "Morgan Lee", "MLEE")
GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"
IMPORT = Task(GUID, begin=datetime(2026, 11, 3), person=LEE, note="Rerun", file="Electric Aug.csv", imported=38)


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (BillList(2001, "Electric to review", LEE), "Electric to review, Morgan Lee | 2001"),
        (BillList(2001, "A | B"), "A | B | 2001"),
        (BillList(2001, ""), "2001"),
        (FlagType(5, "Late \n bill"), "Late bill | 5"),
        (LEE, "Morgan Lee | 101"),
        (Person(102, "Lee; Morgan"), "Lee, Morgan | 102"),
        (Person(102, "", "MLEE"), "MLEE | 102"),
        (Batch(501, "AUG", owner=LEE), "AUG, Morgan Lee | 501"),
        (IMPORT, f"Electric Aug.csv, 3 Nov, Morgan Lee, 38 bills | {GUID}"),
        (Task(GUID, note="n" * 80, imported=1), f"{'n' * 59}…, 1 bill | {GUID}"),
        (Task(GUID, begin=datetime(2026, 11, 3)), f"Import, 3 Nov | {GUID}"),
    ],
)
def test_a_pick_is_the_name_a_bar_and_the_id(thing: Nameable, expected: str) -> None:
    """The name on one line; the id alone where there is no name; no semicolon in a person's."""
    assert pick(thing) == expected
    assert pick(LEE, full_name(LEE)) == "Morgan Lee (MLEE) | 101"


def test_every_label_is_one_of_the_names() -> None:
    """What a template writes is taken when it is checked."""
    for thing in (BillList(1, "A", LEE), FlagType(1, "A"), LEE, Batch(1, "A", owner=LEE), IMPORT):
        assert label(thing) in names(thing)
        assert is_called(thing, f"  {label(thing).upper()} ") is True


@pytest.mark.parametrize(
    ("thing", "typed", "expected"),
    [
        (BillList(1, "Electric", LEE), "electric", True),
        (BillList(1, "Electric", LEE), "Electric, Somebody Else", False),
        (BillList(1, "Electric"), "Electric, Somebody Else", None),
        (BillList(1, "Gas, 3 bills"), "Gas, 4 bills", False),
        (BillList(1, "Electric"), "Elec\u00adtric\u200b", True),
        (BillList(1, "Café"), "Cafe\u0301", True),
        (BillList(1, ""), "Electric", None),
        (LEE, "mlee", True),
        (LEE, "morgan lee (mlee)", True),
        (LEE, "John Doe", False),
        (Batch(1, "AUG", owner=LEE), "aug", True),
        (IMPORT, "electric aug.csv, 3 nov", True),
        (IMPORT, "Electric Aug.csv, 3 Nov, Morgan Lee, 36 bills", True),
        (IMPORT, "Rerun", True),
        (IMPORT, "Gas Aug.csv", False),
        (Task(GUID, note="Rerun"), "Electric Aug.csv", None),
        (Task(GUID, file="Electric Aug.csv"), "Electric Aug.csv, 3 Nov", None),
    ],
)
def test_only_what_is_told_says_no(thing: Nameable, typed: str, expected: bool | None) -> None:
    """A name that EnergyCAP does not tell is no other name; a count that falls meanwhile is none at all."""
    assert is_called(thing, typed) is expected
