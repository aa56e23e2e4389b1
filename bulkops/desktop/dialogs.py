"""The question before a run, and smaller ones."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from bulkops.desktop.theme import DANGER, EDGE, SAFE, Look
from bulkops.desktop.view import OFFLINE, REHEARSE, TICK, Question, Sure
from bulkops.messages.wording import plural

Answer = Callable[[bool, str, bool], str]
"""Yes or no, what was typed, is the tick there? → why that is no answer."""


class Dialog(tk.Toplevel):
    """A small window over another, which waits for it. Escape and closing it are the answer that does nothing."""

    def __init__(self, parent: tk.Misc, look: Look, title: str) -> None:
        super().__init__(parent)
        self.withdraw()
        self.look = look
        self.title(title)
        self.transient(parent.winfo_toplevel())
        self.resizable(False, False)
        # Where no frame is drawn round windows, its edge is still to be seen.
        self.configure(highlightthickness=max(look.em // 5, 1), highlightbackground=EDGE)
        self.body = ttk.Frame(self, padding=look.gap * 2)
        self.body.grid(sticky=tk.NSEW)
        self.bind("<Escape>", lambda _: self.dismiss())
        self.protocol("WM_DELETE_WINDOW", self.dismiss)

    def dismiss(self) -> None:
        """The answer that does nothing."""
        self.destroy()

    def present(self, first: tk.Misc) -> None:
        """Show it over its parent, with the keyboard in ``first``."""
        self.update_idletasks()
        over = self.master.winfo_toplevel()
        left = over.winfo_rootx() + (over.winfo_width() - self.winfo_reqwidth()) // 2
        top = over.winfo_rooty() + (over.winfo_height() - self.winfo_reqheight()) // 3
        self.geometry(f"+{max(left, 0)}+{max(top, 0)}")

        def seen(event: tk.Event[tk.Misc]) -> None:
            if event.widget is self:
                self.grab_set()
                first.focus_force()

        # Nothing is waited for here: the window's own events, the run's among them, go on meanwhile.
        self.bind("<Map>", seen)
        self.deiconify()
        self.lift()
        if self.winfo_viewable():
            first.focus_force()


class RunDialog(Dialog):
    """How many of what, to which host, as whom, with what effects; then yes or no."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        question: Question,
        answer: Answer,
        again: Callable[[bool, bool, bool, bool], object],
    ) -> None:
        super().__init__(parent, look, "Send these rows?")
        self._answer, self._again = answer, again
        self.hidden: ttk.Checkbutton | None = None
        self.done: ttk.Checkbutton | None = None
        self.trouble: ttk.Checkbutton | None = None
        self.offline: ttk.Checkbutton | None = None
        self.entry: ttk.Entry | None = None
        self.yes = self.no = ttk.Button(self.body)
        self.show(question)

    def show(self, question: Question) -> None:
        """The question, or another one after other rows were asked for."""
        for child in self.body.winfo_children():
            child.destroy()
        wide = self.look.em * 74
        self._label(question.title, "Title.TLabel", wide)
        if question.resumes:
            self._label(f"This finishes {question.resumes}.", "TLabel", wide)
        if question.host:
            self._where(question, wide)
        for words, style in (
            (question.key and f"with the key {question.key}", "Faint.TLabel"),
            *((f"• {each}", "Bold.TLabel") for each in (*question.touch, *question.effects)),
            (question.left_out and f"Left out: {question.left_out}", "TLabel"),
            (question.results and f"Results: {question.results}", "TLabel"),
            *((f"Note: {note}", "TLabel") for note in question.notes),
            *((each, "Bold.TLabel") for each in question.sure),
        ):
            if words:
                self._label(words, style, wide)
        self._choices(question)
        self._buttons(question, wide)

    def _where(self, question: Question, wide: int) -> None:
        look = self.look
        colour, words = SAFE if question.practice else DANGER, f"to {question.host}"
        words += f", as {question.owner}" if question.owner else ""
        where = tk.Label(self.body, text=words, background=colour, foreground="white", font="BulkopsBold", anchor=tk.W)
        where.configure(justify=tk.LEFT, wraplength=wide, padx=look.gap, pady=look.pad)
        where.pack(fill=tk.X, pady=look.pad)

    def _label(self, words: str, style: str, wide: int) -> None:
        ttk.Label(self.body, text=words, style=style, wraplength=wide).pack(anchor=tk.W, pady=self.look.pad // 2)

    def _choices(self, question: Question) -> None:
        words = "that are hidden or filtered out"
        self.hidden = self._rows(question.hidden, question.include_hidden, words)
        self.done = self._rows(question.done, question.send_again, "again that were done before")
        self.trouble = self._choice(question.trouble, REHEARSE) if question.may_rehearse else None
        self.offline = self._choice(question.offline, OFFLINE) if question.may_go_offline else None

    def _rows(self, count: int, chosen: bool, words: str) -> ttk.Checkbutton | None:
        if not (count or chosen):
            return None
        how_many = f"the {plural(count, 'row')}" if count else "the rows"
        return self._choice(chosen, f"Also send {how_many} {words}")

    def _choice(self, chosen: bool, words: str) -> ttk.Checkbutton:
        box = ttk.Checkbutton(self.body, text=words, command=self._look_again)
        box.state(["!alternate", "selected" if chosen else "!selected"])
        box.pack(anchor=tk.W, pady=self.look.pad // 2)
        return box

    def _buttons(self, question: Question, wide: int) -> None:
        look = self.look
        self.wrong = ttk.Label(self.body, wraplength=wide, foreground=DANGER)
        self.entry = None
        if question.count and not question.practice:
            line = ttk.Frame(self.body)
            ttk.Label(line, text=f"Type the number of rows, {question.count}, to send them:").pack(side=tk.LEFT)
            self.entry = ttk.Entry(line, width=8)
            self.entry.pack(side=tk.LEFT, padx=look.pad)
            line.pack(anchor=tk.W, pady=look.pad)
        self.wrong.pack(anchor=tk.W)
        self.sure: ttk.Checkbutton | None = None
        if question.sure:
            self.sure = ttk.Checkbutton(self.body, text=TICK)
            self.sure.state(["!alternate", "!selected"])
            self.sure.pack(anchor=tk.W, pady=look.pad)
        foot = ttk.Frame(self.body)
        self.no = ttk.Button(foot, text="Do not send", command=self.dismiss)
        self.yes = ttk.Button(foot, text=question.button, style="Main.TButton", command=self._said_yes)
        self.no.pack(side=tk.RIGHT)
        self.yes.pack(side=tk.RIGHT, padx=look.pad)
        foot.pack(fill=tk.X, pady=(look.gap, 0))
        self.present(self.entry or self.no)

    def _look_again(self) -> None:
        boxes = (self.hidden, self.done, self.trouble, self.offline)
        chosen = [box is not None and box.instate(["selected"]) for box in boxes]
        for each in (self.yes, self.no, *boxes, self.sure, self.entry):
            if each is not None:
                each.state(["disabled"])
        self.wrong.configure(text="Looking at the workbook again …")
        self._again(*chosen)

    def _said_yes(self) -> None:
        sure = self.sure is not None and self.sure.instate(["selected"])
        wrong = self._answer(True, self.entry.get() if self.entry else "", sure)
        if wrong:
            self.wrong.configure(text=wrong)
        if wrong and self.entry is not None:
            self.entry.focus_set()
            self.entry.selection_range(0, tk.END)

    def dismiss(self) -> None:
        """No: nothing is sent."""
        self._answer(False, "", False)


class SureDialog(Dialog):
    """One question with two answers; the keyboard is at the one that does nothing."""

    def __init__(self, parent: tk.Misc, look: Look, sure: Sure, then: Callable[[], object]) -> None:
        super().__init__(parent, look, sure.title)
        self._then = then
        ttk.Label(self.body, text=sure.title, style="Title.TLabel").pack(anchor=tk.W)
        ttk.Label(self.body, text=sure.words, wraplength=look.em * 60).pack(anchor=tk.W, pady=look.gap)
        foot = ttk.Frame(self.body)
        self.yes = ttk.Button(foot, text=sure.yes, command=self._said_yes)
        self.no = ttk.Button(foot, text=sure.no, style="Main.TButton", command=self.destroy)
        self.no.pack(side=tk.RIGHT)
        self.yes.pack(side=tk.RIGHT, padx=look.pad)
        foot.pack(fill=tk.X)
        self.present(self.no)

    def _said_yes(self) -> None:
        self.destroy()
        self._then()


class TemplateDialog(Dialog):
    """Does the new workbook offer names from EnergyCAP, and its imports as rows?"""

    def __init__(
        self, parent: tk.Misc, look: Look, place: str, days: int, then: Callable[[bool, int | None], object]
    ) -> None:
        """``place``: the EnergyCAP. ``then`` is called with whether names are wanted, and of how many days imports."""
        super().__init__(parent, look, "New from template")
        self._days, self._then = days, then
        ttk.Label(self.body, text="A new workbook to fill in", style="Title.TLabel").pack(anchor=tk.W)
        self.names = ttk.Checkbutton(self.body, text=f"Offer names from {place} to choose from", command=self._chosen)
        self.names.state(["!alternate", "selected"])
        self.names.pack(anchor=tk.W, pady=(look.gap, 0))
        words = "Lists, flag types, people, batches and imports, as they are now. EnergyCAP is only read."
        ttk.Label(self.body, text=words, style="Faint.TLabel").pack(anchor=tk.W, padx=(look.em * 3, 0))
        self.imports = ttk.Checkbutton(self.body, text=f"A row for each import of the last {days} days with kickouts")
        self.imports.state(["!alternate", "!selected"])
        self.imports.pack(anchor=tk.W, padx=(look.em * 3, 0), pady=look.pad)
        foot = ttk.Frame(self.body)
        self.no = ttk.Button(foot, text="Cancel", command=self.dismiss)
        self.yes = ttk.Button(foot, text="Choose its place …", style="Main.TButton", command=self._said_yes)
        self.no.pack(side=tk.RIGHT)
        self.yes.pack(side=tk.RIGHT, padx=look.pad)
        foot.pack(fill=tk.X, pady=(look.gap, 0))
        self.present(self.yes)

    def _chosen(self) -> None:
        self.imports.state(["!disabled"] if self.names.instate(["selected"]) else ["disabled", "!selected"])

    def _said_yes(self) -> None:
        names, imports = (box.instate(["selected"]) for box in (self.names, self.imports))
        self.destroy()
        self._then(names, self._days if imports else None)
