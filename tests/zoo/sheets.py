"""Workbooks whose sheets hold more than values: tables, formats, drop-downs, pivots, names, protection."""

from __future__ import annotations

from .book import (
    BOOK,
    COMPATIBILITY,
    EXCEL,
    HEAD,
    MAIN,
    RELATIONSHIPS,
    SHEET1,
    SML,
    STRINGS,
    Book,
    extension,
    input_rows,
    resident,
    worksheet,
)

_CF = "78C0D931-6437-407d-A8EE-F0AAD7539E65"
_DV = "CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF"
_SPARK = "05C60535-1F16-4fd2-B633-F4F36F0B64E0"
_XM = 'xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"'


@resident("an ordinary workbook: theme-coloured headings, two sheets, document properties")
def plain() -> bytes:
    book = Book()
    book.add_sheet("Notes", worksheet('<row r="3"><c r="B3"><v>12.5</v></c><c r="C3" s="2"><v>0.25</v></c></row>'))
    properties = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
    vt = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
    titles = (
        '<vt:vector size="2" baseType="lpstr"><vt:lpstr>Flag edits</vt:lpstr><vt:lpstr>Notes</vt:lpstr></vt:vector>'
    )
    book.add(
        "docProps/app.xml",
        f'{HEAD}<Properties xmlns="{properties}" xmlns:vt="{vt}"><Application>Microsoft Excel</Application>'
        f"<TitlesOfParts>{titles}</TitlesOfParts></Properties>",
        "application/vnd.openxmlformats-officedocument.extended-properties+xml",
        "",
        "extended-properties",
    )
    return book.zipped()


@resident("the rows are a table")
def table() -> bytes:
    columns = "".join(f'<tableColumn id="{at}" name="{name}"/>' for at, name in enumerate(STRINGS[:4], 1))
    book = Book(worksheet(after='<tableParts count="1"><tablePart r:id="rId1"/></tableParts>'))
    book.add(
        "xl/tables/table1.xml",
        f'{HEAD}<table xmlns="{MAIN}" id="1" name="Edits" displayName="Edits" ref="A1:D4" totalsRowShown="0">'
        f'<autoFilter ref="A1:D4"/><tableColumns count="4">{columns}</tableColumns>'
        '<tableStyleInfo name="TableStyleMedium2" showRowStripes="1"/></table>',
        f"{SML}table+xml",
        SHEET1,
        "table",
    )
    return book.zipped()


@resident("conditional formats, old ones and those of newer Excels")
def conditional_formats() -> bytes:
    old = (
        '<conditionalFormatting sqref="A2:A4"><cfRule type="cellIs" dxfId="0" priority="1" operator="greaterThan">'
        "<formula>2001</formula></cfRule></conditionalFormatting>"
    )
    new = (
        f'<x14:conditionalFormattings><x14:conditionalFormatting {_XM}><x14:cfRule type="dataBar" '
        'id="{11111111-2222-4333-8444-555555555555}"><x14:dataBar minLength="0" maxLength="100">'
        '<x14:cfvo type="autoMin"/>'
        '<x14:cfvo type="autoMax"/><x14:negativeFillColor rgb="FFFF0000"/><x14:axisColor rgb="FF000000"/></x14:dataBar>'
        "</x14:cfRule><xm:sqref>B2:B4</xm:sqref></x14:conditionalFormatting></x14:conditionalFormattings>"
    )
    return Book(worksheet(after=old + extension(_CF, new))).zipped()


@resident("a drop-down of its own words and one from another sheet")
def drop_downs() -> bytes:
    old = (
        '<dataValidations count="1"><dataValidation type="list" allowBlank="1" sqref="C2:C90">'
        '<formula1>"Resolved,Unresolved"</formula1></dataValidation></dataValidations>'
    )
    new = (
        f'<x14:dataValidations {_XM} count="1"><x14:dataValidation type="list" allowBlank="1"><x14:formula1>'
        "<xm:f>Types!$A$1:$A$2</xm:f></x14:formula1><xm:sqref>B2:B90</xm:sqref></x14:dataValidation></x14:dataValidations>"
    )
    book = Book(worksheet(after=old + extension(_DV, new)))
    book.add_sheet("Types", worksheet('<row r="1"><c r="A1"><v>7</v></c></row><row r="2"><c r="A2"><v>9</v></c></row>'))
    return book.zipped()


