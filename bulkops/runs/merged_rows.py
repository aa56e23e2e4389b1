"""Which rows merged cells touch."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection

from bulkops.runs.headings import Layout
from bulkops.workbook.sheets import column_letters


def merged_rows(layout: Layout, columns: Collection[int]) -> dict[int, str]:
    """Row number → a merged range that touches the row in one of some columns; the first in the file of several."""
    numbers = [row.number for row in layout.sheet.rows if row.number > layout.heading_row]
    found: dict[int, str] = {}
    # The next row that no range has touched yet, from each on: each row is touched once, however many ranges there are.
    free = list(range(len(numbers) + 1))
    for left, top, right, bottom in layout.sheet.merged:
        if not any(left <= column <= right for column in columns):
            continue
        at = bisect_left(numbers, top)
        end = bisect_right(numbers, bottom)
        while (at := _next_free(free, at)) < end:
            found[numbers[at]] = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
            free[at] = at + 1
    return found


def _next_free(free: list[int], at: int) -> int:
    while free[at] != at:
        free[at] = free[free[at]]
        at = free[at]
    return at
