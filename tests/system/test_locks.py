"""The locks of a run: one run at a time on one computer, one of each workbook; free when the holder is gone."""

from __future__ import annotations

import errno
import os
import platform
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import systems

from bulkops.messages.errors import CannotStart
from bulkops.system import locks, workbook_lock
from bulkops.system.locks import only_one
from bulkops.system.workbook_lock import workbook_alone

HOLDER = """
import sys
from pathlib import Path
from bulkops.system.locks import only_one
with only_one(Path(sys.argv[1]), "Pat, july.xlsx, since ten"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(folder) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the folder's lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        try:
            yield process
        finally:
            process.kill()


def refused(folder) -> CannotStart:
    with pytest.raises(CannotStart) as error, only_one(folder, "Kim"):
        pass
    return error.value


def test_a_second_process_is_refused_and_told_who_holds_the_lock(tmp_path):
    """Two runs at once could send a row twice."""
    with held(tmp_path):
        error = refused(tmp_path)
    assert error.code == "run.busy"
    assert "Pat, july.xlsx, since ten" in str(error)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    """A lock that outlives its holder would keep the operator out for good."""
    with held(tmp_path) as process:
        process.kill()
        process.wait()
        with only_one(tmp_path, "Kim"):
            assert (tmp_path / "run.holder").read_text() == "Kim"


def test_the_lock_is_free_after_a_run_and_after_a_run_that_failed(tmp_path):
    """However a run ends, the next one may begin."""
    with only_one(tmp_path, "first"):
        assert refused(tmp_path).code == "run.busy"
    with pytest.raises(ZeroDivisionError), only_one(tmp_path, "second"):
        raise ZeroDivisionError
    with only_one(tmp_path, "third"):
        pass


def test_the_lock_leaves_alone_what_fails_while_it_is_held(tmp_path):
    """An error of the run itself is not mistaken for a lock that cannot be had."""
    with pytest.raises(PermissionError), only_one(tmp_path, "Pat"):
        raise PermissionError(errno.EACCES, "something else")


def test_a_holder_that_has_not_said_who_it_is_is_still_a_holder(tmp_path):
    """Between taking the lock and writing the name there is a moment."""
    with only_one(tmp_path, "Pat"):
        (tmp_path / "run.holder").unlink()
        assert "started just now" in str(refused(tmp_path))


def test_a_name_that_is_not_unicode_is_no_obstacle(tmp_path):
    """A workbook may be called anything that a file can be called."""
    with only_one(tmp_path, "july\udcff.xlsx"):
        assert "july?.xlsx" in str(refused(tmp_path))


def test_a_folder_that_is_gone_is_made_anew(tmp_path):
    """Deleted while the window is open: what its record lacks is asked about, which takes a place for it."""
    with only_one(tmp_path / "home" / "data", "Pat"):
        assert "Pat" in str(refused(tmp_path / "home" / "data"))


@pytest.mark.parametrize("spoilt", ["run.lock", "run.holder", ""])
def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path, spoilt):
    """No traceback for a folder that cannot be made, is read-only or odd; nothing was sent."""
    folder = tmp_path / "home"
    if spoilt:
        (folder / spoilt).mkdir(parents=True)
    else:
        folder.write_text("in the way", encoding="utf-8")
    error = refused(folder)
    assert error.code == "ledger.unusable"
    assert str(folder) in str(error)
    if spoilt == "run.holder":
        (folder / spoilt).rmdir()
        with only_one(folder, "Pat"):
            pass


def test_a_disk_without_locks_is_not_called_another_run(tmp_path, monkeypatch):
    """Some network disks know no locks; the operator must not wait for a run that does not exist."""

    def no_locks(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_lock", no_locks)
    error = refused(tmp_path)
    assert (error.code, "No locks available" in str(error)) == ("ledger.unusable", True)


RUNNER = """
import sys
from pathlib import Path
from bulkops.messages.errors import CannotStart
from bulkops.system.workbook_lock import workbook_alone
print("ready", flush=True)
sys.stdin.readline()
try:
    with workbook_alone(Path(sys.argv[1]), "Pat on FIN-07, since ten") as note:
        print("held", note, flush=True)
        sys.stdin.readline()
except CannotStart as error:
    print(error.code, error, flush=True)
"""

RACER = """
import os, sys
from pathlib import Path
from bulkops.messages.errors import CannotStart
from bulkops.system.workbook_lock import workbook_alone
path = Path(sys.argv[1])
inside = path.with_name("inside")
print("ready", flush=True)
sys.stdin.readline()
held = 0
while held < 150:
    try:
        with workbook_alone(path, "Pat") as note:
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            inside.unlink()
            held += 1
            assert note == ""
    except CannotStart:
        pass
