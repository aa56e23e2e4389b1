"""The small window of a first start without a terminal, and of a start that failed.

    python first_start.py SENTENCE                   shows why bulkops could not start, until it is closed
    python first_start.py PYTHON run.py set-up       shows a set-up; its exit code

run.py starts it with the Python it was started by, before anything is installed: nothing but the standard library.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from tkinter import font, ttk

TITLE = "bulkops"
HEADING = "Setting up bulkops"
ABOUT = (
    "This is done once and takes about a minute. You may go on working meanwhile. "
    "To stop it, close this window: the next start sets up what is missing."
)
STOPPING = "Stopping ..."
FAILED = "bulkops could not start"
_PART = re.compile(r"(\d+) of (\d+) packages")
_TICK = 50
"""Milliseconds between two looks at how far the set-up is."""
_INK, _GROUND, _FAINT, _ACCENT = "#1E1E1E", "#F4F5F7", "#5C6370", "#1F5FA8"


def watch(command: Sequence[str]) -> int:
    """Show what a command says on stderr until it is over, and then why it failed, if it did. Its exit code.

    Closing the window ends it, with all that it has begun. Without a screen it is done unseen.
    """
    said: SimpleQueue[str | None] = SimpleQueue()
    lines: list[str] = []
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)  # not the command alone: pip works in a child, which would outlive it

    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, text=True, encoding="utf-8"
    ) as job:
        listening = threading.Thread(target=_listen, args=(job.stderr, lines, said))
        listening.start()
        before = signal.signal(signal.SIGINT, lambda *_: stop())  # else Tk would print it and go on
        with suppress(tk.TclError):
            root = _root()
            _Progress(root, stop).follow(said)
            root.mainloop()
            root.destroy()
        listening.join()
        signal.signal(signal.SIGINT, before)
    if job.returncode and not stopped.is_set():
        show("".join(lines[_last_step(lines) :]).strip())
    return job.returncode


def _listen(stream: Iterable[str], lines: list[str], said: SimpleQueue[str | None]) -> None:
    """Pass on what a command says, line by line, to whoever started it and to the window; None when it is over."""
    for line in stream:
        sys.stderr.write(line)
        sys.stderr.flush()
        lines.append(line)
        said.put(line)
    said.put(None)


def _last_step(lines: list[str]) -> int:
    """Where the lines that tell how far it is are over, and the sentence begins."""
    return max((number for number, line in enumerate(lines, 1) if line.startswith(" ") or "..." in line), default=0)


def show(sentence: str) -> None:
    """Show why bulkops could not start, until it is closed; nothing without a screen."""
    try:
        root = _root()
    except tk.TclError:
        return
    _Failure(root, sentence)
    root.mainloop()
    root.destroy()


def _root() -> tk.Tk:
    """An empty window in the colours of the others, hidden until it is filled. Raises TclError without a screen."""
    root = tk.Tk(className="bulkops")
    root.withdraw()
    root.title(TITLE)
    style = ttk.Style(root)
    if root.tk.call("tk", "windowingsystem") == "x11":
        style.theme_use("clam")
        style.configure(".", background=_GROUND, foreground=_INK, troughcolor="#E2E5EA", bordercolor="#B8BDC6")
        style.configure("TButton", padding=(_em(root) * 2, _em(root) // 2), background="#E7EAF0", focuscolor=_ACCENT)
        style.configure(
            "Horizontal.TProgressbar",
            thickness=font.nametofont("TkDefaultFont", root).metrics("linespace"),
            background=_ACCENT,
            lightcolor=_ACCENT,
            darkcolor=_ACCENT,
        )
        root.configure(background=_GROUND)
    return root


def _em(root: tk.Misc) -> int:
    return font.nametofont("TkDefaultFont", root).measure("0")


def _frame(root: tk.Tk, heading: str) -> ttk.Frame:
    text = font.nametofont("TkDefaultFont", root).actual()
    # Made by Tk itself: a font of tkinter's would be gone with its Python object.
    big = ("-family", text["family"], "-size", round(text["size"] * 1.3), "-weight", "bold")
    root.tk.call("font", "create", "Heading", *big)
    frame = ttk.Frame(root, padding=_em(root) * 3)
    frame.pack(fill="both", expand=True)
    ttk.Label(frame, text=heading, font="Heading").pack(anchor="w")
    return frame


def _present(root: tk.Tk) -> None:
    """In the middle of the upper half of the screen, and in front."""
    root.update_idletasks()
    left = (root.winfo_screenwidth() - root.winfo_reqwidth()) // 2
    root.geometry(f"+{left}+{(root.winfo_screenheight() - root.winfo_reqheight()) // 3}")
    root.deiconify()
    root.lift()


class _Progress:
    """What the set-up says, a bar, and Stop."""

    def __init__(self, root: tk.Tk, stop: Callable[[], None]) -> None:
        self._root, self._stop = root, stop
        frame, gap, wide = _frame(root, HEADING), _em(root), _em(root) * 62
        # Two lines, so that the window does not jump when the sentence gets shorter.
        height = font.nametofont("TkDefaultFont", root).metrics("linespace") * 2
        box = ttk.Frame(frame, width=wide, height=height)
        box.pack_propagate(False)
        box.pack(fill="x", pady=(gap * 2, 0))
        self._sentence = ttk.Label(box, wraplength=wide)
        self._sentence.pack(anchor="sw", side="bottom")
        self._bar = ttk.Progressbar(frame, mode="indeterminate", length=wide)
        self._bar.pack(fill="x", pady=gap)
        self._bar.start()
        ttk.Label(frame, text=ABOUT, wraplength=wide, foreground=_FAINT).pack(anchor="w")
        self._button = ttk.Button(frame, text="Stop", underline=0, command=self._end)
        self._button.pack(anchor="e", pady=(gap * 2, 0))
        root.protocol("WM_DELETE_WINDOW", self._end)
        root.bind("<Escape>", lambda _: self._end())
        root.bind("<Alt-s>", lambda _: self._end())
        root.resizable(False, False)
        _present(root)

    def follow(self, said: SimpleQueue[str | None]) -> None:
        """Show what is said until it is over, then leave the main loop."""
        try:
            while (line := said.get_nowait()) is not None:
                self._tell(line.strip())
        except Empty:
            self._root.after(_TICK, self.follow, said)
        else:
            self._bar.stop()  # else it would still want to move when it is gone
            self._root.after_idle(self._root.quit)  # not before the main loop, which it ends

    def _tell(self, sentence: str) -> None:
        self._sentence.configure(text=sentence)
        if part := _PART.match(sentence):
            self._bar.stop()
            self._bar.configure(mode="determinate", maximum=int(part[2]), value=int(part[1]))
        elif str(self._bar["mode"]) == "determinate":
            self._bar.configure(mode="indeterminate", value=0)
            self._bar.start()

    def _end(self) -> None:
        self._button.state(["disabled"])
        self._sentence.configure(text=STOPPING)
        self._stop()


class _Failure:
    """The sentence, to be read and copied."""

    def __init__(self, root: tk.Tk, sentence: str) -> None:
        self._root, self._text = root, sentence
        frame, gap = _frame(root, FAILED), _em(root)
        text = tk.Text(
            frame,
            width=72,
            height=6,
            wrap="word",
            font="TkDefaultFont",
            padx=gap,
            pady=gap,
            relief="flat",
            borderwidth=0,
        )
        text.insert("1.0", sentence)
        text.bind("<1>", lambda _: text.focus_set())
        text.configure(state="disabled", background="white", foreground=_INK)
        text.pack(fill="both", expand=True, pady=(gap * 2, 0))
        buttons = ttk.Frame(frame)
        buttons.pack(anchor="e", pady=(gap * 2, 0))
        ttk.Button(buttons, text="Copy", underline=0, command=self._copy).pack(side="left", padx=gap)
        close = ttk.Button(buttons, text="Close", underline=1, command=root.quit)
        close.pack(side="left")
        root.protocol("WM_DELETE_WINDOW", root.quit)
        root.bind("<Escape>", lambda _: root.quit())
        root.bind("<Alt-l>", lambda _: root.quit())
        root.bind("<Alt-c>", lambda _: self._copy())
        close.bind("<Return>", lambda _: root.quit())
        _present(root)
        close.focus_set()

    def _copy(self) -> None:
        self._root.clipboard_clear()
        self._root.clipboard_append(self._text)


def main(arguments: Sequence[str]) -> int:
    """Show a sentence, or watch a command."""
    if len(arguments) == 1:
        show(arguments[0])
        return 0
    return watch(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
