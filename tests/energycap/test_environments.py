"""Environments, addresses and the key: the key is bound to one host and is never shown."""

from __future__ import annotations

import base64
import copy
import getpass
import hashlib
import io
import json
import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import canary
import key_store
import keyring
import keyring.backend
import keyring.errors
import pytest
from asking import Keyboard
from key_store import InMemory
from keyring.backends import chainer, fail, null

import bulkops
from bulkops.cli import commands
from bulkops.energycap import credentials
from bulkops.energycap.credentials import SAFE_STORES, find_key, forget_key, store_key
from bulkops.energycap.environments import environment
from bulkops.energycap.key import Key
from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import HOSTS, Environment
from bulkops.system import data_folder
from bulkops.system.data_folder import home

SECRET = canary.key("wxyz")
EAST = Environment("us-east", "https://app.energycap.com")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """No BULKOPS variable of this computer plays a part."""
    for name in ("BULKOPS_ENV", "BULKOPS_BASE_URL", "BULKOPS_API_KEY", "BULKOPS_HOME"):
        monkeypatch.delenv(name, raising=False)


# Environments


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("us-east", "https://app.energycap.com"),
        ("us-west", "https://wce.energycap.com"),
        ("eu", "https://app-eu.energycap.com"),
        ("fed", "https://app.fed-energycap.com"),
        ("implement", "https://implement.energycap.com"),
        ("practice", ""),
    ],
)
def test_each_environment_has_its_documented_host(name, url):
    """The documented hosts, in any spelling of the name."""
    assert environment(name) == Environment(name, url)
    assert environment(f" {name.upper()} ") == Environment(name, url)


def test_the_option_comes_before_the_variable_and_practice_is_the_default(monkeypatch):
    """Without a word nothing real is ever touched."""
    assert environment().name == "practice"
    monkeypatch.setenv("BULKOPS_ENV", "eu")
    assert environment().name == "eu"
    assert environment("fed").name == "fed"
    monkeypatch.setenv("BULKOPS_BASE_URL", "https://test.example")
    assert environment() == Environment("custom", "https://test.example")
    assert environment("fed").name == "fed"
    assert environment(base_url="https://other.example").base_url == "https://other.example"


def test_an_unknown_environment_is_refused_with_the_known_ones():
    """A typing error must not end in some default."""
    with pytest.raises(CannotStart) as error:
        environment("us-est")
    assert error.value.code == "env.unknown"
    assert "us-east" in str(error.value)


