"""EnergyCAP's page on flag edits of a list, sentence by sentence: what a check makes of it, and what comes of a run.

A docstring gives the page's sentence, or what follows from it; a test called _broken has rows that break the same rule.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from asking import Bulkops, fill, flag

from bulkops.model.requests import Accepted, Reply
from bulkops.operations.list_flag_edit import OPERATION
from bulkops.practice.faults import Fault
from bulkops.practice.records import Flag
from bulkops.practice.server import PRACTICE_KEY, PracticeServer

from .conftest import Checker, found, warned

KEY = OPERATION.key
BLANK: dict[str, Any] = dict.fromkeys(field.name for field in OPERATION.fields)
SEVEN = {"assignees", "comment", "costRecovery", "flagStatusId", "flagTypeId", "holdFromExport", "releaseExportHold"}


def row(**cells: Any) -> dict[str, Any]:
    return {"list_id": 2001, "flag_type_id": 2, **cells}


def body(checked: Checker, **cells: Any) -> dict[str, Any]:
    (only,) = checked(KEY, row(**cells))
    assert only.problems == ()
    return json.loads(OPERATION.call(only.values).encoded())


@pytest.mark.parametrize("typed", [2001, 2001.0, "2001", " 2001 "])
def test_list_id_is_int32(checked: Checker, typed: object) -> None:
    """listId: integer (int32), required. It goes into the path as plain digits."""
    (only,) = checked(KEY, row(list_id=typed))
    assert OPERATION.call(only.values).path == "/api/v3/list/2001/flagAction"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12,15", "id.separator"),
        (12.5, "id.shape"),
        (2**31, "id.range"),
        (-1, "id.range"),
        ("1_0", "id.shape"),
        ("\uff11\uff12", "cell.odd_character"),
        ("1234567890123456", "cell.too_many_digits"),
        (True, "id.shape"),
        ("7/../8", "id.shape"),
        ("#REF!", "cell.error_value"),
    ],
)
def test_list_id_is_int32_broken(checked: Checker, typed: object, code: str) -> None:
    """Anything else is refused at its cell."""
    assert found(checked(KEY, row(list_id=typed))) == [[2, "A2", code]]


def test_list_id_is_required_broken(checked: Checker) -> None:
    """A row without a list is refused."""
    assert found(checked(KEY, row(list_id=None))) == [[2, "A2", "value.required"]]


def test_all_seven_keys_are_sent(checked: Checker) -> None:
    """Required (defined): every key is in every body, blanks as null, the two booleans as false."""
    sent = body(checked)
    assert set(sent) == SEVEN
    assert sent == {
        "assignees": None,
        "comment": None,
        "costRecovery": None,
        "flagStatusId": None,
        "flagTypeId": 2,
        "holdFromExport": False,
        "releaseExportHold": False,
    }


def test_all_seven_keys_are_sent_with_their_values(checked: Checker) -> None:
    """Every key carries what was typed."""
    assert body(
        checked,
        assignees="101;102",
        comment="ok",
        cost_recovery=12.15,
        flag_status="Resolved",
        release_export_hold="Yes",
    ) == {
        "assignees": [101, 102],
        "comment": "ok",
        "costRecovery": 12.15,
        "flagStatusId": 2,
        "flagTypeId": 2,
        "holdFromExport": False,
        "releaseExportHold": True,
    }


@pytest.mark.parametrize(
    "given", [{"flag_type_id": 2}, {"flag_status": 1}, {"cost_recovery": 0}, {"comment": "x"}, {"assignees": "none"}]
)
def test_at_least_one_of_five_is_given(checked: Checker, given: dict[str, Any]) -> None:
    """At least one of FlagTypeId, FlagStatusId, CostRecovery, Comment, Assignees must not be null (0 is not)."""
    assert found(checked(KEY, {"list_id": 2001, **given})) == []


@pytest.mark.parametrize("given", [{}, {"hold_from_export": "Yes"}, {"comment": "  "}, {"expected_bills": 5}])
def test_at_least_one_of_five_is_given_broken(checked: Checker, given: dict[str, Any]) -> None:
    """None of the five is refused, whatever else the row says."""
    assert found(checked(KEY, {"list_id": 2001, **given})) == [[2, "B2", "flag_edit.nothing"]]


@pytest.mark.parametrize(("typed", "sent"), [(1, 1), ("2", 2), ("unresolved", 1), ("RESOLVED", 2), (2.0, 2)])
def test_flag_status_is_1_or_2(checked: Checker, typed: object, sent: int) -> None:
    """One of '1', '2', case sensitive: sent as the number, typed as the number or the word in any case."""
    assert body(checked, flag_status=typed)["flagStatusId"] == sent


@pytest.mark.parametrize("typed", [0, 3, "closed", "1.5", "yes"])
def test_flag_status_is_1_or_2_broken(checked: Checker, typed: object) -> None:
    """Any other value is refused."""
    assert found(checked(KEY, row(flag_status=typed))) == [[2, "C2", "flag_status.choice"]]


def test_hold_and_release_are_booleans_not_both_true(checked: Checker) -> None:
    """holdFromExport and releaseExportHold: booleans, of which one may be true."""
    assert body(checked, hold_from_export="y", release_export_hold="n")["holdFromExport"] is True


def test_hold_and_release_are_booleans_not_both_true_broken(checked: Checker) -> None:
    """This property cannot be true if ReleaseExportHold is true; nor that one if HoldFromExport is. Refused."""
    rows = checked(KEY, row(hold_from_export="Yes", release_export_hold=True))
    assert found(rows) == [[2, "H2", "flag_edit.hold_and_release"]]


@pytest.mark.parametrize("name", ["hold_from_export", "release_export_hold"])
def test_hold_and_release_are_booleans_broken(checked: Checker, name: str) -> None:
    """Neither yes nor no is refused."""
    assert [code for _, _, code in found(checked(KEY, row(**{name: "perhaps"})))] == ["yesno.shape"]


@pytest.mark.parametrize("status", [None, "Unresolved", 1])
def test_a_release_acts_when_resolving_the_flag_broken(checked: Checker, status: object) -> None:
    """When resolving the bill flag: else a warning says that it has no effect, and the question does not count it."""
    rows = checked(KEY, row(flag_status=status, release_export_hold="Yes"))
    assert found(rows) == []
    assert warned(rows) == [[2, "H2", "release_export_hold.no_effect"]]
    assert not any("release" in effect for effect in OPERATION.effects(rows[0].values))


@pytest.mark.parametrize(
    "cells",
    [
        {"flag_status": "Resolved", "release_export_hold": "Yes"},
        {"release_export_hold": "No"},
        {"flag_status": "x", "release_export_hold": "Yes"},
        {"hold_from_export": "Yes", "release_export_hold": "Yes"},
    ],
)
def test_a_release_acts_when_resolving_the_flag(checked: Checker, cells: dict[str, Any]) -> None:
    """No warning where the flag is resolved, where No is typed, or where a mistake in the row is told of already."""
    assert warned(checked(KEY, row(**cells))) == []


def test_held_bills_stay_held_without_resolving(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """releaseExportHold: determines whether the bill will be released from export hold when resolving the bill flag."""
    hold = flag(2006, hold_from_export="Yes")
    assert bulkops("run", fill(tmp_path / "a.xlsx", flags=[hold]), "--json", "--yes").code == 0
    assert all(bill.held for bill in practice.state.bill_list(2006).bills)
    book = fill(tmp_path / "b.xlsx", flags=[flag(2006, release_export_hold="Yes")])
    asked = bulkops("run", book, typed="no").err
    assert "release" not in asked.replace("has no effect", "")
    (done,) = bulkops("run", book, "--json", "--yes").document["rows"]
    assert all(bill.held for bill in practice.state.bill_list(2006).bills)
    (warning,) = done["warnings"]
    assert "Flag edits!H2" in warning
    assert "no effect" in warning
    resolve = fill(tmp_path / "c.xlsx", flags=[flag(2006, flag_status="Resolved", release_export_hold="Yes")])
    assert "1 will release bills for export" in bulkops("run", resolve, typed="yes").err
    assert not any(bill.held for bill in practice.state.bill_list(2006).bills)


def test_a_new_flag_releases_nothing(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """Released from export hold when resolving the bill flag: a bill that has no flag yet has none to resolve."""
    only = flag(2001, flag_type_id=2, flag_status="Resolved", release_export_hold="Yes")
    question = asked(bulkops, tmp_path / "a.xlsx", only)
    assert "1 will release bills for export, but not those that have no flag yet" in question
    assert "not for a bill that has no flag yet" in help_of("release_export_hold")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("101;102", [101, 102]), ("101, 102", [101, 102]), (101, [101]), ("none", []), ("None", []), (None, None)],
)
def test_assignees_are_integers(checked: Checker, typed: object, sent: object) -> None:
    """assignees: integer[]. Ids separated by ; or , are a list; none is the empty list; a blank is null."""
    assert body(checked, assignees=typed)["assignees"] == sent


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("101;Smith", "ids.name"),
        ("101;;102", "ids.shape"),
        (101.5, "id.shape"),
        ("101;101", "ids.twice"),
        ("all", "ids.name"),
    ],
)
def test_assignees_are_integers_broken(checked: Checker, typed: object, code: str) -> None:
    """Names, gaps and an id named twice are refused."""
    assert found(checked(KEY, row(assignees=typed))) == [[2, "F2", code]]


@pytest.mark.parametrize(("typed", "sent"), [(150.25, 150.25), ("150.25", 150.25), (-3, -3.0), (0, 0.0), (1e-3, 0.001)])
def test_cost_recovery_is_a_double(checked: Checker, typed: object, sent: float) -> None:
    """costRecovery: number (double). An amount is sent as the number that is stored."""
    assert body(checked, cost_recovery=typed)["costRecovery"] == sent


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12,50", "amount.separator"),
        ("1e3", "amount.shape"),
        ("$5", "amount.shape"),
        ("1.234,50", "amount.separator"),
        ("nan", "amount.shape"),
        ("\u0661", "cell.odd_character"),
        (1e15, "cell.too_many_digits"),
        (False, "amount.shape"),
    ],
)
def test_cost_recovery_is_a_double_broken(checked: Checker, typed: object, code: str) -> None:
    """What can be read in two ways, or in none, is refused."""
    assert found(checked(KEY, row(cost_recovery=typed))) == [[2, "D2", code]]


def test_flag_type_id_is_int32(checked: Checker) -> None:
    """flagTypeId: type of the flag, integer (int32)."""
    assert body(checked, flag_type_id="4")["flagTypeId"] == 4


def test_flag_type_id_is_int32_broken(checked: Checker) -> None:
    """A name is not an id."""
    assert found(checked(KEY, row(flag_type_id="Bill review"))) == [[2, "B2", "id.name"]]


def test_comment_is_a_string(checked: Checker) -> None:
    """comment: string. It is sent as typed; text that looks like a formula is text."""
    assert body(checked, comment="'=1+1 Zähler")["comment"] == "'=1+1 Zähler"


def test_comment_is_a_string_broken(checked: Checker) -> None:
    """A formula whose result is not stored is not a comment, and not a blank either."""
    assert found(checked(KEY, row(comment="=A1&B1"))) == [[2, "E2", "cell.no_result"]]


def test_the_answer_is_two_counts() -> None:
    """200 OK with selected and updated, integers (int32), is done; updated below selected is normal."""
    assert OPERATION.accepted(reply(200, {"selected": 12, "updated": 3})) == Accepted(selected=12, updated=3)
    values = {"expected_bills": None}
    assert "already in that state" in OPERATION.done(values, Accepted(selected=12, updated=3))[0]


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, {}),
        (200, {"selected": 1}),
        (200, {"selected": -1, "updated": 0}),
        (200, {"selected": 2**31, "updated": 0}),
        (200, {"selected": "1", "updated": 1}),
        (200, {"selected": True, "updated": 1}),
        (200, {"selected": 1.0, "updated": 1}),
        (200, [1, 1]),
        (200, None),
        (202, {"selected": 1, "updated": 1}),
    ],
)
def test_the_answer_is_two_counts_broken(status: int, content: object) -> None:
    """Another status or shape is not taken for done."""
    assert OPERATION.accepted(reply(status, content)) is None


def reply(status: int, content: object) -> Reply:
    return Reply(status, {}, json.dumps(content).encode())


# What an edit does to bills: the whole way, from a workbook to the practice server.


def run(bulkops: Bulkops, path: Path, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one run as its document has them."""
    return bulkops("run", fill(path, flags=list(rows)), "--json", "--yes", "--offline").document["rows"]