print("alone", flush=True)
"""


class Somebody:
    """Another process that runs a workbook, one line to it at a time."""

    def __init__(self, workbook: Path, program: str = RUNNER) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(workbook)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.process.communicate()


@contextmanager
def somebody(*workbooks: Path, program: str = RUNNER) -> Iterator[list[Somebody]]:
    """Other processes that are ready to run these workbooks; none is left when the test ends."""
    people = [Somebody(workbook, program) for workbook in workbooks]
    try:
        assert [each.hear() for each in people] == ["ready"] * len(people)
        yield people
    finally:
        for each in people:
            each.process.kill()
            each.end()


@contextmanager
def run_by(workbook: Path) -> Iterator[Somebody]:
    """Somebody who is running the workbook."""
    with somebody(workbook) as (pat,):
        pat.go()
        assert pat.hear() == "held"
        yield pat


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A workbook in a shared folder of its own."""
    folder = tmp_path / "shared"
    folder.mkdir()
    path = folder / "August.xlsx"
    path.write_bytes(b"rows")
    return path


class Time:
    """A clock that only sleeping moves, and what is to happen while somebody sleeps."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.now, self.meanwhile = 0.0, meanwhile

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()

    def clock(self) -> float:
        return self.now


def unlocked(workbook: Path, time: Time | None = None) -> CannotStart:
    """The refusal of a run that can have no lock: nobody goes on without one."""
    time = time or Time()
    with pytest.raises(CannotStart) as error, workbook_alone(workbook, "Pat", time.sleep, time.clock):
        pass
    assert error.value.code == "workbook.no_lock"
    assert f"{workbook.name} at the same time" in str(error.value)
    assert time.now < 0.6
    return error.value


def names(workbook: Path) -> list[str]:
    return sorted(each.name for each in workbook.parent.iterdir())


def busy(workbook: Path) -> CannotStart:
    with pytest.raises(CannotStart) as error, workbook_alone(workbook, "Kim"):
        pass
    assert error.value.code == "workbook.busy"
    return error.value


def free(workbook: Path) -> bool:
    with workbook_alone(workbook, "Kim") as note:
        return note == ""


def test_two_people_cannot_run_one_workbook_at_once(workbook):
    """The second is told who is at it and since when; the first goes on, and its folder is clean when it has ended."""
    with run_by(workbook) as pat:
        for _ in range(2):
            assert "August.xlsx is being run at the moment (Pat on FIN-07, since ten)" in str(busy(workbook))
        assert names(workbook) == [".August.xlsx.bulkops", "August.xlsx"]
        pat.end()
        assert names(workbook) == ["August.xlsx"]
        assert free(workbook)
    assert names(workbook) == ["August.xlsx"]
    assert workbook.read_bytes() == b"rows"


def test_the_workbook_of_a_killed_run_is_free(workbook):
    """A killed process can remove nothing: the next run takes over what it left, and leaves nothing."""
    with run_by(workbook) as pat:
        pat.kill()
        assert names(workbook) == [".August.xlsx.bulkops", "August.xlsx"]
        assert free(workbook)
        assert names(workbook) == ["August.xlsx"]


@pytest.mark.parametrize("trouble", [ZeroDivisionError, KeyboardInterrupt, PermissionError])
def test_a_run_that_failed_leaves_no_litter(workbook, trouble):
    """However a run ends, the folder is as it was, and the trouble stays what it was."""
    with pytest.raises(trouble), workbook_alone(workbook, "Pat"):
        raise trouble
    assert names(workbook) == ["August.xlsx"]
    assert free(workbook)


def test_another_workbook_of_the_folder_may_run(workbook):
    """The lock is one workbook's, not the folder's."""
    with run_by(workbook):
        assert free(workbook.with_name("August.xlsm"))
        assert free(workbook.with_name("July.xlsx"))


def test_another_spelling_of_the_path_is_the_same_workbook(workbook, monkeypatch):
    """What counts is the file, not how somebody came to it."""
    with run_by(workbook):
        monkeypatch.chdir(workbook.parent)
        busy(Path("August.xlsx"))
        busy(Path("..") / "shared" / "August.xlsx")


def test_a_link_is_the_same_workbook(workbook, tmp_path):
    """A link to the file or to its folder leads to the same lock."""
    systems.link(tmp_path / "link.xlsx", workbook)
    systems.link(tmp_path / "folder", workbook.parent, folder=True)
    with run_by(workbook):
        busy(tmp_path / "link.xlsx")
        busy(tmp_path / "folder" / "August.xlsx")
    assert not (tmp_path / ".link.xlsx.bulkops").exists()


def test_case_is_the_disks_business(workbook):
    """Where August and AUGUST are one file, they are one lock."""
    shouted = workbook.with_name("AUGUST.XLSX")
    if not shouted.exists():
        pytest.skip("this disk tells August from AUGUST")
    with run_by(workbook):
        busy(shouted)


def test_one_process_cannot_run_a_workbook_twice_either(workbook):
    """A window may have two runs in one process."""
    with workbook_alone(workbook, "Pat"):
        assert "(Pat)" in str(busy(workbook))
    assert free(workbook)


def test_of_many_starters_exactly_one_runs(workbook):
    """However close together they start: one runs, the rest are told, and no litter stays."""
    with somebody(*[workbook] * 8) as people:
        for each in people:
            each.go()
        heard = sorted(each.hear() for each in people)
        assert [said.split()[0] for said in heard] == ["held", *["workbook.busy"] * 7]
        assert names(workbook) == [".August.xlsx.bulkops", "August.xlsx"]
        for each in people:
            each.end()
    assert names(workbook) == ["August.xlsx"]


def test_two_are_never_in_at_once(workbook):
    """A file that one removes while another waits for it must not become two locks."""
    with somebody(*[workbook] * 3, program=RACER) as people:
        for each in people:
            each.go()
        assert [each.hear() for each in people] == ["alone"] * 3
        for each in people:
            each.end()
    assert names(workbook) == ["August.xlsx"]


def test_the_lock_of_a_removed_file_is_worth_nothing(workbook, monkeypatch):
    """Between opening and locking, the one who had it may end: the next must then lock what stands there now."""
    ended = ExitStack()
    ended.enter_context(workbook_alone(workbook, "Pat"))
    lock_it = locks._lock

    def meanwhile(handle: int) -> None:
        ended.close()
        lock_it(handle)

    monkeypatch.setattr(locks, "_lock", meanwhile)
    with workbook_alone(workbook, "Kim"):
        assert "(Kim)" in str(busy(workbook))
    assert names(workbook) == ["August.xlsx"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
def test_only_its_own_file_is_removed(workbook):
    """If somebody cleared the folder by hand, the file that lies there at the end is another run's."""
    with workbook_alone(workbook, "Pat"):
        (workbook.parent / ".August.xlsx.bulkops").unlink()
        others = ExitStack()
        others.enter_context(workbook_alone(workbook, "Lee"))
    with others:
        assert "(Lee)" in str(busy(workbook))
    assert names(workbook) == ["August.xlsx"]


