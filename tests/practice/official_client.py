"""Runs in an environment of its own: EnergyCAP's Python client calls every operation and parses every answer.

    python official_client.py BASE_URL …

The key comes through standard input.

Whatever the client cannot parse, has no name for, or finds of another type than it expects ends this with an error.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from energycap.sdk import EnergyCapApi, models
from msrest.exceptions import HttpOperationError

GUID = "7d9e4c10-5b3a-4f6e-9c21-{:012d}"
PLAIN = {"int": int, "str": str, "bool": bool, "float": (int, float), "object": object, "{object}": dict}


def check(raw: Any, parsed: Any, kind: str, path: str) -> None:
    """Every key of the answer has a name and a type in the client's model, and its value arrived there."""
    if raw is None:
        assert parsed is None, path
    elif kind.startswith("["):
        assert len(raw) == len(parsed), path
        for place, (one, other) in enumerate(zip(raw, parsed, strict=True)):
            check(one, other, kind[1:-1], f"{path}[{place}]")
    elif kind == "iso-8601":
        assert isinstance(parsed, datetime), path
        assert parsed.strftime("%Y-%m-%dT%H:%M:%S") == raw[:19], path
    elif kind in PLAIN:
        assert isinstance(raw, PLAIN[kind]), path
        assert kind in ("bool", "object") or not isinstance(raw, bool), path
        assert parsed == raw, path
    else:
        model = getattr(models, kind)
        known = {facts["key"]: (name, facts["type"]) for name, facts in model._attribute_map.items()}
        for key, value in raw.items():
            assert key in known, f"{path}.{key} is unknown to the client"
            name, of = known[key]
            check(value, getattr(parsed, name), of, f"{path}.{key}")


class Client:
    """The client with a key; `call` is one operation, and whether its answer was parsed whole."""

    def __init__(self, base_url: str, key: str) -> None:
        self.api = EnergyCapApi(base_url)
        self.key = {"ECI-ApiKey": key}

    def call(self, operation: str, kind: str, *given: Any, paged: bool = False, **named: Any) -> Any:
        seen = getattr(self.api, operation)(*given, custom_headers=self.key, raw=True, **named)
        assert seen.response.status_code == 200, operation
        check(seen.response.json(), seen.output, kind, operation)
        for header in ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages") if paged else ():
            assert isinstance(seen.headers[header], int), header
        return seen.output

    def reimport(self, guid: str) -> str:
        """The reimport is younger than the client, which has the model of its answer all the same."""
        client = self.api._client
        url = client.format_url(f"/api/v202401/import/bill/task/{guid}/kickout")
        body = {"batchSettings": {"batchMode": "use existing batch"}, "importNote": "From the client"}
        headers = {"Content-Type": "application/json; charset=utf-8", **self.key}
        seen = client.send(client.post(url, {}, headers, body), stream=False)
        answer = self.api._deserialize("GuidResponse", seen)
        check(seen.json(), answer, "GuidResponse", "reimport")
        return answer.task_gu_id


def visit(base_url: str, key: str) -> None:
    client = Client(base_url, key)
    assert client.call("me_method", "Me").system_user_code == "operator"
    ended = client.call("get_task", "TaskResponse", GUID.format(1))
    running = client.call("get_task", "TaskResponse", GUID.format(52))
    assert (ended.status, running.end_date) == ("Completed with kickouts", None)
    new = client.call("get_task", "TaskResponse", client.reimport(GUID.format(2)))
    assert new.batch.batch_code == "JUL-2026"
    found = client.call("get_tasks", "[TaskResponse]", "BillImport", "beginDate last 7 days", 5000, 1, paged=True)
    assert [each.task_gu_id for each in found] == [new.task_gu_id]
    noted = client.call("edit_task", "TaskResponse", new.task_id, models.TaskEdit(task_note="Noted"))
    assert noted.task_note == "Noted"
    assert len(client.call("get_flag_types", "[FlagTypeChild]")) == 4
    lists = client.call("get_lists", "[ListCreateResponse]")
    kind = next(each.list_type.list_type_id for each in lists if each.list_id == 2099)
    assert [each.list_id for each in client.call("get_lists", "[ListCreateResponse]", kind)] == [2099]
    data = client.call("get_list_with_data", "ListResponse", 2004, 10, 2, paged=True)
    assert len(data.data) == 10
    client.call("get_list_filters", "[FilterResponse]", 2004)
    batches = client.call("get_batches", "[BatchResponse]", "batchStatus equals 'open'", paged=True)
    assert [each.batch_id for each in batches] == [501, 504]
    assert client.call("get_batch", "BatchResponse", 503).batch_status == "closed"
    assert [each.user_id for each in client.call("get_users", "[UserResponse]", "userCode equals 'manager'")] == [102]
    edit = models.FlagEdit(comment="Seen", assignees=[101], hold_from_export=False, release_export_hold=False)
    assert client.call("flag_bill_list_action", "UpdateResult", 2006, edit).updated == 5
    assert client.call("get_flag", "FlagResponse", "Bill", 200600).flag_events[-1].comment == "Seen"
    assert client.api.get_flag("Bill", 200100, custom_headers=client.key) is None
    assert status_of_refusal(client) == 404


def status_of_refusal(client: Client) -> int:
    """An error comes as the client's own exception, whatever its body is."""
    try:
        client.api.get_batch(9, custom_headers=client.key)
    except HttpOperationError as refused:
        return refused.response.status_code
    return 200


if __name__ == "__main__":
    the_key = sys.stdin.read()
    for address in sys.argv[1:]:
        visit(address, the_key)
        print("every answer was parsed")
