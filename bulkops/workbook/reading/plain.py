"""What nearly every program writes, read without a parser's events: plain rows, plain texts (see ``xml_feed``)."""

import re
from collections.abc import Sequence
from itertools import repeat

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.workbook.number_formats import GENERAL, Format
from bulkops.workbook.sheets import column_letters, column_number

_TEXT = "[^<\x00-\x08\x0b-\x1f\ufffe\uffff]*+"
"""Characters that stand for themselves, but for an ampersand; a carriage return does not."""
_SPACE = '(?: xml:space="preserve")?'
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_ENTITY = re.compile(f"&({'|'.join(_ENTITIES)});")
_ITEM = re.compile(f"[ \t\n]*<si><t{_SPACE}>({_TEXT})</t>")
_ROW = r'[ \t\n]*<row r="([1-9][0-9]{0,6})"((?: [A-Za-z0-9]+(?::[A-Za-z0-9]+)?="[^"<>&\x00-\x1f]*")*)>'
_LETTERS = "[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]"
_OPENING = re.compile(rf'<c r="({_LETTERS})[0-9]+"((?: s="([0-9]{{1,9}})")?(?: t="(n|s|b|inlineStr)")?)')
_VALUES = {
    "n": r"<v>(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)</v>",
    "s": r"<v>(0|[1-9][0-9]{0,8})</v>",
    "b": "<v>([01])</v>",
    "inlineStr": f"<is><t{_SPACE}>({_TEXT})</t></is>",
}
_KINDS = {"n": Kind.NUMBER, "s": Kind.TEXT, "b": Kind.BOOL, "inlineStr": Kind.TEXT}
_BOOLS: dict[str | None, str | None] = {"0": "FALSE", "1": "TRUE", None: None}
_LESSONS, _LESSON, _WIDEST, _SORTS = 5, 200, 200, 6
"""How often a pattern is made for a sheet, from how many rows, for how many columns, with how many sorts of cells."""


def plain_text(piece: str) -> str | None:
    """The text of a shared item, up to its ``</si>``; None if it is not plain."""
    found = _ITEM.fullmatch(piece)
    return None if found is None or _is_unusual(piece) else _unescape(found[1])


def _is_unusual(piece: str) -> bool:
    """It may hold what Excel escapes, what XML forbids, or a character by its number."""
    return "_x" in piece or "]]>" in piece or ("&" in piece and len(_ENTITY.findall(piece)) != piece.count("&"))


def _unescape(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], text) if "&" in text else text


class PlainRows:
    """Reads the rows of a sheet that one pattern covers, from their start tag to their last cell.

    Which sorts of cells the pattern expects in which column is learned from some rows. That is only a guess: a row
    that it covers holds at most one cell for each column, in order, at the row's own addresses, of a common type and
    without a formula; any other row is not plain.
    """

    def __init__(self, formats: Sequence[Format], strings: Sequence[str]) -> None:
        self._formats = formats
        self._texts: dict[str | None, str | None] = {str(number): text for number, text in enumerate(strings)}
        self._texts[None] = None
        self.forget()

    def forget(self) -> None:
        """Another sheet begins."""
        self._pattern: re.Pattern[str] | None = None
        self._lessons = self._missed = 0

    def read(self, piece: str) -> tuple[str, str, dict[int, Cell]] | None:
        """A row up to its ``</row>`` → its number, its other attributes, its cells. None if it is not plain."""
        row = self._pattern.fullmatch(piece) if self._pattern else None
        if row is None or _is_unusual(piece):
            self._missed += 1
            return None
        number, attributes, *found = row.groups()
        texts: list[str | None] = [text and _unescape(text) for text in found] if "&" in piece else found
        try:
            for at, meant in self._meant:
                texts[at] = meant[texts[at]]
        except KeyError:
            return None  # a shared text that is not there
        kinds, shown, decimals = self._kinds, self._shown, self._decimals
        if self._by_number:
            kinds, shown, decimals = kinds.copy(), shown.copy(), decimals.copy()
            for at, format_ in self._by_number:
                if text := texts[at]:
                    kinds[at], shown[at], decimals[at] = format_.display(text)
        cells = map(tuple.__new__, repeat(Cell), zip(self._columns, kinds, texts, shown, decimals, strict=True))
        # A cell without a value, or with an empty text, is blank.
        return number, attributes, {cell[0]: cell for cell in cells if cell[2]}

    def learn(self, pieces: Sequence[str]) -> None:
        """Make a pattern for rows like these, if there is none, or too many rows were not covered by it."""
        if self._lessons >= _LESSONS or (self._pattern and self._missed <= len(pieces) // 2):
            return
        self._lessons, self._missed = self._lessons + 1, 0
        seen: dict[int, dict[tuple[str, str, str], None]] = {}
        for letters, attributes, style, type_ in _OPENING.findall("".join(pieces[:_LESSON])):
            seen.setdefault(column_number(letters), {})[attributes, style, type_ or "n"] = None
        self._columns: list[int] = []
        self._kinds: list[Kind] = []
        self._shown: list[Shown] = []
        self._decimals: list[int | None] = []
        self._meant: list[tuple[int, dict[str | None, str | None]]] = []
        self._by_number: list[tuple[int, Format]] = []
        cells = [self._cell(column, list(seen[column])[:_SORTS]) for column in sorted(seen)[:_WIDEST]]
        self._pattern = re.compile(_ROW + "".join(cells))

    def _cell(self, column: int, sorts: Sequence[tuple[str, str, str]]) -> str:
        """The pattern of a column's cell, with a group for the value of each sort of cell."""
        patterns = []
        for attributes, style, type_ in sorts:
            known = int(style or 0) < len(self._formats)
            format_ = self._formats[int(style or 0)] if known and type_ == "n" else GENERAL
            meant = {"s": self._texts, "b": _BOOLS}.get(type_)
            if meant is not None:
                self._meant.append((len(self._columns), meant))
            if format_.only is None:
                self._by_number.append((len(self._columns), format_))
            kind, shown, decimals = format_.only or GENERAL.choices[0].display
            self._columns.append(column)
            self._kinds.append(kind if type_ == "n" else _KINDS[type_])
            self._shown.append(shown)
            self._decimals.append(decimals)
            # A number of no known format is expat's to refuse: this group matches nothing.
            value = _VALUES[type_] if known or type_ != "n" else r"([^\s\S])"
            patterns.append(f"{attributes}(?:/>|>(?:{value})?</c>)")
        return rf'(?:<c r="{column_letters(column)}\1"(?:{"|".join(patterns)}))?'
