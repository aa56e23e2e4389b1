"""Builds workbooks part by part, in the shape that Excel gives them, so that each can be spoilt in one way."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from xml.sax.saxutils import quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
X15 = "http://schemas.microsoft.com/office/spreadsheetml/2010/11/main"
SML = "application/vnd.openxmlformats-officedocument.spreadsheetml."
EXCEL = "application/vnd.ms-excel."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
BOOK, SHEET1, STYLES, TYPES = "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"
BOOK_RELS = "xl/_rels/workbook.xml.rels"

Parts = dict[str, bytes]

STRINGS = ("List ID", "Flag type ID", "Flag status", "Comment", "Resolved", "Checked with the supplier", "Unresolved")
ROWS = ((2001, 7, 4, 5), (2002, 7, 6, 5), (2003, 9, 4, 5))
"""Flag edits as an operator types them: list, type, then the numbers of two strings."""
DEFAULT_STYLES = (
    f'<styleSheet xmlns="{MAIN}" xmlns:mc="{COMPATIBILITY}" mc:Ignorable="x14ac" '
    'xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac">'
    '<numFmts count="1"><numFmt numFmtId="170" formatCode="0.0&quot; kWh&quot;"/></numFmts>'
    '<fonts count="2" x14ac:knownFonts="1"><font><sz val="11"/><color theme="1"/><name val="Calibri"/><family val="2"/>'
    '<scheme val="minor"/></font><font><b/><sz val="11"/><color theme="1"/><name val="Calibri"/><family val="2"/>'
    '<scheme val="minor"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFF2CC"/><bgColor indexed="64"/></patternFill></fill>'
    "</fills>"
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>'
    '<xf numFmtId="170" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    '<dxfs count="1"><dxf><fill><patternFill><bgColor rgb="FFFFC7CE"/></patternFill></fill></dxf></dxfs>'
    '<tableStyles count="0" defaultTableStyle="TableStyleMedium2" defaultPivotStyle="PivotStyleLight16"/></styleSheet>'
)


@dataclass(frozen=True)
class Resident:
    """One workbook of the zoo."""

    name: str
    about: str
    make: Callable[[], bytes]
    """Its bytes, made once."""
    refused: str = ""
    """The code of the refusal; nothing if it can be grafted."""
    advice: str = ""
    """The code of the reason not to replace the original."""
    ours: str = ""
    """The sheet that an earlier run left, which the next one replaces."""
    blind: frozenset[str] = frozenset()
    """Which readers cannot read it before either: openpyxl, calamine, libreoffice, validator, bulkops."""


ZOO: dict[str, Resident] = {}


def resident(
    about: str, *, refused: str = "", advice: str = "", ours: str = "", blind: str = "", suffix: str = "xlsx"
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Take what the function makes into the zoo, under the function's name."""

    def take(make: Callable[[], bytes]) -> Callable[[], bytes]:
        name = f"{make.__name__.strip('_').replace('_', ' ')}.{suffix}"
        if name in ZOO:
            raise ValueError(f"two workbooks are called {name}")
        ZOO[name] = Resident(name, about, cache(make), refused, advice, ours, frozenset(blind.split()))
        return make

    return take


def worksheet(data: str = "", before: str = "", after: str = "", more: str = "") -> str:
    """A worksheet part; without ``data`` an input sheet of flag edits."""
    return (
        f'{HEAD}<worksheet xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}"{more}>{before}'
        f"<sheetData>{data or input_rows()}</sheetData>{after}</worksheet>"
    )


def input_rows() -> str:
    """The headings of flag edits in bold, and three rows."""
    head = "".join(f'<c r="{"ABCD"[at]}1" s="1" t="s"><v>{at}</v></c>' for at in range(4))
    rows = "".join(
        f'<row r="{number}"><c r="A{number}"><v>{row[0]}</v></c><c r="B{number}"><v>{row[1]}</v></c>'
        f'<c r="C{number}" t="s"><v>{row[2]}</v></c><c r="D{number}" t="s"><v>{row[3]}</v></c></row>'
        for number, row in enumerate(ROWS, 2)
    )
    return f'<row r="1">{head}</row>{rows}'


def extension(uri: str, xml: str) -> str:
    """What newer Excels keep at the end of a part."""
    return f'<extLst><ext uri="{{{uri}}}" xmlns:x14="{X14}" xmlns:x15="{X15}">{xml}</ext></extLst>'


def unstyled() -> str:
    """The input rows where there are no cell styles to name."""
    return input_rows().replace(' s="1"', "")


