"""EnergyCAP's own Python client, in an environment of its own, parses every answer of the practice server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bulkops.energycap.account import senders
from bulkops.energycap.inquiry import Inquiry
from bulkops.energycap.key import Key
from bulkops.energycap.tables import Wanted, look_up, recent_imports
from bulkops.model.environment import Environment
from bulkops.model.facts import Task
from bulkops.practice import State, server
from bulkops.practice.choices import Choices
from bulkops.practice.server import PracticeServer, Request, make_app

HERE = Path(__file__).parent
LOCK = HERE / "official_client.lock"
INSTALL = ("-m", "pip", "install", "--quiet", "--no-input", "--retries", "1", "--require-hashes", "-r", str(LOCK))


def end_of(*command: str | Path, seconds: float, typed: str = "") -> tuple[int, str]:
    """The command's exit code and what it said."""
    ended = subprocess.run(
        command,
        check=False,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
    )
    return ended.returncode, ended.stdout.strip()


@pytest.fixture(scope="module")
def client_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the client. Where it cannot be installed the test is skipped, but not if BULKOPS_OFFICIAL_CLIENT
    is set."""
    folder = tmp_path_factory.mktemp("official-client")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    try:
        for command in ((sys.executable, "-m", "venv", folder), (python, *INSTALL)):
            code, said = end_of(*command, seconds=600)
            if code:
                raise OSError(said[-2000:])
    except (OSError, subprocess.TimeoutExpired) as why:
        if os.environ.get("BULKOPS_OFFICIAL_CLIENT"):
            raise
        pytest.skip(f"EnergyCAP's own client cannot be installed here: {why}")
    return python


def test_the_official_client_parses_every_answer(client_python: Path):
    """Every operation that bulkops calls or will call, with whichever dates and null keys EnergyCAP may write."""
    settings = [Choices(), Choices(null_keys=False, dates="utc"), Choices(dates="offset", errors="html")]
    with ExitStack() as stack:
        servers = [stack.enter_context(PracticeServer(State(choices=each))) for each in settings]
        urls = [each.base_url for each in servers]
        code, said = end_of(client_python, HERE / "official_client.py", *urls, seconds=300, typed=server.PRACTICE_KEY)
    assert (code, said.splitlines()) == (0, ["every answer was parsed"] * 3), said
    declared = {
        (method.upper(), path) for path, item in make_app(State()).app.openapi()["paths"].items() for method in item
    }
    assert {called(request, declared) for request in servers[0].requests} == declared


def test_the_official_client_agrees_with_all_that_is_looked_up(client_python: Path):
    """Every name and every count that bulkops shows is what EnergyCAP's own client reads of the same practice data."""
    with PracticeServer() as practice:
        practice.state.known["list"][2004].bills[3] = replace(practice.state.known["list"][2004].bills[3], held=True)
        code, said = end_of(
            *(client_python, HERE / "official_facts.py", practice.base_url), seconds=300, typed=server.PRACTICE_KEY
        )
        assert code == 0, said
        theirs = json.loads(said)
        tasks = frozenset(each[0] for each in theirs["tasks"])
        counts = frozenset(each[0] for each in theirs["counts"])
        wanted = Wanted(True, True, True, True, frozenset({503}), tasks, counts)
        with senders(Environment("practice", practice.base_url), Key(server.PRACTICE_KEY)) as connect:
            facts, imports = look_up(wanted, Inquiry(connect)), recent_imports(date(2026, 7, 2), Inquiry(connect))
    ours: dict[str, Any] = {
        "flag types": [[each.id, each.name] for each in (facts.flag_types or {}).values()],
        "lists": [
            [each.id, each.name, each.kind, each.owner and each.owner.name] for each in (facts.lists or {}).values()
        ],
        "users": [[each.id, each.name, each.code, each.active] for each in (facts.users or {}).values()],
        "batches": [
            [each.id, each.code, each.status, each.owner and each.owner.id, each.bills]
            for each in facts.batches.values()
        ],
        "tasks": [shown(each) for each in facts.tasks.values()],
        "imports": [shown(each) for each in imports.tasks or ()],
        "counts": [
            [number, each.bills, each.cost, each.unit, each.flagged, each.held] for number, each in facts.counts.items()
        ],
    }
    assert (facts.untold, imports.untold, len(ours["imports"])) == ((), (), 25)
    for what, found in ours.items():
        assert sorted(found) == sorted(theirs[what]), what


def shown(task: Task) -> list[Any]:
    """As official_facts.py has it."""
    told = [task.guid, task.type_code, task.status, task.ended, task.note, task.file, task.imported]
    return [*told, task.begin and task.begin.isoformat()]


def called(request: Request, declared: set[tuple[str, str]]) -> tuple[str, str] | None:
    """The operation of a request."""
    for method, path in declared:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
        if method == request.method and re.fullmatch(pattern, request.path):
            return method, path
    return None


def test_the_client_and_all_it_needs_are_pinned():
    """By version and by hash: pip takes nothing else."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if line and line[0] not in "# "]
    assert "energycapsdk==8.2309.4878 \\" in named
    assert all("==" in line and "--hash=sha256:" in lines[lines.index(line) + 1] for line in named)
