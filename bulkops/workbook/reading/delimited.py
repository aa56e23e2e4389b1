"""Text files of rows (.csv, .tsv, .txt): what separates their columns, in which encoding they are, and their rows.

Nothing in such a file says either, so both are taken only where they are sure, and quoting
is read strictly: a cell in the wrong column would be sent as what it is not. Every value
is text, but for what a program shows instead of a value.
"""

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.model.rows import Cell, Kind
from bulkops.operations import all_operations
from bulkops.operations.base import columns
from bulkops.operations.cells import Reader, Unreadable
from bulkops.operations.heading_names import heading_words, known_headings, normal
from bulkops.operations.text_cells import read_code, read_text
from bulkops.workbook.sheets import LAST_ROW, MAX_CELLS, Sheet, SheetRow
from bulkops.workbook.text import LONGEST, is_error

_SEPARATORS = ",;\t|"
_SEARCHED_ROWS = 20
_BLOCK = 16
"""So many rows Excel writes at once, without the last columns if nothing stands in them there. Headings fill theirs."""
_NAMED = re.compile(r'"?sep=(.)\1*"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
"""Excel's own first line for it; neither Excel nor LibreOffice counts it as a row."""
_LINE_END = re.compile("\r\n|\r|\n")
_QUOTED = re.compile('"([^"]*(?:""[^"]*)*)"')
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
Record = tuple[int, list[str]]
"""The line a row begins in, from 1, and its cells."""


def read_delimited(path: Path, content: bytes) -> Sheet:
    """The one sheet of a text file, called by the file's stem.

    Rows are numbered as a spreadsheet program shows them: a quoted text over several lines is one row, a blank line
    is a row. Sentences about a line count the file's lines. Raises CannotStart for what can be read in two ways.
    """
    text = _decoded(path, content)
    named = _NAMED.match(text)
    body, first = (text[named.end() :], 2) if named else (text, 1)
    separator, heading_row = _separator(path, body, first, named[1] if named else None)
    sheet = Sheet(path.stem, False)
    room = MAX_CELLS
    records = list(_records(path, body, first, separator))
    _refuse_moved(path, records, separator, heading_row)
    for number, (line, values) in enumerate(records, 1):
        cells = {column: _cell(column, value) for column, value in enumerate(values, 1) if value != ""}
        room -= len(cells)
        if room < 0 or number > LAST_ROW:
            raise CannotStart("workbook.too_big", path=path.name)
        if any(len(cell.text) > LONGEST for cell in cells.values()):
            raise _line(path, line, f"a text is longer than the {LONGEST} characters that a cell can hold")
        if cells:
            sheet.rows.append(SheetRow(number, False, cells))
    return sheet


def _refuse_moved(path: Path, records: list[Record], separator: str, heading_row: int) -> None:
    """Refuse rows that may have lost or taken cells or whole rows: a separator or quote too many, a line cut in two."""
    headings = records[heading_row - 1][1]
    most, needed = len(headings), max(column for column, value in enumerate(headings, 1) if value.strip())
    fewest = needed
    for first in range(heading_row // _BLOCK * _BLOCK, len(records), _BLOCK):
        block = records[max(first, heading_row) : first + _BLOCK]
        widths = {line: len(values) for line, values in block if any(map(str.strip, values))}
        for line, cells in widths.items():
            if cells > most:
                reason = "a text that holds the separator must stand in quotes"
                raise _line(path, line, f"it has {cells} cells, and there are {most} headings; {reason}")
            # The last line without its end may be what is left of a file that was cut off.
            whole = first >= heading_row and cells > 1 and len({*widths.values()}) == 1 and line != records[-1][0]
            if cells < needed and not whole:
                reason = "a line may be cut in two, or blank cells at its end lack their separators"
                raise _line(path, line, f"it has {cells} cells, and there are {needed} headings; {reason}")
            fewest = min(fewest, cells)
    _refuse_swallowed(path, records, separator, heading_row, max(fewest, 2))


def _refuse_swallowed(path: Path, records: list[Record], separator: str, heading_row: int, fewest: int) -> None:
    """Refuse a text over several lines of which one could be a row of its own, if the quotes around it were none.

    A comment has separators, too, but hardly what a row's key is like where the key stands.
    """
    operations = all_operations()
    known = known_headings(operations.values())
    names = [known.get(heading_words(heading), ("", ""))[0] for heading in records[heading_row - 1][1]]
    keys = [at for at, name in enumerate(names) if name in {each.target for each in operations.values()}]
    fields = columns(list(operations.values()))
    words = {normal(choice) for each in fields.values() for choice in each.choices}
    # A comment may hold anything where a text stands, but hardly an id or a Yes in the very column of one.
    readers = [
        (at, fields[name].read)
        for at, name in enumerate(names)
        if name in fields and at not in keys and fields[name].read not in (read_text, read_code)
    ]

    def has_value(at: int, read: Reader, cells: list[str]) -> bool:
        found = read(Cell(at + 1, Kind.TEXT, cells[at])) if at < len(cells) else None
        return found is not None and not isinstance(found, Unreadable)

    def looks_like_row(cells: list[str]) -> bool:
        if len(cells) < fewest:
            return False
        filled = [cells[at] for at in keys if at < len(cells) and cells[at].strip()]
        # Without a good key it would be a row that needs fixing; within the text of another nobody would notice.
        if filled:
            return any(map(_looks_like_id, filled)) or any(has_value(at, read, cells) for at, read in readers)
        return any(_looks_like_id(cell) or normal(cell) in words for cell in cells)

    for number, (line, values) in enumerate(records, 1):
        if not any("\n" in value for value in values):
            continue
        lines = [each.split(separator) for each in separator.join(values).split("\n")]
        own = next((at for at in keys if at < len(values) and values[at].strip()), 0)
        del lines["".join(values[:own]).count("\n")]  # where the row's own key stands
        for cells in lines:
            headings = number != heading_row and sum(heading_words(cell) in known for cell in cells) > 1
            if headings or looks_like_row(cells):
                reason = "a text in quotes holds a line that could be a row of its own; a quote may be missing"
                raise _line(path, line, reason)


def _looks_like_id(text: str) -> bool:
    """An id, a GUID or what may be meant for one, as the last part of ``name | id`` too: 2001, 2 001 or 20O1."""
    last = text.rpartition("|")[2].strip(' \t"')
    letters = any(map(str.isalpha, last))
    return any(map(str.isdigit, last)) and not (letters and len(last.split()) > 1)


def _cell(column: int, value: str) -> Cell:
    return Cell(column, Kind.ERROR if is_error(value.strip()) else Kind.TEXT, value)


def _decoded(path: Path, content: bytes) -> str:
    """UTF-8, or UTF-16 with its mark. Any other encoding would be a guess between many: each takes any bytes."""
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(content[: error.start].decode(encoding, "replace"))) + 1
        raise CannotStart("workbook.encoding", path=path.name, value=line) from error
    if "\0" in text:
        raise _line(path, len(_LINE_END.findall(text[: text.index("\0")])) + 1, "it holds a NUL character")
    return text


def _separator(path: Path, body: str, first: int, named: str | None) -> tuple[str, int]:
    """The one separator that gives known headings, with the row they stand in."""
    found = {
        separator: place
        for separator in (_SEPARATORS if named is None else named)
        if separator in _SEPARATORS and (place := _headings(path, body, first, separator))
    }
    if len(found) != 1:
        raise CannotStart("workbook.csv", path=path.name)
    return found.popitem()


def _headings(path: Path, body: str, first: int, separator: str) -> int | None:
    """The first row that, so separated, holds a known heading among others."""
    known = known_headings(all_operations().values())
    try:
        records = islice(_records(path, body, first, separator), _SEARCHED_ROWS)
        for number, (_, values) in enumerate(records, 1):
            if len(values) > 1 and any(heading_words(value) in known for value in values):
                return number
    except CannotStart:
        return None  # with another separator the quotes may be right
    return None


def _records(path: Path, body: str, first: int, separator: str) -> Iterator[Record]:
    """Every row, blank ones too. A quote stands at both ends of a cell or, doubled, within such a cell."""
    lines = iter(enumerate(_LINE_END.split(body), first))
    for number, line in lines:
        if '"' not in line:
            yield number, line.split(separator)
            continue
        pieces, quotes = [line], line.count('"')
        while quotes % 2:
            _, more = next(lines, (0, None))
            if more is None:
                raise _line(path, number, "a quote is never closed")
            pieces.append(more)
            quotes += more.count('"')
        yield number, _unquoted(path, number, "\n".join(pieces), separator)


def _unquoted(path: Path, number: int, record: str, separator: str) -> list[str]:
    values = []
    position = -1
    while position < len(record):
        position += 1
        if quoted := _QUOTED.match(record, position):
            values.append(quoted[1].replace('""', '"'))
            position = quoted.end()
            fits = record[position : position + 1] in ("", separator)
        else:
            end = record.find(separator, position)
            end = len(record) if end < 0 else end
            values.append(record[position:end])
            position = end
            fits = '"' not in values[-1] and "\n" not in values[-1]
        if not fits:
            raise _line(path, number, "a quote stands where none belongs")
    return values


def _line(path: Path, line: int, detail: str) -> CannotStart:
    return CannotStart("workbook.line", path=path.name, value=line, detail=detail)
