"""A number format says whether a number is a date, and whether its digits are those the operator sees."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Font

from bulkops.model.rows import Kind, Shown
from bulkops.workbook.number_formats import GENERAL, Format, format_of, format_of_code
from bulkops.workbook.reading.shared_strings import cell_formats
from bulkops.workbook.reading.xlsx import XlsxPackage

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
    ("[Red]0.00", "PLAIN 2"),
    ("_d0", "PLAIN 0"),
    ('0;"yyyy"', "PLAIN 0"),
    ("0;yyyy", "PLAIN 0"),
    ("0;-0;;@", "PLAIN 0"),
    ('[=1]"Yes";0', "PLAIN 0"),
    ("[>1000]0.0%;0", "PLAIN 0"),
    ("[<=12.5]0.0;0%", "PLAIN 1"),
    # The same number with separators.
    ("#,##0", "GROUPED 0"),
    ("#,###", "GROUPED 0"),
    ("#,##0.00_);[Red]\\(#,##0.00\\)", "GROUPED 2"),
    ('_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', "GROUPED 2"),
    ('"$"#,##0', "GROUPED 0"),
    ("#\\ ##0.00", "GROUPED 2"),
    ("#\\'##0.00", "GROUPED 2"),
    ("#\N{RIGHT SINGLE QUOTATION MARK}##0", "GROUPED 0"),
    ("#\u202f##0", "GROUPED 0"),
    ("# ##0", "GROUPED 0"),
    ("#_.##0", "GROUPED 0"),
    ("##\\,##\\,##0.00", "GROUPED 2"),
    ("#,##0.00\\ [$kr-41D]", "GROUPED 2"),
    ('#,##0.00\\ "zł"', "GROUPED 2"),
    ('"Rs."\\ #,##0.00', "GROUPED 2"),
    ("\\R\\$\\ #,##0.00", "GROUPED 2"),
    ('"US$"#,##0.00', "GROUPED 2"),
    ("[$B/.-180A]\\ #,##0.00", "GROUPED 2"),
    ("[$R$-416]\\ #,##0.00", "GROUPED 2"),
    ("#,##0.00\\ _€", "GROUPED 2"),
    ('#,##0.--\\ "€"', "GROUPED 0"),
    ("[>=10000000]##\\,##\\,##\\,##0.00;[>=100000]##\\,##\\,##0.00;##,##0.00", "GROUPED 2"),
    # The same number with words, currencies, decimals that come and go.
    ("$0.00", "DRESSED 2"),
    ("[$€-407] 0", "DRESSED 0"),
    ('0 "USD"', "DRESSED 0"),
    ('0 "kWh (net)"', "DRESSED 0"),
    ('"ID "0', "DRESSED 0"),
    ('"K"0', "DRESSED 0"),
    ('0 "p.a."', "DRESSED 0"),
    ('0",-"', "DRESSED 0"),
    ('"price-wise "0', "DRESSED 0"),
    ("+0.0", "DRESSED 1"),
    ('General" kr"', "DRESSED"),
    ("0.0#", "DRESSED 2"),
    (".00", "DRESSED 2"),
    ("**0", "DRESSED 0"),
    ('"d"0', "DRESSED 0"),
    ("\\d0", "DRESSED 0"),
    ('"[h]"0', "DRESSED 0"),
    ('"S/."\\ #,##0.00', "GROUPED 2"),
    ('"B/."\\ #,##0.00', "GROUPED 2"),
    ('"රු."#,##0.00', "GROUPED 2"),
    ('#,##0.00\\ "so\'m"', "GROUPED 2"),
    ('"C$"\\ #,##0.00', "GROUPED 2"),
    ('#,##0"/-"', "GROUPED 0"),
    ('0.00 "kWh p.a."', "DRESSED 2"),
    # With a power.
    ("0.00E+00", "SCIENTIFIC 2"),
    ('0E+0" kr"', "SCIENTIFIC 0"),
    ("##0.0E+0", "ENGINEERING 1"),
    # Another number, or none.
    ("0%", "PERCENT"),
    ("0.00%;-0", "PERCENT"),
    ("[Blue]#,##0%", "PERCENT"),
    ("[<100]0.0%;0", "PERCENT"),
    ("0,", "SPECIAL"),
    ("#,##0,", "SPECIAL"),
    ("0.0,,", "SPECIAL"),
    ('0.0,,"M"', "SPECIAL"),
    ("0,.0", "SPECIAL"),
    ("00000", "SPECIAL"),
    ("00", "SPECIAL"),
    ("0#", "SPECIAL"),
    ("0?", "SPECIAL"),
    ("0##.0", "SPECIAL"),
    ("0,###", "SPECIAL"),
    ("000-00-0000", "SPECIAL"),
    ("0\\-0", "SPECIAL"),
    ('0"k"', "SPECIAL"),
    ("0\\M", "SPECIAL"),
    ('0 "Mio. €"', "SPECIAL"),
    ('0 "T€"', "SPECIAL"),
    ('"TEUR" 0', "SPECIAL"),
    ('0 "USDm"', "SPECIAL"),
    ('0 "t.kr."', "SPECIAL"),
    ('0" (thousands)"', "SPECIAL"),
    ('0"¢"', "SPECIAL"),
    ("0\\%", "SPECIAL"),
    ('0"\N{PER MILLE SIGN}"', "SPECIAL"),
    ('"2"0', "SPECIAL"),
    ("\\20", "SPECIAL"),
    ('0"000"', "SPECIAL"),
    ('0"\N{PER TEN THOUSAND SIGN}"', "SPECIAL"),
    ('0"£\'m"', "SPECIAL"),
    ('"$mm "0.0', "SPECIAL"),
    ('"$bn "0.0', "SPECIAL"),
    ('0.0"₹cr"', "SPECIAL"),
    ('"₹ Cr "0.0', "SPECIAL"),
    ('0.0"Rs.Cr"', "SPECIAL"),
    ('0"²"', "SPECIAL"),
    ('0"万"', "SPECIAL"),
    ("[$000]0", "SPECIAL"),
    ("*10", "SPECIAL"),
    ("0*0", "SPECIAL"),
    ("0\\.00", "SPECIAL"),
    ("0\\,00", "SPECIAL"),
    ("#\\.##0", "SPECIAL"),
    ("\\.0", "SPECIAL"),
    ("# ?/?", "SPECIAL"),
    ("# ??/??", "SPECIAL"),
    ("##0.0##E+0;-0", "ENGINEERING 3"),
    ("#0.0E+0", "SPECIAL"),
    ("-0", "SPECIAL"),
    ("-General", "SPECIAL"),
    ("(0)", "SPECIAL"),
    ("0-", "SPECIAL"),
    ("[DBNum1]0", "SPECIAL"),
    ("aaa", "SPECIAL"),
    (";;;", "SPECIAL"),
    ("", "SPECIAL"),
    ('"text"', "SPECIAL"),
    ('"-"', "SPECIAL"),
    ('[=12.5]"Yes";0', "SPECIAL"),
    ('[<100]"few";0', "SPECIAL"),
    ("[>100]0;[<5]0", "SPECIAL"),
    ('[>100]0;0;"many"', "SPECIAL"),
    ("[<100]0.0%;0;@", "PERCENT"),
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
    ("[>10]dd/mm/yyyy;0", "date"),
    ("[Red]mm:ss.0", "date"),
    ('"a;b"yyyy', "date"),
]


MANY_LANGUAGES = """
0.0 "tys. zł" | #,##0\\ "тыс. грн." | 0.0 "тыс.грн." | 0.0"млн ₽" | 0 "tis. Kč" | 0.0 "mil. Kč" | 0 "eFt" | 0.0 "MFt"
0 "ezer Ft" | 0.0 "millió Ft" | 0 "milliers €" | 0.0 "Md€" | 0.0 "mld €" | 0 "migliaia" | 0 "miles de €" | "mil R$" 0.0
0.0 "millones" | 0.0 "milhões" | 0.0 "bilhões" | 0 "tusen" | 0 "tkr" | 0.0 "Mkr" | 0.0 "mdkr" | 0.0 "mnkr" | 0 "MSEK"
0.0 "milj. €" | 0 "bin TL" | 0.0 "milyon" | 0 "χιλ. €" | 0.0 "εκατ." | 0 "אלפי ₪" | 0.0 "مليون" | 0 "ألف" | 0.0 "लाख"
0.0 "करोड़" | 0 "千円" | 0 "百万円" | 0.0 "亿" | 0 "천원" | 0 "백만 원" | 0.0 "억" | 0.0 "ล้านบาท"
0.0 "triệu" | 0.0 "tỷ" | 0.0 "juta" | "Rp" 0.0 "miliar" | 0 "Tausend" | 0.0 "Milliarden" | 0.0 "MM USD" | 0.0 "USDmm"
0 "bps" | 0 "dozen" | "minus "0 | 0.00 "credit" | 0.0 "kUSD" | 0.0"US$ mn" | 0 "€k" | 0 "K €"
0.0 "£bn" | 0.0 "milioni €" | 0 "Tsd. €"
"""


@pytest.mark.parametrize("code", [each.strip() for each in MANY_LANGUAGES.strip().replace("\n", "|").split("|")])
def test_words_for_thousands_are_known_in_many_languages(code: str) -> None:
    """The number that is stored is not the one that such a format shows, whatever language it is in."""
    assert said(format_of_code(code)) == "SPECIAL"


DIALOG = [
    '"{}"#,##0.00',
    '"{}"\\ #,##0.00;[Red]"{}"\\ \\-#,##0.00',
    "[${}-409]\\ #,##0.00;[Red]\\-[${}-409]\\ #,##0.00",
    "[${}-409]#,##0.00_);\\([${}-409]#,##0.00\\)",
    "#,##0.00\\ [${}-409];[Red]#,##0.00\\ [${}-409]",
    '_-"{}"* #,##0.00_-;\\-"{}"* #,##0.00_-;_-"{}"* "-"??_-;_-@_-',
    '_-[${}-409]* #,##0.00_-;\\-[${}-409]* #,##0.00_-;_-[${}-409]* "-"??_-;_-@_-',
    '_-* #,##0.00\\ [${}-409]_-;\\-* #,##0.00\\ [${}-409]_-;_-* "-"??\\ [${}-409]_-;_-@_-',
    '_("{}"* #,##0.00_);_("{}"* \\(#,##0.00\\);_("{}"* "-"??_);_(@_)',
    "[${}]#,##0.00;[RED]-[${}]#,##0.00",
]
"""As Excel's dialogs for currencies and accounting make them, and LibreOffice."""
SYMBOLS = (
    "$ € £ ¥ ₩ ₽ ₹ ฿ ₪ ₺ kr. Kč zł Ft Lei L. L K P T S Q R N Rs. Rs रु රු. S/. S/ B/. Bs. C$ R$ US$ NT$ $U Gs Fr. SFr. "
    "CHF RM Rp Php \u0440\u0443\u0431. \u0440. грн. лв. ден. сом so'm тг. man. ETB XOF KSh TSh MT MTn ₼ դր. "
    "ر.س.\u200f د.إ.\u200f ﷼ 元 円 원 KM kn Din."
)


