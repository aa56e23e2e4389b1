"""The few pandera pieces every operation's schema is made of.

Each check's ``error`` is a catalogue code; a check over several columns also carries the
field to blame in its ``name``. pandera keeps one example per check (``n_failure_cases``):
the rows that fail are in the check's output, and listing every cell of them would cost
more than checking them.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
from pandera.pandas import Check, Column, DataFrameSchema

from bulkops.operations.base import SEND_AGAIN, Field
from bulkops.operations.cells import UNREADABLE, Unreadable

REQUIRED = "value.required"


def is_given(values: pd.Series) -> pd.Series:
    """Which cells hold anything at all, readable or not."""
    return values.notna()


def is_value(values: pd.Series, *wanted: Any) -> pd.Series:
    """Which cells hold one of some values."""
    return values.isin(wanted)


def is_unreadable(values: pd.Series) -> pd.Series:
    """Which cells hold something that is no value of their column."""
    return pd.Series([isinstance(value, Unreadable) for value in values], index=values.index, dtype=bool)


def _readable(values: pd.Series) -> pd.Series:
    return ~is_unreadable(values)


def longest(limit: int) -> Callable[[pd.Series], pd.Series]:
    """A check: texts have at most ``limit`` characters, counted as UTF-16 units as .NET does."""

    def check(values: pd.Series) -> pd.Series:
        return pd.Series(
            [
                not isinstance(text, str) or len(text.encode("utf-16-le", "surrogatepass")) // 2 <= limit
                for text in values
            ],
            index=values.index,
            dtype=bool,
        )

    return check


def cell_rule(code: str, holds: Callable[[pd.Series], pd.Series], blanks: bool = False) -> Check:
    """A rule for one column; blank cells are passed over unless ``blanks``."""
    return Check(holds, error=code, ignore_na=not blanks, n_failure_cases=1)


def row_rule(blamed: str, code: str, holds: Callable[[pd.DataFrame], pd.Series]) -> Check:
    """A rule over several columns of one row, or over several rows; ``blamed`` is the field that is named."""
    return Check(holds, name=blamed, error=code, ignore_na=False, n_failure_cases=1)


def not_repeated(blamed: str, code: str, request: Callable[[pd.DataFrame], pd.DataFrame]) -> Check:
    """A row asks for the same as an earlier row of the workbook; that stands once, whatever Send again says."""

    def holds(frame: pd.DataFrame) -> pd.Series:
        unusable = frame[blamed].isna() | is_unreadable(frame[blamed])
        return unusable | ~request(frame).duplicated()

    return row_rule(blamed, code, holds)


def schema(
    fields: Iterable[Field], rules: Iterable[Check], extra: dict[str, list[Check]] | None = None
) -> DataFrameSchema:
    """The lazy schema over typed values: each column readable and, where needed, present; then the row rules."""
    columns = {}
    for each in (*fields, SEND_AGAIN):
        checks = [cell_rule(UNREADABLE, _readable)]
        if each.required:
            checks.append(cell_rule(REQUIRED, is_given, blanks=True))
        checks += (extra or {}).get(each.name, [])
        columns[each.name] = Column(object, checks, nullable=True)
    return DataFrameSchema(columns, checks=list(rules))
