"""The results workbook: every text as text, in the contract's columns, and never half a file."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from asking import fill, flag
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from passes import passes
from python_calamine import CalamineWorkbook
from workbooks import column_of, results_of, typed

from bulkops.energycap.environments import environment
from bulkops.model.outcomes import ENDS, Status
from bulkops.runs import preview
from bulkops.runs.delivery import free
from bulkops.runs.report import Options
from bulkops.system.files import save
from bulkops.workbook.results_layout import COLUMNS, MARK
from bulkops.workbook.text import cell_text
from bulkops.workbook.writing import results_sheet, templates
from bulkops.workbook.writing.results_sheet import Results, Value
from bulkops.workbook.writing.sidecar import may_replace, plain, results_path

EXPECTED = Path(__file__).parents[1] / "expected" / "results.csv"
WHEN = "2026-11-21 10:15:30 UTC-05:00"


def line(message: str = "", **values: Value) -> list[Value]:
    """A line of the results; values by column, with _ for a blank."""
    known: dict[str, Value] = {
        "Sheet": "Flag edits", "Row": 2, "Operation": "List flag edit", "Target": "2001", "Status": "Done",
        "Message": message, "What to do": "", "Environment": "practice", "Run": "r1",
    }  # fmt: skip
    known |= {name.replace("_", " "): value for name, value in values.items()}
    return [known.get(name) for name in COLUMNS]


RESULTS = Results([
    line("10 of 12 bills changed.", Bills_selected=12, Bills_updated=10, HTTP_status=200, Started=WHEN, Seconds=0.25),
    line("=1+1", Status="Failed", What_to_do="=HYPERLINK(\"http://evil\")", Target="+1"),
    line("#N/A", Status="Needs fixing", What_to_do="@SUM(A1)", Target="-1"),
    line("two\nlines", Status=Status.UNKNOWN.label, What_to_do="a;b \"c\", d", Target="00102"),
    line("30 of 12.", Status="Done \N{EN DASH} look", Row=1, Name="=1+1 \u202e\u200f\x07"),
    line("bell \x07, half \ud800, none \uffff", Status="Not sent", What_to_do="_x0041_", Target="1e3"),
    line("Grüße, 日本, 😀", Status="Already done", Sheet="It's", Row=1_048_576, Operation=" blanks "),
    line("x " * 1000, Sheet="TRUE", Target="2026-11-21", New_task_GUID="7d9e4c10-5b3a-4f6e-9c21-000000000001"),
], "=Results of A & B",
    (("Rows", "=1+1"), ("Bills", "12 selected"), ("Imports", "none"), ("Time", " <2026> ")),
    (("Run", "r1 in practice"), ("By", "=Sam & \x07")),
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results workbook with everything that is awkward."""
    path = tmp_path_factory.mktemp("results") / "August - results.xlsx"
    save(path, plain(RESULTS, path.with_name("August.xlsx"), path))
    return path


def write_results(path: Path, lines: list[list[Value]], workbook: Path) -> None:
    save(path, plain(Results(lines), workbook, path))


def as_csv(rows: Iterable[Iterable[Any]]) -> str:
    """Cells as LibreOffice exports them, so that the three readers can be held against one file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([_in_words(value) for value in row])
    return stream.getvalue()


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.3f}"
    return "" if value is None else str(value)


def in_openpyxl(path: Path) -> list[list[Any]]:
    """Every cell; openpyxl leaves Excel's escapes as they are."""
    rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [[unescape(value) if isinstance(value, str) else value for value in row] for row in rows]


def in_calamine(path: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_openpyxl_reads_what_was_written(written: Path) -> None:
    """Every cell, compared as text with the expected file."""
    assert as_csv(in_openpyxl(written)) == EXPECTED.read_text(encoding="utf-8")


def test_calamine_reads_what_was_written(written: Path) -> None:
    """Every cell, compared as text with the expected file."""
    assert as_csv(in_calamine(written)) == EXPECTED.read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed here")
def test_libreoffice_reads_what_was_written(written: Path, tmp_path: Path) -> None:
    """Every cell, compared as text with the expected file; no formula came alive."""
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76,1", "--outdir", str(tmp_path), str(written)],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    with open(tmp_path / f"{written.stem}.csv", encoding="utf-8", newline="") as stream:
        rows = [[cell.replace("\r\n", "\n") for cell in row] for row in csv.reader(stream)]
    assert as_csv(rows) == EXPECTED.read_text(encoding="utf-8")


@given(st.text(), st.text(st.characters()), st.text(st.sampled_from("=+-@#_x0041\ud83d\ude00\uffff\r\n\t\x00 '\"")))
@settings(max_examples=passes(200), deadline=None)
def test_any_text_comes_back_as_itself_or_its_replacement(one: str, two: str, three: str) -> None:
    """Whatever a server sends: two readers see the text or what visibly stands for it, and no cell is a formula."""
    stream = io.BytesIO(plain(Results([line(one, What_to_do=two, Target=three)]), Path("August.xlsx"), Path("r.xlsx")))
    columns = [COLUMNS.index(name) for name in ("Message", "What to do", "Target")]
    stored = [_no_blanks(unescape(cell_text(text))) for text in (one, two, three)]
    book = openpyxl.load_workbook(stream)
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"inlineStr", "s", "n"}
    (read,) = book.active.iter_rows(min_row=8, values_only=True)
    assert [_no_blanks(unescape(read[column] or "")) for column in columns] == stored
    stream.seek(0)
    *_, read = CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0).to_python()
    assert [_no_blanks(read[column]) for column in columns] == stored


