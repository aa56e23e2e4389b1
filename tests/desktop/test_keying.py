"""First use: a key is pasted, tried, stored or used for a while; it is never shown, and nothing of it stays."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

import canary
import keyring
import keyring.backend
import pytest

from bulkops.desktop import key_actions
from bulkops.desktop.key_actions import Said
from bulkops.desktop.key_dialog import KeyDialog
from bulkops.desktop.theme import dress
from bulkops.desktop.worker import Worker
from bulkops.energycap import credentials
from bulkops.energycap.credentials import find_key
from bulkops.energycap.key import Key
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import HOSTS, Environment
from bulkops.practice import server as practice_server
from bulkops.practice.server import Fault, PracticeServer

SECRET = canary.key("dialog")
EAST = Environment("us-east", HOSTS["us-east"])
PRACTICE = Environment("practice", "")


class Store(keyring.backend.KeyringBackend):
    """A store that keeps keys, or fails with a text that holds one."""

    priority: ClassVar[float] = 1
    fails: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}

    def _work(self) -> None:
        if self.fails:
            raise self.fails

    def set_password(self, service: str, username: str, password: str) -> None:
        self._work()
        self.kept[username] = password

    def get_password(self, service: str, username: str) -> str | None:
        self._work()
        return self.kept.get(username)

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[username]


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Key]:
    """The keys of this session, none at first."""
    keys: dict[str, Key] = {}
    monkeypatch.setattr(credentials, "_session", keys)
    return keys


@pytest.fixture
def no_store() -> Iterator[Store]:
    """A keyring that is not the operating system's own."""
    before, made = keyring.get_keyring(), Store()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def store(no_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same one, taken for the operating system's."""
    monkeypatch.setattr(credentials, "SAFE_STORES", (__name__,))
    return no_store


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def at(server: PracticeServer) -> Environment:
    return Environment("custom", server.base_url)


def practice_key() -> str:
    return practice_server.PRACTICE_KEY


# What is decided without a window


def test_every_environment_but_practice_takes_a_key():
    """The one in use stands first if it has no name of its own."""
    assert [place.name for place in key_actions.choices(PRACTICE)] == list(HOSTS)
    assert key_actions.choices(EAST) == key_actions.choices(PRACTICE)
    own = Environment("custom", "https://test.example")
    assert key_actions.choices(own) == (own, *key_actions.choices(PRACTICE))


@pytest.mark.parametrize(
    "typed",
    [f" {SECRET}", f"{SECRET} ", f"{SECRET}\n{SECRET}", f'"{SECRET}"', f"{SECRET}\t"],
    ids=["blank before", "blank behind", "twice", "quoted", "tab"],
)
def test_what_is_pasted_with_more_is_refused_in_words(typed):
    """The rule of ``bulkops key set``: nothing is trimmed but the end of the line, and nothing repeated."""
    with pytest.raises(CannotStart) as error:
        key_actions.read(typed)
    assert error.value.code == "key.shape"
    assert SECRET[:10] not in str(error.value) + repr(error.value.__context__)
    assert key_actions.read(f"{SECRET}\r\n").reveal() == SECRET


def test_an_empty_field_is_not_called_a_bad_key():
    """There is nothing wrong with what was not typed."""
    with pytest.raises(CannotStart) as error:
        key_actions.read("")
    assert error.value.code == "key.not_typed"


def test_a_test_says_whose_key_it_is_and_what_it_may(server):
    """By one read; nothing is stored or changed by it."""
    said = key_actions.test(at(server), Key(practice_key()))
    assert said.good
    assert said.words.splitlines() == [
        f"{at(server).host} accepts the key ••••-key: it is the key of Practice Operator (operator).",
        "Kickout reimports: allowed.",
        "List flag edits: allowed.",
    ]
    assert [(request.method, request.path) for request in server.requests] == [("GET", "/api/v3/me")]
    with pytest.raises(CannotStart):
        find_key(at(server))


def test_a_missing_permission_is_named_as_energycap_names_it(server):
    """The operator can ask for it by that name."""
    said = key_actions.test(at(server), Key("practice-key-readonly"))
    assert not said.good
    assert said.words.splitlines()[1:] == [
        "Kickout reimports: not allowed. Ask your EnergyCAP administrator for BillsAndBatches (Create).",
        "List flag edits: not allowed. Ask your EnergyCAP administrator for FlaggedItems (Manage).",
    ]


@pytest.mark.parametrize(
    ("permissions", "may"),
    [
        ({"BillsAndBatches": {"Create": True}, "flagged items": {"MANAGE": False}}, ["allowed", "not allowed"]),
        ({"billsAndBatches": {"create": "yes"}, "flaggedItems": {"view": True}}, ["not say", "not say"]),
        ({"billsAndBatches": True, "flaggedItems": ["manage"]}, ["not say", "not say"]),
        (["billsAndBatches.create"], ["not say", "not say"]),
        (None, ["not say", "not say"]),
    ],
    ids=["other spellings", "other values", "other shapes", "a list", "nothing"],
)
def test_what_energycap_does_not_say_plainly_is_not_guessed(server, permissions, may):
    """Only a plain yes or no counts; it is no obstacle, for the answers' shape is documented nowhere."""
    me = {"fullName": "Pat", "systemUserCode": "p", "permissions": permissions}
    server.faults.add(Fault.answer(200, json=me), method="GET")
    said = key_actions.test(at(server), Key(SECRET))
    for line, words in zip(said.words.splitlines()[1:], may, strict=True):
        assert words in line
    assert said.good is ("not allowed" not in may)


def test_a_key_that_is_refused_or_asked_in_vain_is_a_sentence():
    """Without the key in it."""
    with PracticeServer() as server:
        refused = key_actions.test(at(server), Key(SECRET))
    assert (refused.good, refused.code) == (False, "me.refused")
    assert key_actions.test(at(server), Key(SECRET)).code == "me.not_reached"


def test_a_saved_key_is_found_and_can_be_removed(store, server):
    """In the operating system's store, for its host alone."""
    assert key_actions.present(EAST) == Said("There is no key for app.energycap.com on this computer yet.")
    said = key_actions.save(EAST, Key(SECRET))
    assert (said.good, said.settled, said.for_now) == (True, True, False)
    assert store.kept == {"app.energycap.com": SECRET}
    assert key_actions.present(EAST).words == f"There is a key for app.energycap.com already: ••••{SECRET[-4:]}."
    assert key_actions.forget(EAST).words == "The key for app.energycap.com is removed from this computer."
    assert key_actions.forget(EAST).words == "No key for app.energycap.com is stored on this computer."
    assert not key_actions.present(EAST).settled


def test_where_nothing_can_be_stored_the_key_serves_until_the_end(no_store, session, monkeypatch):
    """In memory alone: neither the store nor the environment of this program's children gets it."""
    import os

    before = dict(os.environ)
    said = key_actions.save(EAST, Key(SECRET))
    assert (said.good, said.code, said.for_now, said.settled) == (False, "key.only_here", True, False)
    assert not session
    assert key_actions.use_now(EAST, Key(SECRET)).settled
    assert find_key(EAST).reveal() == SECRET
    assert (no_store.kept, dict(os.environ)) == ({}, before)
    with pytest.raises(CannotStart):
        find_key(Environment("eu", HOSTS["eu"]))
    assert key_actions.forget(EAST).words == "The key for app.energycap.com is removed from this computer."
    assert key_actions.forget(EAST).code == "key.store"
    with pytest.raises(CannotStart):
        find_key(EAST)


def test_the_last_key_given_is_the_one_in_use(store, monkeypatch):
    """A key of this session goes before the variable and the store, until another is stored."""
    monkeypatch.setenv("BULKOPS_API_KEY", canary.key("variable"))
    key_actions.use_now(EAST, Key(canary.key("session")))
    assert find_key(EAST).reveal() == canary.key("session")
    monkeypatch.delenv("BULKOPS_API_KEY")
    key_actions.save(EAST, Key(SECRET))
    assert find_key(EAST).reveal() == SECRET


def test_a_variable_that_will_go_before_the_stored_key_is_told(store, monkeypatch):
    """Now the new key is used; who starts bulkops again would wonder."""
    monkeypatch.setenv("BULKOPS_API_KEY", canary.key("variable"))
    said = key_actions.save(EAST, Key(SECRET))
    assert said.words.endswith(
        "The variable BULKOPS_API_KEY is set, too: the next time bulkops starts, that one is used."
    )
    assert find_key(EAST).reveal() == SECRET


@pytest.mark.parametrize("act", ["save", "forget", "present"])
def test_what_a_broken_store_says_is_not_repeated(store, act):
    """Its text may hold the key."""
    store.fails = RuntimeError(SECRET)
    said = key_actions.save(EAST, Key(SECRET)) if act == "save" else getattr(key_actions, act)(EAST)
    assert SECRET[:10] not in said.words
    assert not said.settled


# The dialog


class Window:
    """A window with the dialog over it, and somebody at it."""

    def __init__(self, where: Environment) -> None:
        self.root = tk.Tk()
        self.errors: list[BaseException] = []
        self.root.report_callback_exception = lambda _, error, __: self.errors.append(error)
        self.worker, self.changed = Worker(), list[Environment]()
        self.dialog = KeyDialog(self.root, dress(self.root), self.worker, where, self.changed.append)
        self.settle()
        # There is no window manager that would give the new window the keyboard.
        self.dialog.focus_lastfor().focus_force()
        self.settle()

    def settle(self) -> None:
        """Until everything that was begun has been told."""
        self.root.update()
        while self.worker.busy:
            self.worker.wait(30)
        self.root.update()
        assert not self.errors

    def paste(self, text: str) -> None:
        """As an operator does it."""
        self.root.clipboard_clear()
        self.root.clipboard_append(text)
        self.dialog.typed.focus_force()
        self.dialog.typed.selection_range(0, tk.END)
        self.dialog.typed.event_generate("<<Paste>>")
        self.root.clipboard_clear()
        self.root.update()

    def press(self, keys: str) -> None:
        self.root.update()
        (self.dialog.focus_get() or self.dialog).event_generate(keys)
        self.settle()

    @property
    def said(self) -> str:
        return str(self.dialog.said.cget("text"))

    def texts(self) -> str:
        """Everything that any widget holds."""
        found: list[Any] = []

        def look(widget: tk.Misc) -> None:
            found.extend(widget.cget(option) for option in ("text", "values") if option in widget.keys())  # noqa: SIM118
            found.extend(widget.get() for _ in [0] if isinstance(widget, tk.Entry))
            for child in widget.winfo_children():
                look(child)

        look(self.root)
        return repr(found)


@pytest.fixture
def open_dialog(screen: None) -> Iterator[Any]:
    windows: list[Window] = []

    def opened(where: Environment) -> Window:
        windows.append(Window(where))
        return windows[-1]

    yield opened
    for each in windows:
        try:
            each.settle()
        except (tk.TclError, Empty):  # the test has closed it, or has failed already
            continue
        each.root.destroy()


def test_a_key_is_pasted_tried_and_saved_without_being_shown(open_dialog, server, store):
    """By keyboard alone; the field holds dots, and nothing once the key is stored."""
    window = open_dialog(at(server))
    dialog = window.dialog
    assert dialog.focus_get() == dialog.typed
    assert dialog.typed.cget("show") == "•"
    window.paste(practice_key())
    window.press("<Return>")
    assert "Practice Operator" in window.said
    assert store.kept == {}
    window.press("<Alt-s>")
    assert "is stored" in window.said
    assert store.kept == {at(server).host: practice_key()}
    assert window.changed == [at(server)]
    assert dialog.typed.get() == ""
    assert practice_key() not in window.texts()
    assert dialog.focus_get() == dialog.shut
    window.press("<Return>")
    assert not dialog.winfo_exists()


def test_without_a_store_the_session_is_offered(open_dialog, server, no_store, session):
    """Only then; the key is asked for once."""
    window = open_dialog(at(server))
    assert not window.dialog.for_now.winfo_ismapped()
    window.press("<Alt-u>")
    window.paste(practice_key())
    window.press("<Alt-s>")
    assert "Choose “Use until bulkops closes”" in window.said
    assert (session, window.changed) == ({}, [])
    window.press("<Alt-u>")
    assert "in memory only" in window.said
    assert (list(session), window.changed, window.dialog.typed.get()) == ([at(server).host], [at(server)], "")


def test_a_bad_paste_stays_to_be_corrected_and_is_not_sent(open_dialog, server, store):
    """A blank at its end: neither tried nor stored."""
    window = open_dialog(at(server))
    window.paste(f"{practice_key()} ")
    for keys in ("<Alt-t>", "<Alt-s>"):
        window.press(keys)
        assert window.said.startswith("That is not a key")
    assert (server.requests, store.kept) == ([], {})
    assert window.dialog.typed.get() == f"{practice_key()} "


def test_a_key_that_is_there_can_be_tried_and_removed(open_dialog, server, store):
    """With nothing typed, Test is about that one; another environment has its own."""
    credentials.store_key(at(server), Key(practice_key()))
    window = open_dialog(at(server))
    assert "There is a key" in window.said
    window.press("<Alt-t>")
    assert "Practice Operator" in window.said
    window.dialog._where.current(1)
    window.dialog._where.event_generate("<<ComboboxSelected>>")
    window.settle()
    assert "There is no key for app.energycap.com" in window.said
    assert not window.dialog.remove.winfo_ismapped()
    window.press("<Alt-t>")
    assert "no key in the field" in window.said
    window.dialog._where.current(0)
    window.dialog._where.event_generate("<<ComboboxSelected>>")
    window.settle()
    window.press("<Alt-r>")
    assert store.kept == {}
    assert "is removed" in window.said


def test_nothing_is_offered_before_it_is_known_to_be_of_use(screen, store):
    """While the store is being asked, buttons do not come and go."""
    root, worker = tk.Tk(), Worker()
    dialog = KeyDialog(root, dress(root), worker, EAST, lambda _: None)
    root.update()
    assert not any(button.winfo_ismapped() for button in (dialog.for_now, dialog.remove))
    worker.wait(30)
    root.destroy()


def test_closing_leaves_nothing_of_the_key(open_dialog, server, store):
    """Also while an answer is awaited, which then is told to nobody."""
    window = open_dialog(at(server))
    window.paste(practice_key())
    window.dialog.test.invoke()
    assert window.dialog.save.instate(["disabled"])
    assert window.said == f"Asking {at(server).host} …"
    typed = window.dialog.typed
    window.dialog.event_generate("<Escape>")
    window.settle()
    assert not window.dialog.winfo_exists()
    assert window.root.focus_get() != typed
    assert practice_key() not in window.texts()
    assert window.changed == []


@pytest.mark.parametrize("name", list(HOSTS))
def test_the_environment_that_lacks_a_key_is_chosen_already(open_dialog, store, name):
    """The window knows which one it was."""
    where = Environment(name, HOSTS[name])
    assert open_dialog(where).dialog.environment == where


def test_on_practice_the_first_real_one_is_proposed(open_dialog, store):
    """Practice has a key of its own."""
    assert open_dialog(PRACTICE).dialog.environment.name == "us-east"


def test_keys_are_written_nowhere_in_the_data_folder(open_dialog, server, no_store, home):
    """Nor in a log."""
    window = open_dialog(at(server))
    window.paste(practice_key())
    window.press("<Alt-s>")
    window.press("<Alt-u>")
    assert [path for path in Path(home).rglob("*") if path.is_file()] == []
