"""The dialog in which a key is pasted, tried and stored. What it says is decided in key_actions."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from bulkops.desktop import key_actions
from bulkops.desktop.dialogs import Dialog
from bulkops.desktop.key_actions import Said
from bulkops.desktop.theme import DANGER, INK, SAFE, Look
from bulkops.desktop.widgets import enable
from bulkops.desktop.worker import Worker
from bulkops.energycap.key import Key
from bulkops.messages.errors import BulkopsError
from bulkops.model.environment import Environment

_WIDTH = 88
"""Digits in a line of text."""
_INTRODUCTION = (
    "EnergyCAP lets bulkops in with an API key. It acts as the user who made it, so use your own. "
    "If you have none, ask your EnergyCAP administrator."
)


class KeyDialog(Dialog):
    """Ask for the key of an environment. ``changed`` is called with the environment whose key is another one now."""

    def __init__(
        self,
        parent: tk.Misc,
        look: Look,
        worker: Worker,
        environment: Environment,
        changed: Callable[[Environment], object],
    ) -> None:
        super().__init__(parent, look, "API key")
        self._worker, self._changed = worker, changed
        self._places = key_actions.choices(environment)
        self._busy = False
        self._build(look)
        self._where.current(self._places.index(environment) if environment in self._places else 0)
        for keys, act in (("<Return>", self._on_return), *self._letters()):
            self._on(keys, act)
        self._look_up()
        self.present(self.typed)

    def _build(self, look: Look) -> None:
        frame = self.body
        frame.columnconfigure(1, weight=1)
        wide = look.em * _WIDTH
        ttk.Label(frame, text="Your EnergyCAP API key", style="Title.TLabel").grid(columnspan=2, sticky="w")
        introduction = ttk.Label(frame, text=_INTRODUCTION, wraplength=wide)
        introduction.grid(columnspan=2, sticky="w", pady=(look.pad, look.gap))
        ttk.Label(frame, text="Environment", underline=0).grid(row=2, sticky="w")
        names = [f"{place.name}: {place.host}" for place in self._places]
        self._where = ttk.Combobox(frame, values=names, state="readonly", width=34)
        self._where.grid(row=2, column=1, sticky="ew", padx=(look.gap, 0), pady=look.pad)
        self._where.bind("<<ComboboxSelected>>", lambda _: self._look_up())
        ttk.Label(frame, text="Key", underline=0).grid(row=3, sticky="w")
        self.typed = ttk.Entry(frame, show="•")
        self.typed.grid(row=3, column=1, sticky="ew", padx=(look.gap, 0), pady=look.pad)
        # Room for the longest answer, so that the buttons do not move under the mouse.
        answer = ttk.Frame(frame, width=wide, height=look.line * 5)
        answer.grid(columnspan=2, sticky="ew", pady=(look.pad, look.gap))
        answer.grid_propagate(False)
        self.said = ttk.Label(answer, wraplength=wide)
        self.said.grid(sticky="nw")
        self._build_buttons(frame, look)

    def _build_buttons(self, frame: ttk.Frame, look: Look) -> None:
        row = ttk.Frame(frame)
        row.grid(columnspan=2, sticky="ew")
        row.columnconfigure(3, weight=1)
        self.test = ttk.Button(row, text="Test", underline=0, command=self._test)
        self.save = ttk.Button(row, text="Save", underline=0, command=self._save, style="Main.TButton")
        self.for_now = ttk.Button(row, text="Use until bulkops closes", underline=0, command=self._use_now)
        self.remove = ttk.Button(row, text="Remove this key", underline=0, command=self._remove)
        self.shut = ttk.Button(row, text="Close", underline=0, command=self.dismiss)
        for column, button in enumerate((self.test, self.save, self.for_now)):
            button.grid(row=0, column=column, padx=(0, look.pad))
        self.remove.grid(row=0, column=4, padx=(0, look.pad))
        self.shut.grid(row=0, column=5)
        for button in (self.for_now, self.remove):  # until it is known that they are of use
            button.grid_remove()

    def _on(self, keys: str, act: Callable[[], object]) -> None:
        self.bind(keys, lambda _: act())

    def _letters(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        buttons = (self.test, self.save, self.for_now, self.remove, self.shut)
        letters = tuple((f"<Alt-{button.cget('text')[0].lower()}>", self._presser(button)) for button in buttons)
        return (*letters, ("<Alt-e>", self._where.focus_set), ("<Alt-k>", self.typed.focus_set))

    @staticmethod
    def _presser(button: ttk.Button) -> Callable[[], object]:
        return lambda: button.winfo_viewable() and button.invoke()

    def _on_return(self) -> None:
        """The button that has the focus, as Windows does it; from the field the harmless one."""
        focus = self.focus_get()
        (focus if isinstance(focus, ttk.Button) else self.test).invoke()

    @property
    def environment(self) -> Environment:
        """The environment that is chosen."""
        return self._places[self._where.current()]

    def _look_up(self) -> None:
        environment = self.environment
        self._do("", lambda: key_actions.present(environment), self._looked_up)

    def _looked_up(self, said: Said) -> None:
        self.said.configure(foreground=INK)
        self._offer_removal(said)

    def _offer_removal(self, said: Said) -> None:
        if said.settled:
            self.remove.grid()
        else:
            self.remove.grid_remove()

    def _test(self) -> None:
        environment = self.environment
        if not self.typed.get() and self.remove.winfo_ismapped():
            self._do(f"Asking {environment.host} …", lambda: key_actions.test(environment, None))
        elif (key := self._key()) is not None:
            self._do(f"Asking {environment.host} …", lambda: key_actions.test(environment, key))

    def _save(self) -> None:
        environment = self.environment
        if (key := self._key()) is not None:
            self._do("Storing the key …", lambda: key_actions.save(environment, key), self._settled)

    def _use_now(self) -> None:
        environment = self.environment
        if (key := self._key()) is not None:
            self._do("", lambda: key_actions.use_now(environment, key), self._settled)

    def _remove(self) -> None:
        environment = self.environment
        self._do("Removing the key …", lambda: key_actions.forget(environment), self._removed)

    def _key(self) -> Key | None:
        """What is in the field; if it is no key, that is said."""
        try:
            return key_actions.read(self.typed.get())
        except BulkopsError as error:
            self._say(Said(str(error), good=False, code=error.code))
            return None

    def _settled(self, said: Said) -> None:
        if said.settled:
            self._offer_removal(said)
            self.typed.delete(0, tk.END)
            self.shut.focus_set()
            self._changed(self.environment)

    def _removed(self, said: Said) -> None:
        if said.good:
            self.remove.grid_remove()
            self._changed(self.environment)

    def _do(self, meanwhile: str, act: Callable[[], Said], then: Callable[[Said], object] = lambda _: None) -> None:
        """Do something in a thread of its own; until it is done, nothing else can be begun here."""

        def done(said: Said) -> None:
            if self.winfo_exists():
                self._be_busy(False)
                self._say(said)
                then(said)

        def failed(error: BulkopsError) -> None:
            done(Said(str(error), good=False, code=error.code))

        self.said.configure(text=meanwhile, foreground=INK)
        self._be_busy(True)
        self._worker.start(act, done, failed)

    def _be_busy(self, busy: bool) -> None:
        for button in (self.test, self.save, self.for_now, self.remove):
            enable(button, not busy)
        enable(self._where, not busy)

    def _say(self, said: Said) -> None:
        self.said.configure(text=said.words, foreground=SAFE if said.good else DANGER)
        if said.for_now:
            self.for_now.grid()
        else:
            self.for_now.grid_remove()

    def dismiss(self) -> None:
        """Nothing that was typed stays."""
        self.typed.delete(0, tk.END)
        self.destroy()
