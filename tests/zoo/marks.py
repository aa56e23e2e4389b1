"""Workbooks that say something about themselves: locked, final, signed, labelled; and those with odd style tables."""

from __future__ import annotations

import re

from .book import (
    BOOK,
    DEFAULT_STYLES,
    EXCEL,
    HEAD,
    MAIN,
    PACKAGE,
    RELATIONSHIPS,
    STYLES,
    Book,
    input_rows,
    resident,
    unstyled,
    worksheet,
    zipped,
)

_VT = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"


def custom_properties(book: Book, *properties: tuple[str, str]) -> Book:
    """Add document properties of one's own: name and value."""
    lines = "".join(
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="{number}" name="{name}">{value}</property>'
        for number, (name, value) in enumerate(properties, 2)
    )
    book.add(
        "docProps/custom.xml",
        f'{HEAD}<Properties xmlns="{_CUSTOM}" xmlns:vt="{_VT}">{lines}</Properties>',
        "application/vnd.openxmlformats-officedocument.custom-properties+xml",
        "",
        "custom-properties",
    )
    return book


@resident("no sheet may be added: the structure is locked", advice="place.locked")
def structure_locked() -> bytes:
    return Book(first='<workbookPr/><workbookProtection workbookPassword="CC1A" lockStructure="1"/>').zipped()


@resident("only the windows are locked, which does not matter")
def windows_locked() -> bytes:
    return Book(first='<workbookPr/><workbookProtection lockStructure="0" lockWindows="1"/>').zipped()


@resident("Excel asks to open it read-only", advice="place.read_only_recommended")
def read_only_recommended() -> bytes:
    return Book(first='<fileSharing readOnlyRecommended="1" userName="Ann"/><workbookPr/>').zipped()


@resident("a password is needed to change it", advice="place.reserved")
def write_reserved() -> bytes:
    return Book(first='<fileSharing userName="Ann" reservationPassword="CC1A"/><workbookPr/>').zipped()


@resident("it was marked as final", advice="place.final")
def marked_as_final() -> bytes:
    return custom_properties(Book(), ("_MarkAsFinal", "<vt:bool>true</vt:bool>")).zipped()


@resident("properties of the company's own, and a label in them")
def labelled_properties() -> bytes:
    label = "MSIP_Label_0a1b2c3d-1111-4222-8333-444444444444"
    return custom_properties(
        Book(),
        ("Department", "<vt:lpwstr>Energy</vt:lpwstr>"),
        (f"{label}_Enabled", "<vt:lpwstr>true</vt:lpwstr>"),
        (f"{label}_Name", "<vt:lpwstr>Internal</vt:lpwstr>"),
    ).zipped()


@resident("a sensitivity label in a part of its own")
def sensitivity_label() -> bytes:
    book = Book()
    space = "http://schemas.microsoft.com/office/2020/mipLabelMetadata"
    book.add(
        "docMetadata/LabelInfo.xml",
        f'{HEAD}<clbl:labelList xmlns:clbl="{space}"><clbl:label id="{{0a1b2c3d-1111-4222-8333-444444444444}}" '
        'enabled="1" method="Standard" siteId="{99999999-1111-4222-8333-444444444444}" contentBits="0" removed="0"/>'
        "</clbl:labelList>",
        "application/vnd.ms-office.classificationlabels+xml",
        "",
        "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels",
    )
    return book.zipped()


@resident("custom XML of another system, and a map of it")
def custom_xml() -> bytes:
    book = Book()
    store = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
    book.add("customXml/item1.xml", "<lists xmlns='urn:lists'><list id='2001'/></lists>", "", BOOK, "customXml")
    book.add(
        "customXml/itemProps1.xml",
        f'{HEAD}<ds:datastoreItem ds:itemID="{{11111111-2222-4333-8444-555555555555}}" xmlns:ds="{store}">'
        '<ds:schemaRefs><ds:schemaRef ds:uri="urn:lists"/></ds:schemaRefs></ds:datastoreItem>',
        "application/vnd.openxmlformats-officedocument.customXmlProperties+xml",
        "customXml/item1.xml",
        "customXmlProps",
    )
    book.add(
        "xl/xmlMaps.xml",
        f'{HEAD}<MapInfo xmlns="{MAIN}" SelectionNamespaces=""><Schema ID="Schema1"><xsd:schema '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema"/></Schema><Map ID="1" Name="lists" RootElement="lists" '
        'SchemaID="Schema1" ShowImportExportValidationErrors="false" AutoFit="true" Append="false" '
        'PreserveSortAFLayout="true" PreserveFormat="true"/></MapInfo>',
        "application/xml",
        BOOK,
        "xmlMaps",
    )
    return book.zipped()


