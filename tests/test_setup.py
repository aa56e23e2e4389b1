"""The set-up: run.py, what the locks name, and what a first start says when it cannot go on. No network is used."""

from __future__ import annotations

import ast
import errno
import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
from others import NEEDS_ROOT, SOMEBODY
from passes import thorough

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="on Windows the rights of the folder itself see to that")
ROOT = Path(__file__).resolve().parent.parent
LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-dev.lock")}
SOURCE = (ROOT / "run.py").read_text(encoding="utf-8")
FIRST_START = "bulkops/desktop/first_start.py"

STUB = """
import json, os, socket, sys, tiny
told = json.dumps({"arguments": sys.argv[1:], "cwd": os.getcwd(), "tiny": tiny.VERSION, "utf8": sys.flags.utf8_mode})
if "STUB_WINDOW" not in os.environ:
    print("" if "STUB_SAYS" in os.environ else told, end="")
    sys.stderr.write(os.environ.get("STUB_SAYS", ""))
    sys.exit(int(os.environ.get("STUB_EXIT", "0")))
with socket.create_connection(("127.0.0.1", int(os.environ["STUB_WINDOW"]))) as call, call.makefile("rw") as line:
    print(told, file=line, flush=True)
    if "STUB_UNSEEN" not in os.environ:
        open(os.environ["BULKOPS_WINDOW_UP"], "w").close()
    print(line.readline(), file=line, flush=True)
"""


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bulkops_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run() -> ModuleType:
    return load(ROOT / "run.py")


# ---------------------------------------------------------------- a small checkout, set up for real


class Checkout:
    """A checkout whose lock names one tiny wheel that lies in a folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "Größe GmbH & co (1)"
        for package in ("messages", "system"):  # by which run.py knows what kind of folder it lies in
            shutil.copytree(ROOT / "bulkops" / package, self.folder / "bulkops" / package)
        (self.folder / "bulkops" / "desktop").mkdir()
        (self.folder / "run.py").write_text(SOURCE, encoding="utf-8")
        (self.folder / "bulkops" / "__init__.py").touch()
        (self.folder / "bulkops" / "__main__.py").write_text(STUB, encoding="utf-8")
        shutil.copy(ROOT / FIRST_START, self.folder / "bulkops" / "desktop")
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.digest = self.wheel("tiny", "VERSION = '1.0'")
        self.lock(self.digest)
        self.venv = self.folder / ".venv"
        unwanted = ("PIP_", "OneDrive", "DISPLAY", "WAYLAND_DISPLAY")  # no test waits for somebody to close a window
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        self.home = folder / "home"
        self.home.mkdir()
        names = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME", "XDG_CACHE_HOME")
        places = dict.fromkeys(names, str(self.home))
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        self.environment = kept | places | pip

    def wheel(self, name: str, module: str, lock: str = "requirements.lock") -> str:
        """Make a wheel of one module, add it to a lock, and give its hash."""
        path = self.wheels / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as parts:
            parts.writestr(f"{name}.py", f"{module}\n")
            parts.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            parts.writestr(f"{name}-1.0.dist-info/WHEEL", wheel)
            parts.writestr(f"{name}-1.0.dist-info/RECORD", "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with (self.folder / lock).open("a", encoding="utf-8") as locked:
            locked.write(f"{name}==1.0 \\\n    --hash=sha256:{digest}\n")
        return digest

    def lock(self, digest: str, version: str = "1.0") -> None:
        line = f"tiny=={version} \\\n    --hash=sha256:{digest}\n"
        (self.folder / "requirements.lock").write_text(line, encoding="utf-8")

    def begin(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.folder / "run.py"), *arguments],
            cwd=cwd,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def start(self, *arguments: str, cwd: Path | None = None, **variables: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr)"""
        process = self.begin(*arguments, cwd=cwd, **variables)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One that has been started once; tests leave it as it is."""
    made = Checkout(tmp_path_factory.mktemp("ready"))
    code, out, err = made.start()
    assert code == 0, err
    assert "First start: setting up bulkops" in err
    json.loads(out)
    return made


def test_exit_code_and_arguments_pass_through(ready: Checkout) -> None:
    """bulkops gets the arguments as typed, and its exit code is run.py's."""
    code, out, err = ready.start("check", "Größe & co.xlsx", "--json", STUB_EXIT="4")
    assert (code, err) == (4, "")
    assert json.loads(out)["arguments"] == ["check", "Größe & co.xlsx", "--json"]


def test_the_working_folder_is_kept(ready: Checkout, tmp_path: Path) -> None:
    """A relative workbook path means the folder the person is in, not the checkout."""
    _, out, _ = ready.start(cwd=tmp_path)
    assert Path(json.loads(out)["cwd"]).samefile(tmp_path)