@pytest.mark.parametrize(
    ("typed", "url", "name"),
    [
        ("https://app.energycap.com", "https://app.energycap.com", "us-east"),
        (" HTTPS://APP.EnergyCAP.com:443/ ", "https://app.energycap.com", "us-east"),
        ("https://test.example:8443", "https://test.example:8443", "custom"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", "custom"),
        ("http://localhost", "http://localhost", "custom"),
        ("http://[::1]:8000", "http://[::1]:8000", "custom"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]", "custom"),
    ],
)
def test_an_address_is_https_or_loopback_and_has_one_spelling(typed, url, name):
    """One server has one name, so that what was sent to it is found again."""
    found = environment(base_url=typed)
    assert (found.base_url, found.name) == (url, name)
    assert found.id == url.replace("localhost", "127.0.0.1")


@pytest.mark.parametrize(
    "typed",
    [
        *("http://app.energycap.com", "http://127.0.0.2:80", "http://127.0.0.1.example", "http://localhost.example"),
        *("ftp://app.energycap.com", "app.energycap.com", "//app.energycap.com", "https://", "https:///x", ""),
        *("https://app.energycap.com/api", "https://app.energycap.com?x=1", "https://app.energycap.com#x"),
        *("https://canary@app.energycap.com", "https://pat:canary@app.energycap.com", "https://@app.energycap.com"),
        *("https://app.energycap.com?key=canary", "https://app.energycap.com:port", "https://app.energycap.com:99999"),
        *(
            "https://[::1",
            "https://[zz]",
            "https://app.energycap.com.",
            "https://.energycap.com",
            "https://a b.example",
        ),
        *("https://\N{FULLWIDTH LATIN SMALL LETTER A}pp.energycap.com", "https://m\u00fcller.example"),
        *("https://a%2eb", "https://a\\b", "https://a\nb.example:1:2"),
    ],
)
def test_any_other_address_is_refused(typed):
    """No plain http beyond this computer, no user, path or query, no second spelling; secrets are not repeated."""
    with pytest.raises(CannotStart) as error:
        environment(base_url=typed)
    assert error.value.code == "env.address"
    assert "canary" not in str(error.value)


def test_practice_is_one_environment_whatever_its_port():
    """The ledger knows practice by name, everything else by address."""
    assert Environment("practice", "http://127.0.0.1:1").id == "practice"
    assert Environment("practice", "http://127.0.0.1:2").id == "practice"
    assert EAST.id == HOSTS["us-east"]
    assert EAST.host == "app.energycap.com"
    assert "practice" in Environment("practice", "").host


# The key itself


def test_no_printed_form_of_a_key_shows_it():
    """repr, str, formats, containers, exceptions and the key's own parts are masked; only the last four are shown."""
    key = Key(SECRET)
    shown = [repr(key), str(key), f"{key}", f"{key!r:>60}", f"{key!s}", repr([key, {"k": key}]), repr(ValueError(key))]
    for text in shown:
        assert SECRET[:-4] not in text
        assert SECRET[-4:] in text
    assert key.reveal() == SECRET
    assert not hasattr(key, "__dict__")


def test_the_text_of_a_key_is_masked_where_it_is_shown_as_a_value():
    """The headers of a request and a frame's locals are shown by the repr of what they hold."""
    text = Key(SECRET).reveal()
    assert (str(text), f"{text}", text.encode()) == (SECRET, SECRET, SECRET.encode())
    assert repr({"ECI-ApiKey": text}) == "{'ECI-ApiKey': '••••'}"


def test_a_key_is_never_written_out():
    """It cannot be pickled, copied or put into JSON by accident."""
    key = Key(SECRET)
    for write in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError) as error:
            write(key)
        assert SECRET not in str(error.value)


def test_a_short_key_shows_nothing_of_itself():
    """Four of eleven characters would be too many."""
    assert Key(SECRET[:11]).masked() == "••••"
    assert Key(SECRET[-12:]).masked() == f"••••{SECRET[-4:]}"


NO_KEYS = {
    "nothing": "",
    "a blank": " ",
    "a blank before": f" {SECRET}",
    "a blank behind": f"{SECRET} ",
    "a blank within": f"{SECRET} {SECRET}",
    "a tab": f"{SECRET}\t",
    "a line end before": f"\n{SECRET}",
    "two lines": f"{SECRET}\n{SECRET}",
    "a no-break space": f"{SECRET}\N{NO-BREAK SPACE}",
    "a zero-width space": f"\N{ZERO WIDTH SPACE}{SECRET}",
    "a byte order mark": f"\N{ZERO WIDTH NO-BREAK SPACE}{SECRET}",
    "quotes": f'"{SECRET}"',
    "a quote before": f"'{SECRET}",
    "single quotes": f"'{SECRET}'",
    "a quote that was left over": f"{SECRET}`",
    "curly quotes": f"“{SECRET}”",
    "an accent": f"{SECRET}é",
    "full width": f"{SECRET}\N{FULLWIDTH LATIN SMALL LETTER A}",
    "a control character": f"{SECRET}\x7f",
    "NUL": f"{SECRET}\0",
    "half a character": f"{SECRET}\udc80",
    "too much": "x" * 1025,
}
PASTED = pytest.mark.parametrize("text", NO_KEYS.values(), ids=NO_KEYS)


@PASTED
def test_a_key_with_blanks_or_odd_characters_is_refused_without_repeating_it(text):
    """Such a key would end in an exception that shows it. Nothing is trimmed: more may be missing than can be seen."""
    for make in (Key, Key.of_line):
        with pytest.raises(CannotStart) as error:
            make(text)
        assert error.value.code == "key.shape"
        assert SECRET[:10] not in str(error.value) + repr(error.value)
        assert (error.value.__cause__, error.value.__context__) == (None, None)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", "\n\n"], ids=repr)
def test_the_end_of_its_line_is_no_part_of_a_key(end):
    """A file, an echo and a secret store end a line; that is not pasted along with a key, and does no harm."""
    assert Key.of_line(f"{SECRET}{end}").reveal() == SECRET
    if end:
        with pytest.raises(CannotStart):
            Key(f"{SECRET}{end}")


