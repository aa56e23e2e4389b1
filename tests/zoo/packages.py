"""Workbooks that say what Excel says in another way: other zips, other encodings, other places, other prefixes."""

from __future__ import annotations

import io
import re
import zipfile
from unittest.mock import patch

from .book import (
    BOOK,
    BOOK_RELS,
    COMPATIBILITY,
    HEAD,
    MAIN,
    PACKAGE,
    RELATIONSHIPS,
    SHEET1,
    SML,
    STYLES,
    TYPES,
    Book,
    Parts,
    resident,
    worksheet,
    zipped,
)

STRICT = "http://purl.oclc.org/ooxml"


def parts() -> Parts:
    """The parts of an ordinary workbook, to be changed."""
    return Book().made()


def reworded(*changes: tuple[str, str, str]) -> bytes:
    """An ordinary workbook with words of its parts replaced: part, old, new. Each must be there."""
    made = parts()
    for part, old, new in changes:
        if old.encode() not in made[part]:
            raise ValueError(f"{part} has no {old}")
        made[part] = made[part].replace(old.encode(), new.encode())
    return zipped(made)


@resident("Strict Open XML", blind="openpyxl bulkops")
def strict() -> bytes:
    made = parts()
    for name, content in made.items():
        made[name] = (
            content.replace(MAIN.encode(), f"{STRICT}/spreadsheetml/main".encode())
            .replace(RELATIONSHIPS.encode(), f"{STRICT}/officeDocument/relationships".encode())
            .replace(b"<workbook ", b'<workbook conformance="strict" ')
        )
    return zipped(made)


@resident("every element has a prefix")
def prefixed() -> bytes:
    made = parts()
    for name in (BOOK, STYLES, SHEET1, "xl/sharedStrings.xml"):
        text = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", made[name].decode())
        made[name] = text.replace(f' xmlns="{MAIN}"', f' xmlns:x="{MAIN}"').encode()
    return zipped(made)


@resident("content types and relationships have prefixes too, which few programs bear", blind="openpyxl validator")
def prefixed_package() -> bytes:
    made = parts()
    for name in (TYPES, BOOK_RELS):
        text = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1p:", made[name].decode())
        made[name] = text.replace(' xmlns="', ' xmlns:p="').encode()
    return zipped(made)


@resident("the prefix of relationships is declared on each sheet, as openpyxl does it")
def relationship_prefix_on_sheets() -> bytes:
    space = f' xmlns:r="{RELATIONSHIPS}"'
    return reworded((BOOK, space, ""), (BOOK, " r:id=", f"{space} r:id="))


@resident("relationships have another prefix, and r: means something else")
def relationship_prefix_other() -> bytes:
    return reworded(
        (BOOK, f'xmlns:r="{RELATIONSHIPS}"', f'xmlns:rel="{RELATIONSHIPS}" xmlns:r="urn:other"'),
        (BOOK, " r:id=", " rel:id="),
    )


@resident("single quotes, blanks around the equals sign and line breaks within tags")
def loose_writing() -> bytes:
    return reworded(
        (BOOK, "<sheets>", "<sheets\n >"),
        (BOOK, "</sheets>", "\n</sheets\n>"),
        (BOOK, 'sheetId="1"', "sheetId = '1'"),
        (BOOK_RELS, "</Relationships>", "\r\n</Relationships >\r\n"),
        (TYPES, 'Extension="xml"', "\n\tExtension\n=\n'xml'"),
        (STYLES, 'cellXfs count="3"', "cellXfs  count = '3' "),
    )


@resident("comments, CDATA and processing instructions that look like the end of a list")
def traps() -> bytes:
    return reworded(
        (BOOK, "</sheets>", "<!-- > --></sheets><!-- </workbook> --><definedNames><definedName name=\"Trap\">"
         "<![CDATA[\"</definedNames>\"]]></definedName><!-- </definedNames> --></definedNames>"),
        (BOOK, "<sheets>", '<?trap </sheets> ?><!-- <sheets><sheet name="Results"/> --><sheets><!-- </sheets> -->'),
        (STYLES, "</cellXfs>", "<!-- </cellXfs> --></cellXfs>"),
        (STYLES, "<fonts ", "<!-- <fonts> --><fonts "),
        (TYPES, "</Types>", "<!-- </Types> --></Types><!-- behind -->"),
        (BOOK_RELS, "</Relationships>", "<!-- </Relationships> --></Relationships>\n"),
    )  # fmt: skip