def test_files_in_the_working_folder_are_not_imported(ready: Checkout, tmp_path: Path) -> None:
    """A stray json.py or bulkops.py beside the workbook changes nothing."""
    for name in ("json.py", "bulkops.py", "tiny.py", "pip.py"):
        (tmp_path / name).write_text("raise SystemExit('stray file imported')", encoding="utf-8")
    code, _, err = ready.start(cwd=tmp_path, PYTHONPATH=str(tmp_path / "nowhere"))
    assert (code, err) == (0, "")


def test_the_child_reads_and_writes_utf_8(ready: Checkout) -> None:
    """Redirected output must hold any name, also where the PC's own encoding cannot."""
    assert json.loads(ready.start()[1])["utf8"] == 1


def test_a_ready_environment_starts_at_once(ready: Checkout) -> None:
    """A warm start says nothing and runs no set-up step, even where pip would fail."""
    code, _, err = ready.start(PIP_FIND_LINKS="", PATH="")
    assert (code, err) == (0, "")


def test_the_environments_own_python_may_start_run_py(ready: Checkout) -> None:
    """run.py under .venv's Python finds the same environment ready."""
    python = load(ROOT / "run.py").venv_python(str(ready.venv))
    done = subprocess.run(
        [python, str(ready.folder / "run.py")], env=ready.environment, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_stale_stamp_means_a_rebuild(checkout: Checkout) -> None:
    """Another lock, another Python or another folder, and the environment is made anew, without leftovers."""
    assert checkout.start()[0] == 0
    (checkout.venv / "setup.stamp").write_text("of another lock", encoding="utf-8")
    leftover = checkout.venv / "leftover.txt"
    leftover.touch()
    code, _, err = checkout.start()
    assert code == 0
    assert "setting it up again" in err
    assert not leftover.exists()


def test_the_stamp_depends_on_lock_python_and_folder(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line ends are git's business and leave the stamp alone; all else an environment is made from changes it."""
    for name, text in {"one": b"a==1\n", "two": b"a==1\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.lock").write_bytes(text)
    one = run.stamp_for(str(tmp_path / "one"))
    assert one != run.stamp_for(str(tmp_path / "two"))
    (tmp_path / "one" / "requirements.lock").write_bytes(b"a==1\r\n")
    assert one == run.stamp_for(str(tmp_path / "one"))
    (tmp_path / "one" / "requirements.lock").write_bytes(b"a==2\n")
    assert one != run.stamp_for(str(tmp_path / "one"))
    (tmp_path / "one" / "requirements.lock").write_bytes(b"a==1\n")
    monkeypatch.setattr(sys, "version", "3.99")
    assert one != run.stamp_for(str(tmp_path / "one"))


def test_an_environment_whose_python_is_gone_is_not_ready(run: ModuleType, tmp_path: Path) -> None:
    """After Python was uninstalled the stamp still matches, but the environment is dead."""
    python = Path(run.venv_python(str(tmp_path)))
    python.parent.mkdir()
    python.touch()
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "setup.stamp").write_text(run.stamp_for(str(tmp_path)), encoding="utf-8")
    (tmp_path / "pyvenv.cfg").write_text(f"executable = {sys.executable}\n", encoding="utf-8")
    assert run.is_ready(str(tmp_path), str(tmp_path))
    (tmp_path / "pyvenv.cfg").write_text(f"executable = {tmp_path / 'gone'}\n", encoding="utf-8")
    assert not run.is_ready(str(tmp_path), str(tmp_path))


def test_a_killed_set_up_is_repaired(checkout: Checkout) -> None:
    """Killed at any moment, the next start waits for what is still running and makes the environment anew."""
    first = checkout.begin()
    until((checkout.venv / "pyvenv.cfg").exists)
    first.kill()
    first.communicate(timeout=60)
    code, out, err = checkout.start()
    assert code == 0, err
    assert json.loads(out)["tiny"] == "1.0"


def test_two_first_starts_at_once_make_one_environment(checkout: Checkout) -> None:
    """One sets up, the other waits and uses what the first made; both run."""
    both = [checkout.begin(), checkout.begin()]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert "".join(err for _, err in told).count("First start") == 1


MISLED = {
    "other folder": ("target = {away}", {}),
    "other prefix": ("prefix = {away}", {}),
    "other root": ("root = {away}", {}),
    "only a trial": ("dry-run = true", {}),
    "other folder by a variable": ("", {"PIP_TARGET": "{away}"}),
    "only a trial by a variable": ("", {"PIP_DRY_RUN": "1", "PIP_REPORT": "{away}"}),
    "another platform": ("", {"PIP_PLATFORM": "win_amd64", "PIP_ABI": "none", "PIP_NO_DEPS": "1"}),
    "without a virtual environment": ("require-virtualenv = true", {"PIP_PYTHON": "{away}"}),
}
if not thorough():  # each of them alone leads astray, so all at once say the same
    MISLED = {
        "settings": ("\n".join(settings for settings, _ in MISLED.values()), {}),
        "variables": ("", {name: value for _, variables in MISLED.values() for name, value in variables.items()}),
    }


@pytest.mark.parametrize(("settings", "variables"), MISLED.values(), ids=list(MISLED))
def test_what_is_set_for_pip_does_not_lead_it_elsewhere(
    checkout: Checkout, tmp_path: Path, settings: str, variables: dict[str, str]
) -> None:
    """Of pip's settings files and variables only what serves is taken over: where packages come from."""
    away = tmp_path / "away"
    lines = ["[global]", "no-index = true", f"find-links = {checkout.wheels}", "[install]", settings.format(away=away)]
    (tmp_path / "pip.conf").write_text("\n".join(lines), encoding="utf-8")
    checkout.environment["PIP_CONFIG_FILE"] = str(tmp_path / "pip.conf")
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        del checkout.environment[name]
    code, out, err = checkout.start(**{name: value.format(away=away) for name, value in variables.items()})
    assert code == 0, err
    assert json.loads(out)["tiny"] == "1.0"
    assert not away.exists()


def test_what_was_set_up_is_tried_before_it_counts(checkout: Checkout) -> None:
    """Packages that cannot be loaded are no environment: it is said why, and the next start sets them up anew."""
    checkout.wheel("xlrd", "raise ImportError('a.so: failed to map segment from shared object')")
    code, out, err = checkout.start()
    assert (code, out) == (2, "")
    assert "does not let programs run from it" in err
    assert "is set up" not in err
    assert not (checkout.venv / "setup.stamp").exists()


def test_what_is_set_for_python_does_not_reach_the_program(ready: Checkout, tmp_path: Path) -> None:
    """Neither another Python's folders and files nor a prompt after the program's end."""
    ready.environment["STUB_SAYS"] = "x"
    variables = {"PYTHONINSPECT": "1", "PYTHONEXECUTABLE": str(tmp_path), "__PYVENV_LAUNCHER__": str(tmp_path)}
    code, _, err = ready.start(**variables, PYTHONUSERBASE=str(tmp_path))
    assert (code, err) == (0, "x")


def test_no_variable_of_python_is_handed_over(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for those that change neither what is imported nor what the program does."""
    for name in ("PYTHONINSPECT", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "PYTHONPATH", "PIP_TARGET", "pip_dry_run"):
        monkeypatch.setenv(name, "set")
    for name in ("PYTHONDONTWRITEBYTECODE", "PIP_INDEX_URL", "PIP_CERT", "BULKOPS_HOME"):
        monkeypatch.setenv(name, "set")
    kept = run.clean_environment()
    assert {name for name, value in kept.items() if value == "set"} == {
        *("PYTHONDONTWRITEBYTECODE", "PIP_INDEX_URL", "PIP_CERT", "BULKOPS_HOME")
    }


def test_what_serves_pip_is_taken_before_bulkops_takes_it_out(checkout: Checkout) -> None:
    """bulkops drops settings of libraries, certificates for pip among them, as soon as it is imported."""
    drop = "import os\nfor name in ('PIP_FIND_LINKS', 'REQUESTS_CA_BUNDLE'):\n    os.environ.pop(name, None)\n"
    (checkout.folder / "bulkops" / "__init__.py").write_text(drop, encoding="utf-8")
    code, _, err = checkout.start()
    assert code == 0, err


def test_windows_lets_a_running_python_be_renamed_but_not_removed(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an update the launcher starts run.py with the environment's own Python, which is then made anew."""
    monkeypatch.setattr(run, "WINDOWS", True)
    python = Path(run.venv_python(str(tmp_path)))
    python.parent.mkdir()
    python.touch()
    remove = os.remove

    def refuse(path: str) -> None:
        if Path(path).suffix == ".exe":
            raise PermissionError(errno.EACCES, "it is running", path)
        remove(path)

    monkeypatch.setattr(os, "remove", refuse)
    for _ in range(2):
        run.clear(str(tmp_path))
        assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(os, "remove", remove)
    run.clear(str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_first_test_adds_what_only_tests_need(checkout: Checkout) -> None:
    """Its lock counts as the other does, and neither start undoes what the other has made."""
    checkout.wheel("pytest", "import sys; print(sys.argv[1:])", "requirements-dev.lock")
    for arguments, said in [((), "First start"), (("test", "-x"), "First test"), ((), ""), (("test", "-x"), "")]:
        code, out, err = checkout.start(*arguments)
        assert (code, err.partition(":")[0]) == (0, said)
        assert out.startswith("['-x']" if arguments else "{")
    (checkout.folder / "requirements-dev.lock").write_text("pytest==1.0 --hash=sha256:" + "0" * 64, encoding="utf-8")
    assert checkout.start()[0] == 0
    code, _, err = checkout.start("test", "-x")
    assert (code, "bulkops or Python has changed" in err) == (0, True)


def test_the_second_start_says_that_it_waits(
    run: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While another process holds the lock there is a sentence, said once, and then the lock."""
    naps: list[float] = []
    with run.open_lock(str(tmp_path)) as held:
        run.wait_for(held)

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                held.close()

        with run.open_lock(str(tmp_path)) as lock:
            run.wait_for(lock, sleep)
    assert len(naps) == 3
    assert capsys.readouterr().err.count("waiting for it") == 1


def test_a_wrong_checksum_stops_the_start_and_the_next_one_recovers(checkout: Checkout) -> None:
    """A package that is not the tested one is not installed: one sentence, the log's path, exit 2, no traceback."""
    checkout.lock("0" * 64)
    code, out, err = checkout.start()
    assert (code, out) == (2, "")
    assert "its checksum differs" in err
    assert "Traceback" not in err
    assert str(checkout.venv / "setup.log") in err
    assert "DO NOT MATCH THE HASHES" in (checkout.venv / "setup.log").read_text(encoding="utf-8")
    checkout.lock(checkout.digest)
    assert checkout.start()[0] == 0


def test_no_wheel_for_this_python_is_said(checkout: Checkout) -> None:
    """A version that does not exist for this Python names the Python to install."""
    checkout.lock(checkout.digest, version="2.0")
    code, _, err = checkout.start()
    assert code == 2
    assert f"does not exist for this Python ({sys.version_info[0]}.{sys.version_info[1]}, {sys.platform})" in err


@pytest.mark.skipif(os.name == "nt", reason="signals to one process are POSIX; Windows takes the same path by hand")
def test_ctrl_c_is_the_childs_to_answer(tmp_path: Path) -> None:
    """Ctrl-C reaches both processes; run.py waits, prints nothing and returns the child's exit code."""
    child = "import pathlib, signal, sys, time\nsignal.signal(2, lambda *_: sys.exit(3))\n"
    child += "pathlib.Path('up').touch()\ntime.sleep(60)"
    parent = f"import sys, run\nsys.exit(run.wait_out([sys.executable, '-c', {child!r}], None, None))"
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    until((tmp_path / "up").exists)
    os.killpg(process.pid, signal.SIGINT)
    assert (process.communicate(timeout=60)[1], process.returncode) == (b"", 3)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# ---------------------------------------------------------------- the window, a program of its own


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Where a stub that stands in for the window calls, tells what it was started with, and answers once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        yield listening


def test_run_py_is_over_when_the_window_is_up(ready: Checkout, tmp_path: Path, door: socket.socket) -> None:
    """The launcher's console goes, the window stays; dropped files are named in full, and no folder is held."""
    process = ready.begin("desktop", "Größe & co.xlsx", cwd=tmp_path, STUB_WINDOW=str(door.getsockname()[1]))
    call, _ = door.accept()
    with call, call.makefile("rw") as line:
        told = json.loads(line.readline())
        assert (*process.communicate(timeout=60), process.returncode) == ("", "", 0)
        print("still there?", file=line, flush=True)
        assert line.readline() == "still there?\n"
    file = os.path.join(os.path.realpath(tmp_path), "Größe & co.xlsx")
    assert told["arguments"] == ["desktop", file]
    assert Path(told["cwd"]).samefile(ready.home)
    assert not list(ready.home.rglob("*.up"))


def test_a_first_start_opens_the_window_without_a_terminal_or_a_screen(checkout: Checkout, door: socket.socket) -> None:
    """Where no window can show the set-up it goes on all the same, and tells on stderr."""
    process = checkout.begin("desktop", STUB_WINDOW=str(door.getsockname()[1]))
    door.accept()[0].close()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, ""), err
    assert err.endswith("bulkops is set up.\n")


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (
            "The data folder is on a network disk. Choose another.",
            "The data folder is on a network disk. Choose another.",
        ),
        (
            "Traceback (most recent call last):\n  File\nKeyError: 'x'",
            "The window of bulkops did not open. Start again",
        ),
        ("", "The window of bulkops did not open. Start again"),
    ],
)
def test_a_window_that_does_not_open_is_told(ready: Checkout, says: str, sentence: str) -> None:
    """Its own sentence is shown as it is; instead of a traceback comes ours, and the file that holds it."""
    code, out, err = ready.start("desktop", STUB_EXIT="1", STUB_SAYS=says)
    assert (code, out) == (2, "")
    assert err.startswith(sentence)
    assert "Traceback" not in err
    log = next(ready.home.rglob("window.log"))
    assert says in log.read_text(encoding="utf-8").replace("\r\n", "\n")
    assert (str(log) in err) is (says != sentence)


def test_a_start_whose_files_an_open_window_takes_over_is_no_failure(ready: Checkout) -> None:
    """The second start ends at once and well, without a window of its own."""
    assert ready.start("desktop", STUB_EXIT="0") == (0, "", "")


def test_a_slow_window_is_waited_for_with_a_word(
    run: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first start on a slow computer takes its time: one sentence, no giving up."""
    naps: list[float] = []

    class Starting:
        def poll(self) -> None:
            return None

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2000:
            (tmp_path / "up").touch()

    assert run.wait_for_window(Starting(), str(tmp_path / "up"), sleep) == 0
    assert not (tmp_path / "up").exists()
    assert capsys.readouterr().err.count("on its way") == 1


def test_ctrl_c_before_the_window_is_up_leaves_none(
    ready: Checkout, door: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops the start is not surprised by a window afterwards."""
    started = load(ready.folder / "run.py")
    for name, value in {**ready.environment, "STUB_WINDOW": str(door.getsockname()[1]), "STUB_UNSEEN": "1"}.items():
        monkeypatch.setenv(name, value)
    calls = []

    def sleep(seconds: float) -> None:
        calls.append(door.accept()[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        started.start_window([], str(ready.venv), sleep)
    with calls[0] as call:
        call.settimeout(60)
        while call.recv(4096):  # until the one at the other end is gone
            pass


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "counted"), [(io.StringIO(), range(1, 14)), (Terminal(), [10])])
def test_every_package_is_counted_for_the_window_and_every_tenth_on_a_terminal(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, counted: Iterable[int]
) -> None:
    """The bar moves with each package; a terminal is not flooded. What is left out here does not count."""
    monkeypatch.setattr(sys, "stderr", stream)
    listen = run.progress(14)
    listen("Ignoring colorama: markers 'sys_platform == \"win32\"' don't match your environment")
    for number in range(13):
        listen(f"Collecting package{number}==1.0")
    listen("Installing collected packages: all")
    said = [f"  {number} of 13 packages\n" for number in counted]
    assert stream.getvalue() == "".join([*said, "  installing all 13 packages ...\n"])


def test_only_without_a_terminal_a_window_shows_the_set_up(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the set-up talks there, on Windows in the launcher's console."""
    pytest.importorskip("tkinter", reason="this Python has no tkinter", exc_type=ImportError)
    monkeypatch.setattr(run.subprocess, "call", lambda command: 7)
    for windows, stderr, shown in [
        (False, Terminal(), 0),
        (False, io.StringIO(), 7),
        (False, None, 7),
        (True, io.StringIO(), 0),
    ]:
        monkeypatch.setattr(run, "WINDOWS", windows)
        monkeypatch.setattr(sys, "stderr", stderr)
        assert run.in_a_window("why") == shown


# ---------------------------------------------------------------- the lock


def entries(lock: str) -> dict[str, str]:
    """Name → the whole entry with its hashes."""
    found = re.split(r"(?m)^(?=[^\s#])", LOCKS[lock])
    return {normal(re.split(r"[=<>~!\[ ;]", entry, maxsplit=1)[0]): entry for entry in found if entry.strip()}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(lines: list[str]) -> set[str]:
    return {normal(re.split(r"[\[<>=~! ;]", line, maxsplit=1)[0]) for line in lines}


@pytest.mark.parametrize("word", ["://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", " @ "])
def test_no_lock_names_a_host(word: str) -> None:
    """Where packages come from is the reader's own setting, never ours."""
    assert not [lock for lock, text in LOCKS.items() if word in text]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    """Nothing is installed that was not tested, byte for byte."""
    assert not [name for name, entry in entries(lock).items() if "==" not in entry or "--hash=sha256:" not in entry]
    assert len(entries(lock)) > 20


def test_every_dependency_is_in_its_lock_and_no_tool_in_the_operators() -> None:
    """pyproject.toml and the locks must not drift apart; what both name is the same, byte for byte."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    program, tests = (entries(lock) for lock in LOCKS)
    tools = wanted(project["dependency-groups"]["dev"])
    assert wanted(project["project"]["dependencies"]) <= set(program)
    assert tools <= set(tests)
    assert not tools & set(program)
    for name in set(program) & set(tests):
        assert re.findall(r"==[^ ]+|sha256:\w+", program[name]) == re.findall(r"==[^ ]+|sha256:\w+", tests[name])


def test_bulkops_imports_only_what_an_operator_installs() -> None:
    """The tests would not notice: they have more."""
    imported = set()
    for path in (ROOT / "bulkops").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).split(".")[0])
    makers, program = packages_distributions(), entries("requirements.lock")
    others = imported - sys.stdlib_module_names - {"bulkops"}
    assert not [name for name in others if not program.keys() & {normal(each) for each in makers[name]}]


# ---------------------------------------------------------------- run.py as text


@pytest.mark.parametrize("path", ["run.py", FIRST_START, "bulkops/system/disks.py"])
def test_the_set_up_needs_only_the_standard_library(path: str) -> None:
    """It runs before anything is installed."""
    if path == FIRST_START:
        pytest.importorskip("tkinter", reason="this Python has no tkinter", exc_type=ImportError)
    code = "import runpy, sys; sys.path.insert(0, '.'); runpy.run_path(sys.argv[1])"
    done = subprocess.run([sys.executable, "-S", "-c", code, path], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_run_py_parses_on_old_pythons() -> None:
    """An old Python must reach the sentence that names the version; a SyntaxError would hide it."""
    ast.parse(SOURCE, feature_version=(3, 6))
    assert "from __future__" not in SOURCE


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 8, 1), (3, 10, 13)])
def test_a_too_old_python_is_named(run: ModuleType, version: tuple[int, ...]) -> None:
    """The sentence names what is needed, what is there, and what to install."""
    begin = f"bulkops needs Python 3.11 or newer; this is {version[0]}.{version[1]}. Install Python"
    assert run.too_old(version).startswith(begin)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 5), (3, 15, 0), (4, 0, 0)])
def test_a_new_enough_python_is_not_refused(run: ModuleType, version: tuple[int, ...]) -> None:
    """3.9 is not newer than 3.11, and 4.0 is."""
    assert run.too_old(version) == ""


# ---------------------------------------------------------------- where the environment goes


def test_a_folder_is_as_fit_as_it_is_for_the_ledger(run: ModuleType, tmp_path: Path) -> None:
    """On another computer's disk or in a sync client's folder 10,000 files and a lock are out of place."""
    assert not run.is_unfit(str(tmp_path))
    assert run.is_unfit(str(tmp_path / "OneDrive - Größe GmbH" / "bulkops"))


def test_an_ordinary_folder_holds_its_environment(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """.venv in the checkout, where developers expect it."""
    monkeypatch.setattr(run, "is_unfit", lambda path: False)
    venv, lock = run.choose_place(str(tmp_path))
    lock.close()
    assert Path(venv) == tmp_path / ".venv"


@pytest.mark.parametrize("why", ["unfit", errno.EACCES, errno.EROFS])
def test_elsewhere_the_environment_is_the_users_own(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str | int
) -> None:
    """Synced, network and read-only checkouts stay untouched."""
    away = tmp_path / "data" / "venv"
    here = tmp_path / "checkout"
    here.mkdir()
    real = run.open_lock

    def open_lock(venv: str) -> object:
        if isinstance(why, int) and not venv.startswith(str(away)):
            raise OSError(why, os.strerror(why))
        return real(venv)

    monkeypatch.setattr(run, "is_unfit", lambda path: why == "unfit")
    monkeypatch.setattr(run, "local_venv", lambda checkout: str(away))
    monkeypatch.setattr(run, "open_lock", open_lock)
    venv, lock = run.choose_place(str(here))
    lock.close()
    assert Path(venv) == away
    assert not list(here.iterdir())


def test_a_full_disk_is_not_taken_for_a_read_only_one(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a refused permission sends the environment elsewhere."""

    def full(venv: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "open_lock", full)
    monkeypatch.setattr(run, "is_unfit", lambda path: False)
    with pytest.raises(OSError, match="No space left"):
        run.choose_place(str(tmp_path))


def test_each_checkout_has_its_own_local_environment(run: ModuleType, tmp_path: Path) -> None:
    """Two checkouts never fight over one environment."""
    data = {"LOCALAPPDATA": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    one, two = (run.local_venv(str(tmp_path / name), data) for name in ("one", "two"))
    assert one != two
    assert one == run.local_venv(str(tmp_path / "one"), data)
    assert Path(one).parent.name == "bulkops"


def test_nothing_is_written_into_a_checkout_that_is_not_ours_to_fill(run: ModuleType, tmp_path: Path) -> None:
    """With the environment elsewhere, neither Python nor pytest leaves its caches in the checkout."""
    here, away = str(tmp_path / "here"), str(tmp_path / "away")
    command, folder, environment = run.command_for(["test", "-q"], away, here)
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert command[-5:] == ["-m", "pytest", "-p", "no:cacheprovider", "-q"]
    assert folder == here
    assert run.command_for(["check", "a.xlsx"], os.path.join(here, ".venv"), here)[1] is None


def test_what_the_tests_start_is_compiled_once(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says, or hundreds of processes would each compile bulkops and the tests anew."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    here = str(tmp_path / "here")
    assert "PYTHONDONTWRITEBYTECODE" not in run.command_for(["test"], os.path.join(here, ".venv"), here)[2]
    assert run.command_for(["check"], os.path.join(here, ".venv"), here)[2]["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_whole_suite_runs_side_by_side_and_a_part_of_it_does_not(run: ModuleType, tmp_path: Path) -> None:
    """Without arguments pytest spreads the files over the processors; whoever names some gets just those."""
    here = str(tmp_path / "here")
    venv = os.path.join(here, ".venv")
    assert run.command_for(["test"], venv, here)[0][-2:] == [f"--numprocesses={os.cpu_count() + 1}", "--dist=loadfile"]
    assert run.command_for(["test", "tests/runs"], venv, here)[0][-2:] == ["pytest", "tests/runs"]


# ---------------------------------------------------------------- sentences
# What pip 23.2 to 24.2 printed, shortened; the last two lines of the first are all that a careless reader would see.

REFUSED = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NewConnectionError('<HTTPConnection>: Failed to establish a new connection: [Errno 111] Connection refused')': /rich/
ERROR: Could not find a version that satisfies the requirement rich==15.0.0 (from versions: none)
ERROR: No matching distribution found for rich==15.0.0"""
PROXY = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Authentication Required'))': /rich/
ERROR: No matching distribution found for rich==15.0.0"""
NO_INDEX = """\
ERROR: Could not find a version that satisfies the requirement rich==15.0.0 (from versions: none)
ERROR: No matching distribution found for rich==15.0.0"""
CERTIFICATE = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed'))'
ERROR: No matching distribution found for rich==15.0.0"""
HASHES = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, \
please update the hashes. Otherwise, examine the package contents carefully; someone may have tampered with them.
    annotated-doc==0.0.7 (from -r requirements.lock (line 1)):
        Expected sha256 1a30ef8f5322a4173720ae6712dc9a5e58f5a19868f3f167b4b5778db066c2b5
             Got        6bc31bbbec6dfaaedc1676dbc11dbda96fe22a2b5c400e9ebad113fec44a9dc6"""
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
WINDOWS_FULL = "ERROR: Could not install packages due to an OSError: [WinError 112] There is not enough space"
DENIED = "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'numpy'\nCheck it."
WINDOWS_DENIED = "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'numpy'"
TRACEBACK = 'Traceback (most recent call last):\n  File "<string>", line 1, in <module>'
NO_WHEEL = """\
ERROR: Could not find a version that satisfies the requirement numpy==2.5.5 (from versions: 1.24.2, 1.24.3, 2.2.6)
ERROR: No matching distribution found for numpy==2.5.5"""


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (REFUSED, "cannot reach the package server"),
        (PROXY, "behind a proxy ask IT"),
        (NO_INDEX, "cannot reach the package server"),
        (CERTIFICATE, "certificate is not trusted"),
        (HASHES, "its checksum differs"),
        (FULL, "The disk is full"),
        (WINDOWS_FULL, "The disk is full"),
        (REFUSED + "\n" + FULL, "The disk is full"),
        (DENIED, "No permission to write"),
        (WINDOWS_DENIED, "Close every bulkops window"),
        (NO_WHEEL, "does not exist for this Python"),
        (f"{TRACEBACK}\nModuleNotFoundError: No module named 'xlrd'", "were put somewhere else than pip was asked to"),
        (f"{TRACEBACK}\nImportError: a.dll", "Setting up bulkops failed: ImportError: a.dll"),
        ("some line\nERROR: something new\n", "Setting up bulkops failed: ERROR: something new"),
        ("", "Setting up bulkops failed"),
    ],
)
def test_what_went_wrong_is_said_in_plain_words(run: ModuleType, said: str, sentence: str) -> None:
    """Each known failure has a sentence that says what to do; an unknown one shows pip's last line."""
    assert sentence in run.explain(said)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), PermissionError(errno.EACCES, "denied")])
def test_no_error_of_the_system_shows_a_traceback(
    run: ModuleType, error: OSError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the system refuses while setting up: one sentence on stderr, exit 2."""

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(run, "ready_venv", refuse)
    assert run.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == run.explain(str(error)) + "\n"


def test_ctrl_c_during_the_set_up_is_no_traceback(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopping the set-up is allowed; the next start makes up for it."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "ready_venv", stop)
    assert run.main([]) == 2
    assert capsys.readouterr().err.startswith("Stopped. The next start")


def test_without_any_pip_the_way_to_get_one_is_named(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's bare Python has neither pip nor ensurepip."""
    steps: list[list[str]] = []

    def run_step(command: list[str], *_: object) -> tuple[int, str]:
        steps.append(command)
        return (0, "pip 21.3 from somewhere") if "--version" in command else (1, "ensurepip is not available")

    monkeypatch.setattr(run, "run_step", run_step)
    with pytest.raises(run.CannotStart, match="apt install python3-venv python3-pip"):
        run.install(str(tmp_path), str(tmp_path), run.PROGRAM, None, {}, [])
    assert not [command for command in steps if "--without-pip" in command]


def test_an_old_pip_on_windows_is_handed_the_systems_certificates(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip before 24.2 trusts only its own list, so that a company's inspecting proxy would stop every download."""
    own = tmp_path / "own.pem"
    own.write_text("PIP'S OWN\n", encoding="utf-8")
    certificates = [
        (b"company", "x509_asn", True),
        (b"mail only", "x509_asn", {"1.3.6.1.5.5.7.3.4"}),
        (b"servers", "x509_asn", {"1.3.6.1.5.5.7.3.1"}),
        (b"bundle", "pkcs_7_asn", True),
    ]
    store = {"ROOT": certificates, "CA": []}
    monkeypatch.setattr(ssl, "enum_certificates", store.__getitem__, raising=False)
    monkeypatch.setattr(run, "WINDOWS", True)
    monkeypatch.setattr(run, "run_step", lambda command, *_: (0, "" if "config" in command else str(own)))
    for version, given, written in [((23, 2), {}, True), ((24, 2), {}, False), ((23, 2), {"PIP_CERT": "mine"}, False)]:
        environment = dict(given)
        run.trust_windows(["python"], version, str(tmp_path), environment, None)
        assert (environment != given) is written
    pem = (tmp_path / "certificates.pem").read_text(encoding="utf-8")
    assert pem.startswith("PIP'S OWN")
    assert pem.count("BEGIN CERTIFICATE") == 2


# ---------------------------------------------------------------- other users of the computer


def plant(venv: Path, number: int) -> None:
    """An environment as somebody else would make it: it seems to be ready."""
    code = "import os, shutil, sys; os.setuid(int(sys.argv[1])); shutil.copytree(*sys.argv[2:], symlinks=True)"
    kept = venv.with_name("kept")
    venv.rename(kept)
    subprocess.run([sys.executable, "-c", code, str(number), str(kept), str(venv)], check=True, timeout=60)
    shutil.rmtree(kept)


def enterable(folder: Path) -> None:
    for each in (folder, *folder.parents[:-1]):
        if each != Path("/tmp"):
            each.chmod(each.stat().st_mode | 0o055)


@NEEDS_ROOT
def test_an_environment_that_somebody_else_has_planted_is_not_run(checkout: Checkout) -> None:
    """Its stamp is right, its Python would have the key: bulkops makes one of its own, where nobody else can write."""
    assert checkout.start("check")[0] == 0
    enterable(checkout.folder)
    checkout.folder.chmod(0o777)
    plant(checkout.venv, SOMEBODY)
    (checkout.venv / "lib").chmod(0o755)
    evil = next(checkout.venv.rglob("tiny.py"))
    evil.write_text(f"open({str(checkout.folder / 'stolen')!r}, 'w').close()\nVERSION = 'planted'\n")
    for chmod in (0o777, 0o755):  # also where the right to plant it was taken away since
        checkout.folder.chmod(chmod)
        code, out, err = checkout.start("check")
        assert (code, json.loads(out)["tiny"]) == (0, "1.0"), err
    assert not (checkout.folder / "stolen").exists()
    (own,) = checkout.home.rglob("venv-*")
    assert (own.stat().st_mode & 0o022, own.parent.stat().st_mode & 0o077) == (0, 0)


@UNIX
@pytest.mark.parametrize("place", ["", "..", ".venv", ".venv/bin", ".venv/bin/python", ".venv/lib"])
def test_an_environment_that_others_can_change_is_not_run(ready: Checkout, run: ModuleType, place: str) -> None:
    """Nor one below a folder that others can change: they could put another in its place."""
    checkout, venv = str(ready.folder), str(ready.venv)
    assert run.find_venv(checkout) == venv
    changed = ready.folder / place
    if changed.is_symlink():
        return
    before = changed.stat().st_mode
    changed.chmod(0o777)
    try:
        assert run.find_venv(checkout) is None
    finally:
        changed.chmod(before)
    assert run.find_venv(checkout) == venv


@UNIX
def test_an_environment_is_made_for_nobody_else_to_change(checkout: Checkout) -> None:
    """Whatever rights the user's new files have; and the program has those rights as before."""
    before = os.umask(0)
    try:
        code, _, err = checkout.start("check")
    finally:
        os.umask(before)
    assert code == 0, err
    loose = [each for each in checkout.venv.rglob("*") if not each.is_symlink() and each.stat().st_mode & 0o022]
    assert loose == []


@NEEDS_ROOT
def test_an_own_environment_that_somebody_else_has_made_is_told(checkout: Checkout, run: ModuleType) -> None:
    """There is no third place: bulkops does not start, and says which folder."""
    checkout.folder.chmod(0o777)
    own = Path(run.local_venv(str(checkout.folder), checkout.environment))
    own.mkdir(parents=True)
    os.chown(own, SOMEBODY, SOMEBODY)
    code, out, err = checkout.start("check")
    assert (code, out) == (2, "")
    assert err.startswith("Others can change the programs")
    assert str(own) in err