def test_a_key_is_found_in_any_text_and_masked():
    """Whatever stands around it, and however often."""
    key = Key('a+b/c"d\\e&f<g>h')
    plain = key.reveal()
    for form in (
        plain,
        json.dumps(plain)[1:-1],
        plain.replace("+", "\\u002B"),
        plain.replace("&", "&#38;"),
        plain.replace("&", "&#x26;"),
    ):
        assert key.redact(f"x{form}y{form}z") == f"x{key.masked()}y{key.masked()}z"
    assert key.redact("nothing here") == "nothing here"


LONG = "Ab3+7/Qx%k<9&Zz==0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("AB3+7/QX%K<9&ZZ==0123456789ABCDEF", "••••cdef"),
        ("ab3+7/qx%25k&lt;9&amp;zz==0123456789abcdef", "••••cdef"),
        ("Ab3&plus;7&sol;Qx&percnt;k&lt9&#38Zz&#x3d;&equals;0123456789abcdef", "••••cdef"),
        ("Ab3\\u002b7\\/Qx%k\\u003C9\\\\u0026Zz==0123456789abcdef", "••••cdef"),
        ("Ab3+7/Qx%k\\u0026lt;9&amp;amp;Zz%253D=0123456789abcdef", "••••cdef"),
        ("Ab3%25252B7/Qx%k<9&amp;amp;amp;Zz==0123456789abcdef", "••••cdef"),
        ("A\0b\x003\0+\x007\0/\0Qx%k<9&\r\n\tZz==01234\N{ZERO WIDTH SPACE}56789abc def", "••••cdef"),
        ("Ab3+7/Qx%k<9", "••••cdef"),
        ("Ab3+7/Qx%k<", "Ab3+7/Qx%k<"),
        ("3456789abcdef and Ab3+7/Qx%k<9&Zz==012345678", "••••cdef and ••••cdef"),
        ("QWIzKzcvUXglazw5JlpsPT0wMTIzNDU2Nzg5YWJjZGVm", "QWIzKzcvUXglazw5JlpsPT0wMTIzNDU2Nzg5YWJjZGVm"),
        ("QWIzKzcvUXglazw5Jlp6PT0wMTIzNDU2Nzg5YWJjZGVm", "••••cdef"),
        ("dXNlcjpBYjMrNy9ReCVrPDkmWno9PTAxMjM0NTY3ODlhYmNkZWY=", "••••cdef"),
        ("4162332b372f5178256b3c39265a7a3d3d30313233343536373839616263646566", "••••cdef"),
        ("4162332B372F5178256B3C39265A7A3D3D30313233343536373839616263646566", "••••cdef"),
    ],
    ids=[
        *(
            "capitals",
            "escaped",
            "named and without ends",
            "JSON",
            "one in the other",
            "in three layers",
            "not seen",
            "cut short",
        ),
        *("too short to be one", "ends", "base64 of something else", "base64", "base64 of more", "hex", "HEX"),
    ],
)
def test_a_trace_of_a_key_is_masked_however_it_is_written(text, left):
    """A server writes back what it was sent in its own way, or a part of it; what only looks alike stays as it is."""
    assert Key(LONG).redact(f"<{text}> İ x") == f"<{left}> İ x"


@pytest.mark.parametrize("encode", [base64.standard_b64encode, base64.urlsafe_b64encode])
def test_both_alphabets_of_base64_are_known(encode):
    """One has + and /, the other - and _ in their place."""
    secret = ">>>???>>>???>>>???"
    text = encode(f"k={secret};".encode()).decode()
    assert set(text) & set("+/-_")
    assert Key(secret).redact(f"Basic {text}.") == "Basic ••••>???."


