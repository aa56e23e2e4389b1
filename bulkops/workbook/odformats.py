"""The number formats of an OpenDocument spreadsheet, written as Excel's format codes and judged as those are."""

from __future__ import annotations

from dataclasses import dataclass, field

from bulkops.model import Shown
from bulkops.workbook.formats import GENERAL, Format, format_of_code

NUMBER = "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_KINDS = {f"{NUMBER} {kind}-style" for kind in ("number", "currency", "percentage", "date", "time", "boolean", "text")}
_CODES = {
    **dict.fromkeys(
        (
            "year",
            "month",
            "day",
            "day-of-week",
            "era",
            "quarter",
            "week-of-year",
            "hours",
            "minutes",
            "seconds",
            "am-pm",
        ),
        "d",
    ),
    "scientific-number": "0.00E+00",
    "fraction": "# ?/?",
    "text-content": "@",
    "boolean": '"TRUE"',
}
_SPECIAL = Format(False, Shown.SPECIAL)


@dataclass(slots=True)
class _DataStyle:
    code: str = ""
    positive: str = ""
    """The style that counts for numbers above 0, where the style has one for them."""
    others: list[str] = field(default_factory=list)
    """Styles under any other condition."""


@dataclass(slots=True)
class Styles:
    """What matters of the styles: number formats of cells, and what is hidden by its style."""

    hidden: set[str] = field(default_factory=set)
    """Styles of tables, rows and columns that show nothing."""
    _data: dict[str, _DataStyle] = field(default_factory=dict)
    _cells: dict[str, tuple[str, str]] = field(default_factory=dict)
    """A cell style's data style and its parent."""
    _formats: dict[str, Format] = field(default_factory=dict)
    _style: str = ""
    _open: _DataStyle | None = None
    _literal: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of an element; the handlers are fed with styles.xml first, then with content.xml."""
        space, _, name = tag.partition(" ")
        if tag in _KINDS:
            self._open = self._data[attributes.get(f"{STYLE} name", "")] = _DataStyle()
            self._open.code = "%" if name == "percentage-style" else ""
        elif self._open is not None:
            self._piece(self._open, tag, attributes)
        elif tag == f"{STYLE} style":
            self._style = attributes.get(f"{STYLE} name", "")
            if attributes.get(f"{STYLE} family") == "table-cell":
                data, parent = (attributes.get(f"{STYLE} {each}-style-name", "") for each in ("data", "parent"))
                self._cells[self._style] = (data, parent)
        elif space == STYLE and name in ("table-properties", "table-row-properties", "table-column-properties"):
            sizes = (attributes.get(f"{STYLE} {each}", "1") for each in ("row-height", "column-width"))
            if attributes.get(f"{_TABLE} display") == "false" or any(size.strip("0.")[:1].isalpha() for size in sizes):
                self.hidden.add(self._style)

    def end(self, tag: str) -> None:
        """An element's end."""
        self._literal = False
        if tag in _KINDS:
            self._open = None

    def text(self, data: str) -> None:
        """The words between and around a number."""
        if self._literal and self._open is not None:
            self._open.code += '"' + data.replace('"', "?") + '"'

    def format(self, name: str) -> Format:
        """The format of a cell style; one that leads nowhere is special, none is general."""
        if name not in self._formats:
            self._formats[name] = self._judged(name)
        return self._formats[name]

    def _judged(self, name: str) -> Format:
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            data, parent = self._cells.get(name, ("", ""))
            if data:
                return self._judged_data(data)
            name = parent
        return GENERAL

    def _judged_data(self, name: str) -> Format:
        style = self._data.get(name)
        if style is None:
            return _SPECIAL
        if style.positive in self._data:
            return format_of_code(self._data[style.positive].code)
        formats = {format_of_code(self._data[each].code) if each in self._data else _SPECIAL for each in style.others}
        formats.add(format_of_code(style.code))
        return formats.pop() if len(formats) == 1 else _SPECIAL

    def _piece(self, style: _DataStyle, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.partition(" ")
        if tag == f"{STYLE} map":
            target = attributes.get(f"{STYLE} apply-style-name", "")
            if attributes.get(f"{STYLE} condition", "").replace(" ", "") in ("value()>0", "value()>=0"):
                style.positive = target
            else:
                style.others.append(target)
        elif space != NUMBER:
            return
        elif name == "number":
            style.code += _number(attributes)
        elif name == "currency-symbol":
            style.code += "[$\N{CURRENCY SIGN}]"
        elif name == "text":
            self._literal = True
        elif name == "embedded-text":
            style.code += '"?"'
        else:
            style.code += _CODES.get(name, "")


def _number(attributes: dict[str, str]) -> str:
    """``#,##0.00`` and the like. Without a number of decimals it shows as many as there are."""
    places = attributes.get(f"{NUMBER} decimal-places")
    least = attributes.get(f"{NUMBER} min-integer-digits", "1")
    grouped = attributes.get(f"{NUMBER} grouping") == "true"
    if places is None and least in ("0", "1") and not grouped:
        return "general"
    shown = int(places or "0")
    fixed = min(int(attributes.get(f"{NUMBER} min-decimal-places", places or "0")), shown)
    whole = "0" * min(int(least), 2) or "#"
    scale = "" if float(attributes.get(f"{NUMBER} display-factor", "1")) == 1 else ","
    decimals = "0" * fixed + "#" * (shown - fixed)
    return ("#,##" if grouped else "") + whole + ("." + decimals if decimals else "") + scale
