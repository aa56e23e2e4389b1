"""How long a path may be: a disk counts the letters of a name, and Windows those of the whole path."""

import os
import sys
from pathlib import Path

LONGEST_NAME = 255
LONGEST_PATH = {"win32": 259, "darwin": 1023}.get(sys.platform, 4095)
"""Windows takes more only where IT allows it and a program asks for it: Excel opens none of more than 218."""


def too_long(path: Path) -> bool:
    """Can there be no file of this name, or by this path?"""
    return _size(path.name) > LONGEST_NAME or length(path) > LONGEST_PATH


def length(path: Path) -> int:
    """Of the whole path, as the system counts it."""
    return _size(os.path.abspath(path))


def shortened(name: str) -> str:
    """As much of a name as leaves room for more in a file's name, which a disk counts in bytes."""
    return os.fsencode(name)[:150].decode(sys.getfilesystemencoding(), "ignore")[:60]


def _size(text: str) -> int:
    """Windows counts units of UTF-16, other systems bytes."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if sys.platform == "win32" else len(os.fsencode(text))