def asked(bulkops: Bulkops, path: Path, *rows: dict[str, Any]) -> str:
    """The question before a run, on one line, answered with no."""
    return " ".join(bulkops("run", fill(path, flags=list(rows)), typed="no").err.split())


def flags_of(practice: PracticeServer, list_id: int) -> list[Flag | None]:
    """The flags of a list's bills."""
    return [bill.flag for bill in practice.state.bill_list(list_id).bills]


def statuses_of(practice: PracticeServer, list_id: int) -> list[int | None]:
    """Their statuses; None for a bill without a flag."""
    return [each and each.status for each in flags_of(practice, list_id)]


def held(practice: PracticeServer, list_id: int) -> list[bool]:
    """Which of a list's bills are held."""
    return [bill.held for bill in practice.state.bill_list(list_id).bills]


def help_of(name: str) -> str:
    """A column's help."""
    return next(field.help for field in OPERATION.fields if field.name == name)


def test_flags_are_created_and_updated_for_all_bills(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """Create and/or update flags for all bills in a list."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", flag(2004, flag_type_id=2))
    assert (row["selected"], row["updated"]) == (25, 25)
    assert all(each and each.type_id == 2 for each in flags_of(practice, 2004))
    assert "A bill without a flag gets one" in OPERATION.about


def test_request_headers(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """ECI-ApiKey: your API key. Content-Type: application/json; all requests must specify JSON content type."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", flag(2006))
    assert row["status"] == "done"
    # The practice server takes no request that lacks one of them.
    whole = {"ECI-ApiKey": PRACTICE_KEY, "Content-Type": "application/json"}
    address = f"{practice.base_url}/api/v3/list/2007/flagAction"
    answers = [requests.put(address, data=b"{}", headers={name: whole[name]}, timeout=10) for name in whole]
    assert [answer.status_code for answer in answers] == [415, 401]


