"""docs/practice.md lists what is chosen, as nothing public says how EnergyCAP does it; each switch is tried here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from bulkops.practice.choices import Choices, StatusWords

from .support import MANAGER_KEY, Api, Clock, guid, refusal, table

Check = Callable[[Api, Clock], None]
CHECKS: dict[str, Check] = {}


def check(one: Check) -> Check:
    CHECKS[one.__name__] = one
    return one


@pytest.mark.parametrize("name", [*table("Chosen by us")])
def test_what_is_chosen(api: Api, clock: Clock, name):
    """Each choice of the table is a switch, and both of its sides are checked here."""
    CHECKS[name](api, clock)


def test_the_page_lists_every_switch():
    """Neither the page nor the program has one more."""
    assert [*table("Chosen by us")] == [*CHECKS] == [each.name for each in fields(Choices)]


@pytest.mark.parametrize(("name", "row"), table("Chosen by us").items())
def test_the_page_names_the_settings_of_every_switch(name, row):
    """The default, and the other settings."""
    standard, others, unknown = row
    kind, value = get_type_hints(Choices)[name], getattr(Choices(), name)
    assert unknown.endswith(".")
    if isinstance(value, bool):
        assert [standard, others] == ["yes", "no"][:: 1 if value else -1]
    elif words := get_args(kind):
        if isinstance(value, tuple):
            assert standard == ", ".join(value)
        else:
            assert re.findall("`(.*?)`", f"{standard}, {others}") == [value, *(word for word in words if word != value)]
    elif isinstance(value, StatusWords):
        assert standard == f"{value.running}, {value.completed}, {value.kickouts}"
    else:
        assert standard == (str(value) or "none")


def choices(api: Api) -> Choices:
    return api.server.state.choices


def both(api: Api, name: str, other: Any, seen: Callable[[], Any]) -> tuple[Any, Any]:
    """What is seen by default, and under the other setting."""
    before = seen()
    setattr(choices(api), name, other)
    return before, seen()


@check
def errors(api: Api, clock: Clock) -> None:
    seen = {}
    for shape in ("problem", "message", "text", "html", "empty"):
        choices(api).errors = shape
        answer = api.get("/api/v3/batch/9")
        assert answer.status_code == 404
        seen[shape] = (answer.headers.get("Content-Type", ""), answer.text)
    assert seen == {
        "problem": (
            "application/problem+json",
            '{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no batch 9."}',
        ),
        "message": ("application/json", '{"message":"There is no batch 9."}'),
        "text": ("text/plain; charset=utf-8", "There is no batch 9."),
        "html": (
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><head><title>There is no batch 9.</title></head></html>",
        ),
        "empty": ("", ""),
    }


@check
def reads_need_content_type(api: Api, clock: Clock) -> None:
    def seen() -> int:
        return api.call("GET", "/api/v3/me", headers={"Content-Type": None}).status_code

    assert both(api, "reads_need_content_type", True, seen) == (200, 415)


@check
def null_keys(api: Api, clock: Clock) -> None:
    assert both(api, "null_keys", False, lambda: "endDate" in api.task_of(api.reimport(1))) == (True, False)


@check
def dates(api: Api, clock: Clock) -> None:
    seen = []
    for choices(api).dates in ("naive", "offset", "utc"):
        seen.append(api.get(f"/api/v3/task/{guid(1)}").json()["beginDate"])
    assert seen == ["2026-07-01T07:00:00", "2026-07-01T07:00:00.0000000+00:00", "2026-07-01T07:00:00Z"]


@check
def environment(api: Api, clock: Clock) -> None:
    seen = both(api, "environment", "Acme", lambda: api.get("/api/v3/me").json()["environment"])
    assert seen == ("Practice", "Acme")


@check
def unknown_filters(api: Api, clock: Clock) -> None:
    refusal(api.get("/api/v3/batch", filter="nothing equals 'x'"))
    choices(api).unknown_filters = "ignore"
    assert len(api.batch_ids("nothing equals 'x' and isOpen equals 'true'")) == 2


@check
def quotes(api: Api, clock: Clock) -> None:
    api.reimport(1, "new batch", newBatchCode="JULY'S")
    assert api.batch_ids("batchCode equals 'JULY''S'") == [507]
    choices(api).quotes = "refuse"
    refusal(api.get("/api/v3/batch", filter="batchCode equals 'JULY''S'"))


@check
def wildcard(api: Api, clock: Clock) -> None:
    assert both(api, "wildcard", "", lambda: api.batch_ids("batchCode like 'j%-2026'")) == ([501, 503], [])
    choices(api).wildcard = "*"
    assert api.batch_ids("batchCode like 'j*-2026'") == [501, 503]


@check
def user_filters(api: Api, clock: Clock) -> None:
    def seen() -> int:
        return api.get("/api/v3/user", filter="active equals 'true'").status_code

    assert both(api, "user_filters", ("userCode",), seen) == (200, 400)


@check
def half_pages(api: Api, clock: Clock) -> None:
    choices(api).half_pages = True
    answer = api.get("/api/v3/task", pageSize=10)
    assert (len(answer.json()), answer.headers["PageSize"], answer.headers["TotalPages"]) == (5, "10", "5")


@check
def task_order(api: Api, clock: Clock) -> None:
    begun = []
    for choices(api).task_order in ("mixed", "oldest first", "newest first"):
        begun.append([each["beginDate"] for each in api.get("/api/v3/task").json()])
    mixed, oldest, newest = begun
    assert oldest == sorted(oldest)
    assert newest == oldest[::-1]
    assert sorted(mixed) == oldest
    assert mixed not in (oldest, newest)


@check
def own_tasks_only(api: Api, clock: Clock) -> None:
    api.reimport(1, key=MANAGER_KEY)
    assert both(api, "own_tasks_only", True, lambda: len(api.task_guids())) == (44, 43)


@check
def more_task_filters(api: Api, clock: Clock) -> None:
    clause = "taskNote equals 'Practice import 07' and status like 'kickout'"
    assert "filter" in refusal(api.get("/api/v3/task", filter=clause))
    choices(api).more_task_filters = True
    assert api.task_guids(filter=clause) == [guid(7)]


@check
def status_words(api: Api, clock: Clock) -> None:
    words = StatusWords("2", "3", "3 (with errors)")
    seen = both(api, "status_words", words, lambda: api.get(f"/api/v3/task/{guid(1)}").json()["status"])
    assert seen == ("Completed with kickouts", "3 (with errors)")
    assert api.reimport(1).status_code == 200


@check
def settings_are_shown(api: Api, clock: Clock) -> None:
    def seen() -> list[bool]:
        found = api.get(f"/api/v3/task/{guid(1)}").json()
        return [found["settings"] is None, found["output"] is None]

    assert both(api, "settings_are_shown", False, seen) == ([False, False], [True, True])


@check
def appears_after_seconds(api: Api, clock: Clock) -> None:
    choices(api).appears_after_seconds = 0.5
    new = api.reimport(1).json()["taskGUId"]
    refusal(api.get(f"/api/v3/task/{new}"), 404)
    assert new not in api.task_guids()
    clock.forward(0.5)
    assert api.get(f"/api/v3/task/{new}").status_code == 200
    assert new in api.task_guids()


@check
def counts_in_message(api: Api, clock: Clock) -> None:
    seen = both(api, "counts_in_message", False, lambda: "4" in api.get(f"/api/v3/task/{guid(1)}").json()["message"])
    assert seen == (True, False)


@check
def note_is_shown(api: Api, clock: Clock) -> None:
    seen = both(api, "note_is_shown", False, lambda: api.task_of(api.reimport(1, more={"importNote": "N"}))["taskNote"])
    assert seen == ("N", None)


@check
def analysis_seconds(api: Api, clock: Clock) -> None:
    def seen() -> int:
        answer = api.reimport(9)
        clock.forward(2)
        return api.task_of(answer)["analyzingCount"]

    assert both(api, "analysis_seconds", 0.0, seen) == (6, 0)


@check
def reimport_twice(api: Api, clock: Clock) -> None:
    api.reimport(1)
    assert both(api, "reimport_twice", False, lambda: api.reimport(1).status_code) == (200, 400)


@check
def taken_codes(api: Api, clock: Clock) -> None:
    refusal(api.reimport(1, "new batch", newBatchCode="MICRO-07"))
    choices(api).taken_codes = "append"
    assert api.batch_of(api.reimport(1, "new batch", newBatchCode="MICRO-07"))["batchCode"].startswith("MICRO-07-")


@check
def pending_of_others(api: Api, clock: Clock) -> None:
    def seen() -> list[int]:
        by_id = api.reimport(1, "use pending batch", pendingBatchId=506)
        return [by_id.status_code, api.reimport(1, "smart batch", newBatchCode="PENDING-B").status_code]

    assert both(api, "pending_of_others", False, seen) == ([200, 200], [400, 400])


@check
def self_contained_closes(api: Api, clock: Clock) -> None:
    def seen() -> str:
        return api.batch_of(api.reimport(1, "new self-contained batch"))["batchStatus"]

    assert both(api, "self_contained_closes", "at the end", seen) == ("closed", "open")
    clock.forward(2)
    assert api.batch(508)["batchStatus"] == "closed"


@check
def absent_keys(api: Api, clock: Clock) -> None:
    body = {"comment": "x", "holdFromExport": False, "releaseExportHold": False}

    def seen() -> int:
        return api.call("PUT", "/api/v3/list/2006/flagAction", json=body).status_code

    assert both(api, "absent_keys", "refuse", seen) == (200, 400)
    assert api.flag(2006, comment="x").status_code == 200


@check
def unfit_bills(api: Api, clock: Clock) -> None:
    refusal(api.flag(2004, flagStatusId=2))
    choices(api).unfit_bills = "skip"
    assert api.flag(2004, flagStatusId=2).json() == {"selected": 25, "updated": 10}


@check
def empty_assignees(api: Api, clock: Clock) -> None:
    def seen() -> int:
        api.flag(2006, assignees=[101])
        api.flag(2006, assignees=[])
        return len(api.flag_of(200600)["assignees"])

    assert both(api, "empty_assignees", "keep", seen) == (0, 1)


@check
def equal_comments(api: Api, clock: Clock) -> None:
    api.flag(2006, comment="x")
    assert both(api, "equal_comments", "nothing", lambda: api.flag(2006, comment="x").json()["updated"]) == (5, 0)


@check
def hold_resolved(api: Api, clock: Clock) -> None:
    def seen() -> bool:
        api.flag(2003, flagTypeId=3, holdFromExport=True)
        return api.get("/api/v3/list/2003/data").json()["data"][0][3]["value"]

    assert both(api, "hold_resolved", True, seen) == (False, True)


@check
def hold_needs_permission(api: Api, clock: Clock) -> None:
    def seen() -> int:
        return api.flag(2006, comment="x", holdFromExport=True).status_code

    assert both(api, "hold_needs_permission", True, seen) == (200, 401)
    assert api.flag(2006, MANAGER_KEY, comment="x", holdFromExport=True).status_code == 200


@check
def list_types(api: Api, clock: Clock) -> None:
    seen = both(
        api,
        "list_types",
        ("Bills", "Accounts"),
        lambda: {each["listType"]["listTypeInfo"] for each in api.get("/api/v3/list").json()},
    )
    assert seen == ({"Bill List", "Record List"}, {"Bills", "Accounts"})


@check
def list_columns(api: Api, clock: Clock) -> None:
    choices(api).list_columns = ("Total Cost",)
    body = api.get("/api/v3/list/2001/data", pageSize=1).json()
    assert [each["caption"] for each in body["field"]] == ["Total Cost"]
    assert body["data"] == [[{"fieldId": 1, "name": "Total Cost", "value": 100.0}]]


@check
def list_meta(api: Api, clock: Clock) -> None:
    choices(api).list_meta = ()
    assert api.get("/api/v3/list/2001/data").json()["meta"] == {}


@check
def list_error(api: Api, clock: Clock) -> None:
    choices(api).list_error = "The list is too large."
    answer = api.get("/api/v3/list/2001/data")
    assert (answer.status_code, answer.json()["meta"]["ErrorMessage"]) == (200, "The list is too large.")
