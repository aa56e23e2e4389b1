"""Rows by field name in a real workbook, and what a command of bulkops left behind."""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps import task
from workbooks import typed_sheets

from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome
from bulkops.operations import all_operations
from bulkops.operations.base import columns
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare
from bulkops.runs.confirmation import carry_out
from bulkops.runs.control import Control
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.report import Options, Report

STATUSES = {"done", "failed", "invalid", "already_done", "unknown", "not_sent"}
Rows = Sequence[Mapping[str, Any]]


def kickout(number: int, **values: Any) -> dict[str, Any]:
    """A good kickout row."""
    return {"task_guid": task(number), "batch_mode": "new self-contained batch", **values}


def flag(list_id: int, **values: Any) -> dict[str, Any]:
    """A good flag row."""
    return {"list_id": list_id, "comment": "Checked", **values}


def fill(
    path: Path, kickouts: Rows = (), flags: Rows = (), names: tuple[str, str] = ("Kickouts", "Flag edits")
) -> Path:
    """A workbook with a sheet for each operation that has rows; ``hidden`` among a row's values hides it."""
    sheets: dict[str, list[list[Any]]] = {}
    hidden = []
    for key, rows, name in (("kickout_reimport", kickouts, names[0]), ("list_flag_edit", flags, names[1])):
        if rows:
            fields = columns([all_operations()[key]]).values()
            values = [[row.get(field.name) for field in fields] for row in rows]
            sheets[name] = [[field.heading for field in fields], *values]
            hidden += [(name, number) for number, row in enumerate(rows, 2) if row.get("hidden")]
    return typed_sheets(path, sheets, hidden)


def await_write(server: PracticeServer, child: subprocess.Popen[Any] | None = None) -> None:
    """Until a write has come, of a child that lives. Looked for now and then: the child needs the processor, too."""
    while not server.writes:
        assert child is None or child.poll() is None
        time.sleep(0.01)


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document it must be; its totals must add up."""
        found: dict[str, Any] = json.loads(self.out)
        totals = dict(found["totals"])
        assert set(totals) - {"rows", "ready"} == STATUSES
        assert totals.pop("rows") == sum(totals.values()) == len(found["rows"])
        assert totals == {status: [row["status"] for row in found["rows"]].count(status) for status in totals}
        return found

    @property
    def statuses(self) -> list[str]:
        """Each row's status, in the document's order."""
        return [row["status"] for row in self.document["rows"]]


class Keyboard(io.StringIO):
    """Standard input as a terminal with somebody at it."""

    def isatty(self) -> bool:
        return True


Bulkops = Callable[..., Ended]
"""``bulkops("run", path, "--json", typed="yes")``: the fixture of that name."""


def run(path: Path, where: Environment, folder: Path, stop_after: int | None = None, **options: bool) -> Report:
    """A run of one row after the other, which the operator stops after some of them."""
    control = Control()
    seen: list[Outcome] = []

    def see(outcome: Outcome) -> None:
        seen.append(outcome)
        if len(seen) == stop_after:
            control.stop("You stopped the run.")

    with prepare.prepare(path, where, folder, Options(jobs=1, **options)) as prepared:
        return carried_out(prepared, control, see)


def carried_out(run: PreparedRun, control: Control | None = None, seen: Callable[[Outcome], object] = str) -> Report:
    """What became of a run to which the answer is yes, whatever there was to be sure of."""
    return carry_out(run, lambda _: None, lambda _: nullcontext(seen), control or Control())
