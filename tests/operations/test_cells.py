"""A cell becomes exactly one value, nothing, or a named reason why it cannot be read; never a guess."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.operations import all_operations
from bulkops.operations.base import columns
from bulkops.operations.cells import Reader, Remarked, Unreadable, shorten, value_of
from bulkops.operations.guid_cells import read_guid
from bulkops.operations.numeric_cells import INT32_MAX, read_amount, read_count, read_id, read_ids
from bulkops.operations.text_cells import read_choice, read_flag, read_text

NBSP, ZERO_WIDTH, BOM, EN_DASH = "\u00a0", "\u200b", "\ufeff", "\u2013"
GUID = "7d9e4c10-5b3a-4f6e-9c21-00000000abcd"
CHOICES = {"1": 1, "unresolved": 1, "2": 2, "resolved": 2, "new batch": "new"}
read_word = read_choice(CHOICES, "word.choice")


def text(value: str) -> Cell:
    return Cell(1, Kind.TEXT, value)


def number(value: str, shown: Shown = Shown.PLAIN) -> Cell:
    return Cell(1, Kind.NUMBER, value, shown)


def fixed(value: str, decimals: int, shown: Shown = Shown.PLAIN) -> Cell:
    return Cell(1, Kind.NUMBER, value, shown, decimals)


DATE = Cell(1, Kind.DATE, "46235")
TRUE, FALSE = Cell(1, Kind.BOOL, "TRUE"), Cell(1, Kind.BOOL, "FALSE")
NOT_AVAILABLE = Cell(1, Kind.ERROR, "#N/A")
FORMULA = Cell(1, Kind.FORMULA, "")


def name(value: object) -> str:
    """An id for a case: the cell's kind and text."""
    if not isinstance(value, Cell):
        return ""
    shown = "" if value.shown is Shown.PLAIN else f"-{value.shown.name.lower()}"
    return f"{value.kind.name.lower()}{shown}-{ascii(value.text)[1:-1][:30]}"


def outcome(value: Any) -> Any:
    """A reader's answer as a table has it: the value, or a reason's code."""
    return f"! {value.code}" if isinstance(value, Unreadable) else value


