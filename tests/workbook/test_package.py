"""What is no workbook, or a damaged one, is refused in one plain sentence; nothing hangs and nothing falls over."""

from __future__ import annotations

import hashlib
import os
import random
import re
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from workbooks import (
    MAIN,
    RELATIONSHIPS,
    SHEET,
    STRICT,
    Parts,
    by_address,
    only_sheet,
    parts,
    plain,
    relations,
    save,
    strings,
    styles,
    typed,
    worksheet,
)

from bulkops.messages.errors import CannotStart
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.reading.file_content import content_of
from bulkops.workbook.reading.xlsx import XlsxPackage
from bulkops.workbook.results_layout import COLUMNS
from bulkops.workbook.sheets import Workbook

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
ROW = '<row r="1"><c r="A1"><v>5</v></c></row>'
SHARED = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DTD = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


def changed(**changes: str | bytes | None) -> Parts:
    """A good workbook with some parts replaced (by the end of their name) or, with None, taken away."""
    made = parts(SHARED, style=styles(), shared=strings("<t>x</t>"))
    for name, content in changes.items():
        (part,) = [each for each in made if each.endswith(f"{name}.xml") or each == f"_rels/.{name}"]
        if content is None:
            del made[part]
        else:
            made[part] = content
    return made


def as_strict(made: Parts, but: str = "") -> Parts:
    """The same workbook as “Strict Open XML”, one part perhaps excepted."""
    return {
        name: content
        if name == but
        else str(content)
        .replace(RELATIONSHIPS, f"{STRICT}/officeDocument/relationships")
        .replace(MAIN, f"{STRICT}/spreadsheetml/main")
        for name, content in made.items()
    }


def zipped(contents: Parts, **options: int) -> Callable[[Path], object]:
    return lambda path: save(path, contents, **options)


def holding(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def good_bytes(folder: Path) -> bytes:
    return save(folder / "good.xlsx", changed()).read_bytes()


def patched(offset: int, form: str, value: int) -> Callable[[Path], object]:
    """A good workbook with a field of its zip directory's first entry changed."""

    def make(path: Path) -> None:
        content = bytearray(good_bytes(path.parent))
        struct.pack_into(form, content, content.index(b"PK\x01\x02") + offset, value)
        path.write_bytes(content)

    return make


def beyond(path: Path) -> None:
    """A good workbook whose directory says, in 64 bits, that the first part begins past the end of any file."""
    content = bytearray(good_bytes(path.parent))
    entry, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    extra = struct.pack("<HHQ", 1, 8, 2**63 + 5)
    struct.pack_into("<L", content, entry + 42, 0xFFFFFFFF)
    struct.pack_into("<H", content, entry + 30, len(extra))
    struct.pack_into("<L", content, end + 12, struct.unpack_from("<L", content, end + 12)[0] + len(extra))
    name_ends = entry + 46 + struct.unpack_from("<H", content, entry + 28)[0]
    content[name_ends:name_ends] = extra
    path.write_bytes(content)


def twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        save(path, [*changed().items(), (SHEET, worksheet(ROW))])


def with_sheet(sheet: str, *targets: tuple[str, str]) -> Parts:
    """A good workbook whose list of sheets and their relationships are these."""
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}"><sheets>{sheet}</sheets></workbook>'
    made = changed(workbook=book)
    made["xl/_rels/workbook.xml.rels"] = relations(*targets)
    return made


