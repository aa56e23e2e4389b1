"""The small window of a first start without a terminal, on a real screen."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
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


def test_the_set_up_is_followed_package_by_package(attend: Callable[[Script], None]) -> None:
    """The sentence, how many of how many, a bar that stands for it, and one that only moves where none are counted."""
    go_on = threading.Semaphore(0)
    listeners: list[first_start.Listener] = []

    def job() -> int:
        listeners[0]("First start: setting up bulkops", None)
        go_on.acquire(timeout=30)
        listeners[0]("  12 of 48 packages", (12, 48))
        go_on.acquire(timeout=30)
        listeners[0]("  installing all 48 packages ...", None)
        go_on.acquire(timeout=30)
        return 5

    def script(root: tk.Tk) -> Iterator[object]:
        while "First start: setting up bulkops" not in words(root):
            yield
        assert root.winfo_viewable()
        assert bar(root)[0] == "indeterminate"
        go_on.release()
        while "\n12 of 48 packages\n" not in words(root):
            yield
        assert bar(root) == ("determinate", 0.25)
        go_on.release()
        while "\ninstalling all 48 packages ...\n" not in words(root):
            yield
        assert bar(root)[0] == "indeterminate"
        go_on.release()

    attend(script)
    before = signal.getsignal(signal.SIGINT)
    assert first_start.watch(job, listeners, lambda: pytest.fail("nobody stopped it")) == 5
    assert listeners == []
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("way", ["button", "closing", "escape", "interrupt"])
def test_closing_the_window_stops_the_set_up(attend: Callable[[Script], None], way: str) -> None:
    """Each way to close it means Stop, says so at once, and stays until the set-up has ended."""
    stopped, end = threading.Event(), threading.Event()

    def job() -> None:
        stopped.wait(30)
        end.wait(30)
        raise KeyboardInterrupt

    def script(root: tk.Tk) -> Iterator[object]:
        assert "To stop it, close this window" in words(root)
        if way == "button":
            button(root, "Stop").invoke()
        elif way == "closing":
            root.tk.eval(str(root.protocol("WM_DELETE_WINDOW")))
        elif way == "escape":
            escape(root)
        else:
            signal.raise_signal(signal.SIGINT)
        while not stopped.is_set():
            yield
        if way != "interrupt":
            assert first_start.STOPPING in words(root)
            assert button(root, "Stop").instate(["disabled"])
        end.set()

    attend(script)
    with pytest.raises(KeyboardInterrupt):
        first_start.watch(job, [], stopped.set)
    assert stopped.is_set()


def test_what_stops_the_set_up_reaches_run_py(attend: Callable[[Script], None]) -> None:
    """The window keeps no trouble to itself."""

    def job() -> None:
        raise OSError("no space")

    def script(_: tk.Tk) -> Iterator[object]:
        yield from ()

    attend(script)
    with pytest.raises(OSError, match="no space"):
        first_start.watch(job, [], lambda: None)


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
    assert first_start.watch(lambda: 5, [], lambda: None) == 5
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
