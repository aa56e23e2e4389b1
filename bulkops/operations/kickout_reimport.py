"""Kickout reimport: send the kickouts of a bill import through the import again.

Its rules are those of EnergyCAP's page on the call, which carries no file: EnergyCAP zips the kickout files of the task and imports them once more. A second
call on the same task may import bills twice, so a task is done once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bulkops.messages.errors import Message
from bulkops.model.facts import Facts
from bulkops.model.requests import Accepted, Call, Reply
from bulkops.model.rows import CheckedRow
from bulkops.operations._batches import Forecast, phrases
from bulkops.operations.base import Field, Named, Operation, Sample, Thing, answered
from bulkops.operations.guid_cells import read_guid
from bulkops.operations.numeric_cells import read_id
from bulkops.operations.text_cells import read_choice, read_code, read_flag, read_text

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import Check, DataFrameSchema

USE_EXISTING, NEW, SELF_CONTAINED, USE_PENDING, SMART = MODES = (
    "use existing batch",
    "new batch",
    "new self-contained batch",
    "use pending batch",
    "smart batch",
)
CODE_LENGTH = 255
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def _practice_task(number: int) -> str:
    return f"7d9e4c10-5b3a-4f6e-9c21-{number:012d}"


class KickoutReimport(Operation):
    """``POST /api/v202401/import/bill/task/{taskGuid}/kickout``"""

    key = "kickout_reimport"
    title = "Kickout reimport"
    plural = "kickout reimports"
    about = "Sends the kickouts of one bill import through the import again. Mend their causes in EnergyCAP first."
    sheet = "Kickouts"
    target = "task_guid"
    repeats_by_target = True
    headings = frozenset({"task_guid", "batch_mode"})
    permission = ("BillsAndBatches", "Create")
    fields = (
        Field(
            "task_guid",
            "Task GUID",
            read_guid,
            "The GUID of a bill import task whose status is “completed with kickouts”, or name | GUID. One row per task.",
            ("taskGuid",),
            ("Import task GUID", "Bill import task GUID", "Kickout task GUID", "Task GUID of the import"),
            required=True,
            text=True,
            width=40,
            example=_practice_task(1),
            kind="task",
        ),
        Field(
            "batch_mode",
            "Batch mode",
            read_choice({mode: mode for mode in MODES}, "batch_mode.choice"),
            "Where the bills go. “new batch” CLOSES your open batch, and fails with several open, unless Leave existing "
            "batches open is Yes. “new self-contained batch” is CLOSED at once. A pending batch stays pending: its bills "
            "are void until it is opened or closed.",
            ("batchMode", "batchSettings.batchMode"),
            required=True,
            choices=MODES,
            width=25,
            example=NEW,
        ),
        Field(
            "existing_open_batch_id",
            "Existing open batch ID",
            read_id,
            "Only for “use existing batch”: its id, or name | id. Blank: your one open batch; with none or several open, "
            "EnergyCAP refuses. Another user's batch needs the permission Bills and Batches: Manage.",
            ("existingOpenBatchId", "batchSettings.existingOpenBatchId"),
            width=14,
            example="501",
            kind="open batch",
        ),
        Field(
            "leave_open",
            "Leave existing batches open",
            read_flag,
            "Only for “new batch”. Yes leaves your other batches open; blank or No closes your open batch, and fails if "
            "several are open.",
            ("leaveExistingBatchesOpen", "batchSettings.leaveExistingBatchesOpen"),
            choices=("Yes", "No"),
            width=16,
        ),
        Field(
            "new_batch_code",
            "New batch code",
            read_code,
            "Required for “smart batch”; optional for the two new modes (EnergyCAP makes one up). Up to 255 characters. "
            "Smart batch: if the batch of that code is closed, EnergyCAP makes a new one with a GUID appended to the code.",
            ("newBatchCode", "batchSettings.newBatchCode"),
            text=True,
            width=22,
            example="AUG-2026",
        ),
        Field(
            "pending_batch_id",
            "Pending batch ID",
            read_id,
            "Required for “use pending batch”, and only for that: its id, or name | id. The batch stays pending: its bills "
            "are void until it is opened or closed.",
            ("pendingBatchId", "batchSettings.pendingBatchId"),
            width=12,
            example="502",
            kind="pending batch",
        ),
        Field(
            "comment",
            "Comment",
            read_text,
            "Why failed audits are resolved. Has an effect only with Save as resolved = Yes.",
            text=True,
            width=34,
        ),
        Field(
            "import_note",
            "Import note",
            read_text,
            "A note kept with the new import. Optional.",
            ("importNote",),
            text=True,
            width=28,
        ),
        Field(
            "save_as_resolved",
            "Save as resolved",
            read_flag,
            "Yes: audits that fail are marked resolved straight away. That may also release their bills for export.",
            ("saveAsResolved",),
            choices=("Yes", "No"),
            width=12,
        ),
    )
    rules = (
        Message(
            "batch_mode.choice",
            "Batch mode is not one of the five",
            "Batch mode “{value}” is not one of the five.{extra}",
            "Type one of: use existing batch, new batch, new self-contained batch, use pending batch, smart batch.",
        ),
        Message(
            "new_batch_code.required",
            "Smart batch without a batch code",
            "New batch code is blank, but “smart batch” needs one.",
            "Type the batch code to look for, up to 255 characters.",
        ),
        Message(
            "new_batch_code.length",
            "Batch code too long",
            "New batch code “{value}” is longer than 255 characters.",
            "Type a code of at most 255 characters.",
        ),
        Message(
            "pending_batch_id.required",
            "Use pending batch without its id",
            "Pending batch ID is blank, but “use pending batch” needs one.",
            "Type the id of the pending batch, for example 502.",
        ),
        Message(
            "task_guid.repeated",
            "The same task twice in the workbook",
            "Task GUID {value} already stands in {other}; a second reimport can import its bills twice.",
            "Delete one of the two rows. To send it twice on purpose, run the workbook with one of them: the results then name the code that repeats it.",
        ),
        Message(
            "existing_open_batch_id.unused",
            "Existing open batch ID has no use here",
            "Existing open batch ID {value} only applies to “use existing batch”; it will not be sent.",
            "Clear the cell, or choose “use existing batch”.",
            warning=True,
        ),
        Message(
            "leave_open.unused",
            "Leave existing batches open has no use here",
            "Leave existing batches open “{value}” only applies to “new batch”; it will not be sent.",
            "Clear the cell, or choose “new batch”.",
            warning=True,
        ),
        Message(
            "new_batch_code.unused",
            "New batch code has no use here",
            "New batch code “{value}” has no use with this batch mode; it will not be sent.",
            "Clear the cell, or choose a mode that makes a new batch.",
            warning=True,
        ),
        Message(
            "pending_batch_id.unused",
            "Pending batch ID has no use here",
            "Pending batch ID {value} only applies to “use pending batch”; it will not be sent.",
            "Clear the cell, or choose “use pending batch”.",
            warning=True,
        ),
        Message(
            "comment.no_effect",
            "Comment without Save as resolved",
            "Comment “{value}” has no effect without Save as resolved = Yes.",
            "Type Yes in Save as resolved, or use Import note instead.",
            warning=True,
        ),
        Message(
            "batch_mode.closes_another",
            "A new batch that closes an earlier row's",
            "“{value}” closes the batch that the row of {other} makes.",
            "Type Yes in Leave existing batches open to keep that one open. Do nothing if it is to be closed.",
            warning=True,
            effect="will close the batch that an earlier row makes",
        ),
        Message(
            "batch_mode.several_open",
            "A new batch while several may be open",
            "“{value}” fails if several of your batches are open by then: the row of {other} may leave one more open.",
            "Put this row above that one, or type Yes in Leave existing batches open here.",
            warning=True,
            effect="will fail if earlier rows leave several of your batches open",
        ),
        Message(
            "existing_open_batch_id.several_open",
            "No batch named while several may be open",
            "Existing open batch ID is blank, which fails if several of your batches are open by then: "
            "the row of {other} may leave one more open.",
            "Type the id of the open batch that is meant.",
            warning=True,
            effect="will fail if earlier rows leave several of your batches open",
        ),
        Message(
            "existing_open_batch_id.closed_before",
            "An open batch that may be closed by then",
            "Existing open batch ID {value} may be closed by then: the row of {other} closes your open batch.",
            "Put this row above that one, or type Yes in Leave existing batches open there.",
            warning=True,
            effect="will fail if an earlier row closes their batch",
        ),
    )
    samples = (
        Sample(
            {
                "task_guid": _practice_task(1),
                "batch_mode": USE_EXISTING,
                "existing_open_batch_id": 501,
                "import_note": "Meter serial numbers corrected",
            }
        ),
        Sample({"task_guid": _practice_task(2), "batch_mode": USE_EXISTING}),
        Sample({"task_guid": _practice_task(3), "batch_mode": SELF_CONTAINED, "new_batch_code": "KICK-0003"}),
        Sample({"task_guid": _practice_task(4), "batch_mode": SELF_CONTAINED}),
        Sample({"task_guid": _practice_task(5), "batch_mode": USE_PENDING, "pending_batch_id": 502}),
        Sample({"task_guid": _practice_task(6), "batch_mode": SMART, "new_batch_code": "MICRO-07"}),
        Sample(
            {
                "task_guid": _practice_task(7),
                "batch_mode": NEW,
                "leave_open": "Yes",
                "new_batch_code": "00102",
                "save_as_resolved": "Yes",
                "comment": "Rates checked with the vendor",
            }
        ),
        *(
            Sample(
                {"task_guid": _practice_task(20 + number), "batch_mode": mode, "pending_batch_id": pending},
                sheet="mixed",
            )
            for number, (mode, pending) in enumerate(((USE_PENDING, 502), (USE_PENDING, 502), (SELF_CONTAINED, None)))
        ),
        *(
            Sample(
                {"task_guid": _practice_task(30 + number), "batch_mode": SELF_CONTAINED},
                sheet="hidden",
                hidden=number == 1,
            )
            for number in range(3)
        ),
        *(
            Sample(cells, note, "mistakes")
            for note, cells in (
                ("no task GUID", {"batch_mode": NEW}),
                ("a GUID cut short", {"task_guid": "7d9e4c10-5b3a-4f6e-9c21", "batch_mode": NEW}),
                ("no batch mode", {"task_guid": _practice_task(11)}),
                ("a batch mode that does not exist", {"task_guid": _practice_task(12), "batch_mode": "new batches"}),
                ("smart batch without a code", {"task_guid": _practice_task(13), "batch_mode": SMART}),
                ("pending batch without its id", {"task_guid": _practice_task(14), "batch_mode": USE_PENDING}),
                (
                    "an id with decimals",
                    {"task_guid": _practice_task(15), "batch_mode": USE_EXISTING, "existing_open_batch_id": 12.5},
                ),
                ("a code too long", {"task_guid": _practice_task(16), "batch_mode": NEW, "new_batch_code": "X" * 256}),
                ("neither yes nor no", {"task_guid": _practice_task(17), "batch_mode": NEW, "leave_open": "maybe"}),
                (
                    "values that will not be sent",
                    {
                        "task_guid": _practice_task(18),
                        "batch_mode": SELF_CONTAINED,
                        "leave_open": "Yes",
                        "comment": "No effect",
                    },
                ),
                ("the same task a second time", {"task_guid": _practice_task(18), "batch_mode": SELF_CONTAINED}),
                ("a task without kickouts", {"task_guid": _practice_task(51), "batch_mode": SELF_CONTAINED}),
            )
        ),
    )

    def schema(self) -> DataFrameSchema:
        """Every rule of EnergyCAP's page on the call, and our warnings."""
        from bulkops.operations._rules import cell_rule, is_given, is_value, longest, not_repeated, row_rule, schema

        def only_for(name: str, *modes: str) -> Check:
            # An unreadable or missing mode says nothing yet about which values it leaves unused.
            others = [mode for mode in MODES if mode not in modes]
            return row_rule(
                name, f"{name}.unused", lambda frame: ~(is_given(frame[name]) & is_value(frame["batch_mode"], *others))
            )

        def needed_by(name: str, mode: str) -> Check:
            return row_rule(
                name, f"{name}.required", lambda frame: is_given(frame[name]) | ~is_value(frame["batch_mode"], mode)
            )

        return schema(
            self.fields,
            [
                needed_by("new_batch_code", SMART),
                needed_by("pending_batch_id", USE_PENDING),
                only_for("existing_open_batch_id", USE_EXISTING),
                only_for("leave_open", NEW),
                only_for("new_batch_code", SMART, NEW, SELF_CONTAINED),
                only_for("pending_batch_id", USE_PENDING),
                row_rule(
                    "comment",
                    "comment.no_effect",
                    lambda frame: (
                        ~is_given(frame["comment"])
                        | (is_given(frame["save_as_resolved"]) & ~is_value(frame["save_as_resolved"], False))
                    ),
                ),
                not_repeated("task_guid", "task_guid.repeated", self.repeats),
            ],
            {"new_batch_code": [cell_rule("new_batch_code.length", longest(CODE_LENGTH))]},
        )

    def names(self, values: Mapping[str, Any]) -> Iterator[Named]:
        """The task, and the batch if the mode is for one that is there."""
        yield Named("task_guid", "task", values["task_guid"].lower())
        if values["batch_mode"] == USE_EXISTING and values["existing_open_batch_id"] is not None:
            yield Named("existing_open_batch_id", "open batch", values["existing_open_batch_id"])
        if values["batch_mode"] == USE_PENDING:
            yield Named("pending_batch_id", "pending batch", values["pending_batch_id"])

    def repeats(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A task, whatever the settings."""
        return frame[["task_guid"]]

    def call(self, values: Mapping[str, Any]) -> Call:
        """The request; fields that do not apply or are blank are left out."""
        mode = values["batch_mode"]
        settings = {
            "batchMode": mode,
            "existingOpenBatchId": values["existing_open_batch_id"] if mode == USE_EXISTING else None,
            "leaveExistingBatchesOpen": values["leave_open"] if mode == NEW else None,
            "newBatchCode": values["new_batch_code"] if mode in (NEW, SELF_CONTAINED, SMART) else None,
            "pendingBatchId": values["pending_batch_id"] if mode == USE_PENDING else None,
        }
        body = {
            "batchSettings": {name: value for name, value in settings.items() if value is not None},
            "comment": values["comment"],
            "importNote": values["import_note"],
            "saveAsResolved": values["save_as_resolved"],
        }
        guid = values["task_guid"]
        if not _GUID.fullmatch(guid):
            raise ValueError("a task GUID must be matched whole before it enters a URL")
        return Call(
            "POST",
            f"/api/v202401/import/bill/task/{guid}/kickout",
            {name: value for name, value in body.items() if value is not None},
        )

    def accepted(self, reply: Reply) -> Accepted | None:
        """``200 {"taskGUId": "<uuid>"}``, that spelling."""
        guid = answered(reply).get("taskGUId")
        # A GUID of zeros is what a server answers that has no task to name.
        if not isinstance(guid, str) or not _GUID.fullmatch(guid) or not guid.strip("0-"):
            return None
        return Accepted(new_task_guid=guid.lower())

    def done(self, values: Mapping[str, Any], accepted: Accepted) -> tuple[str, str]:
        """The call only starts an import: accepted is not yet imported. What becomes of the batch goes with it."""
        batch = {
            NEW: "" if values["leave_open"] is True else " If a batch of yours was open, it is closed now.",
            SELF_CONTAINED: " EnergyCAP closes the new batch by itself.",
            USE_PENDING: f" Batch {values['pending_batch_id']} stays pending: its bills are void until it is opened or closed.",
            SMART: " Its batch may bear another code than the row's: look for codes that begin with "
            f"{values['new_batch_code']}. If it is pending, its bills are void until it is opened or closed.",
        }.get(values["batch_mode"], "")
        return (
            f"EnergyCAP accepted the reimport and started the new task.{batch}",
            "Look at the new task in Bill Imports when it has finished: it may leave kickouts of its own.",
        )

    def refused(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """EnergyCAP rewrites the mode of a smart batch before it looks at the rest."""
        if values["batch_mode"] != SMART:
            return "", ""
        return (
            "EnergyCAP puts another batch mode in the place of “smart batch”, so its words may name one that is not in "
            "the row.",
            f"See in EnergyCAP whose batch {values['new_batch_code']} is, and whether it is open or pending.",
        )

    def how_to_check(self, target: str) -> str:
        """Where the new import would show."""
        return (
            f"Do not send it again yet. Open Bill Imports in EnergyCAP and look for an import started from task {target} "
            "at the time in Started. "
            "If it is there, do nothing more."
        )

    def asks(self, values: Mapping[str, Any]) -> str:
        """Which task's kickouts go into which batch, and what else comes of it."""
        code = values["new_batch_code"]
        named = f" with the code {code}" if code else ""
        existing = values["existing_open_batch_id"]
        into = {
            USE_EXISTING: f"open batch {existing}" if existing else "your open batch",
            NEW: f"a new batch{named}{'' if values['leave_open'] is True else ', and close your open batch'}",
            SELF_CONTAINED: f"a new batch of their own{named}, which is closed at once",
            USE_PENDING: f"pending batch {values['pending_batch_id']}, where they are void until it is opened or closed",
            SMART: f"the batch that goes by the code {code}, or a new one (with a GUID appended to the code if that batch "
            "is closed)",
        }[values["batch_mode"]]
        resolved = ", and mark failed audits as resolved" if values["save_as_resolved"] is True else ""
        return f"Reimport kickouts into {into}{resolved}: task {values['task_guid']}."

    def effects(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """What happens to batches and to the bills in them."""
        new = (
            "will create a new batch"
            if values["leave_open"] is True
            else "will close your open batch and start a new one, or fail if several are open"
        )
        batch = {
            NEW: new,
            SELF_CONTAINED: "will create a new batch that is closed at once",
            USE_PENDING: "will put bills into a pending batch, where they are void until it is opened or closed",
            SMART: "may create a new batch, with a GUID appended to its code if the batch of that code is closed",
        }.get(values["batch_mode"], "")
        resolved = "will mark failed audits as resolved, which may also release their bills for export"
        return tuple(filter(None, (batch, resolved if values["save_as_resolved"] is True else "")))

    def between(self, rows: Sequence[CheckedRow]) -> Iterator[tuple[CheckedRow, str, str, CheckedRow]]:
        """Rows that find another batch open than they would by themselves, as EnergyCAP's page says of the batch mode."""
        closes: CheckedRow | None = None
        """The last row that closes the open batch and makes a new one."""
        adds: CheckedRow | None = None
        """The last row that may make an open batch beside the others."""
        for row in rows:
            mode, batch = row.values["batch_mode"], row.values["existing_open_batch_id"]
            if mode == USE_EXISTING and batch is None and adds:
                yield row, "existing_open_batch_id", "existing_open_batch_id.several_open", adds
            elif mode == USE_EXISTING and batch is not None and closes:
                yield row, "existing_open_batch_id", "existing_open_batch_id.closed_before", closes
            elif mode == SMART or (mode == NEW and row.values["leave_open"] is True):
                adds = row
            elif mode == NEW:
                if adds:
                    yield row, "batch_mode", "batch_mode.several_open", adds
                elif closes:
                    yield row, "batch_mode", "batch_mode.closes_another", closes
                closes, adds = row, None

    def foresee(self, rows: Sequence[CheckedRow], facts: Facts, owner: int | None) -> Iterator[str]:
        """Which batches are closed, made, used, or left pending."""
        forecast = Forecast(facts, owner)
        for row in rows:
            yield from phrases(row.values, forecast, MODES)

    def side_by_side(self, values: Mapping[str, Any]) -> tuple[object, object] | None:
        """Self-contained reimports make batches of their own; pending ones leave the batch as it is."""
        mode = values["batch_mode"]
        if mode == SELF_CONTAINED and values["new_batch_code"] is None:
            return (self.key, mode), values["task_guid"]
        if mode == USE_PENDING:
            return (self.key, mode), values["task_guid"]
        return None

    def touches(self, values: Mapping[str, Any]) -> tuple[Thing, ...]:
        """The task, and the batch its bills go to; a row that does not name its batch may touch any."""
        mode, code = values["batch_mode"], values["new_batch_code"]
        task: Thing = ("task", values["task_guid"])
        if mode == SELF_CONTAINED:
            return (task,) if code is None else (task, ("batch", code.casefold()))
        named = {USE_EXISTING: values["existing_open_batch_id"], USE_PENDING: values["pending_batch_id"]}.get(mode)
        return (task, ("batch",)) if named is None else (task, ("batch", named))


OPERATION = KickoutReimport()