def steps(work: Callable[[], object]) -> int:
    """How many lines of bulkops are carried out for it."""
    count = 0

    def counted(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return counted

    sys.settrace(counted)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize(
    "unit",
    [
        LONG,
        "".join(f"&#{ord(char)};" for char in LONG),
        "".join(f"%25{ord(char):02x}" for char in LONG),
        base64.b64encode(LONG.encode()).decode(),
        LONG.encode().hex(),
        LONG[:13],
        "\\",
        "\\u",
        "&",
        "q",
    ],
)
@pytest.mark.parametrize("secret", [LONG, "q" * 30, "q" * 500, "q"], ids=["a key", "30 q", "500 q", "one q"])
def test_masking_takes_no_more_than_its_share_of_time_for_a_longer_text(secret, unit):
    """A hostile answer must not keep a row on its way: twice the text is twice the work, and each letter has little."""
    key, short = Key(secret), unit * (4000 // len(unit))
    few, many = steps(lambda: key.redact(short)), steps(lambda: key.redact(short * 2))
    assert many <= 2.1 * few + 100
    assert many <= 40 * 2 * len(short)


def test_masking_ends_with_the_time_for_the_call():
    """A server that fills its time with an answer gets none for the reading of it."""
    asked = count()

    def over() -> None:
        if next(asked) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        Key(LONG).redact(LONG.replace("+", "%2525252B"), over)


def test_words_are_no_trace_of_a_key_that_is_made_of_words():
    """Of a key that is not long, only the whole counts; else every answer of the practice server would be riddled."""
    assert Key("practice-key-readonly").redact("The practice-key is read only.") == "The practice-key is read only."
    assert Key("practice-key").redact("Practice-Key here") == "••••-key here"


# Where the key is kept


@pytest.fixture
def use(monkeypatch):
    """Makes a keyring the one in use, until the test is over."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def store(use, monkeypatch) -> InMemory:
    """A store of ours that counts as the operating system's."""
    made = InMemory()
    monkeypatch.setattr(credentials, "SAFE_STORES", (InMemory.__module__,))
    use(made)
    return made


def refusal(act, *values: object) -> CannotStart:
    with pytest.raises(CannotStart) as error:
        act(*values)
    # A repr writes some characters of the key in another way, but not these.
    assert SECRET[:10] not in str(error.value) + repr(error.value.__cause__) + repr(error.value.__context__)
    return error.value


def code_of(act, *values: object) -> str:
    return refusal(act, *values).code


def test_a_stored_key_belongs_to_one_host(store):
    """A key of one environment is never handed to another."""
    store_key(EAST, Key(SECRET))
    assert list(store.kept) == [("bulkops", "app.energycap.com")]
    assert find_key(EAST).reveal() == SECRET
    assert find_key(environment(base_url="https://app.energycap.com")).reveal() == SECRET
    for other in ("us-west", "eu", "fed", "implement"):
        assert code_of(find_key, environment(other)) == "key.missing"


def test_a_stored_key_can_be_forgotten(store):
    """Forgetting says whether there was anything to forget."""
    store_key(EAST, Key(SECRET))
    assert forget_key(EAST) is True
    assert forget_key(EAST) is False
    assert code_of(find_key, EAST) == "key.missing"


def test_a_key_is_read_back_after_it_was_stored(store):
    """A store that loses what it is given is found out at once."""
    store.loses = True
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"
    store.kept["bulkops", EAST.host] = SECRET[:-1]
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"


def test_a_store_is_given_plain_text(store, monkeypatch):
    """Those of the operating systems hand it to C, which may not know our masked kind of text."""
    given = []
    monkeypatch.setattr(store, "set_password", lambda *facts: given.extend(map(type, facts)))
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"
    assert given == [str, str, str]


@pytest.mark.parametrize("error", [keyring.errors.KeyringLocked(SECRET), RuntimeError(SECRET), OSError(SECRET)])
def test_whatever_a_store_raises_is_a_sentence(store, error):
    """A locked, missing or broken store is no traceback, and its text is not repeated."""
    store.fails = error
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"
    assert code_of(forget_key, EAST) == "key.store"
    assert code_of(find_key, EAST) == "key.missing"


def test_a_store_that_never_answers_is_left_after_a_while(store, monkeypatch):
    """It may wait for a window that nobody sees; meanwhile the run would hold its lock. Another key is still taken."""
    monkeypatch.setattr(credentials, "STORE_SECONDS", 0.05)
    silent = threading.Event()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(store, name, lambda *_: silent.wait())
    try:
        for act in (find_key, forget_key):
            assert code_of(act, EAST) == "key.silent"
        assert code_of(store_key, EAST, Key(SECRET)) == "key.silent"
        monkeypatch.setenv("BULKOPS_API_KEY", SECRET)
        assert find_key(EAST).reveal() == SECRET
    finally:
        silent.set()


def in_plain_text() -> InMemory:
    return type("PlaintextKeyring", (InMemory,), {"__module__": "keyrings.alt.file"})()


@pytest.mark.parametrize(
    ("unsafe", "why"),
    [
        (null.Keyring, "(the one in use keeps nothing)"),
        (fail.Keyring, "(none is installed)"),
        (InMemory, "(key_store is not the operating system's own)"),
        (in_plain_text, "(keyrings.alt.file is not the operating system's own)"),
    ],
    ids=["null", "fail", "unknown", "plain text"],
)
def test_a_store_that_is_not_the_operating_systems_is_refused(use, unsafe, why):
    """null loses the key, plain text shows it, and an unknown one may do either. Why, and what to do, is said."""
    store = unsafe()
    use(store)
    told = str(refusal(store_key, EAST, Key(SECRET)))
    assert why in told
    assert "bulkops takes the key from the variable BULKOPS_API_KEY." in told
    assert code_of(forget_key, EAST) == "key.store"
    assert code_of(find_key, EAST) == "key.missing"
    assert not getattr(store, "kept", None)


def test_a_key_is_not_read_from_an_unsafe_store(use):
    """What lies there in plain text may have been put there by anybody."""
    store = in_plain_text()
    store.kept["bulkops", EAST.host] = SECRET
    use(store)
    assert code_of(find_key, EAST) == "key.missing"


@pytest.mark.parametrize("named", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "no.such.Store"])
def test_the_variable_of_the_keyring_library_leads_to_no_unsafe_store(monkeypatch, named):
    """PYTHON_KEYRING_BACKEND may name anything; a name that does not exist is a sentence as well."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", named)
    monkeypatch.setattr(keyring, "get_keyring", keyring.core.load_env)
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"
    assert code_of(forget_key, EAST) == "key.store"
    assert code_of(find_key, EAST) == "key.missing"


def test_of_a_chain_of_stores_only_a_safe_one_is_used(use, store, monkeypatch):
    """keyring may chain a plain-text store before the system's own."""
    plain = in_plain_text()
    chained = chainer.ChainerBackend()
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [plain, store])
    use(chained)
    store_key(EAST, Key(SECRET))
    assert (plain.kept, list(store.kept.values())) == ({}, [SECRET])
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [plain])
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"


