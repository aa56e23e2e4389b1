"""The command line from end to end: exit codes, one JSON document, terminals, Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import canary
import pytest
from asking import Bulkops, await_write, fill, flag
from systems import read_to_end
from workbooks import column_of, results_of, untouched_parts

from bulkops.cli import commands, keys
from bulkops.ledger import Ledger
from bulkops.model.environment import HOSTS
from bulkops.operations.list_flag_edit import ListFlagEdit
from bulkops.practice.server import Fault, PracticeServer
from bulkops.system.locks import only_one

ROWS = [flag(2006 + number, comment=f"Row {number}") for number in range(4)]


@pytest.fixture
def august(tmp_path: Path) -> Path:
    """Four good rows that are sent one after the other."""
    return fill(tmp_path / "August.xlsx", flags=ROWS)


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check"], "Missing argument 'WORKBOOK'. Try: bulkops check --help"),
        (["run", "a.xlsx", "--jobs", "99"], "Invalid value for '--jobs'"),
        (["run", "a.xlsx", "--job", "2"], "No such option: --job"),
        (["send", "a.xlsx"], "No such command 'send'. Try: bulkops --help"),
        (["run", "a.xlsx", "--env", "eu", "--base-url", "https://x"], "--env and --base-url exclude each other. Try"),
        (["run", "a.xlsx", "--skip-invalid", "--all-or-nothing"], "--skip-invalid and --all-or-nothing exclude"),
        (["template", "August.xls"], "A template's name ends with .xlsx, for example August.xlsx."),
        (["key", "set"], "Missing option '--env'. Try: bulkops key set --help"),
    ],
)
def test_a_mistyped_command_is_one_plain_sentence(bulkops: Bulkops, arguments: list[str], words: str) -> None:
    """Exit 2, on standard error, with where to look; no usage block, no traceback."""
    ended = bulkops(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("bulkops: ")
    assert words in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "missing.xlsx"], ["run", "a.xlsx", "--jobs", "0"], ["run", "missing.xlsx", "--env", "mars"],
     ["run", "a.xlsx", "--base-url", "http://example.com"], ["history", "r1"]],
)  # fmt: skip
def test_a_start_that_fails_is_one_document(bulkops: Bulkops, arguments: list[str]) -> None:
    """With --json also a mistyped command and a missing file answer with exactly one document."""
    ended = bulkops(*arguments, "--json")
    assert ended.code == 2
    assert ended.statuses == []
    (why,) = ended.document["notes"]
    assert why.rstrip(".") in ended.err


def test_without_a_command_the_help_is_shown(bulkops: Bulkops) -> None:
    """Nothing was asked for, so nothing is done: exit 2."""
    ended = bulkops("key")
    assert ended.code == 2
    assert ended.out.startswith("Usage: bulkops ")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a window can always be opened there")
@pytest.mark.parametrize("arguments", [[], ["desktop"], ["desktop", "August.xlsx"]])
def test_without_a_screen_there_is_no_window(
    bulkops: Bulkops, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """bulkops alone opens the window; where none can be shown it says so, and what to type instead."""
    monkeypatch.delenv("DISPLAY", raising=False)
    ended = bulkops(*arguments)
    assert ended.code == 2
    assert "no screen" in ended.err
    assert "bulkops check" in ended.err


def test_help_and_version_end_well(bulkops: Bulkops) -> None:
    """They are what was asked for."""
    assert bulkops("--version").code == bulkops("run", "-h").code == 0


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:{port}", True),
        ("http://localhost:{port}/", True),
        ("http://192.168.0.1:{port}", False),
        ("http://127.0.0.1.example.com", False),
        ("ftp://127.0.0.1:{port}", False),
        ("127.0.0.1:{port}", False),
        ("http://127.0.0.1:{port}/api", False),
    ],
)
def test_base_url_is_https_or_loopback(
    bulkops: Bulkops, practice: PracticeServer, august: Path, url: str, allowed: bool
) -> None:
    """A key goes over plain http to this computer only."""
    ended = bulkops("run", august, "--yes", "--base-url", url.format(port=practice.base_url.rsplit(":")[-1]))
    assert (ended.code, len(practice.writes)) == ((0, 4) if allowed else (2, 0))
    assert allowed or "cannot be used as EnergyCAP's address" in ended.err


def test_the_environment_comes_from_the_option_then_the_variable(
    bulkops: Bulkops, august: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--env, else BULKOPS_BASE_URL, else BULKOPS_ENV, else practice."""

    def chosen(*arguments: str) -> str:
        return str(bulkops("check", august, "--json", *arguments).document["environment"]["name"])

    assert chosen() == "practice"
    monkeypatch.setenv("BULKOPS_ENV", "eu")
    assert chosen() == "eu"
    monkeypatch.setenv("BULKOPS_BASE_URL", HOSTS["fed"])
    assert chosen() == "fed"
    assert chosen("--env", "us-west") == "us-west"
    assert chosen("--base-url", "https://energycap.example") == "custom"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("cell.date", "cell.date: A date where none belongs\n… holds a date.\nFormat the cell as Text"),
        ("`Run.question`", "Run it where somebody can say yes. (Command line: --yes)\n"),
        ("comment.no_effect", "Import note instead.\nThis is a warning: no row is held back by it.\n"),
    ],
)
def test_a_message_is_explained(bulkops: Bulkops, code: str, words: str) -> None:
    """By its code, also that of an operation's own rule: what it is called, what is said, what to do."""
    ended = bulkops("explain", code)
    assert (ended.code, ended.err) == (0, "")
    assert words in ended.out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("cell.dat", "“cell.dat”. Choose one of: cell.date, "),
        ("subtotal", "“subtotal”. Choose one of: row.subtotal."),
        ("zzz", "“zzz”. Choose one of: the codes that docs/messages.md lists."),
        ("k" * 60, "“…”. Choose one of: the codes"),
    ],
)
def test_a_code_that_there_is_not_is_answered_with_those_like_it(bulkops: Bulkops, code: str, words: str) -> None:
    """Exit 2, one sentence; a long text is not repeated, for it may be a key."""
    ended = bulkops("explain", code)
    assert (ended.code, ended.out) == (2, "")
    assert f"There is no message with the code {words}" in ended.err