@resident("sparklines")
def sparklines() -> bytes:
    lines = (
        f'<x14:sparklineGroups {_XM}><x14:sparklineGroup displayEmptyCellsAs="gap"><x14:colorSeries rgb="FF376092"/>'
        "<x14:sparklines><x14:sparkline><xm:f>'Flag edits'!A2:B2</xm:f><xm:sqref>F2</xm:sqref></x14:sparkline>"
        "</x14:sparklines></x14:sparklineGroup></x14:sparklineGroups>"
    )
    return Book(worksheet(after=extension(_SPARK, lines))).zipped()


@resident("texts that are bold in part, in cells and in the table of strings, with furigana")
def rich_text() -> bytes:
    rich = '<r><rPr><b/></rPr><t>Check</t></r><r><t xml:space="preserve"> with Ann</t></r>'
    row = f'<row r="6"><c r="F6" t="inlineStr"><is>{rich}</is></c><c r="G6" t="s"><v>{len(STRINGS)}</v></c></row>'
    book = Book(worksheet(input_rows() + row))
    shared = str(book.parts["xl/sharedStrings.xml"])
    phonetic = '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="0"/></si></sst>'
    book.parts["xl/sharedStrings.xml"] = shared.replace("</sst>", phonetic)
    return book.zipped()


@resident("names of a workbook, of a sheet, hidden ones, over three sheets, and for printing")
def names() -> bytes:
    sheet = "'Flag edits'"
    book = Book(
        names='<definedName name="_xlnm.Print_Area" localSheetId="1">Two!$A$1:$B$9</definedName>'
        f'<definedName name="_xlnm.Print_Titles" localSheetId="0">{sheet}!$1:$1</definedName>'
        f'<definedName name="All_lists">{sheet}!$A$2:$A$4</definedName>'
        f"<definedName name=\"Over_all\">SUM('Flag edits:Three'!$A$2)</definedName>"
        '<definedName name="Rate" hidden="1">0.19</definedName>'
        '<definedName name="Rate" localSheetId="2" comment="its own">0.07</definedName>'
    )
    book.add_sheet("Two", worksheet('<row r="2"><c r="A2"><v>1</v></c></row>'))
    book.add_sheet("Three", worksheet('<row r="2"><c r="A2"><v>2</v></c></row>'))
    return book.zipped()


@resident("an empty list of names")
def names_empty() -> bytes:
    return Book(views="", last="<definedNames/>").zipped()


@resident("no bookViews: nothing says which sheet is shown")
def views_none() -> bytes:
    return Book(views="").zipped()


@resident("the second of three sheets is shown, two are selected")
def views_grouped() -> bytes:
    view = '<sheetViews><sheetView {}workbookViewId="0"/></sheetViews>'
    views = (
        '<bookViews><workbookView windowWidth="20000" windowHeight="9000" firstSheet="1" activeTab="1"/></bookViews>'
    )
    book = Book(worksheet(before=view.format("")), views=views)
    for name in ("Two", "Three"):
        before = view.format('tabSelected="1" ')
        book.add_sheet(name, worksheet('<row r="1"><c r="A1"><v>1</v></c></row>', before))
    return book.zipped()


@resident("the sheet is protected with a password")
def protected_sheet() -> bytes:
    lock = '<sheetProtection algorithmName="SHA-512" hashValue="AAAA" saltValue="AAAA" spinCount="100000" sheet="1"/>'
    return Book(worksheet(after=lock)).zipped()


@resident("dates are counted from 1904")
def since_1904() -> bytes:
    row = '<row r="7"><c r="F7"><v>44000.5</v></c></row>'
    return Book(worksheet(input_rows() + row), first='<workbookPr date1904="1"/>').zipped()


@resident("hidden and very hidden sheets behind the shown one")
def hidden_sheets() -> bytes:
    book = Book()
    book.add_sheet("Hidden", worksheet('<row r="1"><c r="A1"><v>1</v></c></row>'), state="hidden")
    book.add_sheet("Deep", worksheet('<row r="1"><c r="A1"><v>2</v></c></row>'), state="veryHidden")
    return book.zipped()