def table(cases: list[tuple[Cell, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("cell", "expected"), cases, ids=name)


def same(found: Any, expected: Any) -> bool:
    """Equal and of one type: 1, 1.0 and True are three values."""
    return outcome(found) == expected and (
        expected is None or isinstance(expected, str) or type(found) is type(expected)
    )


SHAPE, ODD, DIGITS, FORMAT = "! id.shape", "! cell.odd_character", "! cell.too_many_digits", "! cell.special_format"
READERS: list[Reader] = [read_guid, read_id, read_count, read_ids, read_amount, read_flag, read_text, read_word]


@pytest.mark.parametrize("read", READERS)
def test_blanks_are_nothing(read: Reader) -> None:
    """A text of plain blanks, NBSP and BOM is a blank cell, for every reader."""
    for blank in ("", " ", "\t\n", f" {NBSP}{BOM} "):
        assert read(text(blank)) is None


@pytest.mark.parametrize("read", READERS)
def test_errors_and_missing_results_are_never_blank(read: Reader) -> None:
    """An error value and a formula that was never calculated are refused by every reader."""
    assert read(NOT_AVAILABLE) == Unreadable("cell.error_value", "#N/A")
    assert read(Cell(1, Kind.ERROR, "the file lacks its text")) == Unreadable(
        "cell.unreadable", "the file lacks its text"
    )
    assert read(FORMULA) == Unreadable("cell.no_result", "")


@table(
    [
        (text(GUID), GUID),
        (text(GUID.upper()), GUID),
        (text(f"  {GUID}\n"), GUID),
        (text(f"{NBSP}{GUID}{BOM}"), GUID),
        (text(f"{{{GUID}}}"), GUID),
        (text(f" {{ {GUID.upper()} }} "), GUID),
        (text(f"({GUID})"), GUID),
        (text(f"[<{GUID}>]"), GUID),
        (text(f"{{{{{GUID}}}}}"), GUID),
        (text(f"urn:uuid:{GUID}"), GUID),
        (text(f"URN:UUID:{{{GUID}}}"), GUID),
        (text(f'"{GUID}"'), GUID),
        (text(f"“{GUID}”"), GUID),
        (text(f"„{GUID}“"), GUID),
        (text(f"«{GUID}»"), GUID),
        (text(f"'{GUID}"), GUID),
        (text(f"{GUID}\N{RIGHT SINGLE QUOTATION MARK}"), GUID),
        (text(GUID.replace("-", "\N{NON-BREAKING HYPHEN}")), GUID),
        (text(GUID.replace("-", "\N{HYPHEN}")), GUID),
        (text(f"{GUID[:8]}{ZERO_WIDTH}{GUID[8:]}"), GUID),
        (text(f"{GUID[:10]}\N{SOFT HYPHEN}{GUID[10:]}"), GUID),
        (text(f"{ZERO_WIDTH}{GUID}"), GUID),
        (text(f"{GUID}\u200e"), GUID),
        (text(f"\u202a{GUID}\u202c"), GUID),
        (text(f"{GUID}\N{IDEOGRAPHIC SPACE}"), GUID),
        (text(f"{GUID[:8]}{NBSP}{GUID[8:]}"), GUID),
        (text(f"{GUID[:24]}\n{GUID[24:]}"), GUID),
        (text(f"{{{GUID}"), "! guid.shape"),
        (text(f"{GUID}}}"), "! guid.shape"),
        (text(f"{GUID},"), "! guid.shape"),
        (text(f"https://app.energycap.com/task/{GUID}"), "! guid.shape"),
        (text(f"{GUID};{GUID}"), "! guid.shape"),
        (text(f"{GUID} {GUID}"), "! guid.shape"),
        (text(f"{GUID}\n{GUID.upper()}"), "! guid.shape"),
        (text(GUID.replace("-", "")), "! guid.shape"),
        (text("7d9e-4c105b3a-4f6e-9c21-00000000abcd"), "! guid.shape"),
        (text(GUID[:-1]), "! guid.shape"),
        (text(f"{GUID}0"), "! guid.shape"),
        (text(GUID[:23]), "! guid.shape"),
        (text(f"{GUID} 0"), "! guid.shape"),
        (text(GUID.replace("a", "g")), "! guid.shape"),
        (text(GUID.replace("0", "O", 1)), "! guid.shape"),
        (text(GUID.replace("-", EN_DASH, 1)), ODD),
        (text(GUID.replace("-", "_", 1)), "! guid.shape"),
        (text(GUID.replace("a", "\u0430")), ODD),
        (text(GUID.replace("0", "\uff10", 1)), ODD),
        (text(f"{EN_DASH}"), ODD),
        (text("dead"), "! guid.shape"),
        (text("Electric Aug.csv"), "! guid.name"),
        (text("3 Nov, Électricité 2026-11-03"), "! guid.name"),
        (text("Zähler"), "! guid.name"),
        (text("accepted kickouts of the February feed, decade added"), "! guid.name"),
        (text("{}"), "! guid.shape"),
        (text(f"urn:uuid:{'{' * 32_000}"), "! guid.shape"),
        (text("none"), "! guid.shape"),
        (number("7"), "! guid.shape"),
        (DATE, "! guid.shape"),
        (TRUE, "! guid.shape"),
    ]
)
def test_a_guid(cell: Cell, expected: Any) -> None:
    """ASCII hexadecimal in five groups, in any case, whatever was only wrapped round it; nothing else."""
    assert same(value_of(read_guid(cell)), expected)


@pytest.mark.parametrize(
    ("value", "left_out"),
    [
        (f"“{GUID}”", "quotation marks"),
        (f"{{{GUID}}}", "brackets {}"),
        (f'urn:uuid:"{GUID}"', "urn:uuid:, quotation marks"),
        (f"{GUID}{NBSP}", "blanks"),
        (f"{ZERO_WIDTH}{GUID}{BOM}", "a hidden character (U+200B), a hidden character (U+FEFF)"),
        (GUID.replace("-", "\N{NON-BREAKING HYPHEN}"), "a hyphen of another kind (U+2011)"),
    ],
)
def test_what_came_with_a_guid_is_told(value: str, left_out: str) -> None:
    """The remark says what was taken off; a GUID in capitals is no other one."""
    assert read_guid(text(value)) == Remarked(GUID, "guid.wrapped", GUID, left_out)
    assert read_guid(text(GUID.upper())) == GUID


@pytest.mark.parametrize(
    ("value", "extra"),
    [
        (GUID[:-1], ": it has 31 digits and letters, and a GUID has 32"),
        (f"{GUID}0", ": it has 33 digits and letters, and a GUID has 32"),
        (GUID.replace("-", ""), f": with its hyphens in their places it would be {GUID}"),
        (f"{GUID};{GUID}", ": it holds 2 of them"),
        (f"{GUID},", ": “,” (COMMA, U+002C) at position 37 does not belong in one"),
        (f" {GUID[:6]}O{GUID[7:]}", ": “O” (LATIN CAPITAL LETTER O, U+004F) at position 8 does not belong in one"),
        (GUID.replace("a", "\u0430"), "“\u0430” (CYRILLIC SMALL LETTER A, U+0430) at position 13"),
        ("Electric.csv", ""),
    ],
)
def test_what_is_wrong_with_a_guid_is_told(value: str, extra: str) -> None:
    """How many digits there are, where its hyphens belong, or which character is too much, by name and place."""
    found = read_guid(text(value))
    assert isinstance(found, Unreadable)
    assert found.extra == extra


@given(
    st.text(st.sampled_from(f" {NBSP}{ZERO_WIDTH}{BOM}\u00ad\n\"'“”"), max_size=6), st.text('{}()[]<>"“”', max_size=4)
)
def test_a_wrapped_guid_is_that_guid_or_none(blanks: str, wrapping: str) -> None:
    """Whatever is put round a GUID, no other one is read."""
    for value in (blanks + wrapping + GUID + blanks, wrapping + GUID + wrapping[::-1] + blanks):
        found = value_of(read_guid(text(value)))
        assert found == GUID or isinstance(found, Unreadable)


IDS: list[tuple[Cell, Any]] = [
    (number("102"), 102),
    (number("102.0"), 102),
    (number("102.000"), 102),
    (number("1.2345678E7"), 12345678),
    (number("2.147483647E9"), INT32_MAX),
    (number("1"), 1),
    (number(str(INT32_MAX)), INT32_MAX),
    (text("102"), 102),
    (text("00102"), 102),
    (text(" 102 "), 102),
    (text(f"{NBSP}102{BOM}"), 102),
    (text("102.0"), 102),
    (text("0" * 6000 + "5"), 5),
    (text(str(INT32_MAX)), INT32_MAX),
    (number("0"), "! id.range"),
    (number("-3"), "! id.range"),
    (number("-0"), "! id.range"),
    (number(str(INT32_MAX + 1)), "! id.range"),
    (number("999999999999999"), "! id.range"),
    (text("0"), "! id.range"),
    (text("-3"), "! id.range"),
    (text(str(INT32_MAX + 1)), "! id.range"),
    (text("999999999999999"), "! id.range"),
    (number("1000000000000000"), DIGITS),
    (number("1E+20"), DIGITS),
    (number("1e999"), DIGITS),
    (text("1000000000000000"), DIGITS),
    (text("-1234567890123456"), DIGITS),
    (text("9" * 6000), DIGITS),
    (number("12.5"), SHAPE),
    (number("1e-5"), SHAPE),
    (number("102.0000000000000001"), 102),
    (number("2001.0000000000002"), 2001),
    (number("2002.9999999999998"), 2003),
    (number("1."), 1),
    (number("+1"), 1),
    (number("2001.00000000001"), SHAPE),
    (number("1E-400"), SHAPE),
    (number("2147483647.4"), SHAPE),
    (number("12345678901234567"), DIGITS),
    (number("12345678", Shown.SCIENTIFIC), 12345678),
    (number("2001", Shown.DRESSED), 2001),
    (fixed("2001", 0), 2001),
    (fixed("2001.0000000000002", 0), 2001),
    (fixed("2001.4", 0), "! cell.rounded"),
    (fixed("2000.6", 0), "! cell.rounded"),
    (fixed("12.5", 1), SHAPE),
    (number("12.5", Shown.GROUPED), SHAPE),
    (number("999", Shown.GROUPED), 999),
    (number("1000", Shown.GROUPED), FORMAT),
    (number("nan"), SHAPE),
    (number("1_0"), SHAPE),
    (text("12.5"), SHAPE),
    (text("102.00"), SHAPE),
    (text("102."), SHAPE),
    (text(".5"), SHAPE),
    (text("1e3"), SHAPE),
    (text("1.23E+07"), SHAPE),
    (text("1,23E+07"), SHAPE),
    (text("2E05"), SHAPE),
    (text("1_0"), SHAPE),
    (text("+5"), SHAPE),
    (text("- 5"), SHAPE),
    (text("0x10"), SHAPE),
    (text("20O1"), SHAPE),
    (text("x"), SHAPE),
    (text("none"), SHAPE),
    (text("#102"), SHAPE),
    (text("101;102"), SHAPE),
    (text("101 102x"), SHAPE),
    (text("12,15"), "! id.separator"),
    (text("1,234"), "! id.separator"),
    (text("1.234"), "! id.separator"),
    (text("1'234"), "! id.separator"),
    (text("1 234"), "! id.separator"),
    (text(f"1{NBSP}234"), "! id.separator"),
    (text("2001,2002"), "! id.separator"),
    (text("1,2" * 1 + ",3" * 3000), "! id.separator"),
    (text("\uff11\uff12"), ODD),
    (text("\u0661\u0662"), ODD),
    (text("10\u00b2"), ODD),
    (text(f"10{ZERO_WIDTH}2"), ODD),
    (text("\u22125"), ODD),
    (text("101\n102"), ODD),
    (number("101102", Shown.GROUPED), FORMAT),
    (number("102", Shown.SPECIAL), FORMAT),
    (number("1", Shown.PERCENT), "! cell.percent"),
    (number("0.12", Shown.PERCENT), "! cell.percent"),
    (DATE, "! cell.date"),
    (TRUE, SHAPE),
    (FALSE, SHAPE),
]


@table(IDS)
def test_an_id(cell: Cell, expected: Any) -> None:
    """A whole number of int32 from 1, as a plainly shown number or as ASCII digits."""
    assert same(read_id(cell), expected)


@table(
    [
        (number("0"), 0),
        (number("-0"), 0),
        (number("0.0"), 0),
        (text("0"), 0),
        (text("000"), 0),
        (number("1200", Shown.GROUPED), 1200),
        (number("-1"), "! id.range"),
        (text("-1"), "! id.range"),
        (number("0.5"), SHAPE),
        (number("12", Shown.SPECIAL), FORMAT),
        *(case for case in IDS if case[1] != "! id.range" and case[0].shown is Shown.PLAIN),
        (number("12.000000000000002"), 12),
    ]
)
def test_a_count(cell: Cell, expected: Any) -> None:
    """As an id, but from 0, and a number may have thousands separators."""
    assert same(read_count(cell), expected)


@pytest.mark.parametrize("value", ["nan", "inf", "Late bill", "Q3", "List 2001", "3rd floor", "Zähler", "東京"])
def test_a_name_is_no_number(value: str) -> None:
    """Where an id is wanted the name is kept, for EnergyCAP to tell what it may mean; a number of bills has none."""
    assert read_id(text(f" {value}\n")) == Unreadable("id.name", value, typed=value)
    assert isinstance(found := read_count(text(value)), Unreadable)
    assert not found.typed


def test_digits_that_a_text_file_lost_are_told_of() -> None:
    """Who reads 1.23E+07 in a text is told what it was."""
    for read in (read_id, read_count, read_ids, read_amount):
        found = read(text("1.23E+07"))
        assert isinstance(found, Unreadable)
        assert found.extra == " Excel writes a long number so in a text file, and its other digits are lost."


def test_the_range_is_named() -> None:
    """Whoever is out of range is told the range."""
    assert read_id(number("0")) == Unreadable("id.range", "0", "1")
    assert read_count(number("-1")) == Unreadable("id.range", "-1", "0")


LIST = "! ids.shape"


@table(
    [
        (text("101;102"), (101, 102)),
        (text("101,102"), (101, 102)),
        (text("101, 102; 103"), (101, 102, 103)),
        (text(" 101 ; 00102 "), (101, 102)),
        (text("101"), (101,)),
        (number("101"), (101,)),
        (number("101.0"), (101,)),
        (text("none"), ()),
        (text(" None "), ()),
        (text(f"{NBSP}NONE"), ()),
        (text("101;;102"), LIST),
        (text("101;"), LIST),
        (text(";101"), LIST),
        (text(";"), LIST),
        (text("101 102"), LIST),
        (text("101/102"), LIST),
        (text("101;Smith"), "! ids.name"),
        (text("101;none"), LIST),
        (text("all"), "! ids.name"),
        (text("x"), LIST),
        (text("0;101"), LIST),
        (text("101;-2"), LIST),
        (text("101;12.5"), LIST),
        (text("101;1e3"), LIST),
        (text("1.01102E+05"), LIST),
        (number("1.01E+2"), (101,)),
        (number("101.00000000000001"), (101,)),
        (text(f"101;{INT32_MAX + 1}"), LIST),
        (text("101;102;101"), "! ids.twice"),
        (text("101;0101"), "! ids.twice"),
        (text("101;\uff11"), ODD),
        (text(f"101;{ZERO_WIDTH}102"), ODD),
        (text("101\n102"), ODD),
        (number("101102", Shown.GROUPED), FORMAT),
        (number("101.5"), SHAPE),
        (DATE, "! cell.date"),
        (TRUE, SHAPE),
    ]
)
def test_a_list_of_ids(cell: Cell, expected: Any) -> None:
    """Ids between semicolons or commas in a text, one id in a number, none for nobody; each id once."""
    assert same(read_ids(cell), expected)


@table(
    [
        (number("150.25"), 150.25),
        (number("150"), 150.0),
        (number("-3"), -3.0),
        (number("0"), 0.0),
        (number("1e3"), 1000.0),
        (number("1E-3"), 0.001),
        (number("1234.5", Shown.GROUPED), 1234.5),
        (number("12.100000000000001"), 12.1),
        (number("0.30000000000000004"), 0.3),
        (number("999999999999999"), 999999999999999.0),
        (text("150.25"), 150.25),
        (text(" -150.25 "), -150.25),
        (text("0012.50"), 12.5),
        (text("0.125"), 0.125),
        (text("1234.567"), 1234.567),
        (text("12.3456"), 12.3456),
        (number("1000000000000000"), DIGITS),
        (number("1e300"), DIGITS),
        (number("1e999"), DIGITS),
        (number("1E-400"), "! amount.shape"),
        (number("0E-400"), 0.0),
        (number("1.23456785E7"), 12345678.5),
        (number("+1"), 1.0),
        (number("1."), 1.0),
        (number("-.5"), -0.5),
        (number("150.25", Shown.DRESSED), 150.25),
        (fixed("12.100000000000001", 2), 12.1),
        (fixed("150", 2), 150.0),
        (fixed("150.25", 1, Shown.SPECIAL), FORMAT),
        (text("1234567890.123456"), DIGITS),
        (text("0.0000000000000001"), DIGITS),
        (text("1000000000000000"), DIGITS),
        (text("12,50"), "! amount.separator"),
        (text("1,234.50"), "! amount.separator"),
        (text("1.234,50"), "! amount.separator"),
        (text("1 234"), "! amount.separator"),
        (text("12.345"), "! amount.separator"),
        (text("-1.234"), "! amount.separator"),
        (text("$5"), "! amount.shape"),
        (text("5 USD"), "! amount.shape"),
        (text("(5)"), "! amount.shape"),
        (text("5-"), "! amount.shape"),
        (text("+5"), "! amount.shape"),
        (text("5."), "! amount.shape"),
        (text(".5"), "! amount.shape"),
        (text("1e3"), "! amount.shape"),
        (text("1.5E+10"), "! amount.shape"),
        (text("1_0"), "! amount.shape"),
        (text("nan"), "! amount.shape"),
        (text("inf"), "! amount.shape"),
        (text("-"), "! amount.shape"),
        (text("12%"), "! amount.shape"),
        (number("NaN"), "! amount.shape"),
        (text("\uff11"), ODD),
        (text("\u0661\u066b\u0665"), ODD),
        (text("€5"), ODD),
        (text("\u22125"), ODD),
        (number("0.12", Shown.PERCENT), "! cell.percent"),
        (number("12345", Shown.SPECIAL), FORMAT),
        (DATE, "! cell.date"),
        (TRUE, "! amount.shape"),
    ]
)
def test_an_amount(cell: Cell, expected: Any) -> None:
    """A number as stored, to Excel's 15 digits; in a text only digits and one point that is surely one."""
    assert same(read_amount(cell), expected)


ROUNDED = [
    (fixed("33.3333333333333", 2), 33.3333333333333, "33.3333333333333", "33.33"),
    (fixed("33.333333333333336", 2, Shown.GROUPED), 33.3333333333333, "33.3333333333333", "33.33"),
    (fixed("-0.005", 2), -0.005, "-0.005", "-0.01"),
    (fixed("2.675", 2), 2.675, "2.675", "2.68"),
    (fixed("0.004", 2, Shown.DRESSED), 0.004, "0.004", "0.00"),
    (fixed("1999.5", 0), 1999.5, "1999.5", "2000"),
    (fixed("1E-9", 2), 1e-9, "0.000000001", "0.00"),
    (fixed("1234567", 2, Shown.SCIENTIFIC), 1234567.0, "1234567", "1.23E+06"),
    (fixed("0.0012345", 1, Shown.SCIENTIFIC), 0.0012345, "0.0012345", "1.2E-03"),
    (fixed("1234567", 1, Shown.ENGINEERING), 1234567.0, "1234567", "1.2E+06"),
    (fixed("12345678", 1, Shown.ENGINEERING), 12345678.0, "12345678", "12.3E+06"),
]


@pytest.mark.parametrize(("cell", "value", "stored", "seen"), ROUNDED, ids=name)
def test_a_rounded_amount_is_remarked_on(cell: Cell, value: float, stored: str, seen: str) -> None:
    """It is what is stored that is sent; the remark names it and what the operator sees, rounded as Excel does it."""
    assert read_amount(cell) == Remarked(value, "value.rounded", stored, seen)


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 8))
def test_an_amount_is_remarked_on_exactly_when_decimals_are_hidden(amount: Decimal, decimals: int) -> None:
    """As many decimals as the number has, or more, hide nothing."""
    hides = amount != round(amount, decimals)
    found = read_amount(fixed(f"{amount:f}", decimals, Shown.GROUPED))
    assert isinstance(found, Remarked) == hides
    assert value_of(found) == float(amount)


