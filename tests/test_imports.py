"""A module imports only from packages of a lower number, or from its own; nothing imports in a circle; one sends."""

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
        if isinstance(node, ast.Import | ast.ImportFrom):
            level, module = getattr(node, "level", 0), getattr(node, "module", None)
            start = [*(path.relative_to(ROOT.parent).parts[:-level] if level else ()), *([module] if module else [])]
            for name in (".".join([*start, each.name]).split(".") for each in node.names):
                if name[0] == "bulkops":  # a module, a package, or something within one of them
                    some = [[*part, *end] for part in (name[1:], name[1:-1]) for end in ([], ["__init__"])]
                    yield next(found for found in map(".".join, [*some, ["__init__"]]) if found in MODULES)


IMPORTS = {name: set(imported(path)) for name, path in MODULES.items()}
PACKAGE = {name: name.partition(".")[0] for name in MODULES}
PAIRS = [(name, other) for name, others in IMPORTS.items() for other in others]


def test_a_module_imports_only_from_packages_of_a_lower_number_or_from_its_own() -> None:
    """Reading and writing a workbook know nothing of each other, and only the command line opens the window."""
    for name, other in PAIRS:
        one, two = PACKAGE[name], PACKAGE[other]
        free = one in ("__init__", "__main__", "practice") or two in (one, "practice", "__init__")
        assert free or NUMBER[two] < NUMBER[one] or (name, other) == ("cli.commands", "desktop.starting"), (name, other)
        assert {each.rpartition(".")[0] for each in (name, other)} != {"workbook.reading", "workbook.writing"}


def test_no_modules_import_each_other() -> None:
    """Not in a circle either."""
    assert len(list(TopologicalSorter(IMPORTS).static_order())) == len(MODULES)


def test_practice_knows_nothing_of_bulkops() -> None:
    """It is written from the documents, not from the client; only what starts it imports it."""
    starts = {"energycap.account", "runs.practice", "runs.demo", "cli.commands"}
    assert {name for name, other in PAIRS if (PACKAGE[name] == "practice") != (PACKAGE[other] == "practice")} == starts


def test_one_module_sends() -> None:
    """Only the client imports requests; only the questions before a run and the run hold a client."""
    client = "energycap.client"
    assert [name for name, path in MODULES.items() if "import requests" in path.read_text("utf-8")] == [client]
    assert {name for name, others in IMPORTS.items() if client in others} == {"energycap.account", "runs.execute"}