@resident("signed: any change would break the signature", refused="graft.signed")
def signed() -> bytes:
    return _signed("_xmlsignatures")


@resident("signed, the signature in a place of another name", refused="graft.signed")
def signed_elsewhere() -> bytes:
    return _signed("package/signatures")


def _signed(folder: str) -> bytes:
    book = Book()
    book.defaults["sigs"] = "application/vnd.openxmlformats-package.digital-signature-origin"
    kind = f"{PACKAGE}/relationships/digital-signature"
    book.add(f"{folder}/origin.sigs", b"", owner="", kind=f"{kind}/origin")
    book.add(
        f"{folder}/sig1.xml",
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>',
        "application/vnd.openxmlformats-package.digital-signature-xmlsignature+xml",
        f"{folder}/origin.sigs",
        f"{kind}/signature",
    )
    return book.zipped()


@resident("its macros are signed", refused="graft.signed_macros", suffix="xlsm")
def signed_macros() -> bytes:
    book = Book(book_type=f"{EXCEL}sheet.macroEnabled.main+xml")
    book.defaults["bin"] = "application/vnd.ms-office.vbaProject"
    relationships = "http://schemas.microsoft.com/office/2006/relationships"
    book.add("xl/vbaProject.bin", bytes(range(256)), owner=BOOK, kind=f"{relationships}/vbaProject")
    book.add(
        "xl/vbaProjectSignature.bin",
        bytes(64),
        "application/vnd.ms-office.vbaProjectSignature",
        "xl/vbaProject.bin",
        f"{relationships}/vbaProjectSignature",
    )
    return book.zipped()


@resident("shared with others in the old way, with a history of changes", refused="graft.shared")
def shared_workbook() -> bytes:
    book = Book()
    book.add(
        "xl/revisions/revisionHeaders.xml",
        f'{HEAD}<headers xmlns="{MAIN}" guid="{{11111111-2222-4333-8444-555555555555}}"><header '
        'guid="{11111111-2222-4333-8444-555555555555}" dateTime="2026-11-20T08:00:00Z" maxSheetId="2" userName="Ann" '
        f'r:id="rId1" xmlns:r="{RELATIONSHIPS}"><sheetIdMap count="1">'
        '<sheetId val="1"/></sheetIdMap></header></headers>',
        "application/vnd.openxmlformats-officedocument.spreadsheetml.revisionHeaders+xml",
        BOOK,
        "revisionHeaders",
    )
    log = f'{HEAD}<revisions xmlns="{MAIN}"/>'
    type_ = "application/vnd.openxmlformats-officedocument.spreadsheetml.revisionLog+xml"
    book.add("xl/revisions/revisionLog1.xml", log, type_, "xl/revisions/revisionHeaders.xml", "revisionLog")
    return book.zipped()


@resident("a template", suffix="xltx")
def template() -> bytes:
    return Book(book_type="application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml").zipped()


@resident("a template with macros", suffix="xltm")
def macro_template() -> bytes:
    book = Book(book_type=f"{EXCEL}template.macroEnabled.main+xml")
    book.defaults["bin"] = "application/vnd.ms-office.vbaProject"
    kind = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
    book.add("xl/vbaProject.bin", bytes(range(256)), owner=BOOK, kind=kind)
    return book.zipped()


# ---------------------------------------------------------------- style tables


def without(*sections: str) -> str:
    """The usual style table without some sections."""
    table = DEFAULT_STYLES
    for section in sections:
        table = re.sub(rf"<{section}\b[^>]*/>|<{section}\b.*?</{section}>", "", table, count=1)
    return table


@resident("no style table at all")
def styles_none() -> bytes:
    return Book(worksheet(unstyled()), styles=None).zipped()


@resident("an empty style table")
def styles_empty() -> bytes:
    return Book(worksheet(unstyled()), styles=f'<styleSheet xmlns="{MAIN}"/>').zipped()


@resident("an empty style table, opened and closed, its sections too")
def styles_hollow() -> bytes:
    sections = '\n  <numFmts/><fonts></fonts>\n  <fills count="0"/>\n<cellXfs></cellXfs>\n'
    table = f'<styleSheet xmlns="{MAIN}">{sections}</styleSheet>'
    return Book(worksheet(unstyled()), styles=table).zipped()