def test_an_id_with_a_power_is_remarked_on() -> None:
    """It is a whole number, but not all of its digits are seen."""
    remark = Remarked(12345678, "value.rounded", "12345678", "1.23E+07")
    assert read_id(fixed("1.2345678E7", 2, Shown.SCIENTIFIC)) == remark
    assert read_ids(fixed("12345678", 2, Shown.SCIENTIFIC)) == replace(remark, value=(12345678,))
    assert read_id(fixed("2E3", 2, Shown.SCIENTIFIC)) == 2000


def test_an_id_that_is_shown_whole_is_told_with_what_is_stored() -> None:
    """2001.4 shown as 2001 is neither."""
    assert read_id(fixed("2001.4", 0)) == Unreadable("cell.rounded", "2001.4", "2001")


def test_an_amount_is_never_minus_nothing() -> None:
    """-0 would be sent as -0.0."""
    for cell in (number("-0"), number("-0.0"), text("-0")):
        value = read_amount(cell)
        assert isinstance(value, float)
        assert math.copysign(1, value) == 1


@table(
    [
        *((text(word), True) for word in ("yes", "YES", " Yes ", "y", "Y", "true", "TRUE", "1", f"{NBSP}yes")),
        *((text(word), False) for word in ("no", "No", "n", "N", "false", "False", "0")),
        (TRUE, True),
        (FALSE, False),
        (number("1"), True),
        (number("1.0"), True),
        (number("0"), False),
        (number("0.0"), False),
        (number("1", Shown.GROUPED), True),
        (number("1e0"), True),
        (number("1.0000000000000002"), True),
        (number("1E-400"), "! yesno.shape"),
        (fixed("0.6", 0), "! cell.rounded"),
        (fixed("0.4", 0), "! cell.rounded"),
        *((text(word), "! yesno.shape") for word in ("x", "ja", "yes!", "yes no", "2", "-1", "1.0", "t", "on", "none")),
        *((text(word), "! yesno.shape") for word in ("\uff11", f"y{ZERO_WIDTH}", "ye\u017f")),
        *((number(digits), "! yesno.shape") for digits in ("2", "-1", "0.5", "1e1")),
        (number("1", Shown.PERCENT), "! cell.percent"),
        (number("1", Shown.SPECIAL), FORMAT),
        (DATE, "! cell.date"),
    ]
)  # fmt: skip
def test_a_yes_or_no(cell: Cell, expected: Any) -> None:
    """TRUE/FALSE, yes/no, y/n, 1/0; nothing that is only nearly so."""
    assert same(read_flag(cell), expected)


