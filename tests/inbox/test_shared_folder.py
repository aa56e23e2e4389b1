"""Others may write into an upload folder: they can delay a run there or delete its files, and no more than that."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asking import Bulkops, Ended, carried_out, fill, kickout, task
from systems import as_another_user, shared_folder

from bulkops.energycap import environments
from bulkops.inbox import claims, process, scan
from bulkops.inbox.process import opened
from bulkops.inbox.scan import scan_folder
from bulkops.messages.errors import CannotStart
from bulkops.practice.server import PracticeServer
from bulkops.system import data_folder, rename
from bulkops.system.folders import Folder

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files, or names, on Windows")
JUNCTION = 0xA0000003
LINKS = pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there that nobody has")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """One that everybody may write to."""
    made = tmp_path / "uploads"
    made.mkdir()
    made.chmod(0o777)
    yield made
    for each in made.rglob("*"):  # before the search for the key reads every file
        if each.is_file() and each.stat().st_size > 2**30:
            os.truncate(each, 0)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder of the clerk's own with something in it."""
    made = tmp_path / "private"
    made.mkdir()
    (made / "letter.txt").write_text("mine")
    return made


@pytest.fixture
def inbox(bulkops: Bulkops, folder: Path, practice: PracticeServer) -> Any:
    """``inbox()`` runs one unattended pass → its exit code and document."""

    def call() -> SimpleNamespace:
        ended: Ended = bulkops("inbox", folder, "--yes", "--json")
        return SimpleNamespace(code=ended.code, err=ended.err, **json.loads(ended.out))

    return call


def lying(folder: Path) -> set[str]:
    """Every file in it, hidden ones too, by its path there."""
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def plant(place: Path, target: Path, patch: pytest.MonkeyPatch) -> None:
    """A link to a folder; on Windows a junction, which everybody may make. Wine makes a folder of it, and no more:
    there what Windows says of a junction has a stand-in."""
    if sys.platform != "win32":
        place.symlink_to(target, target_is_directory=True)
        return
    import _winapi

    try:
        _winapi.CreateJunction(str(target), str(place))
    except OSError:
        lstat = os.lstat

        def told(path: Path, **more: Any) -> Any:
            facts = lstat(path, **more)
            said = {name: getattr(facts, name) for name in dir(facts) if name.startswith("st_")}
            return SimpleNamespace(**said | {"st_reparse_tag": JUNCTION}) if Path(path) == place else facts

        patch.setattr(os, "lstat", told)


def claim_file(folder: Path, name: str, *lines: Any) -> Path:
    """A claim as somebody else may write it."""
    path = folder / f".{name}.bulkops-inbox"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    return path


def plain_run(prepared):
    """Nobody is asked."""
    return carried_out(prepared)


# ------------------------------------------------------------------- the folders for what was dealt with


@pytest.mark.parametrize("name", ["Done", "Needs attention", "In doubt"])
def test_a_link_is_no_folder_for_what_was_dealt_with(name, inbox, folder, private, practice):
    """Nothing goes where it leads; once it is gone, the workbook is moved without being run again."""
    wrong = {"Needs attention": {"batch_mode": "nonsense"}}.get(name, {})
    fill(folder / "August.xlsx", [kickout(1), kickout(2, **wrong)])
    if name == "In doubt":
        practice.faults.add(bench_fault(), path_contains=task(2))
    with pytest.MonkeyPatch.context() as patch:
        plant(folder / name, private, patch)
        told = inbox()
        assert lying(private) == {"letter.txt"}
        assert f"{name} is a link, or no folder" in " ".join(told.workbooks[0]["notes"])
        sent = len(practice.writes)
        os.rmdir(folder / name) if sys.platform == "win32" else (folder / name).unlink()
    inbox()
    assert f"{name}/August.xlsx" in lying(folder)
    assert (len(practice.writes), lying(private)) == (sent, {"letter.txt"})


