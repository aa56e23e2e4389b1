"""What is written is what the program does: README, catalogue, changelog."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from typer.main import get_command

import bulkops
from bulkops.cli.commands import cli
from bulkops.messages.errors import COMMON, BulkopsError, CannotStart, Entry
from bulkops.model.environment import ENVIRONMENTS
from bulkops.operations import all_operations
from bulkops.operations.catalogue import Catalogue
from bulkops.workbook.writing import templates

ROOT = Path(bulkops.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CATALOGUE = Catalogue(all_operations().values()).entries
ENTRIES = [pytest.param(entry, id=code) for code, entry in CATALOGUE.items()]


def test_the_readme_tables_are_what_the_program_makes() -> None:
    """Columns, statuses and every message of the README equal the operations and the catalogue."""
    assert templates.with_tables(README) == README


def test_the_readme_names_every_command_and_option() -> None:
    """Each command of the command line is in the README, and so is each option of run."""
    commands = get_command(cli).commands  # type: ignore[attr-defined]
    for name in commands:
        assert f"`{name}" in README, name
    for option in commands["run"].params:
        for spelling in option.opts:
            assert not spelling.startswith("--") or spelling in README, spelling
    for name in ENVIRONMENTS:
        assert f"`{name}`" in README


def test_the_readme_points_to_what_exists() -> None:
    """Every picture and every path of the project named in the README is there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
    for target in re.findall(r"`((?:bulkops|bench|sample_sheets|\.ci)/[\w./]*)`", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_sentence_can_be_said(entry: Entry) -> None:
    """The code that says a sentence stands in the program, and knows every fact the sentence needs."""
    built = entry.code.endswith((".unused", ".required", ".repeated"))
    stem = entry.code.rsplit(".", 1)[1] if built else entry.code
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "bulkops").rglob("*.py")]
    uses = sum(source.count(f'"{stem}') + source.count(f".{stem}") for source in sources)
    assert uses >= 1 + (entry.code == stem), entry.code
    facts = {name for text in (entry.sentence, entry.tip) for _, name, _, _ in string.Formatter().parse(text) if name}
    assert facts <= {
        "value",
        "extra",
        "heading",
        "help",
        "other",
        "name",
        "path",
        "detail",
        "words",
        "check",
        "when",
        "who",
        "workbook",
    }


def test_a_stopping_error_speaks_in_the_catalogues_words() -> None:
    """Its text is sentence and tip with the facts filled in."""
    error = CannotStart("workbook.missing", path="August.xlsx")
    assert isinstance(error, BulkopsError)
    assert str(error) == f"There is no file August.xlsx. {COMMON['workbook.missing'].tip}"


def test_two_sentences_for_one_code_are_refused() -> None:
    """An operation cannot take a code that is taken."""
    operations = [*all_operations().values(), *all_operations().values()]
    with pytest.raises(ValueError, match="two sentences"):
        Catalogue(operations)


def test_the_changelog_names_this_version() -> None:
    """The version that is installed is in the changelog."""
    assert f"## {bulkops.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_changelog_is_lists_of_what_was_added_changed_and_fixed() -> None:
    """Under each version stand only these headings, and each entry is one line, so that two branches' entries merge."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for version in changelog.split("\n## ")[1:]:
        above, *lists = version.split("\n### ")
        assert lists, above
        assert "\n- " not in above, above
        for entries in lists:
            title, _, *lines = entries.rstrip("\n").split("\n")
            assert title in ("Added", "Changed", "Fixed"), title
            for line in lines:
                assert line.startswith("- ") or not line, line
