"""A text is safe to store in a cell, what was changed shows, and Excel shows what was meant."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workbooks import by_address, only_sheet, parts, plain, save, strings, typed

from bulkops.workbook.text import LONGEST, cell_text, natural, unescape

STORED = [
    ("plain", "Held for review", "Held for review"),
    ("empty", "", ""),
    ("looks like a formula", "=1+1", "=1+1"),
    ("other alphabets", "Ærø 東京 😀 עברית", "Ærø 東京 😀 עברית"),
    ("tab and line", "a\tb\nc", "a\tb\nc"),
    ("Windows and old Mac lines", "a\r\nb\rc\n\rd", "a\nb\nc\n\nd"),
    ("null", "a\x00b", "a[U+0000]b"),
    ("escape", "\x1b[2J", "[U+001B][2J"),
    ("delete and C1", "\x7f\x9b", "[U+007F][U+009B]"),
    ("next line", "a\x85b", "a\x85b"),
    ("half a character", "a\ud83db", "a[U+D83D]b"),
    ("no characters", "\ufffe\uffff\ufdd0", "[U+FFFE][U+FFFF][U+FDD0]"),
    ("no characters of other planes", "\U0001fffe\U0010ffff", "[U+1FFFE][U+10FFFF]"),
    ("what turns text round", "gpj.\u202egnp", "gpj.[U+202E]gnp"),
    ("what isolates it", "\u2066a\u2069", "[U+2066]a[U+2069]"),
    ("blanks of no width", "a\u200bb\ufeffc\xadd", "a[U+200B]b[U+FEFF]c[U+00AD]d"),
    ("a tag and a joiner", "a\U000e0041\u200db", "a[U+E0041][U+200D]b"),
    ("letters and marks that are seen", "e\u0301 \xa0 \u3000 日本 😀", "e\u0301 \xa0 \u3000 日本 😀"),
    ("an escape of Excel's", "_x0041_", "_x005F_x0041_"),
    ("escapes that share a line", "_x0041_x0042_", "_x005F_x0041_x005F_x0042_"),
    ("small letters", "_xabcd_", "_x005F_xabcd_"),
    ("nearly an escape", "_x004_ _xGGGG_ x0041_ _x0041", "_x004_ _xGGGG_ x0041_ _x0041"),
    ("just fits", "x" * LONGEST, "x" * LONGEST),
]


@pytest.mark.parametrize(("text", "stored"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in STORED])
def test_a_text_is_made_fit_for_a_cell(text: str, stored: str) -> None:
    """What ruins a workbook is replaced visibly; what a cell may hold stays; what looks like an escape is escaped."""
    assert cell_text(text) == stored


@pytest.mark.parametrize("char", ["x", "é", "😀"])
def test_a_long_text_is_cut_with_a_word_about_it(char: str) -> None:
    """Excel counts UTF-16 units; the cut keeps whole characters and says how long the text was."""
    units = len(char.encode("utf-16-le")) // 2
    ending = f" … [cut; {40_000 * units} characters in all]"
    cut = cell_text(char * 40_000)
    assert cut == char * (len(cut) - len(ending)) + ending
    assert LONGEST - len(cut.encode("utf-16-le")) // 2 in range(units)


def test_escaping_does_not_count_as_length() -> None:
    """A text that fits is not cut because its escapes make it longer in the file."""
    text = "_x0041_" * (LONGEST // 7)
    assert unescape(cell_text(text)) == text


def test_whatever_unicode_calls_a_format_is_shown() -> None:
    """Each such character alone: what reads one way and means another cannot stand in a cell."""
    categories = {"Cf", "Zl", "Zp"}
    unseen = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in categories]
    assert [hex(ord(char)) for char in unseen if cell_text(char) != f"[U+{ord(char):04X}]"] == []


TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | st.text("_x0041DF\r\n\ud83d\ude00", max_size=40)


@given(TEXTS)
def test_every_text_can_be_stored_and_comes_back(text: str) -> None:
    """Stored text is XML's, without control characters; read back it is what was meant, replacements included."""
    stored = cell_text(text)
    assert re.fullmatch("[\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]*", stored)
    assert cell_text(unescape(stored)) == stored
    if re.fullmatch("[\t\n\x20-\x7e]*", text):
        assert unescape(stored) == text


def test_a_stored_text_is_what_readers_see(tmp_path: Path) -> None:
    """A workbook with such a text opens elsewhere, and our own reader gives the text that was meant."""
    text = "a\uffffb \ud800 _x0041_x0042_ 😀 <&>"
    stored = cell_text(text)
    data = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    path = save(tmp_path / "a.xlsx", parts(data, shared=strings(f"<t>{escape(stored)}</t>")))
    meant = "a[U+FFFF]b [U+D800] _x0041_x0042_ 😀 <&>"
    assert plain(by_address(only_sheet(path))) == {"A1": ("TEXT", meant)}
    assert plain(by_address(only_sheet(typed(path, [stored])))) == {"A1": ("TEXT", meant)}


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("a_x000D_\nb", "a\nb"),
        ("_x000D__x000A_", "\n"),
        ("_xD83D__xDE00_", "😀"),
        ("_xD83D_\ude00", "😀"),
        ("_xD83D_x", "\ud83dx"),
        ("_x005F_xD83D_", "_xD83D_"),
        ("_x0041_x0042_", "Ax0042_"),
    ],
)
def test_excels_escapes_are_decoded(stored: str, text: str) -> None:
    """From left to right, each once; two halves become one character and half a one stays half."""
    assert unescape(stored) == text


def test_a_natural_number_is_ascii_digits() -> None:
    """``int`` also takes signs, blanks, underscores and other alphabets' digits."""
    assert [natural(text) for text in ("0", "7", "0012")] == [0, 7, 12]
    for text in ("", " 1", "+1", "-1", "1_0", "1.0", "\u0661", "\uff11", "\u00b2", "1" * 5000):
        with pytest.raises(ValueError, match=r"natural|limit"):
            natural(text)
