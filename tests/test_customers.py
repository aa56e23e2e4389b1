"""Whose data was changed: two customers on one host, two users of one, and names that the operator gives."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asking import Bulkops, Ended, fill, flag
from steps import HERE, flag_edit, plan_of, run_named
from systems import read_to_end

import bulkops
from bulkops.energycap import credentials, environments
from bulkops.energycap.key import Key
from bulkops.ledger import Account, Ledger, Run
from bulkops.ledger.records import apart
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.environment import HOSTS, Environment
from bulkops.model.outcomes import Status, outcome_of
from bulkops.practice.seed_data import OPERATOR
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs.ledger_access import LEDGER

AT = "2026-11-21T10:00:01Z"
ANN = {"user_id": 1, "user_code": "ann", "full_name": "Ann Able"}
BOB = {"user_id": 2, "user_code": "bob", "full_name": "Bob Blue"}


class Host:
    """One host for several keys: each is told its own /me."""

    def __init__(self, bulkops: Bulkops, book: Path, server: PracticeServer) -> None:
        self.bulkops, self.book, self.server = bulkops, book, server
        server.state.choices.environment = ""

    @property
    def sent(self) -> int:
        return len(self.server.writes)

    def tell(self, key: str, **me: Any) -> None:
        """Whose this key is from now on, of which data source; where there is no user, /me says just this, to all."""
        self.server.state.keys[key] = OPERATOR.model_copy(update=me)
        if "user_id" not in me:
            self.server.faults.add(Fault.answer(200, json=me), method="GET", path_contains="/me", times=None)

    def name(self, name: str, key: str, another: bool = False, **me: Any) -> None:
        """As ``key set --name`` does it."""
        where = environments.with_name(environments.environment(None, self.server.base_url), name, another)
        environments.keep_name(where)
        credentials.use_for_session(where, Key(key))
        self.tell(key, **me)

    def plain(self, key: str, **me: Any) -> None:
        """The key of the host without a name."""
        credentials.use_for_session(environments.environment(None, self.server.base_url), Key(key))
        self.tell(key, **me)

    def run(self, name: str = "", *more: str, typed: str | None = None) -> Ended:
        place = ("--env", name) if name else ("--base-url", self.server.base_url)
        asked = ("--json",) if typed else ("--yes", "--json")
        return self.bulkops("run", self.book, *place, *asked, *more, typed=typed)


@pytest.fixture
def host(tmp_path: Path, bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(credentials, "_session", {})
    with PracticeServer() as server:
        yield Host(bulkops, fill(tmp_path / "August.xlsx", flags=[flag(2006)]), server)


RED, BLUE = {"environment": "Red"}, {"environment": "Blue"}


@pytest.mark.parametrize(
    ("first", "second", "another", "sends"),
    [
        ({**ANN, **RED}, {**BOB, **BLUE}, False, True),
        ({**ANN, **RED}, {**ANN, **BLUE}, False, True),
        ({**ANN, **RED}, {**BOB, **RED}, False, False),
        (ANN, BOB, False, False),
        ({**ANN, **RED}, BOB, False, False),
        (ANN, BOB, True, True),
        ({}, {}, True, True),
        ({**ANN, **RED}, {**BOB, **RED}, True, True),
        # EnergyCAP's word that it is one user of one data source goes before the operator's.
        ({**ANN, **RED}, {**ANN, **RED}, True, False),
    ],
)
def test_a_row_is_held_under_every_name_unless_the_customers_surely_differ(host, first, second, another, sends):
    """By what EnergyCAP says of the data source, or by the operator's word; either way round, and in a later run."""
    host.plain("key-one", **first)
    host.name("Acme", "key-two", another, **second)
    assert host.run().statuses == ["done"]
    told = host.run("Acme")
    assert told.statuses == (["done"] if sends else ["already_done"])
    assert host.sent == 1 + sends
    assert host.run("acme").statuses == host.run().statuses == ["already_done"]
    assert host.sent == 1 + sends
    if not sends and first:
        assert "with the key of Ann Able (ann)" in told.document["rows"][0]["message"]
    assert told.document["environment"] == {"name": "Acme", "base_url": host.server.base_url}


def test_renaming_forgets_nothing(host, home):
    """A new name, the same name said anew, lost settings: what was sent under the old one still holds."""
    host.name("Acme", "key-one", True, **ANN)
    assert host.run("Acme").statuses == ["done"]
    host.name("Acme Energy", "key-two", **ANN)
    assert host.run("Acme Energy").statuses == ["already_done"]
    (home / "environments.json").unlink()
    assert host.run("Acme").code == 2
    host.name("ACME", "key-one", True, **ANN)
    assert host.run("Acme").statuses == ["already_done"]
    assert host.sent == 1


