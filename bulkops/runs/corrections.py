"""The rows that need fixing or failed, for a workbook in which they can be corrected and run as it is.

EnergyCAP returns the kickouts of an import in the same way. What is done, unknown or not sent stays out of it: only
a row that surely was not carried out may be offered for sending. And a row that nobody corrects must stay wrong:
what cannot be read, or is no longer wrong where the cells and rows round it are missing, becomes an error value, not a
blank. A code in Send again stays as it was typed: the ledger looks at it anew, here as there.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, time, timedelta

from bulkops.model.outcomes import OUTSIDE_THE_ROW, Outcome, Status
from bulkops.model.rows import Cell, CheckedRow, Kind, Problem
from bulkops.operations import all_operations
from bulkops.operations.base import SEND_AGAIN, Field, known_columns
from bulkops.operations.heading_names import OPERATION_COLUMN, normal
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.headings import Layout
from bulkops.workbook.allowance import Allowance
from bulkops.workbook.sheets import MAX_CELLS, column_number
from bulkops.workbook.text import escape
from bulkops.workbook.writing.corrections_workbook import HEADING, CorrectionSheet, Line
from bulkops.workbook.writing.input_sheets import operation_field

_UNREADABLE = "#N/A"
_ERRORS = (_UNREADABLE, "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
"""The error values that every version of Excel knows."""
_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_BEFORE, _ADDRESS = re.compile(r"![A-Z]{0,3}[0-9]+: "), re.compile(r"![A-Z]{1,3}[0-9]+")
"""The end of the address before a message, and of one within it: the name of the sheet comes before that."""
_MERGED = "cell.merged"
"""It names the row's first cell, whichever cells are merged."""
_REPEATED = ".repeated"
"""How the codes end of rows that ask for the same as one above them."""
_FORMULA = "send_again.formula"
_ELSEWHERE = ("heading.again", "row.subtotal")
"""Of rows whose values stand under other headings than those that are taken over, or are a total's formula, of which
only the result could be taken over."""
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}


def to_correct(
    layouts: Iterable[Layout], rows: Iterable[CheckedRow], outcomes: Iterable[Outcome], workbook: str
) -> list[CorrectionSheet]:
    """One sheet for each input sheet that has rows to be corrected, in the workbook's order. Pure.

    Raises ValueError for two input sheets of one name: whose row is whose could not be told; TooBig.
    """
    listed = list(layouts)
    if any(count > 1 for count in Counter(layout.sheet.name for layout in listed).values()):
        raise ValueError("two sheets have the same name")
    by_seq = {row.seq: row for row in rows}
    wrong: dict[str, list[tuple[Outcome, CheckedRow]]] = defaultdict(list)
    for outcome in sorted(outcomes, key=lambda each: each.seq):
        if is_wrong(outcome):
            wrong[outcome.sheet].append((outcome, by_seq[outcome.seq]))
    words, allowance = _Words(workbook, [layout.sheet.name for layout in listed]), Allowance(MAX_CELLS)
    return [
        _Sheet(layout, wrong[layout.sheet.name], words).made(allowance) for layout in listed if wrong[layout.sheet.name]
    ]


def is_wrong(outcome: Outcome) -> bool:
    """Can the row be corrected here? Not if it failed for the key's or the network's sake, nor in the codes above."""
    return (outcome.status is Status.INVALID and outcome.code not in _ELSEWHERE) or (
        outcome.status is Status.FAILED and outcome.code not in OUTSIDE_THE_ROW
    )


class _Words:
    """What is said of a row, in a workbook where its cells have other addresses than those its problems name."""

    def __init__(self, workbook: str, sheets: Iterable[str]) -> None:
        self._workbook, self._sheets = workbook, set(sheets)
        self._lengths = {len(sheet) for sheet in self._sheets}

    def message(self, outcome: Outcome, row: CheckedRow, unreadable: bool, repeated: bool) -> str:
        """The status and the row it came from, then each problem with what to do, then what else there is to know."""
        lines = [f"{outcome.status.label} ({outcome.sheet} row {outcome.row})"]
        if outcome.status is Status.FAILED:
            lines.append(f"{outcome.message} {outcome.tip}")
        elif row.problems:
            lines += map(self._problem, row.problems)
        else:
            lines.append(f"{self._here(outcome.message)} {outcome.tip}")
        own = {"corrections.unreadable": unreadable, "corrections.repeated": repeated}
        lines += [self._own(code) for code, holds in own.items() if holds]
        return "\n".join([*lines, *(f"Note: {self._here(warning)}" for warning in outcome.warnings)])

    def _problem(self, problem: Problem) -> str:
        return (
            self._own("corrections.merged")
            if problem.code == _MERGED
            else f"{self._here(problem.message)} {problem.tip}"
        )

    def _own(self, code: str) -> str:
        problem = Catalogue(()).problem(code, value=self._workbook)
        return f"{problem.message} {problem.tip}"

    def _here(self, text: str) -> str:
        """Without the address before it, for the cell is coloured; other addresses are those of the other workbook."""
        before = (found for found in _BEFORE.finditer(text) if text[: found.start()] in self._sheets)
        bare = text[found.end() :] if (found := next(before, None)) else text

        def placed(found: re.Match[str]) -> str:
            # There can be thousands of sheets, and no pattern should have as many names in it.
            at = found.start()
            known = any(bare[max(at - length, 0) : at] in self._sheets for length in self._lengths)
            return f"{found[0]} of {self._workbook}" if known else found[0]

        return _ADDRESS.sub(placed, bare)


