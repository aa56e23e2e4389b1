"""Workbooks with a sheet called Results: the operator's own, or what an earlier run left and somebody has touched."""

from __future__ import annotations

import re

from .book import BOOK, COMPATIBILITY, SHEET1, Book, resident, worksheet
from .shapes import anchored, bar_chart, drawn, framed, with_comment
from .sheets import pivoted

_MARK = '<definedName name="_bulkops.results" hidden="1">{}</definedName>'
COLUMNS = [
    *("Sheet", "Row", "Operation", "Target", "Status", "New task GUID", "Bills selected", "Bills updated", "Message"),
    *("What to do", "HTTP status", "Environment", "Started", "Seconds", "Run"),
]
_SECOND = "xl/worksheets/sheet2.xml"


def results_rows(more: str = "") -> str:
    """What an earlier run left: the headings and one line."""

    def row(number: int, values: list[str]) -> str:
        cells = "".join(
            f'<c r="{letter}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
            for letter, value in zip("ABCDEFGHIJKLMNO", values, strict=True)
        )
        return f'<row r="{number}">{cells}{more if number == 2 else ""}</row>'

    line = ["Flag edits", "2", "List flag edit", "2001", "Done", *("" for _ in COLUMNS[5:])]
    return row(1, COLUMNS) + row(2, line)


def with_results(name: str = "Results", refers: str = "Results!$A$1", sheet: str = "", filtered: bool = True) -> Book:
    """A workbook with the sheet of an earlier run behind the input sheet, and the hidden name that marks it."""
    filters = '<definedName name="_xlnm._FilterDatabase" localSheetId="1" hidden="1">{0}$A$1:$O$2</definedName>'
    own = filters.format(refers.removesuffix("$A$1")) if filtered else ""
    book = Book(names=own + _MARK.format(refers))
    book.add_sheet(name, sheet or worksheet(results_rows(), after='<autoFilter ref="A1:O2"/>'))
    return book


@resident("the operator has a sheet called Results")
def own_results() -> bytes:
    book = Book()
    book.add_sheet("Results", worksheet('<row r="1"><c r="A1"><v>42</v></c></row>'))
    return book.zipped()


@resident("the operator has a sheet called RESULTS, and one that bears our other name")
def own_results_twice() -> bytes:
    book = Book()
    book.add_sheet("RESULTS", worksheet('<row r="1"><c r="A1"><v>42</v></c></row>'))
    book.add_sheet("results (BulkOps)", worksheet('<row r="1"><c r="A1"><v>43</v></c></row>'))
    return book.zipped()


@resident("the operator's own Results, and ours beside it from an earlier run", ours="Results (bulkops)")
def own_results_and_ours() -> bytes:
    book = with_results("Results (bulkops)", "'Results (bulkops)'!$A$1")
    book.add_sheet("Results", worksheet('<row r="1"><c r="A1"><v>42</v></c></row>'))
    return book.zipped()


@resident("an earlier run's results", ours="Results")
def earlier_results() -> bytes:
    return with_results().zipped()


@resident("an earlier run's results, moved before the input sheet", ours="Results")
def earlier_results_moved() -> bytes:
    book = with_results()
    book.sheets.reverse()
    book.names = book.names.replace('localSheetId="1"', 'localSheetId="0"')
    return book.zipped()


@resident("an earlier run's results, hidden and shown as the active sheet of a group", ours="Results")
def earlier_results_active() -> bytes:
    book = with_results()
    book.views = '<bookViews><workbookView windowWidth="9000" windowHeight="9000" activeTab="1"/></bookViews>'
    views = '<sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews>'
    book.parts[_SECOND] = worksheet(results_rows(), views)
    return book.zipped()


@resident("an earlier run's results under another name", ours="August, done")
def earlier_results_renamed() -> bytes:
    return with_results("August, done", "'August, done'!$A$1").zipped()


@resident("an earlier run's results under a name that could be a cell's", ours="Q3")
def earlier_results_named_like_a_cell() -> bytes:
    return with_results("Q3", "'Q3'!$A$1").zipped()


