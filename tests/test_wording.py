"""Every sentence an operator reads keeps the rules of wording (issue 5): plain words, the cell first, what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Bulkops, fill, kickout
from typer.main import get_command

import bulkops as package
from bulkops.cli.commands import cli
from bulkops.energycap.classify import classify
from bulkops.messages import answers, headings, rows
from bulkops.messages.errors import CannotStart, Message, cli_hint
from bulkops.model.outcomes import TO_COME, Status
from bulkops.model.requests import Accepted, Reply
from bulkops.operations import all_operations
from bulkops.operations.base import Operation, columns
from bulkops.operations.message_catalogue import Catalogue
from bulkops.operations.numeric_cells import LOST_DIGITS
from bulkops.system.workbook_lock import LEFT
from bulkops.workbook.writing import templates

ROOT = Path(package.__file__).parent
OPERATIONS = list(all_operations().values())
CATALOGUE = Catalogue(OPERATIONS)
MESSAGES = [pytest.param(message, id=code) for code, message in CATALOGUE.messages.items()]

FACTS = {
    "path": "August.xlsx",
    "name": "August.xlsx",
    "value": "12,15",
    "heading": "List ID",
    "help": "The id of a bill list.",
    "other": "Kickouts!A4",
    "detail": "it ends too early",
    "words": "The batch is closed.",
    "check": OPERATIONS[0].how_to_check("4711"),
    "when": "2026-08-01 10:00 UTC",
    "who": "anna",
    "workbook": "August.xlsx",
}

JARGON = re.compile(
    r"(?i:\b(payload\w*|validat\w*|exceptions?|https?|invalid\w*|tracebacks?|stack|null|pars(e|es|ed|er|ing)|schemas?"
    r"|json|regex\w*|enums?|bool|booleans?|dtype|u?int\d*|uuid|utf|stdin|stdout|stderr|arguments?"
    r"|config\w*|malformed|illegal|fatal|aborted|endpoints?|idempoten\w*)\b)|\bNone\b|\bNaN\b|\b(True|False)\b"
    r"|\b[1-5]\d\d (error|status)|(?i:\b(error|status) (code )?[1-5]\d\d)\b"
)
OTHERS_NAMES = re.compile(r"[Aa]udit exception( type)?|“CSV UTF-8”|https?://\S*|--[\w-]+")
"""What EnergyCAP and Excel themselves call it, how an address is typed, and the options' fixed names."""
ON_A_COMMAND_LINE = re.compile(
    r"(?<!\w)--\w|\bbulkops [a-z]+ [A-Z]{3,}|\b[Cc]ommand line\b|\b[Tt]erminal\b|\brun\.py\b"
)
BLAME = re.compile(r"(?i)\b(you (must|forgot|failed|should have|entered|did not)|your (mistake|error|fault)|bad)\b")
VERBS = re.compile(
    r"(Add|Allow|Ask|Check|Choose|Clear|Close|Copy|Correct|Delete|Do|End|Fill|Format|Free|Go|Install|Leave|Look"
    r"|Make|Open|Practise|Put|Remove|Report|Run|Save|Set|Show|Split|Start|Store|Switch|Type|Unmerge|Unprotect|Wait)\b"
)


EXTRA = {
    "heading.near": " Did you mean “List ID”?",
    "batch_mode.choice": " Did you mean “new batch”?",
    "flag_status.choice": " Did you mean “Resolved”?",
    "row.still_unknown": FACTS["check"],
    "guid.shape": ": it has 31 digits and letters, and a GUID has 32",
    **dict.fromkeys(("id.shape", "ids.shape", "amount.shape"), LOST_DIGITS),
    "workbook.no_rows": "",
}


def said(message: Message, cell: str = "") -> tuple[str, str]:
    """(what is said, what to do) as an operator reads them."""
    problem = CATALOGUE.problem(message.code, cell, **FACTS, extra=EXTRA.get(message.code, "7"))
    return problem.message, problem.tip


def jargon(text: str) -> str:
    """The first word of a text that only a programmer would say, or ""."""
    found = JARGON.search(OTHERS_NAMES.sub("", text))
    return found[0] if found else ""


@pytest.mark.parametrize(
    "text",
    ["HTTP 422", "an invalid id", "None", "It is null.", "not valid JSON", "in UTF-8", "an Exception", "Status 500"],
)
def test_a_programmers_word_is_seen(text: str) -> None:
    """The list of words that no operator should read finds them, in whatever case."""
    assert jargon(text)


