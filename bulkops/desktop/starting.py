"""From a double-click to the window, and from its closing to the end. Nothing slow is imported before it is seen."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from bulkops.desktop.single import OpenWindow, open_or_hand_over
from bulkops.messages.errors import CannotStart
from bulkops.system import shutdown
from bulkops.system.data_folder import home

if TYPE_CHECKING:
    import tkinter as tk

    from bulkops.desktop.window import Window

UP = "BULKOPS_WINDOW_UP"
"""Names a file that is made when the window can be seen: the launcher's console waits for it."""


def show(files: Iterable[Path]) -> None:
    """The window, with the files that were dropped on the icon, until it is closed.

    A window that is open already is raised instead. Raises CannotStart where no window can be shown.
    """
    folder, dropped = home(), [path.absolute() for path in files]
    single = open_or_hand_over(folder, dropped)
    if single is not None:
        _open_window(folder, dropped, single)
    _tell_launcher()


def _open_window(folder: Path, dropped: list[Path], single: OpenWindow) -> None:
    with ExitStack() as stack:
        try:
            root = _root()
            from bulkops.desktop.theme import dress
            from bulkops.desktop.window import Window

            window = Window(root, dress(root), folder, further=single.take_files)
            stack.enter_context(shutdown.heard(_see_to_endings(root, window)))
            root.update()
            _tell_launcher()
            window.presenter.bring_up_to_date(lambda: window.take(dropped))
            root.mainloop()
        finally:
            # Before the last jobs have ended: what the next start brings must find a window, or make one.
            single.close()
        # Tk must be cleared up by this thread, so nothing of it is let go while another one lives.
        window.presenter.worker.join()


def _tell_launcher() -> None:
    if up := os.environ.pop(UP, ""):
        Path(up).touch()


def _root() -> tk.Tk:
    try:
        import tkinter as tk
    except ImportError as error:
        raise CannotStart("window.no_tk") from error
    from bulkops.desktop.theme import sharpen

    sharpen()
    try:
        return tk.Tk(className="Bulkops")
    except tk.TclError as error:
        raise CannotStart("window.no_display") from error


def _see_to_endings(root: tk.Tk, window: Window) -> Callable[[], object]:
    """What stops it all. A polite kill stops at a row's boundary, too; an error of our own is shown in the window."""

    def stop(*_: object) -> None:
        window.presenter.worker.call_in_ui(window.stop_and_leave)

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if (known := getattr(signal, name, None)) is not None:
            signal.signal(known, stop)

    def session_ends() -> None:
        """Logoff and shutdown, as Tk has it from Windows: the programs are ended as soon as all have come back."""
        window.stop_and_leave()
        window.presenter.worker.join(shutdown.PATIENCE)

    root.protocol("WM_SAVE_YOURSELF", session_ends)

    def internal_error(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        if isinstance(error, Exception):
            window.presenter.tell(error)
        else:
            sys.exit(1)

    root.report_callback_exception = internal_error
    return stop
