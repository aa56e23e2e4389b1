"""Which rows of an input sheet are none: totals, subtotals, rows that nobody filled in, and rows that are not chosen.

They are never sent and have no result; a note for each sheet and reason names them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bulkops.messages.wording import plural, row_numbers
from bulkops.model.rows import Cell, Kind
from bulkops.operations.base import RUN_THIS_ROW, Field, Operation
from bulkops.operations.cells import Unreadable
from bulkops.operations.heading_names import OPERATION_COLUMN, normal
from bulkops.operations.text_cells import read_flag
from bulkops.runs.headings import Layout
from bulkops.runs.merged_rows import merged_rows
from bulkops.workbook.sheets import Area, SheetRow, is_zero

_NO = {"", "false", "no", "n"}
_TOTALS, _SUBTOTALS, _UNFILLED, _LEFT_OUT = "totals", "subtotals", "unfilled", "left out"


class SkippedRows:
    """Those of one sheet."""

    def __init__(self, layout: Layout, operations: Sequence[Operation], fields: Mapping[str, Field]) -> None:
        self._layout = layout
        targets = {operation.target for operation in layout.operations}
        self._keys = {column: fields[name] for column, name in layout.fields.items() if name in targets}
        self._operations = {normal(each) for operation in operations for each in (operation.title, operation.key)}
        self._subtotals: dict[int, set[int]] = defaultdict(set)
        for row, column, own_row in layout.sheet.subtotals:
            # Beside the known columns, to number rows is no total.
            if column in layout.fields or not own_row:
                self._subtotals[row].add(column)
        self._sums = {row: column for row, column in layout.sheet.sums if column in self._keys}
        """Under an id, a sum of the ids above is a total without doubt."""
        self._has_totals = bool(layout.sheet.totals or self._subtotals)
        self._lacking = any(layout.lacking.values())
        """Then the rows of an operation may have their target in a column that is not known."""
        self._unsure = set(layout.sheet.unsure_zeros)
        self._chosen = [column for column, name in layout.fields.items() if name == RUN_THIS_ROW.name]
        self._merged = merged_rows(layout, self._chosen)
        """Where one Yes may stand for several rows."""
        self._more_beside = False
        """Do rows that nobody filled in hold something in columns that are not read?"""
        self._found: dict[str, list[int]] = {_TOTALS: [], _SUBTOTALS: [], _UNFILLED: [], _LEFT_OUT: []}

    def take(self, raw: SheetRow) -> bool:
        """Is this no row? Then its number is kept."""
        reason = (self._has_totals and self._total(raw)) or (_UNFILLED if self._is_unfilled(raw) else "")
        reason = reason or (_LEFT_OUT if self._is_left_out(raw) else "")
        if reason:
            self._found[reason].append(raw.number)
            self._more_beside |= reason == _UNFILLED and not raw.cells.keys() <= self._layout.fields.keys()
        return bool(reason)

    def subtotal_in(self, raw: SheetRow) -> int:
        """The first column with a total in a row that is one all the same; 0: there is none."""
        if raw.number in self._sums:
            return self._sums[raw.number]
        return min(self._summed(raw), default=0) if self._has_totals else 0

    def numbers(self) -> list[int]:
        """Those of all rows that were taken."""
        return [number for numbers in self._found.values() for number in numbers]

    def notes(self, any_rows: bool) -> Iterator[str]:
        """What was passed over, and why. ``any_rows``: the sheet has rows besides."""
        where = " in the columns that are read" if self._more_beside else ""
        said = {
            _TOTALS: ("totals of a table", "not taken for rows to send"),
            _SUBTOTALS: ("subtotals (formulas with SUBTOTAL or AGGREGATE)", "not taken for rows to send"),
            _UNFILLED: (f"nothing but FALSE, No, 0 or an Operation{where}", "not taken for rows"),
        }
        for reason, (what, end) in said.items():
            if numbers := self._found[reason]:
                one = len(numbers) == 1
                which = f"row {numbers[0]} holds" if one else f"{len(numbers)} rows ({row_numbers(numbers)}) hold"
                yield f"Sheet “{self._layout.sheet.name}”: {which} {what} and {'was' if one else 'were'} {end}."
        if numbers := self._found[_LEFT_OUT]:
            one = len(numbers) == 1
            which = f"{plural(len(numbers), 'row')} {'is' if one else 'are'} not marked Yes in {RUN_THIS_ROW.heading}"
            none = "" if any_rows else " No row of the sheet is: type Yes in those that are to run."
            yield f"Sheet “{self._layout.sheet.name}”: {which}; {'it is' if one else 'they are'} left out.{none}"

    def _total(self, raw: SheetRow) -> str:
        """Which sort of total the row is, if it is one."""
        if summed := self._summed(raw):
            totals = self._totals(raw.number)
            if totals and self._keys and all(_within(totals, column) for column in self._keys):
                return _TOTALS
            if not any(self._names_a_target(raw, column) for column in self._keys.keys() - summed):
                return _SUBTOTALS
        return ""

    def _is_unfilled(self, raw: SheetRow, but: Sequence[int] = ()) -> bool:
        for column, cell in raw.cells.items():
            if column in but:
                continue
            if (self._lacking or column in self._layout.fields) and not self._is_nothing(raw.number, cell):
                return False
        return True

    def _is_left_out(self, raw: SheetRow) -> bool:
        """Is the row not marked, where rows are? Below other headings, nothing that stands in the column is a mark."""
        if not self._chosen or 0 < self._layout.again <= raw.number:
            return False
        marks = [read_flag(raw.cells[column]) for column in self._chosen if column in raw.cells]
        if any(mark is True for mark in marks):
            return False
        unsure = raw.number in self._merged or any(isinstance(mark, Unreadable) for mark in marks)
        return not unsure or self._is_unfilled(raw, self._chosen)

    def _totals(self, row: int) -> list[Area]:
        """The tables whose totals row this is."""
        return [area for area in self._layout.sheet.totals if area[1] <= row <= area[3]]

    def _summed(self, raw: SheetRow) -> set[int]:
        """The columns of its subtotals, and of what stands in known columns of a table's totals row."""
        subtotals = self._subtotals.get(raw.number, set())
        if totals := self._totals(raw.number):
            return subtotals | {column for column in raw.cells.keys() & self._layout.fields if _within(totals, column)}
        return subtotals

    def _names_a_target(self, raw: SheetRow, column: int) -> bool:
        """Does a key's cell hold anything but a label or a total? What cannot be read may be meant for an id."""
        cell = raw.cells.get(column)
        value = None if cell is None else self._keys[column].read(cell)
        return cell is not None and value is not None and not (cell.kind is Kind.TEXT and isinstance(value, Unreadable))

    def _is_nothing(self, row: int, cell: Cell) -> bool:
        words = cell.text.strip().casefold()
        if cell.kind in (Kind.NUMBER, Kind.DATE):
            return is_zero(words) and (row, cell.column) not in self._unsure
        if cell.kind not in (Kind.TEXT, Kind.BOOL):
            return False
        if words in _NO or is_zero(words):
            return True
        return self._layout.fields.get(cell.column) == OPERATION_COLUMN and normal(words) in self._operations


def _within(areas: Iterable[Area], column: int) -> bool:
    return any(left <= column <= right for left, _, right, _ in areas)


def not_shown(sheet_name: str, views: Mapping[str, Iterable[int]], rows: Sequence[int]) -> Iterator[str]:
    """Which of the rows some view of the sheet hides."""
    for view, numbers in views.items():
        if out := sorted({*numbers} & {*rows}):
            which = f"row {out[0]}; it counts" if len(out) == 1 else f"{len(out)} rows ({row_numbers(out)}); they count"
            yield f"Sheet “{sheet_name}”: the view “{view}” does not show {which} as hidden."
