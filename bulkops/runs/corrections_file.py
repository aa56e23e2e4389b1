"""Where the rows to be corrected go: found out before the first row is sent, written after the last.

What the operator may be editing is never replaced: only a corrections workbook of ours that nobody has open, and
that one is kept.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.rows import CheckedRow
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs import backups
from bulkops.runs.corrections import is_wrong, to_correct
from bulkops.runs.delivery import in_data_folder
from bulkops.runs.headings import Layout
from bulkops.system.files import opened_by, refuse_planted, save, writable
from bulkops.workbook.allowance import TooBig
from bulkops.workbook.writing.corrections_workbook import content, ours


@dataclass(slots=True)
class Corrections:
    """Where the corrections of one check or run go."""

    path: Path
    workbook: Path
    folder: Path
    """The data folder."""
    run: str
    internal_error: Exception | None = None
    """An error of our own that kept them from being made."""

    def deliver(
        self, layouts: Iterable[Layout], rows: Iterable[CheckedRow], outcomes: Iterable[Outcome]
    ) -> tuple[str, list[str]]:
        """(where how many rows are now, what else there is to say). No failure keeps the report from being made."""
        told = list(outcomes)
        left_out = Counter(outcome.status for outcome in told if not is_wrong(outcome))
        codes = ((Status.FAILED, "corrections.outside"), (Status.INVALID, "corrections.elsewhere"))
        notes = [said(code, value=left_out[status]) for status, code in codes if left_out[status]]
        try:
            sheets = to_correct(layouts, rows, told, self.workbook.name)
            count = sum(len(sheet.lines) for sheet in sheets)
            if not count:
                code = "corrections.old" if os.path.exists(self.path) else "corrections.none"
                return "", [*notes, said(code, path=self.path)]
            made = content(sheets, self.workbook.name)
        except TooBig:
            return "", [*notes, said("corrections.too_big", path=self.path, value=self.workbook.name)]
        except Exception as error:
            self.internal_error = error
            return "", [*notes, said("corrections.lost", path=self.path, value=type(error).__name__)]
        spare = in_data_folder(self.folder, self.path, self.run)
        for path in (self.path, spare):
            try:
                kept = self._put(path, made)
            except OSError as error:
                notes.append(said("corrections.lost", path=path, value=error.strerror or error))
            except Exception as error:
                self.internal_error = error
                notes.append(said("corrections.lost", path=path, value=type(error).__name__))
            else:
                notes += [said("corrections.kept", path=path.name, value=each) for each in kept]
                return f"{path} ({count} {'row' if count == 1 else 'rows'})", notes
        return "", notes

    def _put(self, path: Path, made: bytes) -> list[Path]:
        """Put them there; the copy of what was there, if anything was. Raises OSError."""
        if program := opened_by(path):
            raise OSError(f"it is open in {program}")
        if os.path.exists(path) and not ours(path):
            raise FileExistsError("another file has that name")
        kept: list[Path] = []
        save(path, made, backup=lambda there: kept.append(backups.keep(there, self.folder, self.run)))
        return kept


def corrections_to(path: Path, workbook: Path, taken: Iterable[Path], folder: Path, run: str) -> Corrections:
    """The corrections' place, found out before the first row is sent.

    ``taken``: where the results may go. Raises CannotStart if nothing of ours may be put there, or nothing at all.
    """
    try:
        if path.suffix.lower() != ".xlsx":
            raise CannotStart("corrections.name", path=path.name, value=f"{path.stem}.xlsx")
        refuse_planted(path)
        if _same(path, workbook):
            raise CannotStart("corrections.same", path=path, value="the workbook itself")
        if any(_same(path, each) for each in taken):
            raise CannotStart("corrections.same", path=path, value="the place of the results")
        if program := opened_by(path):
            raise CannotStart("corrections.open", path=path, value=program)
        if path.exists() and not ours(path):
            raise CannotStart("corrections.taken", path=path)
        able = writable(path)
    except (OSError, ValueError):  # a name that is too long, a folder that may not be looked into
        able = False
    if not able:
        raise CannotStart("corrections.unwritable", path=path)
    return Corrections(path, workbook, folder, run)


def _same(one: Path, other: Path) -> bool:
    """Are these one file, by whatever name?"""
    if one.exists() and other.exists():
        return one.samefile(other)
    return str(one.resolve()).casefold() == str(other.resolve()).casefold()


def said(code: str, **facts: object) -> str:
    """A sentence of the catalogue with what to do, as a note."""
    problem = Catalogue(()).problem(code, **{name: str(value) for name, value in facts.items()})
    return f"{problem.message} {problem.tip}".strip()