@dataclass
class Book:
    """A workbook being built: one input sheet called ``Flag edits`` and whatever is added."""

    sheet: str = field(default_factory=worksheet)
    styles: str | None = DEFAULT_STYLES
    name: str = "Flag edits"
    book_type: str = f"{SML}sheet.main+xml"
    book_more: str = ""
    """Further attributes of the workbook element."""
    first: str = '<workbookPr defaultThemeVersion="166925"/>'
    """What stands in the workbook part before the sheets; views follow."""
    views: str = (
        '<bookViews><workbookView xWindow="0" yWindow="0" windowWidth="20000" windowHeight="9000"/></bookViews>'
    )
    names: str = ""
    last: str = '<calcPr calcId="191029"/>'

    def __post_init__(self) -> None:
        self.parts: dict[str, str | bytes] = {}
        self.types: dict[str, str] = {}
        self.defaults = {"rels": "application/vnd.openxmlformats-package.relationships+xml", "xml": "application/xml"}
        self.relations: dict[str, list[str]] = {}
        self.sheets: list[str] = []
        self.add(BOOK, "", self.book_type)
        self.relate("", "officeDocument", "xl/workbook.xml")
        self.add_sheet(self.name, self.sheet)
        if self.styles is not None:
            self.add(STYLES, HEAD + self.styles, f"{SML}styles+xml", BOOK, "styles")
        items = "".join(f"<si><t>{text}</t></si>" for text in STRINGS)
        table = f'{HEAD}<sst xmlns="{MAIN}" count="10" uniqueCount="{len(STRINGS)}">{items}</sst>'
        self.add("xl/sharedStrings.xml", table, f"{SML}sharedStrings+xml", BOOK, "sharedStrings")

    def add(self, part: str, content: str | bytes, type_: str = "", owner: str | None = None, kind: str = "") -> str:
        """Add a part with its content type; with an owner, relate it to that. Returns the relationship's id."""
        self.parts[part] = content
        if type_:
            self.types[part] = type_
        return self.relate(owner, kind, f"/{part}") if owner is not None else ""

    def relate(self, owner: str, kind: str, target: str, external: bool = False) -> str:
        """Relate a part to another one; a kind may be a whole address. Returns the id."""
        lines = self.relations.setdefault(owner, [])
        kind = kind if "://" in kind else f"{RELATIONSHIPS}/{kind}"
        folder = owner.rpartition("/")[0]
        if folder and target.startswith(f"/{folder}/"):
            target = target[len(folder) + 2 :]
        mode = ' TargetMode="External"' if external else ""
        lines.append(f'<Relationship Id="rId{len(lines) + 1}" Type="{kind}" Target={quoteattr(target)}{mode}/>')
        return f"rId{len(lines)}"

    def add_sheet(self, name: str, content: str, kind: str = "worksheet", state: str = "") -> str:
        """Add a sheet of any kind behind the others. Returns its part."""
        number = len(self.sheets) + 1
        part = f"xl/{kind}s/sheet{number}.xml" if kind == "worksheet" else f"xl/{kind}s/{kind}{number}.xml"
        known = {
            "worksheet": f"{SML}worksheet+xml",
            "chartsheet": f"{SML}chartsheet+xml",
            "dialogsheet": f"{SML}dialogsheet+xml",
            "macrosheet": f"{EXCEL}macrosheet+xml",
        }
        address = (
            "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet" if kind == "macrosheet" else kind
        )
        rel = self.add(part, content, known[kind], BOOK, address)
        hidden = f' state="{state}"' if state else ""
        self.sheets.append(f'<sheet name={quoteattr(name)} sheetId="{number}"{hidden} r:id="{rel}"/>')
        return part

    def workbook(self) -> str:
        """The workbook part."""
        names = f"<definedNames>{self.names}</definedNames>" if self.names else ""
        return (
            f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}"{self.book_more}>'
            f"{self.first}{self.views}<sheets>{''.join(self.sheets)}</sheets>{names}{self.last}</workbook>"
        )

    def made(self) -> Parts:
        """All parts in the order of Excel: the content types first."""
        self.parts[BOOK] = self.parts[BOOK] or self.workbook()
        defaults = "".join(
            f'<Default Extension="{ext}" ContentType="{type_}"/>' for ext, type_ in self.defaults.items()
        )
        types = "".join(f'<Override PartName="/{part}" ContentType="{type_}"/>' for part, type_ in self.types.items())
        made = {TYPES: f'{HEAD}<Types xmlns="{PACKAGE}/content-types">{defaults}{types}</Types>'.encode()}
        for owner, lines in self.relations.items():
            folder, _, name = owner.rpartition("/")
            rels = f"{folder}/_rels/{name}.rels".lstrip("/")
            made[rels] = (
                f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{"".join(lines)}</Relationships>'.encode()
            )
        made |= {name: part.encode() if isinstance(part, str) else part for name, part in self.parts.items()}
        return made

    def zipped(self) -> bytes:
        """The file."""
        return zipped(self.made())


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Parts as a file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(_dated(name), content, method)
        archive.comment = comment
    return stream.getvalue()


def _dated(name: str) -> zipfile.ZipInfo:
    """The same bytes on any day. On Windows a name's backslashes would become slashes."""
    info = zipfile.ZipInfo(name, (2026, 11, 21, 8, 0, 0))
    info.filename = name
    info.external_attr = 0o600 << 16
    return info


def unzipped(content: bytes) -> Parts:
    """A file's parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def swapped(content: bytes, part: str, *pairs: tuple[str, str]) -> bytes:
    """The file with words of one part replaced. Each must be there, or the workbook would not be what it says."""
    parts = unzipped(content)
    text = parts[part].decode()
    for old, new in pairs:
        if old not in text:
            raise ValueError(f"{part} has no {old}")
        text = text.replace(old, new)
    parts[part] = text.encode()
    return zipped(parts)


def picture() -> bytes:
    """A PNG of one blue point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    header = struct.pack(">LL5B", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\x1f\x3a\x5f"))
        + chunk(b"IEND", b"")
    )
