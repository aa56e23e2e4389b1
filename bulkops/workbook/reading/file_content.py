"""A file's bytes, and whether they look like a workbook in which nothing takes long."""

import errno
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.system import folders
from bulkops.system.folders import Id, id_of
from bulkops.system.links import Planted
from bulkops.system.path_lengths import length, too_long
from bulkops.workbook.allowance import MOST_FILE, TooBig
from bulkops.workbook.package import DamagedPackage, opened_zip
from bulkops.workbook.reading.file_types import ZIP

_SMALL_FILE, _SMALL_UNPACKED = 2**23, 2**24
"""At worst a million cells, or some seconds of XML that says nothing."""


def is_small(content: bytes) -> bool:
    """By its zip directory alone: does this look like a workbook in which nothing takes long, or much memory?"""
    if not content.startswith(ZIP) or len(content) > _SMALL_FILE:
        return False
    try:
        parts = opened_zip(content).infolist()
    except (TooBig, DamagedPackage):
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
            return folders.whole(stream, MOST_FILE)
    except Planted as link:
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