# ---------------------------------------------------------------- every ending of a run


def well(_: Path, __: PracticeServer, ___: pytest.MonkeyPatch) -> list[str]:
    return ["--yes"]


def some_refused(_: Path, server: PracticeServer, __: pytest.MonkeyPatch) -> list[str]:
    server.faults.add(Fault.status(400), skip=1)
    return ["--yes"]


def key_refused(_: Path, server: PracticeServer, __: pytest.MonkeyPatch) -> list[str]:
    server.faults.add(Fault.status(401), skip=1)
    return ["--yes"]


def answer_lost(_: Path, server: PracticeServer, __: pytest.MonkeyPatch) -> list[str]:
    server.faults.add(Fault.drop_reply())
    return ["--yes"]


def own_defect(_: Path, __: PracticeServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    def broken(*_: object) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(ListFlagEdit, "done", broken)
    return ["--yes"]


def nobody_there(_: Path, __: PracticeServer, ___: pytest.MonkeyPatch) -> list[str]:
    return []


def no_key(_: Path, __: PracticeServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.delenv("BULKOPS_API_KEY")
    monkeypatch.setattr("bulkops.energycap.credentials._keyring_get", lambda _: None)
    return ["--yes"]


def not_reached(_: Path, server: PracticeServer, __: pytest.MonkeyPatch) -> list[str]:
    server.stop()
    return ["--yes"]


def results_unwritable(path: Path, _: PracticeServer, __: pytest.MonkeyPatch) -> list[str]:
    return ["--yes", "--results", str(path.parent / "missing" / "r.xlsx")]


def results_are_the_input(path: Path, _: PracticeServer, __: pytest.MonkeyPatch) -> list[str]:
    return ["--yes", "--results", str(path)]


ENDINGS = [
    (well, 0, ["done"] * 4),
    (some_refused, 1, ["done", "failed", "done", "done"]),
    (key_refused, 3, ["done", "failed", "not_sent", "not_sent"]),
    (answer_lost, 4, ["unknown", "done", "done", "done"]),
    (own_defect, 4, ["unknown", "not_sent", "not_sent", "not_sent"]),
    (nobody_there, 2, ["not_sent"] * 4),
    (no_key, 2, ["not_sent"] * 4),
    (not_reached, 2, ["not_sent"] * 4),
    (results_unwritable, 2, ["not_sent"] * 4),
    (results_are_the_input, 2, ["not_sent"] * 4),
]


@pytest.mark.parametrize(("arrange", "code", "statuses"), ENDINGS, ids=[ending[0].__name__ for ending in ENDINGS])
def test_every_ending_is_one_document_with_every_row(
    bulkops: Bulkops,
    august: Path,
    practice: PracticeServer,
    monkeypatch: pytest.MonkeyPatch,
    arrange: Callable[[Path, PracticeServer, pytest.MonkeyPatch], list[str]],
    code: int,
    statuses: list[str],
) -> None:
    """The exit code is the documented one, the totals add up, a run that did not begin left nothing and says why."""
    before = untouched_parts(august), august.read_bytes()
    ended = bulkops("run", august, *arrange(august, practice, monkeypatch), "--json")
    assert (ended.code, ended.statuses) == (code, statuses)
    assert untouched_parts(august) == before[0]
    told = ended.document
    if code == 2:
        assert august.read_bytes() == before[1]
        assert (told["run"], told["results"], practice.writes) == (None, None, [])
        assert told["notes"][-1] in ended.err
        assert told["rows"][0]["code"]
    else:
        assert len(practice.writes) == 4 - statuses.count("not_sent")
        lines = results_of(Path(told["results"]))
        assert len(lines) == 1 + 4


def test_our_own_defect_is_a_sentence_and_a_log(
    bulkops: Bulkops, august: Path, practice: PracticeServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator reads a sentence, the details are in a log that is named, and no key is in it."""
    own_defect(august, practice, monkeypatch)
    ended = bulkops("run", august, "--yes")
    log = home / "errors.log"
    assert "bulkops met an error of its own (ZeroDivisionError) and stopped. Nothing more was sent; " in ended.err
    assert str(log) in ended.err
    assert "Traceback" not in ended.out + ended.err
    assert "ZeroDivisionError: ours" in log.read_text(encoding="utf-8")
    assert "practice-key" not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_defect_before_the_run_ends_with_2(
    bulkops: Bulkops, august: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    """Nothing was sent, and other programs still get their document."""

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("ours \ud800")

    monkeypatch.setattr("bulkops.runs.prepare.load", broken)
    ended = bulkops("run", august, "--yes", *(["--json"] if as_json else []))
    assert ended.code == 2
    assert "error of its own (ZeroDivisionError)" in ended.err
    assert ended.document["rows"] == [] if as_json else ended.out == ""


def test_a_defect_in_telling_keeps_the_exit_code(
    bulkops: Bulkops, august: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent decides, not whether it could be shown."""

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("bulkops.cli.presenting.show", broken)
    practice.faults.add(Fault.drop_reply())
    ended = bulkops("run", august, "--yes")
    assert ended.code == 4
    assert "error of its own" in ended.err


# ---------------------------------------------------------------- the question and the options


@pytest.mark.parametrize(("typed", "code", "sent"), [("yes\n", 0, 4), ("no\n", 2, 0), ("", 2, 0)])
def test_a_run_is_confirmed(
    bulkops: Bulkops, august: Path, practice: PracticeServer, typed: str, code: int, sent: int
) -> None:
    """Somebody is asked, on standard error, what is to be sent where and as whom; only yes sends."""
    ended = bulkops("run", august, typed=typed)
    assert (ended.code, len(practice.writes)) == (code, sent)
    assert "About to send 4 list flag edits" in ended.err
    assert "as        Practice Operator (operator) (key ••••-key)" in ended.err
    assert sent or "Nothing was sent, as you wished." in ended.err


def test_without_a_terminal_nothing_is_sent(bulkops: Bulkops, august: Path, practice: PracticeServer) -> None:
    """Nobody can answer, so --yes must have been said."""
    ended = bulkops("run", august)
    assert (ended.code, practice.writes) == (2, [])
    assert (
        "there is nobody here to confirm the run. Run it where somebody can say yes. (Command line: --yes)" in ended.err
    )
    assert "4 rows: Not sent 4." in ended.out


def test_ctrl_c_before_the_rows_are_read_sends_nothing(
    bulkops: Bulkops, august: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a no, not a crash."""

    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("bulkops.runs.prepare.load", interrupted)
    ended = bulkops("run", august, "--yes", "--json")
    assert (ended.code, ended.document["notes"]) == (2, ["Nothing was sent, as you wished. Run it when you are ready."])


def test_wrong_rows_do_not_stop_good_ones_unless_asked(
    bulkops: Bulkops, tmp_path: Path, practice: PracticeServer
) -> None:
    """By default, and with --skip-invalid, the good rows run; --all-or-nothing sends none and writes nothing."""
    path = fill(tmp_path / "August.xlsx", flags=[flag("x"), flag(2006)])
    refused = bulkops("run", path, "--yes", "--all-or-nothing", "--json")
    assert (refused.code, refused.statuses, practice.writes) == (2, ["invalid", "not_sent"], [])
    assert not list(tmp_path.glob("*results*"))
    assert bulkops("history").out == "Nothing has been run on this computer yet.\n"
    assert bulkops("run", path, "--yes", "--json").statuses == ["invalid", "done"]
    ended = bulkops("run", path, "--yes", "--skip-invalid", "--json")
    assert (ended.code, ended.statuses) == (1, ["invalid", "already_done"])


def test_send_again_repeats_what_is_done(bulkops: Bulkops, august: Path, practice: PracticeServer) -> None:
    """Only the option, or Yes in the row, sends a done row once more."""
    for arguments, sent in (([], 4), ([], 4), (["--send-again"], 8)):
        assert bulkops("run", august, "--yes", *arguments).code == 0
        assert len(practice.writes) == sent


def test_hidden_rows_run_only_when_asked(bulkops: Bulkops, tmp_path: Path, practice: PracticeServer) -> None:
    """Else they are told, and not sent."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006, hidden=True), flag(2007)])
    ended = bulkops("run", path, "--yes", "--json")
    assert (ended.code, ended.statuses) == (1, ["not_sent", "done"])
    assert "Hidden rows, not to be sent: 1." in ended.document["notes"][0]
    assert bulkops("check", path, "--json").statuses == ["not_sent", "already_done"]
    ended = bulkops("run", path, "--yes", "--include-hidden", "--json")
    assert (ended.code, ended.statuses) == (0, ["done", "already_done"])


def test_results_go_where_they_are_wanted(
    bulkops: Bulkops, august: Path, practice: PracticeServer, tmp_path: Path
) -> None:
    """--results names the file; nothing is put beside the workbook."""
    (tmp_path / "elsewhere").mkdir()
    wanted = tmp_path / "elsewhere" / "mine.xlsx"
    ended = bulkops("run", august, "--yes", "--json", "--results", wanted)
    assert ended.document["results"] == str(wanted)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["August.xlsx"]


def test_another_run_is_not_joined(bulkops: Bulkops, august: Path, practice: PracticeServer, home: Path) -> None:
    """One run at a time on one ledger; who is running is said."""
    home.mkdir(parents=True)
    with only_one(home, "Pat, July.xlsx, since 10:00"):
        ended = bulkops("run", august, "--yes", "--json")
    assert (ended.code, ended.statuses, practice.writes) == (2, ["not_sent"] * 4, [])
    assert "Pat, July.xlsx, since 10:00" in ended.err


def test_practice_needs_no_server_and_no_key(bulkops: Bulkops, august: Path) -> None:
    """Without --env a run starts a practice EnergyCAP of its own and ends it with the run."""
    ended = bulkops("run", august, "--yes", "--json")
    assert (ended.code, ended.statuses) == (0, ["done"] * 4)
    assert ended.document["environment"]["base_url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("name", ["A & B's “Büro” 100%.xlsx", "日本 #1 [x].xlsm"])
@pytest.mark.parametrize("sheet", ["It's & “ours”", "Ä + B (1) #2"])
def test_awkward_names_work(bulkops: Bulkops, tmp_path: Path, practice: PracticeServer, name: str, sheet: str) -> None:
    """Blanks, umlauts, quotes, & and # in folder, file and sheet names."""
    folder = tmp_path / "Fälle & „mehr“"
    folder.mkdir()
    path = fill(folder / name, flags=[flag(2006)], names=("Kickouts", sheet))
    ended = bulkops("run", path, "--yes", "--json")
    assert (ended.code, ended.document["rows"][0]["sheet"]) == (0, sheet)
    assert Path(ended.document["results"]) == folder / name
    assert bulkops("run", path, "--yes").code == 0


# ---------------------------------------------------------------- the other commands


def test_check_sends_nothing(bulkops: Bulkops, august: Path, practice: PracticeServer) -> None:
    """It says what each row would come to; what EnergyCAP knows is read."""
    ended = bulkops("check", august)
    assert (ended.code, {each.method for each in practice.requests}) == (0, {"GET"})
    assert "4 rows: Ready 4." in ended.out
    assert bulkops("check", august, "--json").document["totals"]["ready"] == 4


def test_a_template_can_be_made_and_checked(bulkops: Bulkops, tmp_path: Path) -> None:
    """What to do next is said with the path in quotes, ready to be copied."""
    path = tmp_path / "My August.xlsx"
    ended = bulkops("template", path)
    assert (ended.code, ended.out) == (0, f'Made {path}. Fill in its rows, then run: bulkops check "{path}"\n')
    assert bulkops("template", path).code == 2


def test_a_record_of_an_earlier_version_says_how_far_it_is_brought_up_to_date(
    bulkops: Bulkops, left_by_version_5: Path
) -> None:
    """Once, on standard error: on a terminal in one line that counts."""
    listed = bulkops("history", "--json")
    assert len(json.loads(listed.out)["runs"]) == 5
    said = "Bringing the record up to date … {} %"
    assert listed.err == f"{said.format(0)}\n{said.format(100)}\n"
    assert bulkops("history", "--json").err == ""
    (left_by_version_5 / "ledger before version 6.sqlite3").replace(left_by_version_5 / "ledger.sqlite3")
    counted = bulkops("history", "--json", typed="").err
    assert counted.startswith(f"\r{said.format(0)}\r{said.format(10)}\r")
    assert counted.endswith(f"\r{said.format(100)}\n")
    assert counted.count("\n") == 1


def test_history_tells_runs_and_rows(bulkops: Bulkops, august: Path, practice: PracticeServer) -> None:
    """All runs, one run's rows, both as words and as a document."""
    run = bulkops("run", august, "--yes", "--json").document
    listed = json.loads(bulkops("history", "--json").out)["runs"]
    assert [(each["run"], each["totals"], each["workbook"]) for each in listed] == [
        (run["run"], {"done": 4}, str(august))
    ]
    assert "Done 4" in bulkops("history").out
    assert bulkops("history", run["run"], "--json").document["rows"] == run["rows"]
    assert "4 rows: Done 4." in bulkops("history", run["run"]).out


def test_a_key_is_tried_by_asking_whose_it_is(
    bulkops: Bulkops, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner is said, the key is masked, nothing is changed."""
    monkeypatch.setitem(HOSTS, "implement", practice.base_url)
    ended = bulkops("key", "test", "--env", "implement")
    host = practice.base_url.removeprefix("http://")
    assert ended.out == f"The key ••••-key works at {host} as Practice Operator (operator).\n"
    assert practice.writes == []


def test_a_key_is_typed_once_and_never_shown(bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for at the terminal; of what was typed only the last four characters are told."""
    kept: list[str] = []
    secret = canary.key("typed")
    monkeypatch.setattr(keys, "store_key", lambda _, key: kept.append(key.reveal()))
    monkeypatch.setattr("getpass.getpass", lambda _: secret)
    ended = bulkops("key", "set", "--env", "eu", typed="")
    assert (ended.code, kept) == (0, [secret])
    assert ended.out.startswith(f"The key ••••{secret[-4:]} for app-eu.energycap.com is stored;")
    monkeypatch.setattr(keys, "forget_key", lambda _: False)
    assert bulkops("key", "forget", "--env", "eu").out == "There was no key for app-eu.energycap.com.\n"


def test_practice_has_a_key_of_its_own(bulkops: Bulkops) -> None:
    """No real key can be stored for it by mistake."""
    assert bulkops("key", "set", "--env", "practice").code == 2


# ---------------------------------------------------------------- consoles


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_an_old_code_page_is_written_in_look_alikes(
    august: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Curly quotes, dashes and arrows become plain ones; nothing ends the program."""
    practice.faults.add(Fault.answer(400, json={"message": "“Größe” · 日本 → …"}))
    screens = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    monkeypatch.setattr("sys.stdout", screens[0])
    monkeypatch.setattr("sys.stderr", screens[1])
    with pytest.raises(SystemExit) as ending:
        commands.main(["run", str(august), "--yes"])
    assert ending.value.code == 1
    screens[0].flush()
    said = screens[0].buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "> Correct the row and run the workbook again." in said
    assert len({len(line) for line in said.splitlines() if line.startswith(("|", "+"))}) == 1
    assert "?? " in said
    assert "Results: " in said
    if encoding == "ascii":
        assert '"Gr??e" - ???? > .' in said


def test_nothing_from_outside_steers_the_terminal(bulkops: Bulkops, august: Path, practice: PracticeServer) -> None:
    """Neither a server's words nor a file's name, on standard output or standard error."""
    evil = Fault.answer(400, json={"message": "\x1b[2J\x1b]0;owned\x07 no"})
    practice.faults.add(evil, times=None)
    ended = bulkops("run", august, "--yes")
    practice.faults.add(Fault.answer(403, json={"message": "\x1b[2J no"}), method="GET")
    refused = bulkops("run", august, "--yes")
    missing = bulkops("check", "\x1b[2J\x07.xlsx")
    assert (ended.code, refused.code, missing.code) == (1, 2, 2)
    said = "".join(each.out + each.err for each in (ended, refused, missing))
    assert not set(said) & set("\x1b\x07")


def test_a_reader_that_leaves_changes_nothing(august: Path, practice: PracticeServer) -> None:
    """``bulkops run … | head``: the exit code is that of the rows, and no error is shown."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bulkops", "run", str(august), "--yes"],
            stdout=writer, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(practice.writes) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal_the_question_and_the_bar_appear(august: Path, practice: PracticeServer) -> None:
    """In a real terminal of 80 columns: asked, answered, shown, and no line is wider."""
    import pty

    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "50"}
    child, screen = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "bulkops", "run", str(august)], environment)
    said = b""
    while b"press Enter: " not in said:
        said += os.read(screen, 1000)
    os.write(screen, b"yes\n")
    rest, code = read_to_end(screen, child)
    assert code == 0
    words = (said + rest).decode()
    for expected in ("About to send 4 list flag edits", "Sending", "4/4", "time left", "4 rows: Done 4."):
        assert expected in words


# ---------------------------------------------------------------- Ctrl-C


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process on Windows")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_finishes_the_row_in_flight(august: Path, practice: PracticeServer, name: str) -> None:
    """The row on its way is recorded, the rest say not sent, the results are written, exit 3, and nothing is lost."""
    practice.faults.add(Fault.slow(1.0), times=None)
    child = subprocess.Popen(
        [sys.executable, "-m", "bulkops", "run", str(august), "--yes", "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    await_write(practice, child)
    child.send_signal(getattr(signal, name))
    out, err = child.communicate(timeout=60)
    told = json.loads(out)
    assert [row["status"] for row in told["rows"]] == ["done", "not_sent", "not_sent", "not_sent"]
    assert (child.returncode, len(practice.writes), len(practice.state.applied)) == (3, 1, 1)
    assert b"Stopping: the rows on their way are finished and recorded first." in err
    assert told["notes"] == ["The run stopped early. You stopped the run."]
    assert column_of(Path(told["results"]), "Status") == ["Done", "Not sent", "Not sent", "Not sent"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process on Windows")
def test_ctrl_c_after_the_last_row_is_too_late(
    bulkops: Bulkops, august: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the run is being closed and told, Ctrl-C cannot make it look as if nothing had been sent."""
    close = Ledger.close

    def closing(ledger: Ledger) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        close(ledger)

    monkeypatch.setattr(Ledger, "close", closing)
    ended = bulkops("run", august, "--yes", "--json")
    assert (ended.code, ended.statuses) == (0, ["done"] * 4)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_run_under_nohup_outlives_its_terminal(august: Path, practice: PracticeServer) -> None:
    """A hang-up that the operator asked to ignore stops nothing."""
    practice.faults.add(Fault.slow(0.5))
    child = subprocess.Popen(
        ["nohup", sys.executable, "-m", "bulkops", "run", str(august), "--yes", "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    await_write(practice, child)
    child.send_signal(signal.SIGHUP)
    told = json.loads(child.communicate(timeout=60)[0])
    assert (child.returncode, [row["status"] for row in told["rows"]]) == (0, ["done"] * 4)


def test_ctrl_c_elsewhere_is_no_crash(bulkops: Bulkops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent: exit 2, no traceback."""

    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("bulkops.workbook.writing.templates.make_template", interrupted)
    ended = bulkops("template", tmp_path / "August.xlsx")
    assert (ended.code, ended.out, ended.err) == (2, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process on Windows")
def test_practice_serves_until_ctrl_c(bulkops: Bulkops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says its address and key; a run goes there; Ctrl-C ends it well."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bulkops", "practice", "--trouble"], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert child.stdout is not None
    said = child.stdout.readline() + child.stdout.readline()
    assert child.stdout.readline() == "The first row is carried out, but its answer is lost.\n"
    url = said.rsplit(" ", 1)[-1].strip()
    monkeypatch.setenv("BULKOPS_API_KEY", "practice-key")
    assert "the variable BULKOPS_API_KEY to practice-key" in said
    one = fill(tmp_path / "One.xlsx", flags=[flag(2006)])
    assert bulkops("run", one, "--yes", "--base-url", url).code == 4
    own = fill(tmp_path / "Own.xlsx", flags=[flag(4711)])
    for command in (("check", own), ("run", own, "--yes")):
        (row,) = bulkops(*command, "--json", "--base-url", url).document["rows"]
        assert "EnergyCAP has no list 4711" in row["message"]
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 0
    child.stdout.close()


def test_a_port_in_use_is_said(bulkops: Bulkops, practice: PracticeServer) -> None:
    """With another one to be chosen."""
    ended = bulkops("practice", "--port", practice.base_url.rsplit(":", 1)[-1])
    assert ended.code == 2
    assert "Choose another port, or leave it to bulkops. (Command line: --port N)" in ended.err


@pytest.mark.parametrize("lost", ["results in the workbook", "a run that was cut short"])
def test_what_may_have_been_sent_from_elsewhere_is_not_sent_with_yes(
    bulkops: Bulkops, tmp_path: Path, home: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Exit code 2 and nothing sent; a person is asked, and has to say yes."""
    book = fill(tmp_path / "August.xlsx", flags=[flag(2006)])
    if lost == "results in the workbook":
        assert bulkops("run", book, "--yes").code == 0
        monkeypatch.setenv("BULKOPS_HOME", str(home.with_name(f"{home.name} of another computer")))
    else:
        mark = "Sam on back-office, since noon\nback-office\n"
        (tmp_path / ".August.xlsx.bulkops").write_text(mark, encoding="utf-8")
    sent = len(practice.writes)
    told = bulkops("run", book, "--yes", "--json")
    assert (told.code, told.statuses, len(practice.writes)) == (2, ["not_sent"], sent)
    assert told.document["rows"][0]["code"] == "run.elsewhere"
    assert "may have been sent from another computer" in told.document["notes"][-1]
    if lost != "results in the workbook":
        (tmp_path / ".August.xlsx.bulkops").write_text(mark, encoding="utf-8")
    told = bulkops("run", book, typed="\n")
    assert (told.code, len(practice.writes)) == (2, sent)
    assert "Send them all the same? Type yes" in told.err
    if lost != "results in the workbook":
        (tmp_path / ".August.xlsx.bulkops").write_text(mark, encoding="utf-8")
    assert bulkops("run", book, typed="yes\n").code == 0
    assert len(practice.writes) == sent + 1


def test_check_and_history_say_what_a_run_with_a_locked_ledger_said(
    bulkops: Bulkops, tmp_path: Path, home: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome that the ledger could not take stands beside it; that another program holds it is said as that."""
    book = fill(tmp_path / "August.xlsx", flags=[flag(2006), flag(2007)])
    intend = Ledger.intend
    held: list[sqlite3.Connection] = []

    def then_hold(self: Ledger, *arguments: Any) -> None:
        intend(self, *arguments)
        with self._store.reading() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        held.append(sqlite3.connect(home / "ledger.sqlite3", isolation_level=None, check_same_thread=False))
        held[0].execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(Ledger, "intend", then_hold)
    told = bulkops("run", book, "--yes", "--json", "--jobs", "1")
    assert (told.code, told.statuses, len(practice.writes)) == (3, ["done", "not_sent"], 1)
    assert "held by another program" in told.document["notes"][-1]
    assert "disk space" not in told.out
    run = told.document["run"]
    checked = json.loads(bulkops("check", book, "--json").out)["rows"]
    assert [row["status"] for row in checked] == ["already_done", "ready"]
    assert bulkops("history", run, "--json").statuses == told.statuses
    assert json.loads(bulkops("history", "--json").out)["runs"][0]["totals"] == {"done": 1, "not_sent": 1}
    held[0].close()