@table(
    [
        (text("AUG-2026"), "AUG-2026"),
        (text("00102"), "00102"),
        (text("  x  y  "), "x  y"),
        (text(f"{NBSP}x{BOM}\n"), "x"),
        (text("a\nb\tc"), "a\nb\tc"),
        (text("=1+1"), "=1+1"),
        (text("none"), "none"),
        (text("NULL"), "NULL"),
        (text("#N/A"), "#N/A"),
        (text("Zähler 東京 😀"), "Zähler 東京 😀"),
        (text(f"a{NBSP}b{ZERO_WIDTH}c"), f"a{NBSP}b{ZERO_WIDTH}c"),
        (text("1e3"), "1e3"),
        (number("102"), "102"),
        (number("102.0"), "102"),
        (number("-12.5"), "-12.5"),
        (number("123456789012345"), "123456789012345"),
        (TRUE, "TRUE"),
        (FALSE, "FALSE"),
        (number("1234567890123456"), DIGITS),
        (number("0.30000000000000004"), "0.3"),
        (number("2.0261101E7"), "20261101"),
        (number("1e3"), "1000"),
        (number("-0"), "0"),
        (number("12.50"), "12.5"),
        (number("+7."), "7"),
        (number("1E+20"), DIGITS),
        (number("1E-7"), "! text.format"),
        (number("20261101", Shown.SCIENTIFIC), "! text.format"),
        (fixed("20261101", 0), "20261101"),
        (fixed("2.0261101E7", 0), "20261101"),
        (fixed("12.25", 2), "12.25"),
        (fixed("12.5", 2), "! text.format"),
        (fixed("102", 2), "! text.format"),
        (fixed("12.5", 0), "! text.format"),
        (number("12.5", Shown.GROUPED), "! text.format"),
        (number("102", Shown.SPECIAL), "! text.format"),
        (number("0.12", Shown.PERCENT), "! text.format"),
        (DATE, "! text.date"),
        *((text(f"a{char}b"), ODD) for char in "\x00\x0b\x0c\x1b\x1f\x7f\x9b\ud83d\udc00"),
        *((text(f"a{char}b"), ODD) for char in "\ufffe\uffff\ufdd0\U0001ffff\U0010fffe"),
    ]
)  # fmt: skip
def test_a_text(cell: Cell, expected: Any) -> None:
    """A text is what was typed, without its outer blanks; a number only if it is shown as it is stored."""
    assert same(read_text(cell), expected)