def test_who_has_not_said_who_it_is_holds_it_all_the_same(workbook):
    """Between taking the lock and writing the name there is a moment."""
    with workbook_alone(workbook, "Pat"):
        os.truncate(workbook.with_name(".August.xlsx.bulkops"), 0)
        assert "(started just now)" in str(busy(workbook))


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit for a process's files")
def test_a_full_disk_keeps_the_name_out_but_not_the_lock(workbook):
    """The lock needs no room."""
    full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    with somebody(workbook, program=full + RUNNER) as (pat,):
        pat.go()
        assert pat.hear() == "held"
        assert "(started just now)" in str(busy(workbook))


def test_what_is_read_from_the_folder_is_shown_as_one_line(workbook):
    """Names can be odd, and anybody may write in a shared folder."""
    with workbook_alone(workbook, "Pat\n\x1b[2J\u202e, july\udcff.xlsx" + "x" * 300):
        said = str(busy(workbook))
    assert "(Pat??[2J?, july?.xlsxx" in said
    assert 100 < said.count("x") <= 200


def test_a_run_of_another_computer_that_did_not_end_is_told(workbook):
    """What it sent stands in a ledger that is not here; and on a disk that passes no locks on it may still run."""
    mark = workbook.with_name(".August.xlsx.bulkops")
    mark.write_bytes(b"Lee on FIN-08, since nine\nsome-other-computer\n" + b"and more " * 99)
    with workbook_alone(workbook, "Pat") as note:
        assert mark.read_text() == f"Pat\n{platform.node()}\n"
        assert "another computer (Lee on FIN-08, since nine)" in note
        assert "(Pat)" in str(busy(workbook))
    assert free(workbook)
    mark.write_bytes(f"Pat on FIN-07, since nine\n{platform.node()}\n".encode())
    assert free(workbook)
    mark.write_text("half a na")
    assert not free(workbook)
    assert names(workbook) == ["August.xlsx"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_on_a_disk_without_locks_nothing_is_run(workbook, monkeypatch, number):
    """No lock, no run: the operator is told why in one sentence, and nothing is left behind."""

    def no_locks(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locks, "_lock", no_locks)
    assert f"({os.strerror(number)})" in str(unlocked(workbook))
    assert names(workbook) == ["August.xlsx"]


def test_a_lock_that_cannot_be_had_leaves_the_file_of_another(workbook, monkeypatch):
    """A server that stumbles for a moment must not cost the one who holds the lock its file."""
    with run_by(workbook):
        with monkeypatch.context() as patch:
            patch.setattr(workbook_lock, "locked", fails)
            unlocked(workbook)
        busy(workbook)


def fails(_: int) -> bool:
    raise OSError(errno.ENOLCK, "No locks available")


def test_a_file_that_never_stays_the_same_is_no_lock(workbook, monkeypatch):
    """A disk whose files change their identity is one that cannot tell."""
    monkeypatch.setattr(os.path, "samestat", lambda *_: False)
    time = Time()
    unlocked(workbook, time)
    assert time.now >= 0.5


def refusing(refusals: int, error: type[OSError] = PermissionError) -> Callable[..., int]:
    """os.open as Windows has it while another process removes the file: refused, so many times, for any but its own."""
    left, real = [refusals], os.open

    def refuses(path: str | Path, *flags: int) -> int:
        if str(path).endswith(".bulkops") and left[0]:
            left[0] -= 1
            raise error(errno.EACCES, "Permission denied")
        return real(path, *flags)

    return refuses


@pytest.mark.parametrize("refusals", [1, 2, 20])
def test_a_refused_open_is_tried_again(workbook, monkeypatch, refusals):
    """While one process removes the mark, Windows refuses it to another with the word for "not allowed"."""
    time = Time()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing(refusals))
        with workbook_alone(workbook, "Pat", time.sleep, time.clock) as note:
            assert note == ""
            assert "(Pat)" in str(busy(workbook))
    assert 0 < time.now < 0.5
    assert names(workbook) == ["August.xlsx"]


