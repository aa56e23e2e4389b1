"""What is plain is read past expat, and nobody can tell: each sheet is the same either way, and so is each refusal."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from passes import passes
from workbooks import MAIN, SHEET, Parts, parts, save, strings, styles, worksheet

from bulkops.messages.errors import CannotStart
from bulkops.model.rows import Kind, Shown
from bulkops.workbook.number_formats import GENERAL, format_of
from bulkops.workbook.reader import parsed
from bulkops.workbook.reading import transport
from bulkops.workbook.reading.plain import PlainRows, plain_text
from bulkops.workbook.sheets import Sheet, Workbook

SHARED = strings("<t>x</t>", "<t/>", "<t>R&amp;D</t>", "<r><t>a</t></r><r><t>b</t></r>", "<t>_x0041_</t>", "<t> 5 </t>")
STYLE = styles("0.00", 14, "0%", "0")


def outcome(made: Parts) -> tuple[Sheet, ...] | str:
    """The sheets, or the code of the refusal."""
    try:
        return parsed(Path("a.xlsx"), save(io.BytesIO(), made, compression=zipfile.ZIP_STORED).getvalue()).sheets
    except CannotStart as error:
        return error.code


def both(made: Parts) -> tuple[Sheet, ...] | str:
    """What is made of a workbook, after making sure that expat alone makes the same of it.

    A blank within a start tag means nothing in XML, and keeps every piece from going past expat.
    """
    shared, sheet = "xl/sharedStrings.xml", made[SHEET]
    other = {**made, SHEET: sheet.replace("<sheetData>", "<sheetData >", 1)}
    if shared in made:
        other[shared] = made[shared].replace("<sst ", "<sst\n", 1)
    found = outcome(made)
    assert found == outcome(other)
    return found


ROW = '<row r="{n}" spans="1:3" ht="15" x14ac:dyDescent="0.25">{cells}</row>'
CELLS = [
    *('<c r="{a}"><v>5</v></c>', '<c r="{a}" t="n"><v>-12.50</v></c>', '<c r="{a}" s="1"><v>12.5</v></c>'),
    *('<c r="{a}" s="2"><v>46235</v></c>', '<c r="{a}" s="3"><v>0.25</v></c>', '<c r="{a}" s="1"><v>1E3</v></c>'),
    *('<c r="{a}" t="s"><v>0</v></c>', '<c r="{a}" s="1" t="s"><v>2</v></c>', '<c r="{a}" t="s"><v>1</v></c>'),
    *('<c r="{a}" t="b"><v>1</v></c>', '<c r="{a}" t="b"><v>0</v></c>', '<c r="{a}" s="4"><v>7.0</v></c>'),
    *('<c r="{a}" t="inlineStr"><is><t>x y</t></is></c>', '<c r="{a}" s="1"/>', '<c r="{a}"></c>'),
    *('<c r="{a}" t="inlineStr"><is><t xml:space="preserve"> Ä😀\n </t></is></c>', '<c r="{a}" t="s"/>'),
    *('<c r="{a}" t="inlineStr"><is><t>R&amp;D &lt;&gt;&quot;&apos;</t></is></c>', '<c r="{a}" s="9"/>'),
]
"""Plain ones."""
ODD = [
    *('<c r="{a}"><f>B1</f><v>5</v></c>', '<c r="{a}"><f>B1</f></c>', '<c r="{a}" t="str"><v>x</v></c>'),
    *('<c r="{a}" t="e"><v>#N/A</v></c>', '<c r="{a}"><v>abc</v></c>', '<c r="{a}"><v/></c>', '<c r="{a}"><v></v></c>'),
    *('<c r="{a}" t="s"><v>3</v></c>', '<c r="{a}" t="s"><v>4</v></c>', '<c r="{a}" t="s"><v>5</v></c>'),
    *('<c r="{a}" t="s"><v>6</v></c>', '<c r="{a}" t="s"><v>00</v></c>', '<c r="{a}" t="s"><v>x</v></c>'),
    *('<c t="s" r="{a}"><v>0</v></c>', "<c r='{a}'><v>1</v></c>", '<c r="{a}" cm="1"><v>1</v></c>', "<c><v>3</v></c>"),
    *('<c r="{a}" s="9"><v>5</v></c>', '<c r="{a}" s="1" s="1"/>', '<c r="{a}"> <v>5</v> </c>', "<c/>"),
    *('<c r="{a}"/>stray', '<c r="{a}"><v>5</v><v>6</v></c>', '<c r="{a}" t="b"><v>2</v></c>', "<y:c/>", "<other/>"),
    *('<c r="{a}" t="inlineStr"><is><t>_x0041_</t></is></c>', '<c r="{a}" t="inlineStr"><is><t/></is></c>'),
    *('<c r="{a}" t="inlineStr"><is><t>&#65;</t></is></c>', '<c r="{a}" t="inlineStr"><is><t>&no;</t></is></c>'),
    *('<c r="{a}" t="inlineStr"><is><t>]]></t></is></c>', '<c r="{a}" t="inlineStr"><is><t>\x01</t></is></c>'),
    *('<c r="{a}" t="inlineStr"><is><t>a\r\nb</t></is></c>', '<c r="{a}" t="inlineStr"><is><t>\ufffe</t></is></c>'),
    *('<c r="{a}" t="inlineStr"><is><t>a & b</t></is></c>', '<c r="{a}" t="inlineStr"><v>5</v></c>'),
    *('<c r="{a}"><is><t>5</t></is></c>', '<c r="{a}" t="n"><is><t>5</t></is></c>', '<c r="{a}"><v> 5</v></c>'),
    *('<c r="{a}" t="inlineStr"><is><t><![CDATA[</row>]]></t></is></c>', "<!-- </row> -->", "<?x </row>?>"),
    *('<c r="{a}"><v>5</v></c', '<c r="A9"><v>5</v></c>', '<c r="a1"><v>5</v></c>', '<c r="XFE{n}"><v>5</v></c>'),
    *("<row>", "</row>", "<v>", "</c>", "<!--", "<![CDATA[", '<x a="</row>', '<c r="{a}"><v>5</v></c><c r="{a}"/>'),
]  # fmt: skip
"""What an operator, a program or somebody hostile may also have put there."""
TAGS = [
    *(ROW, ROW, ROW, ROW, '<row r="{n}">{cells}</row>', '\n <row r="{n}" hidden="1">{cells}</row>'),
    *(
        '<row r="{n}" ht="0">{cells}</row>',
        "<row>{cells}</row>",
        '<row r="{n}"/>',
        '<row r="{n}" r="{n}">{cells}</row>',
    ),
    *('<row r="{n}" y:z="1">{cells}</row>', '<row r="0{n}">{cells}</row>', "<row r='{n}'>{cells}</row>"),
    *('<row r="{n}" a="b>c">{cells}</row>', '<row r="{n}" xmlns="urn:y">{cells}</row>', "<y>{cells}</row>"),
    *('<y:row r="{n}">{cells}</y:row>', '<row r="1048577">{cells}</row>', '<row r="1">{cells}</row>', "<y/>"),
    *('<row r="{n}">{cells}</row><row>', '<row r="{n}" ht="tall">{cells}</row>', "x", "</sheetData><sheetData>"),
    *('<row r="{n}" hidden="&#49;">{cells}</row>', "<!-- <sheetData> -->", "<?x?>", '<y:row xmlns:y="urn:y"/>'),
]


@st.composite
def data(draw: st.DrawFn) -> str:
    """What may stand in a sheet's sheetData: mostly plain rows of a few columns."""
    made = []
    usual = draw(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3))
    for number in range(1, draw(st.integers(1, 6)) + 1):
        chosen = [draw(st.sampled_from([cell, cell, cell, *CELLS, *ODD])) for cell in usual]
        cells = "".join(cell.format(a=f"{'ABC'[at]}{number}", n=number) for at, cell in enumerate(chosen))
        made.append(draw(st.sampled_from(TAGS)).format(n=number, cells=cells))
    return "".join(made)