def test_the_safe_stores_are_the_operating_systems():
    """Exactly these modules of keyring; every one of them is there."""
    assert {name.rsplit(".", 1)[1] for name in SAFE_STORES} == {
        *("Windows", "macOS", "SecretService", "kwallet", "libsecret")
    }
    backends = Path(keyring.__file__).parent / "backends"
    for name in SAFE_STORES:
        last = name.rsplit(".", 1)[1]
        assert (backends / f"{last}.py").exists() or (backends / last).is_dir()


def test_the_variable_comes_before_the_store(store, monkeypatch):
    """BULKOPS_API_KEY serves where no store is safe; the end of a line from a script does no harm."""
    store_key(EAST, Key("stored-key"))
    monkeypatch.setenv("BULKOPS_API_KEY", f"{SECRET}\r\n")
    assert find_key(EAST).reveal() == SECRET
    monkeypatch.setenv("BULKOPS_API_KEY", "")
    assert find_key(EAST).reveal() == "stored-key"


@pytest.mark.parametrize(
    "text",
    [f" {SECRET}", f"{SECRET} ", f'"{SECRET}"', " ", "\n"],
    ids=["before", "behind", "quotes", "blank", "line end"],
)
def test_the_variable_is_refused_and_not_trimmed(store, monkeypatch, text):
    """``set BULKOPS_API_KEY=… && …`` gives it a blank: that is said, and the stored key does not step in unasked."""
    store_key(EAST, Key("stored-key"))
    monkeypatch.setenv("BULKOPS_API_KEY", text)
    assert code_of(find_key, EAST) == "key.shape"


def test_a_stored_text_that_is_no_key_is_refused(store):
    """Somebody else may have put it there."""
    store.kept["bulkops", EAST.host] = f"{SECRET} "
    assert code_of(find_key, EAST) == "key.shape"


# How a key is entered


def set_key(monkeypatch: pytest.MonkeyPatch, stdin: io.TextIOBase) -> int:
    """``bulkops key set --env us-east`` with this on standard input; its exit code."""
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(SystemExit) as ending:
        commands.main(["key", "set", "--env", "us-east"])
    return int(ending.value.code or 0)


