"""What a file is that is no workbook of today, by its first bytes or by the names in it: each has its own sentence."""

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.workbook.package import opened_zip, part_name
from bulkops.workbook.reading.compound_file import top_names

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""What a zip begins with."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_SAMPLE = 4096
_NOT_EXCEL, _CSV, _ARCHIVE = "workbook.not_excel", "workbook.csv", "workbook.archive"
_OLE_KINDS = {
    "encryptedpackage": "workbook.encrypted",
    "workbook": "workbook.xls",
    "book": "workbook.xls",
    "worddocument": "workbook.document",
    "powerpoint document": "workbook.document",
    "__properties_version1.0": "workbook.mail",
}
"""By a stream at the top of the container that all these programs share; a letter can hold a workbook further down."""
_BYTES = {
    b"%PDF": "workbook.pdf",
    b"{\\rtf": "workbook.document",
    b"bplist0": "workbook.link",
    b"Rar!": _ARCHIVE,
    b"7z\xbc\xaf": _ARCHIVE,
    b"\x1f\x8b": _ARCHIVE,
}
_LINE = r"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)"
_HEADER = f"(?={_LINE}{{2}}){_LINE}*?"
"""The first lines, two at least, of a mail message, or of a web page saved with all that belongs to it."""
_TEXTS = (
    (rf"{_HEADER}(?:received|message-id|to|delivered-to|return-path):", "workbook.mail"),
    (rf"{_HEADER}mime-version:", "workbook.html"),
    (r"\[(?:InternetShortcut|Desktop Entry)\]|\{.*(?:docs\.google\.com|\"doc_id\")", "workbook.link"),
    (r"<.*<plist.*<key>URL</key>", "workbook.link"),
    (r"<.*<(?:\w+:)?Workbook\b.*urn:schemas-microsoft-com:office:spreadsheet", "workbook.xml_2003"),
    (r"<.*vnd\.oasis\.opendocument\.spreadsheet", "workbook.flat_ods"),
    (r"<(?:.*<)?(?:!doctype html|html|head|body|table|meta|div|style)\b", "workbook.html"),
    (r"<|\{\s*[\"}]|\[\s*[{\[]", "workbook.data_file"),
    (r"(?-i:ID;P[A-Z0-9]*(?:;[A-Z][^;\n]*)*\n(?:[BCFOPW]|NU|NN);[A-Z])", "workbook.slk"),
)
_KNOWN = [(re.compile(pattern, re.DOTALL | re.IGNORECASE), code) for pattern, code in _TEXTS]
_SEPARATED = (".csv", ".tsv", ".txt")
_SPREADSHEET = re.compile(r"\.(xls[xmb]?|ods|csv|tsv)$", re.IGNORECASE)


def refuse_other_files(path: Path, content: bytes) -> None:
    """Raises CannotStart with a ``workbook.*`` code for what is no zip, or another archive; DamagedPackage, TooBig."""
    code = ""
    if not content:
        code = "workbook.empty"
    elif content.startswith(_OLE):
        code = _ole_kind(content)
    elif not content.startswith(ZIP):
        code = text_kind(path, content[:_TEXT_SAMPLE])
    else:
        names = {part_name(name) for name in opened_zip(content).namelist()}
        # Other archives may be packed or locked in ways that no workbook is, and hold one all the same.
        if not names & {"[content_types].xml", "mimetype"} and zip_kind(names) == _ARCHIVE:
            code = _ARCHIVE
    if code:
        raise CannotStart(code, path=path.name, value=1)


def _ole_kind(content: bytes) -> str:
    """The code for what lies in the container of old Office files."""
    try:
        names = top_names(content)
    except ValueError:
        # Damaged: what it was meant to be is said all the same.
        lower = content.lower()
        names = [name for name in _OLE_KINDS if f"{name}\0".encode("utf-16-le") in lower]
    return next((code for name, code in _OLE_KINDS.items() if name in names), _NOT_EXCEL)


def zip_kind(names: Iterable[str]) -> str:
    """The code for a zip that is no workbook, by the names in it."""
    if any(name.startswith(("word/", "ppt/", "visio/")) for name in names):
        return "workbook.document"
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        return "workbook.numbers"
    return _ARCHIVE if any(map(_SPREADSHEET.search, names)) else _NOT_EXCEL


def text_kind(path: Path, sample: bytes) -> str:
    """The code for what is neither a zip nor such a container, by its beginning."""
    for start, code in _BYTES.items():
        if sample.startswith(start):
            return code
    marked = sample[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not marked and _without_a_mark(sample):
        return "workbook.encoding"
    text = _decoded(sample, "utf-16" if marked else "utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").lstrip()
    for pattern, code in _KNOWN:
        if pattern.match(text):
            return code
    named_so = path.suffix.lower() in _SEPARATED
    # In a text file by name its reader tells in which line such a character stands.
    odd = not named_so and any(char < " " and char not in "\t\n\f" for char in text)
    looks_separated = named_so or any(mark in text for mark in ",;\t")
    return _CSV if text and not odd and looks_separated else _NOT_EXCEL


def _without_a_mark(sample: bytes) -> bool:
    """Is it text in UTF-16 that does not say so? Then every second byte of most letters is 0, and no other."""
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    return min(zeros) == 0 and max(zeros) > len(sample) // 3


def _decoded(sample: bytes, encoding: str) -> str:
    """The sample can end within a character; letters of an unknown encoding do not matter here."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return sample.decode("latin-1")
