"""Paging and filters (api-contract, section 3)."""

from __future__ import annotations

import pytest

from .support import Api, guid, refusal

COLLECTIONS = [
    ("/api/v3/task", 43),
    ("/api/v3/batch", 6),
    ("/api/v3/list", 31),
    ("/api/v3/user", 4),
    ("/api/v3/flag/flagType", 4),
]


def totals(answer) -> list[str]:
    return [answer.headers[name] for name in ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages")]


@pytest.mark.parametrize(("path", "count"), COLLECTIONS)
def test_the_default_page_holds_250(api: Api, path, count):
    """Without paging parameters the first 250 come, and the headers say so."""
    answer = api.get(path)
    assert len(answer.json()) == count
    assert totals(answer) == ["1", "250", str(count), "1"]


@pytest.mark.parametrize(("path", "count"), COLLECTIONS)
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


def test_a_page_past_the_end_is_empty(api: Api):
    """Asking beyond the last page is no error."""
    answer = api.get("/api/v3/batch", pageSize=4, pageNumber=3)
    assert answer.json() == []
    assert totals(answer) == ["3", "4", "6", "2"]


def test_no_records_are_no_pages(api: Api):
    """An empty result has zero pages."""
    assert totals(api.get("/api/v3/list/2005/data", pageSize=1)) == ["1", "1", "0", "0"]


@pytest.mark.parametrize("name", ["pageSize", "pageNumber"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "99999999999"])
def test_a_page_must_be_a_whole_number_from_one(api: Api, name, value):
    """Nonsense in a paging parameter is 400 naming it."""
    assert name in refusal(api.get("/api/v3/task", **{name: value}))


def test_a_page_holds_at_most_1000(api: Api):
    """1000 is the largest page; practice decision: more is refused."""
    assert totals(api.get("/api/v3/task", pageSize=1000))[1] == "1000"
    assert "1000" in refusal(api.get("/api/v3/task", pageSize=1001))


def test_list_data_counts_the_whole_list_on_every_page(api: Api):
    """meta holds the totals of the list, however small the page."""
    answer = api.get("/api/v3/list/2001/data", pageSize=1)
    body = answer.json()
    assert len(body["data"]) == 1
    assert body["meta"] == {"TotalCount": 12, "TotalCost": 12 * 100 + 12.5 * 66, "costUnitInfo": "USD"}
    assert totals(answer) == ["1", "1", "12", "12"]
    assert [item["name"] for item in body["data"][0]] == [field["caption"] for field in body["field"]]


def test_tasks_by_type(api: Api):
    """taskTypeCode keeps only tasks of that type."""
    assert len(api.get("/api/v3/task", taskTypeCode="BillImport").json()) == 42
    assert [task["taskGUId"] for task in api.get("/api/v3/task", taskTypeCode="MeterImport").json()] == [guid(53)]
    assert api.get("/api/v3/task", taskTypeCode="Other").json() == []


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        ("status = 'Completed with kickouts'", 41),
        ("status = 'COMPLETED WITH KICKOUTS'", 41),
        ("STATUS='Running'", 1),
        ("status != 'Running'", 42),
        ("status <> 'Running'", 42),
        ("status like '%kickout%'", 41),
        ("status like 'kickout'", 0),
        ("status like 'Completed'", 1),
        ("currentSuccessCount >= '26'", 5),
        ("currentSuccessCount > '25'", 5),
        ("currentSuccessCount < '20'", 1),
        ("currentSuccessCount <= '20'", 6),
        ("taskTypeCode = 'MeterImport'", 1),
        ("userCode = 'operator'", 43),
        ("beginDate >= '2026-07-03'", 3),
        ("beginDate < '2026-07-01T08:30:00Z'", 2),
        ("endDate >= '2000-01-01'", 42),
        ("status = 'Completed with kickouts' and taskTypeCode = 'BillImport'", 40),
        ("status = 'Completed with kickouts'  AND  taskTypeCode='BillImport' and currentSuccessCount = '20'", 5),
        ("taskNote = 'it''s'", 0),
        (" ", 43),
    ],
)
def test_filters(api: Api, clause, count):
    """`field operator 'value'`, joined by ` and `: text without case, numbers as numbers, moments as moments."""
    answer = api.get("/api/v3/task", filter=clause)
    assert len(answer.json()) == count
    assert totals(answer)[2] == str(count)


def test_a_quote_in_a_value_is_doubled(api: Api):
    """'' inside a value stands for one quote."""
    api.reimport(1, "new batch", newBatchCode="JULY'S")
    assert len(api.get("/api/v3/batch", filter="batchCode = 'JULY''S'").json()) == 1


@pytest.mark.parametrize(("clause", "ids"), [("isOpen = 'true'", [501, 504]), ("batchStatus = 'pending'", [502, 506])])
def test_filters_on_batches(api: Api, clause, ids):
    """Booleans are compared by their JSON words."""
    assert [batch["batchId"] for batch in api.get("/api/v3/batch", filter=clause).json()] == ids


@pytest.mark.parametrize(
    "clause",
    [
        "status",
        "status = Running",
        "status ~ 'Running'",
        "status = 'Running",
        "status = 'Running' or status = 'Completed'",
        "status = 'Running' and",
        "status = 'Running'and status = 'Running'",
        "nothing = 'x'",
        "currentSuccessCount = 'many'",
    ],
)
def test_a_filter_that_cannot_be_read_is_400(api: Api, clause):
    """A filter of another form, or on an unknown field, is refused with a sentence."""
    assert "filter" in refusal(api.get("/api/v3/task", filter=clause))


def test_filter_and_pages_together(api: Api):
    """The totals count what the filter left."""
    answer = api.get(
        "/api/v3/task", taskTypeCode="BillImport", filter="status like '%kickout%'", pageSize=15, pageNumber=3
    )
    assert [task["taskGUId"] for task in answer.json()] == [guid(number) for number in range(31, 41)]
    assert totals(answer) == ["3", "15", "40", "3"]
