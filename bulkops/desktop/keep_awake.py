"""The machine stays awake during a run: one that falls asleep leaves the row on its way without an answer."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bulkops.system import programs

_WHY = "EnergyCAP rows are being sent"
_PATIENCE = 2.0
"""Seconds for a helper to end once it may; then it is made to."""


@contextmanager
def staying_awake() -> Iterator[None]:
    """Keep the machine from going to sleep by itself meanwhile, as far as it lets itself be asked. Never raises.

    Whatever was asked for ends with this process, however that ends.
    """
    if sys.platform == "win32":
        import ctypes

        awake = _on_a_thread(ctypes.windll.kernel32.SetThreadExecutionState)
    else:
        awake = _with_a_helper()
    with awake:
        yield


_ON, _OFF = 0x80000001, 0x80000000
"""ES_CONTINUOUS with and without ES_SYSTEM_REQUIRED."""


@contextmanager
def _on_a_thread(ask: Callable[[int], object]) -> Iterator[None]:
    """Windows counts the wish as one of the thread that made it, so it gets a thread that stays."""
    over = threading.Event()

    def keep() -> None:
        ask(_ON)
        over.wait()
        ask(_OFF)

    thread = threading.Thread(target=keep, name="bulkops awake", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _helper() -> list[str]:
    """The program that keeps this system awake and ends with us; [] where there is none.

    caffeinate watches our process. systemd-inhibit watches a program of its own, here one that reads from our pipe
    until the system closes that.
    """
    if found := shutil.which("caffeinate"):
        return [found, "-i", "-w", str(os.getpid())]
    if found := shutil.which("systemd-inhibit"):
        return [found, "--what=sleep", "--who=bulkops", f"--why={_WHY}", "--mode=block", "cat"]
    return []


@contextmanager
def _with_a_helper() -> Iterator[None]:
    command, helper = _helper(), None
    if command:
        with suppress(OSError):  # a run goes on without it
            helper = programs.started(command, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        if helper is not None:
            _end(helper)


def _end(helper: subprocess.Popen[bytes]) -> None:
    if helper.stdin is not None:
        helper.stdin.close()
    helper.terminate()
    try:
        helper.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()