@pytest.mark.parametrize("more", [[], [flag(2007)]], ids=["all were done before", "one is new"])
def test_a_key_that_leads_to_other_data_than_before_stops_the_run(host, more):
    """Both are named, nothing is sent, also where a person says yes: what was done may be another customer's rows."""
    host.plain("key-one", **ANN, **RED)
    assert host.run().statuses == ["done"]
    host.tell("key-one", **ANN, **BLUE)
    fill(host.book, flags=[flag(2006), *more])
    for typed in (None, "yes\n"):
        told = host.run(typed=typed)
        assert (told.code, host.sent) == (2, 1)
        assert "“Blue”" in told.document["notes"][-1]
        assert "“Red”" in told.document["notes"][-1]


def test_a_data_source_that_is_not_told_any_more_wants_a_person(host):
    """With --yes nothing is sent; after a yes the rows hold under every name, for nobody knows whose they are."""
    host.plain("key-one", **ANN, **RED)
    host.name("Blue", "key-two", **BOB, **BLUE)
    assert host.run().statuses == ["done"]
    host.tell("key-one", **ANN)
    fill(host.book, flags=[flag(2006), flag(2007)])
    told = host.run()
    assert (told.code, host.sent) == (2, 1)
    assert "“Red”" in told.document["notes"][-1]
    assert host.run(typed="no\n").code == 2
    assert host.run(typed="yes\n").statuses == ["already_done", "done"]
    assert host.run("Blue").statuses == ["done", "already_done"]


def test_an_upload_folder_is_not_run_unattended_where_the_data_source_is_not_told_any_more(host, tmp_path):
    """The workbook stays where it is until somebody has said yes."""
    host.plain("key-one", **ANN, **RED)
    assert host.run().statuses == ["done"]
    host.tell("key-one", **ANN)
    folder = tmp_path / "uploads"
    folder.mkdir()
    fill(folder / "b.xlsx", flags=[flag(2007)])
    told = host.bulkops("inbox", folder, "--base-url", host.server.base_url, "--yes", "--json")
    assert (told.code, host.sent, (folder / "b.xlsx").exists()) == (2, 1, True)
    assert "“Red”" in json.loads(told.out)["workbooks"][0]["notes"][-1]
    told = host.bulkops("inbox", folder, "--base-url", host.server.base_url, typed="yes\n")
    assert (told.code, host.sent, (folder / "Done" / "b.xlsx").exists()) == (0, 2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="there a program does not stop itself by a signal")
@pytest.mark.parametrize(
    ("then", "code"), [({**ANN, **RED}, 0), ({**BOB, **RED}, 2), (RED, 2), ({**ANN, "full_name": "Ann Wed", **RED}, 0)]
)
def test_a_run_is_finished_with_its_own_users_key(host, then, code):
    """Another user's could close batches that are not theirs; a user who is called otherwise now is the same."""

    def interrupted(answer: bytes) -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        return answer

    fill(host.book, flags=[flag(2006), flag(2007)])
    host.plain("key-one", **ANN, **RED)
    host.server.faults.add(Fault.changed(interrupted))
    assert host.run("", "--jobs", "1").code == 3
    host.tell("key-one", **then)
    told = host.bulkops("resume", "--yes", "--json")
    assert (told.code, host.sent) == (code, 1 + (code == 0))
    if code:
        assert "was begun with the key of Ann Able (ann)" in told.document["notes"][-1]


def test_names_have_keys_of_their_own(host, monkeypatch):
    """The variable's key is another customer's, perhaps: a stored one goes before it."""
    monkeypatch.setenv("BULKOPS_API_KEY", "key-of-the-variable")
    host.name("Acme", "key-two", True)
    acme, plain = environments.environment("ACME"), environments.environment(None, host.server.base_url)
    assert credentials.find_key(acme).reveal() == "key-two"
    assert credentials.find_key(plain).reveal() == "key-of-the-variable"
    credentials._session.clear()
    monkeypatch.setattr(credentials, "_keyring_get", lambda where: f"stored for {where.account}".replace(" ", "-"))
    assert credentials.find_key(acme).reveal() == f"stored-for-acme-@-{plain.host}"
    assert credentials.find_key(plain).reveal() == "key-of-the-variable"
    assert credentials.customer_of_key(acme) == acme.customer
    monkeypatch.setattr(credentials, "_keyring_get", lambda _: None)
    assert credentials.find_key(acme).reveal() == "key-of-the-variable"
    assert credentials.customer_of_key(acme) is None


@pytest.mark.parametrize("name", ["", " ", "practice", "US-East", "custom", "x" * 41, "a\x1bb"])
def test_what_cannot_be_a_name(host, name):
    """bulkops' own names, and what would not be read well."""
    with pytest.raises(CannotStart) as error:
        host.name(name, "key-one")
    assert error.value.code == "env.name"


def test_a_name_is_of_one_host(host):
    """Its runs would be told together with another host's."""
    host.name("Acme", "key-one")
    with pytest.raises(CannotStart) as error:
        environments.with_name(Environment("us-east", HOSTS["us-east"]), "acme", False)
    assert error.value.code == "env.name_taken"


