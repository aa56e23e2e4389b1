"""docs/practice.md says how the practice server behaves and why; here it is walked line by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import bulkops
from bulkops.practice.choices import Choices, StatusWords

from .support import MANAGER_KEY, READER_KEY, Api, Clock, guid, refusal

PAGE = (Path(bulkops.__file__).parent.parent / "docs" / "practice.md").read_text(encoding="utf-8")
Check = Callable[[Api, Clock], None]
DOCUMENTED: dict[str, Check] = {}
CHOSEN: dict[str, Check] = {}


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in part.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row[1:] for row in rows[1:]}


def documented(check: Check) -> Check:
    DOCUMENTED[check.__name__.rstrip("_").replace("_", "-")] = check
    return check


def chosen(check: Check) -> Check:
    CHOSEN[check.__name__] = check
    return check


@pytest.mark.parametrize("name", [*table("As documented")])
def test_what_is_documented(api: Api, clock: Clock, name):
    """Each behaviour of the first table has its source on the page and its check here."""
    assert all(table("As documented")[name])
    DOCUMENTED[name](api, clock)


@pytest.mark.parametrize("name", [*table("Chosen by us")])
def test_what_is_chosen(api: Api, clock: Clock, name):
    """Each choice of the second table is a switch, which both of its sides are checked of here."""
    CHOSEN[name](api, clock)


def test_the_page_lists_every_behaviour_and_every_switch():
    """Neither the page nor the program has one more."""
    assert [*table("As documented")] == [*DOCUMENTED]
    assert [*table("Chosen by us")] == [*CHOSEN] == [each.name for each in fields(Choices)]


@pytest.mark.parametrize(("name", "row"), table("Chosen by us").items())
def test_the_page_names_the_settings_of_every_switch(name, row):
    """What holds unless told otherwise, and what else there is."""
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


def task(api: Api, answer: Any) -> dict[str, Any]:
    return api.get(f"/api/v3/task/{answer.json()['taskGUId']}").json()


def filtered(api: Api, clause: str) -> list[int]:
    return [batch["batchId"] for batch in api.get("/api/v3/batch", filter=clause).json()]


def guids(api: Api, **query: Any) -> list[str]:
    return [each["taskGUId"] for each in api.get("/api/v3/task", **query).json()]


def flag(api: Api, bill: int) -> dict[str, Any]:
    return api.get(f"/api/v3/flag/Bill/{bill}").json()


def choices(api: Api) -> Choices:
    return api.server.state.choices


def both(api: Api, name: str, other: Any, seen: Callable[[], Any]) -> tuple[Any, Any]:
    """What is seen unless told otherwise, and under the other setting."""
    before = seen()
    setattr(choices(api), name, other)
    return before, seen()


@documented
def key(api: Api, clock: Clock) -> None:
    assert api.call("GET", "/api/v3/me", "wrong").status_code == 401
    assert api.reimport(1, key=READER_KEY).status_code == 401


@documented
def content_type(api: Api, clock: Clock) -> None:
    answer = api.call("PUT", "/api/v3/task/8001", data='{"taskNote":null}', headers={"Content-Type": None})
    assert answer.status_code == 415


@documented
def filters(api: Api, clock: Clock) -> None:
    assert filtered(api, "batchCode one of 'JUL-2026'|'MGR-OPEN' and billCount less than '4'") == [501]
    refusal(api.get("/api/v3/batch", filter="batchCode = 'JUL-2026'"))


@documented
def filter_operators(api: Api, clock: Clock) -> None:
    refusal(api.get("/api/v3/batch", filter="isOpen not equals 'true'"))
    refusal(api.get("/api/v3/batch", filter="batchStatus like 'open'"))


@documented
def filter_like(api: Api, clock: Clock) -> None:
    assert filtered(api, "batchCode like 'gr-op'") == [504]


@documented
def filter_days(api: Api, clock: Clock) -> None:
    new = api.reimport(1).json()["taskGUId"]
    assert guids(api, filter="beginDate last 7 days") == [new]


@documented
def pages(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/task").headers["PageSize"] == "250"
    answer = api.get("/api/v3/task", pageSize=5000)
    headers = [answer.headers[name] for name in ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages")]
    assert headers == ["1", "1000", "43", "1"]


@documented
def no_pages(api: Api, clock: Clock) -> None:
    for path in ("/api/v3/list", "/api/v3/flag/flagType", "/api/v3/user"):
        assert len(api.get(path, pageSize=1).json()) > 1


@documented
def field(api: Api, clock: Clock) -> None:
    assert [*api.get(f"/api/v3/task/{guid(1)}", field="status,endDate").json()] == ["endDate", "status"]


@documented
def me(api: Api, clock: Clock) -> None:
    found = api.get("/api/v3/me").json()
    assert (found["systemUserCode"], found["environment"]) == ("operator", "Practice")
    assert found["permissions"]["billsAndBatches"]["create"]


@documented
def task_(api: Api, clock: Clock) -> None:
    answer = api.reimport(1)
    assert task(api, answer)["endDate"] is None
    clock.forward(2)
    assert task(api, answer)["endDate"]


@documented
def task_analysis(api: Api, clock: Clock) -> None:
    answer = api.reimport(9)
    clock.forward(2)
    ended = task(api, answer)
    assert ended["endDate"]
    assert (ended["analyzingCount"], ended["unresolvedFlagCount"]) == (6, 0)
    clock.forward(1)
    assert (task(api, answer)["analyzingCount"], task(api, answer)["unresolvedFlagCount"]) == (0, 3)


@documented
def task_types(api: Api, clock: Clock) -> None:
    assert guids(api, taskTypeCode="ReadingImport") == [guid(53)]


@documented
def task_note(api: Api, clock: Clock) -> None:
    assert api.call("PUT", "/api/v3/task/8002", json={"taskNote": "Seen"}).json()["taskNote"] == "Seen"


@documented
def task_with_kickouts(api: Api, clock: Clock) -> None:
    for number in (51, 52, 53):
        refusal(api.reimport(number))


@documented
def batch_modes(api: Api, clock: Clock) -> None:
    assert api.batch_of(api.reimport(1))["batchId"] == 501
    assert api.batch_of(api.reimport(2, "use pending batch", pendingBatchId=502))["batchStatus"] == "pending"
    assert api.batch_of(api.reimport(3, "new self-contained batch"))["batchStatus"] == "closed"
    assert api.batch_of(api.reimport(4, "new batch"))["isOpen"]
    assert not api.batch(501)["isOpen"]


@documented
def smart_batch(api: Api, clock: Clock) -> None:
    assert api.batch_of(api.reimport(1, "smart batch", newBatchCode="MICRO-07"))["batchCode"].startswith("MICRO-07-")
    assert "'use existing batch'" in refusal(api.reimport(1, "smart batch", newBatchCode="MGR-OPEN"))


@documented
def others_batches(api: Api, clock: Clock) -> None:
    refusal(api.reimport(1, existingOpenBatchId=504))
    assert api.reimport(1, key=MANAGER_KEY, existingOpenBatchId=501).status_code == 200


@documented
def batch(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/batch/505").json() == api.batch(505)


@documented
def batches_with_kickouts(api: Api, clock: Clock) -> None:
    api.reimport(9)
    clock.forward(2)
    assert filtered(api, "HasImportsWithKickout equals 'true'") == [501]


@documented
def flag_values(api: Api, clock: Clock) -> None:
    refusal(api.flag(2006))
    refusal(api.flag(2006, comment="x", holdFromExport=True, releaseExportHold=True))


@documented
def flag_audit_exception(api: Api, clock: Clock) -> None:
    (number,) = (
        each["flagTypeId"]
        for each in api.get("/api/v3/flag/flagType").json()
        if each["flagTypeInfo"] == "Audit Exception"
    )
    refusal(api.flag(2006, flagTypeId=number))


@documented
def flag_table(api: Api, clock: Clock) -> None:
    api.flag(2001, flagTypeId=2, flagStatusId=2)
    assert flag(api, 200100)["flagStatus"]["flagStatusInfo"] == "Unresolved"
    assert "flagTypeId" in refusal(api.flag(2003, flagStatusId=1))


@documented
def flag_assignees(api: Api, clock: Clock) -> None:
    for assigned in ([101, 102], [103]):
        api.flag(2006, assignees=assigned)
        assert [each["userId"] for each in flag(api, 200600)["assignees"]] == assigned


@documented
def flag_counts(api: Api, clock: Clock) -> None:
    assert api.flag(2004, flagTypeId=2, flagStatusId=2).json() == {"selected": 25, "updated": 15}
    assert api.flag(2004, flagTypeId=2, flagStatusId=2).json() == {"selected": 25, "updated": 5}


@documented
def flag_read(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/flag/Bill/200100").status_code == 204
    api.flag(2006, comment="Called")
    last = flag(api, 200600)["flagEvents"][-1]
    assert (last["createdBy"]["userCode"], last["comment"]) == ("operator", "Called")


@documented
def lists(api: Api, clock: Clock) -> None:
    assert 2098 not in [each["listId"] for each in api.get("/api/v3/list").json()]
    assert [each["listId"] for each in api.get("/api/v3/list", listTypeId=2).json()] == [2099]


@documented
def list_data(api: Api, clock: Clock) -> None:
    body = api.get("/api/v3/list/2001/data", pageSize=2).json()
    assert (len(body["data"]), body["meta"]["TotalCount"]) == (2, 12)


@documented
def list_filter(api: Api, clock: Clock) -> None:
    (found,) = api.get("/api/v3/list/2006/filter").json()
    assert (found["caption"], found["operator"], found["value"]) == ("Account name", "like", "Site 06")


@documented
def view_permissions(api: Api, clock: Clock) -> None:
    api.server.state.forbid("flaggedItems", "view")
    refusal(api.get("/api/v3/flag/flagType"), 401)
    assert api.get("/api/v3/batch").status_code == 200


@documented
def users(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/user").json()[0]["email"]
    assert api.get("/api/v3/user", READER_KEY).json()[0]["email"] is None


@chosen
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


@chosen
def reads_need_content_type(api: Api, clock: Clock) -> None:
    def seen() -> int:
        return api.call("GET", "/api/v3/me", headers={"Content-Type": None}).status_code

    assert both(api, "reads_need_content_type", True, seen) == (200, 415)


@chosen
def null_keys(api: Api, clock: Clock) -> None:
    assert both(api, "null_keys", False, lambda: "endDate" in task(api, api.reimport(1))) == (True, False)


@chosen
def dates(api: Api, clock: Clock) -> None:
    seen = []
    for choices(api).dates in ("naive", "offset", "utc"):
        seen.append(api.get(f"/api/v3/task/{guid(1)}").json()["beginDate"])
    assert seen == ["2026-07-01T07:00:00", "2026-07-01T07:00:00.0000000+00:00", "2026-07-01T07:00:00Z"]


@chosen
def environment(api: Api, clock: Clock) -> None:
    seen = both(api, "environment", "Acme", lambda: api.get("/api/v3/me").json()["environment"])
    assert seen == ("Practice", "Acme")


@chosen
def unknown_filters(api: Api, clock: Clock) -> None:
    refusal(api.get("/api/v3/batch", filter="nothing equals 'x'"))
    choices(api).unknown_filters = "ignore"
    assert len(filtered(api, "nothing equals 'x' and isOpen equals 'true'")) == 2


@chosen
def quotes(api: Api, clock: Clock) -> None:
    api.reimport(1, "new batch", newBatchCode="JULY'S")
    assert filtered(api, "batchCode equals 'JULY''S'") == [507]
    choices(api).quotes = "refuse"
    refusal(api.get("/api/v3/batch", filter="batchCode equals 'JULY''S'"))


@chosen
def wildcard(api: Api, clock: Clock) -> None:
    assert both(api, "wildcard", "", lambda: filtered(api, "batchCode like 'j%-2026'")) == ([501, 503], [])
    choices(api).wildcard = "*"
    assert filtered(api, "batchCode like 'j*-2026'") == [501, 503]


@chosen
def user_filters(api: Api, clock: Clock) -> None:
    def seen() -> int:
        return api.get("/api/v3/user", filter="active equals 'true'").status_code

    assert both(api, "user_filters", ("userCode",), seen) == (200, 400)


@chosen
def half_pages(api: Api, clock: Clock) -> None:
    choices(api).half_pages = True
    answer = api.get("/api/v3/task", pageSize=10)
    assert (len(answer.json()), answer.headers["PageSize"], answer.headers["TotalPages"]) == (5, "10", "5")


@chosen
def task_order(api: Api, clock: Clock) -> None:
    begun = []
    for choices(api).task_order in ("mixed", "oldest first", "newest first"):
        begun.append([each["beginDate"] for each in api.get("/api/v3/task").json()])
    mixed, oldest, newest = begun
    assert oldest == sorted(oldest)
    assert newest == oldest[::-1]
    assert sorted(mixed) == oldest
    assert mixed not in (oldest, newest)


@chosen
def own_tasks_only(api: Api, clock: Clock) -> None:
    api.reimport(1, key=MANAGER_KEY)
    assert both(api, "own_tasks_only", True, lambda: len(guids(api))) == (44, 43)


@chosen
def more_task_filters(api: Api, clock: Clock) -> None:
    clause = "taskNote equals 'Practice import 07' and status like 'kickout'"
    assert "filter" in refusal(api.get("/api/v3/task", filter=clause))
    choices(api).more_task_filters = True
    assert guids(api, filter=clause) == [guid(7)]


@chosen
def status_words(api: Api, clock: Clock) -> None:
    words = StatusWords("2", "3", "3 (with errors)")
    seen = both(api, "status_words", words, lambda: api.get(f"/api/v3/task/{guid(1)}").json()["status"])
    assert seen == ("Completed with kickouts", "3 (with errors)")
    assert api.reimport(1).status_code == 200


@chosen
def settings_are_shown(api: Api, clock: Clock) -> None:
    def seen() -> list[bool]:
        found = api.get(f"/api/v3/task/{guid(1)}").json()
        return [found["settings"] is None, found["output"] is None]

    assert both(api, "settings_are_shown", False, seen) == ([False, False], [True, True])


@chosen
def appears_after_seconds(api: Api, clock: Clock) -> None:
    choices(api).appears_after_seconds = 0.5
    new = api.reimport(1).json()["taskGUId"]
    refusal(api.get(f"/api/v3/task/{new}"), 404)
    assert new not in guids(api)
    clock.forward(0.5)
    assert api.get(f"/api/v3/task/{new}").status_code == 200
    assert new in guids(api)


@chosen
def counts_in_message(api: Api, clock: Clock) -> None:
    seen = both(api, "counts_in_message", False, lambda: "4" in api.get(f"/api/v3/task/{guid(1)}").json()["message"])
    assert seen == (True, False)


@chosen
def note_is_shown(api: Api, clock: Clock) -> None:
    seen = both(api, "note_is_shown", False, lambda: task(api, api.reimport(1, more={"importNote": "N"}))["taskNote"])
    assert seen == ("N", None)


@chosen
def analysis_seconds(api: Api, clock: Clock) -> None:
    def seen() -> int:
        answer = api.reimport(9)
        clock.forward(2)
        return task(api, answer)["analyzingCount"]

    assert both(api, "analysis_seconds", 0.0, seen) == (6, 0)


@chosen
def reimport_twice(api: Api, clock: Clock) -> None:
    api.reimport(1)
    assert both(api, "reimport_twice", False, lambda: api.reimport(1).status_code) == (200, 400)


@chosen
def taken_codes(api: Api, clock: Clock) -> None:
    refusal(api.reimport(1, "new batch", newBatchCode="MICRO-07"))
    choices(api).taken_codes = "append"
    assert api.batch_of(api.reimport(1, "new batch", newBatchCode="MICRO-07"))["batchCode"].startswith("MICRO-07-")


@chosen
def pending_of_others(api: Api, clock: Clock) -> None:
    def seen() -> list[int]:
        by_id = api.reimport(1, "use pending batch", pendingBatchId=506)
        return [by_id.status_code, api.reimport(1, "smart batch", newBatchCode="PENDING-B").status_code]

    assert both(api, "pending_of_others", False, seen) == ([200, 200], [400, 400])


@chosen
def self_contained_closes(api: Api, clock: Clock) -> None:
    def seen() -> str:
        return api.batch_of(api.reimport(1, "new self-contained batch"))["batchStatus"]

    assert both(api, "self_contained_closes", "at the end", seen) == ("closed", "open")
    clock.forward(2)
    assert api.batch(508)["batchStatus"] == "closed"


@chosen
def absent_keys(api: Api, clock: Clock) -> None:
    body = {"comment": "x", "holdFromExport": False, "releaseExportHold": False}

    def seen() -> int:
        return api.call("PUT", "/api/v3/list/2006/flagAction", json=body).status_code

    assert both(api, "absent_keys", "refuse", seen) == (200, 400)
    assert api.flag(2006, comment="x").status_code == 200


@chosen
def unfit_bills(api: Api, clock: Clock) -> None:
    refusal(api.flag(2004, flagStatusId=2))
    choices(api).unfit_bills = "skip"
    assert api.flag(2004, flagStatusId=2).json() == {"selected": 25, "updated": 10}


@chosen
def empty_assignees(api: Api, clock: Clock) -> None:
    def seen() -> int:
        api.flag(2006, assignees=[101])
        api.flag(2006, assignees=[])
        return len(flag(api, 200600)["assignees"])

    assert both(api, "empty_assignees", "keep", seen) == (0, 1)


@chosen
def equal_comments(api: Api, clock: Clock) -> None:
    api.flag(2006, comment="x")
    assert both(api, "equal_comments", "nothing", lambda: api.flag(2006, comment="x").json()["updated"]) == (5, 0)


@chosen
def hold_resolved(api: Api, clock: Clock) -> None:
    def seen() -> bool:
        api.flag(2003, flagTypeId=3, holdFromExport=True)
        return api.get("/api/v3/list/2003/data").json()["data"][0][3]["value"]

    assert both(api, "hold_resolved", True, seen) == (False, True)


@chosen
def hold_needs_permission(api: Api, clock: Clock) -> None:
    def seen() -> int:
        return api.flag(2006, comment="x", holdFromExport=True).status_code

    assert both(api, "hold_needs_permission", True, seen) == (200, 401)
    assert api.flag(2006, MANAGER_KEY, comment="x", holdFromExport=True).status_code == 200


@chosen
def list_types(api: Api, clock: Clock) -> None:
    seen = both(
        api,
        "list_types",
        ("Bills", "Accounts"),
        lambda: {each["listType"]["listTypeInfo"] for each in api.get("/api/v3/list").json()},
    )
    assert seen == ({"Bill List", "Record List"}, {"Bills", "Accounts"})


@chosen
def list_columns(api: Api, clock: Clock) -> None:
    choices(api).list_columns = ("Total Cost",)
    body = api.get("/api/v3/list/2001/data", pageSize=1).json()
    assert [each["caption"] for each in body["field"]] == ["Total Cost"]
    assert body["data"] == [[{"fieldId": 1, "name": "Total Cost", "value": 100.0}]]


@chosen
def list_meta(api: Api, clock: Clock) -> None:
    choices(api).list_meta = ()
    assert api.get("/api/v3/list/2001/data").json()["meta"] == {}


@chosen
def list_error(api: Api, clock: Clock) -> None:
    choices(api).list_error = "The list is too large."
    answer = api.get("/api/v3/list/2001/data")
    assert (answer.status_code, answer.json()["meta"]["ErrorMessage"]) == (200, "The list is too large.")
