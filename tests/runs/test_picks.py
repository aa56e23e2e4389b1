"""Picks in a workbook: the id is the row's, whatever file it stands in; the name goes along and changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from asking import fill, kickout, task
from workbook.test_foreign import cell, ods, row, sample
from workbooks import read_here

from bulkops.model.rows import CheckedRow, Pick
from bulkops.operations import all_operations
from bulkops.runs.checking import check
from bulkops.runs.planning import requested

OPERATIONS = all_operations()


def flag(list_id: int | str, **values: Any) -> dict[str, Any]:
    return {"list_id": list_id, "comment": "Checked", **values}


def rows(path: Path, include_hidden: bool = False) -> tuple[CheckedRow, ...]:
    return check(read_here(path), list(OPERATIONS.values()), include_hidden).rows


def test_a_pick_asks_for_the_same_as_its_id(tmp_path: Path) -> None:
    """Values, target and idempotency key are those of the id alone; the picks are told beside them."""
    picked = fill(
        tmp_path / "picked.xlsx",
        [
            kickout(
                1, task_guid=f"Aug.csv | {task(1).upper()}", batch_mode="use pending batch", pending_batch_id="P | 502"
            )
        ],
        [flag("Late, north | 2001", flag_type_id="Bill review | 2", assignees="Smith, Jane | 101; 102")],
    )
    alone = fill(
        tmp_path / "alone.xlsx",
        [kickout(1, batch_mode="use pending batch", pending_batch_id=502)],
        [flag(2001, flag_type_id=2, assignees="101;102")],
    )
    found, expected = rows(picked), rows(alone)
    assert [each.picks for each in found] == [
        {"task_guid": (Pick("Aug.csv", task(1)),), "pending_batch_id": (Pick("P", 502),)},
        {
            "list_id": (Pick("Late, north", 2001),),
            "flag_type_id": (Pick("Bill review", 2),),
            "assignees": (Pick("Smith, Jane", 101),),
        },
    ]
    assert [(each.target, each.values, each.problems) for each in found] == [
        (each.target, each.values, ()) for each in expected
    ]
    asked, wanted = (requested(each, OPERATIONS, "here") for each in (found, expected))
    assert [step.idempotency_key for step in asked.values()] == [step.idempotency_key for step in wanted.values()]


def test_a_pick_repeats_the_row_with_its_id(tmp_path: Path) -> None:
    """The same edit of the same list stands once, by whichever name."""
    first, second = rows(fill(tmp_path / "a.xlsx", flags=[flag(2001), flag("Late | 2001")]))
    assert first.problems == ()
    assert [problem.code for problem in second.problems] == ["flag_edit.repeated"]
    assert second.picks == {"list_id": (Pick("Late", 2001),)}


def test_picks_are_told_of_rows_with_other_problems(tmp_path: Path) -> None:
    """A row that needs fixing, or is hidden, may be the one that shows that a pick was dragged."""
    wrong, hidden = rows(
        fill(
            tmp_path / "a.xlsx",
            flags=[flag("Late | 2001", flag_status="x"), flag("Late | 2002", assignees="J | 101", hidden=True)],
        )
    )
    assert wrong.problems
    assert wrong.picks == {"list_id": (Pick("Late", 2001),)}
    picks = {"list_id": (Pick("Late", 2002),), "assignees": (Pick("J", 101),)}
    assert (hidden.target, hidden.picks) == ("2002", picks)


def test_a_bare_name_is_kept_with_its_problem(tmp_path: Path) -> None:
    """As it was typed but for its blanks, however long it is; the tip says what can be typed instead."""
    path = fill(
        tmp_path / "a.xlsx",
        [kickout(1, task_guid=" Electric \n Aug.csv")],
        [flag("Late " * 20, assignees="101; Smith, Jane", expected_bills="many")],
    )
    file, named = rows(path)
    told = [(problem.code, problem.typed) for row in (file, named) for problem in row.problems]
    assert told == [
        ("guid.name", "Electric Aug.csv"),
        ("id.name", ("Late " * 20).strip()),
        ("ids.name", "Smith, Jane"),
        ("id.shape", ""),
    ]
    assert all("Choose from the list, or type the" in each.tip for each in (*file.problems, *named.problems[:2]))


@pytest.mark.parametrize(("separator", "name"), [(";", "a.csv"), ("\t", "a.csv"), (",", "a.csv"), ("|", "a.txt")])
def test_picks_in_a_text_file(tmp_path: Path, separator: str, name: str) -> None:
    """A text that holds the separator stands in quotes; then it is one cell like any other."""
    path = tmp_path / name
    lines = [["List ID", "Assignees"], ['"Late, north | 2001"', '"Smith, Jane | 101; 102"']]
    path.write_text("".join(f"{separator.join(line)}\n" for line in lines), encoding="utf-8")
    (only,) = rows(path)
    assert only.picks == {"list_id": (Pick("Late, north", 2001),), "assignees": (Pick("Smith, Jane", 101),)}
    assert (only.values["list_id"], only.values["assignees"]) == (2001, (101, 102))


def test_picks_in_an_ods(tmp_path: Path) -> None:
    """Its texts are read like those of an .xlsx."""
    lines = (["List ID", "Assignees"], ["Late, north | 2001", "Smith, Jane | 101; 102"])
    made = [row(*(cell(each, kind="string") for each in line)) for line in lines]
    (only,) = rows(ods(tmp_path / "a.ods", "".join(made)))
    assert only.picks == {"list_id": (Pick("Late, north", 2001),), "assignees": (Pick("Smith, Jane", 101),)}


def test_picks_in_an_xls(tmp_path: Path) -> None:
    """The sample, with picks as long as the ids that stood there."""
    content = sample("xls").read_bytes()
    assert content.count(b"00102") == content.count(b"101;102") == 1
    path = tmp_path / "a.xls"
    path.write_bytes(content.replace(b"00102", b"L|102").replace(b"101;102", b"J | 102"))
    picks = [each.picks for each in rows(path, include_hidden=True)]
    assert picks[:2] == [{"assignees": (Pick("J", 102),)}, {"list_id": (Pick("L", 102),)}]
