"""How one flag edit acts on one bill: the table of api-contract, section 2, and nothing else. Pure."""

from __future__ import annotations

from dataclasses import replace

from .bodies import FlagEdit
from .records import RESOLVED, UNRESOLVED, Bill, Flag


def needs_flag_type(bill: Bill, edit: FlagEdit) -> bool:
    """An unflagged bill, and a resolved one (it would have to be "re-flagged"), cannot be edited without flagTypeId."""
    return edit.flag_type_id is None and (bill.flag is None or bill.flag.status == RESOLVED)


def edited(bill: Bill, edit: FlagEdit) -> Bill:
    """The bill after the edit; equal to the bill given when nothing changes. Call `needs_flag_type` first.

    A comment is an event and always changes the bill.
    """
    if bill.flag is None:
        assert edit.flag_type_id is not None
        flag = _with_values(Flag(UNRESOLVED, edit.flag_type_id), edit)
        return bill.with_flag(flag, held=bill.held or edit.hold_from_export)
    flag = _with_values(bill.flag, edit)
    if edit.flag_status_id is not None:
        flag = replace(flag, status=edit.flag_status_id)
    return bill.with_flag(flag, held=_held(bill.flag.status, bill.held, edit))


def _held(status_before: int, held: bool, edit: FlagEdit) -> bool:
    """Hold and release act only where the table says so; a resolved flag is held only when status 1 re-opens it."""
    if edit.hold_from_export and UNRESOLVED in (status_before, edit.flag_status_id):
        return True
    if edit.release_export_hold and edit.flag_status_id == RESOLVED:
        return False
    return held


def _with_values(flag: Flag, edit: FlagEdit) -> Flag:
    return Flag(
        status=flag.status,
        type_id=flag.type_id if edit.flag_type_id is None else edit.flag_type_id,
        cost_recovery=flag.cost_recovery if edit.cost_recovery is None else edit.cost_recovery,
        assignees=flag.assignees if edit.assignees is None else edit.assignees,
        comments=flag.comments if edit.comment is None else (*flag.comments, edit.comment),
    )
