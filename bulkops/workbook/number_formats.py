"""What a number format does to a number: is it a date, and what does a reader of the sheet see of the stored digits?

Only as much of Excel's format language as that takes (ECMA-376 part 1, 18.8.30 and 18.8.31). Words, currencies,
separators and colours leave a number what it is. What is not surely harmless is special.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from bulkops.model.rows import Kind, Shown
from bulkops.workbook.scales import adds_only


class Display(NamedTuple):
    """How a number is displayed."""

    kind: Kind
    """NUMBER or DATE."""
    shown: Shown = Shown.PLAIN
    decimals: int | None = None
    """How many decimals are shown; None: as many as there are."""


class Choice(NamedTuple):
    """What a section of a format displays, and of which numbers."""

    condition: tuple[str, float] | None
    """``("<", 100.0)``; None: every number that no section has a condition for."""
    display: Display
    hidden_below: float = 0.0
    """Nothing is seen of numbers nearer to 0 than this: ``#`` shows no digit of a 0."""


@dataclass(frozen=True)
class Format:
    """What a number format displays, by the number."""

    choices: tuple[Choice, ...]
    """The first whose condition is met counts; the last has none."""

    @cached_property
    def only(self) -> Display | None:
        """How every number is displayed; None if that depends on the number."""
        display = self.choices[0].display
        same = all(choice.display == display and not choice.hidden_below for choice in self.choices)
        return display if same else None

    def display(self, digits: str) -> Display:
        """How a number, given by its stored digits, is displayed."""
        if self.only is not None:
            return self.only
        number = float(digits)
        choice = next(each for each in self.choices if each.condition is None or _holds(number, *each.condition))
        return _SPECIAL if abs(number) < choice.hidden_below else choice.display


def _holds(number: float, condition: str, limit: float) -> bool:
    return bool(_CONDITIONS[condition](number, limit))