DATA = '<sheet name="Data" sheetId="1" r:id="rId1"/>'
FOREIGN = [
    ("old Excel", "a.xls", holding(OLE + "Workbook\0".encode("utf-16-le")), "workbook.xls"),
    ("old Excel named new", "a.xlsx", holding(OLE + "Book\0".encode("utf-16-le")), "workbook.xls"),
    (
        "ods",
        "a.ods",
        zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
        "workbook.ods",
    ),
    ("csv", "a.csv", holding(b"List ID,Comment\n2001,x\n"), "workbook.csv"),
    ("csv of one column", "a.csv", holding(b"2001\n2002\n"), "workbook.csv"),
    ("csv named xlsx", "a.xlsx", holding(b"List ID;Comment\r\n2001;x\r\n"), "workbook.csv"),
    ("csv in a Western code page", "a.csv", holding("List ID,Vermerk\n2001,Zähler\n".encode("cp1252")), "workbook.csv"),
    ("csv that begins with PK", "a.csv", holding(b"PK,Comment\n1,x\n"), "workbook.csv"),
    ("csv whose sample ends within a character", "a.csv", holding(b"a," + "号".encode() * 3000), "workbook.csv"),
    ("text in UTF-16", "a.xlsx", holding("List ID\tComment\n2001\tx".encode("utf-16")), "workbook.csv"),
]
REFUSED = [
    ("old Word", "a.doc", holding(OLE + "WordDocument\0".encode("utf-16-le")), "workbook.document"),
    ("password", "a.xlsx", holding(OLE + "EncryptedPackage\0".encode("utf-16-le")), "workbook.encrypted"),
    ("zip password", "a.xlsx", patched(8, "<H", 1), "workbook.encrypted"),
    (
        "xlsb",
        "a.xlsb",
        zipped({"_rels/.rels": relations(("officeDocument", "xl/workbook.bin")), "xl/workbook.bin": b"\x83"}),
        "workbook.xlsb",
    ),
    ("one word", "a.xlsx", holding(b"hello"), "workbook.not_excel"),
    ("html", "a.xls", holding(b"\r\n <html><body><table></table></body></html>"), "workbook.html"),
    ("xml", "a.xlsx", holding(b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>'), "workbook.data_file"),
    ("pdf", "a.xlsx", holding(b"%PDF-1.7, for print"), "workbook.pdf"),
    ("rtf", "a.xlsx", holding(b"{\\rtf1\\ansi; hello, world}"), "workbook.document"),
    ("picture", "a.xlsx", holding(b"\x89PNG\r\n\x1a\n" + bytes(range(256))), "workbook.not_excel"),
    ("empty", "a.xlsx", holding(b""), "workbook.empty"),
    (
        "docx",
        "a.docx",
        zipped(
            {
                "_rels/.rels": relations(("officeDocument", "word/document.xml")),
                "word/document.xml": f'<w:document xmlns:w="{WORD}"/>',
            }
        ),
        "workbook.document",
    ),
    ("plain zip", "a.zip", zipped({"readme.txt": "hello"}), "workbook.not_excel"),
    ("empty zip", "a.xlsx", zipped({}), "workbook.not_excel"),
    (
        "junk before",
        "a.xlsx",
        lambda path: path.write_bytes(b"junk, junk" + good_bytes(path.parent)),
        "workbook.not_excel",
    ),
    (
        "strict in its relationships alone",
        "a.xlsx",
        zipped(changed(rels=relations((f"{STRICT}/officeDocument/relationships/officeDocument", "xl/workbook.xml")))),
        "workbook.damaged",
    ),
    ("strict but for a sheet", "a.xlsx", zipped(as_strict(changed(), but=SHEET)), "workbook.damaged"),
    ("strict but for the styles", "a.xlsx", zipped(as_strict(changed(), but="xl/styles.xml")), "workbook.damaged"),
    (
        "strict but for a relationship",
        "a.xlsx",
        zipped(as_strict(changed(), but="xl/_rels/workbook.xml.rels")),
        "workbook.damaged",
    ),
    (
        "strict workbook part",
        "a.xlsx",
        zipped(changed(workbook=f'<workbook xmlns="{STRICT}/spreadsheetml/main"/>')),
        "workbook.damaged",
    ),
    (
        "strict sheet part",
        "a.xlsx",
        zipped(changed(sheet1=worksheet(ROW).replace(MAIN, f"{STRICT}/spreadsheetml/main"))),
        "workbook.damaged",
    ),
    (
        "strict sheet relationship",
        "a.xlsx",
        zipped(with_sheet(DATA, (f"{STRICT}/officeDocument/relationships/worksheet", "worksheets/sheet1.xml"))),
        "workbook.damaged",
    ),
    (
        "sheet of another namespace",
        "a.xlsx",
        zipped(changed(sheet1=worksheet(ROW).replace(MAIN, "urn:other"))),
        "workbook.damaged",
    ),
    (
        "sheet of no namespace",
        "a.xlsx",
        zipped(changed(sheet1=f"<worksheet><sheetData>{ROW}</sheetData></worksheet>")),
        "workbook.damaged",
    ),
    (
        "texts of another namespace",
        "a.xlsx",
        zipped(changed(sharedStrings="<sst><si><t>x</t></si></sst>")),
        "workbook.damaged",
    ),
    ("styles of another namespace", "a.xlsx", zipped(changed(styles="<styleSheet/>")), "workbook.damaged"),
    ("document type in a sheet", "a.xlsx", zipped(changed(sheet1=DTD + worksheet(ROW))), "workbook.damaged"),
    (
        "document type in the texts",
        "a.xlsx",
        zipped(changed(sharedStrings=DTD + strings("<t>&b;</t>"))),
        "workbook.damaged",
    ),
    ("document type in the workbook part", "a.xlsx", zipped(changed(workbook=DTD + "<workbook/>")), "workbook.damaged"),
    (
        "unknown encoding",
        "a.xlsx",
        zipped(changed(sheet1='<?xml version="1.0" encoding="klingon"?>' + worksheet(ROW))),
        "workbook.damaged",
    ),
    (
        "encoding that is none",
        "a.xlsx",
        zipped(changed(sheet1='<?xml version="1.0" encoding="hex"?>' + worksheet(ROW))),
        "workbook.damaged",
    ),
    ("no XML", "a.xlsx", zipped(changed(sheet1="hello")), "workbook.damaged"),
    ("empty sheet part", "a.xlsx", zipped(changed(sheet1="")), "workbook.damaged"),
    ("unfinished XML", "a.xlsx", zipped(changed(sheet1=worksheet(ROW)[:-5])), "workbook.damaged"),
    ("sheet part missing", "a.xlsx", zipped(changed(sheet1=None)), "workbook.damaged"),
    ("styles part missing", "a.xlsx", zipped(changed(styles=None)), "workbook.damaged"),
    ("texts part missing", "a.xlsx", zipped(changed(sharedStrings=None)), "workbook.damaged"),
    ("workbook part missing", "a.xlsx", zipped(changed(workbook=None)), "workbook.not_excel"),
    ("sheet without a relationship", "a.xlsx", zipped(with_sheet(DATA)), "workbook.damaged"),
    (
        "sheet whose part is named in another namespace",
        "a.xlsx",
        zipped(with_sheet('<sheet name="Data" sheetId="1" id="rId1"/>', ("worksheet", "worksheets/sheet1.xml"))),
        "workbook.damaged",
    ),
    (
        "sheet of an unknown kind",
        "a.xlsx",
        zipped(with_sheet(DATA, ("urn:x://newsheet", "worksheets/sheet1.xml"))),
        "workbook.damaged",
    ),
    (
        "two sheets of one part",
        "a.xlsx",
        zipped(
            with_sheet(
                DATA + DATA.replace("Data", "More"),
                ("worksheet", "worksheets/sheet1.xml"),
                ("sharedStrings", "sharedStrings.xml"),
            )
        ),
        "workbook.damaged",
    ),
    ("part twice", "a.xlsx", twice, "workbook.damaged"),
    ("part twice in other letters", "a.xlsx", zipped({**changed(), SHEET.upper(): worksheet(ROW)}), "workbook.damaged"),
    ("packed with bzip2", "a.xlsx", zipped(changed(), compression=zipfile.ZIP_BZIP2), "workbook.damaged"),
    ("wrong checksum", "a.xlsx", patched(16, "<L", 7), "workbook.damaged"),
    ("a part shorter than its directory says", "a.xlsx", patched(24, "<L", 5000), "workbook.damaged"),
    ("a part past the end of any file", "a.xlsx", beyond, "workbook.damaged"),
    ("unpacks to half a gigabyte", "a.xlsx", patched(24, "<L", 2**29), "workbook.too_big"),
    ("a big file", "a.xlsx", lambda path: (path.touch(), os.truncate(path, 200 * 2**20 + 1)), "workbook.too_big"),
    ("marker of an open workbook", "~$a.xlsx", holding(b"\x05Smith" + bytes(159)), "workbook.owner_file"),
    ("folder", "a.xlsx", lambda path: path.mkdir(), "workbook.folder"),
    ("missing", "a.xlsx", lambda path: None, "workbook.missing"),
    ("name no file can have", "a\0.xlsx", lambda path: None, "workbook.no_access"),
]


@pytest.mark.parametrize(
    ("name", "make", "code"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in REFUSED]
)
def test_anything_else_is_refused_in_its_own_sentence(
    tmp_path: Path, name: str, make: Callable[[Path], object], code: str
) -> None:
    """Each kind of file that is no readable workbook has its own code, and the sentence names the file."""
    path = tmp_path / name
    make(path)
    with pytest.raises(CannotStart) as refused:
        read_workbook(path)
    assert refused.value.code == code
    assert name in str(refused.value)


@pytest.mark.parametrize(
    ("name", "make", "code"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in FOREIGN]
)
def test_files_of_other_sorts_are_known_by_their_bytes(
    tmp_path: Path, name: str, make: Callable[[Path], object], code: str
) -> None:
    """Text, OpenDocument and old Excel files are told apart by what is in them, whatever they are called."""
    path = tmp_path / name
    make(path)
    with pytest.raises(CannotStart) as refused:
        XlsxPackage(path, content_of(path))
    assert refused.value.code == code


def test_a_file_in_a_file_is_missing(tmp_path: Path) -> None:
    """A path that leads through a file leads nowhere."""
    path = save(tmp_path / "a.xlsx", changed())
    with pytest.raises(CannotStart) as refused:
        read_workbook(path / "b.xlsx")
    assert refused.value.code == "workbook.missing"


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes of Unix")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.symlink_to(path), id="a-link-to-itself"),
        pytest.param(getattr(os, "mkfifo", None), id="a-pipe-that-never-ends"),
        pytest.param(
            lambda path: (path.touch(), path.chmod(0)),
            id="no-permission",
            marks=pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything"),
        ),
    ],
)
def test_what_cannot_be_opened_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """A file without permission, a broken link or a pipe is refused, and never waited for."""
    path = tmp_path / "a.xlsx"
    make(path)
    with pytest.raises(CannotStart) as refused:
        read_workbook(path)
    assert refused.value.code == "workbook.no_access"


