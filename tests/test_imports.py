"""A module imports only from packages of a lower number, or from its own; nothing imports in a circle; one sends."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import bulkops

ROOT = Path(bulkops.__file__).parent
NUMBERS = ("model messages", "system operations", "energycap ledger", "workbook", "runs", "inbox", "cli desktop")
NUMBER = {package: number for number, packages in enumerate(NUMBERS) for package in packages.split()}
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}
PACKAGE = {name: name.partition(".")[0] for name in MODULES}


@cache
def imports() -> set[tuple[str, str]]:
    """Each module of bulkops with each that it imports, anywhere in it."""
    found = set()
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                level, start = getattr(node, "level", 0), getattr(node, "module", None)
                around = [*(path.relative_to(ROOT.parent).parts[:-level] if level else ()), *([start] if start else [])]
                for name in (".".join([*around, each.name]).split(".") for each in node.names):
                    # A module, a package, or something within one of them.
                    some = [[*part, *end] for part in (name[1:], name[1:-1]) for end in ([], ["__init__"])]
                    known = [other for other in map(".".join, [*some, ["__init__"]]) if other in MODULES]
                    found |= {(module, known[0])} if name[0] == "bulkops" else set()
    return found


def test_a_module_imports_only_from_packages_of_a_lower_number_or_from_its_own() -> None:
    """Reading and writing a workbook know nothing of each other, and only the command line opens the window."""
    for name, other in imports():
        one, two = PACKAGE[name], PACKAGE[other]
        free = one in ("__init__", "__main__", "practice") or two in (one, "practice", "__init__")
        assert free or NUMBER[two] < NUMBER[one] or (name, other) == ("cli.commands", "desktop.starting"), (name, other)
        assert {each.rpartition(".")[0] for each in (name, other)} != {"workbook.reading", "workbook.writing"}


def test_no_modules_import_each_other() -> None:
    """Not in a circle either."""
    TopologicalSorter({one: {other for name, other in imports() if name == one} for one in MODULES}).prepare()


def test_practice_knows_nothing_of_bulkops() -> None:
    """It is written from the documents, not from the client; only what starts it imports it."""
    across = [pair for pair in imports() if sum(PACKAGE[each] == "practice" for each in pair) == 1]
    assert {name for name, _ in across} == {"energycap.account", "runs.practice", "runs.demo", "cli.practice"}


def test_one_module_sends() -> None:
    """Only the client imports requests; only the questions before a run and the run hold a client."""
    assert {name for name in MODULES if "import requests" in MODULES[name].read_text("utf-8")} == {"energycap.client"}
    assert {name for name, other in imports() if other == "energycap.client"} == {"energycap.account", "runs.execute"}
