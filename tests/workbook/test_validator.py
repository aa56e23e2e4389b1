"""Microsoft's own Open XML SDK finds nothing wrong with a graft that was not wrong before.

The SDK runs in node: npm's ``@ooxml-tools/validate`` in a folder that BULKOPS_VALIDATOR names (``.ci/run`` makes one).
Where that is set nothing is skipped: what is missing then is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from zoo import ZOO
from zoo.book import BOOK, BOOK_RELS, swapped, unzipped

from bulkops.workbook.writing.graft import Graft

from .test_live_template import made as made_live
from .test_zoo import FIRST, TAME, copied, once, original, twice

FOLDER = os.environ.get("BULKOPS_VALIDATOR", "")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="BULKOPS_VALIDATOR names no folder with npm's @ooxml-tools/validate in it"
)
REPLACED = [name for name in TAME if ZOO[name].ours or name in ("plain.xlsx", "strict.xlsx", "prefixed.xlsx")]
COPIED = ["plain.xlsx", "strict.xlsx", "prefixed.xlsx", "earlier results.xlsx"]
Found = list[list[str]] | str
"""Errors as [id, part, place, description]; or why the file cannot be opened."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """What the SDK says about all files, in one start of it, which takes longer than a file."""
    folder = tmp_path_factory.mktemp("validated")
    contents = {f"{age} {name}": made(name) for name in TAME for age, made in (("old", original), ("new", once))}
    contents |= {f"again {name}": twice(name) for name in REPLACED} | damages()
    contents |= {f"copy {name}": copied(name) for name in COPIED}
    contents["live template"] = made_live(rows=True)
    contents["many lines"] = Graft(original("plain.xlsx")).grafted(replace(FIRST, lines=FIRST.lines * 40))
    files = [folder / f"{number}.xlsx" for number in range(len(contents))]
    for file, content in zip(files, contents.values(), strict=True):
        file.write_bytes(content)
    entry = Path(FOLDER, "node_modules", "@ooxml-tools", "validate", "dist", "npm", "index.js")
    ended = subprocess.run(
        ["node", Path(__file__).with_name("validate.mjs"), entry, *files], capture_output=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return dict(zip(contents, map(json.loads, ended.stdout.decode().splitlines()), strict=True))


def damages() -> dict[str, bytes]:
    """A graft as it must not be, by what is wrong with it."""
    graft = once("plain.xlsx")
    (sheet,) = unzipped(graft).keys() - unzipped(original("plain.xlsx")).keys()
    return {
        "a style that is not there": swapped(graft, sheet, (' s="', ' s="9')),
        "a name twice": swapped(graft, BOOK, ('name="Results"', 'name="Notes"')),
        "an id twice": swapped(graft, BOOK, ('sheetId="3"', 'sheetId="2"')),
        "a sheet without a part": swapped(graft, BOOK_RELS, (Path(sheet).name, "gone.xml")),
        "a wrong order": swapped(graft, sheet, ("<sheetData>", "<autoFilter ref='A1:B2'/><sheetData>")),
    }


@pytest.mark.parametrize("name", TAME)
def test_no_graft_has_a_new_error(name: str, found: dict[str, Found]) -> None:
    """The errors a workbook had before, and none else; what could not be opened before cannot be now."""
    old, new = found[f"old {name}"], found[f"new {name}"]
    assert isinstance(old, str) == isinstance(new, str) == ("validator" in ZOO[name].blind), (old, new)
    assert isinstance(new, str) or [error for error in new if error not in old] == []


@pytest.mark.parametrize("name", REPLACED)
def test_neither_has_the_next_one(name: str, found: dict[str, Found]) -> None:
    """A replaced sheet is as sound as a new one."""
    assert [error for error in found[f"again {name}"] if error not in found[f"old {name}"]] == []


@pytest.mark.parametrize("name", COPIED)
def test_neither_has_a_copy(name: str, found: dict[str, Found]) -> None:
    """With links to another workbook."""
    assert [error for error in found[f"copy {name}"] if error not in found[f"old {name}"]] == []


def test_a_sheet_of_many_results_is_sound(found: dict[str, Found]) -> None:
    """More lines than those of the zoo."""
    assert found["many lines"] == []


def test_a_live_template_is_sound(found: dict[str, Found]) -> None:
    """But for the order in which openpyxl writes what a font is, which every spreadsheet program takes."""
    assert [error for error in found["live template"] if error[1] != "/xl/styles.xml"] == []


def test_the_validator_sees_what_goes_wrong(found: dict[str, Found]) -> None:
    """It would tell of each of these damages, and so does its silence about the grafts mean something."""
    assert [damage for damage in damages() if not found[damage]] == []