def _no_blanks(text: str) -> str:
    """Readers do not agree on cells of nothing but blanks."""
    return text if text.strip() else ""


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain, Grüße 日本 😀", "plain, Grüße 日本 😀"),
        ("a\x00b\x1bc\x7fd", "a[U+0000]b[U+001B]c[U+007F]d"),
        ("half \ud83d of one", "half [U+D83D] of one"),
        ("none \uffff \ufffe \U0001ffff", "none [U+FFFF] [U+FFFE] [U+1FFFF]"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
def test_what_a_cell_cannot_hold_is_replaced_visibly(text: str, stored: str) -> None:
    """Control characters, half characters and non-characters leave a sign that names them."""
    assert cell_text(text) == stored


def test_a_text_too_long_says_so() -> None:
    """Excel counts UTF-16 units and would cut silently: 32,767 of them fit, and no character is cut in half."""
    assert cell_text("x" * 32_767) == "x" * 32_767
    cut = cell_text("😀" * 20_000)
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767
    assert cut.endswith("😀 … [cut; 40000 characters in all]")


def test_header_filter_and_pane_are_set(written: Path) -> None:
    """The header is frozen and filtered over all lines, and repeated on paper."""
    sheet = openpyxl.load_workbook(written).active
    assert (sheet.title, sheet.freeze_panes) == ("Results", "D8")
    assert sheet.auto_filter.ref == f"A7:T{len(RESULTS.lines) + 7}"
    assert sheet.print_title_rows == "$7:$7"
    assert all(cell.font.b for cell in sheet[7])


def test_a_status_is_words_first_and_a_colour_second(written: Path) -> None:
    """Each has a colour of its own over the whole line, light enough for black words."""
    sheet = openpyxl.load_workbook(written).active
    colours = {
        row[2].value: {cell.fill.fgColor.rgb for cell in row if cell.column_letter not in "HLMNO"}
        for row in sheet.iter_rows(8)
    }
    assert set(colours) == {status.label for status in (*ENDS, Status.LOOK)}
    assert len({colour for (colour,) in colours.values()}) == 7
    for (colour,) in colours.values():
        assert min(int(colour[at : at + 2], 16) for at in (2, 4, 6)) > 0x80


def test_long_messages_are_wrapped_in_rows_high_enough(written: Path) -> None:
    """A row is as high as its message needs, up to what Excel allows."""
    sheet = openpyxl.load_workbook(written).active
    heights = [sheet.row_dimensions[number].height for number in range(8, len(RESULTS.lines) + 8)]
    assert heights == [15, 15, 15, 30, 15, 15, 15, 405]
    message = sheet.cell(15, COLUMNS.index("Message") + 1)
    assert message.alignment.wrap_text
    assert all(cell.number_format == "@" for cell in sheet[15] if isinstance(cell.value, str))


@pytest.mark.parametrize("name", ["August.xlsx", "A & B's “Büro” 100% #1.xlsx", "日本 a+b;c.xlsm"])
@pytest.mark.parametrize("sheet", ["Kickouts", "It's & “ours”", "A!B #1", "A\u200bB"])
def test_row_links_to_the_input_row(tmp_path: Path, name: str, sheet: str) -> None:
    """The link names the workbook beside the results, and in it the sheet and row, quotes doubled."""
    path = tmp_path / "results.xlsx"
    write_results(path, [line(Sheet=sheet, Row=17)], tmp_path / name)
    cell = openpyxl.load_workbook(path).active["A8"]
    assert cell.value == 17
    assert unquote(cell.hyperlink.target) == name
    assert not re.search(r"[ #&']", cell.hyperlink.target)
    assert cell.hyperlink.location == "'" + sheet.replace("'", "''") + "'!A17"


def test_from_another_folder_the_link_is_a_whole_address(tmp_path: Path) -> None:
    """Results that had to go elsewhere still lead to the row."""
    (tmp_path / "data").mkdir()
    path, workbook = tmp_path / "data" / "results.xlsx", tmp_path / "my books" / "August.xlsx"
    write_results(path, [line()], workbook)
    assert openpyxl.load_workbook(path).active["A8"].hyperlink.target == workbook.as_uri()


def test_no_more_links_than_excel_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past Excel's 65,530 links the row numbers stay, without a link; else Excel would call the file damaged."""
    assert results_sheet.MOST_LINKS == 65_530
    monkeypatch.setattr(results_sheet, "MOST_LINKS", 2)
    path = tmp_path / "results.xlsx"
    write_results(path, [line(Row=number) for number in (2, 3, 4)], tmp_path / "August.xlsx")
    linked = [(row[0].value, row[0].hyperlink is not None) for row in openpyxl.load_workbook(path).active.iter_rows(8)]
    assert linked == [(2, True), (3, True), (4, False)]


def test_the_results_are_known_by_a_hidden_name(written: Path) -> None:
    """Our own results bear the hidden workbook name."""
    name = openpyxl.load_workbook(written).defined_names[MARK]
    assert (MARK, name.attr_text, name.hidden) == ("_bulkops.results", "Results!$A$1", True)


# ---------------------------------------------------------------- where they go, and that they get there whole


def test_earlier_results_are_replaced(tmp_path: Path) -> None:
    """A new run's results take the place of the last run's."""
    workbook = tmp_path / "August.xlsx"
    path = results_path(workbook)
    assert path == tmp_path / "August - results.xlsx"
    for message in ("old", "new"):
        write_results(path, [line(message)], workbook)
        assert results_path(workbook) == path
    assert column_of(path, "Message") == ["new"]
    assert os.listdir(tmp_path) == [path.name]


def operators_own(path: Path) -> None:
    typed(path)


def ours_with_a_sheet_added(path: Path) -> None:
    write_results(path, [line()], path)
    book = openpyxl.load_workbook(path)
    book.create_sheet("My notes")
    book.save(path)


def damaged(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 no workbook")


@pytest.mark.parametrize("make", [operators_own, ours_with_a_sheet_added, damaged])
def test_a_file_that_is_not_only_ours_is_never_replaced(tmp_path: Path, make: Any) -> None:
    """An operator's own workbook of that name, or ours with a sheet of theirs, stays as it is; ours goes beside it."""
    workbook = tmp_path / "August.xlsx"
    taken = tmp_path / "August - results.xlsx"
    make(taken)
    before = taken.read_bytes()
    assert results_path(workbook) == tmp_path / "August - results (bulkops).xlsx"
    assert not free(taken)
    assert not may_replace(taken)
    assert taken.read_bytes() == before


def test_results_that_were_saved_by_another_program_are_still_ours(tmp_path: Path) -> None:
    """Excel and others write the file anew; the hidden name stays."""
    path = tmp_path / "August - results.xlsx"
    write_results(path, [line()], path)
    openpyxl.load_workbook(path).save(path)
    assert free(path)


@pytest.mark.parametrize(
    "path",
    ["missing/results.xlsx", "folder.xlsx", "results.csv", "results", "locked.xlsx", f"{'x' * 300}.xlsx"],
)
def test_a_place_that_cannot_be_written_is_found_out(tmp_path: Path, path: str) -> None:
    """No folder, a folder, another kind of file, open in Excel, too long a name: said before anything is sent."""
    (tmp_path / "folder.xlsx").mkdir()
    (tmp_path / "~$locked.xlsx").touch()
    before = sorted(os.listdir(tmp_path))
    assert not free(tmp_path / path)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_place_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    """Trying leaves nothing behind."""
    assert free(tmp_path / "results.xlsx")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("year", [1970, 1979, 2108, 9999])
def test_a_clock_that_no_zip_can_tell_keeps_nothing_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    """A zip knows the years 1980 to 2107; results, corrections and templates are written in any other, too."""
    source = fill(tmp_path / "September.xlsx", flags=[flag(2001, comment="x"), flag("twelve", comment="x")])
    monkeypatch.setattr(time, "localtime", lambda *_: time.struct_time((year, 1, 1, 0, 0, 0, 0, 1, 0)))
    path = tmp_path / "August - results.xlsx"
    path.write_bytes(plain(Results([line("Done.")]), tmp_path / "August.csv", path))
    assert results_of(path)
    templates.make_template(tmp_path / "template.xlsx")
    with zipfile.ZipFile(tmp_path / "template.xlsx") as archive:
        assert {part.date_time[0] for part in archive.infolist()} == {1980}
    report = preview.check(source, environment(), tmp_path, Options(corrections=tmp_path / "corrections.xlsx"))
    assert report.corrections
    assert report.internal_error is None
