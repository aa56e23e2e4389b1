"""The lines of the table say what a row works on by the name that EnergyCAP has for it."""

import pytest
from steps import flag_edit, kickout, task

from bulkops.desktop.lines import make_line
from bulkops.model.outcomes import Status, outcome_of
from bulkops.model.rows import CheckedRow


@pytest.mark.parametrize(
    ("row", "named", "plain"),
    [
        (flag_edit(0, 2001), "list Electric to review (2001): comment", "list 2001: comment"),
        (kickout(0, 1), f"task Electric to review ({task(1)}).", f"task {task(1)}."),
    ],
)
def test_a_line_names_the_target_first(row: CheckedRow, named: str, plain: str) -> None:
    """The id stands behind the name, on one line; without a name it stands alone, and so it does without the row."""
    told = outcome_of(row, Status.READY, name="Electric\nto review")
    assert named in make_line(told, row).asks
    assert make_line(told).asks.endswith(f": Electric to review ({row.target})")
    assert plain in make_line(outcome_of(row, Status.READY), row).asks
