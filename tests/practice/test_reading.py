"""Pages, filters in words, field reduction, and what single things look like."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from .support import MANAGER_KEY, READER_KEY, Api, guid, refusal

PAGED = [("/api/v3/task", 43), ("/api/v3/batch", 6)]
UNPAGED = [("/api/v3/list", 31), ("/api/v3/user", 4), ("/api/v3/flag/flagType", 4)]
HEADERS = ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages")


def totals(answer) -> list[str]:
    return [answer.headers[name] for name in HEADERS]


@pytest.mark.parametrize(("path", "count"), PAGED)
def test_the_default_page_holds_250(api: Api, path, count):
    """Without paging parameters the first 250 come, and the headers say so."""
    answer = api.get(path)
    assert len(answer.json()) == count
    assert totals(answer) == ["1", "250", str(count), "1"]


@pytest.mark.parametrize(("path", "count"), PAGED)
def test_pages_add_up_to_the_whole(api: Api, path, count):
    """Page by page, every record comes exactly once and in the same order."""
    whole = api.get(path).json()
    pages = -(-count // 3)
    read = []
    for number in range(1, pages + 1):
        answer = api.get(path, pageSize=3, pageNumber=number)
        assert totals(answer) == [str(number), "3", str(count), str(pages)]
        read += answer.json()
    assert read == whole


@pytest.mark.parametrize(("path", "count"), UNPAGED)
def test_these_tables_come_whole(api: Api, path, count):
    """Lists, users and flag types know no pages: paging parameters have no effect, and no header speaks of pages."""
    answer = api.get(path, pageSize=3, pageNumber=2)
    assert len(answer.json()) == count
    assert not {*HEADERS} & {*answer.headers}


def test_a_page_past_the_end_is_empty(api: Api):
    """Asking beyond the last page is no error."""
    answer = api.get("/api/v3/batch", pageSize=4, pageNumber=3)
    assert answer.json() == []
    assert totals(answer) == ["3", "4", "6", "2"]


def test_no_records_are_no_pages(api: Api):
    """An empty result has zero pages."""
    assert totals(api.get("/api/v3/list/2005/data", pageSize=1)) == ["1", "1", "0", "0"]


@pytest.mark.parametrize("name", ["pageSize", "pageNumber"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "99999999999", "1_0", "+1"])
def test_a_page_must_be_a_whole_number_from_one(api: Api, name, value):
    """Nonsense in a paging parameter is 400 naming it."""
    assert name in refusal(api.get("/api/v3/task", **{name: value}))


def test_list_data_counts_the_whole_list_on_every_page(api: Api):
    """meta holds the totals of the list, however small the page."""
    answer = api.get("/api/v3/list/2001/data", pageSize=1)
    body = answer.json()
    assert len(body["data"]) == 1
    assert body["meta"] == {"TotalCount": 12, "TotalCost": 12 * 100 + 12.5 * 66, "costUnitInfo": "US Dollar"}
    assert totals(answer) == ["1", "1", "12", "12"]
    assert [item["name"] for item in body["data"][0]] == [field["caption"] for field in body["field"]]


def test_tasks_by_type(api: Api):
    """taskTypeCode keeps only tasks of that type."""
    assert len(api.get("/api/v3/task", taskTypeCode="BillImport").json()) == 42
    assert [task["taskGUId"] for task in api.get("/api/v3/task", taskTypeCode="ReadingImport").json()] == [guid(53)]
    assert api.get("/api/v3/task", taskTypeCode="Other").json() == []


def test_lists_by_type(api: Api):
    """listTypeId keeps only lists of that type."""
    number = {
        found["listType"]["listTypeInfo"]: found["listType"]["listTypeId"] for found in api.get("/api/v3/list").json()
    }
    assert [found["listId"] for found in api.get("/api/v3/list", listTypeId=number["Record List"]).json()] == [2099]
    assert len(api.get("/api/v3/list", listTypeId=number["Bill List"]).json()) == 30


@pytest.mark.parametrize(
    ("clause", "ids"),
    [
        ("batchCode equals 'JUL-2026'", [501]),
        ("BATCHCODE Equals 'jul-2026'", [501]),
        ("batchCode not equals 'JUL-2026'", [502, 503, 504, 505, 506]),
        ("batchCode one of 'JUL-2026'|'MICRO-07'", [501, 505]),
        ("batchCode not one of 'JUL-2026' | 'MICRO-07'", [502, 503, 504, 506]),
        ("batchCode like 'PENDING'", [502, 506]),
        ("batchCode like 'j%-2026'", [501, 503]),
        ("batchCode not like '-2026'", [502, 504, 505, 506]),
        ("batchStatus equals 'pending'", [502, 506]),
        ("batchStatus one of 'Open'|'Pending'", [501, 502, 504, 506]),
        ("billCount less than '3'", [501, 502]),
        ("billCount less than equal '3'", [501, 502, 503]),
        ("billCount greater than '4'", [505, 506]),
        ("billCount greater than equal '4'", [504, 505, 506]),
        ("billCount between '2'|'4'", [502, 503, 504]),
        ("billCount not between '2'|'4'", [501, 505, 506]),
        ("runningTotal equals '300'", [503]),
        ("isOpen equals 'true'", [501, 504]),
        ("isOpen equals 'False' and fullName like 'morgan'", [506]),
        ("endDate greater than '2026-07-02'", [503, 505]),
        ("endDate not equals '2026-07-02T06:00:00'", [501, 502, 504, 506]),
        ("controlCode equals 'x'", []),
        (" ", [501, 502, 503, 504, 505, 506]),
    ],
)
def test_filters_are_words(api: Api, clause, ids):
    """`field operator 'value'`, joined by ` and `, values by a bar; text and names are compared without case."""
    answer = api.get("/api/v3/batch", filter=clause)
    assert [batch["batchId"] for batch in answer.json()] == ids
    assert totals(answer)[2] == str(len(ids))


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("today", 3),
        ("yesterday", 23),
        ("last 7 days", 40),
        ("last 90 days", 40),
        ("less than '2026-07-01T08:30:00'", 2),
        ("between '2026-07-01T08:00:00Z'|'2026-07-01T12:00:00+02:00'", 3),
        ("greater than equal '2026-07-03'", 3),
    ],
)
def test_dates(api: Api, words, count):
    """beginDate takes moments, with or without a zone, and words for days, counted from now."""
    api.server.state.now = lambda: datetime(2026, 7, 3, 0, 0, tzinfo=UTC)
    assert len(api.get("/api/v3/task", filter=f"beginDate {words}").json()) == count


@pytest.mark.parametrize(("clause", "ids"), [("userCode equals 'reader'", [103]), ("active equals 'false'", [104])])
def test_filters_on_users(api: Api, clause, ids):
    """Users can be filtered, though not paged."""
    assert [user["userId"] for user in api.get("/api/v3/user", filter=clause).json()] == ids


def test_a_quote_in_a_value_is_doubled(api: Api):
    """'' inside a value stands for one quote."""
    api.reimport(1, "new batch", newBatchCode="JULY'S")
    assert len(api.get("/api/v3/batch", filter="batchCode equals 'JULY''S'").json()) == 1


def test_batches_with_kickouts_can_be_found(api: Api, clock):
    """HasImportsWithKickout is the one documented word on kickouts that a machine can read."""
    clause = "HasImportsWithKickout equals 'true'"
    assert api.get("/api/v3/batch", filter=clause).json() == []
    api.reimport(9)
    clock.forward(2)
    assert [batch["batchId"] for batch in api.get("/api/v3/batch", filter=clause).json()] == [501]


@pytest.mark.parametrize(
    "clause",
    [
        "batchCode",
        "batchCode equals",
        "batchCode equals JUL",
        "batchCode = 'JUL-2026'",
        "batchCode equals 'JUL",
        "batchCode equals 'a'|'b'",
        "batchCode between 'a'|'b'",
        "batchCode equals 'a' or batchCode equals 'b'",
        "batchCode equals 'a' and",
        "batchCode equals 'a'and batchCode equals 'a'",
        "batchStatus like 'open'",
        "isOpen not equals 'true'",
        "isOpen equals 'yes'",
        "billCount equals 'many'",
        "billCount between '1'",
        "endDate equals 'soon'",
        "endDate today '2026-07-01'",
        "nothing equals 'x'",
    ],
)
def test_a_filter_that_cannot_be_read_is_400(api: Api, clause):
    """Symbols, values without quotes, an operator that the field does not take: a sentence about the filter."""
    assert "filter" in refusal(api.get("/api/v3/batch", filter=clause))


def test_filter_and_pages_together(api: Api):
    """The totals count what the filter left."""
    answer = api.get("/api/v3/batch", filter="batchCode like 'P'", pageSize=1, pageNumber=2)
    assert [batch["batchId"] for batch in answer.json()] == [504]
    assert totals(answer) == ["2", "1", "3", "3"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/v3/me", ["systemUserId", "permissions"]),
        (f"/api/v3/task/{guid(1)}", ["taskGUId", "status"]),
        ("/api/v3/batch", ["batchId", "isOpen"]),
        ("/api/v3/list/2001/data", ["meta"]),
    ],
)
def test_field_reduces_the_answer(api: Api, path, names):
    """`field` names the keys to answer, comma separated; the answer keeps its own order."""
    answer = api.get(path, field=",".join(names)).json()
    assert [*(answer[0] if isinstance(answer, list) else answer)] == names


def test_the_flag_of_a_bill(api: Api):
    """Type, status, who made and changed it and when, and every event with its comment; 204 for a bill without."""
    assert api.get("/api/v3/flag/Bill/200100").status_code == 204
    api.flag(2001, MANAGER_KEY, flagTypeId=2, comment="Called", assignees=[101, 103], costRecovery=1.5)
    api.flag(2001, flagStatusId=2)
    flag = api.get("/api/v3/flag/Bill/200100").json()
    assert flag["flagType"] == {"flagTypeId": 2, "flagTypeInfo": "Bill review"}
    assert flag["flagStatus"] == {"flagStatusId": 2, "flagStatusInfo": "Resolved"}
    assert [user["userId"] for user in flag["assignees"]] == [101, 103]
    assert (flag["createdBy"]["userId"], flag["modifiedBy"]["userId"], flag["costRecovery"]) == (102, 101, 1.5)
    events = [(event["createdBy"]["userId"], event["comment"], event["description"]) for event in flag["flagEvents"]]
    assert events == [(102, "Called", "Flagged"), (101, None, "Resolved")]


def test_a_bill_that_an_edit_leaves_as_it_is_gets_no_event(api: Api):
    """What is not counted as updated leaves no trace either."""
    before = api.get("/api/v3/flag/Bill/200600").json()
    assert api.flag(2006, flagTypeId=4, flagStatusId=1).json() == {"selected": 5, "updated": 0}
    assert api.get("/api/v3/flag/Bill/200600").json() == before


def test_what_a_list_means(api: Api):
    """The filter call tells caption, operator and value of each filter of a list."""
    (found,) = api.get("/api/v3/list/2002/filter").json()
    assert (found["caption"], found["operator"], found["value"]) == (
        "Account name",
        "like",
        "Unresolved vendor queries",
    )


def test_one_batch(api: Api):
    """The same facts as in the table of batches."""
    assert api.get("/api/v3/batch/503").json() == api.batch(503)


def test_the_note_of_a_task_can_be_changed(api: Api):
    """By the task's number, not its GUID; the answer is the task."""
    number = api.get(f"/api/v3/task/{guid(3)}").json()["taskId"]
    answer = api.call("PUT", f"/api/v3/task/{number}", json={"taskNote": "Checked"})
    assert (answer.json()["taskGUId"], answer.json()["taskNote"]) == (guid(3), "Checked")
    assert api.get(f"/api/v3/task/{guid(3)}").json() == answer.json()
    assert "no task 1" in refusal(api.call("PUT", "/api/v3/task/1", json={"taskNote": None}), 404)