HEADS = ["", "<!-- <sheetData> -->", "<cols><col min='1' max='1' hidden='1'/></cols>", "<y><![CDATA[<sheetData>]]></y>"]
FIRST = '<row r="1"><c r="A1"><v>1</v></c></row>'
SECOND = '<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c></row>'
SPACE = 'xmlns:x14ac="urn:x14ac"'


def sheet(rows: str, head: str = "", start: str = f'<worksheet xmlns="{MAIN}" {SPACE}>') -> str:
    return worksheet(rows, head).replace(f'<worksheet xmlns="{MAIN}">', start)


@settings(max_examples=passes(600), deadline=None)
@given(data(), st.sampled_from(HEADS))
@example('<row r="1"><c r="A1"><v>1</v></c></row><!-- <row r="2"><c r="A2"><v>2</v></c></row> -->', "")
@example('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', "")
@example('<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="B2"><v>2</v></c></row>', "")
@example('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>', "")
@example(f'{FIRST}<!-- </row><row r="2"><c r="A2"><v>2</v></c></row> -->', "")
@example(f"{FIRST}<row r='2'><rPh><row r='3'></row>{SECOND.replace('2', '4')}</rPh></row>", "")
@example(f"{FIRST}{SECOND}<row><c><v>2</v></c></row>", "")
@example(FIRST.replace("<row", '<row xmlns="urn:y"').replace(' r="1"', "").replace("<row", '<row r="1"'), "")
def test_a_sheet_is_the_same_with_and_without_the_shortcut(rows: str, head: str) -> None:
    """Whatever stands in a sheet, reading plain rows past expat gives what expat alone gives."""
    both(parts(sheet=sheet(rows, head), style=STYLE, shared=SHARED))


