"""Text files of rows: read where separator and encoding are sure, refused with the line where they are not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from asking import Bulkops
from hypothesis import given
from hypothesis import strategies as st
from workbooks import by_address, only_sheet, plain

from bulkops.messages.errors import CannotStart
from bulkops.operations import all_operations
from bulkops.runs.checking import check
from bulkops.workbook.reader import parsed, read_workbook
from bulkops.workbook.reading import delimited
from bulkops.workbook.reading.delimited import read_delimited
from bulkops.workbook.sheets import Sheet
from bulkops.workbook.text import is_error

ROWS = [["List ID", "Comment", "Flag status"], ["2001", "Zähler geprüft", "Resolved"], ["00102", "=1+1", ""]]
GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"


def joined(separator: str = ";", end: str = "\r\n") -> str:
    return "".join(separator.join(row) + end for row in ROWS)


def read(path: Path, text: str | bytes) -> Sheet:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return only_sheet(path)


def refusal(path: Path, text: str | bytes) -> CannotStart:
    with pytest.raises(CannotStart) as refused:
        read(path, text)
    return refused.value


def texts(sheet: Sheet) -> dict[str, str]:
    return {address: cell.text for address, cell in by_address(sheet).items()}


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["crlf", "lf", "cr"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
def test_separator_and_encoding_are_found(tmp_path: Path, suffix: str, separator: str, encoding: str, end: str) -> None:
    """All four separators, UTF-8 with and without its mark, UTF-16 with it, and all line ends give the same cells."""
    sheet = read(tmp_path / f"Größe & co.{suffix}", joined(separator, end).encode(encoding))
    assert sheet.name == "Größe & co"
    assert plain(by_address(sheet)) == {
        f"{letter}{number}": ("TEXT", value)
        for number, row in enumerate(ROWS, 1)
        for letter, value in zip("ABC", row, strict=True)
        if value
    }


def test_utf_16_of_either_byte_order(tmp_path: Path) -> None:
    """UTF-16 is read by its mark, whichever byte comes first."""
    for number, (mark, encoding) in enumerate([(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]):
        sheet = read(tmp_path / f"{number}.csv", mark + joined("\t").encode(encoding))
        assert by_address(sheet)["B2"].text == "Zähler geprüft"


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "mac_roman", "cp850"])
def test_letters_of_an_unknown_encoding_are_not_guessed(tmp_path: Path, encoding: str) -> None:
    """Bytes that are not UTF-8 mean other letters in every code page: the first line with one is named."""
    refused = refusal(tmp_path / "a.csv", joined().encode(encoding))
    assert refused.code == "workbook.encoding"
    assert "line 2:" in str(refused)


def test_a_broken_utf_16_file_is_refused(tmp_path: Path) -> None:
    """Half a character at the end is no encoding that can be told."""
    assert refusal(tmp_path / "a.csv", joined("\t").encode("utf-16") + b"x").code == "workbook.encoding"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Liste;Vermerk\n2001;x\n", id="no-known-heading"),
        pytest.param("List ID;Comment, internal;Assignees\n2001;x;y\n", id="one-separator-fits"),
        pytest.param("List ID\n2001\n", id="one-column"),
        pytest.param("sep=:\nList ID:Comment\n2001:x\n", id="named-but-not-one-of-the-four"),
        pytest.param("sep=,\nList ID;Comment\n2001;x\n", id="named-but-not-used"),
        pytest.param("List ID;x,Comment\n", id="two-separators-fit"),
    ],
)
def test_the_separator_is_sure_or_refused(tmp_path: Path, text: str) -> None:
    """Exactly one separator must give known headings."""
    if "internal" in text:
        assert texts(read(tmp_path / "a.csv", text))["B1"] == "Comment, internal"
    else:
        assert refusal(tmp_path / "a.csv", text).code == "workbook.csv"


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_excels_first_line_names_the_separator(tmp_path: Path, first: str) -> None:
    """sep=; is no row, for Excel and LibreOffice; a sentence about a line still counts it."""
    text = f"{first}\r\nList ID,Comment;Comment\r\n2001;x\r\n"
    sheet = read(tmp_path / "a.csv", text.replace("List ID,Comment", "List ID"))
    assert texts(sheet) == {"A1": "List ID", "B1": "Comment", "A2": "2001", "B2": "x"}
    refused = refusal(tmp_path / "b.csv", f"{first}\r\nList ID;Comment\r\n2001;x;y\r\n")
    assert "line 3:" in str(refused)


def test_rows_count_as_a_spreadsheet_program_counts_them(tmp_path: Path) -> None:
    """A blank line is a row; a quoted text over three lines is one row, and keeps its line ends."""
    sheet = read(tmp_path / "a.csv", 'August\r\n\r\nList ID;Comment\r\n2001;"a\r\nb\rc ""d"""\r\n\r\n2002;e\r\n')
    assert texts(sheet) == {
        "A1": "August",
        "A3": "List ID",
        "B3": "Comment",
        "A4": "2001",
        "B4": 'a\nb\nc "d"',
        "A6": "2002",
        "B6": "e",
    }


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        pytest.param('2001;x\n2002;"open\n2003;y\n', 3, "never closed", id="open-quote"),
        pytest.param('2001;"Held\n2002;y"x\n', 2, "where none belongs", id="open-quote-closed-by-the-next"),
        pytest.param('2001;"Held\n2002;x"\n', 2, "a quote may be missing", id="open-quote-that-swallows-a-row"),
        pytest.param('2001;12" pipe\n', 2, "never closed", id="quote-within-a-text"),
        pytest.param('2001;12" and 14" pipes\n', 2, "where none belongs", id="two-quotes-within-a-text"),
        pytest.param('2001; "a;b"\n', 2, "where none belongs", id="blank-before-a-quote"),
        pytest.param('2001;"a"b\n', 2, "where none belongs", id="text-after-a-quote"),
        pytest.param('2001;"a \\"b\\" c"\n', 2, "where none belongs", id="quotes-with-backslashes"),
        pytest.param("2001;x\n2002;Held; see vendor\n", 3, "3 cells, and there are 2 headings", id="more-cells"),
        pytest.param("2001;x;\n", 2, "3 cells", id="a-blank-cell-more"),
        pytest.param("2001;x\n2002\n", 3, "1 cells, and there are 2 headings", id="fewer-cells"),
        pytest.param("2001\n", 2, "1 cells", id="fewer-cells-in-every-row"),
        pytest.param("2001;a\0b\n", 2, "NUL", id="nul"),
        pytest.param(f"2001;{'x' * 32_768}\n", 2, "32767", id="too-long"),
    ],
)
def test_what_cannot_be_read_surely_is_refused_by_its_line(tmp_path: Path, rows: str, line: int, words: str) -> None:
    """A quote or a separator too many moves values into other columns: nothing of such a file is taken."""
    path = tmp_path / "a.csv"
    path.write_text("List ID;Comment\n" + rows, encoding="utf-8", newline="")
    with pytest.raises(CannotStart) as refused:
        read_delimited(path, path.read_bytes())
    assert refused.value.code == "workbook.line"
    assert f"a.csv, line {line}: " in str(refused.value)
    assert words in str(refused.value)