def bench_fault() -> Any:
    from bulkops.practice.faults import Fault

    return Fault.drop_reply()


@LINKS
@pytest.mark.parametrize("by_links", [True, False])
def test_a_folder_that_is_swapped_while_files_are_moved_is_not_left(folder, private, tmp_path, by_links):
    """By the time a file is moved the folder's name leads elsewhere: it goes into the folder that was looked at."""
    (folder / "Done").mkdir()
    (folder / "a.xlsx").write_text("a")
    with Folder(folder) as box, box.within("Done") as done:
        (folder / "Done").rename(tmp_path / "away")
        (folder / "Done").symlink_to(private)
        (rename.rename_no_replace if by_links else rename._rename_without_links)(box, "a.xlsx", done, "a.xlsx")
    assert (tmp_path / "away" / "a.xlsx").read_text() == "a"
    assert lying(private) == {"letter.txt"}


@LINKS
def test_an_upload_folder_that_is_swapped_while_it_is_opened_is_refused(home, private, monkeypatch):
    """Who may write above it puts a link in its place: what lies where the link leads is not run."""
    fill(private / "b.xlsx", [kickout(1)])
    with shared_folder() as around:
        folder = around / "uploads"
        folder.mkdir()
        resolve = Path.resolve

        def swapped(path: Path, strict: bool = False) -> Path:
            if path == folder and not folder.is_symlink():
                folder.rename(around / "away")
                folder.symlink_to(private)
            return resolve(path, strict)

        monkeypatch.setattr(Path, "resolve", swapped)
        with pytest.raises(CannotStart) as refused, opened(folder, home):
            pass
    assert refused.value.code == "inbox.no_access"


@LINKS
def test_what_is_no_file_any_more_is_not_moved(folder, private):
    """A link in the place of a workbook's results, say, stays where it is."""
    (folder / "Done").mkdir()
    (folder / "a - results.xlsx").symlink_to(private / "letter.txt")
    with Folder(folder) as box, box.within("Done") as done, pytest.raises(OSError, match="is a link"):
        rename.rename_no_replace(box, "a - results.xlsx", done, "a - results.xlsx")


# ------------------------------------------------------------------- forged claims


def test_nothing_is_done_because_a_claim_says_so(inbox, bulkops, folder, home, tmp_path, practice):
    """Not with any mark that can be read in the folder: nothing is moved, no run's results get another place."""
    fill(folder / "A.xlsx", [kickout(1)])
    seen: list[dict[str, Any]] = []
    real = process.prepare

    def spy(*given: Any) -> Any:
        seen.extend(json.loads(each.read_text().split("\n")[0]) for each in folder.glob(".*.bulkops-inbox"))
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "prepare", spy)
        run = inbox().workbooks[0]["run"]
    (home / "inbox" / "mark").write_text("an older one")
    fill(folder / "B.xlsx", [kickout(2)])
    (folder / "C - results.xlsx").write_text("x")
    before = json.loads(bulkops("history", "--json").out)
    for mark in (seen[0]["ledger"], "an older one", "../inbox", "0" * 16):
        first = {**seen[0], "workbook": "B.xlsx", "ledger": mark}
        pairs = [["C - results.xlsx", "Done/C.xlsx"], [str(tmp_path / "x"), "Done/x"], ["B.xlsx", "Done/B.xlsx"]]
        moves = {"sha256": "", "run": run, "results": 0, "pairs": pairs}
        for name in ("B.xlsx", "gone.xlsx"):
            claim_file(folder, name, {**first, "workbook": name}, {"moves": moves})
        with opened(folder, home) as taken:
            assert taken.notes == []
        assert {"B.xlsx", "C - results.xlsx"} <= lying(folder)
        assert json.loads(bulkops("history", "--json").out) == before
    assert len(practice.writes) == 1


