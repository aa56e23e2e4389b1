"""The number formats of an OpenDocument spreadsheet, written as Excel's format codes and judged as those are."""

import re
from dataclasses import dataclass, field

from bulkops.workbook.number_formats import GENERAL, SPECIAL, Format, Section, chosen, sections_of

NUMBER = "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_KINDS = {f"{NUMBER} {kind}-style" for kind in ("number", "currency", "percentage", "date", "time", "boolean", "text")}
_CODES = {
    **dict.fromkeys(("year", "month", "day", "day-of-week", "era", "quarter", "week-of-year"), "d"),
    **dict.fromkeys(("hours", "minutes", "seconds", "am-pm"), "d"),
    "fraction": "# ?/?",
    "text-content": "@",
    "boolean": '"TRUE"',
}
_CONDITION = re.compile(r"value\(\)(<=|>=|<|>|=|!=)(-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_WORDS = ("text", "currency-symbol", "fill-character", "embedded-text")


@dataclass(slots=True)
class _DataStyle:
    code: str = ""
    maps: list[tuple[str, str]] = field(default_factory=list)
    """A condition, and the style that counts for numbers that meet it."""


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
    _words: str | None = None
    """Words that have begun."""
    _number: dict[str, str] | None = None
    """The attributes of a number that has begun."""
    _within: dict[int, str] = field(default_factory=dict)
    """Words within the number, by how many digits stand behind them."""
    _place: int = 0

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
        _, _, name = tag.partition(" ")
        if self._open is None:
            return
        if tag in _KINDS:
            self._open = None
        elif name == "embedded-text":
            self._within[self._place] = self._within.get(self._place, "") + (self._words or "")
        elif name in _WORDS and self._words is not None:
            symbol = re.sub(r"[\[\]-]", "", self._words) or "\N{CURRENCY SIGN}"
            self._open.code += f"[${symbol}]" if name == "currency-symbol" else _quoted(self._words)
        elif name == "number" and self._number is not None:
            self._open.code += _number(self._number, self._within)
            self._number = None
        if name in _WORDS:
            self._words = None

    def text(self, data: str) -> None:
        """The words between and around a number."""
        if self._words is not None:
            self._words += data

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
            return SPECIAL
        sections = [_section(style)]
        for condition, other in style.maps:
            found = _CONDITION.fullmatch(condition.replace(" ", ""))
            if found is None or other not in self._data:
                return SPECIAL
            section = _section(self._data[other])
            section.condition = found[1].replace("!=", "<>"), float(found[2])
            sections.append(section)
        return chosen(sections)

    def _piece(self, style: _DataStyle, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.partition(" ")
        if tag == f"{STYLE} map":
            names = ("condition", "apply-style-name")
            condition, other = (attributes.get(f"{STYLE} {each}", "") for each in names)
            style.maps.append((condition, other))
        elif space != NUMBER:
            return
        elif name in _WORDS:
            self._words, self._place = "", int(attributes.get(f"{NUMBER} position", "0"))
        elif name == "number":
            self._number, self._within = attributes, {}
        elif name == "scientific-number":
            style.code += _number({**attributes, f"{NUMBER} grouping": "false"}, {}) + "E+00"
        else:
            style.code += _CODES.get(name, "")


def _section(style: _DataStyle) -> Section:
    return sections_of(style.code)[0]


def _quoted(words: str) -> str:
    return '"' + words.replace('"', "?") + '"' if words else ""


def _number(attributes: dict[str, str], within: dict[int, str]) -> str:
    """``#,##0.00`` and the like. Without a number of decimals it shows as many as there are."""
    places = attributes.get(f"{NUMBER} decimal-places")
    least = attributes.get(f"{NUMBER} min-integer-digits", "1")
    grouped = attributes.get(f"{NUMBER} grouping") == "true"
    scale = "" if float(attributes.get(f"{NUMBER} display-factor", "1")) == 1 else ","
    if places is None and least in ("0", "1") and not (grouped or within or scale):
        return "general"
    shown = int(places or "0")
    fixed = min(int(attributes.get(f"{NUMBER} min-decimal-places", places or "0")), shown)
    width = max([int(least), int(attributes.get(f"{NUMBER} exponent-interval", "1")), *(each + 1 for each in within)])
    digits = [("0" if place < int(least) else "#") + _quoted(within.get(place, "")) for place in range(width)]
    decimals = "0" * fixed + "#" * (shown - fixed)
    return ("#,##" if grouped else "") + "".join(reversed(digits)) + ("." + decimals if decimals else "") + scale