@resident("a dialog sheet and a macro sheet of old", suffix="xlsm", blind="calamine")
def old_macro_sheets() -> bytes:
    book = Book(book_type=f"{EXCEL}sheet.macroEnabled.main+xml")
    dialog = f'{HEAD}<dialogsheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"/></sheetViews></dialogsheet>'
    book.add_sheet("Dialog1", dialog, "dialogsheet")
    book.add_sheet(
        "Macro1",
        f'{HEAD}<xm:macrosheet xmlns="{MAIN}" xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main">'
        '<sheetData><row r="1"><c r="A1"><f>RETURN()</f></c></row></sheetData></xm:macrosheet>',
        "macrosheet",
        "hidden",
    )
    return book.zipped()


@resident("formulas with stored results and their calculation chain")
def calculation_chain() -> bytes:
    text = '<c r="G6" t="str"><f>C2&amp;"!"</f><v>Resolved!</v></c>'
    row = f'<row r="6"><c r="F6"><f>SUM(A2:A4)</f><v>6006</v></c>{text}</row>'
    book = Book(worksheet(input_rows() + row))
    chain = f'{HEAD}<calcChain xmlns="{MAIN}"><c r="F6" i="1"/><c r="G6" i="1"/></calcChain>'
    book.add("xl/calcChain.xml", chain, f"{SML}calcChain+xml", BOOK, "calcChain")
    return book.zipped()


@resident("printer settings")
def printer_settings() -> bytes:
    book = Book(worksheet(after='<pageSetup paperSize="9" orientation="portrait" r:id="rId1"/>'))
    book.defaults["bin"] = f"{SML}printerSettings"
    settings = "\\\\server\\printer".encode("utf-16-le") + bytes(200)
    book.add("xl/printerSettings/printerSettings1.bin", settings, owner=SHEET1, kind="printerSettings")
    return book.zipped()


@resident("names and links that lead to another workbook and to the web")
def external_links() -> bytes:
    after = '<hyperlinks><hyperlink ref="D2" r:id="rId1"/></hyperlinks>'
    book = Book(worksheet(after=after), names='<definedName name="Elsewhere">[1]Sheet1!$A$1</definedName>')
    book.relate(SHEET1, "hyperlink", "https://example.org/a?b=1&c=2", external=True)
    link = book.add(
        "xl/externalLinks/externalLink1.xml",
        f'{HEAD}<externalLink xmlns="{MAIN}"><externalBook xmlns:r="{RELATIONSHIPS}" r:id="rId1"><sheetNames>'
        '<sheetName val="Sheet1"/></sheetNames></externalBook></externalLink>',
        f"{SML}externalLink+xml",
        BOOK,
        "externalLink",
    )
    book.relate("xl/externalLinks/externalLink1.xml", "externalLinkPath", "file:///C:/Old%20lists.xlsx", external=True)
    references = f'<externalReferences><externalReference r:id="{link}"/></externalReferences>'
    book.parts[BOOK] = book.workbook().replace("<definedNames>", f"{references}<definedNames>")
    return book.zipped()


@resident("a query that refreshes from a data connection")
def data_connections() -> bytes:
    book = Book(names='<definedName name="Query1" localSheetId="0">\'Flag edits\'!$A$1:$D$4</definedName>')
    book.add(
        "xl/connections.xml",
        f'{HEAD}<connections xmlns="{MAIN}"><connection id="1" name="Lists" type="1" refreshedVersion="3">'
        '<dbPr connection="DSN=lists" command="SELECT 1"/></connection></connections>',
        f"{SML}connections+xml",
        BOOK,
        "connections",
    )
    book.add(
        "xl/queryTables/queryTable1.xml",
        f'{HEAD}<queryTable xmlns="{MAIN}" name="Query1" connectionId="1" autoFormatId="16"/>',
        f"{SML}queryTable+xml",
        SHEET1,
        "queryTable",
    )
    return book.zipped()