def test_a_claim_of_ours_that_is_copied_to_another_workbook_is_not_ours(folder, home, tmp_path):
    """The data folder knows which workbook it claimed, and in which folder; whoever reads a mark can copy it."""
    path, other = fill(folder / "a.xlsx", [kickout(1)]), tmp_path / "another folder"
    other.mkdir()
    with opened(folder, home) as inbox:
        record = inbox._claim(path)
        claim = claims.claim_on(path)
        assert (claims.is_ours(claim, home), claim.mark) == (True, record.mark)
        for place in (folder / "b.xlsx", other / "a.xlsx"):
            fill(place, [kickout(2)])
            (place.parent / claims.file_of(place.name)).write_bytes((folder / claim.file).read_bytes())
            (left,) = [each for each in scan_folder(place.parent, home).skipped if each.path == place]
            assert left.why.code == "inbox.in_use"


def test_a_claim_that_was_taken_away_or_replaced_meanwhile_is_left_to_its_new_owner(folder, home, practice):
    """We release only what is ours; the workbook is moved all the same, for the data folder knows what was begun."""
    path = fill(folder / "a.xlsx", [kickout(1)])

    def run(prepared):
        (folder / claims.file_of("a.xlsx")).unlink()
        claims.take(path, "another ledger")
        return plain_run(prepared)

    with opened(folder, home) as inbox:
        inbox.handle(scan_folder(folder, home).ready[0], environments.environment(), run)
    assert lying(folder) == {"Done/a.xlsx", ".a.xlsx.bulkops-inbox"}
    assert claims.claim_on(path).mark == "another ledger"
    assert not [each for each in (home / "inbox").iterdir() if each.is_dir()]


@pytest.mark.parametrize("other", [b"", None], ids=["replaced", "taken away"])
def test_a_claim_that_is_gone_as_soon_as_it_is_made_costs_only_its_workbook(
    other, inbox, folder, practice, monkeypatch
):
    """Without it two people could run the workbook; the others are run."""
    for number, name in enumerate("ab", 1):
        fill(folder / f"{name}.xlsx", [kickout(number)])
    real = rename.rename_no_replace

    def renamed(old: Folder, name: str, new: Folder, to: str) -> None:
        real(old, name, new, to)
        if to == claims.file_of("a.xlsx"):
            (folder / to).unlink() if other is None else (folder / to).write_bytes(other)

    monkeypatch.setattr(claims, "rename_no_replace", renamed)
    told = inbox()
    assert [task(2) in each.path for each in practice.writes] == [True]
    assert (told.workbooks[0]["moved_to"], "a.xlsx" in lying(folder)) == (None, True)


@pytest.mark.parametrize("there", [True, False], ids=["the workbook is there", "the workbook was moved"])
def test_a_claim_of_an_older_version_keeps_the_workbook_for_us(there, inbox, folder, home, practice):
    """It is run once more, which sends nothing twice; what the claim says of moves is not done."""
    path = fill(folder / "a.xlsx", [kickout(1)])
    with opened(folder, home) as taken:
        app_run = taken.handle(scan_folder(folder, home).ready[0], environments.environment(), plain_run)
    assert app_run.moved_to == folder / "Done" / "a.xlsx"
    if there:
        (folder / "Done" / "a.xlsx").rename(path)
    (home / "inbox" / "mark").write_text("f" * 32)
    moves = {"sha256": "", "run": "", "results": None, "pairs": [["a.xlsx", "In doubt/a.xlsx"]]}
    first = {"workbook": "a.xlsx", "who": "", "computer": "", "since": "", "ledger": "f" * 32}
    claim_file(folder, "a.xlsx", first, {"moves": moves})
    with opened(folder, home):
        # Nobody else finds it free for a moment.
        assert (folder / ".a.xlsx.bulkops-inbox").exists() is there
    assert inbox().code == 0
    assert (lying(folder), len(practice.writes)) == ({"Done/a.xlsx"}, 1)


