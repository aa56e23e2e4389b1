"""The upload folder: each workbook is taken by one, run once, and found afterwards where it belongs."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, Ended, fill, flag, kickout, task
from passes import thorough

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import stand_in as bench
from asking import carried_out
from fork_server import ForkServer

from bulkops.energycap import environments
from bulkops.inbox import claims, scan
from bulkops.inbox.process import opened
from bulkops.inbox.scan import scan_folder
from bulkops.messages.errors import CannotStart
from bulkops.practice.faults import Fault
from bulkops.practice.server import PracticeServer
from bulkops.runs import history
from bulkops.runs.confirmation import carry_out, unattended, unwatched
from bulkops.runs.control import Control
from bulkops.runs.upload_folders import known_as
from bulkops.system import data_folder
from bulkops.system.locks import only_one
from bulkops.system.workbook_lock import workbook_alone

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Für die Buchhaltung & Co"
    made.mkdir()
    return made


@pytest.fixture
def inbox(bulkops: Bulkops, folder: Path, practice: PracticeServer) -> Any:
    """``inbox()`` runs one unattended pass → its exit code and document."""

    def call(*arguments: object, **named: Any) -> SimpleNamespace:
        ended: Ended = bulkops("inbox", folder, "--yes", "--json", *arguments, **named)
        return SimpleNamespace(code=ended.code, err=ended.err, **json.loads(ended.out))

    return call


def lying(folder: Path) -> set[str]:
    """Every file in it, hidden ones too, by its path there."""
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def writes(practice: PracticeServer) -> Counter[str]:
    """How often each task or list was written to."""
    return Counter(request.path.rstrip("/").split("/")[-2] for request in practice.writes)


def aged(path: Path, seconds: float = 600) -> Path:
    """A file that nobody has touched for a while."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def edited(path: Path, cell: str, value: Any, sheet: str = "Kickouts") -> Path:
    """The workbook as its owner saves it with another value in a cell."""
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)
    return path


def test_workbooks_go_where_they_belong_with_their_results(inbox, folder, practice):
    """Done; Needs attention with a workbook of the rows to correct; In doubt: each with what became of its rows."""
    fill(folder / "1 gut.xlsx", [kickout(1), kickout(2)])
    fill(folder / "2 schlecht.xlsx", [kickout(3, batch_mode="nonsense"), kickout(4)])
    fill(folder / "3 ungewiß.xlsx", [kickout(5)])
    (folder / "4 Text.csv").write_text(f"Task GUID,Batch mode\n{task(6)},new self-contained batch\n", "utf-8")
    practice.faults.add(Fault.drop_reply(), path_contains=task(5))
    told = inbox()
    assert lying(folder) == {
        "Done/1 gut.xlsx",
        "Needs attention/2 schlecht.xlsx",
        "Needs attention/2 schlecht - corrections.xlsx",
        "In doubt/3 ungewiß.xlsx",
        "Done/4 Text.csv",
        "Done/4 Text - results.xlsx",
    }
    assert (told.code, told.left, told.notes, Path(told.folder)) == (4, [], [], folder)
    places = [Path(each["moved_to"]).relative_to(folder).as_posix() for each in told.workbooks]
    assert places == [
        f"{each}" for each in sorted(lying(folder), key=lambda name: name.split("/")[1]) if " - " not in each
    ]
    assert [Path(each["results"]).exists() for each in told.workbooks] == [True] * 4
    assert set(writes(practice).values()) == {1}
    assert len(practice.writes) == 5
    assert any(
        str(folder / "Needs attention" / "2 schlecht - corrections.xlsx") in note for note in told.workbooks[1]["notes"]
    )


def test_boxes_that_nobody_ticked_need_no_attention(inbox, folder, practice):
    """A sheet with tick boxes filled down has rows to send and rows that are none: the workbook is done."""
    case = ROOT / "tests" / "cases" / "unticked-boxes.xlsx"
    (folder / "August.xlsx").write_bytes(case.read_bytes())
    told = inbox()
    assert (told.code, lying(folder)) == (0, {"Done/August.xlsx"})
    assert len(practice.writes) == 2


