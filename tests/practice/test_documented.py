"""docs/practice.md says how the practice server behaves and by which source; here that table is walked line by line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .support import MANAGER_KEY, READER_KEY, Api, Clock, guid, refusal, table

Check = Callable[[Api, Clock], None]
CHECKS: dict[str, Check] = {}


def check(one: Check) -> Check:
    CHECKS[one.__name__.rstrip("_").replace("_", "-")] = one
    return one


@pytest.mark.parametrize("name", [*table("As documented")])
def test_what_is_documented(api: Api, clock: Clock, name):
    """Each behaviour of the table has its source on the page and its check here."""
    assert all(table("As documented")[name])
    CHECKS[name](api, clock)


def test_the_page_lists_every_behaviour():
    """Neither the page nor this module has one more."""
    assert [*table("As documented")] == [*CHECKS]


@check
def key(api: Api, clock: Clock) -> None:
    assert api.call("GET", "/api/v3/me", "wrong").status_code == 401
    assert api.reimport(1, key=READER_KEY).status_code == 401


@check
def content_type(api: Api, clock: Clock) -> None:
    answer = api.call("PUT", "/api/v3/task/8001", data='{"taskNote":null}', headers={"Content-Type": None})
    assert answer.status_code == 415


@check
def filters(api: Api, clock: Clock) -> None:
    assert api.batch_ids("batchCode one of 'JUL-2026'|'MGR-OPEN' and billCount less than '4'") == [501]
    refusal(api.get("/api/v3/batch", filter="batchCode = 'JUL-2026'"))


@check
def filter_operators(api: Api, clock: Clock) -> None:
    refusal(api.get("/api/v3/batch", filter="isOpen not equals 'true'"))
    refusal(api.get("/api/v3/batch", filter="batchStatus like 'open'"))


@check
def filter_like(api: Api, clock: Clock) -> None:
    assert api.batch_ids("batchCode like 'gr-op'") == [504]


@check
def filter_days(api: Api, clock: Clock) -> None:
    new = api.reimport(1).json()["taskGUId"]
    assert api.task_guids(filter="beginDate last 7 days") == [new]


@check
def pages(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/task").headers["PageSize"] == "250"
    answer = api.get("/api/v3/task", pageSize=5000)
    headers = [answer.headers[name] for name in ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages")]
    assert headers == ["1", "1000", "43", "1"]


@check
def no_pages(api: Api, clock: Clock) -> None:
    for path in ("/api/v3/list", "/api/v3/flag/flagType", "/api/v3/user"):
        assert len(api.get(path, pageSize=1).json()) > 1


@check
def field(api: Api, clock: Clock) -> None:
    assert [*api.get(f"/api/v3/task/{guid(1)}", field="status,endDate").json()] == ["endDate", "status"]


@check
def me(api: Api, clock: Clock) -> None:
    found = api.get("/api/v3/me").json()
    assert (found["systemUserCode"], found["environment"]) == ("operator", "Practice")
    assert found["permissions"]["billsAndBatches"]["create"]


@check
def task_(api: Api, clock: Clock) -> None:
    answer = api.reimport(1)
    assert api.task_of(answer)["endDate"] is None
    clock.forward(2)
    assert api.task_of(answer)["endDate"]


@check
def task_analysis(api: Api, clock: Clock) -> None:
    answer = api.reimport(9)
    clock.forward(2)
    ended = api.task_of(answer)
    assert ended["endDate"]
    assert (ended["analyzingCount"], ended["unresolvedFlagCount"]) == (6, 0)
    clock.forward(1)
    assert (api.task_of(answer)["analyzingCount"], api.task_of(answer)["unresolvedFlagCount"]) == (0, 3)


@check
def task_types(api: Api, clock: Clock) -> None:
    assert api.task_guids(taskTypeCode="ReadingImport") == [guid(53)]


@check
def task_note(api: Api, clock: Clock) -> None:
    assert api.call("PUT", "/api/v3/task/8002", json={"taskNote": "Seen"}).json()["taskNote"] == "Seen"


@check
def task_with_kickouts(api: Api, clock: Clock) -> None:
    for number in (51, 52, 53):
        refusal(api.reimport(number))


@check
def batch_modes(api: Api, clock: Clock) -> None:
    assert api.batch_of(api.reimport(1))["batchId"] == 501
    assert api.batch_of(api.reimport(2, "use pending batch", pendingBatchId=502))["batchStatus"] == "pending"
    assert api.batch_of(api.reimport(3, "new self-contained batch"))["batchStatus"] == "closed"
    assert api.batch_of(api.reimport(4, "new batch"))["isOpen"]
    assert not api.batch(501)["isOpen"]


@check
def smart_batch(api: Api, clock: Clock) -> None:
    assert api.batch_of(api.reimport(1, "smart batch", newBatchCode="MICRO-07"))["batchCode"].startswith("MICRO-07-")
    assert "'use existing batch'" in refusal(api.reimport(1, "smart batch", newBatchCode="MGR-OPEN"))


@check
def others_batches(api: Api, clock: Clock) -> None:
    refusal(api.reimport(1, existingOpenBatchId=504))
    assert api.reimport(1, key=MANAGER_KEY, existingOpenBatchId=501).status_code == 200


@check
def batch(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/batch/505").json() == api.batch(505)


@check
def batches_with_kickouts(api: Api, clock: Clock) -> None:
    api.reimport(9)
    clock.forward(2)
    assert api.batch_ids("HasImportsWithKickout equals 'true'") == [501]


@check
def flag_values(api: Api, clock: Clock) -> None:
    refusal(api.flag(2006))
    refusal(api.flag(2006, comment="x", holdFromExport=True, releaseExportHold=True))


@check
def flag_audit_exception(api: Api, clock: Clock) -> None:
    (number,) = (
        each["flagTypeId"]
        for each in api.get("/api/v3/flag/flagType").json()
        if each["flagTypeInfo"] == "Audit Exception"
    )
    refusal(api.flag(2006, flagTypeId=number))


@check
def flag_table(api: Api, clock: Clock) -> None:
    api.flag(2001, flagTypeId=2, flagStatusId=2)
    assert api.flag_of(200100)["flagStatus"]["flagStatusInfo"] == "Unresolved"
    assert "flagTypeId" in refusal(api.flag(2003, flagStatusId=1))


@check
def flag_assignees(api: Api, clock: Clock) -> None:
    for assigned in ([101, 102], [103]):
        api.flag(2006, assignees=assigned)
        assert [each["userId"] for each in api.flag_of(200600)["assignees"]] == assigned


@check
def flag_counts(api: Api, clock: Clock) -> None:
    assert api.flag(2004, flagTypeId=2, flagStatusId=2).json() == {"selected": 25, "updated": 15}
    assert api.flag(2004, flagTypeId=2, flagStatusId=2).json() == {"selected": 25, "updated": 5}


@check
def flag_read(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/flag/Bill/200100").status_code == 204
    api.flag(2006, comment="Called")
    last = api.flag_of(200600)["flagEvents"][-1]
    assert (last["createdBy"]["userCode"], last["comment"]) == ("operator", "Called")


@check
def lists(api: Api, clock: Clock) -> None:
    assert 2098 not in [each["listId"] for each in api.get("/api/v3/list").json()]
    assert [each["listId"] for each in api.get("/api/v3/list", listTypeId=2).json()] == [2099]


@check
def list_data(api: Api, clock: Clock) -> None:
    body = api.get("/api/v3/list/2001/data", pageSize=2).json()
    assert (len(body["data"]), body["meta"]["TotalCount"]) == (2, 12)


@check
def list_filter(api: Api, clock: Clock) -> None:
    (found,) = api.get("/api/v3/list/2006/filter").json()
    assert (found["caption"], found["operator"], found["value"]) == ("Account name", "like", "Site 06")


@check
def view_permissions(api: Api, clock: Clock) -> None:
    api.server.state.forbid("flaggedItems", "view")
    refusal(api.get("/api/v3/flag/flagType"), 401)
    assert api.get("/api/v3/batch").status_code == 200


@check
def users(api: Api, clock: Clock) -> None:
    assert api.get("/api/v3/user").json()[0]["email"]
    assert api.get("/api/v3/user", READER_KEY).json()[0]["email"] is None