def test_the_longest_text_is_read(tmp_path: Path) -> None:
    """A text may be as long as a cell can hold."""
    assert texts(read(tmp_path / "a.csv", f"List ID;Comment\n2001;{'x' * 32_767}\n"))["B2"] == "x" * 32_767


WIDE = "List ID,Flag status,Cost recovery,Comment,Assignees,Expected bills\n"


def numbered(first: int, last: int, rest: str) -> str:
    return "".join(f"{2000 + number}{rest}\n" for number in range(first, last + 1))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(WIDE + "2001,1,,First line\nsecond line,101,5\n", 2, id="a-comment-cut-in-two"),
        pytest.param(WIDE + "2001,1,,x,101,5\n2002,1,,Checked by", 3, id="a-file-cut-off"),
        pytest.param(WIDE + "2001,1,12,50\n", 2, id="a-decimal-comma"),
        pytest.param(WIDE + '2001,1,,"abc\n2002,1,,def"\n2003,1,,ghi\n', 2, id="a-swallowed-row"),
        pytest.param(WIDE + numbered(2, 16, ",1,,x,101,5") + numbered(17, 20, ",1,,x") + "2021,1\n", 17, id="ragged"),
        pytest.param(WIDE + numbered(2, 16, ",1,,x,101,5") + numbered(17, 19, ",1,,x") + "2020,1,,C", 20, id="cut-off"),
        pytest.param(WIDE + numbered(2, 16, ",1,,x,101,5") + "Total\n", 17, id="a-note-below"),
        pytest.param(
            WIDE + numbered(2, 16, ",1,,x,101,5") + '2017,1,,"abc\n2018,1,,def"\n2019,1,,ghi\n',
            17,
            id="a-swallowed-row-further-down",
        ),
        pytest.param(WIDE.replace("Expected", '"Expected') + '2001,1,,x,101,"\n2002,1,,x,101,5\n', 1, id="headings"),
        pytest.param('"Title\n' + WIDE + '2001,1,,"\n' + WIDE + "2002,1,,x,101,5\n", 1, id="above-the-headings"),
    ],
)
def test_rows_that_may_have_lost_cells_or_taken_rows_are_refused(tmp_path: Path, text: str, line: int) -> None:
    """A row cut short is no row of blanks, and a quote takes no rows with it, in the headings or above them either."""
    refused = refusal(tmp_path / "a.csv", text)
    assert refused.code == "workbook.line"
    assert f"line {line}: " in str(refused)