@resident("a greater-than sign and entities within attributes of what is patched")
def odd_attributes() -> bytes:
    return Book(
        name="A > B",
        names='<definedName name="Odd" comment="a > b &#x2F;> &quot;c&quot;">&quot;&gt;&quot;</definedName>',
        first='<workbookPr codeName="a>b/"/>',
    ).zipped()


@resident("a byte order mark before each part")
def byte_order_marks() -> bytes:
    return zipped({name: b"\xef\xbb\xbf" + content for name, content in parts().items()})


@resident("no XML declarations")
def declarations_none() -> bytes:
    return zipped({name: content.removeprefix(HEAD.encode()) for name, content in parts().items()})


@resident("the sheet's part is UTF-16, which is none that is patched")
def wide_sheet() -> bytes:
    made = parts()
    made[SHEET1] = made[SHEET1].decode().replace("UTF-8", "UTF-16").encode("utf-16")
    return zipped(made)


@resident("the parts to be patched are UTF-16", refused="graft.odd")
def wide_workbook() -> bytes:
    made = parts()
    made[BOOK] = made[BOOK].decode().replace("UTF-8", "UTF-16").encode("utf-16")
    return zipped(made)


@resident("names beyond ASCII in a part to be patched, and an encoding named in small letters")
def umlauts() -> bytes:
    made = Book(name="Zählerstände", names='<definedName name="Größe">1</definedName>').made()
    made[BOOK] = made[BOOK].replace(b'"UTF-8"', b"'utf-8'")
    return zipped(made)


@resident("addresses of parts from the root of the package")
def absolute_targets() -> bytes:
    return reworded(
        ("_rels/.rels", 'Target="xl/', 'Target="/xl/'),
        (BOOK_RELS, 'Target="', 'Target="/xl/'),
    )


@resident("addresses of parts with detours", blind="calamine libreoffice")
def detoured_targets() -> bytes:
    return reworded(("_rels/.rels", 'Target="xl/', 'Target="./xl/'), (BOOK_RELS, 'Target="', 'Target="../xl/./'))


@resident("the workbook part lies at the top, its sheets elsewhere", blind="calamine")
def other_places() -> bytes:
    return _moved("book.xml", "_rels/book.xml.rels")


@resident("the workbook part lies deep, and bears another name", blind="calamine")
def deep_places() -> bytes:
    return _moved("a/b/Main.XML", "a/b/_rels/Main.XML.rels")


def _moved(place: str, rels: str) -> bytes:
    made = parts()
    made["_rels/.rels"] = made["_rels/.rels"].replace(b"xl/workbook.xml", f"/{place}".encode())
    made[TYPES] = made[TYPES].replace(b"/xl/workbook.xml", f"/{place}".encode())
    made[place] = made.pop(BOOK)
    made[rels] = made.pop(BOOK_RELS).replace(b'Target="', b'Target="/xl/')
    return zipped(made)


@resident("part names with other capitals than their addresses", blind="openpyxl libreoffice")
def other_capitals() -> bytes:
    made = parts()
    made["xl/WorkSheets/Sheet1.xml"] = made.pop(SHEET1)
    made["xl/Styles.xml"] = made.pop(STYLES)
    made[TYPES] = made[TYPES].replace(b"/worksheets/sheet1", b"/WorkSheets/Sheet1").replace(b"/styles", b"/Styles")
    return zipped(made)


@resident("part names with backslashes", blind="openpyxl validator libreoffice")
def backslashes() -> bytes:
    return zipped({name.replace("/", "\\"): content for name, content in parts().items()})


@resident("content types by extension: xml means worksheet")
def types_by_extension() -> bytes:
    sheet = f'<Override PartName="/{SHEET1}" ContentType="{SML}worksheet+xml"/>'
    return reworded(
        (TYPES, '"application/xml"', f'"{SML}worksheet+xml"'),
        (TYPES, sheet, ""),
    )


@resident("content types with other capitals, and for parts that are not there")
def types_odd() -> bytes:
    gone = '<Override PartName="/xl/gone.xml" ContentType="application/xml"/>'
    return reworded(
        (TYPES, 'Extension="rels"', 'Extension="RELS"'),
        (TYPES, "</Types>", f"{gone}</Types>"),
    )


