"""The launchers: they find a Python that can show the window, hand over to run.py, or say what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CMD, COMMAND, SH = "Start bulkops.cmd", "Start bulkops.command", "start-bulkops.sh"
FOLDER = "OneDrive - Größe GmbH/Desktop & co (1) 100%"
DROPPED = ["/home/ann/Übersicht & co (2).xlsx", "/home/ann/表 ^1.csv", "C:\\100%.xlsx", "a 'b' $HOME `c`.xlsx"]
posix = pytest.mark.skipif(os.name == "nt", reason="shell scripts are for macOS and Linux")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("git has no record of the launchers here")
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    ("name", "mode", "ends"), [(CMD, "100644", "i/crlf"), (COMMAND, "100755", "i/lf"), (SH, "100755", "i/lf")]
)
def test_git_keeps_line_ends_and_the_right_to_be_started(name: str, mode: str, ends: str) -> None:
    """Wherever a clone or a zip is made, cmd gets CRLF, sh gets LF, and what is double-clicked may run."""
    assert git("ls-files", "--stage", "--", name).startswith(mode)
    assert git("ls-files", "--eol", "--", name).startswith(ends)
    assert "eol: crlf" not in git("check-attr", "eol", "--", SH, COMMAND)
    assert "text: unset" in git("check-attr", "text", "--", CMD)  # as it is in git, so it is in every checkout


# ---------------------------------------------------------------- Windows, as text


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return (ROOT / CMD).read_bytes().decode("ascii").split("\r\n")


def test_every_line_ends_as_cmd_wants_it() -> None:
    """With bare line feeds cmd loses labels; other letters than ASCII depend on the computer's code page."""
    text = (ROOT / CMD).read_bytes()
    assert text.endswith(b"\r\n")
    assert text.count(b"\n") == text.count(b"\r\n") == text.count(b"\r")
    assert text.isascii()
    assert b"\t" not in text


def test_nothing_is_expanded_late_and_nothing_is_nested(lines: list[str]) -> None:
    """A ``!`` in a folder's name stays; brackets in a dropped name cannot close a block, because there is none."""
    assert lines[0] == "@echo off"
    code = [line for line in lines if line and not line.startswith(("rem ", "echo", ":"))]
    assert code[1] == "setlocal EnableExtensions DisableDelayedExpansion"
    for line in code:
        unquoted = re.sub(r'"[^"]*"', "", line).replace(">nul 2>nul", "").replace("!FILES!", "")
        assert not re.search(r"[()&|<>^!]", unquoted), line
    for line in lines:
        if line.startswith("echo ") or line.startswith("rem "):
            assert not re.search(r"[&|<>^%!]", re.sub(r'"%HERE%"', "", line)), line


def test_every_goto_has_its_label(lines: list[str]) -> None:
    """A missing label ends the script in silence; a label that nothing leads to is dead."""
    labels = [line[1:] for line in lines if line.startswith(":")]
    assert len(labels) == len(set(labels))
    assert set(labels) == {found for line in lines for found in re.findall(r"\bgoto (\w+)$", line)}


def test_no_line_comes_back_to_what_called_it(lines: list[str]) -> None:
    """cmd would carry out what follows an ampersand in the name of a dropped file."""
    ends = [line for line in lines if line.startswith("exit")]
    assert ends == ["exit 0", "exit 2", "exit 2"]
    assert lines[-1] == ""
    assert lines[-2] in ends


def test_no_label_is_fallen_into(lines: list[str]) -> None:
    """Before each label the script has gone elsewhere or ended."""
    code = [line for line in lines if line and not line.startswith("rem ")]
    for before, line in pairwise(code):
        if line.startswith(":"):
            assert re.match(r"goto \w+$|exit \d$", before), line


def test_python_is_asked_something_before_it_is_used(lines: list[str]) -> None:
    """Without an argument the Store's stand-in would open the Store; a batch file named python would never return."""
    calls = [line for line in lines if re.match(r'("[^"]*\\)?py(thon)?\b', line)]
    assert len(calls) == 11
    for line in calls:
        program, rest = re.match(r'("[^"]+"|\S+) (.+)$', line).groups()  # type: ignore[union-attr]
        assert program.strip('"').endswith(".exe")
        assert re.match(
            r'(-3 )?(-I -c "[^"]*%NEW%" >nul 2>nul|("%HERE%run\.py" desktop %\*|"!HERE!run\.py" desktop!FILES!))$', rest
        ), line
    files = [line for line in calls if "run.py" in line]
    assert [line for line in lines if "%*" in line] == [line for line in files if "!" not in line]
    assert [lines[lines.index(line) - 1] for line in files if "!" not in line] == 3 * ["if defined ODD goto odd"]
    after = [lines[lines.index(line) + 1] for line in calls if "-c" in line]
    assert {re.sub(r"\w+$", "", line) for line in after} == {"if errorlevel 0 if not errorlevel 1 goto "}


