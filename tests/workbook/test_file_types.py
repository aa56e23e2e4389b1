"""What is no workbook is said for what it is, with the way to a proper one, whatever its name says."""

from __future__ import annotations

import json
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from foreign_samples import FOLDER, NAME
from workbooks import Parts, parts, read_here, save

from bulkops.messages.errors import CannotStart
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.reading.file_types import text_kind

CASES = Path(__file__).parents[1] / "cases"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
ROWS = "List ID,Comment\n2001,x\n"
PLIST = f'{XML}<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "x.dtd">\n<plist version="1.0"><dict>'
FLAT = (
    f'{XML}<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body/></office:document>'
)
XML_2003 = (
    f'{XML}<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'
    "<Worksheet/></Workbook>"
)
GOOGLE = {"url": "https://docs.google.com/open?id=1", "doc_id": "1", "email": "a@example.com"}


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Bills, August"
    message.set_content("See the workbook, please.")
    message.add_attachment(ROWS.encode(), maintype="text", subtype="csv", filename="August.csv")
    return message.as_bytes()


TEXTS = [
    ("web page", "<html><body><table><tr><td>1</td></tr></table></body></html>", "workbook.html"),
    ("table alone", "\n<table border=0><tr><td>List ID</td></tr></table>", "workbook.html"),
    ("web page after a comment", "<!-- made by x -->\n<!DOCTYPE html><html/>", "workbook.html"),
    ("web page of Excel's", f'{XML}<html xmlns:x="urn:schemas-microsoft-com:office:excel"></html>', "workbook.html"),
    ("web archive", (CASES / "mhtml.xls").read_bytes(), "workbook.html"),
    (
        "web archive of a browser",
        "From: <Saved by Blink>\nSubject: Bills, \n and more\nMIME-Version: 1.0\nContent-Type: multipart/related\n\nx",
        "workbook.html",
    ),
    ("mail", mail(), "workbook.mail"),
    ("mail as received", "Received: from a by b; Mon\n\tfor c\nMIME-Version: 1.0\n\nx, y", "workbook.mail"),
    ("XML Spreadsheet 2003", XML_2003, "workbook.xml_2003"),
    (
        "XML Spreadsheet 2003, prefixed",
        XML_2003.replace("Workbook xmlns=", "ss:Workbook xmlns:ss="),
        "workbook.xml_2003",
    ),
    ("flat OpenDocument", FLAT, "workbook.flat_ods"),
    ("other XML", f"{XML}<rows><row a='1,2'/></rows>", "workbook.data_file"),
    ("JSON", json.dumps([{"listId": 2001, "comment": "x"}]), "workbook.data_file"),
    ("JSON laid out", json.dumps({"rows": [[2001, "x"]]}, indent=2), "workbook.data_file"),
    ("link of Google's", json.dumps(GOOGLE), "workbook.link"),
    ("newer link of Google's", json.dumps({"": "WARNING! DO NOT EDIT", "doc_id": "1"}), "workbook.link"),
    ("link of Windows", "[InternetShortcut]\r\nURL=https://example.com/a,b\r\n", "workbook.link"),
    ("link of a Mac", f"{PLIST}<key>URL</key><string>https://example.com</string></dict></plist>", "workbook.link"),
    ("binary link of a Mac", b"bplist00\xd1\x01\x02SURL", "workbook.link"),
    ("SYLK", "ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K2001\r\nE\r\n", "workbook.slk"),
    ("SYLK of LibreOffice", "ID;PCALCOOO32\nB;Y2;X2\nC;X1;Y1;K2001\nE\n", "workbook.slk"),
    ("PDF", b"%PDF-1.7\n%\xe2\xe3", "workbook.pdf"),
    ("rich text", r"{\rtf1\ansi; a, b}", "workbook.document"),
    ("packed by gzip", b"\x1f\x8b\x08\0\0\0\0\0", "workbook.archive"),
    ("packed by 7-Zip", b"7z\xbc\xaf\x27\x1c\0\4", "workbook.archive"),
    ("UTF-16 without a mark", ROWS.encode("utf-16-le"), "workbook.encoding"),
    ("UTF-16 without a mark, the other way round", ROWS.encode("utf-16-be"), "workbook.encoding"),
    ("picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "workbook.not_excel"),
]


@pytest.mark.parametrize("suffix", ["xls", "xlsx", "csv", "dat"])
@pytest.mark.parametrize(("content", "code"), [pytest.param(*each[1:], id=each[0].replace(" ", "-")) for each in TEXTS])
def test_a_file_of_another_kind_is_known_by_its_beginning(
    tmp_path: Path, content: str | bytes, code: str, suffix: str
) -> None:
    """Whatever it is called, it is not told to be a text file with unknown columns, or no workbook at all."""
    content = content.encode() if isinstance(content, str) else content
    given = text_kind(tmp_path / f"a.{suffix}", content)
    assert given == ("workbook.csv" if code == "workbook.not_excel" and suffix == "csv" else code)
    (tmp_path / "August.xls").write_bytes(content)
    with pytest.raises(CannotStart) as refused:
        read_here(tmp_path / "August.xls")
    assert refused.value.code == code
    assert str(refused.value).startswith("August.xls")


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        "ID;Pending batch ID;List ID\nC;X;2001\n",
        "ID;Pending;List ID\nC;X;2001\n",
        "To: all, From: me\nList ID,Comment\n",
        "[draft]\nList ID;Comment\n",
        "Note: a, b\n\nList ID,Comment\n",
        "{draft}, x\nList ID,Comment\n",
        "Übersicht\nList ID,Comment\n",
        "a\0b,c\n",
    ],
)
def test_rows_that_only_look_like_something_else_stay_rows(content: str) -> None:
    """A title or a heading is no reason to take a text file of rows for another kind of file."""
    assert text_kind(Path("a.csv"), content.encode()) == "workbook.csv"


