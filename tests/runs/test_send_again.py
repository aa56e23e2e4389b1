"""Send again: what was done, or is in doubt, goes out once more by the code of the last send, and by nothing else."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import carried_out, fill, flag, kickout
from workbooks import column_of, older_results, save
from workbooks import typed as typed_rows

from bulkops.ledger import Ledger, now
from bulkops.messages import answers
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.plan import Plan
from bulkops.operations import all_operations
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import history, prepare, preview, resume
from bulkops.runs.execute import record_of
from bulkops.runs.report import Options, Report
from bulkops.runs.resolve import resolve
from bulkops.runs.summary import summary_of
from bulkops.workbook.results_layout import LAYOUTS, Layout

PLAIN = kickout(1)


def typed(code: str, row: dict[str, Any] = PLAIN) -> dict[str, Any]:
    return {**row, "send_again": code}


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def report_of(path: Path, server: PracticeServer, home: Path, **options: Any) -> Report:
    where = Environment(PRACTICE, server.base_url)
    with prepare.prepare(path, where, home, Options(jobs=1, **options)) as prepared:
        return carried_out(prepared)


def run(path: Path, server: PracticeServer, home: Path, **options: Any) -> list[str]:
    return [outcome.status.value for outcome in report_of(path, server, home, **options).outcomes]


def one(path: Path, server: PracticeServer, home: Path, **options: Any) -> Outcome:
    """What becomes of a workbook's only row."""
    (outcome,) = report_of(path, server, home, **options).outcomes
    return outcome


