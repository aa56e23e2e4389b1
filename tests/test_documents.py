"""What is written is what the program does: README, documents, catalogue, changelog."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from typer.main import get_command

import bulkops
from bulkops.cli.commands import cli
from bulkops.messages.errors import COMMON, BulkopsError, CannotStart, Message
from bulkops.model.environment import ENVIRONMENTS, HOSTS
from bulkops.operations import all_operations
from bulkops.operations.message_catalogue import Catalogue
from bulkops.workbook.writing import templates

ROOT = Path(bulkops.__file__).parent.parent
PAGES = {path: path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
README = PAGES[ROOT / "README.md"]
REFERENCE, IT = PAGES[ROOT / "docs/reference.md"], PAGES[ROOT / "docs/it.md"]
EACH_PAGE = pytest.mark.parametrize("page", [pytest.param(path, id=path.name) for path in PAGES])
CATALOGUE = Catalogue(all_operations().values()).messages
MESSAGES = [pytest.param(message, id=code) for code, message in CATALOGUE.items()]


def test_the_tables_are_what_the_program_makes() -> None:
    """Columns, statuses and messages equal the operations and the catalogue, each in one place."""
    marked = {path for path, text in PAGES.items() if "<!-- /" in text}
    assert marked == {ROOT / name for name in templates.DOCUMENTS}
    for text in PAGES.values():
        assert templates.with_tables(text) == text
    for table in templates.tables():
        assert sum(text.count(f"<!-- {table} -->") for text in PAGES.values()) == 1, table


def test_the_readme_is_short_and_says_how_to_start() -> None:
    """It can be read in one go, and the commands that it begins with are there as they are typed."""
    assert len(README.encode()) < 14_000
    for command in ("\npython run.py demo\n", "`python run.py test`"):
        assert command in README


def test_the_reference_names_every_command_and_option() -> None:
    """Each command of the command line is in the reference, and each option in it or in what is for IT."""
    rest = {"bulkops": get_command(cli)}
    while rest:
        name, command = rest.popitem()
        more = getattr(command, "commands", {})
        rest |= {each if name == "bulkops" else f"{name} {each}": one for each, one in more.items()}
        assert more or f"`{name}" in REFERENCE, name
        options = [spelling for option in command.params for spelling in option.opts if spelling.startswith("--")]
        assert {each for each in options if each not in REFERENCE + IT} <= {"--help", "--version"}, name


def test_the_documents_name_every_environment_and_host() -> None:
    """Whoever opens a firewall finds each address, whoever runs a workbook each name."""
    for name in ENVIRONMENTS:
        assert f"`{name}`" in README
    for name, host in HOSTS.items():
        assert f"`{host.removeprefix('https://')}` (`{name}`)" in IT


@EACH_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    """Its file is there, and so is the heading or message that it names; every path of the project exists."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", PAGES[page]):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(PAGES[path]), f"{target}#{anchor}"
    for target in re.findall(r"`((?:bulkops|bench|sample_sheets|docs|tests|\.ci)/[\w./]*)`", PAGES[page]):
        assert (ROOT / target).exists(), target


def anchors(text: str) -> set[str]:
    """What can be linked to in a page: its headings as GitHub names them, and the anchors of its tables."""
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    named = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


def test_every_picture_is_shown() -> None:
    """None lies about that no page shows."""
    pictures = {path.name for path in (ROOT / "docs/pictures").iterdir()}
    assert pictures == {name for text in PAGES.values() for name in re.findall(r"pictures/([\w-]+\.png)\)", text)}


@EACH_PAGE
def test_every_table_is_whole(page: Path) -> None:
    """Each of its lines has as many cells as its head."""
    for table in re.findall(r"(?m)(?:^\|.*\n)+", PAGES[page]):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1, table


@pytest.mark.parametrize("message", MESSAGES)
def test_every_sentence_can_be_said(message: Message) -> None:
    """The code that says a sentence stands in the program, and knows every fact the sentence needs."""
    built = message.code.endswith((".unused", ".required", ".repeated"))
    stem = message.code.rsplit(".", 1)[1] if built else message.code
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "bulkops").rglob("*.py")]
    uses = sum(source.count(f'"{stem}') + source.count(f".{stem}") for source in sources)
    assert uses >= 1 + (message.code == stem), message.code
    texts = (message.sentence, message.tip)
    facts = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
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
    assert f"## {bulkops.__version__}" in PAGES[ROOT / "CHANGELOG.md"]


def test_the_changelog_is_lists_of_what_was_added_changed_and_fixed() -> None:
    """Under each version stand only these headings, and each entry is one line, so that two branches' entries merge."""
    changelog = PAGES[ROOT / "CHANGELOG.md"]
    for version in changelog.split("\n## ")[1:]:
        above, *lists = version.split("\n### ")
        assert lists, above
        assert "\n- " not in above, above
        for messages in lists:
            title, _, *lines = messages.rstrip("\n").split("\n")
            assert title in ("Added", "Changed", "Fixed"), title
            for line in lines:
                assert line.startswith("- ") or not line, line
