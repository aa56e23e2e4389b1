"""What several rooms' tests share: a home of their own, a practice server, the command line."""

from __future__ import annotations

import io
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import canary
import pytest
from asking import Bulkops, Ended, Keyboard

from bulkops.cli import commands
from bulkops.inbox import scan
from bulkops.practice import server
from bulkops.practice.server import PracticeServer

canary.practise_with(canary.key())


LONGEST = (
    *("test_crash", "test_zoo", "test_faults", "test_setup", "test_inbox", "test_closed_console", "test_bombs"),
    *("test_hostile", "test_cli", "test_foreign", "test_presenter", "test_canary", "test_customers", "test_witness"),
    *("test_prepare", "test_processor"),
)
"""Files that begin first, so that none of them is left to one processor in the end."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(canary)
    config.option.loadscopereorder = False  # pytest-xdist would begin with the files of many tests
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So it is for what a script starts in the background; children would not end by Ctrl-C either.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
    bare = {item.nodeid.partition("[")[0] for item in items if not getattr(item, "obj", item).__doc__}
    if bare:
        raise pytest.UsageError(f"A test says in its docstring which rule it holds: {', '.join(sorted(bare))}")


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """bulkops' own folder for one test; nothing of the person who runs the tests is read or touched."""
    test = re.sub(r"[^a-z0-9]+", "_", request.node.name.lower())[:40]
    folder = tmp_path_factory.getbasetemp() / "homes" / f"{test}-{os.urandom(4).hex()}"
    for name in ("BULKOPS_ENV", "BULKOPS_BASE_URL", "BULKOPS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BULKOPS_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody copies anything into an upload folder: the two looks need not be apart."""
    monkeypatch.setattr(scan, "SETTLING", 0.0)


@pytest.fixture
def left_by_version_5(home: Path) -> Path:
    """A data folder whose record real runs of version 5 have left behind."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    script = (Path(__file__).parent / "expected" / "ledger-5-run.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        ledger.executescript(script)
    return home


@pytest.fixture
def practice(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    """A fresh practice server; BULKOPS_BASE_URL and BULKOPS_API_KEY lead to it."""
    with PracticeServer() as started:
        monkeypatch.setenv("BULKOPS_BASE_URL", started.base_url)
        monkeypatch.setenv("BULKOPS_API_KEY", server.PRACTICE_KEY)
        yield started


@pytest.fixture
def bulkops(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bulkops:
    """``bulkops("run", path, "--json", typed="yes")`` → exit code, standard output, standard error.

    Without ``typed`` nobody is there to answer a question.
    """

    def call(*arguments: object, typed: str | None = None) -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Keyboard(typed))
        capsys.readouterr()
        with monkeypatch.context() as patch:
            if typed is not None:
                patch.setattr("sys.stderr.isatty", lambda: True, raising=False)
            with pytest.raises(SystemExit) as ending:
                commands.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ended(int(ending.value.code or 0), said.out, said.err)

    return call