def test_a_code_repeats_a_row_once(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """Done, then repeated by its code; whatever else changes in the workbook, the same code repeats it no more."""
    path = tmp_path / "August.xlsx"
    first = one(fill(path, kickouts=[PLAIN]), server, home).send_again_code
    second = one(fill(path, kickouts=[typed(f" {first.lower()} ")]), server, home)
    assert (second.status, len(server.writes)) == (Status.DONE, 2)
    held = one(path, server, home)
    assert (held.status, held.send_again_code) == (Status.ALREADY_DONE, second.send_again_code)
    assert f"type {second.send_again_code} in Send again" in held.tip
    assert f"“{first.lower()}” in Send again is not the code of the last send" in held.message
    assert run(fill(path, kickouts=[typed(first), kickout(2)]), server, home) == ["already_done", "done"]
    assert run(fill(path, kickouts=[kickout(2), typed(first)]), server, home) == ["already_done"] * 2
    assert len(server.writes) == 3


@pytest.mark.parametrize("wish", ["Yes", "yes", True, 1, "y", "x", "BCDFGH", 20261101, "1E10"])
def test_an_old_habit_is_answered_with_the_code_to_type(
    tmp_path: Path, server: PracticeServer, home: Path, wish: object
) -> None:
    """Where something holds the row back; where nothing does, the cell is to be cleared."""
    path = fill(tmp_path / "August.xlsx", kickouts=[typed(wish)])  # type: ignore[arg-type]
    fresh = one(path, server, home)
    assert (fresh.status, fresh.code) == (Status.INVALID, "send_again.nothing")
    assert (fresh.cell, fresh.send_again_code) == (fresh.cell, "")
    assert fresh.cell.startswith("Kickouts!")
    done = one(fill(path, kickouts=[PLAIN]), server, home)
    held = one(fill(path, kickouts=[typed(wish)]), server, home)  # type: ignore[arg-type]
    assert (held.status, held.send_again_code in held.tip) == (Status.ALREADY_DONE, True)
    assert held.send_again_code == done.send_again_code
    assert len(server.writes) == 1


@pytest.mark.parametrize("wish", [None, "No", "no", "N", False, 0, "FALSE", "0", " "])
def test_a_no_is_no_wish(tmp_path: Path, server: PracticeServer, home: Path, wish: object) -> None:
    """A row that says so is sent the first time, and already done the second."""
    path = fill(tmp_path / "August.xlsx", kickouts=[typed(wish)])  # type: ignore[arg-type]
    assert one(path, server, home).status is Status.DONE
    held = one(path, server, home)
    assert (held.status, "Send again is not" in held.message) == (Status.ALREADY_DONE, False)


def test_a_copy_or_another_workbook_repeats_nothing_twice(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """The code counts wherever it stands, and once: a copy, a renamed one and a second workbook share it."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    code = one(path, server, home).send_again_code
    fill(path, kickouts=[typed(code)])
    copy = Path(shutil.copy(path, tmp_path / "Copy.xlsx"))
    assert run(copy, server, home) == ["done"]
    assert run(path, server, home) == run(copy, server, home) == ["already_done"]
    assert run(path.rename(tmp_path / "Renamed.xlsx"), server, home) == ["already_done"]
    assert run(fill(tmp_path / "September.xlsx", kickouts=[typed(code), kickout(2)]), server, home) == [
        "already_done",
        "done",
    ]
    assert len(server.writes) == 3


def test_another_computer_asks_about_a_code_that_it_does_not_know(
    tmp_path: Path, server: PracticeServer, home: Path
) -> None:
    """It cannot tell what was sent elsewhere, so it sends nothing and says what to do."""
    path = fill(tmp_path / "August.csv".replace("csv", "xlsx"), kickouts=[PLAIN])
    code = one(path, server, home).send_again_code
    other = tmp_path / "other home"
    other.mkdir()
    row = one(fill(path, kickouts=[typed(code)]), server, other)
    assert (row.status, row.code) == (Status.INVALID, "send_again.nothing")
    assert "from another computer" in row.tip
    assert len(server.writes) == 1


def test_a_doubt_is_released_by_its_own_code_alone(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """The tip of an unknown row names it; a code that was typed before the doubt arose is another one."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    first = one(path, server, home).send_again_code
    server.faults.add(Fault.drop_reply())
    unknown = one(fill(path, kickouts=[typed(first)]), server, home)
    assert (unknown.status, unknown.send_again_code in unknown.tip) == (Status.UNKNOWN, True)
    still = one(path, server, home)
    assert (still.status, still.send_again_code) == (Status.UNKNOWN, unknown.send_again_code)
    assert f"surely not there, type {unknown.send_again_code} in Send again and run again." in still.tip
    assert one(path, server, home, send_again=True).status is Status.UNKNOWN
    assert one(fill(path, kickouts=[typed(unknown.send_again_code)]), server, home).status is Status.DONE
    assert len(server.writes) == 3


def test_another_setting_of_a_task_takes_the_code_of_the_last_send(
    tmp_path: Path, server: PracticeServer, home: Path
) -> None:
    """A task that was reimported before is refused with other settings, and says what would let it go."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    code = one(path, server, home).send_again_code
    other = kickout(1, batch_mode="new batch")
    held = one(fill(path, kickouts=[other]), server, home)
    assert (held.status, held.code, held.send_again_code) == (Status.INVALID, "row.target_done", code)
    assert code in held.tip
    assert one(fill(path, kickouts=[typed(code, other)]), server, home).status is Status.DONE
    assert run(fill(path, flags=[flag(2002), flag(2002, comment="Other")]), server, home) == ["done", "done"]


def test_a_refused_send_leaves_its_code_for_one_more(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """The row says so; and marked as surely not carried out, a send leaves it too."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    code = one(path, server, home).send_again_code
    fill(path, kickouts=[typed(code)])
    server.faults.add(Fault.status(400))
    assert (one(path, server, home).status, one(path, server, home).status) == (Status.FAILED, Status.DONE)
    server.faults.add(Fault.drop_reply())
    code = one(fill(path, kickouts=[PLAIN]), server, home).send_again_code
    report = report_of(fill(path, kickouts=[typed(code)]), server, home)
    resolve(home, report.run or "", 0, ResolutionKind.SEND_AGAIN)
    again = one(path, server, home)
    assert again.status is Status.DONE
    assert "marked as surely not carried out, to be sent again by" in again.warnings[0]
    assert "It counts once more." in again.warnings[0]
    assert one(path, server, home).status is Status.ALREADY_DONE


@pytest.mark.parametrize("wish", ["", "Yes", "BCDFGH"])
def test_within_one_workbook_the_same_stands_once(
    tmp_path: Path, server: PracticeServer, home: Path, wish: str
) -> None:
    """Whatever Send again says: to do it twice takes two runs, the second with the code of the first."""
    rows = [PLAIN, typed(wish), flag(2002), flag(2002, send_again=wish)]
    report = report_of(fill(tmp_path / "August.xlsx", kickouts=rows[:2], flags=rows[2:]), server, home)
    told = [(each.status.value, each.code) for each in report.outcomes]
    assert told[::2] == [("done", "")] * 2
    assert told[1::2] == [("invalid", "task_guid.repeated"), ("invalid", "flag_edit.repeated")]


def test_the_question_says_what_is_sent_again_and_when_it_was_last(
    tmp_path: Path, server: PracticeServer, home: Path
) -> None:
    """How many rows, which of them are in doubt, and from which day to which they were sent."""
    server.faults.add(Fault.drop_reply())
    rows = [PLAIN, kickout(2), kickout(3)]
    path = fill(tmp_path / "August.xlsx", kickouts=rows)
    outcomes = report_of(path, server, home).outcomes
    day = outcomes[0].started[:10]
    fill(path, kickouts=[typed(outcome.send_again_code, row) for outcome, row in zip(outcomes, rows, strict=True)])
    where = Environment(PRACTICE, server.base_url)
    with prepare.prepare(path, where, home, Options()) as prepared:
        effects = summary_of(prepared).effects
    assert effects[f"will be sent again although what became of it is UNKNOWN, last sent on {day}"] == 1
    assert effects[f"will be sent again although done before, last on {day}"] == 2
    with closing(Ledger(home / "ledger.sqlite3")) as ledger, ledger._store.writing() as connection:
        connection.exec_driver_sql("UPDATE attempts SET started = '2026-01-31T23:00:00Z' WHERE seq = 2")
    with prepare.prepare(fill(path, kickouts=rows), where, home, Options(send_again=True)) as prepared:
        effects = summary_of(prepared).effects
    assert effects == {f"will be sent again although done before, last on 2026-01-31 to {day}": 2} | {
        effect: count for effect, count in effects.items() if "sent again" not in effect
    }


def test_send_again_for_all_rows_is_their_codes_at_the_question(
    tmp_path: Path, server: PracticeServer, home: Path
) -> None:
    """What is sent meanwhile has another code: the ledger refuses the row, whoever said yes to what."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    code = one(path, server, home).send_again_code
    where = Environment(PRACTICE, server.base_url)
    with prepare.prepare(path, where, home, Options(send_again=True)) as prepared:
        (step,) = prepared.plan.steps
        assert step.released == code
        with closing(Ledger(home / "ledger.sqlite3")) as other:
            other.begin(
                record_of(prepared).__class__(**{**vars_of(record_of(prepared)), "id": "meanwhile"}),
                prepared.plan,
                where.id,
            )
            other.intend("meanwhile", step, now())
        report = carried_out(prepared)
    assert (report.outcomes[0].status, len(server.writes)) == (Status.NOT_SENT, 1)


def vars_of(run: Any) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__slots__}


def test_a_resumed_run_sends_again_what_it_was_asked_to(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """By the codes of its own lines; what was done since by another run is already done."""
    rows = [kickout(number) for number in range(1, 4)]
    path = fill(tmp_path / "August.xlsx", kickouts=rows)
    assert run(path, server, home) == ["done"] * 3
    server.faults.add(Fault.status(403))
    report = report_of(path, server, home, send_again=True)
    assert [each.status.value for each in report.outcomes] == ["failed", "not_sent", "not_sent"]
    with resume.prepare_again(report.run, home) as prepared:
        assert len(prepared.plan.steps) == 3
        assert prepared.options.send_again is False
        again = carried_out(prepared)
    assert [each.status.value for each in again.outcomes] == ["done"] * 3
    assert len(server.writes) == 4, "the rest went to a practice server of its own"


def test_a_kill_does_not_make_a_code_send_twice(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """One row done and one on its way under their codes when the program ended: neither is sent again."""
    rows = [kickout(number) for number in range(1, 4)]
    path = fill(tmp_path / "August.xlsx", kickouts=rows)
    codes = [each.send_again_code for each in report_of(path, server, home).outcomes]
    fill(path, kickouts=[typed(code, row) for code, row in zip(codes, rows, strict=True)])
    where = Environment(PRACTICE, server.base_url)
    with prepare.prepare(path, where, home, Options(jobs=1)) as prepared:
        first, middle, _ = prepared.plan.steps
        plan = Plan((((first,), (middle,)),), ())
        ledger = prepared.ledger
        assert isinstance(ledger, Ledger)
        ledger.begin(record_of(prepared), plan, where.id)
        code = ledger.intend(prepared.id, middle, now())
    report = report_of(path, server, home)
    assert [each.status.value for each in report.outcomes] == ["done", "unknown", "done"]
    assert (report.outcomes[1].send_again_code, code in report.outcomes[1].tip) == (code, True)
    assert history.recall(home, prepared.id).outcomes[1 - 1].status is Status.NOT_SENT
    assert run(path, server, home) == ["already_done", "unknown", "already_done"]
    assert len(server.writes) == 5


def test_the_code_stands_in_every_place_where_a_row_is_told(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """The Results sheet, the document, the history; blank for a row that nothing holds back."""
    server.faults.add(Fault.status(400))
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN, kickout(2)])
    report = report_of(path, server, home)
    told = [row["send_again_code"] for row in report.document()["rows"]]
    assert (told[0], len(told[1])) == ("", 6)
    assert column_of(path, "Send again code") == told
    assert [row["send_again_code"] for row in history.recall(home, report.run or "").document()["rows"]] == told
    assert [row["send_again_code"] for row in report_of(path, server, home).document()["rows"]][1] == told[1]
    checked = preview.check(path, Environment(PRACTICE, server.base_url), home, Options())
    assert checked.document()["rows"][1]["send_again_code"] == told[1]


def test_codes_that_were_pasted_along_with_their_column_of_results_release_nothing(
    tmp_path: Path, server: PracticeServer, home: Path
) -> None:
    """Results name a code for each row that was sent: under their heading nobody has typed it for another send."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN, kickout(2)])
    assert run(path, server, home) == ["done"] * 2
    sent = zip(column_of(path, "Target"), column_of(path, "Send again code"), strict=True)
    pasted = typed_rows(
        tmp_path / "Pasted.xlsx",
        ["Task GUID", "Batch mode", "Send again code"],
        *([target, "new self-contained batch", code] for target, code in sent),
    )
    assert run(pasted, server, home) == ["already_done"] * 2
    assert len(server.writes) == 2


@pytest.mark.parametrize(
    "formula", ["<f>Results!O{0}</f>", '<f t="array" ref="{1}2:{1}3">Results!O8:O9</f>'], ids=["in each", "for all"]
)
def test_a_formula_types_no_code(tmp_path: Path, server: PracticeServer, home: Path, formula: str) -> None:
    """It would take the next send's code from Results each time that Excel calculates it."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN, kickout(2)])
    codes = [outcome.send_again_code for outcome in report_of(path, server, home).outcomes]
    fill(path, kickouts=[typed(codes[0]), typed(codes[1], kickout(2))])
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    for number, code in enumerate(codes, 2):
        inline = f't="inlineStr"><is><t>{code}</t></is></c>'
        letter = parts[sheet].split(inline)[0][-4]
        own = "" if "array" in formula and number > 2 else formula.format(number, letter)
        parts[sheet] = parts[sheet].replace(inline, f't="str">{own}<v>{code}</v></c>')
    save(path, parts)
    out = tmp_path / "corrections.xlsx"
    report = report_of(path, server, home, corrections=out)
    assert [each.code for each in report.outcomes] == ["send_again.formula"] * 2
    assert codes[0] in report.outcomes[0].message
    again = [cell.value for cell in openpyxl.load_workbook(out)["Kickouts"][2] if cell.value == "#N/A"]
    assert again == ["#N/A"]
    assert len(server.writes) == 2


def test_results_that_were_left_alone_hold_no_second_send(tmp_path: Path, server: PracticeServer, home: Path) -> None:
    """A Results sheet with a note of the operator's stays beside the next one."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    code = one(path, server, home).send_again_code
    book = openpyxl.load_workbook(path)
    book["Results"]["V9"] = "asked Sam"
    heading = next(cell for cell in book["Kickouts"][1] if cell.value == "Send again")
    book["Kickouts"].cell(2, heading.column, code)
    book.save(path)
    assert run(path, server, home) == ["done"]
    assert openpyxl.load_workbook(path).sheetnames == ["Kickouts", "Results", "Results (bulkops)"]
    assert run(Path(shutil.copy(path, tmp_path / "Copy.xlsx")), server, home) == ["already_done"]
    assert len(server.writes) == 2


@pytest.mark.parametrize("layout", LAYOUTS, ids=["today's", "with codes", "the first"])
@pytest.mark.parametrize("saved", [False, True], ids=["as it was written", "saved since"])
@pytest.mark.parametrize("note", [False, True])
def test_results_of_every_version_are_known_still(
    tmp_path: Path, server: PracticeServer, home: Path, layout: Layout, saved: bool, note: bool
) -> None:
    """Replaced if nobody has added to them, whoever saved them; what stands beside them is the operator's."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    assert run(path, server, home) == ["done"]
    if layout != LAYOUTS[0]:
        older_results(path, layout.columns)
    if saved or note:
        book = openpyxl.load_workbook(path)
        if note:
            book["Results"].cell(layout.heading_row + 1, len(layout.columns) + 1, "asked Sam")
        book.save(path)
    assert run(path, server, home) == ["already_done"]
    names = ["Kickouts", "Results", "Results (bulkops)"] if note else ["Kickouts", "Results"]
    assert openpyxl.load_workbook(path).sheetnames == names


def test_results_that_are_replaced_are_kept(tmp_path: Path, server: PracticeServer) -> None:
    """The workbook as it was before each run that sends, its results with the only GUIDs too, is in the data folder."""
    books = tmp_path / "books"
    books.mkdir()
    path = fill(books / "August.xlsx", kickouts=[PLAIN])
    where = Environment(PRACTICE, server.base_url)
    kept = []
    for _ in range(2):
        kept.append(path.read_bytes())
        with prepare.prepare(path, where, tmp_path, Options(send_again=True)) as prepared:
            report = carried_out(prepared)
        assert report.results == path
    found = [each.read_bytes() for each in (tmp_path / "previous versions").iterdir()]
    assert sorted(found) == sorted(kept)


def test_every_operation_names_the_way_out_of_a_doubt() -> None:
    """The tip for an unknown row says how to release it, also where the code is not at hand."""
    for operation in all_operations().values():
        assert "type BCDFGH in Send again" in answers.to_check(operation.how_to_check("7"), "BCDFGH")
        assert "history" in answers.to_check(operation.how_to_check("7"), "")
