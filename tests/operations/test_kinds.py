"""What a column's ids are of, for those who make it and for those who look a row's names up, is one word."""

import pytest

from bulkops.operations import all_operations
from bulkops.operations.base import Operation

VALUES = {
    "list_flag_edit": [{"list_id": 2001, "flag_type_id": 2, "assignees": (101,), "expected_bills": None}],
    "kickout_reimport": [
        {"task_guid": "a", "batch_mode": mode, "existing_open_batch_id": 501, "pending_batch_id": 502}
        for mode in ("use existing batch", "use pending batch")
    ],
}


@pytest.mark.parametrize("operation", all_operations().values(), ids=lambda each: each.key)
def test_a_columns_kind_is_that_of_the_names_in_it(operation: Operation) -> None:
    """So the template offers lists where a list is looked up."""
    named = {each.field: each.kind for values in VALUES[operation.key] for each in operation.names(values)}
    assert {field.name: field.kind for field in operation.fields if field.kind} == named