COMMENT = "List ID,Flag type ID,Comment\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize(
    ("headings", "row"),
    [
        pytest.param("List ID,Flag type ID,Comment", '2001,2,"Vendor, they agreed,~will credit, next month"', id="two"),
        pytest.param("List ID,Comment", '2001,"Called vendor,~will credit"', id="two-columns"),
        pytest.param("List ID,Comment", '2001,"Called vendor~will credit, next month"', id="as-many-as-a-row"),
        pytest.param("List ID,Comment", '2001,"Called vendor~, next month"', id="a-blank-before"),
        pytest.param("List ID,Comment", '2001,"5 bills,~2 of them, late~on 3 May, all paid"', id="numbers-among-words"),
        pytest.param("List ID,Comment", '2001,"He said ""no"",~then ""yes"", at last"', id="doubled-quotes"),
        pytest.param("Comment,List ID", '"Called vendor,~will credit, they say",2001', id="key-at-the-end"),
        pytest.param("Comment,List ID", '"Called vendor~will credit",2001', id="key-after-the-line"),
        pytest.param("List ID,Comment,Import note", '2001,"a,~b, c","d,~e, f"', id="two-such-texts"),
        pytest.param('"List~ID",Flag status,Comment', "2001,1,x", id="headings"),
        pytest.param('"Pending~no.","Comment",List ID', '1,"a, b,~c, d, e",2001', id="unknown-headings"),
    ],
)  # fmt: skip
def test_a_text_over_several_lines_is_one_cell(
    tmp_path: Path, headings: str, row: str, separator: str, end: str
) -> None:
    """Where the quotes are whole, separators and line ends between them are the text's own."""
    made = [each.replace(",", separator) for each in (headings, row, "2002" + "," * headings.count(","))]
    sheet = read(tmp_path / "a.csv", "\n".join(made).replace("\n", end).replace("~", end))
    (expected,) = csv.reader(io.StringIO(made[1].replace("~", "\n")), delimiter=separator)
    assert texts(sheet) == {
        **{address: cell for address, cell in texts(sheet).items() if not address.endswith("2")},
        **{f"{letter}2": value for letter, value in zip("ABC", expected, strict=False)},
    }
    assert [each.number for each in sheet.rows] == [1, 2, 3]


