"""A number format says whether a number is a date, and whether its digits are those the operator sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkops.model import Shown
from bulkops.workbook.formats import GENERAL, Format, format_of, format_of_code

CODES = [
    # Shown as stored.
    ("General", "PLAIN"),
    ("GENERAL", "PLAIN"),
    ("@", "PLAIN"),
    ("[Color10]General", "PLAIN"),
    ("[Red]General;0", "PLAIN"),
    ("0", "PLAIN 0"),
    ("#", "PLAIN 0"),
    ("0_ ;\\-0\\ ", "PLAIN 0"),
    ("0_);[Red]\\(0\\)", "PLAIN 0"),
    ("* 0", "PLAIN 0"),
    ("0.00", "PLAIN 2"),
    ("[$-409]0.000", "PLAIN 3"),
    # The same number, dressed.
    ("#,##0", "GROUPED"),
    ("#,##0.00_);[Red]\\(#,##0.00\\)", "GROUPED"),
    ('_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', "GROUPED"),
    ('"$"#,##0', "GROUPED"),
    ("$0.00", "GROUPED"),
    ("[$€-407] 0", "GROUPED"),
    ("#,##0.00\\ [$kr-41D]", "GROUPED"),
    ('0 "USD"', "GROUPED"),
    ("0.0#", "GROUPED"),
    # Another number, or none.
    ("0%", "PERCENT"),
    ("0.00%;-0", "PERCENT"),
    ("[Blue]#,##0%", "PERCENT"),
    ("00000", "SPECIAL"),
    ("00", "SPECIAL"),
    ("000-00-0000", "SPECIAL"),
    ("0,", "SPECIAL"),
    ("#,##0,", "SPECIAL"),
    ("0.0,,", "SPECIAL"),
    ('0"k"', "SPECIAL"),
    ('0"000"', "SPECIAL"),
    ("[$000]0", "SPECIAL"),
    ('"ID "0', "SPECIAL"),
    ("0\\%", "SPECIAL"),
    ("# ?/?", "SPECIAL"),
    ("# ??/??", "SPECIAL"),
    ("0.00E+00", "SPECIAL"),
    ("##0.0E+0", "SPECIAL"),
    ("-0", "SPECIAL"),
    ("(0)", "SPECIAL"),
    ("[DBNum1]0", "SPECIAL"),
    (";;;", "SPECIAL"),
    ("", "SPECIAL"),
    ('[=1]"Yes";0', "SPECIAL"),
    ('[<100]0;"many"', "SPECIAL"),
    ("[<100]0;0.0%", "PERCENT"),
    # Dates and times.
    ("yyyy-mm-dd", "date"),
    ("D.M.YY", "date"),
    ("[$-409]d-mmm-yy;@", "date"),
    ("[$-F800]dddd\\, mmmm dd, yyyy", "date"),
    ("h:mm AM/PM", "date"),
    ("[h]:mm", "date"),
    ("[HH]", "date"),
    ("[ss].00", "date"),
    ('0" of "yyyy', "date"),
    ("[>100]dd/mm/yyyy;0", "date"),
    ("[Red]mm:ss.0", "date"),
    # Letters of dates that are none.
    ('"d"0', "SPECIAL"),
    ("\\d0", "SPECIAL"),
    ('"[h]"0', "SPECIAL"),
    ("[Red]0.00", "PLAIN 2"),
    ("_d0", "PLAIN 0"),
    ('0;"yyyy"', "PLAIN 0"),
    ("0;yyyy", "PLAIN 0"),
    ('"a;b"yyyy', "date"),
]


def said(format_: Format) -> str:
    decimals = "" if format_.decimals is None else f" {format_.decimals}"
    return "date" if format_.date else f"{format_.shown.name}{decimals}"


@pytest.mark.parametrize(("code", "expected"), CODES, ids=[code or "empty" for code, _ in CODES])
def test_a_format_code_says_what_is_seen(code: str, expected: str) -> None:
    """Of the first section (of all, under conditions): a date, a percentage, dressed, special, or plain digits."""
    assert said(format_of_code(code)) == expected


BUILTIN = {
    "PLAIN": [0, 49],
    "PLAIN 0": [1],
    "PLAIN 2": [2],
    "GROUPED": [3, 4, 5, 8, 37, 40, 41, 44],
    "PERCENT": [9, 10],
    "SPECIAL": [11, 12, 13, 48, 59, 70, 81, 23, 163, 9999],
    "date": [14, 15, 18, 21, 22, 27, 31, 36, 45, 46, 47, 50, 58],
}


@pytest.mark.parametrize(
    ("number", "expected"), [(number, expected) for expected, numbers in BUILTIN.items() for number in numbers]
)
def test_a_builtin_format_needs_no_code(number: int, expected: str) -> None:
    """Numbers below 164 stand for codes that no file spells out; one that nobody knows is special."""
    assert said(format_of(number, {})) == expected


def test_a_workbooks_own_code_goes_before_the_builtin_one() -> None:
    """A file may give a builtin number a code of its own."""
    assert format_of(14, {14: "General"}) == GENERAL
    assert format_of(0, {0: "0%"}).shown is Shown.PERCENT


@given(st.text(alphabet='0#?.,;:"\\[]_*-$€%@/()<>=EdmyhsGeneral 5k', max_size=20))
def test_every_code_means_something(code: str) -> None:
    """No code falls over; one with a bare percent sign or date letter in its only section is never plain."""
    format_ = format_of_code(code)
    if not set('";\\_*[') & set(code):
        if set(code.replace("General", "").replace("G", "")) & set("dmyhs"):
            assert format_.date
        elif "%" in code:
            assert format_.shown is Shown.PERCENT
