"""How one flag edit acts on one bill: the table of EnergyCAP's EditFlag page, and nothing else. Pure."""

from dataclasses import replace

from .bodies import FlagEdit
from .choices import Choices
from .records import RESOLVED, UNRESOLVED, Bill, Flag


def needs_flag_type(bill: Bill, edit: FlagEdit) -> bool:
    """An unflagged bill, and a resolved one (it would have to be "re-flagged"), cannot be edited without flagTypeId."""
    return edit.flag_type_id is None and (bill.flag is None or bill.flag.status == RESOLVED)


def edited(bill: Bill, edit: FlagEdit, choices: Choices) -> Bill:
    """The bill after the edit; the same bill if nothing changes. Call `needs_flag_type` first."""
    if bill.flag is None:
        assert edit.flag_type_id is not None
        flag = _with_values(Flag(UNRESOLVED, edit.flag_type_id), edit, choices)
        return bill.with_flag(flag, held=bill.held or edit.hold_from_export)
    flag = _with_values(bill.flag, edit, choices)
    if edit.flag_status_id is not None:
        flag = replace(flag, status=edit.flag_status_id)
    return bill.with_flag(flag, held=_held(bill.flag.status, bill.held, edit, choices))


def _held(status_before: int, held: bool, edit: FlagEdit, choices: Choices) -> bool:
    """Whether the bill is held after the edit: hold and release act only where the table says so."""
    if edit.hold_from_export and (choices.hold_resolved or UNRESOLVED in (status_before, edit.flag_status_id)):
        return True
    if edit.release_export_hold and edit.flag_status_id == RESOLVED:
        return False
    return held


def _with_values(flag: Flag, edit: FlagEdit, choices: Choices) -> Flag:
    assignees = flag.assignees if edit.assignees is None else tuple(sorted(set(edit.assignees)))
    if not assignees and choices.empty_assignees == "keep":
        assignees = flag.assignees
    commented = edit.comment is not None and (choices.equal_comments == "event" or edit.comment not in flag.comments)
    return replace(
        flag,
        type_id=flag.type_id if edit.flag_type_id is None else edit.flag_type_id,
        cost_recovery=flag.cost_recovery if edit.cost_recovery is None else edit.cost_recovery,
        assignees=assignees,
        comments=(*flag.comments, edit.comment) if commented and edit.comment is not None else flag.comments,
    )