@pytest.mark.parametrize(
    "row",
    ['"Held,2001~x",2002', '"Held,2001~x, y,2002~z",2003', '"Comment,List ID~x",2002'],
    ids=["first", "all", "head"],
)
def test_a_row_within_quotes_is_never_lost_when_the_key_stands_last(tmp_path: Path, row: str) -> None:
    """Then it is the first row of the two that would vanish."""
    refused = refusal(tmp_path / "a.csv", "Comment,List ID\n" + row.replace("~", "\n") + "\ny,2004\n")
    assert "line 2: " in str(refused)
    assert "a quote may be missing" in str(refused)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param('2001,2,"Held~2002,2,x"', id="an-id"),
        pytest.param('2001,2,"Held~20O2,2,x"', id="an-id-with-a-slip"),
        pytest.param('2001,2,"Held~Electric to review | 2002,2,x"', id="a-pick"),
        pytest.param('2001,2,"Held~2 002,2,x"', id="an-id-with-a-blank"),
        pytest.param('2001,2,"Held~ 2002 ,2,x, y"', id="more-cells-than-headings"),
        pytest.param('2001,2,"Held~,2,x"', id="a-row-without-a-key"),
        pytest.param('2001,2,"Held~Electric to review,2,x"', id="a-name-without-an-id"),
        pytest.param('2001,2,"Held~first, I think, or~2002,2,x"', id="among-other-lines"),
        pytest.param('2001,"2~2002,2",x', id="a-quote-that-ends-within-the-row"),
        pytest.param('2001,2,"Held~List ID,Flag type ID,Comment~then"', id="headings"),
    ],
)
def test_a_row_within_quotes_is_never_lost(tmp_path: Path, row: str) -> None:
    """A line between quotes that could be a row would vanish in another row's comment: the file is refused."""
    refused = refusal(tmp_path / "a.csv", COMMENT + row.replace("~", "\n") + "\n2003,2,y\n")
    assert "line 2: " in str(refused)
    assert "a quote may be missing" in str(refused)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WIDE + numbered(2, 16, ",1,,x,101,5") + numbered(17, 20, ",1,,x"), id="as-excel-writes-blocks"),
        pytest.param("\n" * 15 + WIDE + numbered(17, 20, ",1"), id="headings-at-the-end-of-a-block"),
        pytest.param(WIDE.replace("\n", ",,\n") + "\n , \n" + numbered(4, 6, ",1,,x,101,5"), id="headings-too-wide"),
    ],
)
def test_rows_end_early_where_excel_ends_them(tmp_path: Path, text: str) -> None:
    """In a later block of 16 rows Excel leaves out the columns that are blank in all of them; a blank line is none."""
    sheet = read(tmp_path / "a.csv", text)
    rows = [row for row in sheet.rows if row.cells.get(1) and row.cells[1].text.startswith("20")]
    assert [row.number for row in rows] == [int(row.cells[1].text) - 2000 for row in rows]
    assert len(rows) == text.count("\n20")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"List ID,Comment\n2001,a\0b\n", 2, id="nul"),
        pytest.param(b"List ID,Comment\n2001,x\n\x1a", 3, id="end-mark-of-dos"),
    ],
)
def test_a_control_character_is_named_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    """A text file by its name is not told to be none: the line says where to look."""
    refused = refusal(tmp_path / "a.csv", content)
    assert refused.code == "workbook.line"
    assert f"line {line}: " in str(refused)