@pytest.mark.parametrize(("list_id", "words"), [(2099, "is not a bill list"), (9999, "no list 9999")])
def test_the_list_is_a_bill_list(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, list_id: int, words: str
) -> None:
    """listId: bill list containing a list of bills that will have flags created or updated."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", flag(list_id))
    assert row["status"] == "failed"
    assert words in row["message"]
    assert "bill list" in help_of("list_id")


def test_the_field_that_was_refused_is_named(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """Where the request does not succeed, EnergyCAP's words are shown with the names of their fields."""
    body = {"title": "One or more fields are wrong.", "status": 400, "errors": {"FlagTypeId": ["There is no type 77."]}}
    practice.faults.add(Fault.answer(400, json=body), path_contains="/flagAction")
    (row,) = run(bulkops, tmp_path / "a.xlsx", flag(2006, flag_type_id=77))
    assert "“One or more fields are wrong. FlagTypeId: There is no type 77.”" in row["message"]


def test_assignees_are_all_users_assigned(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """assignees: all users currently assigned to this flag. So a list replaces whoever was assigned."""
    run(bulkops, tmp_path / "a.xlsx", flag(2006, assignees="101;102"))
    path = tmp_path / "b.xlsx"
    assert "1 will REPLACE everybody who is assigned" in asked(bulkops, path, flag(2006, assignees="103"))
    run(bulkops, path, flag(2006, assignees="103"))
    assert [each and each.assignees for each in flags_of(practice, 2006)] == [(103,)] * 5
    assert "They REPLACE everybody" in help_of("assignees")
    assert "assignees 103 in place of all others" in OPERATION.asks({**BLANK, "list_id": 2006, "assignees": (103,)})


def test_an_empty_list_of_assignees_promises_nothing(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """assignees: all users currently assigned to this flag. What an empty list does to a flag is not documented."""
    path, only = tmp_path / "a.xlsx", flag(2006, assignees="none")
    assert "it is not known whether that takes anybody off" in asked(bulkops, path, only)
    (row,) = run(bulkops, path, only)
    assert "It is not known whether the empty list of assignees took anybody off" in row["message"]
    assert "who is assigned" in row["tip"]
    assert "it is not known whether" in help_of("assignees")
    assert "an empty list of assignees" in OPERATION.asks({**BLANK, "list_id": 2006, "assignees": ()})


def test_a_comment_is_an_event_of_the_flag(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """comment: event and action that has occurred with this flag."""
    run(bulkops, tmp_path / "a.xlsx", flag(2006, comment="Checked with vendor"))
    assert [each and each.comments[-1] for each in flags_of(practice, 2006)] == ["Checked with vendor"] * 5


def test_cost_recovery_belongs_to_the_flag(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """costRecovery: cost recovery associated with the issue this flag represents."""
    run(bulkops, tmp_path / "a.xlsx", flag(2006, cost_recovery=150.25))
    assert [each and each.cost_recovery for each in flags_of(practice, 2006)] == [150.25] * 5


def test_the_status_of_a_flag_is_changed(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """flagStatusId: current status of the flag."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", flag(2006, flag_status="Resolved"))
    assert statuses_of(practice, 2006) == [2] * 5
    assert "Unresolved" not in row["message"]


def test_a_bill_without_a_flag_takes_no_status(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """flagStatusId: current status of the flag. A bill that has none yet ends Unresolved, whatever was sent."""
    path, only = tmp_path / "a.xlsx", flag(2001, flag_type_id=2, flag_status="Resolved")
    (row,) = run(bulkops, path, only)
    assert statuses_of(practice, 2001) == [1] * 12
    assert "Bills that had no flag before, if any, are now Unresolved all the same." in row["message"]
    assert "resolve them there" in row["tip"]
    assert "ends Unresolved" in help_of("flag_status")
    values = {**BLANK, "list_id": 2001, "flag_type_id": 2, "flag_status": 2}
    assert "status Resolved, but Unresolved where a bill has no flag yet" in OPERATION.asks(values)
    assert "Unresolved" not in OPERATION.asks({**values, "flag_type_id": None})


@pytest.mark.parametrize(
    ("cells", "counts", "told"),
    [
        ({"flag_type_id": 2, "flag_status": 2}, (12, 12), "Unresolved all the same."),
        ({"flag_type_id": 2, "flag_status": 2, "release_export_hold": True}, (12, 1), "the same, and held as before."),
        ({"flag_type_id": 2, "flag_status": 2}, (12, 0), ""),
        ({"flag_type_id": 2, "flag_status": 1}, (12, 12), ""),
        ({"flag_status": 2}, (12, 12), ""),
    ],
)
def test_the_status_of_a_new_flag_is_told_where_there_may_be_one(
    cells: dict[str, Any], counts: tuple[int, int], told: str
) -> None:
    """flagStatusId … of bills that had no flag: only where the row gives them one, and some bill was changed."""
    message, _ = OPERATION.done({**BLANK, **cells}, Accepted(selected=counts[0], updated=counts[1]))
    assert ("Unresolved" in message) is bool(told)
    assert told in message


def test_a_resolved_flag_may_not_be_held(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """holdFromExport: determines whether or not the bill will be held for export when flagging the bill."""
    path = tmp_path / "a.xlsx"
    only = flag(2003, flag_type_id=3, flag_status="Resolved", hold_from_export="Yes")
    told = "will hold bills back from export, but perhaps not those whose flag is resolved already"
    assert told in asked(bulkops, path, only)
    (row,) = run(bulkops, path, only)
    assert held(practice, 2003) == [False] * 8
    assert "Bills whose flag was resolved already, if any, may not be held." in row["message"]
    assert "may not be held" in help_of("hold_from_export")


@pytest.mark.parametrize("list_id", [2001, 2002, 2003])
def test_a_hold_holds_when_flagging(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, list_id: int) -> None:
    """holdFromExport: held when flagging the bill: one without a flag, an unresolved one, one that is opened again."""
    path = tmp_path / "a.xlsx"
    only = flag(list_id, flag_type_id=3, flag_status="Unresolved", hold_from_export="Yes")
    question = asked(bulkops, path, only)
    assert "will hold bills back from export" in question
    assert "perhaps" not in question
    (row,) = run(bulkops, path, only)
    assert all(held(practice, list_id))
    assert "may not" not in row["message"]


def test_the_audit_exception_type_is_not_assigned(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """Note: Audit exception flag type id cannot be assigned manually."""
    path = fill(tmp_path / "a.xlsx", flags=[flag(2006, flag_type_id=1)])
    (row,) = bulkops("run", path, "--json", "--yes").document["rows"]
    assert (row["status"], row["code"]) == ("invalid", "flag_type_id.audit_exception")
    assert practice.state.applied == []
    assert "Not the Audit exception type" in help_of("flag_type_id")


def test_what_was_selected_and_updated_is_told(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """UpdateResult: selected and updated, required (defined), integer (int32)."""
    first, second = run(
        bulkops,
        tmp_path / "a.xlsx",
        {"list_id": 2006, "flag_type_id": 4},
        {"list_id": 2007, "flag_status": "Resolved"},
    )
    assert (first["selected"], first["updated"]) == (5, 0)
    assert first["message"] == "0 of 5 bills changed. The others were already in that state."
    assert second["message"] == "5 of 5 bills changed."


@pytest.mark.parametrize(("kind", "passed"), [(2, False), (None, True)])
def test_bills_that_were_not_updated_need_not_be_in_that_state(kind: int | None, passed: bool) -> None:
    """updated: without a type EnergyCAP may also pass over bills without a flag, or with a resolved one."""
    values = {**BLANK, "flag_type_id": kind, "comment": "x"}
    message, _ = OPERATION.done(values, Accepted(selected=12, updated=3))
    assert ("or are none that can be edited without a Flag type ID" in message) is passed


def test_an_empty_list_is_told(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """selected: 0 where the list held no bills; that nothing was edited is said, and how to send it later."""
    path = tmp_path / "a.xlsx"
    rows = [flag(2005, flag_type_id=2, flag_status=2, hold_from_export="Yes"), flag(2005, expected_bills=12)]
    for status in ("done", "already_done"):
        first, second = run(bulkops, path, *rows)
        assert (first["status"], second["status"]) == (status, status)
        for row in (first, second):
            assert "0 of 0 bills changed." in row["message"]
            assert "The list held no bills, so nothing was edited." in row["message"]
            assert "type the row's code in Send again" in row["tip"]
            assert "all of them were edited" not in row["tip"]
        assert "Unresolved" not in first["message"]
        assert "You expected 12 bills, the list held 0." in second["message"]