def test_an_open_that_stays_refused_keeps_the_run_out(workbook, monkeypatch):
    """After half a second it is no mere moment any more; who goes on without a lock may send what another sends."""
    monkeypatch.setattr(os, "open", refusing(10**6))
    time = Time()
    error = unlocked(workbook, time)
    assert ".August.xlsx.bulkops" in str(error)
    assert "Permission denied" in str(error)
    assert time.now >= 0.5


def test_a_mark_that_is_refused_while_another_holds_it_is_waited_out(workbook, monkeypatch):
    """Refused first and held then, it is the holder's: the one who waited is told who that is."""
    with run_by(workbook), monkeypatch.context() as patch:
        patch.setattr(os, "open", refusing(3))
        assert "Pat on FIN-07" in str(busy(workbook))


def test_the_second_look_at_the_mark_is_as_patient(workbook, monkeypatch):
    """The refusal may also come when it is looked whether the locked file still stands there."""
    opened = []
    real = os.open

    def refuses_the_second(path: str | Path, *flags: int) -> int:
        opened.append(path)
        if len(opened) == 3:  # looked for, made, looked at again
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *flags)

    time = Time()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuses_the_second)
        with workbook_alone(workbook, "Pat", time.sleep, time.clock):
            assert len(opened) > 3
    assert names(workbook) == ["August.xlsx"]


def test_the_run_lock_is_as_patient(tmp_path, monkeypatch):
    """The data folder's own lock file may be looked at by a virus scanner, too."""
    left, real, time = [3], os.open, Time()

    def refuses(path: str, *more: int, **others: object) -> int:
        if str(path).endswith("run.lock") and left[0]:
            left[0] -= 1
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *more, **others)

    monkeypatch.setattr(os, "open", refuses)
    with only_one(tmp_path, "Pat", time.sleep, time.clock):
        assert 0 < time.now < 0.5
    left[0] = 10**6
    with pytest.raises(CannotStart) as error, only_one(tmp_path, "Pat", time.sleep, time.clock):
        pass
    assert error.value.code == "ledger.unusable"


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EACCES])
def test_what_cannot_be_read_is_still_a_lock(workbook, monkeypatch, number):
    """Some disks let nobody read what another has locked."""

    def unreadable(*_: int) -> bytes:
        raise OSError(number, os.strerror(number))

    with run_by(workbook), monkeypatch.context() as patch:
        patch.setattr(os, "read", unreadable)
        assert "(started just now)" in str(busy(workbook))
    assert free(workbook)


