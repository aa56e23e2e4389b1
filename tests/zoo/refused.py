"""Files that cannot be grafted: no workbooks, damaged ones, and such as two programs would read differently."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from .book import (
    BOOK,
    BOOK_RELS,
    MAIN,
    PACKAGE,
    RELATIONSHIPS,
    SHEET1,
    SML,
    STYLES,
    TYPES,
    Book,
    resident,
    worksheet,
    zipped,
)
from .packages import STRICT, reworded

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def _pair(first: str, second: str, content: bytes) -> bytes:
    """An ordinary workbook with one more part, whose name collides with another's."""
    parts = {first if name.lower() == first.lower() else name: part for name, part in Book().made().items()}
    return zipped(parts | {second: content})


@resident("a check sum that is wrong, in a part that is not patched", refused="graft.damaged")
def damaged_part() -> bytes:
    content = bytearray(Book().zipped())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("xl/sharedStrings.xml")
        at = archive.start_dir
    where = content.index(struct.pack("<L", info.CRC), at)
    content[where] ^= 0xFF
    return bytes(content)


@resident("packed bytes that are wrong, in a part that is not patched", refused="graft.damaged")
def damaged_bytes() -> bytes:
    content = bytearray(Book().zipped())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo(SHEET1)
    middle = info.header_offset + 30 + len(SHEET1) + info.compress_size // 2
    content[middle : middle + 8] = b"\xaa" * 8
    return bytes(content)


@resident("it ends in the middle", refused="graft.damaged")
def truncated() -> bytes:
    content = Book().zipped()
    return content[: len(content) // 2]


@resident("two parts of one name but for the capitals", refused="graft.damaged")
def double_names() -> bytes:
    return _pair(SHEET1, "xl/worksheets/SHEET1.xml", worksheet('<row r="1"><c r="A1"><v>1</v></c></row>').encode())


@resident("two parts of one name but for the slashes", refused="graft.damaged")
def double_slashes() -> bytes:
    return _pair(SHEET1, SHEET1.replace("/", "\\"), worksheet('<row r="1"><c r="A1"><v>1</v></c></row>').encode())


@resident("something before the first part, as self-extracting files have", refused="graft.format")
def prefixed_zip() -> bytes:
    return b"MZ" + bytes(510) + Book().zipped()


@resident("a part that is encrypted", refused="graft.damaged")
def encrypted_part() -> bytes:
    return _flagged(6, 8, 0x1)


@resident("a part packed in a way Excel does not know", refused="graft.damaged")
def packed_oddly() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in Book().made().items():
            archive.writestr(name, content)
    return stream.getvalue()


def _flagged(local: int, central: int, flag: int) -> bytes:
    """An ordinary workbook with a flag set on its last part, in both its records."""
    content = bytearray(Book().zipped())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.infolist()[-1]
        start = archive.start_dir
    where = content.rindex(b"PK\x01\x02", start)
    content[info.header_offset + local] |= flag
    content[where + central] |= flag
    return bytes(content)


@resident("more than half a gigabyte once it is unpacked", refused="graft.too_big")
def bomb() -> bytes:
    size, block = 600, bytes(2**20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    data = first * size + packer.flush()
    content = Book().zipped()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start, count = archive.start_dir, len(archive.namelist())
    name, facts = b"xl/media/a.bin", (20, 0, 8, 0, 33, zlib.crc32(bytes(size * 2**20)), len(data), size * 2**20)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", *facts, len(name), 0) + name + data
    line = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *facts, len(name), 0, 0, 0, 0, 0, start) + name
    directory = content[start : content.rindex(b"PK\5\6")] + line
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count + 1, count + 1, len(directory), start + len(local), 0)
    return content[:start] + local + directory + end


@resident("a comment on the whole zip with the mark of an end in it", refused="graft.damaged")
def zip_comment_like_an_end() -> bytes:
    return zipped(Book().made(), comment=b"made by Ann; PK\x05\x06 is no end")


@resident("two relationships to a workbook", refused="graft.odd")
def two_workbooks() -> bytes:
    again = f'<Relationship Id="rId2" Type="{RELATIONSHIPS}/officeDocument" Target="xl/other.xml"/>'
    return reworded(("_rels/.rels", "</Relationships>", f"{again}</Relationships>"))


@resident("two style tables", refused="graft.odd")
def two_style_tables() -> bytes:
    again = f'<Relationship Id="rId78" Type="{RELATIONSHIPS}/styles" Target="styles.xml"/>'
    return reworded((BOOK_RELS, "</Relationships>", f"{again}</Relationships>"))


@resident("no relationship to a workbook", refused="graft.odd")
def no_workbook() -> bytes:
    return reworded(("_rels/.rels", "/officeDocument", "/somethingElse"))


@resident("the workbook part is not there", refused="graft.odd")
def workbook_missing() -> bytes:
    parts = Book().made()
    del parts[BOOK]
    return zipped(parts)


@resident("no relationships of the workbook", refused="graft.damaged")
def relations_missing() -> bytes:
    parts = Book().made()
    del parts[BOOK_RELS]
    return zipped(parts)


@resident("no content types", refused="graft.damaged")
def types_missing() -> bytes:
    parts = Book().made()
    del parts[TYPES]
    return zipped(parts)


@resident("the content type of a text document", refused="graft.odd")
def text_type() -> bytes:
    return reworded(
        (TYPES, f"{SML}sheet.main", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main")
    )


@resident("a text document under a workbook's name", refused="graft.damaged")
def text_document() -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    type_ = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    types = f'<Override PartName="/word/document.xml" ContentType="{type_}"/>'
    relation = f'<Relationship Id="rId1" Type="{RELATIONSHIPS}/officeDocument" Target="word/document.xml"/>'
    return zipped(
        {
            TYPES: f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            f'"application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>'.encode(),
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relation}</Relationships>'.encode(),
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body><w:p/></w:body></w:document>'.encode(),
        }
    )


