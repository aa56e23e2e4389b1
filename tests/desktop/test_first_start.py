"""The small window of a first start without a terminal, on a real screen."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from tkinter import ttk

import pytest
from test_setup import Checkout

from bulkops.desktop import first_start

pytestmark = pytest.mark.usefixtures("screen")

Script = Callable[[tk.Tk], Iterator[object]]
"""What somebody at the window does: goes on a moment after each ``yield``."""

PATIENCE = 2000
"""Looks at the window after which something that should have happened is given up."""


def widgets(root: tk.Misc, kind: type[tk.Misc]) -> Iterator[tk.Misc]:
    for child in root.winfo_children():
        if isinstance(child, kind):
            yield child
        yield from widgets(child, kind)


def words(root: tk.Tk) -> str:
    """All that can be read in a window."""
    labels = [str(label["text"]) for label in widgets(root, ttk.Label)]
    long = [text.get("1.0", "end") for text in widgets(root, tk.Text) if isinstance(text, tk.Text)]
    return "\n".join([*labels, *long])


def bar(root: tk.Tk) -> tuple[str, float]:
    """(mode, part of the whole)"""
    found = next(widgets(root, ttk.Progressbar))
    return str(found["mode"]), float(found["value"]) / float(found["maximum"])


def escape(root: tk.Tk) -> None:
    """Press it; where no window manager is, a window has no keyboard by itself."""
    root.focus_force()
    root.update()
    root.event_generate("<Escape>")


def button(root: tk.Tk, name: str) -> ttk.Button:
    return next(each for each in widgets(root, ttk.Button) if isinstance(each, ttk.Button) and each["text"] == name)


@pytest.fixture
def attend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], None]]:
    """Has somebody sit at the next window and follow a script; what fails there closes it and fails the test."""
    wrong: list[BaseException] = []
    done: list[bool] = []

    def sit_down(script: Script) -> None:
        class Attended(tk.Tk):
            def __init__(self, **options: str) -> None:
                super().__init__(className=options["className"])
                steps, looks = script(self), iter(range(PATIENCE))

                def go_on() -> None:
                    try:
                        next(steps)
                        assert next(looks, None) is not None, "it never came"
                        self.after(10, go_on)
                    except StopIteration:
                        done.append(True)
                        self.after(PATIENCE * 10, give_up)

                def give_up() -> None:
                    raise AssertionError("the window stays")

                self.after(1, go_on)

            def report_callback_exception(self, _: object, error: BaseException, __: object) -> None:
                wrong.append(error)
                self.quit()

        monkeypatch.setattr(first_start.tk, "Tk", Attended)

    yield sit_down
    assert not wrong
    assert done == [True]


def talking(*lines: str, then: str = "") -> list[str]:
    """A command that says one line each time that it is asked to, and then does something."""
    code = "import os, sys, time\n"
    for number, line in enumerate(lines):
        code += f"sys.stderr.write({line + chr(10)!r}); sys.stderr.flush()\n"
        code += f"while not os.path.exists('go {number}'): time.sleep(0.01)\n"
    return [sys.executable, "-X", "utf8", "-c", code + then]


def test_the_set_up_is_followed_package_by_package(
    attend: Callable[[Script], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The sentence, how many of how many, a bar that stands for it, and one that only moves where none are counted."""
    monkeypatch.chdir(tmp_path)

    def script(root: tk.Tk) -> Iterator[object]:
        while "First start: setting up bulkops" not in words(root):
            yield
        assert root.winfo_viewable()
        assert bar(root)[0] == "indeterminate"
        Path("go 0").touch()
        while "\n12 of 48 packages\n" not in words(root):
            yield
        assert bar(root) == ("determinate", 0.25)
        Path("go 1").touch()
        while "\ninstalling all 48 packages ...\n" not in words(root):
            yield
        assert bar(root)[0] == "indeterminate"
        Path("go 2").touch()

    attend(script)
    before = signal.getsignal(signal.SIGINT)
    said = ("First start: setting up bulkops ...", "  12 of 48 packages", "  installing all 48 packages ...")
    assert first_start.watch(talking(*said)) == 0
    assert [line for line in capfd.readouterr().err.splitlines() if line in said] == [*said]  # beside Tk's own
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("way", ["button", "closing", "escape", "interrupt"])
def test_closing_the_window_stops_the_set_up(attend: Callable[[Script], None], way: str) -> None:
    """Each way to close it means Stop, and ends the set-up with its children: pip works in one."""
    child = "import time; print('begun', file=__import__('sys').stderr, flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.call([sys.executable, '-c', {child!r}])"

    def script(root: tk.Tk) -> Iterator[object]:
        while "begun" not in words(root):
            yield
        assert "To stop it, close this window" in words(root)
        if way == "button":
            button(root, "Stop").invoke()
        elif way == "closing":
            root.tk.eval(str(root.protocol("WM_DELETE_WINDOW")))
        elif way == "escape":
            escape(root)
        else:
            signal.raise_signal(signal.SIGINT)
        if way != "interrupt":
            assert first_start.STOPPING in words(root)
            assert button(root, "Stop").instate(["disabled"])

    attend(script)
    # Ends only when all are gone who could still say something, and shows no failure.
    assert first_start.watch([sys.executable, "-c", parent]) == -signal.SIGKILL


def test_why_the_set_up_failed_is_shown(monkeypatch: pytest.MonkeyPatch, attend: Callable[[Script], None]) -> None:
    """What it said last, without how far it was."""
    shown: list[str] = []
    monkeypatch.setattr(first_start, "show", shown.append)
    said = "First start: setting up in /a ...\n  3 of 4 packages\nThe disk is full.\nThe whole story is in /a/b\n"
    attend(lambda root: iter(()))
    assert first_start.watch([sys.executable, "-c", f"import sys; sys.stderr.write({said!r}); sys.exit(2)"]) == 2
    assert shown == ["The disk is full.\nThe whole story is in /a/b"]


@pytest.mark.parametrize("way", ["button", "closing", "escape"])
def test_a_failure_can_be_read_copied_and_closed(attend: Callable[[Script], None], way: str) -> None:
    """The sentence and where its story is; nobody can type into it."""
    sentence = "The disk is full. Make room, then start again.\nThe whole story is in /home/ann/Größe/setup.log"

    def script(root: tk.Tk) -> Iterator[object]:
        yield
        assert sentence in words(root)
        assert str(next(widgets(root, tk.Text))["state"]) == "disabled"
        button(root, "Copy").invoke()
        assert root.clipboard_get() == sentence
        if way == "button":
            button(root, "Close").invoke()
        elif way == "closing":
            root.tk.eval(str(root.protocol("WM_DELETE_WINDOW")))
        else:
            escape(root)

    attend(script)
    first_start.show(sentence)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="only X11 can be taken away")
def test_without_a_screen_the_set_up_is_done_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start by a program, or over the network, must not fail for want of a window."""
    monkeypatch.delenv("DISPLAY")
    assert first_start.watch([sys.executable, "-c", "import sys; sys.exit(5)"]) == 5
    first_start.show("Nobody sees this.")


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the launcher's console shows it")
def test_run_py_shows_its_own_set_up(tmp_path: Path) -> None:
    """From nothing to the window, with the small one in between."""
    screen = {name: os.environ[name] for name in ("DISPLAY", "XAUTHORITY") if name in os.environ}
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(60)
        process = Checkout(tmp_path).begin("desktop", STUB_WINDOW=str(door.getsockname()[1]), **screen)
        door.accept()[0].close()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, ""), err
    assert err.startswith("First start")
    assert err.endswith("bulkops is set up.\n")
