"""Environments, addresses and the key: the key is bound to one host and is never shown."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import ClassVar

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import chainer, fail, null

from bulkops import settings
from bulkops.errors import CannotStart
from bulkops.settings import HOSTS, Environment, Key, environment, find_key, forget_key, home, store_key

SECRET = "canary-key-0123456789-wxyz"
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
    """The hosts of api-contract section 4, in any spelling of the name."""
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
    assert found.identity == url.replace("localhost", "127.0.0.1")


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
    assert Environment("practice", "http://127.0.0.1:1").identity == "practice"
    assert Environment("practice", "http://127.0.0.1:2").identity == "practice"
    assert EAST.identity == HOSTS["us-east"]
    assert EAST.host == "app.energycap.com"
    assert "practice" in Environment("practice", "").host


# The key itself


def test_no_printed_form_of_a_key_shows_it():
    """repr, str, formats, containers, exceptions and the key's own parts are masked; only the last four are shown."""
    key = Key(SECRET)
    shown = [repr(key), str(key), f"{key}", f"{key!r:>60}", f"{key!s}", repr([key, {"k": key}]), repr(ValueError(key))]
    for text in shown:
        assert SECRET[:-4] not in text
        assert "wxyz" in text
    assert key.reveal() == SECRET
    assert not hasattr(key, "__dict__")


def test_a_key_is_never_written_out():
    """It cannot be pickled, copied or put into JSON by accident."""
    key = Key(SECRET)
    for write in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError) as error:
            write(key)
        assert SECRET not in str(error.value)


def test_a_short_key_shows_nothing_of_itself():
    """Four of eleven characters would be too many."""
    assert Key("abcdefghijk").masked() == "••••"
    assert Key("abcdefghijkl").masked() == "••••ijkl"


@pytest.mark.parametrize(
    "text", ["", " ", f" {SECRET}", f"{SECRET}\n", f"{SECRET}\r\n", "a\tb", "kéy", "\x7f", "x" * 1025]
)
def test_a_key_with_blanks_or_odd_characters_is_refused_without_repeating_it(text):
    """Such a key would end in an exception that shows it."""
    with pytest.raises(CannotStart) as error:
        Key(text)
    assert error.value.code == "key.shape"
    assert SECRET not in str(error.value) + repr(error.value)
    assert error.value.__cause__ is None


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
        assert key.scrub(f"x{form}y{form}z") == f"x{key.masked()}y{key.masked()}z"
    assert key.scrub("nothing here") == "nothing here"


# Where the key is kept


class InMemory(keyring.backend.KeyringBackend):
    """A store that keeps keys, and can be told to lose them or to fail."""

    priority: ClassVar[float] = 1
    loses = False
    fails: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.fails:
            raise self.fails
        if not self.loses:
            self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        if self.fails:
            raise self.fails
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        if self.fails:
            raise self.fails
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


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
    monkeypatch.setattr(settings, "SAFE_STORES", (__name__,))
    use(made)
    return made


def code_of(act, *values: object) -> str:
    with pytest.raises(CannotStart) as error:
        act(*values)
    assert SECRET not in str(error.value) + repr(error.value.__cause__)
    return error.value.code


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


@pytest.mark.parametrize("error", [keyring.errors.KeyringLocked(SECRET), RuntimeError(SECRET), OSError(SECRET)])
def test_whatever_a_store_raises_is_a_sentence(store, error):
    """A locked, missing or broken store is no traceback, and its text is not repeated."""
    store.fails = error
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"
    assert code_of(forget_key, EAST) == "key.store"
    assert code_of(find_key, EAST) == "key.missing"


@pytest.mark.parametrize("unsafe", [null.Keyring, fail.Keyring, InMemory], ids=["null", "fail", "unknown"])
def test_a_store_that_is_not_the_operating_systems_is_refused(use, unsafe):
    """null loses the key, plain text shows it, and an unknown one may do either."""
    use(unsafe())
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"
    assert code_of(forget_key, EAST) == "key.store"
    assert code_of(find_key, EAST) == "key.missing"


def test_of_a_chain_of_stores_only_a_safe_one_is_used(use, store, monkeypatch):
    """keyring may chain a plain-text store before the system's own."""
    plain = type("Plain", (InMemory,), {"__module__": "keyrings.alt.file"})()
    chained = chainer.ChainerBackend()
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [plain, store])
    use(chained)
    store_key(EAST, Key(SECRET))
    assert (plain.kept, list(store.kept.values())) == ({}, [SECRET])
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [plain])
    assert code_of(store_key, EAST, Key(SECRET)) == "key.store"


def test_the_safe_stores_are_the_operating_systems():
    """Exactly these modules of keyring; every one of them is there."""
    assert {name.rsplit(".", 1)[1] for name in settings.SAFE_STORES} == {
        *("Windows", "macOS", "SecretService", "kwallet", "libsecret")
    }
    backends = Path(keyring.__file__).parent / "backends"
    for name in settings.SAFE_STORES:
        last = name.rsplit(".", 1)[1]
        assert (backends / f"{last}.py").exists() or (backends / last).is_dir()


def test_the_variable_comes_before_the_store_and_is_trimmed(store, monkeypatch):
    """BULKOPS_API_KEY serves where no store is safe; a line end from a script does no harm."""
    store_key(EAST, Key("stored-key"))
    monkeypatch.setenv("BULKOPS_API_KEY", f" {SECRET}\n")
    assert find_key(EAST).reveal() == SECRET
    monkeypatch.setenv("BULKOPS_API_KEY", "")
    assert find_key(EAST).reveal() == "stored-key"


def test_a_stored_text_that_is_no_key_is_refused(store):
    """Somebody else may have put it there."""
    store.kept["bulkops", EAST.host] = f"{SECRET} "
    assert code_of(find_key, EAST) == "key.shape"


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