def pivoted() -> Book:
    """A pivot table on a second sheet, with its cache."""
    fields = "".join(
        f'<cacheField name="{name}" numFmtId="0"><sharedItems containsSemiMixedTypes="0" containsString="0" '
        'containsNumber="1" containsInteger="1" minValue="7" maxValue="2003"/></cacheField>'
        for name in STRINGS[:2]
    )
    book = Book()
    book.add_sheet("Pivot", worksheet('<row r="3"><c r="A3"><v>6006</v></c></row>'))
    book.add("xl/pivotCache/pivotCacheDefinition1.xml", "", f"{SML}pivotCacheDefinition+xml")
    cache = book.relate(BOOK, "pivotCacheDefinition", "/xl/pivotCache/pivotCacheDefinition1.xml")
    records = book.add(
        "xl/pivotCache/pivotCacheRecords1.xml",
        f'{HEAD}<pivotCacheRecords xmlns="{MAIN}" count="1"><r><n v="2001"/><n v="7"/></r></pivotCacheRecords>',
        f"{SML}pivotCacheRecords+xml",
        "xl/pivotCache/pivotCacheDefinition1.xml",
        "pivotCacheRecords",
    )
    book.parts["xl/pivotCache/pivotCacheDefinition1.xml"] = (
        f'{HEAD}<pivotCacheDefinition xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}" r:id="{records}" recordCount="1">'
        '<cacheSource type="worksheet"><worksheetSource ref="A1:B4" sheet="Flag edits"/></cacheSource>'
        f'<cacheFields count="2">{fields}</cacheFields></pivotCacheDefinition>'
    )
    book.add(
        "xl/pivotTables/pivotTable1.xml",
        f'{HEAD}<pivotTableDefinition xmlns="{MAIN}" name="Pivot1" cacheId="1" dataCaption="Values">'
        '<location ref="A3:A3" firstHeaderRow="0" firstDataRow="0" firstDataCol="0"/><pivotFields count="2">'
        '<pivotField dataField="1" showAll="0"/><pivotField showAll="0"/></pivotFields><dataFields count="1">'
        '<dataField name="Sum" fld="0" baseField="0" baseItem="0"/></dataFields></pivotTableDefinition>',
        f"{SML}pivotTable+xml",
        "xl/worksheets/sheet2.xml",
        "pivotTable",
    )
    book.relate("xl/pivotTables/pivotTable1.xml", "pivotCacheDefinition", "/xl/pivotCache/pivotCacheDefinition1.xml")
    book.last += f'<pivotCaches><pivotCache cacheId="1" r:id="{cache}"/></pivotCaches>'
    return book


@resident("a pivot table and its cache")
def pivot() -> bytes:
    return pivoted().zipped()


@resident("slicers and timelines on a pivot table")
def slicers() -> bytes:
    book = pivoted()
    microsoft = "http://schemas.microsoft.com/office/2007/relationships"
    x14, x15 = "2009/9", "2010/11"
    space = 'xmlns="http://schemas.microsoft.com/office/spreadsheetml/{}/main"'
    cache = book.add(
        "xl/slicerCaches/slicerCache1.xml",
        f'{HEAD}<slicerCacheDefinition {space.format(x14)} name="Slicer_Type" sourceName="Flag type ID"/>',
        f"{EXCEL}slicerCache+xml",
        BOOK,
        f"{microsoft}/slicerCache",
    )
    slicer = book.add(
        "xl/slicers/slicer1.xml",
        f'{HEAD}<slicers {space.format(x14)}><slicer name="Type" cache="Slicer_Type" rowHeight="241300"/></slicers>',
        f"{EXCEL}slicer+xml",
        "xl/worksheets/sheet2.xml",
        f"{microsoft}/slicer",
    )
    timelines = book.add(
        "xl/timelineCaches/timelineCache1.xml",
        f'{HEAD}<timelineCacheDefinition {space.format(x15)} name="Time_Type" sourceName="When">'
        '<state minimalRefreshVersion="6" lastRefreshVersion="6" pivotCacheId="1" filterType="unknown">'
        '<bounds startDate="2026-01-01T00:00:00" endDate="2027-01-01T00:00:00"/></state>'
        "</timelineCacheDefinition>",
        f"{EXCEL}timelineCache+xml",
        BOOK,
        "http://schemas.microsoft.com/office/2011/relationships/timelineCache",
    )
    listed = f'<x14:slicerList><x14:slicer r:id="{slicer}"/></x14:slicerList>'
    pivot_sheet = str(book.parts["xl/worksheets/sheet2.xml"])
    book.parts["xl/worksheets/sheet2.xml"] = pivot_sheet.replace(
        "</worksheet>", extension("A8765BA9-456A-4dab-B4F3-ACF838C121DE", listed) + "</worksheet>"
    )
    caches = f'<x14:slicerCaches><x14:slicerCache r:id="{cache}"/></x14:slicerCaches>'
    lines = f'<x15:timelineCacheRefs><x15:timelineCacheRef r:id="{timelines}"/></x15:timelineCacheRefs>'
    slicing = extension("BBE1A952-AA13-448e-AADC-164F8A28A991", caches).removesuffix("</extLst>")
    timing = extension("D0CA8CA8-9F24-4464-BF8E-62219DCF47F9", lines).removeprefix("<extLst>")
    book.last += slicing + timing
    return book.zipped()