@resident("an earlier run's results as Excel saves them: shared strings, spans, dates of changes", ours="Results")
def earlier_results_saved_by_excel() -> bytes:
    texts = [*COLUMNS, "Flag edits", "List flag edit", "2001", "Done"]
    cells = "".join(f'<c r="{letter}1" s="1" t="s"><v>{7 + at}</v></c>' for at, letter in enumerate("ABCDEFGHIJKLMNO"))
    line = "".join(
        f'<c r="{at}2" t="s"><v>{7 + texts.index(text)}</v></c>' if text else f'<c r="{at}2"><v>2</v></c>'
        for at, text in zip("ABCDE", ("Flag edits", "", "List flag edit", "2001", "Done"), strict=True)
    )
    blanks = "".join(f'<c r="{letter}2" s="2"/>' for letter in "FGHIJKLMNO")
    ac = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"
    book = with_results(
        sheet=worksheet(
            f'<row r="1" spans="1:15" ht="30" customHeight="1" x14ac:dyDescent="0.25">{cells}</row>'
            f'<row r="2" spans="1:15" hidden="1" x14ac:dyDescent="0.25">{line}{blanks}</row>',
            '<sheetPr filterMode="1"/><dimension ref="A1:O2"/><sheetViews><sheetView workbookViewId="0"/></sheetViews>',
            '<autoFilter ref="A1:O2"><filterColumn colId="4"><filters><filter val="Failed"/></filters></filterColumn>'
            '</autoFilter><hyperlinks><hyperlink ref="B2" location="\'Flag edits\'!A2" display="2"/></hyperlinks>'
            '<ignoredErrors><ignoredError sqref="D2" numberStoredAsText="1"/></ignoredErrors>',
            f' xmlns:mc="{COMPATIBILITY}" mc:Ignorable="x14ac" xmlns:x14ac="{ac}"',
        )
    )
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    shared = str(book.parts["xl/sharedStrings.xml"])
    book.parts["xl/sharedStrings.xml"] = re.sub(' count="[0-9]*" uniqueCount="[0-9]*"', "", shared).replace(
        "</sst>", f"{items}</sst>"
    )
    return book.zipped()


@resident("an earlier run's results that were deleted: the name leads nowhere")
def earlier_results_deleted() -> bytes:
    return Book(names=_MARK.format("#REF!")).zipped()


@resident("the mark leads to a sheet of the operator's, which is not read as input then", blind="bulkops")
def mark_on_another_sheet() -> bytes:
    return Book(names=_MARK.format("'Flag edits'!$A$1")).zipped()


@resident("an earlier run's results with a formula of the operator's in it")
def earlier_results_with_formula() -> bytes:
    rows = results_rows().replace('<c r="N2" t="inlineStr"><is><t></t></is></c>', '<c r="N2"><f>1/4</f><v>0.25</v></c>')
    return with_results(sheet=worksheet(rows)).zipped()


@resident("an earlier run's results with a note of the operator's beside them")
def earlier_results_with_note() -> bytes:
    note = '<c r="P2" t="inlineStr"><is><t>asked Ann</t></is></c>'
    return with_results(sheet=worksheet(results_rows(note))).zipped()


@resident("an earlier run's results with a line of the operator's below them")
def earlier_results_with_line() -> bytes:
    line = '<row r="4"><c r="D4" t="inlineStr"><is><t>2001 was wrong</t></is></c></row>'
    return with_results(sheet=worksheet(results_rows() + line)).zipped()


@resident("an earlier run's results with a pivot table on them, which only a relationship tells of")
def earlier_results_with_pivot() -> bytes:
    book = pivoted()
    book.sheets[1] = book.sheets[1].replace('"Pivot"', '"Results"')
    book.parts[_SECOND] = worksheet(results_rows())
    book.names = _MARK.format("Results!$A$1")
    return book.zipped()


@resident("an earlier run's results with a comment of the operator's on it")
def earlier_results_with_comment() -> bytes:
    book = with_results(sheet=worksheet(results_rows(), after='<legacyDrawing r:id="rId1"/>'))
    with_comment(book)
    book.relations[_SECOND] = book.relations.pop(SHEET1)
    return book.zipped()


@resident("an earlier run's results with a chart of the operator's on it")
def earlier_results_with_chart() -> bytes:
    book = with_results(sheet=worksheet(results_rows(), after='<drawing r:id="rId1"/>'))
    drawn(book, anchored(framed("rId1")), _SECOND)
    kind = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
    book.add("xl/charts/chart1.xml", bar_chart(), kind, "xl/drawings/drawing1.xml", "chart")
    return book.zipped()


@resident("an earlier run's results with the empty drawing that LibreOffice gives each sheet", ours="Results")
def earlier_results_with_empty_drawing() -> bytes:
    book = with_results(sheet=worksheet(results_rows(), after='<drawing r:id="rId1"/>'))
    return drawn(book, anchored("").split("<xdr:twoCellAnchor>")[0] + "</xdr:wsDr>", _SECOND).zipped()


@resident("an earlier run's results that other sheets' names and formulas refer to", ours="Results")
def earlier_results_used() -> bytes:
    book = with_results()
    book.names += '<definedName name="Done">COUNTIF(Results!$E$2:$E$90,"Done")</definedName>'
    book.add_sheet("Sums", worksheet('<row r="1"><c r="A1"><f>Results!E2</f><v>0</v></c></row>'))
    return book.zipped()


@resident("an earlier run's results, the mark in a prefix, quoted and with a relative address", ours="Results")
def earlier_results_quoted() -> bytes:
    book = with_results(filtered=False)
    book.parts[BOOK] = book.workbook().replace("Results!$A$1", "'Results'!A1")
    return book.zipped()