@resident("relationship ids of another making, one of them like the next of ours")
def odd_ids() -> bytes:
    return reworded(
        (BOOK_RELS, '"rId1"', '"R0c1d2e3f"'),
        (BOOK, '"rId1"', '"R0c1d2e3f"'),
        (BOOK_RELS, '"rId2"', '"rId4"'),
        (BOOK_RELS, '"rId3"', '"rid5"'),
    )


@resident("a sheet id as high as Excel allows, with gaps below")
def highest_sheet_id() -> bytes:
    return reworded((BOOK, 'sheetId="1"', 'sheetId="65534"'))


@resident("parts that nothing refers to, under the names that ours would have next")
def orphans() -> bytes:
    made = Book().made()
    for name in ("sheet2.xml", "Sheet3.xml", "results.xml", "bulkops.xml", "sheet4.xml"):
        made[f"xl/worksheets/{name}"] = worksheet().encode()
    return zipped(made)


@resident("two relationships of the workbook lead to one part, one relationship to none", blind="validator")
def shared_targets() -> bytes:
    more = f'<Relationship Id="rId77" Type="{RELATIONSHIPS}/theme" Target="theme/gone.xml"/>'
    again = f'<Relationship Id="rId78" Type="{RELATIONSHIPS}/sharedStrings" Target="sharedStrings.xml"/>'
    return reworded((BOOK_RELS, "</Relationships>", f"{more}{again}</Relationships>"))


@resident("parts are stored, not packed")
def stored() -> bytes:
    return zipped(parts(), zipfile.ZIP_STORED)


class _Pipe(io.BytesIO):
    """A stream that cannot go back, so that sizes follow the parts."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError

    def tell(self) -> int:
        raise OSError


@resident("written as a stream: sizes and check sums follow each part")
def streamed() -> bytes:
    stream = _Pipe()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts().items():
            archive.writestr(name, content)
    return stream.getvalue()


@resident("sizes in the long form, as writers of unknown length put them")
def long_sizes() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts().items():
            with archive.open(zipfile.ZipInfo(name, (2026, 11, 21, 8, 0, 0)), "w", force_zip64=True) as part:
                part.write(content)
    return stream.getvalue()


@resident("sizes and places in the long form everywhere, and its end too", blind="libreoffice")
def long_directory() -> bytes:
    stream = io.BytesIO()
    with patch.object(zipfile, "ZIP64_LIMIT", 10), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts().items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 8, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


@resident("a comment on the whole zip")
def zip_comment() -> bytes:
    return zipped(parts(), comment=b"made by Ann on 21 November")


@resident("folders as entries of their own, and empty parts")
def zip_folders() -> bytes:
    return zipped({"_rels/": b"", "xl/": b"", "xl/worksheets/": b"", **parts(), "xl/empty.bin": b""})


@resident("parts in the order of the alphabet, the content types last")
def zip_order() -> bytes:
    return zipped(dict(sorted(parts().items(), reverse=True)))


@resident("extra fields, comments and times on each part")
def zip_extras() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts().items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.extra = b"\x28\xa2\x04\x00\x20\x00\x00\x00"
            info.comment = "größer".encode()
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


@resident("understanding of newer elements is asked for in the style table, whose fonts are twofold")
def styles_ignorable() -> bytes:
    return reworded(
        (STYLES, "<cellStyles", f'<!-- --><cellStyles xmlns:mc2="{COMPATIBILITY}"'),
        (STYLES, 'applyFill="1"/>', 'applyFill="1"><alignment horizontal="left"/><protection locked="0"/></xf>'),
    )


@resident("the package's relationships hold a thumbnail and core properties before the workbook")
def package_relations() -> bytes:
    core = f"{PACKAGE}/relationships/metadata"
    made = parts()
    made["_rels/.rels"] = made["_rels/.rels"].replace(
        b"<Relationship ",
        f'<Relationship Id="rId9" Type="{core}/thumbnail" Target="docProps/thumbnail.wmf"/>'
        f'<Relationship Id="rId8" Type="{core}/core-properties" Target="docProps/core.xml"/><Relationship '.encode(),
        1,
    )
    made[TYPES] = made[TYPES].replace(
        b"</Types>",
        b'<Default Extension="wmf" ContentType="image/x-wmf"/><Override PartName="/docProps/core.xml" '
        b'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
    )
    made["docProps/thumbnail.wmf"] = bytes(40)
    made["docProps/core.xml"] = (
        f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Ann</dc:creator></cp:coreProperties>'
    ).encode()
    return zipped(made)