@table(
    [
        (text("Resolved"), 2),
        (text(" RESOLVED "), 2),
        (text("new   Batch"), "new"),
        (text(f"new{NBSP}batch"), "new"),
        (text("1"), 1),
        (number("2"), 2),
        (number("2.0"), 2),
        (number("2E0"), 2),
        (number("2.0000000000000004"), 2),
        (number("1.9999999999999998"), 2),
        (fixed("2.4", 0), "! cell.rounded"),
        (number("2", Shown.GROUPED), 2),
        (text("newbatch"), "! word.choice"),
        (text("3"), "! word.choice"),
        (text("2.0"), "! word.choice"),
        (number("2.5"), "! word.choice"),
        (text("\uff12"), "! word.choice"),
        (TRUE, "! word.choice"),
        (number("2", Shown.PERCENT), "! cell.percent"),
        (number("2", Shown.SPECIAL), FORMAT),
        (DATE, "! cell.date"),
    ]
)
def test_one_of_some_words(cell: Cell, expected: Any) -> None:
    """A word in any case and spacing, or its number; nothing near it."""
    found = read_word(cell)
    assert outcome(found) == expected
    assert not isinstance(found, bool)


def test_a_near_word_is_suggested() -> None:
    """A slip of the finger is told what may have been meant; something else is not."""
    assert read_word(text("Resloved")) == Unreadable("word.choice", "Resloved", " Did you mean “resolved”?")
    assert read_word(text("perhaps")) == Unreadable("word.choice", "perhaps", "")