def piped(given: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(given), "utf-8")


def test_a_key_that_another_program_gives_is_stored(store, monkeypatch, capsys):
    """``pass show energycap | bulkops key set --env us-east``: the last four characters are told, for comparing."""
    assert set_key(monkeypatch, piped(f"{SECRET}\n".encode())) == 0
    assert list(store.kept.values()) == [SECRET]
    assert capsys.readouterr().out.startswith(f"The key ••••{SECRET[-4:]} for app.energycap.com is stored;")


GIVEN = {name: text.encode("utf-8", "surrogateescape") for name, text in NO_KEYS.items()}
GIVEN |= {"no text": b"\xff\xfe" + SECRET.encode("utf-16-le"), "a whole file": SECRET.encode() * 1000}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_what_is_no_key_is_not_stored(store, monkeypatch, capsys, given):
    """Refused in a sentence that does not repeat it; nothing is trimmed and kept."""
    assert set_key(monkeypatch, piped(given)) == 2
    out, err = capsys.readouterr()
    assert (store.kept, out) == ({}, "")
    assert err.startswith("bulkops: That is not a key: it holds blanks or characters that a key cannot have. ")


@pytest.mark.filterwarnings("default")
def test_a_window_that_would_show_the_key_is_not_asked_for_it(store, monkeypatch, capsys):
    """getpass would warn and read all the same; here nothing is read."""
    window = Keyboard(SECRET)
    monkeypatch.setattr("getpass.getpass", getpass.fallback_getpass)
    assert set_key(monkeypatch, window) == 2
    assert (store.kept, window.read()) == ({}, SECRET)
    assert "(this window would show what is typed)" in capsys.readouterr().err


AT_A_TERMINAL = """
import hashlib, sys
import keyring
from key_store import InMemory
from bulkops.cli import commands as cli
from bulkops.energycap import credentials
credentials.SAFE_STORES = (InMemory.__module__,)
keyring.set_keyring(InMemory())
try:
    cli.main(["key", "set", "--env", "us-east"])
finally:
    for text in keyring.get_keyring().kept.values():
        print("stored", hashlib.sha256(text.encode()).hexdigest())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (f"{SECRET}\n", 0),
        (f"{SECRET}\r\n\r\n", 0),
        (f" {SECRET}\n", 2),
        (f"{SECRET} \n", 2),
        (f'"{SECRET}"\n', 2),
        (f"{SECRET}\N{ZERO WIDTH SPACE}\n", 2),
        (f"{SECRET}\n{SECRET}\n", 2),
        (f"{SECRET}\n{SECRET}", 2),
        ("\n", 2),
        ("\x04", 2),
        ("\x03", 2),
    ],
    ids=[
        *("a key", "with the line ends of a page", "blank before", "blank behind", "quotes", "not seen"),
        *("two lines", "two lines, the second without an end", "nothing", "Ctrl-D", "Ctrl-C"),
    ],
)
def test_a_key_is_typed_unseen_and_the_whole_paste_counts(typed, code):
    """In a real terminal: nothing that is typed appears, and no half of a broken key is stored or left to the shell."""
    import pty

    paths = os.pathsep.join((str(Path(key_store.__file__).parent), str(Path(bulkops.__file__).parent.parent)))
    child, screen = pty.fork()
    if child == 0:
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
        os.execve(sys.executable, [sys.executable, "-c", AT_A_TERMINAL], environment)
    said = b""
    while b"(it is not shown): " not in said:
        said += os.read(screen, 1000)
    os.write(screen, typed.encode())
    codes = {code}
    while True:
        # Python loses a Ctrl-C that comes just before it begins to wait for the terminal: a person presses it again.
        while typed == "\x03" and not select.select([screen], [], [], 1)[0]:
            os.write(screen, typed.encode())
            codes.add(-signal.SIGINT)  # where the first was not lost, the second may meet a program that is ending
        try:
            more = os.read(screen, 1000)
        except OSError:
            break
        if not more:
            break
        said += more
    _, status = os.waitpid(child, 0)
    os.close(screen)
    assert os.waitstatus_to_exitcode(status) in codes, said.decode()
    assert not any(part in said for part in (SECRET.encode(), SECRET[:10].encode(), SECRET[-10:].encode()))
    stored = f"stored {hashlib.sha256(SECRET.encode()).hexdigest()}".encode()
    assert (stored in said, said.count(b"stored ")) == (code == 0, int(code == 0))


# Our own folder


def test_the_folder_is_where_the_variable_says_and_is_made(tmp_path, monkeypatch):
    """BULKOPS_HOME names it; missing folders are made."""
    monkeypatch.setenv("BULKOPS_HOME", str(tmp_path / "a" / "b"))
    assert home() == tmp_path / "a" / "b"
    assert home().is_dir()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    """A file in its place, say."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BULKOPS_HOME", str(tmp_path / "file" / "b"))
    assert code_of(home) == "ledger.unusable"
    monkeypatch.setenv("BULKOPS_HOME", str(tmp_path / "file"))
    assert code_of(home) == "ledger.unusable"