@pytest.mark.parametrize(
    "start",
    [
        '<worksheet xmlns="urn:other">',
        f'<worksheet xmlns="{MAIN}" a="<sheetData>">',
        f'<worksheet xmlns="{MAIN}"><y xmlns="urn:other">',
        f'<worksheet xmlns="{MAIN}"><sheetData/>',
        f'<worksheet xmlns="{MAIN}"><sheetData x="1"><!--',
        f'<worksheet xmlns="{MAIN}"><sheetData x="1"><row r="5" y="',
        f'<?xml version="1.0" encoding="windows-1252"?><worksheet xmlns="{MAIN}">',
        f'<!DOCTYPE x [<!ENTITY b "B">]><worksheet xmlns="{MAIN}">',
    ],
)
@pytest.mark.parametrize("end", ["", "--></sheetData>", '"/></sheetData>', "</y>"])
def test_the_shortcut_begins_within_the_sheets_data_and_nowhere_else(start: str, end: str) -> None:
    """What looks like its start in a comment, an attribute or another namespace is not."""
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>ä</t></is></c></row>'
    both(parts(sheet=sheet(rows, start=start).replace("</worksheet>", f"{end}</worksheet>")))


ITEMS = [
    *(
        "<t>x</t>",
        "<t>x</t>",
        '<t xml:space="preserve"> ä </t>',
        "<t/>",
        "<t></t>",
        "<r><t>a</t></r>",
        "<t>R&amp;D</t>",
    ),
    *("<t>_x0041_</t>", "<t>a</t><rPh><t>b</t></rPh>", "<t>&#65;</t>", "<t>]]></t>", "<t>\x01</t>", "<t>a\rb</t>"),
    *("<t>a</t><t>b</t>", "<!-- </si> -->", "<t><![CDATA[</si>]]></t>", "<si>", "</si>", "<t>a & b</t>", "<y/>", "x"),
]


@settings(max_examples=passes(300), deadline=None)
@given(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=6))
def test_shared_texts_are_the_same_with_and_without_the_shortcut(items: list[str]) -> None:
    """So are the texts, and each keeps its number."""
    cells = "".join(f'<row r="{at + 1}"><c r="A{at + 1}" t="s"><v>{at}</v></c></row>' for at in range(len(items)))
    both(parts(cells, shared=strings(*items)))


