"""A file's first bytes and its zip directory: what sort of file it is, before anything in it is unpacked.

Anything that is not an .xlsx or .xlsm is refused in one plain sentence (reliability B1 and B3).
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from xml.parsers import expat

from bulkops.errors import CannotStart
from bulkops.lengths import length, too_long
from bulkops.workbook.kinds import ole_kind, text_kind, zip_kind

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MAX_FILE = 200 * 2**20
_SMALL_FILE, _SMALL_UNPACKED = 2**23, 2**24
"""At worst a million cells, or some seconds of XML that says nothing."""
_TEXT_SAMPLE = 4096
BROKEN = (
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ArithmeticError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What zipfile, zlib, expat and the handlers of a part raise over a damaged one."""


def is_small(content: bytes) -> bool:
    """By its zip directory alone: is this a workbook in which nothing can take long, or much memory?"""
    if not content.startswith(_ZIP) or len(content) > _SMALL_FILE:
        return False
    try:
        parts = zipfile.ZipFile(BytesIO(content)).infolist()
    except BROKEN:
        return False
    names = {part.filename for part in parts}
    return "_rels/.rels" in names and sum(part.file_size for part in parts) <= _SMALL_UNPACKED


def content_of(path: Path) -> bytes:
    """A file's bytes. Raises CannotStart for what cannot be read, or is too big to be a workbook."""
    if path.name.startswith("~$"):
        raise CannotStart("workbook.owner_file", path=path.name)
    if too_long(path):
        raise CannotStart("workbook.too_long", path=path.name, value=length(path))
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise CannotStart("workbook.folder", path=str(path))
        if not stat.S_ISREG(facts.st_mode):
            # A device or a pipe may never end.
            raise CannotStart("workbook.no_access", path=str(path))
        if facts.st_size > _MAX_FILE:
            raise CannotStart("workbook.too_big", path=path.name)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CannotStart("workbook.missing", path=str(path)) from error
    except (OSError, ValueError) as error:
        raise CannotStart("workbook.no_access", path=str(path)) from error


def opened(path: Path, content: bytes) -> zipfile.ZipFile:
    """The zip that a workbook is. Raises CannotStart with a ``workbook.*`` code for anything else."""
    name = path.name
    if not content:
        raise CannotStart("workbook.empty", path=name)
    if content.startswith(_OLE):
        raise CannotStart(ole_kind(content), path=name)
    if not content.startswith(_ZIP):
        raise CannotStart(text_kind(path, content[:_TEXT_SAMPLE]), path=name, value=1)
    try:
        archive = zipfile.ZipFile(BytesIO(content))
    except BROKEN as error:
        raise CannotStart("workbook.damaged", path=name, detail="the file ends too early") from error
    names = [info.filename.lower() for info in archive.infolist()]
    # Other archives may be packed or locked in ways that no workbook is, and hold one all the same.
    if "[content_types].xml" not in names and "mimetype" not in names and zip_kind(names) == "workbook.archive":
        raise CannotStart("workbook.archive", path=name)
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise CannotStart("workbook.encrypted", path=name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CannotStart("workbook.damaged", path=name, detail="it is packed in another way than Excel's")
    return archive
