"""Reads request bodies and path parts strictly: every defect is a `Refused(400)` with a sentence naming the field.

A boolean is not a number here and "12" is not 12, as in EnergyCAP's own typed API; unknown keys are ignored.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from .records import Json, Refused

BATCH_MODES = ("use existing batch", "new batch", "new self-contained batch", "use pending batch", "smart batch")
INT32 = range(-(2**31), 2**31)
LONGEST_BATCH_CODE = 255
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True)
class KickoutRequest:
    """BillKickoutImportRequest (seeds/kickout-reimport.txt), checked for types and lengths only."""

    batch_mode: str
    existing_open_batch_id: int | None
    leave_existing_batches_open: bool
    new_batch_code: str | None
    pending_batch_id: int | None
    comment: str | None
    import_note: str | None
    save_as_resolved: bool


@dataclass(frozen=True)
class FlagEdit:
    """FlagEdit (seeds/list-flag-edit.txt); None means: leave as it is."""

    assignees: tuple[int, ...] | None
    comment: str | None
    cost_recovery: float | None
    flag_status_id: int | None
    flag_type_id: int | None
    hold_from_export: bool
    release_export_hold: bool


def task_guid(text: str) -> str:
    """The lower-case form of a task GUID from a path."""
    if not _UUID.fullmatch(text):
        raise Refused(400, f"taskGuid must be a GUID such as 7d9e4c10-5b3a-4f6e-9c21-000000000001, not {_shown(text)}.")
    return text.lower()


def list_id(text: str) -> int:
    """A list id from a path."""
    if not _INTEGER.fullmatch(text) or int(text) not in INT32:
        raise Refused(400, f"listId must be a whole number of 32 bits, not {_shown(text)}.")
    return int(text)


def json_object(raw: bytes) -> Json:
    """The request body as a JSON object; numbers that JSON does not know (NaN, Infinity) are no JSON."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as why:
        raise Refused(400, f"The request body is not JSON: {why}.") from why
    if not isinstance(found, dict):
        raise Refused(400, f"The request body must be a JSON object, not {_kind(found)}.")
    return found


def kickout_request(body: Json) -> KickoutRequest:
    """Practice decision: batchSettings is required, because no batch could be chosen without a batchMode."""
    settings = body.get("batchSettings")
    if settings is None:
        raise Refused(400, "batchSettings is required: it holds the batchMode.")
    if not isinstance(settings, dict):
        raise Refused(400, f"batchSettings must be a JSON object, not {_kind(settings)}.")
    code = _text(settings, "newBatchCode", "batchSettings.")
    if code is not None and len(code) > LONGEST_BATCH_CODE:
        raise Refused(400, f"batchSettings.newBatchCode must be 0 to 255 characters long, not {len(code)}.")
    return KickoutRequest(
        batch_mode=_batch_mode(settings.get("batchMode")),
        existing_open_batch_id=_int32(settings, "existingOpenBatchId", "batchSettings."),
        leave_existing_batches_open=_boolean(settings, "leaveExistingBatchesOpen", "batchSettings.") or False,
        new_batch_code=code,
        pending_batch_id=_int32(settings, "pendingBatchId", "batchSettings."),
        comment=_text(body, "comment"),
        import_note=_text(body, "importNote"),
        save_as_resolved=_boolean(body, "saveAsResolved") or False,
    )


FLAG_EDIT_KEYS = (
    "assignees", "comment", "costRecovery", "flagStatusId", "flagTypeId", "holdFromExport", "releaseExportHold",
)  # fmt: skip


def flag_edit(body: Json) -> FlagEdit:
    """All seven keys must be there; the two booleans must be true or false, not both true; not all else null."""
    if missing := [key for key in FLAG_EDIT_KEYS if key not in body]:
        details = tuple(f"{key} is required." for key in missing)
        raise Refused(400, f"Required but missing: {', '.join(missing)}.", details)
    status = _int32(body, "flagStatusId")
    if status not in (None, 1, 2):
        raise Refused(400, f"flagStatusId must be 1 (Unresolved), 2 (Resolved) or null, not {status}.")
    hold, release = _boolean(body, "holdFromExport"), _boolean(body, "releaseExportHold")
    if hold is None or release is None:
        name = "holdFromExport" if hold is None else "releaseExportHold"
        raise Refused(400, f"{name} must be true or false, not null.")
    if hold and release:
        raise Refused(400, "holdFromExport and releaseExportHold cannot both be true.")
    edit = FlagEdit(
        assignees=_assignees(body["assignees"]),
        comment=_text(body, "comment"),
        cost_recovery=_double(body, "costRecovery"),
        flag_status_id=status,
        flag_type_id=_int32(body, "flagTypeId"),
        hold_from_export=hold,
        release_export_hold=release,
    )
    given = (edit.assignees, edit.comment, edit.cost_recovery, edit.flag_status_id, edit.flag_type_id)
    if all(value is None for value in given):
        raise Refused(
            400, "At least one of FlagTypeId, FlagStatusId, CostRecovery, Comment, Assignees must not be null."
        )
    return edit


def _batch_mode(value: Any) -> str:
    if value is None:
        raise Refused(400, "batchSettings.batchMode is required.")
    if not isinstance(value, str) or value not in BATCH_MODES:
        modes = ", ".join(f"'{mode}'" for mode in BATCH_MODES)
        raise Refused(400, f"batchSettings.batchMode must be one of {modes}, not {_shown(value)}.")
    return value


def _int32(holder: Json, key: str, prefix: str = "") -> int | None:
    value = holder.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):  # 5.0 is refused too: typed JSON readers do so
        raise Refused(400, f"{prefix}{key} must be a whole number, not {_kind(value)}.")
    if value not in INT32:
        raise Refused(400, f"{prefix}{key} must fit 32 bits (-2147483648 to 2147483647).")
    return value


def _boolean(holder: Json, key: str, prefix: str = "") -> bool | None:
    value = holder.get(key)
    if value is not None and not isinstance(value, bool):
        raise Refused(400, f"{prefix}{key} must be true or false, not {_kind(value)}.")
    return value


def _double(holder: Json, key: str) -> float | None:
    value = holder.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(400, f"{key} must be a number, not {_kind(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refused(400, f"{key} is too large for a number.")
    return number


def _text(holder: Json, key: str, prefix: str = "") -> str | None:
    value = holder.get(key)
    if value is not None and not isinstance(value, str):
        raise Refused(400, f"{prefix}{key} must be text, not {_kind(value)}.")
    if value is not None and re.search("[\ud800-\udfff]", value):
        raise Refused(400, f"{prefix}{key} holds half a character (a lone surrogate), which is not text.")
    return value


def _assignees(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise Refused(400, f"assignees must be a list of user ids, not {_kind(value)}.")
    ids = (_int32({"assignees": item}, "assignees", "each id in ") for item in value)
    whole = [found for found in ids if found is not None]
    if len(whole) != len(value):
        raise Refused(400, "each id in assignees must be a whole number, not null.")
    return tuple(sorted(set(whole)))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "a boolean", str: "text", list: "a list", dict: "an object", int: "a number"}
    return names.get(type(value), "a decimal number")


def _shown(value: Any) -> str:
    """A value for an error text: cut short, and always printable."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