def test_nothing_to_do_is_no_trouble(inbox, folder):
    """A scheduler that finds nothing is told so by a 0."""
    assert (inbox().code, lying(folder)) == (0, set())


@pytest.mark.parametrize("there", ["nothing", "a file", "a folder for what was dealt with"])
def test_only_an_upload_folder_will_do(there, bulkops, tmp_path):
    """What is no folder, or would make folders within Done, is refused in a sentence."""
    place = tmp_path / ("Done" if "dealt" in there else "here")
    if there != "nothing":
        place.write_text("") if there == "a file" else place.mkdir()
    ended = bulkops("inbox", place, "--yes")
    assert (ended.code, "Traceback" in ended.err, "folder" in ended.err) == (2, False, True)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("~$August.xlsx", b"x", None),
        (".August.xlsx", b"x", None),
        ("~WRL0001.tmp", b"x", None),
        ("August.xlsx.crdownload", b"x", "inbox.copying"),
        ("August.pdf", b"x", "inbox.not_workbook"),
        ("August.xlsx", b"", "inbox.empty"),
    ],
)
def test_what_is_no_workbook_is_left_alone(name, content, code, folder, home):
    """Marker files are nobody's business; everything else that is left is listed with its reason."""
    (folder / name).write_bytes(content)
    looked = scan_folder(folder, home)
    assert looked.ready == ()
    assert [(each.path.name, each.why.code) for each in looked.skipped] == ([(name, code)] if code else [])


def test_a_file_that_still_grows_is_left_until_it_stays_as_it_is(folder, home):
    """Half a text file looks whole: only two looks tell."""
    path = folder / "August.csv"
    path.write_text("Task GUID,Batch mode\n")

    def copied_on(_: float) -> None:
        path.write_text(path.read_text() + f"{task(1)},new batch\n")

    assert [each.why.code for each in scan_folder(folder, home, copied_on).skipped] == ["inbox.copying"]
    assert [each.path for each in scan_folder(folder, home, lambda _: None).ready] == [path]