def test_a_list_that_is_not_shared_is_its_owners(api: Api):
    """Lists you created or can access: to anybody else the list is not there."""
    assert api.get("/api/v3/list/2098/data", MANAGER_KEY).json()["meta"]["TotalCount"] == 1
    assert 2098 in [found["listId"] for found in api.get("/api/v3/list", MANAGER_KEY).json()]
    refusal(api.get("/api/v3/list/2098/data"), 404)
    refusal(api.get("/api/v3/list/2098/filter"), 404)
    refusal(api.flag(2098, comment="x"), 404)


def test_without_users_and_roles_only_names_come_back(api: Api):
    """View on Users & Roles shows the rest, such as email and active."""
    whole, little = api.get("/api/v3/user").json()[0], api.get("/api/v3/user", READER_KEY).json()[0]
    assert (whole["email"], whole["active"]) == ("operator@example.com", True)
    assert {name for name, value in little.items() if value is not None} == {"userId", "userCode", "fullName"}


@pytest.mark.parametrize(
    ("right", "path"),
    [
        (("billsAndBatches", "view"), "/api/v3/batch"),
        (("billsAndBatches", "view"), "/api/v3/batch/501"),
        (("flaggedItems", "view"), "/api/v3/flag/flagType"),
        (("flaggedItems", "view"), "/api/v3/flag/Bill/200200"),
    ],
)
def test_a_table_may_be_forbidden(api: Api, right, path):
    """Batches and flags can be read only with the permission that their pages name."""
    api.server.state.forbid(*right)
    assert ": View" in refusal(api.get(path), 401)
    assert api.get(path, MANAGER_KEY).status_code == 200