def test_a_claim_of_an_older_version_of_somebody_else_is_respected(inbox, folder, home, practice):
    """Only that ledger knows what was sent."""
    fill(folder / "a.xlsx", [kickout(1)])
    (home / "inbox").mkdir(parents=True)
    (home / "inbox" / "mark").write_text("e" * 32)
    claim_file(folder, "a.xlsx", {"workbook": "a.xlsx", "who": "Pat", "computer": "PC-7", "ledger": "f" * 32})
    assert "in use by Pat on PC-7" in inbox().left[0]["why"]
    assert practice.writes == []


# ------------------------------------------------------------------- claims that are no such file


CLAIMS: dict[str, Callable[[Path, Path], object]] = {
    "a pipe": lambda path, _: os.mkfifo(path),
    "a link to a device": lambda path, _: path.symlink_to("/dev/zero"),
    "a link to a text of the clerk's": lambda path, private: path.symlink_to(private / "letter.txt"),
    "a folder": lambda path, _: path.mkdir(),
    "endless": lambda path, _: (path.touch(), os.truncate(path, 8 * 2**40)),
    "deep": lambda path, _: path.write_text("[" * 60_000),
    "a huge number": lambda path, _: path.write_text('{"who": ' + "9" * 60_000 + "}"),
    "other types": lambda path, _: path.write_text('{"who": [1], "ledger": {"a": 2}, "since": null}'),
}


@POSIX
@pytest.mark.parametrize("kind", CLAIMS)
def test_a_claim_that_is_no_text_of_ours_is_respected_without_reading_on(kind, inbox, folder, private, practice):
    """It keeps its workbook from being run, as any claim does, and no other; nothing is waited for."""
    fill(folder / "a.xlsx", [kickout(1)])
    fill(folder / "b.xlsx", [kickout(2)])
    CLAIMS[kind](folder / ".a.xlsx.bulkops-inbox", private)
    told = inbox()
    assert "in use by somebody on another computer" in told.left[0]["why"]
    assert "Done/b.xlsx" in lying(folder)
    assert len(practice.writes) == 1
    assert lying(private) == {"letter.txt"}


# ------------------------------------------------------------------- what is no workbook


@POSIX
@pytest.mark.parametrize(("kind", "code"), [("a pipe", "no_file"), ("a link", "link"), ("endless", "too_big")])
def test_what_is_no_workbook_is_left_alone_with_its_reason(kind, code, folder, private, home):
    """Without being opened."""
    PLANTS[kind](folder / "a.xlsx", private)
    assert looking_codes(folder, home) == [f"inbox.{code}"]


def test_another_user_of_this_computer_can_plant_and_replay_and_gains_nothing(bulkops, practice, home, private):
    """With files that are really his: a link for Done, a claim and a temporary file by names that he has read."""
    with shared_folder() as folder:
        fill(folder / "a.xlsx", [kickout(1)])
        with opened(folder, home) as inbox:
            mark = inbox._claim(folder / "a.xlsx").mark
        content = (folder / claims.file_of("a.xlsx")).read_bytes()

        def plant_all() -> None:
            (folder / claims.file_of("a.xlsx")).unlink()
            (folder / "Done").symlink_to(private)
            (folder / f".{mark}.bulkops.tmp").symlink_to(private / "letter.txt")
            for name in ("a.xlsx", "b.xlsx"):
                (folder / claims.file_of(name)).write_bytes(content)

        as_another_user(plant_all)
        fill(folder / "b.xlsx", [kickout(2)])
        told = json.loads(bulkops("inbox", folder, "--yes", "--json").out)
        assert [Path(each["path"]).name for each in told["left"]] == ["Done", "b.xlsx"]
        assert "bulkops needs a folder of that name" in told["left"][0]["why"]
        assert [task(1) in each.path for each in practice.writes] == [True]
        assert (lying(private), (private / "letter.txt").read_text()) == ({"letter.txt"}, "mine")
        assert (folder / "a.xlsx").exists()


# ------------------------------------------------------------------- names