@pytest.mark.parametrize("message", MESSAGES)
def test_no_programmers_word(message: Message) -> None:
    """Rule 1: title, sentence and tip are in plain words."""
    assert not jargon(" ".join((message.title, *said(message))))


@pytest.mark.parametrize("message", MESSAGES)
def test_three_parts(message: Message) -> None:
    """Rule 1: what it is called, what is wrong in a full sentence, and what to do, which begins with a verb."""
    sentence, tip = said(message)
    assert message.title
    assert message.title[0].isupper()
    assert not message.title.endswith(".")
    for text in (sentence, tip):
        # EnergyCAP's own words end as they please.
        assert text.endswith((".", ".)", "”", "?")), text
        assert "  " not in text
    assert re.match(r"[A-Z(“]|\w+\.xlsx|bulkops |12,15", sentence), sentence
    if "{" not in message.tip.split()[0]:
        assert VERBS.match(tip), tip


@pytest.mark.parametrize("message", MESSAGES)
def test_nothing_that_only_a_command_line_has(message: Message) -> None:
    """The window shows the same words: a command or an option stands in ``typed``, which only a command line says."""
    assert not ON_A_COMMAND_LINE.search(" ".join((message.title, *said(message))))
    assert not message.cli_hint.endswith("."), "it would be copied with the rest"


def test_what_is_to_be_typed_can_be_typed() -> None:
    """Every command and option that an entry names is one of the command line's."""
    commands = get_command(cli).commands  # type: ignore[attr-defined]
    options = {spelling for each in commands.values() for option in each.params for spelling in option.opts}
    options |= {"--env"}
    seen = 0
    for message in CATALOGUE.messages.values():
        for option in re.findall(r"--[\w-]+", message.cli_hint):
            assert option in options, message.code
            seen += 1
        for command in re.findall(r"bulkops (\w+)", message.cli_hint):
            assert command in commands, message.code
            seen += 1
    assert seen > 10


@pytest.mark.parametrize("message", MESSAGES)
def test_nobody_is_blamed(message: Message) -> None:
    """No sentence says what the operator did wrong: it says what is the matter."""
    assert not BLAME.search(" ".join((message.title, *said(message))))


_NO_VALUE = {
    "heading.missing": "the sheet lacks it",
    "heading.two_operations": "the sheet lacks a column",
    "heading.unreadable": "its value is in extra",
    "cell.no_result": "the file holds no value",
    "cell.date": "the file holds a day's number, which nobody has seen",
    "text.date": "the file holds a day's number, which nobody has seen",
    "flag_edit.hold_and_release": "the sentence says that both are Yes",
    "expected_bills.mismatch": "its value is in the sentence, and it has no cell",
}
_OF_CELLS = [
    pytest.param(message, id=message.code)
    for message in (*headings.MESSAGES, *rows.MESSAGES, *(rule for each in OPERATIONS for rule in each.rules))
    if not message.code.startswith("row.")
]


@pytest.mark.parametrize("message", _OF_CELLS)
def test_a_cells_problem_names_the_cell_first_and_then_the_value(message: Message) -> None:
    """Rule 1: as Excel names it, then what is wrong with which value; a blank cell is called blank."""
    sentence, _ = said(message, "Payments!D824")
    assert sentence.startswith("Payments!D824: ")
    if message.code not in _NO_VALUE:
        assert "12,15" in sentence or "blank" in sentence


@pytest.mark.parametrize("message", [pytest.param(message, id=message.code) for message in answers.MESSAGES])
def test_an_unknown_outcome_is_never_called_failed(message: Message) -> None:
    """Rule 5: where it is not known what became of a row, the sentence says so, and the tip not to send it again."""
    unknown = message.tip == "{check}"
    sentence, tip = said(message)
    assert unknown == ("It is not known whether" in sentence)
    if unknown:
        assert tip.startswith("Do not send it again yet.")
        assert not re.search(r"(?i)fail|refused|may have been", f"{message.title} {sentence}")


def test_the_classification_and_the_words_agree() -> None:
    """What is classified as unknown has a sentence that says unknown; what failed or was not sent does not."""
    for status in (*range(100, 600), 999):
        classification = classify(Reply(status, {}, b"?"), lambda _: None)
        message = CATALOGUE.messages[classification.code]
        assert (classification.status is Status.UNKNOWN) == (message.tip == "{check}"), status


@pytest.mark.parametrize("code", ["row.still_unknown", "row.held"])
def test_a_doubt_of_before_is_not_called_failed(code: str) -> None:
    """Rule 5 for rows that wait for somebody to look."""
    message = CATALOGUE.messages[code]
    assert not re.search(r"(?i)fail", f"{message.title} {message.sentence} {message.tip}")
    assert re.search("not sent", message.sentence)