@pytest.mark.parametrize(
    ("read", "value", "extra"),
    [
        (read_guid, GUID.replace("-", EN_DASH, 1), f"“{EN_DASH}” (EN DASH, U+2013) at position 9"),
        (read_id, f"10{ZERO_WIDTH}2", "U+200B at position 3"),
        (read_ids, "101;\uff11", "U+FF11 at position 5"),
        (read_text, "a\ud83d", "U+D83D at position 2"),
    ],
)
def test_an_odd_character_is_named_with_its_place(read: Reader, value: str, extra: str) -> None:
    """What cannot be seen must be said: the code point and where it stands."""
    found = read(text(value))
    assert isinstance(found, Unreadable)
    assert found.extra == extra


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("  a \n b\t", "a b"),
        (f"a{ZERO_WIDTH}b", "a�b"),
        ("a\x1b[2Jb", "a�[2Jb"),
        ("a\u202eb", "a�b"),
        ("a\ud83db", "a�b"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("東京 😀", "東京 😀"),
    ],
)
def test_a_value_in_a_sentence_is_one_safe_line(value: str, said: str) -> None:
    """Nothing of a cell may hide, turn the line round, steer the terminal or be impossible to print."""
    assert shorten(value) == said


# Whatever a file holds.

ODDITIES = st.sampled_from(
    f"0123456789.,;-+eE_'{{}}% \t\n{NBSP}{ZERO_WIDTH}{BOM}\uff11\u0661\ud800\uffff\x1b\u212a\u017f"
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=30) | st.lists(ODDITIES, max_size=25).map("".join)
DIGIT_TEXTS = st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
CELLS = st.builds(
    Cell,
    st.just(1),
    st.sampled_from(Kind),
    TEXTS | DIGIT_TEXTS,
    st.sampled_from(Shown),
    st.none() | st.integers(0, 30),
)  # fmt: skip
TYPES: list[tuple[Reader, Any]] = [
    (read_guid, str),
    (read_id, int),
    (read_count, int),
    (read_ids, tuple),
    (read_amount, float),
    (read_flag, bool),
    (read_text, str),
    (read_word, (int, str)),
    *((field.read, (str, int, float, tuple)) for field in columns(list(all_operations().values())).values()),
]