def test_a_network_folder_is_entered_and_left(lines: list[str]) -> None:
    """cmd cannot be in a folder of the network: pushd lends it a drive letter, each end gives that back."""
    entered = lines.index('pushd "%HERE%"')
    assert lines.index('set "HERE=%~dp0"') < entered
    assert lines[entered + 1] == "if errorlevel 1 goto nofolder"
    ends = [place for place, line in enumerate(lines) if line.startswith("exit")]
    lost = lines.index(":nofolder")
    assert [lines[place - 1] for place in ends] == ["pause" if lost < place < lost + 6 else "popd" for place in ends]


def test_the_console_stays_only_where_something_is_to_be_read(lines: list[str]) -> None:
    """Exit 0 closes it; every other end waits for a key."""
    ended, stopped = lines.index(":ended"), lines.index(":stopped")
    assert lines[ended + 1 : ended + 5] == [
        "if not errorlevel 0 goto stopped",
        "if errorlevel 1 goto stopped",
        "popd",
        "exit 0",
    ]
    assert lines[stopped + 2 : stopped + 5] == ["pause", "popd", "exit 2"]


# ---------------------------------------------------------------- Windows, run under wine

STUB = r"""
#include <windows.h>
#include <stdlib.h>
int main(void) {
    wchar_t *line = GetCommandLineW(), text[1024];
    int asked = wcsstr(line, L"version_info") != NULL;
    DWORD written;
    GetEnvironmentVariableW(L"STUB_SEEN", text, 1024);
    HANDLE file = CreateFileW(text, FILE_APPEND_DATA, 0, NULL, OPEN_ALWAYS, 0, NULL);
    WriteFile(file, line, wcslen(line) * 2, &written, NULL);
    WriteFile(file, L"\n", 2, &written, NULL);
    CloseHandle(file);
    GetEnvironmentVariableW(asked ? L"STUB_ASKED" : L"STUB_RUN", text, 1024);
    return _wtoi(text);
}
"""
COMPILER = "x86_64-w64-mingw32-gcc"
Started = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """``wine(*arguments, asked=0, run=0)`` → exit code, what the console showed, the calls of Python."""
    for program in ("wine", COMPILER):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: the .cmd is only read here")
    base = tmp_path_factory.mktemp("wine")
    (base / "stub.c").write_text(STUB, encoding="utf-8")
    (base / "bin").mkdir()
    subprocess.run([COMPILER, "-Os", "-s", "-o", base / "bin" / "py.exe", base / "stub.c"], check=True)
    folder = base / FOLDER.replace("%", "")  # wine, unlike Windows, expands what stands between two of them
    folder.mkdir(parents=True)
    shutil.copy(ROOT / CMD, folder)
    (folder / "run.py").touch()
    prefix = tempfile.mkdtemp()  # 700 MB of wine's own, in which nobody need look for keys
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment = kept | {
        "LC_ALL": "C.UTF-8",
        "WINEPREFIX": prefix,
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",
        "WINEPATH": "Z:" + str(base / "bin").replace("/", "\\"),
        "STUB_SEEN": "Z:" + str(base / "seen").replace("/", "\\"),
    }

    def started(*arguments: str, asked: int = 0, run: int = 0, own: bool = False) -> tuple[int, str, list[str]]:
        (base / "seen").unlink(missing_ok=True)
        scripts = folder / ".venv" / "Scripts"
        if own:
            scripts.mkdir(parents=True)
            shutil.copy(base / "bin" / "py.exe", scripts / "python.exe")
        with open(base / "said", "wb") as said:  # no pipe: wine's own servers would hold it for seconds
            done = subprocess.run(
                ["wine", f"./{CMD}", *arguments],
                cwd=folder,
                env=environment | {"STUB_ASKED": str(asked), "STUB_RUN": str(run)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=120,
                check=False,
            )
        shutil.rmtree(folder / ".venv", ignore_errors=True)
        seen = (base / "seen").read_bytes().decode("utf-16-le") if (base / "seen").exists() else ""
        return done.returncode, (base / "said").read_text("utf-8", "replace"), seen.splitlines()

    yield started
    subprocess.run(["wineserver", "--kill", "--wait"], env=environment, check=False)
    subprocess.run(["rm", "-r", prefix], check=True)


def test_wine_hands_dropped_files_over_as_they_are(wine: Started) -> None:
    """Umlauts, other scripts, blanks, brackets and ``&`` in folder and file arrive; the console closes by itself."""
    code, said, calls = wine("C:\\Größe & co\\Übersicht (2) 表.xlsx", "C:\\b c.xlsx")
    assert (code, "Press any key" in said) == (0, False)
    assert re.match(r'py\.exe -3 -I -c "import _tkinter; .*sys\.version_info', calls[0])
    assert calls[1].startswith('py.exe -3 "Z:')
    files = '"C:\\Größe & co\\Übersicht (2) 表.xlsx" "C:\\b c.xlsx"'
    assert calls[1].endswith(f'OneDrive - Größe GmbH\\Desktop & co (1) 100\\run.py" desktop {files}')
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("name", "file"), [("C:\\x\\A&echo.RUN", "C:\\x\\A"), ("C:\\x\\A^&echo.RUN", '"C:\\x\\A&echo.RUN"')]
)
@pytest.mark.parametrize("run", [0, 2])
def test_wine_runs_nothing_of_a_files_name(wine: Started, name: str, file: str, run: int) -> None:
    """Explorer puts no quotes round a name without blanks; cmd takes what follows ``&`` for a command."""
    code, said, calls = wine(name, run=run)
    assert (code, "RUN" in said) == (run, False)
    assert calls[-1].endswith(f'run.py" desktop {file}')


