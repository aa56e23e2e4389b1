"""The house: imports go one way, one module sends, the practice server stands alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import bulkops

ROOT = Path(bulkops.__file__).parent
NUMBERS = ("model messages", "system operations", "energycap ledger", "workbook", "runs", "inbox", "cli desktop")
NUMBER = {package: number for number, packages in enumerate(NUMBERS) for package in packages.split()}
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    """The modules of bulkops that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        for name in (f"{node.module}.{each}" for each in names) if isinstance(node, ast.ImportFrom) else names:
            parts = name.split(".")[1:] if name.startswith("bulkops.") else []
            found = (
                ".".join(part) for end in range(len(parts), 0, -1) for part in (parts[:end], [*parts[:end], "__init__"])
            )
            yield from [next((each for each in found if each in MODULES), "__init__")] if parts else []


IMPORTS = {name: set(imported(path)) for name, path in MODULES.items()}


def package(module: str) -> str:
    return module.partition(".")[0]


def test_a_module_imports_only_from_packages_of_a_lower_number_or_from_its_own() -> None:
    """Reading and writing a workbook know nothing of each other, and only the command line opens the window."""
    for name, others in IMPORTS.items():
        for other in others - {"__init__"} if package(name) not in ("__init__", "__main__", "practice") else ():
            one, two = package(name), package(other)
            lower = two == "practice" or NUMBER[two] < NUMBER[one] or one == two
            assert lower or (name, other) == ("cli.commands", "desktop.starting"), f"{name} imports {other}"
            parts = {name.split(".")[1], other.split(".")[1]} if one == two == "workbook" else set()
            assert parts != {"reading", "writing"}, f"{name} imports {other}"


def test_no_modules_import_each_other() -> None:
    """Not in a circle either."""
    assert len(list(TopologicalSorter(IMPORTS).static_order())) == len(MODULES)


def test_practice_knows_nothing_of_bulkops() -> None:
    """It is written from the documents, not from the client; only what starts it imports it."""
    starts = {"energycap.account", "runs.practice", "runs.demo", "cli.commands"}
    using = {name for name, others in IMPORTS.items() if any(package(each) == "practice" for each in others)}
    assert {each for each in using if package(each) != "practice"} == starts
    assert all(package(each) == "practice" for name in MODULES if package(name) == "practice" for each in IMPORTS[name])


def test_one_module_sends() -> None:
    """Only the client imports requests; only the questions before a run and the run hold a client."""
    client = "energycap.client"
    assert [name for name, path in MODULES.items() if "import requests" in path.read_text("utf-8")] == [client]
    assert {name for name, others in IMPORTS.items() if client in others} == {"energycap.account", "runs.execute"}
