"""The cell styles of the Results sheet, found in a workbook's style table or added to it.

What an earlier run added is found again, also after another program has saved it in its own words: the table does
not grow from run to run.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bulkops.workbook.patching import Element, Patch
from bulkops.workbook.text import natural

MOST_FORMATS = 64_000
"""Excel's limit of cell formats in a workbook."""
_FIRST_OWN_FORMAT = 164
_BUILT_IN = {"General": 0, "@": 49}
_FONT, _SIZE = "Calibri", "11"
_NO, _YES = ("0", "false"), ("1", "true")
_NOTHING = (*_NO, "none", "baseline")
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


class StylesFull(ValueError):
    """The workbook has as many cell formats as Excel allows."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks."""

    form: str = "General"
    fill: str = ""
    bold: bool = False
    underline: bool = False
    colour: str = ""
    horizontal: str = ""
    wrap: bool = False

    @property
    def font(self) -> tuple[str, ...]:
        """What is compared of a font."""
        return (_FONT, _SIZE, *(["b"] if self.bold else []), *(["u"] if self.underline else []), self.colour)


def add_looks(patch: Patch, looks: Mapping[str, Look]) -> dict[str, int]:
    """Each look's number among the cell styles; those that are missing are added. Raises StylesFull, ValueError."""
    table = _Table(patch.root)
    numbers = {name: table.style(look) for name, look in looks.items()}
    table.put(patch)
    return numbers


class _Table:
    """A style table and what is to be added to it."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._new: dict[str, list[str]] = {name: [] for name in _DEFAULTS}
        self._formats = {
            each.attributes.get("formatCode", "").replace("\\", ""): natural(each.attributes.get("numFmtId", ""))
            for each in self._entries("numFmts")
        }
        fonts = [_font(each) for each in self._entries("fonts")]
        fills = [_fill(each) for each in self._entries("fills")]
        self._fonts = _first(fonts)
        self._fills = {**_first(fills), "": 0}
        self._styles = _first([self._style(each, fonts, fills) for each in self._entries("cellXfs")])

    def style(self, look: Look) -> int:
        """The number of the cell style with this look. Raises StylesFull."""
        key = (self._format(look.form), self._font(look), self._fill(look.fill), look.horizontal, look.wrap)
        if key not in self._styles:
            form, font, fill, horizontal, wrap = key
            applied = "".join(f' apply{what}="1"' for what in ("NumberFormat", "Font", "Fill", "Alignment"))
            aligned = (f' horizontal="{horizontal}"' if horizontal else "") + ' vertical="top"'
            wrapped = ' wrapText="1"' if wrap else ""
            xf = f'<{{x}}xf numFmtId="{form}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"{applied}>'
            self._styles[key] = self._add("cellXfs", f"{xf}<{{x}}alignment{aligned}{wrapped}/></{{x}}xf>")
            if self._styles[key] >= MOST_FORMATS:
                raise StylesFull
        return self._styles[key]

    def put(self, patch: Patch) -> None:
        """Write down what was added."""
        before: list[str] = []
        for name, defaults in _DEFAULTS.items():
            section = self._root.child(name)
            x = self._root.prefix if section is None else section.prefix
            entries = "".join((*defaults[len(self._entries(name)) :], *self._new[name])).format(x=x)
            if section is None and entries:
                patch.append(self._root, f"<{x}{name}>{entries}</{x}{name}>", after=before)
            elif section is not None and entries:
                patch.append(section, entries)
                patch.set_attribute(section, "count", str(self._start(name) + len(self._new[name])))
            before.append(name)

    def _format(self, code: str) -> int:
        if code in _BUILT_IN:
            return _BUILT_IN[code]
        if code not in self._formats:
            taken = set(self._formats.values())
            number = next(free for free in itertools.count(_FIRST_OWN_FORMAT) if free not in taken)
            quoted = code.replace('"', "&quot;")
            self._add("numFmts", f'<{{x}}numFmt numFmtId="{number}" formatCode="{quoted}"/>')
            self._formats[code] = number
        return self._formats[code]

    def _font(self, look: Look) -> int:
        if look.font not in self._fonts:
            bold, underline = "<{x}b/>" if look.bold else "", "<{x}u/>" if look.underline else ""
            colour = f'<{{x}}color rgb="FF{look.colour}"/>' if look.colour else ""
            name = f'<{{x}}name val="{_FONT}"/><{{x}}family val="2"/>'
            font = f'<{{x}}font>{bold}{underline}<{{x}}sz val="{_SIZE}"/>{colour}{name}</{{x}}font>'
            self._fonts[look.font] = self._add("fonts", font)
        return self._fonts[look.font]

    def _fill(self, colour: str) -> int:
        if colour not in self._fills:
            solid = (
                f'<{{x}}patternFill patternType="solid"><{{x}}fgColor rgb="FF{colour}"/><{{x}}bgColor indexed="64"/>'
            )
            self._fills[colour] = self._add("fills", f"<{{x}}fill>{solid}</{{x}}patternFill></{{x}}fill>")
        return self._fills[colour]

    def _style(self, xf: Element, fonts: Sequence[object], fills: Sequence[object]) -> tuple[object, ...] | None:
        """What ``style`` looks for; None for one that none of our looks can be."""
        facts = {name: natural(xf.attributes.get(name, "0")) for name in ("numFmtId", "fontId", "fillId", "borderId")}
        aligned = xf.child("alignment")
        ways = {name: value for name, value in aligned.attributes.items() if value not in _NO} if aligned else {}
        wrap = ways.pop("wrapText", "") in _YES
        horizontal = ways.pop("horizontal", "").replace("general", "")
        if facts["borderId"] or ways != {"vertical": "top"}:
            return None
        if facts["fontId"] >= len(fonts) or facts["fillId"] >= len(fills):
            return None
        font, fill = self._fonts[fonts[facts["fontId"]]], self._fills[fills[facts["fillId"]]]
        return facts["numFmtId"], font, fill, horizontal, wrap

    def _entries(self, name: str) -> list[Element]:
        section = self._root.child(name)
        return section.children if section is not None else []

    def _start(self, name: str) -> int:
        """The number of a section's first new entry."""
        return max(len(self._entries(name)), len(_DEFAULTS[name]))

    def _add(self, name: str, xml: str) -> int:
        self._new[name].append(xml)
        return self._start(name) + len(self._new[name]) - 1


def _first(keys: Sequence[object]) -> dict[object, int]:
    """The number of each key; of equal ones the first."""
    return {key: number for number, key in reversed(list(enumerate(keys)))}


def _font(font: Element) -> tuple[str, ...]:
    """What is compared of a font; the texts of anything more than ours have make it another one."""
    said = {each.local: each.attributes for each in font.children if each.attributes.get("val", "1") not in _NOTHING}
    colour = said.pop("color", {})
    rgb = colour.get("rgb", "")[-6:].upper()
    plain = colour in ({}, {"theme": "1"}) or rgb == "000000"
    name, size = (said.pop(each, {}).get("val", "") for each in ("name", "sz"))
    marks = sorted(said.keys() - {"family", "charset", "scheme"})
    return (name, size, *marks, "" if plain else rgb or str(colour))


def _fill(fill: Element) -> str:
    pattern = fill.child("patternFill")
    kind = pattern.attributes.get("patternType", "none") if pattern is not None else "other"
    if pattern is None or kind != "solid":
        return "" if kind == "none" else f"other {kind}"
    colour = pattern.child("fgColor")
    return colour.attributes.get("rgb", "")[-6:].upper() if colour is not None else "other"
