"""A file's first bytes and its zip directory: what sort of file it is, before anything in it is unpacked.

Anything that is not an .xlsx or .xlsm is refused in one plain sentence.
"""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from pathlib import Path
from xml.parsers import expat

from bulkops.messages.errors import CannotStart
from bulkops.system import folders
from bulkops.system.folders import Id, id_of
from bulkops.system.path_lengths import length, too_long
from bulkops.workbook.allowance import TooBig, opened_zip
from bulkops.workbook.reading.file_types import ole_kind, text_kind, zip_kind

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
    """By its zip directory alone: does this look like a workbook in which nothing takes long, or much memory?"""
    if not content.startswith(_ZIP) or len(content) > _SMALL_FILE:
        return False
    try:
        parts = opened_zip(content).infolist()
    except BROKEN:  # TooBig is among them
        return False
    names = {part.filename for part in parts}
    return "_rels/.rels" in names and sum(part.file_size for part in parts) <= _SMALL_UNPACKED


def content_of(path: Path, file: Id | None = None) -> bytes:
    """A file's bytes; of this file only, where it was looked at before.

    Raises CannotStart for what cannot be read, or is too big to be a workbook.
    """
    if path.name.startswith("~$"):
        raise CannotStart("workbook.owner_file", path=path.name)
    if too_long(path):
        raise CannotStart("workbook.too_long", path=path.name, value=length(path))
    try:
        with folders.opened(path) as stream:
            if file not in (None, id_of(stream.fileno())):
                raise CannotStart("workbook.changed", path=path.name)
            return folders.whole(stream, _MAX_FILE)
    except folders.Planted as link:
        raise CannotStart("workbook.planted", path=path.name, value=link.filename) from link
    except IsADirectoryError as error:
        raise CannotStart("workbook.folder", path=str(path)) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        from bulkops.system.files import displaced

        if left := displaced(path):
            raise CannotStart("workbook.displaced", path=str(path), value=left) from error
        raise CannotStart("workbook.missing", path=str(path)) from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise CannotStart("workbook.too_big", path=path.name) from error
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
        archive = opened_zip(content)
    except TooBig as error:
        raise CannotStart("workbook.too_big", path=name) from error
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