_CONDITIONS = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
_DATE, _PERCENT, _SPECIAL = Display(Kind.DATE), Display(Kind.NUMBER, Shown.PERCENT), Display(Kind.NUMBER, Shown.SPECIAL)
GENERAL = Format((Choice(None, Display(Kind.NUMBER)),))
SPECIAL = Format((Choice(None, _SPECIAL),))
_BUILTIN = {
    **dict.fromkeys((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)), "yyyy"),
    **dict.fromkeys((0, 49), "General"),
    **dict.fromkeys((3, 5, 6, 37, 38, 41, 42), "#,##0"),
    **dict.fromkeys((4, 7, 8, 39, 40, 43, 44), "#,##0.00"),
    **{1: "0", 2: "0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 48: "##0.0E+0"},
}
"""By number, as far as it matters; the others (fractions, Thai) are special."""
_LONGEST = 1_000
"""Excel lets a code have 255 characters, not counting how they are written down."""
_PIECE = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>general)|(?P<exponent>e[+-])|(?P<bare>.)",
    re.DOTALL | re.IGNORECASE,
)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color *[0-9]+", re.IGNORECASE)
_COLOURS = {"black": "", "color0": "", "color1": "", "color3": "red", "color5": "blue"}
"""Those that are numbers all have, and others are called by the same name: they tell nothing of a sign."""
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=) *([+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_WORDS, _GENERAL, _EXPONENT, _DATE_MARK, _ODD = "W", "G", "E", "D", "!"
_NUMBER = re.compile(
    r"(?P<before>W?)(?:(?P<general>[G@])|(?P<whole>(?:[0#?](?:[0#?,W]*[0#?])?)?)(?P<point>\.?)(?P<decimals>[0#?]*)"
    r"(?P<exponent>E[0#?]+)?)(?P<after>W?)"
)
_SEPARATORS = {" ", "'", ",", "\N{RIGHT SINGLE QUOTATION MARK}", "\N{NO-BREAK SPACE}", "\u2009", "\u202f"}
MINUS = "-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_NO_SIGN = re.compile(rf"\([^()]*[^\W\d_][^()]*\)|(?<=[^\W\d_])[{MINUS}](?=[^\W\d_])")
"""Words in brackets, a hyphen within a word."""
_PRICE_DASH = re.compile(rf"^[.,/][{MINUS}]+")
"""``150,-`` and, in India, ``150/-``: the dash stands for decimals that are none."""


def format_of(number: int, custom: Mapping[int, str]) -> Format:
    """The format of a style's ``numFmtId``, given the workbook's own format codes."""
    code = custom[number] if number in custom else _BUILTIN.get(number)
    return SPECIAL if code is None else format_of_code(code)


def format_of_code(code: str) -> Format:
    """What a format code displays."""
    if len(code) > _LONGEST:
        return SPECIAL
    sections = sections_of(code)
    if len(sections) > 1 and "@" in sections[-1].pattern:
        del sections[-1]  # it is for texts, as a fourth is
    first, *others = sections[:3]
    if not any(section.condition for section in sections):
        for sign, section in zip("<=", others, strict=False):
            section.condition = sign, 0.0
    elif len(others) == 2 and not (first.condition and others[0].condition):
        # Excel makes up the condition that is not there: whichever it is, the sections must all say the same.
        displays = {_displayed(section, "")[0] for section in (first, *others)}
        telling = displays & {_DATE, _PERCENT} or displays
        return Format((Choice(None, telling.pop()),)) if len(telling) == 1 else SPECIAL
    return chosen([first, *others])


def chosen(sections: Iterable[Section]) -> Format:
    """The format of some sections. The one without a condition, wherever it stands, is for what the others leave."""
    ordered = sorted(sections, key=lambda section: section.condition is None)
    conditions = [section.condition for section in ordered]
    above = (">", 0.0) in conditions
    left = "=" if above and ("<", 0.0) in conditions else "<" if above or (">=", 0.0) in conditions else ""
    choices: list[Choice] = []
    beside, dashes = _SPECIAL, []
    for at, section in enumerate(ordered):
        sign, limit = section.condition or (left, 0.0)
        sign = "" if limit else sign[:1]
        if [other.colour for other in ordered].count(section.colour) > 1:
            section.colour = ""  # it tells nothing of a sign
        choices.append(Choice(section.condition, *_displayed(section, sign)))
        if sign == "=" and _is_dash(section):
            dashes.append(at)
        elif sign != "<":
            beside = choices[at].display
    # A dash for a 0 is as good as the 0 of the numbers beside it, but for a text.
    shown = Shown.DRESSED if beside.shown is Shown.PLAIN else beside.shown
    for at in dashes:
        choices[at] = Choice(choices[at].condition, beside._replace(shown=shown))
    if None not in (section.condition for section in ordered):
        choices.append(Choice(None, _SPECIAL))  # Excel shows ### of what no section is for
    return Format(tuple(choices))


@dataclass
class Section:
    """A section of a format code, reduced to what matters."""

    pattern: str = ""
    """Its placeholders, with one letter for each run of words."""
    words: list[str] = field(default_factory=list)
    """Those runs."""
    colour: str = ""
    condition: tuple[str, float] | None = None

    def say(self, words: str) -> None:
        """Take words that stand for themselves."""
        if words and not self.pattern.endswith(_WORDS):
            self.pattern += _WORDS
            self.words.append(words)
        elif words:
            self.words[-1] += words

    def take(self, bare: str) -> None:
        """Take a character that is not quoted."""
        if bare in "0#?.,%@/":
            self.pattern += bare
        elif bare.lower() in "dmyhs":
            self.pattern += _DATE_MARK
        elif bare.lower() in "abeg":
            self.pattern += _ODD  # days and years of other calendars
        else:
            self.say(bare)

    def bracket(self, content: str) -> None:
        """Take a currency, a colour, a condition, or hours that go on beyond 24."""
        if content.startswith("$"):
            # Letters of a currency are never a word for thousands, nor is its point a decimal one.
            self.say(re.sub(r"[^\W\d_]|[./]", "\N{CURRENCY SIGN}", content[1:].partition("-")[0]))
        elif _COLOUR.fullmatch(content):
            self.colour = _COLOURS.get(content.lower().replace(" ", ""), content.lower())
        elif found := _CONDITION.fullmatch(content):
            self.condition = found[1], float(found[2])
        else:
            self.pattern += _DATE_MARK if re.fullmatch("h+|m+|s+", content, re.IGNORECASE) else _ODD


def sections_of(code: str) -> list[Section]:
    """The sections of a format code, in its order."""
    sections = [Section()]
    for piece in _PIECE.finditer(code):
        section = sections[-1]
        if piece["bare"] == ";":
            sections.append(Section())
        elif piece["bare"] is not None:
            section.take(piece["bare"])
        elif piece["bracket"] is not None:
            section.bracket(piece["bracket"])
        elif piece["general"] or piece["exponent"]:
            section.pattern += _GENERAL if piece["general"] else _EXPONENT
        else:
            # As many as fit: a filled-in digit or minus would be one of the number's, other characters are as one.
            section.say(" " if piece["blank"] else piece["fill"] or piece["quoted"] or piece["escaped"] or "")
    return sections


def _is_dash(section: Section) -> bool:
    """Does it show a dash instead of the digits of a 0, as accounting formats do?"""
    before, *after = re.split(f"[{MINUS}]", "".join(section.words), maxsplit=1)
    return set(section.pattern) <= {_WORDS, "?", "#"} and bool(after) and adds_only(before, *after)


def _displayed(section: Section, sign: str) -> tuple[Display, float]:
    """What a section displays of numbers below 0 (sign ``<``) or of others; nothing is seen of those nearer to 0."""
    if _DATE_MARK in section.pattern:
        return _DATE, 0.0
    if "%" in section.pattern:
        return _PERCENT, 0.0
    found = _NUMBER.fullmatch(section.pattern)
    if not found or not (found["general"] or found["whole"] or found["decimals"]):
        return _SPECIAL, 0.0
    before = section.words[0] if found["before"] else ""
    after = section.words[-1] if found["after"] else ""
    between = section.words[len(found["before"]) : len(section.words) - len(found["after"])]
    whole, decimals = found["whole"] or "", found["decimals"] or ""
    grouped = _groups(whole, between)
    if grouped is None or not adds_only(before, after):
        return _SPECIAL, 0.0
    # Excel shows numbers below 0 in a section of their own without a minus but for that of the section's words.
    below = sign == "<"
    signed = _has_sign(before, ("." if found["point"] and not decimals else "") + after)
    if signed != below and not (below and section.colour):
        return _SPECIAL, 0.0
    dressed = signed != below or (before.strip(), after.strip()) != ("-" if below else "", "")
    if found["general"]:
        return Display(Kind.NUMBER, Shown.DRESSED if dressed else Shown.PLAIN), 0.0
    digits = whole.replace(",", "").replace(_WORDS, "")
    if "0" in digits[:-1]:
        return _SPECIAL, 0.0  # zeros before a number are digits that are not stored; 0? and 0# show them too
    if found["exponent"]:
        power = {1: Shown.SCIENTIFIC, 3: Shown.ENGINEERING}.get(len(digits))
        return (_SPECIAL if grouped or power is None else Display(Kind.NUMBER, power, len(decimals))), 0.0
    # Decimals that come and go, .5 without its 0: the same number, but not the same text.
    dressed |= bool(decimals.strip("0") or (found["point"] and not (decimals and digits[-1:] == "0")))
    shown = Shown.GROUPED if grouped else Shown.DRESSED if dressed else Shown.PLAIN
    hidden_below = 0.0 if "0" in digits + decimals else 0.5 * 10.0 ** -len(decimals)
    return Display(Kind.NUMBER, shown, len(decimals)), hidden_below


def _groups(whole: str, between: list[str]) -> bool | None:
    """Are there separators between the digits? None for anything else that stands between them."""
    groups = whole.split(_WORDS)
    if any(words not in _SEPARATORS for words in between) or any(each != each.strip(",") for each in groups):
        return None
    # 12'345 or, in India, 1,23,456: but 123,45 would seem to have decimals.
    *middle, last = groups[1:] or ["000"]
    if len(last) != 3 or any(len(each) not in (2, 3) for each in middle):
        return None
    return bool(between) or "," in whole


def _has_sign(before: str, after: str) -> bool:
    """Do the words make of a number that is shown without a sign one below 0: a minus, brackets around it?"""
    words = (before, _PRICE_DASH.sub("", after))
    return any(char in MINUS or char in "()" for each in words for char in _NO_SIGN.sub("", each))
