"""A workbook on its way into a run: read once, every cell as it is, and every row checked against its operation."""

from dataclasses import dataclass
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.model.rows import CheckedRow, Unread
from bulkops.operations import all_operations
from bulkops.runs.headings import Layout
from bulkops.runs.report import Options
from bulkops.system.folders import Id


@dataclass(frozen=True, slots=True)
class LoadedWorkbook:
    """A workbook read and checked."""

    path: Path
    sha256: str
    """Of the file as it was read; "" if it was not."""
    content_hash: str
    """Of what it holds apart from results: what the ledger knows the workbook by."""
    rows: tuple[CheckedRow, ...]
    notes: tuple[str, ...]
    run_ids: frozenset[str] = frozenset()
    """The runs whose results it holds."""
    layouts: tuple[Layout, ...] = ()
    """The sheets as they were read, where corrections are wanted."""
    unread: tuple[Unread, ...] = ()
    """The sheets that hold headings and could not be read; the notes say so of each."""
    unfit: tuple[str, str] = ("", "")
    """What reading it has found to keep results from being put into it: the catalogue's code, and the detail."""


def load(path: Path, options: Options, file: Id | None = None) -> LoadedWorkbook:
    """Read a workbook and check its rows. ``file``: the one that was looked at before.

    Raises CannotStart for a workbook that cannot be read, has no rows, or is not that file any more.
    """
    from bulkops.runs.checking import check, import_schemas
    from bulkops.workbook.reader import read_workbook, run_ids, without_collecting

    with without_collecting():
        workbook = read_workbook(path, import_schemas, file)
        checked = check(workbook, list(all_operations().values()), options.include_hidden)
    if not checked.rows:
        foremost = dict.fromkeys([*checked.passed_over, *(each.note for each in checked.unread), *checked.notes])
        hint = "".join(f" {note}" for note in list(foremost)[:3])
        raise CannotStart("workbook.no_rows", path=path.name, extra=hint)
    notes = list(checked.notes)
    if hidden := sum(row.hidden for row in checked.rows):
        words = f"Hidden rows, not to be sent: {hidden}."
        notes.append(f"{words} You can have them sent too (command line: --include-hidden).")
    return LoadedWorkbook(
        *(path, workbook.sha256, workbook.content_hash, checked.rows, tuple(notes), frozenset(run_ids(workbook))),
        layouts=checked.layouts if options.corrections else (),
        unread=checked.unread,
        unfit=workbook.unfit,
    )


def as_it_was(path: Path, content_hash: str) -> tuple[str, tuple[str, str]]:
    """Of a workbook that is the one that was run, apart from its results: (its hash, what keeps results from being put
    into it). Blanks for any other."""
    from bulkops.workbook.reader import read_workbook

    try:
        workbook = read_workbook(path)
    except CannotStart:
        return "", ("", "")
    return (workbook.sha256, workbook.unfit) if workbook.content_hash == content_hash else ("", ("", ""))