NAMES = {
    "pay\N{NO-BREAK SPACE}roll.xlsx": "",
    "\N{RIGHT-TO-LEFT MARK}חשבון\N{RIGHT-TO-LEFT OVERRIDE}.xlsx": "",
    "e\N{COMBINING DIAERESIS} \N{ZERO WIDTH JOINER}.xlsx": "",
    "ä" * 100 + ".xlsx": "",
    " blank .xlsx": "",
    "a'; rm -rf &.xlsx": "",
}
if sys.platform != "win32":  # there the whole path would be too long
    NAMES |= {"l" * 240 + ".xlsx": "", "l" * 201 + ".csv": ""}
    NAMES |= {"es\x1b[31mcape.xlsx": "inbox.name", "line\nbreak.xlsx": "inbox.name"}
if sys.platform == "linux":
    NAMES |= {os.fsdecode(b"latin-\xe4.xlsx"): "inbox.name"}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_is_run_or_refused_by_the_name_that_it_has(name, inbox, bulkops, folder, practice):
    """Never another one: what is shown of a name is for the eye only."""
    plain = "".join(
        char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in name
    )
    made = fill(folder / "made.xlsx", [kickout(1)])
    if name.endswith(".csv"):
        made.write_text(f"Task GUID,Batch mode\n{task(1)},new self-contained batch\n")
    made.rename(folder / name)
    told = inbox()
    if code := NAMES[name]:
        assert looking_codes(folder, data_folder.home()) == [code]
        assert (lying(folder), practice.writes) == ({name}, [])
        assert told.left[0]["path"] == str(folder / name)
        return
    assert f"Done/{name}" in lying(folder)
    assert not [each for each in lying(folder) if not each.startswith("Done/")]
    assert told.workbooks[0]["moved_to"] == str(folder / "Done" / name)
    assert len(practice.writes) == 1
    if plain != name:  # another workbook is its own, whatever somebody has of one that only looks like it
        fill(folder / plain[:120], [kickout(2)])
        fill(folder / name, [kickout(3)])
        claims.take(folder / plain[:120], "another ledger")
        inbox()
        assert lying(folder) >= {plain[:120], f"Done/{name}"}
        assert not [each for each in practice.writes if task(2) in each.path]


def looking_codes(folder: Path, home: Path) -> list[str]:
    return [each.why.code for each in scan_folder(folder, home).skipped]


SWAPS: dict[str, Callable[[Path, Path], object]] = {
    "for another": lambda other, path: path.write_bytes(other.read_bytes()),
    "for a link": lambda other, path: path.symlink_to(other),
    "for a second name": os.link,
}


@LINKS
@pytest.mark.parametrize("when", ["after the look", "after the claim"])
@pytest.mark.parametrize("swap", SWAPS)
def test_only_the_file_that_was_looked_at_is_run(swap, when, folder, home, private, practice, monkeypatch):
    """Whatever takes its place with the same size and time: nothing is sent, and nothing is moved."""
    path = fill(folder / "a.xlsx", [kickout(1)])
    other = fill(private / "b.xlsx", [kickout(2)])
    (found,) = scan_folder(folder, home).ready
    real = process.prepare

    def swapped(*given: Any) -> Any:
        path.unlink()
        SWAPS[swap](other, path)
        os.utime(path, ns=(found.changed, found.changed))
        return real(*given) if given else None

    if when == "after the claim":
        monkeypatch.setattr(process, "prepare", swapped)
    else:
        swapped()
    with opened(folder, home) as inbox:
        handled = inbox.handle(found, environments.environment(), plain_run)
    assert handled.why.code in ("inbox.gone", "workbook.changed", "workbook.planted")
    assert (practice.writes, lying(folder), lying(private)) == ([], {"a.xlsx"}, {"letter.txt", "b.xlsx"})


