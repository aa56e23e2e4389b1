"""Small inputs that once went wrong, each with its right value."""

from __future__ import annotations

from pathlib import Path

from asking import Bulkops

from bulkops.practice.server import PracticeServer
from bulkops.workbook.reader import read_workbook

CASES = Path(__file__).parent / "cases"


def test_a_sheet_without_a_part_is_no_input_sheet(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """module-sheet.xlsx: a module of Excel 95 is listed with ``r:id=""``; the other sheets are read, and the results
    go into the workbook."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "module-sheet.xlsx").read_bytes())
    ended = bulkops("run", path, "--yes", "--json")
    assert [(row["sheet"], row["row"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        ("Sheet", 2, "2001", "done")
    ]
    assert (ended.code, len(practice.writes)) == (0, 1)
    assert ended.document["results"] == str(path)
    assert [(sheet.name, sheet.ours, len(sheet.rows)) for sheet in read_workbook(path).sheets] == [
        ("Sheet", False, 2),
        ("Results", True, 2),
    ]