class _Sheet:
    """One input sheet on its way to the rows of it that are to be corrected."""

    def __init__(self, layout: Layout, wrong: Sequence[tuple[Outcome, CheckedRow]], words: _Words) -> None:
        self._layout, self._wrong, self._words = layout, wrong, words
        self._raw = {row.number: row for row in layout.sheet.rows}
        self._head = self._raw[layout.heading_row].cells
        self._ours = {column for column, cell in self._head.items() if normal(cell.text) == normal(HEADING)}
        self._merged = self._in_merges()
        self._again = next((at for at, name in layout.fields.items() if name == SEND_AGAIN.name), 0)

    def made(self, allowance: Allowance) -> CorrectionSheet:
        """The sheet as it is to be written."""
        layout = self._layout
        used = {*self._head, *(column for _, row in self._wrong for column in self._raw[row.number].cells)} - self._ours
        # However few cells the rows have: each gets one for every column that any of them has.
        allowance.take(len(used) * len(self._wrong))
        fields, mixed = self._fields(), OPERATION_COLUMN in layout.fields.values()
        headings = {
            column: kept for column in used & self._head.keys() if (kept := self._kept(self._head[column], True))
        }
        if not self._again and any(_repeats(row) for _, row in self._wrong):
            self._again = max(used) + 1
            used.add(self._again)
            headings[self._again] = Cell(self._again, Kind.TEXT, SEND_AGAIN.heading)
            fields[self._again] = SEND_AGAIN
        return CorrectionSheet(
            layout.sheet.name,
            sorted(used),
            headings,
            self._named((problem.cell for problem in layout.problems), layout.heading_row),
            fields,
            {column for column, field in fields.items() if field.required and mixed is (field.name == "")},
            [self._line(outcome, row) for outcome, row in self._wrong],
            layout.sheet.since_1904,
        )

    def _fields(self) -> dict[int, Field]:
        known = known_columns([*self._layout.operations, *all_operations().values()])
        known[OPERATION_COLUMN] = operation_field(self._layout.operations)
        return {column: known[name] for column, name in self._layout.fields.items()}

    def _line(self, outcome: Outcome, row: CheckedRow) -> Line:
        cells: dict[int, Cell] = {}
        blamed = [(problem.code, problem.cell) for problem in row.problems] or [(outcome.code, outcome.cell)]
        marked = self._named((cell for code, cell in blamed if code != _MERGED), row.number)
        unreadable = set()
        raw = self._raw[row.number]
        apart = {column: Cell(column, Kind.ERROR, _UNREADABLE) for column in self._merged.get(row.number, ())}
        repeated = _repeats(row)
        if repeated or any(problem.code == _FORMULA for problem in row.problems):
            # The row that it repeats need not be here, nor be done: alone it would not be wrong any more. Nor would a
            # formula's result in place of the formula.
            apart[self._again] = Cell(self._again, Kind.ERROR, _UNREADABLE)
        for column in sorted(raw.cells.keys() - self._ours - apart.keys()):
            cell = raw.cells[column]
            if kept := self._kept(cell, column in self._layout.fields):
                cells[column] = kept
                if kept.kind is Kind.ERROR and kept != cell:
                    unreadable.add(column)
        message = self._words.message(outcome, row, bool(unreadable), repeated)
        return Line(message, outcome.status is Status.FAILED, cells | apart, {*marked, *unreadable, *apart.keys()})

    def _kept(self, cell: Cell, known: bool) -> Cell | None:
        """The cell as it can be written; in a known column an error value for what cannot be, elsewhere nothing."""
        if cell.kind is Kind.ERROR:
            return cell._replace(text=cell.text if cell.text in _ERRORS else _UNREADABLE)
        text: str | None = cell.text
        if cell.kind is Kind.FORMULA or (cell.kind is Kind.TEXT and not _fits(cell.text)):
            text = None
        elif cell.kind in (Kind.NUMBER, Kind.DATE) and not _NUMBER.fullmatch(cell.text):
            text = _serial(cell.text, self._layout.sheet.since_1904)
        if text is not None:
            return cell._replace(text=text)
        return Cell(cell.column, Kind.ERROR, _UNREADABLE) if known else None

    def _named(self, addresses: Iterable[str], row: int) -> Set[int]:
        """The columns of the addresses that are in this row."""
        places = (address.rpartition("!")[2] for address in addresses)
        mine = (place.removesuffix(str(row)) for place in places if place.endswith(str(row)))
        columns = {column_number(letters) for letters in mine if letters.isalpha()}
        return columns & {*self._head, *self._layout.fields}

    def _in_merges(self) -> Mapping[int, set[int]]:
        """Row → the known columns of it in a merged range: what each of them should hold cannot be told, and the value
        that stands in the first may be meant for all of them."""
        found: dict[int, set[int]] = defaultdict(set)
        for column in self._layout.fields:
            spans = [(top, bottom) for left, top, right, bottom in self._layout.sheet.merged if left <= column <= right]
            spans.sort(reverse=True)
            last = 0
            for _, row in self._wrong:
                # Ranges and rows are gone through side by side: there can be many of both.
                while spans and spans[-1][0] <= row.number:
                    last = max(last, spans.pop()[1])
                if row.number <= last:
                    found[row.number].add(column)
        return found


def _repeats(row: CheckedRow) -> bool:
    """Is it wrong because another row asks for the same?"""
    return any(problem.code.endswith(_REPEATED) for problem in row.problems)


def _fits(text: str) -> bool:
    try:
        escape(text)
    except ValueError:
        return False
    return True


def _serial(text: str, since_1904: bool) -> str | None:
    """A date in words (ISO 8601) as Excel counts it; None if it is none."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        try:
            alone = time.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return None
        moment = datetime.combine(_EPOCHS[since_1904].date(), alone)
    days = (moment - _EPOCHS[since_1904]) / timedelta(days=1)
    return repr(days).removesuffix(".0") if days >= 0 else None