@settings(deadline=None)  # long cells and many readers, on a busy computer
@given(CELLS)
@example(text("0" * 32_767))
@example(text("9" * 32_767))
@example(text("1," * 16_000))
@example(text("\ud800" * 32_767))
@example(number("1e999"))
@example(number("1e-999"))
def test_no_cell_makes_a_reader_fall_over(cell: Cell) -> None:
    """For any cell every reader gives a value of its type, nothing, or a reason; every reason can be printed."""
    for read, type_ in TYPES:
        value = value_of(read(cell))
        if isinstance(value, Unreadable):
            f"{value.value} {value.extra}".encode()
            assert len(value.value) <= 60
            assert f"{value.value}{value.extra}".isprintable()
        elif value is not None:
            assert isinstance(value, type_)
            assert type_ not in (int, float) or not isinstance(value, bool)


@given(CELLS)
def test_only_ascii_digits_make_an_id(cell: Cell) -> None:
    """An id that was read is the number of its cell, to 15 digits, in int32."""
    value = value_of(read_id(cell))
    if isinstance(value, int):
        digits = cell.text.strip(f" \t\n{NBSP}{BOM}")
        assert re.fullmatch(r"[0-9.eE+-]+", digits, re.ASCII)
        assert Decimal(f"{float(digits):.15g}") == value
        assert 1 <= value <= INT32_MAX


