"""Hidden files of bulkops that lie beside a workbook: what they are called, and what hides them."""

import hashlib
import os
import sys
from pathlib import Path

from bulkops.system.path_lengths import LONGEST_NAME


def hidden_name(name: str, end: str) -> str:
    """The name of the hidden file that belongs to a file of this name."""
    found = f".{name}{end}"
    if len(os.fsencode(found)) > LONGEST_NAME:
        # Without case, so that each spelling of the name gives the same one.
        return f".{hashlib.sha256(os.fsencode(name.casefold())).hexdigest()}{end}"
    return found


if sys.platform == "win32":
    import ctypes

    _HIDDEN = 2

    def hide(file: Path) -> None:
        """As its dot does elsewhere."""
        ctypes.windll.kernel32.SetFileAttributesW(str(file), _HIDDEN)
else:

    def hide(_: Path) -> None:
        """Its dot does."""