@pytest.mark.parametrize("kind", ["folder", "link", "dead link", "second name", "pipe", "no folder"])
def test_what_is_no_lock_file_is_left_alone(workbook, tmp_path, kind):
    """In a shared folder something else may bear that name, even something that leads to a file of the operator's."""
    mark, diary = workbook.with_name(".August.xlsx.bulkops"), tmp_path / "diary"
    diary.write_text("dear diary")
    try:
        if kind == "folder":
            mark.mkdir()
        elif kind == "second name":
            os.link(diary, mark)
        elif kind == "pipe":
            os.mkfifo(mark)
        elif kind == "no folder":
            workbook = tmp_path / "missing" / "August.xlsx"
        else:
            if sys.platform == "win32":
                pytest.skip("Windows opens through links")
            mark.symlink_to(diary if kind == "link" else tmp_path / "nothing")
    except (OSError, AttributeError):
        pytest.skip(f"this system has no {kind}")
    unlocked(workbook)
    assert diary.read_text() == "dear diary"
    assert os.path.lexists(mark) or kind == "no folder"


@pytest.mark.skipif(sys.platform == "win32", reason="a stand-in for Windows, where few users may make links")
@pytest.mark.parametrize("kind", ["to nothing", "that comes after the look"])
def test_where_the_system_follows_links_no_lock_is_behind_one(workbook, tmp_path, monkeypatch, kind):
    """Windows opens what a link leads to, and who holds the workbook would be written there."""
    diary, mark = tmp_path / "diary", workbook.with_name(".August.xlsx.bulkops")
    mark.symlink_to(diary)
    open_ = os.open
    monkeypatch.setattr(os, "open", lambda path, flags, *more: open_(path, flags & ~(os.O_NOFOLLOW | os.O_EXCL), *more))
    monkeypatch.setattr(workbook_lock, "_not_followed", lambda mark, facts: os.path.samestat(os.lstat(mark), facts))
    if kind == "to nothing":
        unlocked(workbook)
        assert not diary.exists()
    else:
        diary.write_text("dear diary")
        monkeypatch.setattr(workbook_lock, "is_link", lambda _: False)
        unlocked(workbook)
        assert diary.read_text() == "dear diary"


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is not closed to writing there by its mode")
def test_in_a_folder_that_cannot_be_written_nothing_is_run(workbook):
    """Whoever may write there would not see that somebody runs it; somebody who may, and does, is seen."""
    workbook.parent.chmod(0o555)
    if os.access(workbook.parent, os.W_OK):
        workbook.parent.chmod(0o755)
        pytest.skip("this user may write everywhere")
    try:
        unlocked(workbook)
        workbook.parent.chmod(0o755)
        with run_by(workbook):
            workbook.parent.chmod(0o555)
            busy(workbook)
            workbook.parent.chmod(0o755)
    finally:
        workbook.parent.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="the folder's rights are the file's there")
def test_every_user_of_the_folder_can_see_the_lock(workbook):
    """The file is made by one user and must be opened by the next, whatever the first one's habits."""
    before = os.umask(0o077)
    try:
        with workbook_alone(workbook, "Pat"):
            assert stat.S_IMODE(workbook.with_name(".August.xlsx.bulkops").stat().st_mode) == 0o666
    finally:
        os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="a path has at most 260 letters there unless that is switched off")
def test_a_long_name_has_a_lock_too(workbook):
    """With a dot before and a word behind, a name may grow longer than a disk allows."""
    for name in ("a" * 242 + ".xlsx", "ä" * 122 + ".xlsx", "A" * 250 + ".xlsx"):
        path = workbook.with_name(name)
        with run_by(path) as pat:
            busy(path)
            assert free(path.with_name(f"b{name[1:]}"))
            pat.end()
    assert names(workbook) == ["August.xlsx"]


def test_the_lock_file_is_no_workbook(workbook):
    """Its name is hidden, ends in no workbook's ending, and is not Excel's mark for an open one."""
    with workbook_alone(workbook, "Pat"):
        (mark,) = set(names(workbook)) - {"August.xlsx"}
    assert (mark[0], mark.startswith("~$"), Path(mark).suffix) == (".", False, ".bulkops")
