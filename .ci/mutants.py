"""What .ci/mutate runs in its clone: makes the mutants of some modules, tests each, prints the survivors and a table.

Function bodies are mutmut's own run. What mutmut leaves alone gets mutmut's changes and a process each here: statements
outside functions (the sets of `classify`, the ledger's tables) and decorated functions. SQL gets changes of its own.
Tests that try examples by chance are left out, so that a figure can be had again: it is a lower bound.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import hypothesis  # noqa: F401  what is imported here need not be imported for every mutant
import libcst as cst
import openpyxl  # noqa: F401
import pytest
import requests  # noqa: F401
import sqlalchemy  # noqa: F401
import typer  # noqa: F401
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

MODULES = {
    "classify": ("energycap/test_classify.py", ["bulkops/energycap/classify.py"]),
    "planning": ("runs/test_planning.py", ["bulkops/runs/planning.py"]),
    "ledger": (
        "ledger",
        [f"bulkops/ledger/{name}.py" for name in ("ledger", "records", "reserve", "schema", "sqlite")],
    ),
    "rate_limit": ("energycap/test_rate_limit.py", ["bulkops/energycap/rate_limit.py"]),
    "processor": ("runs/test_processor.py", ["bulkops/runs/processor.py"]),
}
"""What is changed, by its name on the command line: its tests (a file or folder in tests/) and its files."""
STEADY = ["-m", "not hypothesis", "-k", "not program_was_killed"]
LONGEST = 60
"""Seconds; what runs longer hangs."""
SQL = r'"""(?=\s*(SELECT|INSERT|UPDATE))[^"]*"""|"[^"\n]*\b(state (=|IN)|BEGIN) [^"\n]*"'
SQL_CHANGES = [
    *((" = ", " <> "), (" <> ", " = "), (" AND ", " OR "), (" IN ", " NOT IN "), ("NOT EXISTS", "EXISTS")),
    *((r"IS NULL\b", "IS NOT NULL"), (r"IS NOT NULL\b", "IS NULL"), (r"\bNULL\b", "'null'"), (r"\b0\b", "1")),
    *((r"'(\w*)'", r"'\1X'"), (r"\w+ = :(\w+)", ":\\1 = :\\1"), (r"AND \w[\w.]* (=|IN|<>) [\w:'.{}]+", "")),
    *((r"\bORDER BY [\w.]+", ""), (r"\bWHERE [\w.]+ IS NOT NULL", ""), ("IMMEDIATE", "")),
]


class Count:
    """Fates by file, printed as they become known where a mutant survived."""

    def __init__(self) -> None:
        self.fates: dict[str, Counter[str]] = {}

    def add(self, file: str, fate: str, change: str) -> None:
        self.fates.setdefault(file, Counter())[fate] += 1
        if fate not in ("killed", "timeout"):
            print(f"-- {fate}: {file}", change, sep="\n", flush=True)

    def lines(self, part: str) -> Iterator[str]:
        for file, fates in self.fates.items():
            noticed, made = fates["killed"] + fates["timeout"], fates.total()
            yield f"{file:28} {part:9} {made:5} {noticed:7} {noticed / made:6.1%}  {fates['timeout']} by hanging"


def mutmut_run(name: str) -> Count:
    """mutmut's own run."""
    tests, files = MODULES[name]
    settings = {
        "source_paths": ["bulkops"],
        "only_mutate": files,
        "also_copy": ["README.md", "sample_sheets"],
        "pytest_add_cli_args_test_selection": [f"tests/{tests}"],
        "pytest_add_cli_args": STEADY,
    }
    project = Path("pyproject.toml")
    plain = project.read_text(encoding="utf-8")
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    project.write_text("\n".join([plain, "[tool.mutmut]", *lines, ""]), encoding="utf-8")
    shutil.rmtree("mutants", ignore_errors=True)
    mutmut("run", "--max-children", "1")
    count = Count()
    for line in mutmut("results", "--all", "true").splitlines():
        mutant, fate = line.strip().split(": ")
        file = re.sub(r"\.x[_ǁ].*", "", mutant).replace(".", "/") + ".py"
        count.add(file, fate, "" if fate == "killed" else mutmut("show", mutant))
    project.write_text(plain, encoding="utf-8")
    return count


def mutmut(*arguments: str) -> str:
    """What the tool says."""
    tool = Path(sys.executable).with_name("mutmut")
    said = subprocess.run([tool, *arguments], check=False, capture_output=True, encoding="utf-8")
    if said.returncode:
        raise SystemExit(said.stdout + said.stderr)
    return said.stdout


class Rest(MutationVisitor):
    """Collects the mutations that mutmut's own run leaves out."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        decorated = isinstance(node, cst.FunctionDef) and bool(node.decorators)
        return not decorated and super()._skip_node_and_children(node)


def rest_of(path: Path) -> Iterator[str]:
    """The file's text with one change each that mutmut's own run leaves out."""
    code = path.read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(code))
    visitor = Rest(mutation_operators, IgnoredCode(set(), set(), set()))
    module = wrapper.visit(visitor)
    for mutation in visitor.mutations:
        around = mutation.contained_by_top_level_function
        if not isinstance(around, cst.FunctionDef) or around.decorators:
            yield module.deep_replace(mutation.original_node, mutation.mutated_node).code
    for string in re.finditer(SQL, code):
        for pattern, other in SQL_CHANGES:
            for found in re.finditer(pattern, string[0]):
                start = string.start() + found.start()
                yield code[:start] + found.expand(other) + code[string.start() + found.end() :]


def fate_of(tests: str) -> str:
    """What becomes of the code as it stands now."""
    child = os.fork()
    if not child:
        signal.alarm(LONGEST)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.path[:0] = [str(Path.cwd()), str(Path("tests").resolve())]
        os._exit(int(pytest.main(["-x", "--tb=no", "-W", "ignore:Module already imported", *STEADY, tests])))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "survived", -signal.SIGALRM: "timeout"}.get(code, "killed")


def rest_run(name: str) -> Count:
    """The same for what mutmut leaves alone."""
    count, (own_tests, files) = Count(), MODULES[name]
    tests = f"tests/{own_tests}"
    if fate_of(tests) != "survived":
        raise SystemExit(f"{tests} fails without any change")
    for path in map(Path, files):
        plain = path.read_text(encoding="utf-8")
        for changed in rest_of(path):
            path.write_text(changed, encoding="utf-8")
            difference = unified_diff(plain.splitlines(), changed.splitlines(), n=0, lineterm="")
            count.add(str(path), fate_of(tests), "\n".join(difference))
        path.write_text(plain, encoding="utf-8")
    return count


def main(names: list[str]) -> None:
    table = []
    for name in names:
        table += mutmut_run(name).lines("functions")
        table += rest_run(name).lines("the rest")
    print("file                         part       made noticed", *table, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["classify", "planning", "ledger"])