def test_texts_of_another_namespace_take_no_shortcut() -> None:
    """What is called like the list of texts, but is another thing, holds none."""
    item = "<si><t>x</t></si>"
    shared = f'<m:sst xmlns:m="{MAIN}"><sst xmlns="urn:other">{item}</sst><m:si><m:t>y</m:t></m:si></m:sst>'
    found = both(parts('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', shared=shared))
    assert isinstance(found, tuple)
    assert [cell.text for cell in found[0].rows[0].cells.values()] == ["y"]


def test_a_long_sheet_is_cut_anywhere() -> None:
    """Pieces, characters and tags that are cut in two where one chunk of the file ends are put together again."""
    rows = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>Zähler😀 {number}</t></is></c>'
        f'<c r="B{number}">{"<f>1</f>" if number % 100 == 0 else ""}<v>{number}</v></c></row>'
        for number in range(1, 9001)
    )
    tail = f'<conditionalFormatting x="{"€" * 1_500_000}"/><mergeCells><mergeCell ref="A1:B2"/></mergeCells>'
    found = both(parts(sheet=worksheet(rows, after=tail)))
    assert isinstance(found, tuple)
    assert [len(each.rows) for each in found] == [9000]
    assert found[0].merged == [(1, 1, 2, 2)]


def taken(piece: str, *rows: str) -> bool:
    """Is a row taken after learning from some?"""
    formats = [GENERAL, format_of(2, {}), format_of(14, {})]
    plain = PlainRows(formats, ["x", "", "y"])
    plain.learn([row.removesuffix("</row>") for row in (piece, *rows)])
    return plain.read(piece.removesuffix("</row>")) is not None


@pytest.mark.parametrize("cell", [cell for cell in CELLS if 's="3"' not in cell and 's="4"' not in cell])
def test_plain_rows_take_the_shortcut(cell: str) -> None:
    """Each sort of plain cell is read past expat, which is what makes reading quick."""
    assert taken(ROW.format(n=7, cells=cell.format(a="A7") + cell.format(a="AB7")))
    assert taken('<row r="7"></row>', ROW.format(n=8, cells=cell.format(a="A8")))


@pytest.mark.parametrize("cell", ODD)
def test_other_rows_do_not(cell: str) -> None:
    """What the pattern does not cover to the last byte is left to expat."""
    if "<v>6</v>" not in cell and 's"><v>3' not in cell and 's"><v>4' not in cell and 's"><v>5' not in cell:
        assert not taken(ROW.format(n=7, cells=cell.format(a="A7", n=7)), ROW.format(n=8, cells="<c r='A8'/>"))


def test_plain_texts_take_the_shortcut() -> None:
    """A shared text without runs, readings and escapes is read past expat."""
    assert [plain_text(f"<si>{item}") for item in ITEMS[:8]] == ["x", "x", " ä ", None, "", None, "R&D", None]


def test_a_format_with_sections_is_asked_of_each_number() -> None:
    """Past expat, too, the section that is for the number decides; and what was read goes whole to another process."""
    made = "".join(
        f'<row r="{n}"><c r="A{n}" s="1"><v>{number}</v></c><c r="B{n}" s="2"><v>{number}</v></c></row>'
        for n, number in enumerate((5, -5, 150, 0), 1)
    )
    found = both(parts(sheet=worksheet(made), style=styles("#,##0.0;0", "[>100]dd/mm/yyyy;#")))
    assert isinstance(found, tuple)
    cells = [(cell.kind, cell.shown, cell.decimals) for row in found[0].rows for cell in row.cells.values()]
    grouped, special = (Kind.NUMBER, Shown.GROUPED, 1), (Kind.NUMBER, Shown.SPECIAL, None)
    whole, day = (Kind.NUMBER, Shown.PLAIN, 0), (Kind.DATE, Shown.PLAIN, None)
    assert cells == [grouped, whole, special, whole, grouped, day, grouped, special]
    read = Workbook(Path("a.xlsx"), "", "", found)
    assert transport.decode(transport.encode(read), read.path) == read