@pytest.mark.parametrize("known", OPERATIONS, ids=lambda each: each.key)
def test_an_operations_own_words(known: Operation) -> None:
    """What a column's help, a done row and the way to check a doubt say keeps the same rules."""
    check = known.how_to_check("4711")
    assert check.startswith("Do not send it again yet. Open ")
    assert "4711" in check
    assert "do nothing more" in check
    values = dict.fromkeys(columns([known])) | {known.target: "4711"}
    message, tip = known.done(values, Accepted(new_task_guid="7d9e4c10", selected=3, updated=2))
    assert not tip or VERBS.match(tip)
    texts = [known.about, check, message, tip, *(each.help for each in columns([known]).values())]
    for text in filter(None, texts):
        assert text.endswith((".", ".)"))
        assert not jargon(text)
        assert not ON_A_COMMAND_LINE.search(text)


def test_the_note_of_the_lock() -> None:
    """What is said of another person's run ends with what to do."""
    assert not jargon(LEFT)
    assert VERBS.match(LEFT.split(". ")[-1])


def test_the_statuses_in_words() -> None:
    """Rule 2 and 5: every status is explained, and unknown is not explained as failed."""
    told = templates.tables()["statuses"]
    for status in Status:
        assert status in TO_COME or status.label in told
    assert not jargon(told)
    unknown = next(line for line in told.splitlines() if Status.UNKNOWN.label in line)
    assert not re.search("(?i)fail|refused", unknown)


_NOT_READ_BY_OPERATORS = ("practice", "ledger")
"""EnergyCAP's stand-in speaks as EnergyCAP does; the ledger speaks SQL."""
_SENTENCE = re.compile("[A-Za-z]{2,},? [a-z]+ ")
_OUR_OWN_DEFECTS = {"ValueError", "TypeError", "RuntimeError", "OSError", "ImportError"}


def _strings(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of each text in a module that may be a sentence: no docstring, no words of our own defects."""
    tree = ast.parse(source)
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name in _OUR_OWN_DEFECTS:
                passed |= {id(each) for each in ast.walk(node)}
            case ast.Call(func=ast.Attribute(attr="Option" | "compile")):
                # An option's own help, and a pattern.
                passed |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in passed and _SENTENCE.search(text) and "<" not in text:
                yield node.lineno, text


_MODULES = [
    path for path in sorted(ROOT.rglob("*.py")) if not set(path.relative_to(ROOT).parts) & set(_NOT_READ_BY_OPERATORS)
]


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_programmers_word_anywhere_in_the_program(path: Path) -> None:
    """Notes, questions and headings that stand beside the catalogue keep to plain words, too."""
    for line, text in _strings(path.read_text(encoding="utf-8")):
        assert not jargon(text), f"{path.name}:{line}: {text}"


def test_the_look_through_the_program_sees_notes() -> None:
    """It finds the parts of a formatted note, and passes over docstrings and what only we read."""
    notes = 'notes.append(f"Sheet {name} is an invalid one here.")'
    source = f'"""A payload of it is here."""\n{notes}\nraise ValueError("payload is a thing")\n'
    assert [text for _, text in _strings(source)] == [" is an invalid one here."]
    assert len([text for path in _MODULES for text in _strings(path.read_text(encoding="utf-8"))]) > 300


def test_a_command_line_says_what_to_type(bulkops: Bulkops) -> None:
    """After the tip, for whoever can type it; the error's own text, which the window shows, is without it."""
    error = CannotStart("corrections.taken", path="a.xlsx")
    assert "--" not in str(error)
    assert error.for_command_line() == f"{error} (Command line: --corrections PATH)"
    assert CannotStart("workbook.missing", path="a.xlsx").for_command_line().endswith("folder.")
    assert not cli_hint("a code that nobody knows")
    assert "(Command line: bulkops run WORKBOOK, or bulkops history)" in bulkops("resume").err


def test_a_hidden_rows_option_is_only_said_where_it_can_be_typed(bulkops: Bulkops, tmp_path: Path) -> None:
    """The table on a terminal names --include-hidden; the row's own tip, which stands in Results too, does not."""
    path = fill(tmp_path / "August.xlsx", [kickout(1, hidden=True)])
    assert "(Command line: --include-hidden)" in " ".join(bulkops("check", path).out.split())
    (row,) = bulkops("check", path, "--json").document["rows"]
    assert row["tip"] == "Show the row in the workbook, or choose to have hidden rows sent too."