def test_without_the_variable_the_folder_is_the_platforms_own(tmp_path, monkeypatch):
    """Each user has a ledger of their own."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *_, **__: str(tmp_path / "data"))
    assert home() == tmp_path / "data"


# ---------------------------------------------------------------- the data folder


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("{here}/data", "{here}/data"),
        ("~/data", "{here}/data"),
        ("$HOME/data", "{here}/data"),
        ("${HOME}/data", "{here}/data"),
        ("'{here}/my data'", "{here}/my data"),
        ('"{here}/data"', "{here}/data"),
        ("  {here}/data ", "{here}/data"),
        ("{here}/what? #1 100%", "{here}/what? #1 100%"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the paths are those of other systems")
def test_a_data_folder_is_the_same_wherever_bulkops_is_started(monkeypatch, tmp_path, named, found):
    """What stands for something is put in; the ledger lies in the folder and nowhere else."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BULKOPS_HOME", named.replace("{here}", str(tmp_path)))
    monkeypatch.chdir(tmp_path.parent)
    folder = data_folder.home()
    assert folder == Path(found.replace("{here}", str(tmp_path)))
    with closing(Ledger(folder / "ledger.sqlite3")):
        assert {each.name for each in folder.iterdir()} >= {"ledger.sqlite3"}
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("data", "whole path"),
        ("./data", "whole path"),
        ("../data", "whole path"),
        pytest.param(
            "~nobody-of-that-name/data",
            "no home folder",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="any name is a neighbour of this user's there"),
        ),
        ("$NO_SUCH_VARIABLE/data", "$NO_SUCH_VARIABLE stands for nothing"),
        ("/srv/${NO_SUCH_VARIABLE}/data", "${NO_SUCH_VARIABLE} stands for nothing"),
        ("%NO_SUCH_VARIABLE%/data", "%NO_SUCH_VARIABLE% stands for nothing"),
        ("/srv/%NO_SUCH_VARIABLE%", "%NO_SUCH_VARIABLE% stands for nothing"),
        ('"/srv/data', "quotation mark"),
        ("/srv/data'", "quotation mark"),
    ],
)
def test_a_data_folder_that_would_be_another_each_time_is_refused(monkeypatch, tmp_path, named, why):
    """Each of them would have a ledger of its own, which knows nothing of what was sent: nothing is made."""
    monkeypatch.setenv("BULKOPS_HOME", named)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotStart) as error:
        data_folder.home()
    assert error.value.code == "home.unsure"
    assert why in error.value.sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always names a folder for its user")
def test_a_folder_that_is_there_is_taken_as_it_is_called(monkeypatch, tmp_path):
    """An earlier bulkops may have made it: its ledger must be found."""
    old = tmp_path / "$HOME" / "~"
    old.mkdir(parents=True)
    monkeypatch.setenv("BULKOPS_HOME", str(old))
    assert data_folder.home() == old


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always names a folder for its user")
@pytest.mark.parametrize("named", [None, "", "somewhere"])
def test_without_a_home_folder_there_is_one_sentence(monkeypatch, tmp_path, bulkops, named):
    """No folder called ~ is made in the working folder, and the command ends with 2."""
    monkeypatch.delenv("BULKOPS_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    if named is None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("nobody")))
    else:
        monkeypatch.setenv("HOME", named)
    told = bulkops("history")
    assert told.code == 2
    assert "BULKOPS_HOME" in told.err
    assert list(tmp_path.iterdir()) == []
