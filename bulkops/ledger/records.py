"""Values ↔ what the ledger stores of them."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from bulkops.ledger.codes import is_code
from bulkops.ledger.schema import INTENT, PLANNED
from bulkops.messages.disk import ARCHIVED as NOT_READ
from bulkops.model.environment import PRACTICE
from bulkops.model.history import PriorAttempt, Resolution, ResolutionKind
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Step
from bulkops.model.requests import Accepted
from bulkops.model.rows import CheckedRow, Problem


@dataclass(frozen=True, slots=True)
class Account:
    """Whose data a key changes, as far as it is known; None stands for what is not, and never counts as another's."""

    source: str | None = None
    """EnergyCAP's word for its data source (``environment`` in the answer of /me)."""
    owner: str | None = None
    """The key owner's systemUserId."""
    customer: str | None = None
    """Which of the customers on the host, in the operator's word; "" for the one without a name of its own."""


def apart(one: Account, other: Account, same_name: bool) -> bool:
    """Do two keys surely lead to two customers' data? ``same_name``: do the key owners have one name?

    What nobody knows is never taken for a difference; and the operator's word that these are two customers does not
    stand against EnergyCAP's own, that it is one user of one data source.
    """
    if one.source and other.source and one.source != other.source:
        return True
    if one.customer is None or other.customer is None or one.customer == other.customer:
        return False
    same_source = one.source is not None and one.source == other.source
    return not (same_source and one.owner is not None and one.owner == other.owner and same_name)


LOOK = "look"
"""Under this name a run's options tell, once it has ended, how many of its done rows are to be looked at: an older
bulkops knows no such status among its totals."""
TOUCH = "touch"
"""Under this name they tell in words, where it was known, what the run was to touch: ``400 edits of 38 lists: 2,113
bills``."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the ledger has it."""

    id: str
    started: str
    ended: str | None
    who: str
    computer: str
    key_owner: str
    environment: str
    base_url: str
    workbook: str
    workbook_sha256: str
    version: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the operator asked for that a resumed run must keep to."""
    results: str | None = None
    totals: Mapping[str, int] | None = None
    """Rows by status, once the run has ended."""
    account: Account = Account()

    @property
    def look(self) -> int:
        """Of its done rows those to be looked at, once the run has ended."""
        found = self.options.get(LOOK, 0)
        return found if isinstance(found, int) else 0

    @property
    def touch(self) -> str:
        """What it was to touch, in words; "" where that was not known."""
        return str(self.options.get(TOUCH, ""))


def now() -> str:
    """UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def new_run_id() -> str:
    """Sortable by time, and unique: ``20261121-101500-4f2a``."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def run_values(run: Run) -> dict[str, Any]:
    """A run's columns. A file name that is not Unicode must not keep a run from being recorded."""
    values = {each.name: getattr(run, each.name) for each in fields(run) if each.name != "account"}
    return {name: printable_text(value) if isinstance(value, str) else value for name, value in values.items()}


def printable_text(name: str) -> str:
    """A name as the ledger can hold it: a file's or a user's need not be Unicode."""
    return name.encode("utf-8", "backslashreplace").decode()


def decided_line(run: str, environment_id: str, outcome: Outcome) -> dict[str, Any]:
    """The line of a row that is not sent."""
    return {
        "run": run,
        "seq": outcome.seq,
        "sheet": outcome.sheet,
        "row": outcome.row,
        "operation": outcome.operation,
        "target": outcome.target,
        "identity": environment_id,
        "state": outcome.status.value,
        "asked": False,
        "released": "",
        "round": 0,
        "outcome": written(outcome),
    }


def planned_line(run: str, environment_id: str, step: Step) -> dict[str, Any]:
    """The line of a row that is to be sent: the exact request without the key, and what the row said."""
    row = step.row
    return {
        **decided_line(run, environment_id, outcome_of(row, Status.NOT_SENT)),
        "state": PLANNED,
        "method": step.call.method,
        "path": step.call.path,
        "body": step.call.encoded().decode("ascii"),
        "fingerprint": step.fingerprint,
        "matter": step.idempotency_key,
        "asked": bool(step.wish),
        "released": step.released,
        "cells": {
            "values": dict(row.values),
            "columns": dict(row.columns),
            "warnings": [warning.message for warning in row.warnings],
            **({"name": step.name} if step.name else {}),
        },
        "outcome": None,
    }


