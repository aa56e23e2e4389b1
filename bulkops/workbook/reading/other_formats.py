"""Files that are no Excel workbooks of today, and are read all the same: text files, OpenDocument, old Excel.

Each reader gives what the reader of .xlsx gives, so the same checks and sentences follow.
"""

import hashlib
from pathlib import Path

from bulkops.workbook.sheets import Names, Sheet, Workbook

FOREIGN = ("workbook.csv", "workbook.ods", "workbook.xls")
"""What the package says of such a file, by what is in it."""


def read_foreign(path: Path, content: bytes, code: str) -> tuple[Workbook, Names]:
    """Read a file that the package found to be of another sort. Raises CannotStart with a sentence."""
    sha256 = hashlib.sha256(content).hexdigest()
    sheets, names = _sheets(path, content, code)
    return Workbook(path, sha256, sha256, tuple(sheets)), names


def _sheets(path: Path, content: bytes, code: str) -> tuple[list[Sheet], Names]:
    if code == "workbook.csv":
        from bulkops.workbook.reading.delimited import read_delimited

        return [read_delimited(path, content)], {}
    if code == "workbook.ods":
        from bulkops.workbook.reading.ods import read_ods

        return read_ods(path, content)
    from bulkops.workbook.reading.xls import read_xls

    return read_xls(path, content)
