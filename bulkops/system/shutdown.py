"""How Windows ends a program without a signal, and how it is told in time: closed console, logoff, ended launcher.

Windows calls a program before it ends it, in a thread of the program's own, and ends it when that thread comes back,
or five seconds after. So the thread waits until what is being done has come to its end.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LAUNCHER = "BULKOPS_LAUNCHER"
"""Names the process that has started this one and waits for it. Who ends it means this one."""
PATIENCE = 4.5
"""Seconds that Windows can be kept waiting."""
_CLOSED, _LOGOFF, _SHUTDOWN = 2, 5, 6

Routine = Callable[[int], bool]


def routine(stop: Callable[[], object], over: threading.Event, patience: float = PATIENCE) -> Routine:
    """What Windows is to call with the number of an event: it stops, and comes back when all is over, or must be."""

    def called(event: int) -> bool:
        if event not in (_CLOSED, _LOGOFF, _SHUTDOWN):
            return False  # Ctrl-C and Ctrl-Break: signals, and for whoever listens to them
        stop()
        over.wait(patience)
        return True

    return called


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _Handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
    _kernel32.SetConsoleCtrlHandler.argtypes = [_Handler, wintypes.BOOL]
    _kernel32.OpenProcess.restype = wintypes.HANDLE
    _kernel32.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
    _kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
    _SYNCHRONIZE = 0x00100000
    _FOR_EVER = 0xFFFFFFFF

    def _register(called: Routine) -> Callable[[], object]:
        handler = _Handler(called)
        _kernel32.SetConsoleCtrlHandler(handler, True)
        return lambda: _kernel32.SetConsoleCtrlHandler(handler, False)

    def _wait_for_end(process: int) -> bool:
        handle = _kernel32.OpenProcess(_SYNCHRONIZE, False, process)
        if not handle:
            return False
        _kernel32.WaitForSingleObject(handle, _FOR_EVER)
        _kernel32.CloseHandle(handle)
        return True
else:

    def _register(_: Routine) -> Callable[[], object]:
        """Elsewhere a closed terminal is a signal."""
        return lambda: None

    def _wait_for_end(_: int) -> bool:
        """Elsewhere the launcher is this very process."""
        return False


@contextmanager
def heard(
    stop: Callable[[], object],
    register: Callable[[Routine], Callable[[], object]] = _register,
    wait_for_end: Callable[[int], bool] = _wait_for_end,
) -> Iterator[None]:
    """Until this ends, ``stop`` is called once Windows is about to end this program, or the launcher was ended."""
    over = threading.Event()

    def watch(launcher: int) -> None:
        if wait_for_end(launcher) and not over.is_set():
            stop()

    if (launcher := os.environ.get(LAUNCHER, "")).isdecimal():
        threading.Thread(target=watch, args=(int(launcher),), name="bulkops launcher", daemon=True).start()
    unregister = register(routine(stop, over))
    try:
        yield
    finally:
        # In this order: Windows may keep whoever takes a routine away waiting until it has come back.
        over.set()
        unregister()
