"""The key is found in no byte that a run writes or prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from bulkops import templates
from bulkops.practice import State
from bulkops.practice.server import Fault, PracticeServer

CANARY = "Canary-9f8e7d6c5b4a-Key!~"


def test_the_key_is_never_written_or_printed(tmp_path: Path) -> None:
    """Not in results, ledger, log, standard output or error, even if the server echoes it in every answer."""
    (workbook, *_) = templates.make_samples(tmp_path)
    state = State()
    state.keys[CANARY] = state.keys["practice-key"]
    environment = {**os.environ, "BULKOPS_HOME": str(tmp_path / "home"), "BULKOPS_API_KEY": CANARY}
    with PracticeServer(state) as server:
        echo = {"message": f"The key {CANARY} is not welcome.", "errors": [CANARY]}
        server.faults.add(Fault.refuse(400, json=echo, headers={"X-Echo": CANARY}), times=3)
        server.faults.add(Fault.redirect(f"http://127.0.0.1:9/?key={CANARY}"), skip=3)
        done = subprocess.run(
            [sys.executable, "-m", "bulkops", "run", str(workbook), "--base-url", server.base_url, "--yes", "--json"],
            env=environment, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert {request.headers["eci-apikey"] for request in server.requests} == {CANARY}
    said = json.loads(done.stdout)
    assert (said["totals"]["failed"], said["totals"]["unknown"]) == (3, 1)
    searched = {"stdout": done.stdout, "stderr": done.stderr}
    for path in tmp_path.rglob("*"):
        if path.is_file():
            searched[path.name] = path.read_bytes()
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as archive:
                    searched |= {f"{path.name}/{part}": archive.read(part) for part in archive.namelist()}
    assert any("results" in name and "sheet1" in name for name in searched)
    for name, content in searched.items():
        assert CANARY.encode() not in content, name
        assert CANARY.encode("utf-16-le") not in content, name