def row_of(line: Mapping[str, Any]) -> CheckedRow:
    """The row of a line that was planned, as ``planned_line`` stored it; the code that released it is its wish."""
    cells = line["cells"]
    warnings = tuple(Problem("", "", message, "") for message in cells["warnings"])
    place = (line["seq"], line["sheet"], line["row"], line["operation"], line["target"])
    values = {**cells["values"], "send_again": line["released"] if is_code(line["released"]) else None}
    return CheckedRow(*place, values, warnings=warnings, columns=cells["columns"])


def written(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON holds it; a name that is not known is left out."""
    facts = {name: getattr(outcome, name) for name in Outcome.__slots__ if name != "name" or outcome.name}
    return {**facts, "status": outcome.status.value, "warnings": list(outcome.warnings)}


def outcome_from(facts: Mapping[str, Any]) -> Outcome:
    """What ``written`` wrote; what a later bulkops adds to it counts for nothing here."""
    known = {name: facts[name] for name in Outcome.__slots__ if name in facts}
    return Outcome(**{**known, "status": Status(facts["status"]), "warnings": tuple(facts["warnings"])})


ARCHIVED = "archived"
"""What an outcome holds of which the archive has the rest."""


def is_short(outcome: Mapping[str, Any] | None) -> bool:
    """Has the archive the rest of an outcome?"""
    return outcome is not None and ARCHIVED in outcome


def status_of(state: str, under_way: bool = False) -> Status:
    """A line still planned was not sent; an attempt without an outcome is unknown. While its run is under way, the one
    is to come, the other on its way."""
    if state == PLANNED:
        return Status.READY if under_way else Status.NOT_SENT
    if state == INTENT:
        return Status.ON_ITS_WAY if under_way else Status.UNKNOWN
    return Status(state)


def outcome_read(line: Mapping[str, Any], attempt: Mapping[str, Any] | None, under_way: bool = False) -> Outcome:
    """What became of a line: of one that was to be sent, by its last attempt."""
    place = (line["seq"], line["sheet"], line["row"], line["operation"], line["target"])
    if line["state"] != PLANNED:
        return _of_archived(place, line) if is_short(line["outcome"]) else outcome_from(line["outcome"])
    name = (line.get("cells") or {}).get("name", "")
    if attempt is None:
        return Outcome(*place, status_of(PLANNED, under_way), name=name)
    if attempt["outcome"] is None:
        known = {"name": name} if under_way else {"name": name, "send_again_code": attempt["code"]}
        return Outcome(*place, status_of(INTENT, under_way), started=attempt["started"], **known)
    told = _of_archived(place, attempt) if is_short(attempt["outcome"]) else outcome_from(attempt["outcome"])
    return replace(told, send_again_code=attempt["code"]) if told.status in (Status.DONE, Status.UNKNOWN) else told


def _of_archived(place: tuple[int, str, int, str, str], found: Mapping[str, Any]) -> Outcome:
    """What the ledger itself knows of an outcome of which the archive has the rest, where that cannot be read."""
    facts = {name: value for name, value in found["outcome"].items() if name != ARCHIVED}
    return Outcome(*place, status_of(found["state"]), **facts, message=NOT_READ, started=found.get("started", ""))


def prior_attempt_of(found: Mapping[str, Any]) -> PriorAttempt:
    """An attempt as a later plan sees it: one that was marked as done is done."""
    said = found["outcome"] or {}
    resolution = (
        Resolution(ResolutionKind(found["verdict"]), found["marker"], found["marked"]) if found["verdict"] else None
    )
    return PriorAttempt(
        found["fingerprint"],
        Status.DONE if resolution and resolution.kind is ResolutionKind.DONE else status_of(found["state"]),
        found["started"],
        found["who"],
        os.path.basename(found["workbook"]),
        found["run"],
        found["code"],
        found["released"],
        Accepted(said.get("new_task_guid"), said.get("selected"), said.get("updated")),
        resolution,
        found["key_owner"] if found["environment"] != PRACTICE else "",
    )