@POSIX
@pytest.mark.parametrize("when", ["during the look", "after the claim"])
def test_a_pipe_that_takes_a_workbooks_place_is_not_waited_for(when, folder, home, practice, monkeypatch):
    """Between a look at the file and opening it, which takes long if another file there is slow to read."""
    path = fill(folder / "a.xlsx", [kickout(1)])
    moment = (scan, "opened_by") if when == "during the look" else (process, "hold_unchanged")
    found = scan_folder(folder, home).ready[0]
    real = getattr(*moment)

    def swapped(*given: Any) -> Any:
        said = real(*given)
        path.unlink()
        os.mkfifo(path)
        return said

    monkeypatch.setattr(*moment, swapped)
    ends = signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.alarm(60)
    try:
        if when == "during the look":
            assert [each.why.code for each in scan_folder(folder, home).skipped] == ["inbox.held"]
        else:
            with opened(folder, home) as inbox:
                assert inbox.handle(found, environments.environment(), plain_run).why.code == "inbox.held"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, ends)
    assert practice.writes == []


# ------------------------------------------------------------------- what is planted beside a workbook


PLANTS: dict[str, Callable[[Path, Path], object]] = {
    "a pipe": lambda path, _: os.mkfifo(path),
    "a link": lambda path, private: path.symlink_to(private / "letter.txt"),
    "a link to nothing": lambda path, private: path.symlink_to(private / "new.txt"),
    "a link to a device": lambda path, _: path.symlink_to("/dev/zero"),
    "a folder": lambda path, _: path.mkdir(),
    "damaged": lambda path, _: path.write_bytes(b"PK\x03\x04" + os.urandom(2000)),
    "a text": lambda path, _: path.write_text("x"),
    "endless": lambda path, _: (path.touch(), os.truncate(path, 8 * 2**40)),
}
BESIDE = [
    "Z - results.xlsx",
    "a - results.xlsx",
    "a - corrections.xlsx",
    "aa.xlsx",
    "Done/a - results.xlsx",
    "Needs attention/a - corrections.xlsx",
    ".a.xlsx.bulkops",
    "~$b.xlsx",
]


@POSIX
@pytest.mark.parametrize("kind", PLANTS)
def test_what_is_planted_keeps_no_other_workbook_from_being_run(kind, inbox, folder, private, practice):
    """In this pass and in the next: the workbooks that it lies beside are run or left, all others are done."""
    for name in BESIDE:
        (folder / name).parent.mkdir(exist_ok=True)
        PLANTS[kind](folder / name, private)
    for number in (1, 2):
        (folder / "a.csv").write_text(f"Task GUID,Batch mode\n{task(number)},new self-contained batch\n{task(9)},x\n")
        fill(folder / "a.xlsx", [kickout(number + 2)])
        fill(folder / "c.xlsx", [kickout(number + 4)])
        told = inbox()
        assert len([each for each in practice.writes if task(number + 4) in each.path]) == 1
        assert "Traceback" not in told.err
        assert (lying(private), (private / "letter.txt").read_text()) == ({"letter.txt"}, "mine")
    paths = [each.path for each in practice.writes]
    assert len(paths) == len(set(paths))


def test_an_error_of_our_own_in_one_workbook_is_told_and_the_others_are_run(inbox, folder, practice, monkeypatch):
    """A file may have caused it: the next one is not to suffer, in this pass or the next."""
    for number, name in enumerate("abc", 1):
        fill(folder / f"{name}.xlsx", [kickout(number)])
    real = process.prepare

    def failing(path: Path, *given: Any) -> Any:
        if path.name == "a.xlsx":
            raise MemoryError
        return real(path, *given)

    monkeypatch.setattr(process, "prepare", failing)
    told = inbox()
    assert (told.code, lying(folder)) == (1, {"a.xlsx", "Done/b.xlsx", "Done/c.xlsx"})
    assert "MemoryError" in " ".join(told.workbooks[0]["notes"])
    monkeypatch.setattr(process, "prepare", real)
    assert (inbox().code, len(practice.writes)) == (0, 3)