def test_wine_prefers_the_python_that_was_set_up(wine: Started) -> None:
    """Another Python would set bulkops up anew."""
    code, _, calls = wine(own=True)
    assert code == 0
    assert [".venv\\Scripts\\python.exe" in call for call in calls] == [True, True]


@pytest.mark.parametrize("asked", [9009, 1, -1073741515])
def test_wine_says_what_to_do_without_a_python(wine: Started, asked: int) -> None:
    """The Store's stand-in, one that is too old, one that lacks a library: what to install, and time to read it."""
    code, said, calls = wine(asked=asked)
    assert code == 2
    assert "bulkops needs Python 3.11 or newer, and none was found" in said
    assert "Press any key" in said
    assert not [call for call in calls if "run.py" in call]


@pytest.mark.parametrize("run", [2, 1, -1073741510])
def test_wine_keeps_the_console_open_when_bulkops_could_not_start(wine: Started, run: int) -> None:
    """run.py has said why; it must stay readable."""
    code, said, _ = wine(run=run)
    assert (code, "Press any key" in said) == (2, True)


# ---------------------------------------------------------------- macOS and Linux

PYTHON = """#!/bin/sh
case "$*" in
    *_tkinter*) exit {window} ;;
    *version_info*) exit {new} ;;
esac
printf '%s\\n' "$0" "$PWD" "$@" >"$SEEN"
exit {code}
"""