@pytest.mark.parametrize("code", DIALOG)
def test_currencies_of_all_countries_leave_a_number_what_it_is(code: str) -> None:
    """Numbers above, below and of 0, in what the dialogs make for any currency before a number, or in brackets."""
    for symbol in SYMBOLS.split():
        for number in ("5", "-5", "0"):
            assert said(format_of_code(code.replace("{}", symbol)), number) == "GROUPED 2", symbol


def said(format_: Format, number: str = "12.5") -> str:
    kind, shown, decimals = format_.display(number)
    return "date" if kind is Kind.DATE else shown.name + ("" if decimals is None else f" {decimals}")


@pytest.mark.parametrize(("code", "expected"), CODES, ids=[code or "empty" for code, _ in CODES])
def test_a_format_code_says_what_is_seen(code: str, expected: str) -> None:
    """Of 12.5, by the section that is for it: plain digits, the same number dressed, or a date, or another number."""
    assert said(format_of_code(code)) == expected


ACCOUNTING = '_-* #,##0.00\\ "kr"_-;\\-* #,##0.00\\ "kr"_-;_-* "-"??\\ "kr"_-;_-@_-'
SIGNS = [
    # The section for negative numbers must show that they are.
    ("0;-0", "-5", "PLAIN 0"),
    ("0;(0)", "-5", "DRESSED 0"),
    ("0;0-", "-5", "DRESSED 0"),
    ("0.00;[Red]0.00", "-5", "DRESSED 2"),
    ("[Red]0.00;[Red]0.00", "-5", "SPECIAL"),
    ("[Red]0.00;[Color 3]0.00", "-5", "SPECIAL"),
    ("0.00;[Black]0.00", "-5", "SPECIAL"),
    ("0.00;[Color1]0.00", "-5", "SPECIAL"),
    ("0;0", "-5", "SPECIAL"),
    ('0;0" less"', "-5", "SPECIAL"),
    ('0;"none"', "-5", "SPECIAL"),
    ("0;", "-5", "SPECIAL"),
    ("0;-0%", "-5", "PERCENT"),
    ("0;-0,", "-5", "SPECIAL"),
    ("[<0]0;0", "-5", "SPECIAL"),
    ("[>=0]0;-0", "-5", "PLAIN 0"),
    ("[>=100]#,##0;0", "-5", "PLAIN 0"),
    ("0.00", "-5", "PLAIN 2"),
    ("General;-General", "-5", "PLAIN"),
    (ACCOUNTING, "-5", "GROUPED 2"),
    # A dash is a usual way to show 0; nothing at all, or a word, is not.
    (ACCOUNTING, "0", "GROUPED 2"),
    ('0;-0;"-"', "0", "DRESSED 0"),
    ('0;-0;"-"', "5", "PLAIN 0"),
    ('[=0]"-";0.00', "0", "DRESSED 2"),
    ("0;-0;", "0", "SPECIAL"),
    ('0;-0;"nil"', "0", "SPECIAL"),
    ("0;-0;0%", "0", "PERCENT"),
    ("#", "0", "SPECIAL"),
    ("#,###", "0", "SPECIAL"),
    ("#.##", "0.004", "SPECIAL"),
    ("#.##", "0.005", "DRESSED 2"),
    ("#.00", "0", "DRESSED 2"),
    ("# ;-#", "0.3", "SPECIAL"),
    ('#;-#;"-"', "0", "DRESSED 0"),
    # The section that is for the number counts, not the others.
    ("[<1000]0;[<1000000]0.0,;0.0,,", "999", "PLAIN 0"),
    ("[<1000]0;[<1000000]0.0,;0.0,,", "1000", "SPECIAL"),
    ("[<1E3]0;[<>2000]#,##0;0%", "1E3", "GROUPED 0"),
    ("[<1E3]0;[<>2000]#,##0;0%", "2E3", "PERCENT"),
    ("[>100]dd/mm/yyyy;0", "101", "date"),
    ("[>100]dd/mm/yyyy;0", "100", "PLAIN 0"),
]


