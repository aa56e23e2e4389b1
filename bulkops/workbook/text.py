"""Texts as a workbook holds them: read exactly, and written safely, whatever came from a server or a sheet."""

import re

LONGEST = 32_767
"""Excel's limit for a cell, in UTF-16 units."""
_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff" + _LAST_OF_PLANES + "]"
)
_UNSEEN = re.compile(
    "[\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What nobody sees, or what only changes how the text round it is shown: Unicode's formats (Cf), the ends of lines and
paragraphs, and what it lets a program leave out (Default_Ignorable_Code_Point). Texts can be turned round with it."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""A look ahead: in ``_x0041_x0042_`` the second escape begins with the first one's end."""
_WOULD_LOOK_ESCAPED = re.compile(rf"_(?=x[0-9A-Fa-f]{{4}}(?:_|{_UNFIT.pattern}))")
"""The same where the characters that XML cannot hold are escaped after it."""
_ERROR = re.compile(
    r"#[^\W\d_a-z][^\sa-z]*[!?]|#[¡¿][^\sa-z]+[!?]"
    r"|#N/[ABD]|#NV|#I/T|#\u041d/\u0414|#YOK|#HIÁNYZIK|#NENÍ_K_DISPOZICI|#GETTING_DATA|##+|Err:[0-9]{3}"
)
"""What Excel (in any language) and LibreOffice write for an error, and for a value too wide for its column."""


def unescape(text: str) -> str:
    """Decode Excel's ``_xHHHH_`` and bring line ends to LF. Half a surrogate pair stays what it is."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        # Two escapes can be the halves of one character.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def natural(text: str) -> int:
    """ASCII digits and nothing else, where ``int`` takes more. Raises ValueError."""
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(f"no natural number: {text[:20]}")


def is_error(text: str) -> bool:
    """Is this what a spreadsheet program shows for an error value, or for a value that it cannot show?"""
    return _ERROR.fullmatch(text) is not None


def cell_text(text: str) -> str:
    """A text as it may be stored in a cell.

    Control characters, lone surrogates and non-characters become ``[U+FFFF]``, and so does what nobody sees. Line ends
    become LF, text that looks like Excel's own escape is escaped, and what is too long is cut with a word about it.
    """
    return stored_text(text if text.isascii() else _UNSEEN.sub(_by_number, text))


def stored_text(text: str) -> str:
    """The same, with what nobody sees as it is: so a text that must stay the same can be stored, such as a name."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    cut = _cut(_UNFIT.sub(_by_number, unified))
    return _LOOKS_ESCAPED.sub("_x005F_", cut) if "_x" in cut else cut


def _by_number(found: re.Match[str]) -> str:
    return f"[U+{ord(found[0]):04X}]"


def escape(text: str) -> str:
    """The inverse of ``unescape``: a text that reads back as it is. Raises ValueError if a cell cannot hold it."""
    if _units(text) > LONGEST:
        raise ValueError("longer than a cell")
    return _UNFIT.sub(lambda match: f"_x{ord(match[0]):04X}_", _WOULD_LOOK_ESCAPED.sub("_x005F_", text))


def _cut(text: str) -> str:
    # Every escape adds seven characters to what is stored, not to what Excel shows and counts.
    if 2 * len(text) <= LONGEST or (units := _units(text)) <= LONGEST:
        return text
    ending = f" … [cut; {units} characters in all]"
    room = LONGEST - _units(ending)
    encoded = text.encode("utf-16-le")[: room * 2]
    return encoded.decode("utf-16-le", "ignore") + ending


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