class Desk:
    """A folder with the launchers, and a PATH that holds nothing but what a test puts there."""

    def __init__(self, base: Path) -> None:
        self.folder = base / FOLDER
        self.folder.mkdir(parents=True)
        self.bin = base / "bin"
        self.bin.mkdir()
        for name in (SH, COMMAND):
            shutil.copy(ROOT / name, self.folder)
        (self.folder / "run.py").touch()
        for tool in ("dirname", "readlink", "cat", "fold"):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.seen = base / "seen"
        self.environment = {"PATH": str(self.bin), "HOME": str(base), "SEEN": str(self.seen), "LC_ALL": "C.UTF-8"}

    def python(self, path: str | Path, *, new: int = 0, window: int = 0, code: int = 0) -> Path:
        """One that answers whether it is new enough, whether it has a window, and ends with a code (0 is yes)."""
        stub = self.bin / path
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(PYTHON.format(new=new, window=new or window, code=code), encoding="utf-8")
        stub.chmod(0o755)
        return stub

    def tool(self, name: str) -> Path:
        """A program that shows a sentence in a window; what it was told."""
        told = self.bin.parent / f"told by {name}"
        stub = self.bin / name
        stub.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >'{told}'\n[ ! -p /dev/stdin ] || cat >>'{told}'\n", encoding="utf-8"
        )
        stub.chmod(0o755)
        return told

    def start(self, *files: str, launcher: str | Path = SH, cwd: Path | None = None) -> tuple[int, str, str]:
        done = subprocess.run(
            [self.folder / launcher, *files],
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def handed_over(self) -> list[str]:
        """The Python, the working folder, its arguments."""
        return self.seen.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def bare_desk(desk: Desk) -> Desk:
    """One without any Python, where the computer has none in a place that PATH does not decide."""
    places = ("/usr/local/bin", "/opt/homebrew/bin", "/Library/Frameworks/Python.framework/Versions")
    if [path for place in places for path in Path(place).glob("**/python3*" if "Library" in place else "python3*")]:
        pytest.skip("this computer has a Python where the launcher looks by itself")
    return desk


@posix
@pytest.mark.parametrize("launcher", [SH, COMMAND])
def test_a_launcher_hands_files_over_as_they_are(desk: Desk, tmp_path: Path, launcher: str) -> None:
    """From any folder, with blanks, umlauts, ``&``, brackets and quotes in folder and files; the folder stays."""
    python = desk.python("python3.12")
    code, out, err = desk.start(*DROPPED, launcher=launcher, cwd=tmp_path)
    assert (code, err) == (0, "")
    assert ("may be closed" in out) is (launcher == COMMAND)
    run_py = str((desk.folder / "run.py").resolve())
    assert desk.handed_over() == [str(python), str(tmp_path.resolve()), run_py, "desktop", *DROPPED]


@posix
@pytest.mark.parametrize("launcher", [SH, COMMAND])
def test_what_run_py_ends_with_is_the_launchers_end(desk: Desk, launcher: str) -> None:
    """Exit 2 stays exit 2, and nobody is told that bulkops is open."""
    desk.python("python3", code=2)
    assert desk.start(launcher=launcher) == (2, "", "")


@posix
def test_a_link_on_the_desktop_leads_to_the_folder(desk: Desk, tmp_path: Path) -> None:
    """Links to links, relative and absolute, and a name that begins with a dash."""
    desk.python("python3")
    (tmp_path / "Desktop").mkdir()
    one, two = tmp_path / "Desktop" / "-bulkops", tmp_path / "two & three"
    two.symlink_to(desk.folder / SH)
    one.symlink_to(Path("..") / two.name)
    assert desk.start("x.xlsx", launcher=one)[0] == 0
    assert desk.handed_over()[2] == str((desk.folder / "run.py").resolve())


@posix
@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3.13": {}, "python3": {}}, "python3.13"),
        ({"python3.13": {"window": 1}, "python3.11": {}, "python3": {}}, "python3.11"),
        ({"python3.12": {"new": 1}, "python3": {}}, "python3"),
        ({"python3": {"window": 1}, "../.pyenv/versions/3.12.1/bin/python3": {}}, "3.12.1/bin/python3"),
        ({"../{folder}/.venv/bin/python": {}, "python3.13": {}}, ".venv/bin/python"),
        ({"../{folder}/.venv/bin/python": {"new": 127}, "python3.13": {}}, "python3.13"),
    ],
)
def test_the_first_python_that_can_show_a_window_is_taken(
    desk: Desk, pythons: dict[str, dict[str, int]], chosen: str
) -> None:
    """The one that was set up before all others, else bulkops would be set up anew; none that lacks tkinter."""
    for path, answers in pythons.items():
        desk.python(path.format(folder=FOLDER), **answers)
    assert desk.start() == (0, "", "")
    assert desk.handed_over()[0].endswith(chosen)


@posix
@pytest.mark.parametrize("tool", ["", "zenity", "kdialog", "xmessage", "osascript"])
def test_without_a_python_it_is_said_what_to_install(bare_desk: Desk, tool: str) -> None:
    """On stderr, and in a window where there is a program for it, because nobody may see a terminal."""
    bare_desk.python("python3", new=1)
    told = bare_desk.tool(tool) if tool else None
    code, out, err = bare_desk.start()
    assert (code, out) == (2, "")
    assert err.startswith("bulkops needs Python 3.11 or newer, and none was found on this computer. Debian or Ubuntu:")
    if told:
        assert " ".join(err.split()) in " ".join(told.read_text(encoding="utf-8").split())


@posix
def test_a_python_without_tkinter_is_told_how_to_get_it(bare_desk: Desk) -> None:
    """Debian's own Python comes without its window part."""
    bare_desk.python("python3", window=1)
    code, _, err = bare_desk.start()
    assert code == 2
    assert "sudo apt install python3-tk" in err
    assert not bare_desk.seen.exists()


@posix
def test_a_launcher_that_was_copied_away_says_so(desk: Desk, tmp_path: Path) -> None:
    """A copy on the desktop finds no run.py beside it."""
    desk.python("python3")
    (desk.folder / "run.py").unlink()
    code, _, err = desk.start()
    assert code == 2
    assert "run.py is missing beside this launcher" in err