@pytest.mark.parametrize(("code", "number", "expected"), SIGNS)
def test_the_section_that_is_for_the_number_counts(code: str, number: str, expected: str) -> None:
    """By its sign, or the conditions; a section that hides the number or its sign shows another one."""
    assert said(format_of_code(code), number) == expected


def test_a_format_that_shows_all_numbers_alike_says_so() -> None:
    """Then the reader need not look at each number."""
    for code in ("General", "0.00", "#,##0.00;[Red]-#,##0.00", ACCOUNTING, "yyyy-mm-dd", "0%;-0%"):
        assert format_of_code(code).only == format_of_code(code).display("5")
    for code in ("#,###", "0;0", "[>100]0%;0"):
        assert format_of_code(code).only is None


BUILTIN = {
    "PLAIN": [0, 49],
    "PLAIN 0": [1],
    "PLAIN 2": [2],
    "GROUPED 0": [3, 5, 37, 41],
    "GROUPED 2": [4, 8, 40, 44],
    "SCIENTIFIC 2": [11],
    "ENGINEERING 1": [48],
    "PERCENT": [9, 10],
    "SPECIAL": [12, 13, 59, 70, 81, 23, 163, 9999],
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
    assert said(format_of(0, {0: "0%"})) == "PERCENT"


def test_a_format_is_looked_at_once_however_many_styles_have_it(tmp_path: Path) -> None:
    """A style table may have a million entries in a few KB: what they have in common costs nothing more."""
    book = openpyxl.Workbook()
    for number in range(1, 21):
        cell = book.worksheets[0].cell(number, 1, number)
        cell.number_format = '#,##0.00 "kr"'
        cell.font = Font(size=number)
    path = tmp_path / "a.xlsx"
    book.save(path)
    formats = cell_formats(XlsxPackage(path, path.read_bytes()))
    assert [said(each) for each in formats[1:]] == ["GROUPED 2"] * 20
    assert len({id(each) for each in formats[1:]}) == 1


@given(st.text(alphabet='0#?.,;:"\\[]_*-$€%@/()<>=EdmyhsGeneral 5k', max_size=20))
def test_every_code_means_something(code: str) -> None:
    """No code falls over for any number; a bare percent sign or date letter in the only section is never overlooked."""
    for number in ("12.5", "0", "-1E+300", "1e999"):
        display = format_of_code(code).display(number)
        if not set('";\\_*[') & set(code):
            if set(code.replace("General", "").replace("G", "")) & set("dmyhs"):
                assert display.kind is Kind.DATE
            elif "%" in code:
                assert display.shown is Shown.PERCENT


DIGIT_SHOWN = st.sampled_from(["0", "0.00", "#,##0", "#\\ ##0.0", "0.0#"])
BESIDE = st.lists(
    st.sampled_from([' "kr"', "\\ ", "_-", "* ", '"USD"', "[$R$-416]", "[Red]", "\\z\\ł", "€", "+", '"p.a."']),
    max_size=4,
).map("".join)


@given(BESIDE, DIGIT_SHOWN, BESIDE)
def test_what_is_put_beside_a_number_changes_nothing(before: str, digits: str, after: str) -> None:
    """Currencies, words, blanks and colours on either side leave the decimals and the number as they are."""
    display = format_of_code(before + digits + after).display("12.5")
    assert display.shown in (Shown.PLAIN, Shown.GROUPED, Shown.DRESSED)
    assert display.decimals == len(digits.partition(".")[2])


@given(BESIDE, DIGIT_SHOWN, BESIDE, st.sampled_from(["%", '"5"', "\\7", '" k "', ",", "/", '"%"']))
def test_what_changes_a_number_does_so_beside_anything(before: str, digits: str, after: str, change: str) -> None:
    """Percent signs, literal digits, scaling and fractions are told whatever else a format adds."""
    display = format_of_code(before + digits + change + after).display("12.5")
    assert display.shown in (Shown.PERCENT, Shown.SPECIAL)
