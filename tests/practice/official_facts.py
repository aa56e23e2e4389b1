"""Runs in an environment of its own: what EnergyCAP's Python client reads of all that rows can name, as JSON.

    python official_facts.py BASE_URL

The key comes through standard input.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from energycap.sdk import EnergyCapApi

GUIDS = [f"7d9e4c10-5b3a-4f6e-9c21-{number:012d}" for number in (1, 51, 52, 53)]


def read(base_url: str, key: str) -> dict[str, Any]:
    """Names, statuses and counts by what they are of."""
    api, head = EnergyCapApi(base_url), {"ECI-ApiKey": key}
    lists = api.get_lists(custom_headers=head)
    batches = api.get_batches("batchStatus one of 'Open'|'Pending'", custom_headers=head)
    imports = api.get_tasks("BillImport", "beginDate greater than equal '2026-07-02'", 1000, 1, custom_headers=head)
    tasks = [api.get_task(guid, custom_headers=head) for guid in GUIDS]
    data = {each.list_id: api.get_list_with_data(each.list_id, 100, custom_headers=head) for each in lists}
    return {
        "flag types": [[each.flag_type_id, each.flag_type_info] for each in api.get_flag_types(custom_headers=head)],
        "lists": [[each.list_id, each.list_info, each.list_type.list_type_info, each.user.full_name] for each in lists],
        "users": [
            [each.user_id, each.full_name, each.user_code, each.active] for each in api.get_users(custom_headers=head)
        ],
        "batches": [
            [each.batch_id, each.batch_code, each.batch_status, each.created_by.user_id, each.bill_count]
            for each in [*batches, api.get_batch(503, custom_headers=head)]
        ],
        "tasks": [task(each) for each in tasks],
        "imports": [task(each) for each in imports],
        "counts": [
            [number, found.meta["TotalCount"], found.meta["TotalCost"], found.meta["costUnitInfo"], *shown(found)]
            for number, found in data.items()
        ],
    }


def task(each: Any) -> list[Any]:
    """What bulkops shows of a task."""
    told = [each.task_gu_id, each.task_type.task_type_code, each.status, each.end_date is not None, each.task_note]
    return [*told, each.settings["fileName"], each.current_success_count, each.begin_date.strftime("%Y-%m-%dT%H:%M:%S")]


def shown(found: Any) -> list[int]:
    """(bills with an unresolved flag, bills that are held), of a list that shows both."""
    cells = [{item.name: item.value for item in row} for row in found.data]
    return [
        sum(each["Flag Status"] == "Unresolved" for each in cells),
        sum(each["Held From Export"] is True for each in cells),
    ]


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], sys.stdin.read())))
