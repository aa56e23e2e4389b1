"""The run lock: one run at a time on one computer, freed when its holder is gone, however it went."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bulkops import lock
from bulkops.errors import CannotStart
from bulkops.lock import only_one

HOLDER = """
import sys
from pathlib import Path
from bulkops.lock import only_one
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


@pytest.mark.parametrize("spoilt", ["run.lock", "run.holder", ""])
def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path, spoilt):
    """No traceback for a folder that is missing, read-only or odd; nothing was sent."""
    folder = tmp_path / "home"
    if spoilt:
        (folder / spoilt).mkdir(parents=True)
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

    monkeypatch.setattr(lock, "_lock", no_locks)
    error = refused(tmp_path)
    assert (error.code, "No locks available" in str(error)) == ("ledger.unusable", True)
