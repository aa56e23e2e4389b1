"""EnergyCAP's own Python client, in an environment of its own, parses every answer of the practice server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

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
