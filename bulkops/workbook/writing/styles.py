"""The cell styles of the Results sheet, found in a workbook's style table or added to it.

What an earlier run added is found again, also after another program has saved it in its own words: the table does
not grow from run to run.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

from bulkops.workbook.text import natural
from bulkops.workbook.writing.looks import Look, edge_of, fill_of, font_of, plain_code
from bulkops.workbook.xml_patch import Element, Part, Patch, UnsupportedPart

MOST_FORMATS = 64_000
"""Excel's limit of cell formats in a workbook."""
_MOST_OTHERS = 2**16
"""Of fonts, fills, borders … it takes a few less."""
_OWN_FORMATS = range(164, 2**16)
"""The numbers of the formats that a workbook declares; those before are built in, some of them by language only."""
_BUILT_IN = {"General": 0, "@": 49}
_NO, _YES = ("0", "false"), ("1", "true")
_DEFAULTS: dict[str, tuple[str, ...]] = {
    "numFmts": (),
    "fonts": ('<{x}font><{x}sz val="11"/><{x}name val="Calibri"/></{x}font>',),
    "fills": (
        '<{x}fill><{x}patternFill patternType="none"/></{x}fill>',
        '<{x}fill><{x}patternFill patternType="gray125"/></{x}fill>',
    ),
    "borders": ("<{x}border><{x}left/><{x}right/><{x}top/><{x}bottom/><{x}diagonal/></{x}border>",),
    "cellStyleXfs": ('<{x}xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>',),
    "cellXfs": ('<{x}xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>',),
}
"""The sections we add to, in the order of the schema, and what must come first in one that is missing or empty:
cells without a style have the first of each."""
_ENTRIES = {name: "xf" if name.endswith("Xfs") else name.removesuffix("s") for name in _DEFAULTS}
"""What their entries are called."""


class StylesFull(UnsupportedPart):
    """The workbook has as many cell formats as Excel allows."""


