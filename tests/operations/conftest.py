"""Rows typed into a real workbook, read back and checked: what every rule's test does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import fill

from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.runs.checking import check
from bulkops.workbook.reader import read_workbook

Checker = Callable[..., list[CheckedRow]]


@pytest.fixture
def checked(tmp_path: Path) -> Checker:
    """``checked("kickout_reimport", {field: value}, …)``: the rows as checked, from a sheet of that operation."""

    def run(key: str, *rows: dict[str, Any]) -> list[CheckedRow]:
        path = fill(tmp_path / "rows.xlsx", **{"kickouts" if key == "kickout_reimport" else "flags": rows})
        return list(check(read_workbook(path), list(all_operations().values())).rows)

    return run


def found(rows: list[CheckedRow]) -> list[list[str | int]]:
    """[sheet row, cell, code] of every problem."""
    return [[row.number, problem.cell.split("!")[1], problem.code] for row in rows for problem in row.problems]


def warned(rows: list[CheckedRow]) -> list[list[str | int]]:
    """[sheet row, cell, code] of every warning."""
    return [[row.number, warning.cell.split("!")[1], warning.code] for row in rows for warning in row.warnings]
