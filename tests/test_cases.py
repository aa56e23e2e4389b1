"""Small inputs that once went wrong, each with its right value."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, task

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare
from bulkops.runs.report import Options
from bulkops.runs.summary import summary_of
from bulkops.workbook.reader import read_workbook

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    ("name", "expected", "note"),
    [
        pytest.param(
            "totals-row.xlsx",
            {2: "ready", 3: "ready", 4: "ready"},
            "row 5 holds totals of a table",
            id="a table's totals row",
        ),
        pytest.param(
            "unticked-boxes.xlsx",
            {2: "ready", 3: "ready"},
            "27 rows (4 to 30) hold nothing but FALSE",
            id="boxes that nobody ticked",
        ),
        pytest.param(
            "unticked-boxes.csv",
            {2: "ready"},
            "2 rows (3 and 4) hold nothing but FALSE",
            id="boxes that nobody ticked, in a text file",
        ),
        pytest.param(
            "sheet-view-filter.xlsx",
            {2: "ready", 3: "not_sent", 4: "not_sent"},
            "the view “Ann” does not show 2 rows (3 and 4)",
            id="rows that a sheet view filters out",
        ),
        pytest.param(
            "manual-calculation.xlsx",
            {2: "ready"},
            "the file asks for its formulas to be calculated anew",
            id="a result that was not calculated since",
        ),
    ],
)
def test_which_rows_there_are(name: str, expected: dict[int, str], note: str, bulkops: Bulkops) -> None:
    """What is no row is not read as one, what somebody did not see is not sent; a note tells of it."""
    document = bulkops("check", "--offline", CASES / name, "--json").document
    assert {row["row"]: row["status"] for row in document["rows"]} == expected
    assert sum(note in each for each in document["notes"]) == 1


def test_a_comment_over_two_lines_is_one_text(bulkops: Bulkops) -> None:
    """multi-line-comment.csv: commas and a line end between whole quotes are the comment's own."""
    ended = bulkops("check", "--offline", CASES / "multi-line-comment.csv", "--json")
    assert ended.code == 0
    assert [(row["row"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        (2, "2001", "ready"),
        (3, "2002", "ready"),
    ]
    (sheet,) = read_workbook(CASES / "multi-line-comment.csv").sheets
    assert sheet.rows[1].cells[3].text == "Called vendor, they agreed,\nwill credit, next month"


@pytest.mark.parametrize(
    ("name", "code"), [("mhtml.xls", "workbook.html"), ("default-password.xlsx", "workbook.encrypted")]
)
def test_what_is_no_plain_workbook_is_said_for_what_it_is(name: str, code: str, bulkops: Bulkops) -> None:
    """A web page by the name of a workbook; one that was saved as protected against changes."""
    with pytest.raises(CannotStart) as refused:
        read_workbook(CASES / name)
    assert refused.value.code == code
    assert "protected against changes" in str(refused.value) or "web page" in str(refused.value)
    assert bulkops("check", "--offline", CASES / name).code == 2


def test_a_stream_in_capitals_is_read(bulkops: Bulkops) -> None:
    """stream-in-capitals.xls: what Excel calls Workbook other programs call WORKBOOK."""
    ended = bulkops("check", "--offline", CASES / "stream-in-capitals.xls", "--json")
    assert [(row["row"], row["target"], row["status"]) for row in ended.document["rows"]] == [(2, "2001", "ready")]


def test_a_sheet_without_a_part_is_no_input_sheet(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """module-sheet.xlsx: a module of Excel 95 is listed with ``r:id=""``; the other sheets are read, and the results
    go into the workbook."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "module-sheet.xlsx").read_bytes())
    ended = bulkops("run", "--offline", path, "--yes", "--json")
    assert [(row["sheet"], row["row"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        ("Sheet", 2, "2001", "done")
    ]
    assert (ended.code, len(practice.writes)) == (0, 1)
    assert ended.document["results"] == str(path)
    sheets = read_workbook(path).sheets
    assert [(sheet.name, sheet.ours) for sheet in sheets] == [("Sheet", False), ("Results", True)]
    assert [cell.text for cell in sheets[1].rows[-1].cells.values()][1:3] == ["Sheet", "Done"]


def test_writing_the_results_changes_no_number_format(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """same-format-twice.xlsx: two numbers of formats have one code but for an escape; both are taken. What the cells
    show stays, and the next run finds the rows done instead of a date."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "same-format-twice.xlsx").read_bytes())

    def shown() -> list[tuple[str, str]]:
        sheet = openpyxl.load_workbook(path).worksheets[0]
        return [(cell.number_format, str(cell.value)) for row in sheet for cell in row]

    before = shown()
    for status in ("done", "already_done"):
        ended = bulkops("run", "--offline", path, "--yes", "--json")
        assert ended.document["results"] == str(path)
        assert {row["status"] for row in ended.document["rows"]} == {status}
        assert shown() == before


def test_a_sheet_without_its_key_heading_is_named(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """heading-list.xlsx: August has “List” instead of “List ID”; the other sheet's row is run, and the run is no 0."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "heading-list.xlsx").read_bytes())
    ended = bulkops("run", "--offline", path, "--yes", "--json")
    assert [(row["sheet"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        ("Good", "2002", "done")
    ]
    assert (ended.code, len(practice.writes)) == (1, 1)
    (note,) = ended.document["notes"]
    assert note.startswith("Sheet “August” was not read: for List flag edit it lacks the heading “List ID”.")
    assert "Type “List ID” in August!A1 instead of “List”, if that is what the column holds." in note


def test_headings_in_two_rows_are_named(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """headings-in-two-rows.xlsx: group headings stand above the headings, and List ID is merged over both rows."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "headings-in-two-rows.xlsx").read_bytes())
    ended = bulkops("check", "--offline", path, "--json")
    assert [(row["sheet"], row["status"]) for row in ended.document["rows"]] == [("Other", "ready")]
    assert ended.code == 1
    assert ended.document["notes"] == [
        "Sheet “Flag edits” was not read: its headings stand in two rows "
        "(“List ID” in Flag edits!A1 and “Flag type ID” in Flag edits!B2). "
        "Put all of them into row 2, directly above the first row to be sent. Merged cells must be unmerged for that."
    ]


def test_the_missing_heading_of_a_mixed_sheet_is_named(tmp_path: Path, bulkops: Bulkops) -> None:
    """mixed-guid-heading.xlsx: “GUID” is no “Task GUID”; the kickout row says so, and the flag row is not hindered."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "mixed-guid-heading.xlsx").read_bytes())
    good, wrong = bulkops("check", "--offline", path, "--json").document["rows"]
    assert good["status"] == "ready"
    assert (wrong["status"], wrong["code"], wrong["cell"]) == ("invalid", "heading.missing", "Mixed!E1")
    assert wrong["message"] == "Mixed!E1: The sheet has no column “Task GUID”."
    assert wrong["tip"].startswith("Type “Task GUID” in Mixed!E1 instead of “GUID”, if that is what the column holds.")


def copied(name: str, folder: Path) -> Path:
    """A case that may be written to."""
    return Path(shutil.copy(CASES / name, folder))


def sent(practice: PracticeServer) -> list[tuple[str, dict[str, Any]]]:
    """Path and body of each request that changes something."""
    return [(request.path, json.loads(request.body)) for request in practice.writes]


def test_a_number_is_a_number_however_its_digits_are_written(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """exponents.xlsx: 1.2345678E7 is an id, 1.23456785E7 an amount, 2.0261101E7 in a text column a text."""
    (row,) = bulkops("check", "--offline", CASES / "exponents.xlsx", "--json").document["rows"]
    assert (row["status"], row["target"]) == ("ready", "12345678")
    assert row["warnings"] == [
        "Flag edits!D2: Cost recovery is shown as 12345679, but the cell holds 12345678.5, and that is what counts."
    ]
    bulkops("run", "--offline", copied("exponents.xlsx", tmp_path), "--yes")
    ((path, body),) = sent(practice)
    assert path == "/api/v3/list/12345678/flagAction"
    assert (body["flagTypeId"], body["costRecovery"], body["comment"]) == (2, 12345678.5, "20261101")


def test_a_calculated_id_is_the_number_that_excel_shows(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """float-noise.xlsx: 20.01*100 is 2001, and what is stored just below 2003 is 2003."""
    document = bulkops("check", "--offline", CASES / "float-noise.xlsx", "--json").document
    assert [(row["status"], row["target"], row["warnings"]) for row in document["rows"]] == [
        ("ready", "2001", []),
        ("ready", "2002", []),
        ("ready", "2003", []),
    ]
    bulkops("run", "--offline", copied("float-noise.xlsx", tmp_path), "--yes")
    assert [body["flagTypeId"] for _, body in sent(practice)] == [2, 2, 2]


def test_a_currency_changes_no_number(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """currency-formats.xlsx: kr, zł, R$, Rs., US$, blanks and apostrophes between the digits, a section for lakhs."""
    bulkops("run", "--offline", copied("currency-formats.xlsx", tmp_path), "--yes")
    assert [body["costRecovery"] for _, body in sent(practice)] == [150.25] * 21


def test_a_pasted_guid_is_read_or_its_fault_is_named(bulkops: Bulkops) -> None:
    """pasted-guids.xlsx: wrapping is taken off and told; anything else is named with its place."""
    rows = {
        row["row"]: row for row in bulkops("check", "--offline", CASES / "pasted-guids.xlsx", "--json").document["rows"]
    }
    ready = {number: row for number, row in rows.items() if row["status"] == "ready"}
    assert {number: row["target"] for number, row in ready.items()} == {
        number: task(number - 1) for number in range(2, 18) if number not in (8, 10, 11, 15)
    }
    assert ready.pop(2)["warnings"] == []
    assert [len(row["warnings"]) for row in ready.values()] == [1] * 11
    assert ready[9]["warnings"] == [
        f"Kickouts!A9: Task GUID was read as {task(8)}. Taken off or replaced: a hyphen of another kind (U+2011)."
    ]
    assert f"with its hyphens in their places it would be {task(7)}." in rows[8]["message"]
    assert "” (EN DASH, U+2013) at position 9" in rows[10]["message"]
    assert "“,” (COMMA, U+002C) at position 37" in rows[11]["message"]
    assert "“h” (LATIN SMALL LETTER H, U+0068) at position 1 " in rows[15]["message"]


def test_a_rounded_amount_is_sent_as_it_is_stored_and_told(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """33.33 is seen, 33.3333333333333 stored: the warning names both, the question counts such rows, and what is
    seen of an id must be what is stored."""
    book = openpyxl.Workbook()
    book.active.append(["List ID", "Comment", "Cost recovery"])
    formats = ("0.00", '#,##0.00\\ "kr"', "General", "0.00", "0.00")
    for number, (amount, code) in enumerate(zip((100 / 3, 100 / 3, 100 / 3, 12.5, 0.1 + 0.2), formats, strict=True)):
        book.active.append([2001 + number, "Checked", amount])
        book.active.cell(number + 2, 3).number_format = code
    book.active.append([2001.4, "Checked"])
    book.active.cell(7, 1).number_format = "0"
    book.save(tmp_path / "August.xlsx")
    told = "Cost recovery is shown as 33.33, but the cell holds 33.3333333333333, and that is what counts."
    asked = Environment(PRACTICE, practice.base_url)
    with prepare.prepare(tmp_path / "August.xlsx", asked, tmp_path / "home", Options()) as prepared:
        assert summary_of(prepared).effects == {
            "will send a number as the cell holds it, which shows it rounded": 2,
        }
    ended = bulkops("run", "--offline", tmp_path / "August.xlsx", "--yes", "--json")
    rows = ended.document["rows"]
    assert [row["warnings"] for row in rows] == [[f"Sheet!C2: {told}"], [f"Sheet!C3: {told}"], [], [], [], []]
    assert [body["costRecovery"] for _, body in sent(practice)] == [33.3333333333333] * 3 + [12.5, 0.3]
    assert (rows[-1]["status"], rows[-1]["message"]) == (
        "invalid",
        "Sheet!A7: List ID is shown as 2001, but the cell holds 2001.4.",
    )


def test_a_number_that_lost_its_digits_in_a_text_file_stays_refused(tmp_path: Path, bulkops: Bulkops) -> None:
    """Excel saves 1.23E+07 for a long number: the id is lost, and the message says why."""
    path = tmp_path / "August.csv"
    path.write_text("List ID,Comment,Cost recovery\n1.23E+07,x,\n2001,x,1.5E+07\n")
    rows = bulkops("check", "--offline", path, "--json").document["rows"]
    assert [row["status"] for row in rows] == ["invalid", "invalid"]
    assert all("its other digits are lost" in row["message"] for row in rows)
