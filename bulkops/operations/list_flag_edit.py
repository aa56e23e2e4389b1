"""List flag edit: create or change the flag of every bill in a list.

Its rules are those of EnergyCAP's page on the call. All seven keys are sent every time. ``updated`` below ``selected`` is normal: bills already in that state are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bulkops.messages.errors import COMMON, Message
from bulkops.model.requests import Accepted, Call, Reply
from bulkops.operations.base import SEND_AGAIN, Field, Named, Operation, Sample, answered
from bulkops.operations.numeric_cells import INT32_MAX, read_amount, read_count, read_id, read_ids
from bulkops.operations.text_cells import read_choice, read_flag, read_text

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

UNRESOLVED, RESOLVED = 1, 2
_STATUSES = {"1": UNRESOLVED, "unresolved": UNRESOLVED, "2": RESOLVED, "resolved": RESOLVED}
_UNLESS_RESOLVED = ", but perhaps not those whose flag is resolved already"
_EMPTY = COMMON["sent.empty_list"]
_ONE_OF = ("flag_type_id", "flag_status", "cost_recovery", "comment", "assignees")


class ListFlagEdit(Operation):
    """``PUT /api/v3/list/{listId}/flagAction``"""

    key = "list_flag_edit"
    title = "List flag edit"
    plural = "list flag edits"
    about = "Creates or changes the flag of every bill in one list. A bill without a flag gets one."
    sheet = "Flag edits"
    target = "list_id"
    headings = frozenset({"list_id"})
    permission = ("FlaggedItems", "Manage")
    fields = (
        Field(
            "list_id",
            "List ID",
            read_id,
            "The id of a bill list, or name | id. Every bill now in it is changed.",
            ("listId",),
            ("Bill list ID", "List ID number", "List ID no.", "ID of the list"),
            required=True,
            width=10,
            example="2001",
            kind="list",
        ),
        Field(
            "flag_type_id",
            "Flag type ID",
            read_id,
            "The id of a flag type, or name | id. Needed for bills that have no flag yet. Not the Audit exception type.",
            ("flagTypeId", "Flag type"),
            width=12,
            example="2",
            kind="flag type",
        ),
        Field(
            "flag_status",
            "Flag status",
            read_choice(_STATUSES, "flag_status.choice"),
            "Unresolved (1) or Resolved (2). Blank: no change asked. A bill that has no flag yet ends Unresolved, whatever "
            "stands here.",
            ("flagStatusId", "Flag status ID"),
            choices=("Unresolved", "Resolved"),
            width=14,
            example="Resolved",
        ),
        Field(
            "cost_recovery",
            "Cost recovery",
            read_amount,
            "An amount, digits and a decimal point only. Blank: no amount.",
            ("costRecovery",),
            width=14,
            example="150.25",
        ),
        Field(
            "comment",
            "Comment",
            read_text,
            "What happened, kept with the flag.",
            text=True,
            width=36,
            example="Checked with vendor",
        ),
        Field(
            "assignees",
            "Assignees",
            read_ids,
            "User ids, or name | id, separated by ; for example 101;102. They REPLACE everybody who is assigned. Blank: no "
            "change asked. The word none sends an empty list; it is not known whether that takes anybody off a flag.",
            text=True,
            width=16,
            example="101;102",
            kind="user",
        ),
        Field(
            "hold_from_export",
            "Hold from export",
            read_flag,
            "Yes holds the bills back from export. A bill whose flag is resolved already may not be held, unless Flag status "
            "is Unresolved. Not together with Release export hold.",
            ("holdFromExport",),
            choices=("Yes", "No"),
            width=12,
        ),
        Field(
            "release_export_hold",
            "Release export hold",
            read_flag,
            "Yes releases the bills for export. Only together with Flag status = Resolved, and not for a bill that has no "
            "flag yet.",
            ("releaseExportHold",),
            choices=("Yes", "No"),
            width=12,
        ),
        Field(
            "expected_bills",
            "Expected bills",
            read_count,
            "Control total: how many bills you expect the list to hold. Compared with the answer, not sent.",
            width=12,
            example="12",
        ),
    )
    rules = (
        Message(
            "flag_status.choice",
            "Flag status is not one of the two",
            "Flag status “{value}” is neither Unresolved nor Resolved.{extra}",
            "Type Unresolved (or 1) or Resolved (or 2).",
        ),
        Message(
            "flag_type_id.audit_exception",
            "The flag type cannot be assigned by hand",
            "Flag type ID {value} is the Audit exception type, which only EnergyCAP itself assigns.",
            "Type the id of another flag type.",
        ),
        Message(
            "flag_edit.nothing",
            "Nothing to change",
            "Flag type ID, Flag status, Cost recovery, Comment and Assignees are all blank.",
            "Fill in at least one of the five.",
        ),
        Message(
            "flag_edit.hold_and_release",
            "Hold and release together",
            "Hold from export and Release export hold are both Yes.",
            "Clear one of the two.",
        ),
        Message(
            "release_export_hold.no_effect",
            "Release without Resolved",
            "Release export hold “{value}” has no effect without Flag status = Resolved.",
            "Type Resolved in Flag status, or clear the cell.",
            warning=True,
        ),
        Message(
            "flag_edit.repeated",
            "The same edit of the same list twice",
            "The same edit of list {value} already stands in {other}.",
            "Delete one of the two rows. To send it twice on purpose, run the workbook with one of them: the results then name the code that repeats it.",
        ),
        Message(
            "expected_bills.mismatch",
            "Another number of bills than expected",
            "You expected {value} bills, the list held {extra}.",
            "Open the list in EnergyCAP and see which bills it holds: all of them were edited. Correct the flags of bills that do not belong there.",
            warning=True,
        ),
    )
    samples = (
        Sample(
            {
                "list_id": 2001,
                "flag_type_id": 2,
                "flag_status": "Unresolved",
                "comment": "Held for review",
                "hold_from_export": "Yes",
                "expected_bills": 12,
            }
        ),
        Sample({"list_id": 2002, "flag_status": "Resolved", "comment": "Answered by vendor", "expected_bills": 40}),
        Sample(
            {
                "list_id": 2003,
                "flag_type_id": 3,
                "flag_status": 1,
                "cost_recovery": 150.25,
                "comment": "Reopened: credit due",
            }
        ),
        Sample({"list_id": 2006, "flag_status": 2, "release_export_hold": "Yes"}),
        Sample({"list_id": 2007, "assignees": "101;102", "comment": "Please look at the demand charge"}),
        Sample({"list_id": 2008, "assignees": "none"}),
        *(
            Sample({"list_id": 2020 + number, "flag_status": "Resolved", "comment": "Answered"}, sheet="mixed")
            for number in range(3)
        ),
        *(
            Sample({"list_id": 2025 + number, "assignees": "101"}, sheet="hidden", hidden=number == 1)
            for number in range(3)
        ),
        *(
            Sample(cells, note, "mistakes")
            for note, cells in (
                ("no list ID", {"flag_type_id": 2}),
                ("two ids in one cell", {"list_id": "12,15", "flag_type_id": 2}),
                ("nothing to change", {"list_id": 2009}),
                (
                    "hold and release together",
                    {"list_id": 2010, "flag_type_id": 2, "hold_from_export": "Yes", "release_export_hold": "Yes"},
                ),
                ("a status that does not exist", {"list_id": 2011, "flag_status": "Closed"}),
                ("a comma in an amount", {"list_id": 2012, "cost_recovery": "12,50"}),
                ("an exponent in an amount", {"list_id": 2013, "cost_recovery": "1e3"}),
                ("an id that is too large", {"list_id": INT32_MAX + 1, "flag_type_id": 2}),
                ("a name among user ids", {"list_id": 2014, "assignees": "101;Smith"}),
                ("an error value", {"list_id": 2015, "comment": "Checked", "flag_status": "#N/A"}),
                ("good, stands here first", {"list_id": 2016, "comment": "Checked"}),
                ("the same edit a second time", {"list_id": 2016, "comment": "Checked"}),
                ("the flag type that only EnergyCAP assigns", {"list_id": 2017, "flag_type_id": 1}),
                ("a list that holds no bills", {"list_id": 2099, "comment": "Checked"}),
            )
        ),
    )

    def schema(self) -> DataFrameSchema:
        """Every rule of EnergyCAP's page on the call."""
        import pandas as pd

        from bulkops.operations._rules import is_given, is_value, not_repeated, row_rule, schema

        def anything(frame: pd.DataFrame) -> pd.Series:
            given = pd.Series(False, index=frame.index)
            for name in _ONE_OF:
                given |= is_given(frame[name])
            return given

        return schema(
            self.fields,
            [
                row_rule("flag_type_id", "flag_edit.nothing", anything),
                row_rule(
                    "release_export_hold",
                    "flag_edit.hold_and_release",
                    lambda frame: (
                        ~(is_value(frame["hold_from_export"], True) & is_value(frame["release_export_hold"], True))
                    ),
                ),
                row_rule(
                    "release_export_hold",
                    "release_export_hold.no_effect",
                    # A status that cannot be read, or a hold beside the release, is told of already.
                    lambda frame: (
                        ~is_value(frame["release_export_hold"], True)
                        | is_value(frame["hold_from_export"], True)
                        | (is_given(frame["flag_status"]) & ~is_value(frame["flag_status"], UNRESOLVED))
                    ),
                ),
                not_repeated("list_id", "flag_edit.repeated", self.repeats),
            ],
        )

    def names(self, values: Mapping[str, Any]) -> Iterator[Named]:
        """The list, the flag type and the assignees."""
        yield Named("list_id", "list", values["list_id"], values["expected_bills"])
        if values["flag_type_id"] is not None:
            yield Named("flag_type_id", "flag type", values["flag_type_id"])
        for number in values["assignees"] or ():
            yield Named("assignees", "user", number)

    def repeats(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The list with all that would be sent: a blank and a No are the same false, the order of users is none."""
        import pandas as pd

        holds = frame[["hold_from_export", "release_export_hold"]]
        request = frame[["list_id", *_ONE_OF]].join(holds.where(holds.notna(), False))
        ids = [tuple(sorted(each)) if isinstance(each, tuple) else each for each in request["assignees"]]
        return request.assign(assignees=pd.Series(ids, index=request.index, dtype=object))

    def asks(self, values: Mapping[str, Any]) -> str:
        """Every change to the bills of which list."""
        assignees, comment, cost = values["assignees"], values["comment"], values["cost_recovery"]
        unflagged = ", but Unresolved where a bill has no flag yet" if _flags_and_resolves(values) else ""
        changes = [
            f"flag type {values['flag_type_id']}" if values["flag_type_id"] is not None else "",
            {UNRESOLVED: "status Unresolved", RESOLVED: f"status Resolved{unflagged}"}.get(values["flag_status"], ""),
            f"cost recovery {cost:.15g}" if cost is not None else "",
            f"comment “{comment}”" if comment is not None else "",
            "" if assignees is None else _assigned(assignees),
            "hold from export" if values["hold_from_export"] is True else "",
            "release the export hold" if values["release_export_hold"] is True else "",
        ]
        return f"Flag every bill in list {values['list_id']}: {', '.join(filter(None, changes))}."

    def call(self, values: Mapping[str, Any]) -> Call:
        """The request with all seven keys; blanks are null, the two booleans never are.

        Users in order of their ids: however they are typed, it is the same request.
        """
        list_id, assignees = values["list_id"], values["assignees"]
        if not isinstance(list_id, int):
            raise TypeError("a list id must be a whole number before it enters a URL")
        return Call(
            "PUT",
            f"/api/v3/list/{list_id}/flagAction",
            {
                "assignees": None if assignees is None else sorted(assignees),
                "comment": values["comment"],
                "costRecovery": values["cost_recovery"],
                "flagStatusId": values["flag_status"],
                "flagTypeId": values["flag_type_id"],
                "holdFromExport": values["hold_from_export"] is True,
                "releaseExportHold": values["release_export_hold"] is True,
            },
        )

    def accepted(self, reply: Reply) -> Accepted | None:
        """``200 {"selected": int, "updated": int}``: counts, and no more bills updated than selected."""
        answer = answered(reply)
        selected, updated = answer.get("selected"), answer.get("updated")
        if type(selected) is not int or type(updated) is not int or not 0 <= updated <= selected <= INT32_MAX:
            return None
        return Accepted(selected=selected, updated=updated)

    def done(self, values: Mapping[str, Any], accepted: Accepted) -> tuple[str, str]:
        """Counts in words, the control total held against them, and what the counts cannot tell."""
        selected, updated = accepted.selected or 0, accepted.updated or 0
        told = [(f"{updated} of {selected} bills changed.", "")]
        if values["expected_bills"] not in (None, selected):
            message = next(rule for rule in self.rules if rule.code == "expected_bills.mismatch")
            said = message.sentence.format(value=values["expected_bills"], extra=selected)
            told.append((said, message.tip if selected else ""))
        told += _untold_by_counts(values, selected, updated) if selected else [(_EMPTY.sentence, _EMPTY.tip)]
        return " ".join(said for said, _ in told), " ".join(tip for _, tip in told if tip)

    def has_control_total(self, values: Mapping[str, Any]) -> bool:
        """Expected bills, if it is filled in."""
        return values["expected_bills"] is not None

    def mismatch(self, values: Mapping[str, Any], accepted: Accepted) -> str:
        """Expected bills held against the number of bills that the list held when it was edited; else an empty list."""
        expected = values["expected_bills"]
        if expected is None:
            return "" if accepted.selected else _EMPTY.code
        return "" if expected == accepted.selected else "expected_bills.mismatch"

    def how_to_check(self, target: str) -> str:
        """Where the flags would show."""
        return (
            f"Do not send it again yet. Open list {target} in EnergyCAP and look at the flags of a few bills. If the edit "
            "is there, do nothing more."
        )

    def effects(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Holds, releases and replaced assignees; a release acts only together with resolving."""
        effects = []
        if values["hold_from_export"] is True:
            sure = values["flag_status"] == UNRESOLVED
            effects.append(f"will hold bills back from export{'' if sure else _UNLESS_RESOLVED}")
        elif values["release_export_hold"] is True and values["flag_status"] == RESOLVED:
            unflagged = "" if values["flag_type_id"] is None else ", but not those that have no flag yet"
            effects.append(f"will release bills for export{unflagged}")
        if values["assignees"]:
            effects.append("will REPLACE everybody who is assigned")
        elif values["assignees"] is not None:
            effects.append("will send an empty list of assignees (it is not known whether that takes anybody off)")
        return tuple(effects)

    def side_by_side(self, values: Mapping[str, Any]) -> tuple[object, object] | None:
        """Neighbours with the same edit on different lists: a bill in both ends the same either way."""
        edit = tuple(
            (name, values[name])
            for name in sorted(values)
            if name not in ("list_id", "expected_bills", SEND_AGAIN.name)
        )
        return (self.key, edit), values["list_id"]


def _flags_and_resolves(values: Mapping[str, Any]) -> bool:
    """Does the row flag bills that have no flag yet, and ask for a status that those do not get?"""
    return values.get("flag_type_id") is not None and values.get("flag_status") == RESOLVED


def _assigned(assignees: Sequence[int]) -> str:
    if not assignees:
        return "an empty list of assignees"
    return f"assignees {'; '.join(map(str, assignees))} in place of all others"


def _untold_by_counts(values: Mapping[str, Any], selected: int, updated: int) -> Iterator[tuple[str, str]]:
    """(what may be so, what to do) of bills that the two counts do not tell apart; true whatever the list held."""
    typed = values.get("flag_type_id") is not None
    if updated < selected:
        # Without a type EnergyCAP can do nothing for a bill without a flag or with a resolved one.
        passed = "" if typed else ", or are none that can be edited without a Flag type ID"
        yield f"The others were already in that state{passed}.", ""
    if updated and _flags_and_resolves(values):
        held = ", and held as before" if values.get("release_export_hold") is True else ""
        yield (
            f"Bills that had no flag before, if any, are now Unresolved all the same{held}.",
            "Look in EnergyCAP for bills of the list that are Unresolved, and resolve them there.",
        )
    if values.get("hold_from_export") is True and values.get("flag_status") != UNRESOLVED:
        yield (
            "Bills whose flag was resolved already, if any, may not be held.",
            "Look in EnergyCAP whether the bills of the list are held.",
        )
    if values.get("assignees") is not None and not values["assignees"]:
        yield (
            "It is not known whether the empty list of assignees took anybody off.",
            "Look in EnergyCAP who is assigned.",
        )


OPERATION = ListFlagEdit()