@resident("a style table without fonts and formats of numbers", blind="openpyxl")
def styles_without_fonts() -> bytes:
    return Book(
        styles=without("numFmts", "fonts")
        .replace('fontId="1"', 'fontId="0"')
        .replace('numFmtId="170"', 'numFmtId="10"')
    ).zipped()


@resident("a style table without fills, borders and named styles")
def styles_without_fills() -> bytes:
    table = without("fills", "borders", "cellStyleXfs", "cellStyles")
    return Book(styles=table.replace('fillId="2"', 'fillId="0"').replace(' xfId="0"', "")).zipped()


@resident("a style table without cell formats")
def styles_without_formats() -> bytes:
    return Book(worksheet(unstyled()), styles=without("cellXfs", "cellStyleXfs", "cellStyles")).zipped()


@resident("a style table of nothing but cell formats")
def styles_of_formats_only() -> bytes:
    table = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf/><xf numFmtId="14"/></cellXfs></styleSheet>'
    return Book(worksheet(unstyled()), styles=table).zipped()


@resident("a style table in a prefix of its own, with wrong counts")
def styles_prefixed() -> bytes:
    table = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1s:", DEFAULT_STYLES).replace(' xmlns="', ' xmlns:s="')
    return Book(styles=table.replace('count="3"', 'count="7"')).zipped()


@resident("number formats to the last number there is, one of them a built-in one")
def styles_format_numbers() -> bytes:
    one = '<numFmt numFmtId="{}" formatCode="{}"/>'
    own = f'<numFmts count="2">{one.format(0, "0.00")}{one.format(32767, "0.000")}</numFmts>'
    return Book(styles=re.sub(r"<numFmts.*</numFmts>", own, DEFAULT_STYLES)).zipped()


@resident("63,990 cell formats: ours would be too many", refused="graft.styles_full")
def styles_nearly_full() -> bytes:
    return _formats(63_990)


@resident("64,000 cell formats, as many as Excel takes", refused="graft.styles_full")
def styles_full() -> bytes:
    return _formats(64_000)


def _formats(count: int) -> bytes:
    book = Book()
    one = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    book.parts[STYLES] = re.sub(
        "<cellXfs.*</cellXfs>", f'<cellXfs count="{count}">{one * count}</cellXfs>', DEFAULT_STYLES
    )
    return zipped(book.made())


# ---------------------------------------------------------------- what number formats and cells are, and stay


def shown(styles: str, *numbers: int) -> Book:
    """A book with a second sheet, of one number in each of these cell styles."""
    book = Book(styles=styles)
    rows = (f'<row r="{at}"><c r="A{at}" s="{style}"><v>20.64</v></c></row>' for at, style in enumerate(numbers, 1))
    book.add_sheet("Shown", worksheet("".join(rows)))
    return book


def table(formats: str, *used: int, more: str = "") -> str:
    """The usual style table with these number formats, and cell styles from 3 on that use them."""
    declared = re.sub("<numFmts.*</numFmts>", f"<numFmts>{formats}</numFmts>" if formats else "", DEFAULT_STYLES)
    xfs = "".join(f'<xf numFmtId="{each}" fontId="0" fillId="0" borderId="0" xfId="0"/>' for each in used)
    return declared.replace("</cellXfs>", f"{xfs}</cellXfs>").replace("<dxfs", f"{more}<dxfs")


def number_format(number: int, code: str) -> str:
    """A number format that is declared."""
    return f'<numFmt numFmtId="{number}" formatCode="{code.replace(chr(34), "&quot;")}"/>'


@resident("two numbers of formats with one code, but for an escape")
def formats_of_one_code() -> bytes:
    formats = number_format(164, r"#,##0.00\ ") + number_format(165, "#,##0.00 ") + number_format(166, "#,##0.00 ")
    return shown(table(formats, 164, 165, 166), 3, 4, 5).zipped()


@resident("a number of a format that is declared twice, one of the two as ours")
def format_declared_twice() -> bytes:
    formats = "".join(number_format(164, code) for code in ("0.000", "#,##0.00"))
    return shown(table(formats, 164), 3).zipped()


@resident("harmed by an earlier version: a number declared by the operator, and again for times")
def formats_harmed_before() -> bytes:
    time = 'yyyy-mm-dd hh:mm:ss" UTC"'
    formats = number_format(165, "#,##0.00 ") + number_format(166, "0.000") + number_format(165, time)
    return shown(table(formats, 165, 166), 3, 4).zipped()