@given(CELLS)
def test_a_guid_that_was_read_is_canonical(cell: Cell) -> None:
    """Lower case ASCII, and the letters and digits of the cell."""
    value = value_of(read_guid(cell))
    if isinstance(value, str):
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value, re.ASCII)


@given(st.decimals(-(10**14), 10**14, places=4))
def test_an_amount_of_15_digits_is_read_exactly(amount: Decimal) -> None:
    """A number of up to 15 digits survives the way through a double."""
    if len(amount.as_tuple().digits) <= 15:
        assert Decimal(repr(read_amount(number(f"{amount:f}")))) == amount
        assert Decimal(repr(read_amount(text(f"{amount:f}")))) == amount


@given(st.integers(1, INT32_MAX))
def test_every_id_is_read(number_: int) -> None:
    """As a number, as a double's text, and as text with leading zeros."""
    for cell in (
        number(str(number_)),
        number(f"{number_}.0"),
        number(f"{number_:.9E}"),
        text(f"{number_:012}"),
    ):
        assert read_id(cell) == number_


@given(TEXTS)
def test_text_is_kept_or_refused(value: str) -> None:
    """A text column changes nothing but outer blanks."""
    found = read_text(text(value))
    if isinstance(found, str):
        assert found == value.strip(f" \t\n{NBSP}{BOM}")