@pytest.mark.parametrize(
    "text", ["#N/A", "#NV", "#REF!", "#WERT!", "#DIV/0!", "#NAME?", "#¡VALOR!", "#####", "Err:502", " #N/A "]
)
def test_errors_are_error_values(tmp_path: Path, text: str) -> None:
    """What a program writes for an error, in its language, is an error value, and the cell is named."""
    path = tmp_path / "August.csv"
    path.write_text(f"List ID,Flag type ID,Comment\n2001,2,{text}\n", encoding="utf-8")
    (row,) = check(read_workbook(path), list(all_operations().values())).rows
    assert [(each.cell, each.code) for each in row.problems] == [("August!C2", "cell.error_value")]


@pytest.mark.parametrize("text", ["#1", "#12!", "#", "#note!", "see #N/A", "N/A", "Error", "# OK!"])
def test_other_texts_are_no_errors(text: str) -> None:
    """A number sign alone makes no error value."""
    assert not is_error(text)


def test_values_are_texts(tmp_path: Path) -> None:
    """00102 keeps its zeros, a formula is the text it is, and an id in two pieces is not guessed."""
    path = tmp_path / "August.csv"
    path.write_text(
        f"Task GUID;Batch mode;New batch code\n{GUID};new batch;00102\n{GUID.upper()};new batch;=1+1\n\n\nx;y;z\n",
        encoding="utf-8",
    )
    rows = check(read_workbook(path), list(all_operations().values())).rows
    assert [row.number for row in rows] == [2, 3, 6]
    cells = by_address(only_sheet(path))
    assert (cells["C2"].text, cells["C3"].text) == ("00102", "=1+1")


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8),
            min_size=3,
            max_size=3,
        ),
        max_size=6,
    ),
    st.sampled_from(",;\t|"),
)
def test_what_python_writes_is_read_back(rows: list[list[str]], separator: str) -> None:
    """Whatever Python's own writer quotes comes back as it was, or is refused where a line could be a row; it is never
    another value."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(
        [["List ID", "Comment", "Assignees"], *rows]
    )
    content = stream.getvalue().encode()
    try:
        sheet = read_delimited(Path("a.csv"), content)
    except CannotStart:
        if any("\n" in value for row in rows for value in row):
            return
        raise
    assert [dict(row.cells) for row in sheet.rows[1:]] == [
        {
            column: (column, cell.kind, value, *cell[3:])
            for column, value in enumerate(row, 1)
            if value
            for cell in [found.cells[column]]
        }
        for row, found in zip([row for row in rows if any(row)], sheet.rows[1:], strict=True)
    ]


def test_a_text_file_is_checked_like_a_workbook(tmp_path: Path, bulkops: Bulkops) -> None:
    """The same rules, sentences and exit codes; the cell's address comes first, with the file's stem as the sheet."""
    path = tmp_path / "August.csv"
    path.write_text("List ID;Flag type ID\n2001;2\n12,15;2\n", encoding="utf-8")
    ended = bulkops("check", path, "--json")
    assert ended.code == 1
    good, bad = ended.document["rows"]
    assert (good["status"], good["row"], good["sheet"]) == ("ready", 2, "August")
    assert (bad["status"], bad["cell"], bad["code"]) == ("invalid", "August!A3", "id.separator")


def test_a_title_that_is_a_known_word_is_no_heading(tmp_path: Path) -> None:
    """A line of one cell names no separator, whatever it says."""
    assert texts(read(tmp_path / "a.csv", "Comment\nList ID;Comment\n2001;x\n"))["B2"] == "Comment"


def test_more_cells_than_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text file is bounded as a workbook is."""
    monkeypatch.setattr(delimited, "MAX_CELLS", 5)
    # In this process, where the limit is another one.
    assert len(parsed(tmp_path / "a.csv", b"List ID;Comment\n2001;x\n2002;\n").sheets[0].rows) == 3
    with pytest.raises(CannotStart) as refused:
        parsed(tmp_path / "b.csv", b"List ID;Comment\n2001;x\n2002;y\n")
    assert refused.value.code == "workbook.too_big"