@resident("numbers of formats that are used by cell formats and declared nowhere", blind="openpyxl")
def formats_undeclared() -> bytes:
    used = (*range(1, 82), *range(164, 170), 200, 32768, 65535, 70000, 2_000_000_000)
    styles = table("", *used).replace('numFmtId="170"', 'numFmtId="165"')
    return shown(styles, *range(2, len(used) + 3)).zipped()


@resident("numbers of formats that are used by nothing but named styles")
def formats_of_named_styles() -> bytes:
    named = "".join(f'<xf numFmtId="{each}" fontId="0" fillId="0" borderId="0"/>' for each in (164, 165))
    return shown(table("").replace("</cellStyleXfs>", f"{named}</cellStyleXfs>").replace("170", "2"), 2).zipped()


@resident("numbers of formats that are declared in conditional formats, and in a pivot table's part")
def formats_elsewhere() -> bytes:
    own = f"<dxf>{number_format(164, '0.0')}</dxf></dxfs>"
    book = shown(table("").replace("</dxfs>", own).replace("170", "2"), 2)
    far = " " * 2**20
    book.add("xl/other.xml", f"<other xmlns='urn:other'><dataField numFmtId = '165'/>{far}<a numFmtId='166'/></other>")
    return book.zipped()


@resident("built-in number formats under other codes, and all numbers from 164 to 260")
def formats_built_in_redeclared() -> bytes:
    formats = number_format(0, "0.0") + number_format(49, "0.00") + number_format(14, "0.000")
    formats += "".join(number_format(each, f"0.0&quot;{each}&quot;") for each in range(164, 261))
    return shown(table(formats, 49, 14, 200), 0, 3, 4, 5).zipped()


@resident("a cell format of a font that is not there: it would become one of ours", refused="graft.odd")
def font_beyond_the_table() -> bytes:
    return shown(table("").replace("170", "2").replace('fontId="1"', 'fontId="3"'), 1).zipped()


@resident("a cell format of a fill that is not there: it would become one of ours", refused="graft.odd")
def fill_beyond_the_table() -> bytes:
    return shown(table("").replace("170", "2").replace('fillId="2"', 'fillId="4"'), 1).zipped()


@resident("a text in a cell style that is not there: it would become one of ours", refused="graft.odd")
def cell_beyond_the_table() -> bytes:
    data = input_rows().replace('<c r="D4" t="s">', '<c r="D4" s="4" t="s">')
    return Book(worksheet(data)).zipped()


@resident("a blank row and a column in cell styles that are not there", refused="graft.odd")
def row_beyond_the_table() -> bytes:
    columns = "<cols><col min='7' max='8' width='9' style='5'/></cols>"
    return Book(worksheet(input_rows() + '<row r="9" s="3" customFormat="1"/>', before=columns)).zipped()


@resident("cells in styles where there are none", refused="graft.odd")
def cells_without_cell_formats() -> bytes:
    return Book(styles=without("cellXfs", "cellStyleXfs", "cellStyles")).zipped()


@resident("cells in styles far beyond the table, which stay what they are", blind="openpyxl")
def cell_far_beyond_the_table() -> bytes:
    data = input_rows().replace('<c r="D4" t="s">', '<c r="D4" s="9000" t="s">')
    return Book(worksheet(data)).zipped()


@resident("two lists of fonts", refused="graft.odd")
def fonts_twice() -> bytes:
    return Book(styles=DEFAULT_STYLES.replace("</fonts>", "</fonts><fonts><font/></fonts>")).zipped()


@resident("a list of fonts in two ways, for older versions and newer ones", refused="graft.odd")
def fonts_in_alternatives() -> bytes:
    wrapped = re.sub(
        "<fonts.*</fonts>",
        lambda found: f'<mc:AlternateContent><mc:Choice Requires="x14ac">{found[0]}</mc:Choice></mc:AlternateContent>',
        DEFAULT_STYLES,
    )
    return Book(styles=wrapped).zipped()


@resident("a font in two ways, for older versions and newer ones", refused="graft.odd")
def font_in_alternatives() -> bytes:
    choice = '<mc:AlternateContent><mc:Choice Requires="x14ac"><font/></mc:Choice></mc:AlternateContent></fonts>'
    return Book(styles=DEFAULT_STYLES.replace("</fonts>", choice)).zipped()