@resident("a binary workbook", refused="graft.odd", suffix="xlsb")
def binary() -> bytes:
    parts = Book().made()
    del parts[BOOK]
    parts["xl/workbook.bin"] = b"\x83\x01\x00" + bytes(60)
    parts["xl/_rels/workbook.bin.rels"] = parts.pop(BOOK_RELS)
    parts["_rels/.rels"] = parts["_rels/.rels"].replace(b"workbook.xml", b"workbook.bin")
    binary_type = b"application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    parts[TYPES] = (
        parts[TYPES]
        .replace(b"/xl/workbook.xml", b"/xl/workbook.bin")
        .replace(f"{SML}sheet.main+xml".encode(), binary_type)
    )
    return zipped(parts)


@resident("an old workbook, or one with a password: an OLE container", refused="graft.format")
def ole_container() -> bytes:
    return _OLE + "EncryptedPackage".encode("utf-16-le") + bytes(512)


@resident("separated text", refused="graft.format", suffix="csv")
def text() -> bytes:
    return b"List ID,Flag type ID\r\n2001,7\r\n"


@resident("an OpenDocument spreadsheet", refused="graft.format", suffix="ods")
def open_document() -> bytes:
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<office/>"})


@resident("nothing at all", refused="graft.format")
def empty() -> bytes:
    return b""


@resident("elements of others among the sheets", refused="graft.odd")
def foreign_sheets() -> bytes:
    return reworded((BOOK, "</sheets>", '<o:sheet xmlns:o="urn:other" name="X"/></sheets>'))


@resident("no list of sheets", refused="graft.odd")
def sheets_missing() -> bytes:
    book = Book()
    book.sheets.clear()
    content = book.workbook().replace("<sheets></sheets>", "")
    book.parts[BOOK] = content
    return book.zipped()


@resident("the workbook is of the one kind of namespace, its relationships of the other", refused="graft.odd")
def mixed_namespaces() -> bytes:
    return reworded((BOOK_RELS, RELATIONSHIPS, f"{STRICT}/officeDocument/relationships"))


@resident("a namespace nobody knows", refused="graft.odd")
def unknown_namespace() -> bytes:
    return reworded((BOOK, MAIN, "urn:of-another-future"))


@resident("a document type in the workbook part", refused="graft.odd")
def document_type() -> bytes:
    return reworded((BOOK, "<workbook ", "<!DOCTYPE workbook><workbook "))


@resident("entities in the style table that would fill the memory", refused="graft.odd")
def entities() -> bytes:
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    return reworded((STYLES, "<styleSheet ", f"{bomb}<styleSheet "))


@resident("a workbook part that is not well-formed", refused="graft.odd")
def not_well_formed() -> bytes:
    return reworded((BOOK, "</sheets>", "</sheet>"))


@resident("a prefix that is declared nowhere", refused="graft.odd")
def prefix_unknown() -> bytes:
    return reworded((BOOK, "<sheets>", "<zz:sheets>"), (BOOK, "</sheets>", "</zz:sheets>"))


@resident("relationships that are not well-formed", refused="graft.odd")
def relations_broken() -> bytes:
    return reworded((BOOK_RELS, "</Relationships>", ""))


# ---------------------------------------------------------------- more than can be gone through


_MILLION = 1_000_000


@resident("a million cell formats in twelve kilobytes", refused="graft.styles_full")
def million_cell_formats() -> bytes:
    return reworded((STYLES, "</cellXfs>", "<xf/>" * _MILLION + "</cellXfs>"))


@resident("a million named styles' formats", refused="graft.styles_full")
def million_style_formats() -> bytes:
    return reworded((STYLES, "</cellStyleXfs>", "<xf/>" * _MILLION + "</cellStyleXfs>"))


@resident("a million fonts", refused="graft.styles_full")
def million_fonts() -> bytes:
    return reworded((STYLES, "</fonts>", "<font/>" * _MILLION + "</fonts>"))


@resident("two million conditional formats", refused="graft.too_big")
def two_million_conditional_formats() -> bytes:
    return reworded((STYLES, "</dxfs>", "<dxf/>" * 2 * _MILLION + "</dxfs>"))


@resident("a million names", refused="graft.too_big")
def million_names() -> bytes:
    names = "<definedNames>" + '<definedName name="a"/>' * _MILLION + "</definedNames>"
    return reworded((BOOK, "</sheets>", f"</sheets>{names}"))


@resident("a million content types", refused="graft.too_big")
def million_types() -> bytes:
    return reworded((TYPES, "</Types>", "<Default/>" * _MILLION + "</Types>"))


@resident("a million relationships", refused="graft.too_big")
def million_relations() -> bytes:
    return reworded((BOOK_RELS, "</Relationships>", "<Relationship/>" * _MILLION + "</Relationships>"))


@resident("a style table of more than 64 MB", refused="graft.too_big")
def huge_styles() -> bytes:
    return reworded((STYLES, "</styleSheet>", " " * 2**26 + "</styleSheet>"))


@resident("a name of a million short pieces")
def name_in_pieces() -> bytes:
    names = f'<definedNames><definedName name="a">"{"&amp;" * _MILLION}"</definedName></definedNames>'
    return reworded((BOOK, "</sheets>", f"</sheets>{names}"))