def renamed(change: Callable[[str], str]) -> Parts:
    return {change(name): content for name, content in changed().items()}


READ = [
    ("as Excel writes it", zipped(changed())),
    ("not packed", zipped(changed(), compression=zipfile.ZIP_STORED)),
    ("junk after", lambda path: path.write_bytes(good_bytes(path.parent) + b"junk")),
    ("part names in other letters", zipped(renamed(str.upper))),
    ("part names with backslashes", zipped(renamed(lambda name: name.replace("/", "\\")))),
    ("part names from the root", zipped(renamed(lambda name: f"/{name}"))),
    (
        "targets from the root",
        zipped(with_sheet(DATA, ("worksheet", f"/{SHEET}"), ("sharedStrings", "/xl/sharedStrings.xml"))),
    ),
    (
        "targets with detours",
        zipped(
            with_sheet(DATA, ("worksheet", "../xl/./worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))
        ),
    ),
    (
        "no styles",
        zipped(with_sheet(DATA, ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))),
    ),
    (
        "a part in UTF-16",
        zipped(changed(sheet1=('<?xml version="1.0" encoding="utf-16"?>' + worksheet(SHARED)).encode("utf-16"))),
    ),
    (
        "a part in a code page",
        zipped(changed(sharedStrings=b'<?xml version="1.0" encoding="windows-1252"?>' + strings("<t>x</t>").encode())),
    ),
    ("prefixes", zipped(changed(sheet1=re.sub("<(/?)", r"<\1x:", worksheet(SHARED)).replace("xmlns=", "xmlns:x=")))),
    ("parts nobody reads", zipped({**changed(), "xl/vbaProject.bin": bytes(64), "docProps/app.xml": "<broken"})),
]


@pytest.mark.parametrize("make", [pytest.param(make, id=name.replace(" ", "-")) for name, make in READ])
def test_every_shape_of_a_good_package_is_read(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """However a program arranges the parts, the cell is the same."""
    path = tmp_path / "a.xlsm"
    make(path)
    assert plain(by_address(only_sheet(path))) == {"A1": ("TEXT", "x")}


def test_sheets_come_in_workbook_order_with_their_names(tmp_path: Path) -> None:
    """Order and names are the workbook's; charts and dialogs are passed over; very hidden is hidden."""
    listed = (
        '<sheet name="Last &amp; first" r:id="rId2"/><sheet name="Chart" r:id="rId3"/>'
        '<sheet name="Away" state="hidden" r:id="rId1"/><sheet name="Dialog" r:id="rId4"/>'
        '<sheet name="Far away" state="veryHidden" r:id="rId5"/><sheet name="Macro" r:id="rId6"/>'
    )
    made = with_sheet(
        listed,
        ("worksheet", "worksheets/sheet1.xml"),
        ("worksheet", "worksheets/sheet2.xml"),
        ("chartsheet", "chartsheets/sheet1.xml"),
        ("dialogsheet", "dialogsheets/sheet1.xml"),
        ("worksheet", "worksheets/sheet3.xml"),
        ("http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet", "macrosheets/sheet1.xml"),
    )
    for number in (1, 2, 3):
        made[f"xl/worksheets/sheet{number}.xml"] = worksheet(f'<row r="{number}"><c r="A{number}"><v>5</v></c></row>')
    sheets = read_workbook(save(tmp_path / "a.xlsx", made)).sheets
    assert [(sheet.name, sheet.hidden, sheet.rows[0].number, sheet.rows[0].hidden) for sheet in sheets] == [
        ("Last & first", False, 2, False),
        ("Away", True, 1, True),
        ("Far away", True, 3, True),
    ]


def test_a_strict_workbook_is_read_like_any_other(tmp_path: Path) -> None:
    """“Strict Open XML” has the same content under other addresses; its dates are texts, and dates all the same."""
    data = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>0.5</v></c><c r="C1" t="b"><v>1</v></c>'
        '<c r="D1" t="inlineStr"><is><t>y</t></is></c><c r="E1" s="2"><v>46235</v></c></row>'
        '<row r="2" hidden="1"><c r="A2" t="d"><v>2026-08-01T00:00:00</v></c><c r="B2"><f>A1</f></c></row>'
    )
    sheet = worksheet(data, after='<mergeCells><mergeCell ref="A1:B2"/></mergeCells>')
    made = parts(
        sheet=sheet, style=styles("0%", 14), shared=strings("<t>x</t>"), workbook='<calcPr fullCalcOnLoad="1"/>'
    )
    strict = read_workbook(save(tmp_path / "strict.xlsx", as_strict(made)))
    assert strict.sheets == read_workbook(save(tmp_path / "usual.xlsx", made)).sheets
    assert plain(by_address(strict.sheets[0])) == {
        "A1": ("TEXT", "x"),
        "B1": ("NUMBER", "0.5", "PERCENT"),
        "C1": ("BOOL", "TRUE"),
        "D1": ("TEXT", "y"),
        "E1": ("DATE", "46235"),
        "A2": ("DATE", "2026-08-01T00:00:00"),
        "B2": ("FORMULA", ""),
    }


def test_the_hash_is_that_of_the_bytes_read(tmp_path: Path) -> None:
    """Whoever asks later which workbook it was compares this hash with the file's."""
    path = save(tmp_path / "a.xlsx", changed())
    assert read_workbook(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


HEADS = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in COLUMNS[:12]).join(("<row r='1'>", "</row>"))
OWN = [
    ("Data!$A$1", "", True),
    ("'Data'!$A$1", "", True),
    (" Data!A1:O7 ", 'hidden="1"', True),
    ("Other!$A$1", "", False),
    ("Data", "", False),
    ("#REF!$A$1", "", False),
    ("", "", False),
    ("Data!$A$1", 'localSheetId="0"', False),
]


@pytest.mark.parametrize(("target", "attributes", "ours"), OWN)
@pytest.mark.parametrize("name", ["_bulkops.results", "_BulkOps.Results"])
def test_the_hidden_name_tells_our_own_sheet(
    tmp_path: Path, name: str, target: str, attributes: str, ours: bool
) -> None:
    """The sheet that the workbook's own name points at is ours; a name of one sheet only is a copy of it."""
    other = '<definedName name="other">Other!A1</definedName>'
    names = f'<definedNames>{other}<definedName name="{name}" {attributes}>{target}</definedName>{other}</definedNames>'
    assert only_sheet(save(tmp_path / "a.xlsx", parts(HEADS, workbook=names))).ours is ours


def test_our_own_sheet_is_known_by_any_name(tmp_path: Path) -> None:
    """A sheet's name is quoted where it stands in a name's formula, its apostrophes doubled."""
    names = "<definedNames><definedName name='_bulkops.results'>'It''s 5 &gt; 4! (2)'!$A$1</definedName></definedNames>"
    made = parts(HEADS, workbook=names)
    made["xl/workbook.xml"] = str(made["xl/workbook.xml"]).replace('name="Data"', 'name="It\'s 5 &gt; 4! (2)"')
    assert only_sheet(save(tmp_path / "a.xlsx", made)).ours


def with_results(content: str, style: str) -> Parts:
    """A good workbook after a graft: another sheet, another style, and what names them."""
    made = with_sheet(
        f'{DATA}<sheet name="R" sheetId="2" r:id="rId4"/>',
        ("worksheet", "worksheets/sheet1.xml"),
        ("styles", "styles.xml"),
        ("sharedStrings", "sharedStrings.xml"),
        ("worksheet", "worksheets/sheet2.xml"),
    )
    name = '<definedNames><definedName name="_bulkops.results">R!$A$1</definedName></definedNames></workbook>'
    made["xl/workbook.xml"] = str(made["xl/workbook.xml"]).replace("</workbook>", name)
    return {
        **made,
        "xl/styles.xml": style,
        "[Content_Types].xml": content,
        "xl/worksheets/sheet2.xml": worksheet(HEADS, after=f"<!--{content}-->"),
    }


def test_a_workbooks_identity_outlives_its_results(tmp_path: Path) -> None:
    """Results that are put into a workbook, or into it again, leave its identity; any other change does not."""

    def content_hash(made: Parts, **options: int) -> str:
        return read_workbook(save(tmp_path / "a.xlsx", made, **options)).content_hash

    plain = content_hash(changed())
    assert content_hash(with_results("", styles("0"))) == plain
    assert content_hash(with_results(ROW, styles("0.00"))) == plain
    assert content_hash(dict(reversed(changed().items())), compression=zipfile.ZIP_STORED) == plain
    assert content_hash({**changed(), "xl/": ""}) == plain
    others = [
        content_hash(changed(sheet1=worksheet(ROW))),
        content_hash(changed(sheet1=worksheet(SHARED.replace("A1", "B1")))),
        content_hash(changed(sharedStrings=strings("<t>y</t>"))),
        content_hash({**changed(), "xl/media/image1.png": b"x"}),
        content_hash({**changed(), "xl/media/image2.png": b"x"}),
    ]
    assert len({plain, *others}) == len(others) + 1


@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_workbook_is_refused(tmp_path: Path, twentieth: int) -> None:
    """A workbook that was not copied to its end is damaged (or empty), wherever it stops."""
    path = typed(tmp_path / "a.xlsx", *(["2001", f"Comment {number}", number] for number in range(50)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * twentieth // 20])
    with pytest.raises(CannotStart) as refused:
        read_workbook(path)
    assert refused.value.code == ("workbook.damaged" if twentieth else "workbook.empty")


def read_or_refused(path: Path) -> Workbook | None:
    try:
        return read_workbook(path)
    except CannotStart:
        return None


def test_a_flipped_byte_changes_no_cell(tmp_path: Path) -> None:
    """With any one byte of the file changed it is refused or every cell is as it was: the checksums see to it."""
    path = typed(tmp_path / "a.xlsx", *([2001, f"Comment {number}", True] for number in range(20)))
    content = path.read_bytes()
    cells = by_address(only_sheet(path))
    dice = random.Random(7)
    refused = 0
    for _ in range(400):
        broken = bytearray(content)
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        path.write_bytes(broken)
        found = read_or_refused(path)
        refused += found is None
        if found is not None:
            assert [by_address(sheet) for sheet in found.sheets] == [cells]
    assert 100 < refused < 400


def test_broken_xml_never_falls_over(tmp_path: Path) -> None:
    """With bytes of a part changed, doubled or dropped and its checksum made good, it is read or refused."""
    made = parts(
        '<row r="1" ht="15" hidden="0"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><f>A1</f><v>1.5E3</v></c>'
        '<c r="C1" t="b"><v>1</v></c><c r="D1" t="inlineStr"><is><t>y</t></is></c></row>',
        style=styles("0.00"),
        shared=strings("<r><t>x</t></r><rPh><t>z</t></rPh>"),
        workbook='<calcPr fullCalcOnLoad="0"/>',
    )
    made[SHEET] = str(made[SHEET]).replace(
        "</sheetData>", '</sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>'
    )
    dice = random.Random(7)
    names = sorted(made)
    read = 0
    for _ in range(600):
        name = dice.choice(names)
        content = bytearray(str(made[name]).encode())
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(content))
            content[at : at + dice.randint(0, 2)] = bytes(
                dice.choices(b'<>/"=&;:0179-AZaz_ \x00\xff', k=dice.randint(0, 2))
            )
        found = read_or_refused(
            save(tmp_path / "a.xlsx", {**made, name: bytes(content)}, compression=zipfile.ZIP_STORED)
        )
        read += found is not None
    assert 20 < read < 580