@resident("newer Excel's data: a dynamic array, a linked type, and the parts that describe them")
def rich_data() -> bytes:
    array = '<c r="F6" cm="1"><f t="array" ref="F6:F8">A2:A4</f><v>2001</v></c>'
    row = f'<row r="6">{array}<c r="G6" t="e" vm="1"><v>#VALUE!</v></c></row>'
    book = Book(worksheet(input_rows() + row))
    arrays = 'xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray"'
    rich = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"
    extended = (
        '<futureMetadata name="XLDAPR" count="1"><bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
        '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
        '<futureMetadata name="XLRICHVALUE" count="1"><bk><extLst><ext uri="{3e2802c4-a4d2-4d8b-9148-e3be6c30e623}">'
        f'<xlrd:rvb xmlns:xlrd="{rich}" i="0"/></ext></extLst></bk></futureMetadata>'
    )
    kinds = (
        '<metadataTypes count="2"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1" '
        'cellMeta="1"/><metadataType name="XLRICHVALUE" minSupportedVersion="120000" copy="1" pasteAll="1"/>'
        "</metadataTypes>"
    )
    book.add(
        "xl/metadata.xml",
        f'{HEAD}<metadata xmlns="{MAIN}" {arrays}>{kinds}{extended}<cellMetadata count="1"><bk><rc t="1" v="0"/></bk>'
        '</cellMetadata><valueMetadata count="1"><bk><rc t="2" v="0"/></bk></valueMetadata></metadata>',
        f"{SML}sheetMetadata+xml",
        BOOK,
        "sheetMetadata",
    )
    for part, root, kind in (
        ("rdrichvalue", '<rvData xmlns="{0}" count="1"><rv s="0"><v>8</v></rv></rvData>', "rdRichValue"),
        (
            "rdrichvaluestructure",
            '<rvStructures xmlns="{0}" count="1"><s t="_error"><k n="errorType" t="i"/></s></rvStructures>',
            "rdRichValueStructure",
        ),
    ):
        book.add(
            f"xl/richData/{part}.xml",
            HEAD + root.format(rich),
            f"{EXCEL}{part}+xml",
            BOOK,
            f"http://schemas.microsoft.com/office/2017/06/relationships/{kind}",
        )
    return book.zipped()


@resident("the workbook part as Excel writes it for older versions too, with its path in alternate content")
def alternate_content() -> bytes:
    ac = "http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"
    x15 = "http://schemas.microsoft.com/office/spreadsheetml/2010/11/main"
    return Book(
        book_more=f' xmlns:mc="{COMPATIBILITY}" mc:Ignorable="x15" xmlns:x15="{x15}"',
        first='<fileVersion appName="xl" lastEdited="7" lowestEdited="7" rupBuild="22228"/>'
        f'<workbookPr/><mc:AlternateContent><mc:Choice Requires="x15"><x15ac:absPath url="C:\\Lists\\" '
        f'xmlns:x15ac="{ac}"/></mc:Choice></mc:AlternateContent>',
        last='<calcPr calcId="191029"/>'
        + extension("140A7094-0E35-4892-8432-C4D2E57EDEB5", '<x15:workbookPr chartTrackingRefBase="1"/>'),
    ).zipped()


@resident("sheet names with quotes, ampersands and other alphabets")
def sheet_names() -> bytes:
    book = Book(name="It's “A & B” <1>")
    book.add_sheet("日本 😀", worksheet('<row r="1"><c r="A1"><v>1</v></c></row>'))
    return book.zipped()


@resident("macros", suffix="xlsm")
def macros() -> bytes:
    book = Book(book_type=f"{EXCEL}sheet.macroEnabled.main+xml", first='<workbookPr codeName="ThisWorkbook"/>')
    book.defaults["bin"] = "application/vnd.ms-office.vbaProject"
    kind = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
    book.add("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" + bytes(range(256)) * 8, owner=BOOK, kind=kind)
    return book.zipped()
