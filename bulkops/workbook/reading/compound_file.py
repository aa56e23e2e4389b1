"""The container of old Excel files ([MS-CFB]): what stands in it, and which program says that it saved the file."""

from __future__ import annotations

import io
import struct
from collections.abc import Collection
from typing import TYPE_CHECKING

from bulkops.workbook.package import BROKEN

if TYPE_CHECKING:
    from xlrd.compdoc import CompDoc

_SUMMARY = "\x05SummaryInformation"
_APPLICATION, _MOST_PROPERTIES = 0x12, 100
"""The number of a property: the name of the program ([MS-OLEPS], PIDSI_APPNAME)."""
BROKEN_XLS = (*BROKEN, AssertionError, AttributeError, NameError, TypeError)
"""What xlrd raises over a damaged file, beside its own errors."""


def top_names(content: bytes) -> Collection[str]:
    """The names of what stands at its top, in small letters. Raises ValueError for a damaged container."""
    container = _container(content)
    return {container.dirlist[at].name.lower() for at in container.dirlist[0].children}


def application(content: bytes) -> str:
    """Which program the file says it was saved by; "" if it does not say."""
    from xlrd.compdoc import CompDocError

    try:
        summary = _container(content).get_named_stream(_SUMMARY) or b""
        (section,) = struct.unpack_from("<I", summary, 44)
        (count,) = struct.unpack_from("<I", summary, section + 4)
        for number in range(min(count, _MOST_PROPERTIES)):
            property_, at = struct.unpack_from("<II", summary, section + 8 + 8 * number)
            if property_ == _APPLICATION:
                (size,) = struct.unpack_from("<I", summary, section + at + 4)
                text: bytes = summary[section + at + 8 : section + at + 8 + size]
                return text.rstrip(b"\0").decode("latin-1")
    except (CompDocError, *BROKEN_XLS):
        pass
    return ""


def _container(content: bytes) -> CompDoc:
    from xlrd.compdoc import CompDoc, CompDocError

    try:
        return CompDoc(content, logfile=io.StringIO())
    except (CompDocError, *BROKEN_XLS) as error:
        raise ValueError("no container") from error