class StyleTable:
    """A workbook's style table: what counts here of its entries, and what is to be added to them.

    Its entries are looked at one by one and let go, for there can be many.
    """

    def __init__(self, part: str, content: bytes, namespace: str, cells: Collection[int], formats: Collection[int]):
        """``cells``: the numbers of the styles that cells have; ``formats``: those of number formats that any part
        names. Raises UnsupportedPart for a table whose entries cannot be counted surely, StylesFull, TooBig.
        """
        self._sections = {f"{namespace} {name}": name for name in _DEFAULTS}
        self._counts = dict.fromkeys(_DEFAULTS, 0)
        self._new: dict[str, list[str]] = {name: [] for name in _DEFAULTS}
        self._codes: dict[int, set[str]] = {}
        """The codes that are declared for the number of a format."""
        self._taken = set(formats)
        """The numbers of formats that are declared or used, wherever it be."""
        self._used: dict[str, set[int]] = {"fonts": set(), "fills": set(), "borders": set(), "cellXfs": set(cells)}
        """The numbers of entries that are named somewhere, whether there are such entries or not."""
        self._found: dict[tuple[int, int, int, int, str, bool], int] = {}
        fonts: list[tuple[str, ...]] = []
        fills: list[str] = []
        borders: list[str] = []
        self._learn: dict[str, Callable[[Element], object]] = {
            "numFmts": self._learn_format,
            "fonts": lambda font: fonts.append(font_of(font)),
            "fills": lambda fill: fills.append(fill_of(fill)),
            "borders": lambda border: borders.append(edge_of(border)),
            "cellXfs": self._learn_style,
        }
        self.part = Part(part, content, self._entry, self._levels)
        self._root = self.part.root
        if self._root.tag != f"{namespace} styleSheet":
            raise UnsupportedPart(f"{part} is something else")
        tags = [each.tag for each in self._root.children]
        for each in self._root.children:
            if each.local == "AlternateContent" or (each.tag in self._sections and tags.count(each.tag) > 1):
                raise UnsupportedPart(f"{part} holds something twice")
        self._index(fonts, fills, borders)

    def _index(self, fonts: list[tuple[str, ...]], fills: list[str], borders: list[str]) -> None:
        """Find again what the table has of the looks that are wanted."""
        # Programs differ in which code they take for a number that has two, and in whether a built-in one may be given.
        self._formats = {
            plain_code(code): number
            for number, (code, *others) in reversed(self._codes.items())
            if not others and number in _OWN_FORMATS
        }
        self._fonts = _first(fonts)
        self._fills = {**_first(fills), "": 0}
        self._borders = {**_first(borders), "": 0}
        self._styles: dict[Any, int] = {}
        for (form, font, fill, border, *rest), number in self._found.items():
            if font < len(fonts) and fill < len(fills) and border < max(len(borders), 1):
                edge = self._borders[borders[border] if border else ""]
                known = (form, self._fonts[fonts[font]], self._fills[fills[fill]], edge, *rest)
                self._styles.setdefault(known, number)

    def _levels(self, section: str) -> int:
        """How many levels of a section's elements are looked at: none of its entries, only those, or all in them."""
        name = self._sections.get(section)
        return 2 if name is None else 5 if name in self._learn else 3

    def _entry(self, section: Element, entry: Element) -> bool:
        """Learn from an entry of a section what is compared later; it need not be kept."""
        name = self._sections[section.tag]
        if entry.tag != section.own(_ENTRIES[name]):
            raise UnsupportedPart(f"{section.part.name}: {name} hold something else")
        if self._counts[name] >= (MOST_FORMATS if name == "cellXfs" else _MOST_OTHERS):
            raise StylesFull
        if (form := entry.attributes.get("numFmtId", "0")).isdecimal():
            self._taken.add(int(form))
        if name in self._learn:
            self._learn[name](entry)
        self._counts[name] += 1
        return False

    def _learn_format(self, entry: Element) -> None:
        code = entry.attributes.get("formatCode", "")
        self._codes.setdefault(natural(entry.attributes.get("numFmtId", "")), set()).add(code)

    def _learn_style(self, xf: Element) -> None:
        named = [natural(xf.attributes.get(name, "0")) for name in ("fontId", "fillId", "borderId")]
        for section, number in zip(("fonts", "fills", "borders"), named, strict=True):
            self._used[section].add(number)
        aligned = xf.child("alignment")
        ways = {name: value for name, value in aligned.attributes.items() if value not in _NO} if aligned else {}
        wrap = ways.pop("wrapText", "") in _YES
        horizontal = ways.pop("horizontal", "").replace("general", "")
        if ways == {"vertical": "top"}:
            font, fill, border = named
            look = (natural(xf.attributes.get("numFmtId", "0")), font, fill, border, horizontal, wrap)
            self._found.setdefault(look, self._counts["cellXfs"])

    def with_looks(self, looks: Mapping[str, Look]) -> tuple[dict[str, int], bytes]:
        """(each look's number among the cell styles, the table with those that were missing).

        Raises StylesFull; UnsupportedPart if something of the operator's would get the look of what is added.
        """
        numbers = {name: self._style(look) for name, look in looks.items()}
        for name, used in self._used.items():
            count, new = self._counts[name], self._start(name) + len(self._new[name])
            if any(max(count, 1) <= each < new for each in used):
                raise UnsupportedPart(f"{self.part.name} has fewer {name} than are used")
        return numbers, self._patched()

    def keeps(self, before: Self) -> bool:
        """Does every number of ``before`` that a cell, or a style of a cell, can have mean here what it means there:
        the same number format, font, fill, border, alignment and protection?"""
        known = {each.tag for each in before._root.children}
        same = [each for each in self._root.children if each.tag in known]
        return (
            self._root.attributes == before._root.attributes
            and len(same) == len(before._root.children)
            and all(self._extends(new, old) for new, old in zip(same, before._root.children, strict=True))
            and all(each.tag in self._sections for each in self._root.children if each.tag not in known)
            and all(self._codes.get(number) == before._codes.get(number) for number in before._taken)
            and not any(
                max(before._counts[name], 1) <= each < self._counts[name]
                for name, used in before._used.items()
                for each in used
            )
        )

    def _extends(self, new: Element, old: Element) -> bool:
        """Is this the same section, with entries added at its end at most?"""
        if new.tag not in self._sections:
            return (new.tag, new.attributes, new.content) == (old.tag, old.attributes, old.content)
        attributes = {**old.attributes, **{name: value for name, value in new.attributes.items() if name == "count"}}
        return (new.tag, new.attributes) == (old.tag, attributes) and new.content.startswith(old.content)

    def _style(self, look: Look) -> int:
        """The number of the cell style with this look."""
        form = self._format(look.form)
        font = self._number("fonts", self._fonts, look.font, look.font_xml)
        fill = self._number("fills", self._fills, look.fill, look.fill_xml)
        border = self._number("borders", self._borders, look.edge, look.border_xml)
        key = (form, font, fill, border, look.horizontal, look.wrap)
        number = self._number("cellXfs", self._styles, key, look.style_xml(form, font, fill, border))
        if number >= MOST_FORMATS:
            raise StylesFull
        return number

    def _patched(self) -> bytes:
        patch = Patch(self.part)
        before: list[str] = []
        for name, defaults in _DEFAULTS.items():
            section = self._root.child(name)
            x = self._root.prefix if section is None else section.prefix
            entries = "".join((*defaults[self._counts[name] :], *self._new[name])).format(x=x)
            if section is None and entries:
                patch.append(self._root, f"<{x}{name}>{entries}</{x}{name}>", after=before)
            elif section is not None and entries:
                patch.append(section, entries)
                patch.set_attribute(section, "count", str(self._start(name) + len(self._new[name])))
            before.append(name)
        return patch.patched()

    def _format(self, code: str) -> int:
        number = _BUILT_IN.get(code)
        if number is not None and self._codes.get(number, {code}) == {code}:
            return number
        if code not in self._formats:
            taken = self._taken.union(self._formats.values())
            number = next((free for free in _OWN_FORMATS if free not in taken), None)
            if number is None:
                raise StylesFull
            quoted = code.replace('"', "&quot;")
            self._add("numFmts", f'<{{x}}numFmt numFmtId="{number}" formatCode="{quoted}"/>')
            self._formats[code] = number
        return self._formats[code]

    def _number(self, section: str, known: dict[Any, int], key: object, xml: str) -> int:
        """The number of an entry: it is added to its section, unless it is there already."""
        if key not in known:
            known[key] = self._add(section, xml)
        return known[key]

    def _start(self, name: str) -> int:
        """The number of a section's first new entry."""
        return max(self._counts[name], len(_DEFAULTS[name]))

    def _add(self, name: str, xml: str) -> int:
        self._new[name].append(xml)
        return self._start(name) + len(self._new[name]) - 1


def _first(keys: Sequence[object]) -> dict[object, int]:
    """The number of each key; of equal ones the first."""
    return {key: number for number, key in reversed(list(enumerate(keys)))}
