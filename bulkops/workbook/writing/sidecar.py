"""The results in a file beside the operator's workbook: where it lies, whether it is ours, and how it is made.

Only a file of our own making is ever replaced: a workbook of nothing but results, or a copy of the operator's that
bulkops made.
"""

import io
import os
import re
import zipfile
from collections.abc import Collection, Iterator
from itertools import takewhile
from math import inf
from pathlib import Path
from urllib.parse import quote

from bulkops.model.environment import PRACTICE
from bulkops.system.folders import content
from bulkops.system.path_lengths import shortened
from bulkops.workbook.allowance import MOST_FILE, MOST_UNPACKED, Allowance
from bulkops.workbook.package import CONTENT_TYPES, MAIN, MOST_THINGS, PACKAGE_RELATIONSHIPS, RELATIONSHIPS, SPREADSHEET
from bulkops.workbook.results_layout import COPY, RUN_ID, SHEET, Layout
from bulkops.workbook.writing.graft import Graft
from bulkops.workbook.writing.repack import UndatedZip
from bulkops.workbook.writing.results_sheet import Results
from bulkops.workbook.writing.suitability import CannotGraft, Inspected

_LONGEST_ID = 40
_RESULTS, PRACTICE_NAME = " - results", " - PRACTICE"
"""What is put behind a workbook's name."""
_LONG = 220
"""Bytes; a name may have 255."""
_EMPTY = {
    "[Content_Types].xml": (
        f'<Types xmlns="{CONTENT_TYPES}">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{PACKAGE_RELATIONSHIPS}">'
        f'<Relationship Id="rId1" Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}"><sheets/></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE_RELATIONSHIPS}"/>',
}
"""A workbook without sheets: the results are its first."""


def results_path(workbook: Path, known: Collection[str] | None = None, practice: bool = False) -> Path:
    """``August.xlsx`` → ``August - results.xlsx`` in the same folder, or the next name that is not another file's.

    ``practice``: ``August - PRACTICE.xlsx``.
    """
    places = _places(workbook, PRACTICE_NAME if practice else _RESULTS)
    allowance = several()
    return next((place for place in places if may_replace(place, known, allowance)), places[-1])


def results_there(workbook: Path) -> list[Path]:
    """The files beside a workbook that may hold its results, also where somebody has added to them since."""
    return list(takewhile(os.path.exists, _places(workbook, _RESULTS)))


def named_like_results(path: Path) -> bool:
    """Has it a name that bulkops gives to a file of results?"""
    return path.suffix.lower() == ".xlsx" and (_RESULTS in path.stem or PRACTICE_NAME in path.stem)


def _places(workbook: Path, what: str) -> list[Path]:
    stem = workbook.stem if len(os.fsencode(workbook.stem)) < _LONG else shortened(workbook.stem)
    names = ("", " (bulkops)", *(f" (bulkops {number})" for number in range(2, 100)))
    return [workbook.with_name(f"{stem}{what}{name}.xlsx") for name in names]


def several(seconds: float = inf) -> Allowance:
    """What may be made of the files beside one workbook together: somebody else may have put them there."""
    return Allowance(MOST_THINGS, 2 * MOST_UNPACKED, seconds)


def may_replace(path: Path, known: Collection[str] | None = None, allowance: Allowance | None = None) -> bool:
    """Is nothing there, or nothing but what bulkops has made and nobody has added to?

    ``known``: the runs whose results may be replaced; None: of any run.
    """
    try:
        seen = Inspected(content(path, MOST_FILE), allowance=allowance)
        if seen.own is None:
            return False
        alone = len(seen.sheet_names) == 1 and seen.untouched(seen.own)
        ours = alone or (seen.has_name(COPY) and seen.as_written(seen.own) is not None)
        return ours and (known is None or _runs(seen) <= set(known))
    except FileNotFoundError:
        return True
    except (OSError, ValueError, CannotGraft):
        return False


def run_ids(path: Path, allowance: Allowance | None = None) -> set[str]:
    """The ids of the runs whose results a run would replace there; none if there are no results that can be read.

    Without those that were only practised, as far as nobody else has saved the file since.
    """
    try:
        seen = Inspected(content(path, MOST_FILE), sound=True, allowance=allowance)
        layout = seen.as_written(seen.own) if seen.own is not None else None
        only_practised = layout is not None and set(_in_column(seen, layout, "Environment")) == {PRACTICE}
        return set() if only_practised else _runs(seen)
    except (OSError, ValueError, CannotGraft):
        return set()


def runs_in(content: bytes) -> set[str]:
    """The ids of the runs whose results a workbook holds, also of those only practised. Raises CannotGraft."""
    return _runs(Inspected(content, sound=True))


def _runs(seen: Inspected) -> set[str]:
    if seen.own is None:
        return set()
    if layout := seen.as_written(seen.own):
        return {run for text in _in_column(seen, layout, "Run") for run in RUN_ID.findall(text)}
    # A program that saved it since has put the texts elsewhere.
    found: set[str] = set()
    for part in (seen.own.part, *(part for part in seen.package if part.endswith("sharedstrings.xml"))):
        rest = ""
        for piece in seen.package.pieces(part):
            text = rest + piece.decode("ascii", "replace")
            found.update(RUN_ID.findall(text))
            # An id may begin in one piece and end in the next; a whole one is found again.
            rest = text[-_LONGEST_ID:]
    return found


def _in_column(seen: Inspected, layout: Layout, column: str) -> Iterator[str]:
    """What stands in a column, in a part that stands as bulkops wrote it."""
    if seen.own is not None:
        cell = rf'<c r="{layout.letter(column)}(?!{layout.heading_row}")[0-9]+"[^>]*><is><t[^>]*>([^<]*)</t>'
        pattern = re.compile(cell.encode())
        for piece in seen.package.pieces_before(seen.own.part, b"<row "):
            yield from (text.decode() for text in pattern.findall(piece))


def plain(results: Results, workbook: Path, path: Path, sheet: str = SHEET) -> bytes:
    """A workbook with the results as its only sheet, to lie at ``path``; its links lead to the operator's workbook."""
    stream = io.BytesIO()
    with UndatedZip(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _EMPTY.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + content)
    return Graft(stream.getvalue(), name=sheet).grafted(results, link=_link(workbook, path))


def renewed(content: bytes, results: Results, workbook: Path, path: Path) -> bytes:
    """What lies at ``path``, with these results in place of those that it holds. Raises CannotGraft, also where
    somebody has added to them."""
    graft = Graft(content)
    if graft.left_alone:
        raise CannotGraft("graft.kept", graft.left_alone)
    if path == workbook and graft.advice:
        raise CannotGraft(graft.advice)
    return graft.grafted(results, link=_link(workbook, path) if graft.alone else "")


def _link(workbook: Path, path: Path) -> str:
    """The workbook as a link from the results file: by name in the same folder, so that the two can move together."""
    target = workbook.resolve()
    return quote(target.name) if target.parent == path.resolve().parent else target.as_uri()
