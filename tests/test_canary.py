"""The key is found in no byte that bulkops writes or prints, whatever becomes of it; and the search would find it."""

from __future__ import annotations

import base64
import html
import http.client
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import traceback
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import quote

import canary
import pytest
from asking import Bulkops, Ended, carried_out, fill, flag, kickout
from misbehaving import GUID, Misbehaving, Talk, answer, energycap

import bulkops
from bulkops.energycap import credentials
from bulkops.energycap.client import Client
from bulkops.energycap.key import Key
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import HOSTS, Environment
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.operations.list_flag_edit import ListFlagEdit
from bulkops.practice import State
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import prepare
from bulkops.runs.control import Control
from bulkops.runs.report import Options
from bulkops.workbook.writing import templates

CANARY = canary.key("echo")
HALF = len(CANARY) // 2
ECHOES = {
    "as it is": CANARY,
    "capitals": CANARY.upper(),
    "JSON": json.dumps(CANARY),
    "JSON twice": json.dumps(json.dumps(CANARY)),
    "JSON's codes": canary.pattern_of(CANARY, "\\u{:04X}"),
    "HTML": html.escape(CANARY),
    "HTML twice": html.escape(html.escape(CANARY)),
    "HTML's codes": canary.pattern_of(CANARY, "&#{};"),
    "HTML's codes without an end": canary.pattern_of(CANARY, "&#{}"),
    "HTML in JSON": json.dumps(html.escape(CANARY)).replace("&", "\\u0026"),
    "a URL": quote(CANARY, safe=""),
    "a URL in a URL": quote(quote(CANARY, safe=""), safe=""),
    "broken over lines": f"{CANARY[:HALF]}\r\n {CANARY[HALF:]}",
    "broken by tags": f"{CANARY[:HALF]}<wbr>{CANARY[HALF:]}",
    "with signs nobody sees": "\N{ZERO WIDTH SPACE}".join(CANARY),
    "cut short": CANARY[:-9],
    "base64": base64.b64encode(f"user:{CANARY}".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(f"u:{CANARY}?".encode()).decode(),
    "hexadecimal digits": CANARY.encode().hex(),
}


@pytest.fixture
def nowhere(tmp_path: Path, home: Path):
    """Searches what a test printed and everything it left, so that the test itself fails."""

    def search(*said: str | bytes | Ended) -> None:
        found = canary.Search()
        found.watch(CANARY)
        for each in said:
            for text in (each.out, each.err) if isinstance(each, Ended) else (each,):
                found.heard("what was printed", text)
        found.folder(tmp_path)
        found.folder(home)
        assert list(found.hits) == []
        assert found.seen

    return search


# A server that repeats the key


def test_a_whole_run_never_writes_or_prints_the_key(tmp_path: Path, home: Path, nowhere) -> None:
    """Not in results, ledger, log, standard output or error, even if the server echoes it in every answer."""
    (workbook, *_) = templates.make_samples(tmp_path)
    state = State()
    state.keys[CANARY] = state.keys["practice-key"]
    environment = {**os.environ, "BULKOPS_API_KEY": CANARY}
    with PracticeServer(state) as server:
        echo = {"message": f"The key {CANARY} is not welcome.", "errors": [CANARY]}
        server.faults.add(Fault.answer(400, json=echo, headers={"X-Echo": CANARY}), times=3)
        server.faults.add(Fault.redirect(f"http://127.0.0.1:9/?key={quote(CANARY)}"), skip=3)
        done = subprocess.run(
            [sys.executable, "-m", "bulkops", "run", str(workbook), "--base-url", server.base_url, "--yes", "--json"],
            env=environment, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert {request.headers["eci-apikey"] for request in server.requests} == {CANARY}
    said = json.loads(done.stdout)
    assert (said["totals"]["failed"], said["totals"]["unknown"]) == (3, 1)
    assert list(home.glob("ledger*"))
    nowhere(done.stdout, done.stderr)


def in_json(text: str) -> bytes:
    return json.dumps({"message": f"Not {text} here", "errors": [text, {text: text}]}, ensure_ascii=False).encode()


def in_raw_json(text: str) -> bytes:
    """Where the text is JSON already."""
    return f'{{"message": {text if text.startswith(chr(34)) else json.dumps("no")}, "key": "{text}"}}'.encode()


def in_a_title(text: str) -> bytes:
    return f"<html><head><title>No {text} here</title></head><body>{text}</body></html>".encode()


def in_a_page(text: str) -> bytes:
    return f"<html><body><p>No <b>{text}</b> here</p></body></html>".encode()


def in_utf_16(text: str) -> bytes:
    return f"No {text} here".encode("utf-16")


BODIES = (in_json, in_raw_json, in_a_title, in_a_page, in_utf_16)


@pytest.mark.parametrize("body", BODIES, ids=[each.__name__ for each in BODIES])
@pytest.mark.parametrize(
    ("status", "expected", "rows"),
    [
        # As many rows as such a status lets a run have; all echoes are spread over them.
        ("200 OK", "unknown", 4),
        ("302 Found", "unknown", 1),
        ("400 Bad Request", "failed", len(ECHOES)),
        ("401 Unauthorized", "failed", 1),
        ("500 Internal Server Error", "unknown", 4),
    ],
)
def test_an_echo_of_the_key_is_taken_out_of_every_answer(
    bulkops: Bulkops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    practice: PracticeServer,
    nowhere,
    status: str,
    expected: str,
    rows: int,
    body,
) -> None:
    """In body, headers, their names, Location and status line; however it is written, in two halves as well."""
    echoes = [" ".join(list(ECHOES.values())[number::rows]) for number in range(rows)]
    single_lines = [" ".join(text.split()) for text in ECHOES.values() if text.isascii()]
    headers = {f"X-Echo-{number}": text for number, text in enumerate(single_lines)}
    headers |= {"X-Half-1": CANARY[:HALF], "X-Half-2": CANARY[HALF:], f"X-{CANARY.encode().hex()}": "1"}
    headers |= {"Location": f"https://energycap.example/?key={quote(CANARY)}", "WWW-Authenticate": f'Key "{CANARY}"'}

    def behave(talk: Talk) -> bool:
        if talk.request.startswith(b"GET"):
            return energycap(talk)
        talk.say(answer(body(echoes.pop()), f"{status} {CANARY}", headers))
        return True

    monkeypatch.setenv("BULKOPS_API_KEY", CANARY)
    practice.state.keys[CANARY] = practice.state.keys["practice-key"]
    workbook = fill(tmp_path / "a.xlsx", flags=[flag(2001 + number, comment=f"{number}") for number in range(rows)])
    with Misbehaving(behave, practice=practice) as server:
        ended = bulkops("run", workbook, "--yes", "--base-url", server.base_url, "--json")
    assert (ended.statuses, echoes) == ([expected] * rows, [])
    nowhere(ended, bulkops("history"), bulkops("history", ended.document["run"]))


def test_a_key_that_looks_like_a_guid_is_no_new_task(
    bulkops: Bulkops, tmp_path: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, nowhere
) -> None:
    """A 200 with the key where the new task's GUID should be: not done, and not in the results."""
    secret = canary.guid()
    monkeypatch.setenv("BULKOPS_API_KEY", secret)
    practice.state.keys[secret] = practice.state.keys["practice-key"]
    practice.faults.add(Fault.answer(200, json={"taskGUId": secret}))
    ended = bulkops("run", fill(tmp_path / "a.xlsx", [kickout(1)]), "--yes", "--json")
    assert ended.statuses == ["unknown"]
    nowhere(ended)


def test_an_answer_before_the_run_may_echo_the_key_too(
    bulkops: Bulkops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nowhere
) -> None:
    """Refused, moved, or a page: what is said of the look whose key it is holds no key, nor does the owner's name."""
    monkeypatch.setenv("BULKOPS_API_KEY", CANARY)
    me = json.dumps({"systemUserId": 7, "systemUserCode": CANARY, "fullName": CANARY}).encode()
    workbook = fill(tmp_path / "a.xlsx", flags=[flag(2001)])
    said = []
    for status, body in (
        ("401 No", in_json(CANARY)),
        ("302 Found", b""),
        ("200 OK", in_a_title(CANARY)),
        ("200 OK", me),
    ):
        text = answer(body, f"{status} {CANARY}", {"Location": f"https://energycap.example/{CANARY}"})
        with Misbehaving(lambda talk, text=text: talk.say(text)) as server:
            said.append(bulkops("run", workbook, "--base-url", server.base_url))
            said.append(bulkops("run", workbook, "--base-url", server.base_url, typed="no\n"))
    assert {ended.code for ended in said} == {2}
    nowhere(*said)


def test_no_part_of_an_answer_leaves_the_client_with_the_key(nowhere) -> None:
    """Names of headers, too: whoever keeps or prints an answer later need not think of it."""
    headers = {f"X-{CANARY.encode().hex()}": CANARY, "X-Half": CANARY[:HALF]}
    with Misbehaving(lambda talk: talk.say(answer(in_json(CANARY), f"400 {CANARY}", headers))) as server:
        client = Client(Environment("custom", server.base_url), Key(CANARY))
        seen = client.send(Call("GET", "/api/v3/me"))
        client.close()
    assert isinstance(seen, Reply)
    assert len(seen.headers) == 3
    nowhere(repr(seen), seen.content)


# Our own defects, and those of others


def test_a_defect_shows_no_key_even_with_the_values_of_all_variables(
    bulkops: Bulkops, tmp_path: Path, home: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, nowhere
) -> None:
    """Neither the log nor what a crash reporter makes of the error, which writes down every frame's locals."""

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(ListFlagEdit, "done", broken)
    workbook = fill(tmp_path / "a.xlsx", flags=[flag(2002)])
    home.mkdir(parents=True)
    with prepare.prepare(workbook, Environment("custom", practice.base_url), home, Options()) as prepared:
        report = carried_out(prepared, Control(), print)
        assert report.internal_error is not None
        locals_too = traceback.TracebackException.from_exception(report.internal_error, capture_locals=True)
        nowhere("".join(locals_too.format()), repr(prepared), repr(report), repr(prepared.key))
    ended = bulkops("run", fill(tmp_path / "b.xlsx", flags=[flag(2004, flag_type_id=2)]), "--yes")
    assert "errors.log" in ended.err
    nowhere(ended)


@pytest.mark.parametrize("bad", [f"{CANARY} ", f"{CANARY}\N{ZERO WIDTH SPACE}", f"'{CANARY}'", f"{CANARY}\n{CANARY}"],
                         ids=["blank", "invisible", "quotes", "two lines"])  # fmt: skip
def test_a_refused_key_is_in_no_frame_of_the_error(monkeypatch: pytest.MonkeyPatch, nowhere, bad: str) -> None:
    """Where it is read, checked and refused, the values of all variables are masked; so is the error's context."""
    monkeypatch.setenv("BULKOPS_API_KEY", bad)
    try:
        credentials.find_key(Environment("eu", HOSTS["eu"]))
    except CannotStart as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        # This test's own frame holds the key under its name.
        frames = [each for each in told.stack if Path(each.filename).name != Path(__file__).name]
    assert len(frames) >= 3
    nowhere(*(f"{each.line} {each.locals}" for each in frames if "canary" not in each.filename), str(told))


def test_what_libraries_print_when_asked_to_debug_holds_no_key(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], nowhere
) -> None:
    """Not http.client's own print-outs, and no logger's lowest level."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 9)
    caplog.set_level(0)
    with PracticeServer() as server:
        server.faults.add(Fault.answer(200, headers={"X-Echo": CANARY}), times=2, method="*")
        client = Client(Environment("custom", server.base_url), Key(CANARY))
        for call in (Call("GET", "/api/v3/me"), Call("PUT", "/api/v3/list/1/flagAction", {"comment": "x"})):
            client.send(call)
        client.close()
    assert len(server.requests) == 2
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    nowhere(*capfd.readouterr(), caplog.text)


@pytest.mark.parametrize("proxy", ["gone", "407", "502", "garbage", "closes", "no address"])
def test_a_proxys_password_is_never_said(monkeypatch: pytest.MonkeyPatch, nowhere, proxy: str) -> None:
    """Whatever it answers, what is told of it has neither its password nor the key; and the key did not go to it."""

    def behave(talk: Talk) -> None:
        if proxy != "closes":
            talk.say(b"\x16\x03\x01" if proxy == "garbage" else answer(b"", f"{proxy} {CANARY}", {"X": CANARY}))

    with Misbehaving(behave) as server:
        port = server.port
        if proxy == "gone":
            with socket.create_server(("127.0.0.1", 0)) as shut:
                port = shut.getsockname()[1]
        address = f"http://pat:{quote(CANARY, safe='')}@127.0.0.1:{port}"
        monkeypatch.setattr(
            urllib.request, "getproxies", lambda: {"https": address if proxy != "no address" else f"http://{CANARY}:x"}
        )
        monkeypatch.setattr(urllib.request, "proxy_bypass", lambda _: False)
        client = Client(Environment("custom", "https://energycap.example"), Key(CANARY))
        seen = client.send(Call("POST", f"/api/v202401/import/bill/task/{GUID}/kickout", {}))
        client.close()
    assert isinstance(seen, NoResponse)
    assert not any(b"eci-apikey" in request.lower() for request in server.requests)
    nowhere(repr(seen))


@pytest.mark.parametrize(
    "arguments",
    [
        ("key", "set", "--env", "eu", CANARY),
        ("key", "set", "--env", "eu", "--key", CANARY),
        ("key", "set", "--env", "eu", f"--key={CANARY}"),
        ("key", "test", "--env", "eu", CANARY),
        ("key", "forget", "--env", "eu", CANARY),
        ("key", "set", "--env", CANARY),
        ("check", "a.xlsx", "--env", CANARY),
        ("check", "a.xlsx", "--base-url", CANARY),
        ("check", "a.xlsx", "--base-url", f"https://{CANARY}@app.energycap.com"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(CANARY, "KEY"),
)
def test_a_key_typed_on_the_command_line_is_refused_and_not_repeated(bulkops: Bulkops, nowhere, arguments) -> None:
    """It stands in the shell's history by then; it need not stand on the screen and in a log as well."""
    ended = bulkops(*arguments)
    assert ended.code == 2
    surplus = len(arguments) > 4 and arguments[0] == "key"
    assert ("A key is never typed there: bulkops asks for it" in ended.err) is surplus
    nowhere(ended)


# The search itself


@pytest.mark.parametrize("form", ECHOES)
def test_the_search_finds_the_key_in_every_form(form: str) -> None:
    """A search that misses is no proof; this one is not made with what masks the key."""
    found = canary.Search()
    found.heard("here", f"before {ECHOES[form]} after")
    assert list(found.hits) == ["a key of this session in here"]


def test_the_search_finds_keys_of_all_sorts_in_all_sorts_of_files(tmp_path: Path) -> None:
    """A text file, a ledger with its log, a part of a workbook, a file's name, UTF-16 in both orders, an odd place."""
    core = secrets.token_hex(10)  # nobody else looks for it
    made, other = canary.key(core=core), "it's another <key> & long"
    found = canary.Search(core)
    found.watch(other)
    (tmp_path / "plain.txt").write_bytes(b"x" * 20_000 + made.encode() + b"x" * 20_000)
    (tmp_path / "border.txt").write_bytes(b"x" * (2**14 - 5) + other.encode() + b"x" * 2**14)
    (tmp_path / "little.txt").write_bytes(made.encode("utf-16-le"))
    (tmp_path / "big.txt").write_bytes(made.encode("utf-16-be"))
    (tmp_path / "other.txt").write_text(html.escape(other))
    (tmp_path / f"{made[:10]}.txt").touch()
    fill(tmp_path / "book.xlsx", flags=[flag(2001, comment=made)])
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    ledger.executescript("PRAGMA journal_mode=WAL; CREATE TABLE runs (who TEXT); CREATE TABLE lines (body TEXT)")
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.execute("INSERT INTO runs VALUES (?)", (made,))
    found.folder(tmp_path)
    ledger.close()
    with zipfile.ZipFile(tmp_path / "book.xlsx") as book:
        (part,) = [name for name in book.namelist() if made[:10].encode() in book.read(name)]
    key, named = "a key of this session in ", "the key i…long in "
    assert set(found.hits) == {
        *(f"{named}{tmp_path / f'{name}.txt'}" for name in ("other", "border")),
        f"{key}{tmp_path}",
        f"{key}{tmp_path / 'book.xlsx'}: {part}",
        *(f"{key}{tmp_path / f'{name}.txt'}" for name in ("plain", "little", "big")),
        f"{key}{tmp_path / 'ledger.sqlite3-wal'}",
    }


def test_a_file_is_looked_through_again_for_a_key_that_became_known_since(tmp_path: Path) -> None:
    """What was seen before is passed over, but only while nothing new is looked for."""
    made = f"first-{secrets.token_hex(10)}-last"  # nobody else looks for it
    (tmp_path / "a.txt").write_text(made)
    found = canary.Search()
    found.folder(tmp_path)
    assert not found.hits
    found.watch(made)
    found.folder(tmp_path)
    assert list(found.hits) == [f"the key f…last in {tmp_path / 'a.txt'}"]


LEAKS = """
import logging, os, subprocess, sys, tempfile, warnings
from pathlib import Path

import canary
import pytest

KEY = canary.key()
SHOW = "import os; print(os.environ['GIVEN'])"
CHILD = [sys.executable, "-c", SHOW]
GIVEN = {**os.environ, "GIVEN": KEY}

def test_clean(tmp_path, capsys):
    (tmp_path / "fine.txt").write_text("nothing")
    assert KEY

def test_file(tmp_path):
    (tmp_path / "leak.txt").write_text(KEY)

def test_removed_file(tmp_path):
    (tmp_path / "gone.txt").write_text(KEY)
    (tmp_path / "gone.txt").unlink()

def test_replaced_file(tmp_path):
    (tmp_path / "replaced.txt").write_text(KEY)
    (tmp_path / "new.txt").write_text("")
    os.replace(tmp_path / "new.txt", tmp_path / "replaced.txt")

def test_overwritten_file(tmp_path):
    (tmp_path / "overwritten.txt").write_text(KEY)
    (tmp_path / "overwritten.txt").write_text("")

def test_folder_for_a_moment():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "moment.txt").write_text(KEY)

def test_file_elsewhere():
    Path(os.environ["ELSEWHERE"], "elsewhere.txt").write_text(KEY)

def test_print():
    print(KEY)

def test_captured_print(capsys):
    print(KEY)
    assert capsys.readouterr().out

def test_log():
    logging.getLogger("some.library").debug("sent %s", KEY)

def test_child_printed():
    assert subprocess.run(CHILD, env=GIVEN, capture_output=True, check=True).stdout

def test_child_was_read():
    with subprocess.Popen(CHILD, env=GIVEN, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline()

def test_child_file(tmp_path):
    subprocess.run([sys.executable, "-c", SHOW], env=GIVEN, stdout=(tmp_path / "child.txt").open("w"), check=True)

def test_arguments():
    subprocess.run([sys.executable, "-c", "", KEY], check=True)

def test_key_of_a_child(tmp_path):
    subprocess.run([sys.executable, "-c", ""], env={**os.environ, "BULKOPS_API_KEY": "a-key-of-its-own"}, check=True)
    (tmp_path / "its own.txt").write_text("A-Key-Of-Its-Own")

def test_key_object(tmp_path):
    from bulkops.energycap.key import Key
    Key("an-object-of-its-own")
    (tmp_path / "object.txt").write_bytes("an-object-of-its-own".encode("utf-16"))

@pytest.mark.filterwarnings("default")
def test_warning():
    warnings.warn(KEY)

def test_fails():
    assert KEY == ""
"""


PATHS = (str(Path(__file__).parent), str(Path(bulkops.__file__).parent.parent))


def suite(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """A suite of its own with the search at work."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), "ELSEWHERE": str(folder)}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of hypothesis and schemathesis take seconds
    plugins = ["-p", "canary", "-p", "xdist.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--basetemp=base", *more],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("processes", [(), ("--numprocesses=2",)], ids=["one process", "two processes"])
def test_every_leak_in_a_suite_is_found_and_named(tmp_path: Path, processes: tuple[str, ...]) -> None:
    """Each way in which a test can write or print a key fails the session, by the test's or the file's name."""
    (tmp_path / "test_leaks.py").write_text(LEAKS, encoding="utf-8")
    done = suite(tmp_path, "--deselect", "test_leaks.py::test_fails", *processes)
    assert done.returncode == 1, done.stdout + done.stderr
    names = [line.split("(")[0].removeprefix("def ") for line in LEAKS.splitlines() if line.startswith("def test_")]
    assert f"{len(names) - 1} passed" in done.stdout
    section = done.stdout.partition("A key was written or printed")[2].partition("short test summary")[0]
    expected = {
        "test_file": "leak.txt", "test_removed_file": "gone.txt", "test_replaced_file": "replaced.txt",
        "test_overwritten_file": "overwritten.txt", "test_folder_for_a_moment": "moment.txt",
        "test_file_elsewhere": "elsewhere.txt", "test_child_file": "child.txt", "test_key_of_a_child": "its own.txt",
        "test_key_object": "object.txt",
    }  # fmt: skip
    for name in names:
        if name not in ("test_clean", "test_fails"):
            assert expected.get(name, f"::{name}") in section, name
    assert "test_clean" not in section
    assert "fine.txt" not in section


def test_what_pytest_tells_of_a_failure_is_searched(tmp_path: Path) -> None:
    """A failing assertion shows what it compared; the key in it is one more thing to mend."""
    (tmp_path / "test_leaks.py").write_text(LEAKS, encoding="utf-8")
    done = suite(tmp_path, "test_leaks.py::test_fails", "test_leaks.py::test_clean")
    assert "the report of test_leaks.py::test_fails" in done.stdout
    assert "test_clean" not in done.stdout


def test_a_clean_suite_passes_and_says_how_much_was_searched(tmp_path: Path) -> None:
    """Nothing is said of a key where there is none; with -s, what was printed is not searched."""
    (tmp_path / "test_leaks.py").write_text(LEAKS, encoding="utf-8")
    done = suite(tmp_path, "test_leaks.py::test_clean", "-s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " MB that were written or printed (not what -s lets through)." in done.stdout


def test_a_process_that_ends_without_a_word_fails_the_session(tmp_path: Path) -> None:
    """What it wrote was not looked at, and that is said."""
    (tmp_path / "test_dies.py").write_text("import os\n\ndef test_dies():\n    os._exit(0)\n", encoding="utf-8")
    done = suite(tmp_path, "--numprocesses=1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "places that nobody looked at: gw0 ended without a report" in done.stdout
