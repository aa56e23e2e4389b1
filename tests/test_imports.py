"""The house: imports go one way, one module sends, the practice server stands alone, and starting is quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bulkops

PACKAGE = Path(bulkops.__file__).parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("surroundings",),
    ("bulkops", "sentences", "sentences.entry"),
    (
        "sentences.answers",
        "sentences.desktop",
        "sentences.disk",
        "sentences.doubts",
        "sentences.handing_back",
        "sentences.inbox",
        "sentences.rows",
        "sentences.running",
        "sentences.workbooks",
    ),
    ("endings", "folders", "lengths", "model", "errors", "masking"),
    ("ownership",),
    (
        "phrases",
        "whereabouts",
        "settings",
        "verdict",
        "lock",
        "storage",
        "deadline",
        "failures",
        "pace",
        "ledger.tables",
        "ledger.reserve",
        "workbook.allowance",
        "ledger.codes",
        "workbook.scales",
    ),
    (
        "defects",
        "under_way",
        "ledger.records",
        "operations.cells",
        "workbook",
        "workbook.text",
        "workbook.formats",
        "workbook.archive",
        "workbook.compound",
        "workbook.patching",
        "workbook.saving",
        "workbook.windows_job",
    ),
    (
        "client",
        "ledger.marks",
        "ledger.witness",
        "operations.base",
        "workbook.corrected_cells",
        "workbook.kinds",
        "workbook.raw",
        "workbook.odformats",
        "workbook.relations",
        "workbook.styles",
    ),
    ("ledger.restoring", "ledger.resuming", "ledger.migrations", "workbook.results_layout"),
    ("ledger.store",),
    ("ledger.archive",),
    (
        "ledger.book",
        "workbook.results_sheet",
        "workbook.plain",
        "workbook.wire",
        "workbook.container",
        "workbook.subtotals",
    ),
    ("workbook.own_sheet", "workbook.package", "workbook.apart"),
    ("workbook.inspecting", "workbook.views", "workbook.oldformulas"),
    ("workbook.graft",),
    ("workbook.sidecar",),
    (
        "operations",
        "operations._rules",
        "operations.catalogue",
        "naming",
        "workbook.shared",
        "workbook.forms",
        "ledger",
    ),
    (
        "operations.kickout_reimport",
        "operations.list_flag_edit",
        "workbook.separated",
        "workbook.opendocument",
        "workbook.oldexcel",
        "workbook.worksheet",
        "history",
        "planning",
        "lookups",
        "preflight",
        "previous",
        "results",
        "workbook.correcting",
    ),
    ("delivery",),
    ("heading_rows",),
    ("unread",),
    ("headings", "processor", "rehearsing", "templates", "workbook.foreign"),
    ("corrections", "recalling", "report", "workbook.reader", "skipped_rows"),
    ("handback", "renewing"),
    ("checking", "running"),
    ("app",),
    ("disk", "doubts"),
    ("presenting", "practising", "inbox", "inbox.giving", "inbox.journal"),
    ("console", "inbox.claims"),
    ("keys", "inbox.moving"),
    ("inbox.looking",),
    ("inbox.ending",),
    ("inbox.recovery",),
    ("inbox.handling",),
    ("inbox.command",),
    ("desktop", "desktop.look", "desktop.opening"),
    (
        "desktop.awake",
        "desktop.choosing",
        "desktop.dropping",
        "desktop.first_start",
        "desktop.keying",
        "desktop.long_tree",
        "desktop.past",
        "desktop.recent",
        "desktop.showing",
        "desktop.single",
        "desktop.worker",
    ),
    ("desktop.disk_line",),
    (
        "desktop.history_tab",
        "desktop.inbox_presenter",
        "desktop.screen",
        "desktop.state",
        "desktop.table",
        "desktop.asking",
        "desktop.tips",
        "desktop.totals",
    ),
    ("desktop.inbox_tab", "desktop.key_dialog", "desktop.presenter"),
    ("desktop.window",),
    ("desktop.starting",),
    ("cli",),
    ("__main__",),
)
"""From the ground up: a module imports only from floors below its own."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        yield ("bulkops" if name == "__init__" else name), path


def imported(path: Path) -> Iterator[str]:
    """What a file imports of bulkops, anywhere in it, as module names without the package's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.level == 0 else []
        else:
            continue
        known = dict(modules())
        for name in names:
            if name.split(".")[0] == "bulkops":
                parts = name.split(".")[1:]
                while parts and ".".join(parts) not in known:
                    parts.pop()
                yield ".".join(parts) or "bulkops"


PRACTICE = [pytest.param(path, id=name) for name, path in modules() if name.startswith("practice")]
HOUSE = [pytest.param(name, path, id=name) for name, path in modules() if not name.startswith("practice")]


@pytest.mark.parametrize(("name", "path"), HOUSE)
def test_imports_go_down(name: str, path: Path) -> None:
    """A module imports only from floors below its own; practice only through its server."""
    floor = {each: number for number, names in enumerate(FLOORS) for each in names}
    assert name in floor, f"{name} has no floor yet"
    for other in imported(path):
        if other.startswith("practice"):
            assert name in ("preflight", "rehearsing", "practising", "cli"), f"{name} may not start practice"
        else:
            assert floor[other] < floor[name], f"{name} imports {other}"


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=name) for name, path in modules() if name.startswith("practice")]
)
def test_practice_imports_nothing_of_bulkops(path: Path) -> None:
    """The practice server is written from the documents, not from the client."""
    assert list(imported(path)) == []


def test_one_module_sends() -> None:
    """Only client.py imports requests; only preflight and the run hold a client, for reads and for the processor."""
    using = {name for name, path in modules() if "import requests" in path.read_text(encoding="utf-8")}
    assert using == {"client"}
    holding = {name for name, path in modules() if "client" in set(imported(path))}
    assert holding == {"preflight", "running"}


def test_help_is_quick() -> None:
    """``bulkops --help`` imports none of the heavy libraries."""
    heavy = "pandas pandera sqlalchemy openpyxl requests fastapi uvicorn keyring rich numpy"
    code = (
        "import sys\nfrom bulkops.cli import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r}.split() if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_history_needs_no_pandas() -> None:
    """Looking at earlier runs imports neither pandas nor openpyxl."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom bulkops import app\napp.history(Path('nowhere'))\n"
        "print([name for name in ('pandas', 'openpyxl', 'sqlalchemy') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
