"""How a cell looks: what is compared of the entries of a style table, and the entries that are added to one."""

import re
from dataclasses import dataclass

from bulkops.workbook.xml_patch import Element

_FONT = "Calibri"
_NOTHING = ("0", "false", "none", "baseline")
_ESCAPED = re.compile(r"\\([- :])")
"""What some programs write before a character that means itself anyway."""


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
    size: str = "11"
    edge: str = ""
    """The colour of a thin line below."""

    @property
    def font(self) -> tuple[str, ...]:
        """What is compared of a font."""
        return (_FONT, self.size, *(["b"] if self.bold else []), *(["u"] if self.underline else []), self.colour)

    @property
    def font_xml(self) -> str:
        """The font as an entry; ``{x}`` stands for the prefix, here and below."""
        bold, underline = "<{x}b/>" if self.bold else "", "<{x}u/>" if self.underline else ""
        colour = f'<{{x}}color rgb="FF{self.colour}"/>' if self.colour else ""
        name = f'<{{x}}name val="{_FONT}"/><{{x}}family val="2"/>'
        return f'<{{x}}font>{bold}{underline}<{{x}}sz val="{self.size}"/>{colour}{name}</{{x}}font>'

    @property
    def fill_xml(self) -> str:
        solid = f'<{{x}}patternFill patternType="solid"><{{x}}fgColor rgb="FF{self.fill}"/><{{x}}bgColor indexed="64"/>'
        return f"<{{x}}fill>{solid}</{{x}}patternFill></{{x}}fill>"

    @property
    def border_xml(self) -> str:
        line = f'<{{x}}bottom style="thin"><{{x}}color rgb="FF{self.edge}"/></{{x}}bottom>'
        return f"<{{x}}border><{{x}}left/><{{x}}right/><{{x}}top/>{line}<{{x}}diagonal/></{{x}}border>"

    def style_xml(self, form: int, font: int, fill: int, border: int) -> str:
        """The cell style as an entry, from the numbers of what it is made of."""
        applied = "".join(f' apply{what}="1"' for what in ("NumberFormat", "Font", "Fill", "Border", "Alignment"))
        aligned = (f' horizontal="{self.horizontal}"' if self.horizontal else "") + ' vertical="top"'
        wrapped = ' wrapText="1"' if self.wrap else ""
        xf = f'<{{x}}xf numFmtId="{form}" fontId="{font}" fillId="{fill}" borderId="{border}" xfId="0"{applied}>'
        return f"{xf}<{{x}}alignment{aligned}{wrapped}/></{{x}}xf>"


def plain_code(code: str) -> str:
    """A format code without what makes no difference."""
    return _ESCAPED.sub(r"\1", code)


def font_of(font: Element) -> tuple[str, ...]:
    """What is compared of a font; the texts of anything more than ours have make it another one."""
    parts = {each.local: each.attributes for each in font.children if each.attributes.get("val", "1") not in _NOTHING}
    colour = parts.pop("color", {})
    rgb = colour.get("rgb", "")[-6:].upper()
    plain = colour in ({}, {"theme": "1"}) or rgb == "000000"
    name, size = (parts.pop(each, {}).get("val", "") for each in ("name", "sz"))
    marks = sorted(parts.keys() - {"family", "charset", "scheme"})
    return (name, size, *marks, "" if plain else rgb or str(colour))


def fill_of(fill: Element) -> str:
    pattern = fill.child("patternFill")
    kind = pattern.attributes.get("patternType", "none") if pattern is not None else "other"
    if pattern is None or kind != "solid":
        return "" if kind == "none" else f"other {kind}"
    colour = pattern.child("fgColor")
    return colour.attributes.get("rgb", "")[-6:].upper() if colour is not None else "other"


def edge_of(border: Element) -> str:
    """The colour of the thin line below, if there is no other line; "" for none at all."""
    lines = [each for each in border.children if each.attributes.get("style", "none") not in _NOTHING]
    if not lines:
        return ""
    colour = lines[0].child("color")
    below = len(lines) == 1 and lines[0].local == "bottom" and lines[0].attributes.get("style") == "thin"
    return colour.attributes.get("rgb", "")[-6:].upper() if below and colour is not None else "other"