def test_half_a_workbook_goes_to_needs_attention_only_when_it_stays_so(inbox, folder, practice):
    """A copy that pauses is not moved away from under the program that copies it; a damaged file is."""
    whole = fill(folder / "August.xlsx", [kickout(1)]).read_bytes()
    path = folder / "August.xlsx"
    path.write_bytes(whole[: len(whole) // 2])
    told = inbox()
    assert (told.code, lying(folder)) == (0, {"August.xlsx"})
    assert "may still be on its way" in told.workbooks[0]["notes"][0]
    aged(path)
    assert inbox().code == 2
    assert lying(folder) == {"Needs attention/August.xlsx", "Needs attention/August - not run.txt"}
    assert "is damaged" in (folder / "Needs attention" / "August - not run.txt").read_text("utf-8-sig")
    assert practice.writes == []


def test_a_damaged_workbook_of_tomorrow_does_not_stay_for_ever(inbox, folder, practice):
    """Its time is another clock's: it is moved away at once, and does not seem to have changed just now until then."""
    path = folder / "August.xlsx"
    path.write_bytes(fill(path, [kickout(1)]).read_bytes()[:500])
    aged(path, -86_400)
    assert inbox().code == 2
    assert lying(folder) == {"Needs attention/August.xlsx", "Needs attention/August - not run.txt"}


@pytest.mark.parametrize("bit", [0x1000, 0x40000, 0x400000])
def test_a_file_that_is_only_online_is_not_fetched(bit):
    """Windows says by a file's attributes that reading it would fetch it; macOS by its flags."""
    assert scan.is_online(SimpleNamespace(st_file_attributes=bit | 0x20))
    assert not scan.is_online(SimpleNamespace(st_file_attributes=0x20))
    assert scan.is_online(SimpleNamespace(st_flags=0x40000000))


def test_a_workbook_that_is_open_is_left_alone(folder, home):
    """Whoever has it open would save it over the results, or could not find it any more."""
    fill(folder / "August.xlsx", [kickout(1)])
    (folder / "~$August.xlsx").write_bytes(b"x")
    assert [each.why.code for each in scan_folder(folder, home).skipped] == ["inbox.open"]


def test_results_that_lie_there_are_not_run(inbox, folder, practice):
    """Somebody who puts back a text file along with its results wants the text file to be run."""
    (folder / "a.csv").write_text(f"Task GUID,Batch mode\n{task(1)},new self-contained batch\n")
    inbox()
    (folder / "Done" / "a - results.xlsx").rename(folder / "a - results.xlsx")
    told = inbox()
    assert [Path(each["path"]).name for each in told.left] == ["a - results.xlsx"]
    assert len(practice.writes) == 1


def test_another_computers_claim_is_never_taken_over(inbox, folder, practice):
    """What was sent from there is not known here: it is said who has it, and what to do if that computer is gone."""
    path = fill(folder / "August.xlsx", [kickout(1)])
    claims.take(path, "another ledger")
    for _ in range(2):
        told = inbox()
        assert (told.code, told.workbooks, practice.writes) == (0, [], [])
        assert f"in use by {data_folder.operator()} on " in told.left[0]["why"]
        assert ".August.xlsx.bulkops-inbox" in told.left[0]["why"]


@pytest.mark.parametrize("content", [b"", b"\xff\x00{", b"[1]", b'{"workbook": "../x", "ledger": 7}'])
def test_a_claim_that_makes_no_sense_is_respected(content, inbox, folder, practice):
    """Somebody has made it, and may be about to say who."""
    fill(folder / "August.xlsx", [kickout(1)])
    (folder / ".August.xlsx.bulkops-inbox").write_bytes(content)
    told = inbox()
    assert (told.workbooks, practice.writes) == ([], [])
    assert "in use by somebody" in told.left[0]["why"] or "in use by  " in told.left[0]["why"]


def test_what_another_computer_may_have_sent_goes_to_in_doubt_unattended(
    inbox, folder, practice, monkeypatch, tmp_path
):
    """Its results are of a run that this computer does not know: only a person may decide to run it."""
    fill(folder / "August.xlsx", [kickout(1), kickout(2)])
    inbox()
    (folder / "Done" / "August.xlsx").rename(folder / "August.xlsx")
    monkeypatch.setenv("BULKOPS_HOME", str(tmp_path / "another computer's"))
    told = inbox()
    assert (told.code, len(practice.writes)) == (2, 2)
    assert lying(folder) == {"In doubt/August.xlsx", "In doubt/August - not run.txt"}
    assert {row["status"] for row in told.workbooks[0]["rows"]} == {"not_sent"}


def test_a_name_that_is_in_use_is_never_taken_from_its_file(inbox, folder, practice):
    """A second August gets a number before it is run, so that its results know it by the name it keeps."""
    for number in (1, 2, 3):
        (folder / "August.csv").write_text(f"Task GUID,Batch mode\n{task(number)},new self-contained batch\n")
        told = inbox()
    names = ("August", "August (2)", "August (3)")
    assert lying(folder) == {f"Done/{name}{end}" for name in names for end in (".csv", " - results.xlsx")}
    for number, name in enumerate(names, 1):
        assert task(number) in (folder / "Done" / f"{name}.csv").read_text()
    assert "August (3).csv" in told.workbooks[0]["notes"][-1]
    assert len(practice.writes) == 3


def test_the_same_content_under_another_name_is_already_done(inbox, folder, practice):
    """The record is of what was asked for, not of files."""
    fill(folder / "a.xlsx", [kickout(1)])
    (folder / "b.xlsx").write_bytes((folder / "a.xlsx").read_bytes())
    told = inbox()
    assert [each["rows"][0]["status"] for each in told.workbooks] == ["done", "already_done"]
    assert lying(folder) == {"Done/a.xlsx", "Done/b.xlsx"}
    assert len(practice.writes) == 1


@pytest.mark.parametrize("name", ["August.xlsx", "August - corrections.xlsx"])
def test_what_was_fixed_and_put_back_is_run_once(name, inbox, folder, practice):
    """The workbook itself, or the corrections: only the fixed row is sent."""
    fill(folder / "August.xlsx", [kickout(1, batch_mode="nonsense"), kickout(2)])
    inbox()
    fixed = folder / "Needs attention" / name
    edited(fixed, "B2" if "corr" not in name else "C2", "new self-contained batch").rename(folder / name)
    assert inbox().code == 0
    assert writes(practice) == {task(1): 1, task(2): 1}
    assert f"Done/{name}" in lying(folder)


@pytest.mark.parametrize("copied", [False, True], ids=["moved back", "copied back"])
def test_a_code_is_spent_wherever_the_workbook_goes(copied, inbox, bulkops, folder, practice):
    """It has caused one send. Moved, fixed and put back, or copied back, it causes no second one."""
    fill(folder / "August.xlsx", [kickout(1)])
    code = inbox().workbooks[0]["rows"][0]["send_again_code"]
    path = fill(folder / "August.xlsx", [kickout(1, send_again=code), kickout(2, batch_mode="nonsense")])
    inbox()
    kept = folder / "Needs attention" / "August (2).xlsx"
    edited(kept, "B3", "new self-contained batch")
    path.write_bytes(kept.read_bytes())
    if not copied:
        kept.unlink()
    inbox()
    assert writes(practice) == {task(1): 2, task(2): 1}
    for place in ("Done/August (3).xlsx",) if copied else ("Done/August (2).xlsx",):
        bulkops("run", edited(folder / place, "B3", "new batch"), "--yes")
    assert writes(practice)[task(1)] == 2


def test_a_run_that_was_stopped_is_resumed_where_its_workbook_is_now(inbox, bulkops, folder, practice):
    """The ledger learns the new path: what is left is sent, and the results are written into the moved workbook."""
    path = fill(folder / "August.xlsx", flags=[flag(2006 + number, comment=f"Row {number}") for number in range(7)])
    practice.faults.add(Fault.status(403), skip=1)
    told = inbox()
    moved = folder / "Needs attention" / path.name
    assert Path(told.workbooks[0]["moved_to"]) == moved
    resumed = bulkops("resume", "--yes", "--json")
    assert (resumed.code, resumed.document["results"]) == (0, str(moved))
    assert len(practice.state.applied) == 7
    told = json.loads(bulkops("history", "--json").out)["runs"][0]
    assert (told["workbook"], told["results"]) == (str(moved), str(moved))


def test_what_was_put_back_and_run_is_not_resumed(inbox, bulkops, folder, practice):
    """What is left of the older run may be outdated: the workbook was run again since, from another path."""
    fill(folder / "August.xlsx", flags=[flag(2006), flag(2007)])
    practice.faults.add(Fault.status(403))
    first = inbox().workbooks[0]["run"]
    back = (folder / "Needs attention" / "August.xlsx").rename(folder / "August.xlsx")
    edited(back, "E2", "Another comment", "Flag edits")
    inbox()
    sent = len(practice.writes)
    assert bulkops("resume", "--yes").code == 2
    ended = bulkops("resume", first, "--yes")
    assert (ended.code, len(practice.writes)) == (2, sent)


def test_somebody_elses_run_of_the_workbook_leaves_it_where_it_is(inbox, folder, practice):
    """Who runs it by hand at the moment has it; the others go on."""
    path = fill(folder / "a.xlsx", [kickout(1)])
    fill(folder / "b.xlsx", [kickout(2)])
    with workbook_alone(path, "Pat on PC-7"):
        told = inbox()
    assert lying(folder) == {"a.xlsx", "Done/b.xlsx"}
    assert "Pat on PC-7" in " ".join(told.workbooks[0]["notes"])
    assert told.code == 0


def test_a_run_elsewhere_on_this_computer_ends_the_pass(inbox, folder, home, practice):
    """One run at a time: the pass says who is at it, and every workbook is where it was."""
    fill(folder / "a.xlsx", [kickout(1)])
    fill(folder / "b.xlsx", [kickout(2)])
    home.mkdir(parents=True)
    with only_one(home, "Pat, july.xlsx"):
        told = inbox()
    assert (told.code, lying(folder), practice.writes) == (2, {"a.xlsx", "b.xlsx"}, [])
    assert "Pat, july.xlsx" in " ".join(told.workbooks[0]["notes"])
    assert len(told.workbooks) == 1


def test_a_second_pass_on_this_computer_does_not_begin(inbox, folder, home):
    """It would take a claim for one that a death has left."""
    with opened(folder, home), pytest.raises(CannotStart) as refused, opened(folder, home):
        pass
    assert refused.value.code == "run.busy"


def test_each_workbook_is_asked_about(bulkops, folder, practice):
    """Without --yes it is listed with counts and asked about; a no leaves it where it is, and nobody's."""
    fill(folder / "a.xlsx", [kickout(1)])
    fill(folder / "b.xlsx", [kickout(2), kickout(3, batch_mode="nonsense")])
    said = bulkops("inbox", folder, typed="no\nyes\n")
    assert "a.xlsx: 1 row: Ready 1" in said.out
    assert "b.xlsx: 2 rows: Needs fixing 1, Ready 1" in said.out
    assert said.code == 1
    assert lying(folder) >= {"a.xlsx", "Needs attention/b.xlsx"}
    assert not any("inbox" in name for name in lying(folder))
    assert writes(practice) == {task(2): 1}
    assert (bulkops("inbox", folder).code, len(practice.writes)) == (2, 1)


def test_an_unattended_pass_has_no_listener_within_its_own(inbox, folder, practice, monkeypatch):
    """Windows ends a program as soon as the innermost is over: the workbook could not be moved any more."""
    fill(folder / "a.xlsx", [kickout(1)])
    changes, set_handler, default = [], signal.signal, signal.getsignal(signal.SIGINT)

    def recorded(number, handler):
        before = set_handler(number, handler)
        if number == signal.SIGINT:
            changes.append((before is default, handler is default))
        return before

    monkeypatch.setattr(signal, "signal", recorded)
    assert inbox().code == 0
    assert set(changes) == {(True, False), (False, True)}


def test_ctrl_c_after_rows_were_sent_hides_nothing(bulkops, folder, practice, monkeypatch):
    """From the first send until all is told it ends the pass, and no more: no row goes untold, no exit code says 2."""
    fill(folder / "a.xlsx", [kickout(1)])
    dumps = json.dumps

    def interrupted(*given, **named):
        if practice.writes:
            signal.raise_signal(signal.SIGINT)
        return dumps(*given, **named)

    monkeypatch.setattr(json, "dumps", interrupted)
    told = bulkops("inbox", folder, "--json", typed="yes\n")
    assert told.code == 0
    (workbook,) = json.loads(told.out)["workbooks"]
    assert [row["status"] for row in workbook["rows"]] == ["done"]
    assert lying(folder) == {"Done/a.xlsx"}


def test_a_workbook_that_changes_while_it_is_run_stays(folder, home, practice):
    """Its new rows were not run: it is run once more next time, and rows that are done are not sent twice."""
    path = folder / "a.csv"
    path.write_text(f"Task GUID,Batch mode\n{task(1)},new self-contained batch\n")

    def run(prepared):
        report = carried_out(prepared)
        path.write_text(path.read_text() + f"{task(2)},new self-contained batch\n")
        return report

    with opened(folder, home) as inbox:
        found = scan_folder(folder, home).ready[0]
        handled = inbox.handle(found, environments.environment(), run)
        assert (handled.moved_to, handled.why.code) == (None, "inbox.changed")
        handled = inbox.handle(scan_folder(folder, home).ready[0], environments.environment(), plain_run)
    assert [each.status.value for each in handled.report.outcomes] == ["already_done", "done"]
    assert writes(practice) == {task(1): 1, task(2): 1}


def test_more_bills_than_the_settings_allow_wait_for_a_person(inbox, folder, home, practice):
    """The workbook stays where it is, and the exit code says that somebody must look; the others are run."""
    home.mkdir(parents=True)
    (home / "settings.json").write_text('{"max_bills": 12}', encoding="utf-8")
    fill(folder / "a.xlsx", flags=[flag(2002)])
    fill(folder / "b.xlsx", flags=[flag(2001, flag_type_id=2)])
    for code in (1, 2):  # where rows were sent it is not said that nothing was
        told = inbox()
        assert (told.code, lying(folder)) == (code, {"a.xlsx", "Done/b.xlsx"})
        assert "would touch 40 bills, and 12 is the most" in " ".join(told.workbooks[0]["notes"])
    (home / "settings.json").write_text('{"max_bill": 12}', encoding="utf-8")
    with pytest.raises(CannotStart) as refused, opened(folder, home):
        pass
    assert refused.value.code == "settings.wrong"


def test_what_changes_in_energycap_meanwhile_is_for_the_next_pass(folder, home, practice):
    """Nobody is there to look at the question anew: the workbook stays, and the next pass asks EnergyCAP again."""
    fill(folder / "a.xlsx", flags=[flag(2001, flag_type_id=2)])
    bills = practice.state.known["list"][2001].bills

    def confirm(summary):
        taken.append(bills.pop())
        return unattended(summary)

    taken: list[Any] = []
    with opened(folder, home) as inbox:
        found = scan_folder(folder, home).ready[0]
        handled = inbox.handle(
            found, environments.environment(), lambda run: carry_out(run, confirm, unwatched, Control())
        )
        assert (handled.why.code, handled.moved_to, handled.ends, handled.exit_code) == ("run.changed", None, False, 0)
        bills.extend(taken)
        handled = inbox.handle(scan_folder(folder, home).ready[0], environments.environment(), plain_run)
    assert (lying(folder), len(practice.writes)) == ({"Done/a.xlsx"}, 1)


def test_what_was_taken_since_the_look_is_left(folder, home, practice):
    """Two people have looked at the same moment: the one who comes second finds it gone, changed, or claimed."""
    path = fill(folder / "a.xlsx", [kickout(1)])
    found = scan_folder(folder, home).ready[0]
    with opened(folder, home) as inbox:
        fill(path, [kickout(2)])
        assert inbox.handle(found, environments.environment(), plain_run).why.code == "inbox.gone"
        found = scan_folder(folder, home).ready[0]
        claims.take(path, "another ledger").release()
        claim = claims.take(path, "another ledger")
        assert inbox.handle(found, environments.environment(), plain_run).why.code == "inbox.in_use"
        claim.release()
        path.unlink()
        assert inbox.handle(found, environments.environment(), plain_run).why.code == "inbox.gone"
    assert (practice.writes, lying(folder)) == ([], set())


def test_a_folder_that_cannot_be_made_keeps_the_workbook_and_its_report(inbox, folder, practice):
    """A file is called Done: the rows are told all the same, and the workbook is moved once it can be."""
    fill(folder / "a.xlsx", [kickout(1)])
    (folder / "Done").write_text("")
    told = inbox()
    assert (told.workbooks[0]["rows"][0]["status"], told.workbooks[0]["moved_to"]) == ("done", None)
    assert "could not be" in " ".join(told.workbooks[0]["notes"])
    (folder / "Done").unlink()
    told = inbox()
    assert (told.code, len(practice.writes), lying(folder)) == (0, 1, {"Done/a.xlsx"})
    assert "had been cut short" in told.notes[0]


def test_where_nothing_can_be_claimed_nothing_is_run(inbox, folder, practice, monkeypatch):
    """In a folder that may only be read, two people would run the same workbook."""
    fill(folder / "a.xlsx", [kickout(1)])
    fill(folder / "b.xlsx", [kickout(2)])

    def read_only(real: Callable[..., None]) -> Callable[..., None]:
        def named(old: str, new: str, **given: Any) -> None:
            around = given.get("dst_dir_fd")
            if os.path.samestat(os.stat(Path(new).parent) if around is None else os.fstat(around), folder.stat()):
                raise OSError(errno.EROFS, "Read-only file system")
            real(old, new, **given)

        return named

    for name in ("link", "rename"):
        monkeypatch.setattr(os, name, read_only(getattr(os, name)))
    told = inbox()
    assert (told.code, len(told.workbooks), practice.writes, lying(folder)) == (2, 1, [], {"a.xlsx", "b.xlsx"})
    assert "Read-only file system" in told.workbooks[0]["notes"][0]


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there that nobody has")
def test_the_folder_may_be_reached_by_a_link(folder, home, tmp_path, practice):
    """Whichever way leads there, it is one folder: what is cut short by one way is finished by another."""
    fill(folder / "a.xlsx", [kickout(1)])
    (folder / "Done").write_text("")
    link = tmp_path / "link"
    link.symlink_to(folder)
    with opened(link, home) as inbox:
        handled = inbox.handle(scan_folder(link, home).ready[0], environments.environment(), plain_run)
    assert handled.why.code == "inbox.unmoved"
    (folder / "Done").unlink()
    with opened(folder, home) as inbox:
        assert "had been cut short" in inbox.notes[0]
    assert lying(folder) == {"Done/a.xlsx"}
    assert Path(history.history(home)[0].run.workbook) == folder / "Done" / "a.xlsx"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/in/a.xlsx", "/in/Needs attention/a.xlsx", True),
        ("/in/Done/a.xlsx", "/in/In doubt/A.XLSX", True),
        ("/in/a (2).xlsx", "/in/Needs attention/a.xlsx", False),
        ("/in/a (2).xlsx", "/in/a.xlsx", False),
        ("/in/a.xlsx", "/out/Done/a.xlsx", False),
        ("/in/Done/a.xlsx", "/in/Done/a.csv", False),
    ],
)
def test_which_paths_are_one_workbooks(one, other, same):
    """Only where bulkops itself moves workbooks about."""
    assert (known_as(one) == known_as(other)) is same