def test_a_person_says_whether_a_name_is_another_customers(host, bulkops, monkeypatch, home):
    """Without a word what was sent holds; the flag serves where nobody can be asked."""
    monkeypatch.setattr("bulkops.cli.keys.store_key", lambda where, key: None)
    for name, more, other in (("One", (), False), ("Two", ("--another-customer",), True)):
        monkeypatch.setattr("bulkops.cli.keys._entered", lambda _: "key-typed")
        assert bulkops("key", "set", "--base-url", host.server.base_url, "--name", name, *more).code == 0
        assert bool(environments.environment(name).customer) == other
    assert [each["name"] for each in json.loads((home / "environments.json").read_text(encoding="utf-8"))] == [
        "One",
        "Two",
    ]


AT_A_TERMINAL = """
import sys
import keyring
from key_store import InMemory
from bulkops.cli import commands as cli
from bulkops.energycap import credentials
credentials.SAFE_STORES = (InMemory.__module__,)
keyring.set_keyring(InMemory())
cli.main(["key", "set", "--env", "us-east", "--name", "Acme"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("typed", "other"), [("yes", True), ("Y", True), ("no", False), ("", False), (None, True)])
def test_at_a_terminal_a_new_name_is_asked_about(home, typed, other):
    """Before the key, with the names that there are. A name that there is (None) is not asked about: it stays whose
    it was."""
    import pty

    us_east = environments.environment("us-east")
    environments.keep_name(environments.with_name(us_east, "Older", True))
    if typed is None:
        environments.keep_name(environments.with_name(us_east, "ACME", True))
    paths = os.pathsep.join((str(Path(__file__).parent), str(Path(bulkops.__file__).parent.parent)))
    child, screen = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-c", AT_A_TERMINAL], {**os.environ, "PYTHONPATH": paths})
    said = b""
    answers = [] if typed is None else [(b"press Enter: ", typed)]
    for question, answer_to_it in (*answers, (b"(it is not shown): ", "key-of-acme")):
        while question not in said:
            assert select.select([screen], [], [], 20)[0], said
            said += os.read(screen, 1000)
        os.write(screen, f"{answer_to_it}\n".encode())
    rest, code = read_to_end(screen, child)
    words = " ".join((said + rest).decode().split())
    assert code == 0, words
    assert ("Is “Acme” another customer than us-east, Older," in words) == (typed is not None)
    assert "key-of-acme" not in words
    assert bool(environments.environment("Acme").customer) == other


GOOD = {"name": "Acme", "base_url": "https://app.energycap.com", "customer": "x"}


@pytest.mark.parametrize(
    "stored",
    [
        *("", "{", "null", "5", "[5]", "[[]]", '{"name": "Acme"}', "[" * 100_000),
        *(json.dumps([{**GOOD, **spoilt}]) for spoilt in ({"name": 5}, {"base_url": 5}, {"base_url": "http://a.b"})),
        *(json.dumps([{**GOOD, "customer": spoilt}]) for spoilt in (5, ["x"], {"x": 1})),
        json.dumps([{"name": "Acme", "base_url": GOOD["base_url"]}]),
    ],
)
def test_spoilt_names_are_one_sentence(home, stored):
    """Nobody's name becomes another customer's, and environments without a name go on."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "environments.json").write_text(stored, encoding="utf-8")
    with pytest.raises(CannotStart) as error:
        environments.environment("Acme")
    assert error.value.code == "env.names"
    assert environments.environment("us-east").name == "us-east"


def test_names_that_notepad_has_saved_are_read(home):
    """Notepad puts a byte order mark before the first character."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "environments.json").write_text(json.dumps([GOOD]), encoding="utf-8-sig")
    assert environments.environment("acme").customer == "x"


ACCOUNTS = [
    Account(source, owner, customer)
    for source in (None, "a", "b")
    for owner in (None, "1")
    for customer in (None, "", "x")
]


def test_plan_and_guard_know_the_same_rule(tmp_path):
    """Whatever is known of two runs: the ledger's own guard lets pass what the plan would send, and nothing else."""
    with closing(Ledger(tmp_path / LEDGER)) as ledger:
        for number, first in enumerate(ACCOUNTS):
            for other, second in enumerate(ACCOUNTS):
                plan = plan_of(flag_edit(0, 100 * number + other + 1))
                (step,) = plan.steps
                names = f"a {number} {other}", f"b {number} {other}"
                for name, account in zip(names, (first, second), strict=True):
                    ledger.begin(_run(name, account), plan, HERE)
                ledger.intend(names[0], step, AT)
                ledger.conclude(names[0], outcome_of(step.row, Status.UNKNOWN, started=AT))
                differ = apart(first, second, True)
                prior = ledger.prior_attempts(HERE, [step.idempotency_key], second, "Practice Operator")
                assert (prior == {}) == differ, (first, second)
                if differ:
                    ledger.intend(names[1], step, AT)
                    ledger.conclude(names[1], outcome_of(step.row, Status.DONE, started=AT))
                else:
                    with pytest.raises(MustStop):
                        ledger.intend(names[1], step, AT)
                # The other customer's send is no word on this one's doubt.
                assert names[0] in {each.run for each in ledger.unknown_outcomes()}


def _run(name: str, account: Account) -> Run:
    return replace(run_named(name), account=account)