NAMES = [
    (("word/document.xml", "[Content_Types].xml"), "workbook.document"),
    (("ppt/presentation.xml",), "workbook.document"),
    (("Index/Document.iwa", "Metadata/Properties.plist"), "workbook.numbers"),
    (("Index.zip", "preview.jpg"), "workbook.numbers"),
    (("August.xlsx", "readme.txt"), "workbook.archive"),
    (("August/Data.CSV",), "workbook.archive"),
    (("readme.txt",), "workbook.not_excel"),
]


@pytest.mark.parametrize(("names", "code"), NAMES, ids=[names[0] for names, _ in NAMES])
def test_a_zip_is_known_by_what_is_in_it(tmp_path: Path, names: tuple[str, ...], code: str) -> None:
    """Documents, Numbers spreadsheets and archives of workbooks are zips, as a workbook is."""
    contents: Parts = dict.fromkeys(names, "x")
    with pytest.raises(CannotStart) as refused:
        read_here(save(tmp_path / "a.xlsx", contents))
    assert refused.value.code == code


def test_an_archive_is_one_however_it_is_packed_or_locked(tmp_path: Path) -> None:
    """A password of the archive's is none of the workbook's in it, and another packing does no damage."""
    for packing, locked in ((zipfile.ZIP_LZMA, False), (zipfile.ZIP_STORED, True)):
        path = tmp_path / "August.zip"
        with zipfile.ZipFile(path, "w", packing) as archive:
            archive.writestr("August.xlsx", "x")
        if locked:  # in the entry's own header and in the list of entries
            content = bytearray(path.read_bytes())
            content[6] |= 1
            content[content.index(b"PK\1\2") + 8] |= 1
            path.write_bytes(content)
        with pytest.raises(CannotStart) as refused:
            read_workbook(path)
        assert refused.value.code == "workbook.archive"


def test_a_workbook_that_holds_a_document_is_a_workbook(tmp_path: Path) -> None:
    """What is put into a workbook does not make it something else."""
    contents = {**parts('<row r="1"><c r="A1"><v>1</v></c></row>'), "word/document.xml": "x", "August.csv": "x"}
    assert len(read_workbook(save(tmp_path / "a.xlsx", contents)).sheets) == 1


def renamed(content: bytes, old: str, new: str) -> bytes:
    """An old Office file in which a stream has another name."""
    entry = old.encode("utf-16-le").ljust(64, b"\0")
    assert content.count(entry) == 1
    start = content.index(entry)
    size = len(new.encode("utf-16-le")) + 2
    return (
        content[:start] + new.encode("utf-16-le").ljust(64, b"\0") + size.to_bytes(2, "little") + content[start + 66 :]
    )


@pytest.mark.parametrize("name", ["WORKBOOK", "workbook", "BOOK", "Book"])
def test_the_stream_of_an_old_workbook_may_be_written_in_any_case(tmp_path: Path, name: str) -> None:
    """Some programs call it WORKBOOK or BOOK; its rows are the same."""
    good = (FOLDER / f"{NAME}.xls").read_bytes()
    path = tmp_path / "a.xls"
    path.write_bytes(renamed(good, "Workbook", name))
    assert read_here(path).sheets == read_here(FOLDER / f"{NAME}.xls").sheets


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("WordDocument", "workbook.document"),
        ("PowerPoint Document", "workbook.document"),
        ("__properties_version1.0", "workbook.mail"),
        ("EncryptedPackage", "workbook.encrypted"),
        ("Contents", "workbook.not_excel"),
    ],
)
def test_an_old_office_file_is_known_by_its_streams(tmp_path: Path, name: str, code: str) -> None:
    """Letters, presentations and mail messages share their container with old workbooks, and may hold one."""
    content = renamed((FOLDER / f"{NAME}.xls").read_bytes(), "Workbook", name)
    path = tmp_path / "a.xls"
    path.write_bytes(content + "Workbook\0".encode("utf-16-le"))
    with pytest.raises(CannotStart) as refused:
        read_here(path)
    assert refused.value.code == code