def plain_run(prepared):
    """Nobody is asked."""
    return carried_out(prepared)


def test_two_people_at_one_folder_run_each_workbook_once(folder, tmp_path, practice):
    """Two processes with a ledger each, at the same moment: no row arrives twice, and every workbook is done."""
    for number in range(8):
        fill(folder / f"{number}.xlsx", [kickout(number + 1)])
    command = [
        sys.executable,
        "-c",
        "from bulkops.inbox import scan\nscan.SETTLING = 0.2\nfrom bulkops.cli.commands import main\nmain()",
    ]
    people = [
        subprocess.Popen(
            [*command, "inbox", str(folder), "--yes", "--json"],
            env={**os.environ, "BULKOPS_HOME": str(tmp_path / f"home {number}"), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    for each in people:
        out, err = each.communicate(timeout=100)
        assert each.returncode == 0, out + err
    assert writes(practice) == {task(number + 1): 1 for number in range(8)}
    assert lying(folder) == {f"Done/{number}.xlsx" for number in range(8)}


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("fork_server")) as process:
        yield process


@pytest.fixture(scope="module")
def energycap() -> Iterator[bench.StandIn]:
    with bench.StandIn("inbox", latency=0) as process:
        yield process


def worth_dying_at(steps: list[str]) -> list[int]:
    """From 1: the claim, each step of the new name, the run's own boundaries, and everything after its end."""
    end, begin = steps.index("finish"), steps.index("begin")
    before = ("link", "begin", "intend", "send", "conclude", "finish")
    named = max(number for number, step in enumerate(steps[:begin], 1) if step == "link") + 2
    claimed = ("mkdir", "replace", "unlink", "rmdir")
    return [n for n, step in enumerate(steps, 1) if n > end or step in before or (step in claimed and n <= named)]


@pytest.mark.skipif(sys.platform == "win32", reason="the children are forked, and Windows has no fork")
@pytest.mark.parametrize("kind", ["results in it", "results beside it, and its name is in use"])
def test_a_death_between_any_two_steps(kind, tmp_path, fork_server, energycap):
    """Whatever is killed wherever: after the next pass each row was sent once, or is unknown and was sent at most
    once; the workbook is in one place, where it belongs, with its results; and nobody has a claim on it."""
    good = bench.Row.of("Flag edits", 2, 7, "Resolved", "Edit")
    wrong = bench.Row.of("Flag edits", 3, "seven", "Resolved", "Edit")
    steps = [0]
    for step in steps:
        folder, home = tmp_path / f"{step}" / "in", tmp_path / f"{step}" / "home"
        folder.mkdir(parents=True)
        name = "August.csv" if "beside" in kind else "August.xlsx"
        if "beside" in kind:
            (folder / name).write_text("List ID,Flag status\n7,Resolved\nseven,Resolved\n")
        else:
            bench.fill(folder / name, [good, wrong])
        if "in use" in kind:
            (folder / "Needs attention").mkdir()
            (folder / "Needs attention" / name).write_text("another")
        again = ["inbox", str(folder), "--base-url", energycap.base_url, "--yes", "--json"]
        energycap.arrivals(forget=True)
        ended = fork_server.run([str(step), *again], home, program="tests.inbox_deaths:main")
        if not step:
            marks = [name for name, _ in ended.marks]
            # Until its end a run does the same in either kind.
            begin = marks.index("finish") if "beside" in kind and not thorough() else 0
            steps += [each for each in worth_dying_at(marks) if each > begin]
        assert ended.killed == (step > 0), ended.err
        last = fork_server.run(["0", *again], home, program="tests.inbox_deaths:main")
        arrived = [each.target for each in energycap.arrivals(forget=True)]
        assert last.out, last.err
        told = json.loads(last.out)
        statuses = [row["status"] for each in told["workbooks"] for row in each["rows"]]
        assert max(Counter(arrived).values(), default=1) == 1, (step, arrived)
        there = {each for each in lying(folder) if not each.endswith(".tmp")} - (
            {f"Needs attention/{name}"} if "in use" in kind else set()
        )
        books = {each for each in there if each.endswith(name[-4:]) and " - " not in each}
        place = "In doubt" if "unknown" in statuses else "Needs attention"
        assert len(books) == 1, (step, there)
        assert books.pop().startswith(place), (step, there, statuses)
        assert not [each for each in there if each.startswith((".", "Aug"))], (step, there)
        assert not [each for each in (home / "inbox").iterdir() if each.is_dir()], step
        assert len([each for each in there if "corrections" in each]) == 1, (step, there)
        if "unknown" not in statuses:
            assert arrived == [good.target], (step, arrived)
        if "beside" in kind:
            assert any(" - results" in each for each in there)
    assert len(steps) > (5 if begin else 15)


@pytest.mark.parametrize("moment", ["before the look", "after the look"])
def test_what_could_not_be_moved_is_not_sent(folder, home, practice, monkeypatch, moment):
    """On Windows a reader may forbid that a file is moved; elsewhere a folder where everybody keeps his own files does.

    What was sent and cannot be moved would lie there like a workbook that nobody has run.
    """
    path = fill(folder / "a.xlsx", [kickout(1)])
    with opened(folder, home) as inbox, ExitStack() as reader:

        def forbid() -> None:
            if sys.platform == "win32":
                reader.enter_context(open(path, "rb"))
            else:
                folder.chmod(0o1777)
                monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)

        if moment == "before the look":
            forbid()
            (left,) = scan_folder(folder, home).skipped
            assert left.why.code == "inbox.held"
        else:
            (found,) = scan_folder(folder, home).ready
            forbid()
            assert inbox.handle(found, environments.environment(), plain_run).why.code == "inbox.held"
    assert not practice.writes
    assert lying(folder) == {"a.xlsx"}
