"""A workbook's sheets, read whole."""

import gc
import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE
from bulkops.system.folders import Id
from bulkops.workbook.allowance import Allowance, TooBig
from bulkops.workbook.package import DamagedPackage, EncryptedPackage
from bulkops.workbook.reading import sandbox
from bulkops.workbook.reading.file_content import content_of, is_small
from bulkops.workbook.reading.other_formats import FOREIGN, read_foreign
from bulkops.workbook.reading.shared_strings import cell_formats, shared_strings
from bulkops.workbook.reading.worksheet import SheetParser
from bulkops.workbook.reading.xlsx import XlsxPackage
from bulkops.workbook.results_layout import COPY, MARK, RUN_ID, is_ours, table
from bulkops.workbook.sheets import MAX_CELLS, Sheet, Workbook
from bulkops.workbook.writing.graft import unfit

_HERE = (MAX_CELLS, 2**25, 5.0)
"""Cells, unpacked bytes and seconds that a workbook may take in this process."""
_MANY = 50_000
"""Values made by a workbook of some thousand rows."""
_MOST_SHEETS, _LONGEST_NAME = 4_000, 255
"""Excel allows 31 letters, other programs more."""


def read_workbook(path: Path, meanwhile: Callable[[], object] = lambda: None, file: Id | None = None) -> Workbook:
    """Read every worksheet. Raises CannotStart with a sentence for what is no workbook.

    A small .xlsx is read in this process: its zip directory says that it cannot take long, or much memory. Everything
    else, and what turns out to take more, is read in a process of its own; ``meanwhile`` is done in this one. ``file``:
    the only one that is meant, whatever has its name by now.
    """
    content = content_of(path, file)
    with without_collecting():
        if is_small(content):
            try:
                with _refusals(path):
                    return _read(XlsxPackage(path, content, Allowance(*_HERE)))
            except CannotStart as refusal:
                if refusal.code not in ("workbook.too_big", *FOREIGN):
                    raise
        return sandbox.parsed_in_sandbox(path, content, meanwhile)


@contextmanager
def without_collecting() -> Iterator[None]:
    """A workbook makes millions of small values that all stay: collecting garbage meanwhile finds none."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if gc.get_count()[0] > _MANY:
                # They go to the oldest generation without being looked through. Garbage goes there, too, and stays
                # for long: in a pass over thousands of small workbooks that would be most of it.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def answer() -> None:
    """What that other process does."""
    sandbox.answer(_parsed_and_tried)


def _parsed_and_tried(path: Path, content: bytes) -> Workbook:
    """The same, with whether results can be put into it: what takes too long or too much memory does so here."""
    return replace(parsed(path, content), unfit=unfit(content))


def parsed(path: Path, content: bytes) -> Workbook:
    """Every worksheet of a workbook of any sort. Raises CannotStart with a sentence for what cannot be read surely."""
    with _refusals(path):
        try:
            package = XlsxPackage(path, content)
        except CannotStart as refusal:
            if refusal.code not in FOREIGN:
                raise
            workbook, names = read_foreign(path, content, refusal.code)
            _see_to_names(path, [sheet.name for sheet in workbook.sheets])
            if COPY in names:
                raise CannotStart("workbook.copy", path=path.name) from None
            for sheet in workbook.sheets:
                sheet.ours = is_ours(sheet.rows, sheet.name == names.get(MARK))
            return workbook
        return _read(package)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """What is found damaged or too big, as the refusal that it is."""
    try:
        yield
    except TooBig as error:
        raise CannotStart("workbook.too_big", path=path.name) from error
    except EncryptedPackage as error:
        raise CannotStart("workbook.encrypted", path=path.name) from error
    except DamagedPackage as error:
        raise CannotStart("workbook.damaged", path=path.name, detail=str(error)) from error


def _read(package: XlsxPackage) -> Workbook:
    path, listed = package.path, package.sheets()
    _see_to_names(path, [name for name, _, _ in listed])
    if package.sheet_called(COPY):
        # Its rows stand in the workbook itself, too: run from both, a row could be sent twice.
        raise CannotStart("workbook.copy", path=path.name)
    parser = SheetParser(package, cell_formats(package), shared_strings(package))
    marked, since_1904 = package.sheet_called(MARK), package.since_1904()
    sheets, results = [], []
    for name, hidden, part in listed:
        sheet = Sheet(name, hidden, since_1904=since_1904)
        parser.read(part, sheet)
        sheet.ours = is_ours(sheet.rows, name == marked)
        results += [part] if table(sheet.rows, name == marked) else []
        sheets.append(sheet)
    sha256 = hashlib.sha256(package.content).hexdigest()
    return Workbook(path, sha256, package.content_hash(results), tuple(sheets))


def _see_to_names(path: Path, names: Collection[str]) -> None:
    """Every row and every message tells its sheet's name: neither may there be too many, nor may one be too long."""
    if len(names) > _MOST_SHEETS or any(len(name) > _LONGEST_NAME for name in names):
        raise CannotStart("workbook.too_big", path=path.name)


def run_ids(workbook: Workbook) -> set[str]:
    """The ids of the runs whose results it holds, in any of its sheets; of those that reached an EnergyCAP."""
    return {run for sheet in workbook.sheets if sheet.ours for run in _runs_in(sheet)}


def _runs_in(sheet: Sheet) -> Iterator[str]:
    row, headings = table(sheet.rows, marked=True) or (0, {})
    column, place = headings.get("Run"), headings.get("Environment")
    for cells in (each.cells for each in sheet.rows if each.number > row):
        run, environment = cells.get(column or 0), cells.get(place or 0)
        practised = environment is not None and environment.text == PRACTICE
        if run is not None and not practised and RUN_ID.fullmatch(run.text):
            yield run.text
