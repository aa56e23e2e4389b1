"""Array formulas of an .xlsx: each is written in one cell and fills others, too."""

from collections.abc import Callable, Iterator, Mapping

from bulkops.model.rows import Cell, Kind
from bulkops.workbook.sheets import Area, Sheet, SheetRow, may_be_code


class ArrayFormulas:
    """Those of one worksheet."""

    def __init__(self) -> None:
        self.unsolved: list[Area] = []
        self.solved: list[Area] = []
        """The cells that they fill; ``unsolved``: of those without a stored result."""

    def spread(self, sheet: Sheet, rows: Mapping[int, SheetRow], take: Callable[[int], None]) -> None:
        """Cells of an array formula without stored results are as unknown as its first, even if they seem blank."""
        widest = max((max(row.cells) for row in rows.values()), default=0)
        last = max(rows, default=0)

        def places(areas: list[Area]) -> Iterator[tuple[SheetRow, int]]:
            for left, top, right, bottom in areas:
                for number in range(top, min(bottom, last) + 1):
                    columns = range(left, min(right, widest) + 1)
                    take(1 + len(columns))
                    if number in rows:
                        for column in columns:
                            yield rows[number], column

        for row, column in places(self.unsolved):
            row.cells[column] = Cell(column, Kind.FORMULA, "")
        for row, column in places(self.solved):
            if (cell := row.cells.get(column)) and cell.kind is Kind.TEXT and may_be_code(cell.text):
                sheet.calculated.append((row.number, column))
