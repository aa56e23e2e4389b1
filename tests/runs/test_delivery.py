"""Where the results go: into the workbook, or as near to it as is safe; decided before the run and never silently."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from workbook.test_sidecar import line
from workbooks import column_of, parts, relations, save, styles, typed, untouched_parts

from bulkops.messages.errors import CannotStart
from bulkops.runs import delivery
from bulkops.runs.delivery import Delivery, Kind, decide
from bulkops.system import path_lengths
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.writing.results_sheet import Results

RESULTS = Results([line("10 of 12 bills changed.")], "Results of August.xlsx")
RUN = "20261121-101530-ab12"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "data folder"
    folder.mkdir()
    return folder


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "Größe & co").mkdir()
    return typed(tmp_path / "Größe & co" / "August.xlsx", ["List ID", "Comment"], [2001, "x"])


def decided(book: Path, home: Path) -> Delivery:
    return decide(book, sha256(book), home, None, RUN)


def test_the_results_go_into_the_workbook(book: Path, home: Path) -> None:
    """Nothing speaks against it: one sheet more, all else as it was, and the version before is kept."""
    before, content = untouched_parts(book), book.read_bytes()
    found = decided(book, home)
    assert (found.ways[0], found.notes) == ((Kind.IN_PLACE, book), [])
    assert found.deliver(RESULTS) == (book, [])
    assert untouched_parts(book) == before
    assert column_of(book, "Message") == ["10 of 12 bills changed."]
    (kept,) = (home / "previous versions").iterdir()
    assert (kept.name, kept.read_bytes()) == (f"August, before {RUN}.xlsx", content)
    assert os.listdir(book.parent) == ["August.xlsx"]


def workbook(path: Path, inside: str) -> None:
    """The workbook's part with something more in front of its sheets."""
    made = parts()
    made["xl/workbook.xml"] = str(made["xl/workbook.xml"]).replace("<sheets>", f"{inside}<sheets>")
    made["[Content_Types].xml"] = TYPES
    save(path, made)


SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SPREADSHEET}.worksheet+xml"/></Types>'
)


def in_excel(book: Path) -> None:
    (book.parent / "~$August.xlsx").touch()


def in_libreoffice(book: Path) -> None:
    (book.parent / ".~lock.August.xlsx#").touch()


def locked(book: Path) -> None:
    workbook(book, '<workbookProtection lockStructure="1"/>')


def read_only_recommended(book: Path) -> None:
    workbook(book, '<fileSharing readOnlyRecommended="1"/>')


def reserved(book: Path) -> None:
    workbook(book, '<fileSharing userName="Sam" reservationPassword="CC1A"/>')


def final(book: Path) -> None:
    made = parts()
    made["[Content_Types].xml"] = TYPES.replace(
        "</Types>",
        '<Override PartName="/docProps/custom.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/></Types>',
    )
    made["_rels/.rels"] = relations(("officeDocument", "xl/workbook.xml"), ("custom-properties", "docProps/custom.xml"))
    made["docProps/custom.xml"] = (
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
        'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
        '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="_MarkAsFinal"><vt:bool>true</vt:bool>'
        "</property></Properties>"
    )
    save(book, made)


@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        (in_excel, "August.xlsx is open in Excel."),
        (in_libreoffice, "August.xlsx is open in LibreOffice."),
        (locked, "The structure of August.xlsx is protected"),
        (read_only_recommended, "August.xlsx asks everybody to open it read-only."),
        (reserved, "August.xlsx may only be changed by those who know its password."),
        (final, "August.xlsx is marked as final."),
    ],
)
def test_a_workbook_that_must_not_be_replaced_gets_a_copy_beside_it(
    book: Path, home: Path, arrange: Callable[[Path], None], words: str
) -> None:
    """The copy holds every sheet and the results; the reason and the place are said before the run."""
    arrange(book)
    content, before = book.read_bytes(), untouched_parts(book)
    found = decided(book, home)
    beside = book.with_name("August - results.xlsx")
    (note,) = found.notes
    assert note.startswith(words)
    assert note.endswith(f"The results go to {beside}, a copy of the workbook with a Results sheet.")
    assert found.deliver(RESULTS) == (beside, [])
    assert column_of(beside, "Message") == ["10 of 12 bills changed."]
    assert untouched_parts(beside) == before
    assert book.read_bytes() == content
    assert decided(book, home).deliver(RESULTS) == (beside, [])
    assert [each.name for each in (home / "previous versions").iterdir()] == [f"August - results, before {RUN}.xlsx"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_sends_a_copy_to_the_data_folder(book: Path, home: Path) -> None:
    """Neither workbook nor folder may be changed: the copy goes where bulkops keeps its own files."""
    book.parent.chmod(0o500)
    found = decided(book, home)
    book.parent.chmod(0o700)
    assert found.ways[0] == (Kind.COPY, home / f"August - results {RUN}.xlsx")
    assert found.notes[0].startswith("August.xlsx cannot be changed")


def test_a_folder_that_takes_nothing_sends_a_copy_to_the_data_folder(
    book: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither workbook nor folder may be changed: the copy goes where bulkops keeps its own files."""
    monkeypatch.setattr(delivery, "writable", lambda path: path.parent == home)
    found = decided(book, home)
    place = home / f"August - results {RUN}.xlsx"
    assert found.ways[0] == (Kind.COPY, place)
    assert found.notes[0].startswith("August.xlsx cannot be changed: it or its folder is write-protected")
    assert str(place) in found.notes[0]
    assert found.notes[1].endswith("August - results.xlsx: that folder or file does not allow it.")
    assert found.deliver(RESULTS) == (place, [])


def test_too_little_room_is_found_out_before(book: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that would not hold the workbook twice gets a copy elsewhere, if there is room for it."""
    usage = shutil.disk_usage(book.parent)
    full = [book.parent]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000) if path in full else usage)
    assert decided(book, home).notes[0].startswith("There is too little room on the disk of August.xlsx.")
    full[:] = [home]
    assert decided(book, home).notes[0].startswith("August.xlsx cannot be copied to ")


def test_a_copy_that_cannot_be_kept_is_found_out_before(book: Path, home: Path) -> None:
    """Without a place for the workbook as it was, it is not replaced, and that is said before anything is sent."""
    (home / "previous versions").write_text("in the way", encoding="utf-8")
    found = decided(book, home)
    assert found.ways[0].kind is Kind.COPY
    assert found.notes[0].startswith(f"August.xlsx cannot be copied to {home / 'previous versions'} first")


def test_a_workbook_with_a_second_name_gets_a_copy(book: Path, home: Path, tmp_path: Path) -> None:
    """Replaced, it would be another file than the one that the hard link leads to."""
    (tmp_path / "linked.xlsx").hardlink_to(book)
    assert decided(book, home).notes[0].startswith("August.xlsx is one file with two names")


def test_a_workbook_in_the_data_folder_is_kept_too(home: Path) -> None:
    """Whoever keeps workbooks beside the ledger loses nothing by it."""
    book = typed(home / "August.xlsx", ["List ID", "Comment"], [2001, "x"])
    before = book.read_bytes()
    decided(book, home).deliver(RESULTS)
    assert [each.read_bytes() for each in (home / "previous versions").iterdir()] == [before]


def test_a_results_file_that_somebody_saved_is_not_replaced(book: Path, home: Path) -> None:
    """What was typed into a copy or beside the results is somebody's work: the next results have another name."""
    in_excel(book)
    first, _ = decided(book, home).deliver(RESULTS)
    assert first == book.with_name("August - results.xlsx")
    mine = openpyxl.load_workbook(first)
    mine["Data"]["D9"] = "my notes"
    mine.save(first)
    before = first.read_bytes()
    for _ in range(2):
        second, _ = decided(book, home).deliver(RESULTS)
        assert second == book.with_name("August - results (bulkops).xlsx")
    assert first.read_bytes() == before


def test_a_copy_that_bulkops_made_is_never_run(book: Path, home: Path) -> None:
    """Its rows stand in the workbook, too: a Send again that was used there would count anew here."""
    in_excel(book)
    place, _ = decided(book, home).deliver(RESULTS)
    assert place is not None
    for again in range(2):
        with pytest.raises(CannotStart) as refused:
            read_workbook(place)
        assert refused.value.code == "workbook.copy"
        if not again:
            openpyxl.load_workbook(place).save(place)


def test_a_sheet_that_took_the_place_of_the_results_is_the_operators(book: Path, home: Path) -> None:
    """The hidden name still leads there, but it has not our headings: it is kept, and read like any other."""
    decided(book, home).deliver(RESULTS)
    mine = openpyxl.load_workbook(book)
    mine["Results"].delete_rows(1, 19)
    mine["Results"].append(["Vendor", "Account", "Due", "Owner", "Amount"])
    mine["Results"].append(["a", "b", "c", "d", "e"])
    mine.save(book)
    assert [sheet.ours for sheet in read_workbook(book).sheets] == [False, False]
    found = decided(book, home)
    assert found.notes[0].startswith("The sheet “Results” in August.xlsx holds something besides results")
    found.deliver(RESULTS)
    assert [sheet.ours for sheet in read_workbook(book).sheets] == [False, False, True]
    assert openpyxl.load_workbook(book)["Results"]["A1"].value == "Vendor"


def test_results_that_another_program_saved_are_still_ours(book: Path, home: Path) -> None:
    """A workbook that was opened and saved holds one Results sheet after the next run, not two."""
    decided(book, home).deliver(RESULTS)
    openpyxl.load_workbook(book).save(book)
    found = decided(book, home)
    assert found.notes == []
    found.deliver(RESULTS)
    assert openpyxl.load_workbook(book).sheetnames == ["Data", "Results"]


@pytest.mark.parametrize("stem", ["x" * 250, "😀" * 62])
def test_a_long_name_is_no_obstacle(tmp_path: Path, home: Path, stem: str) -> None:
    """A disk counts a name in bytes; the names of what is put beside the workbook are longer still."""
    if path_lengths.too_long(tmp_path / f"{stem}.xlsx"):
        pytest.skip("Windows has no room for it: test_a_path_without_room_for_more_is_found_out")
    book = typed(tmp_path / f"{stem}.xlsx", ["List ID", "Comment"], [2001, "x"])
    assert decided(book, home).deliver(RESULTS) == (book, [])
    (tmp_path / f"~${stem[2:]}.xlsx").touch()
    place, trouble = decided(book, home).deliver(RESULTS)
    assert place is not None
    assert place.name.startswith(f"{stem[:30]}")
    assert (place.parent, trouble) == (tmp_path, [])


@pytest.mark.parametrize("room", [0, 9, 25, 26])
def test_a_path_without_room_for_more_is_found_out(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Windows counts the whole path: what would be too long after the run is moved aside before it, for that reason."""
    folder = tmp_path / "Größe & co" / ("x" * 80) / ("y" * 80)
    folder.mkdir(parents=True)
    book = typed(folder / "August.xlsx", ["List ID", "Comment"], [2001, "x"])
    monkeypatch.setattr(path_lengths, "LONGEST_PATH", path_lengths.length(book) + room)
    found = decided(book, home)
    place, trouble = found.deliver(RESULTS)
    assert trouble == []
    assert os.listdir(folder) == ["August.xlsx"]
    if room == 26:  # .August-12345678-12345678.before.xlsx
        assert (place, found.notes) == (book, [])
        return
    assert place == home / f"August - results {RUN}.xlsx"
    assert f"The path of August.xlsx ({path_lengths.length(book)} letters) leaves no room" in found.notes[0]
    assert "that path would be too long" in found.notes[1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes here")
def test_what_is_no_file_is_not_waited_for(book: Path, home: Path) -> None:
    """A pipe in the place of the results would be read for ever."""
    os.mkfifo(book.with_name("August - results.xlsx"))
    in_excel(book)
    assert decided(book, home).ways[0].path.name == "August - results (bulkops).xlsx"


def test_a_place_is_named_whole(book: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger remembers it, and is asked from other folders."""
    monkeypatch.chdir(book.parent)
    assert decide(Path("August.xlsx"), sha256(book), home, None, RUN).ways[0].path == book
    assert decide(Path("August.xlsx"), sha256(book), home, Path("r.xlsx"), RUN).ways[0].path == book.with_name("r.xlsx")


def signed(book: Path) -> None:
    made = parts()
    made["[Content_Types].xml"] = TYPES
    made["_xmlsignatures/origin.sigs"] = b""
    save(book, made)


def shared(book: Path) -> None:
    made = parts()
    made["[Content_Types].xml"] = TYPES
    made["xl/_rels/workbook.xml.rels"] = relations(
        ("worksheet", "worksheets/sheet1.xml"), ("revisionHeaders", "revisions/revisionHeaders.xml")
    )
    made["xl/revisions/revisionHeaders.xml"] = "<headers/>"
    save(book, made)


def signed_macros(book: Path) -> None:
    made = parts()
    made["[Content_Types].xml"] = TYPES.replace(
        f"{SPREADSHEET}.sheet.main", "application/vnd.ms-excel.sheet.macroEnabled.main"
    )
    made["xl/_rels/workbook.xml.rels"] = relations(
        ("worksheet", "worksheets/sheet1.xml"),
        ("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin"),
    )
    made["xl/vbaProject.bin"] = b"macros"
    made["xl/_rels/vbaProject.bin.rels"] = relations(
        ("http://schemas.microsoft.com/office/2006/relationships/vbaProjectSignature", "vbaProjectSignature.bin")
    )
    made["xl/vbaProjectSignature.bin"] = b"signed"
    save(book, made)


def damaged(book: Path) -> None:
    save(book, {**parts(), "[Content_Types].xml": TYPES, "xl/media/image1.png": b"a picture" * 99}, compression=0)
    book.write_bytes(book.read_bytes().replace(b"a picture", b"a pictura", 1))


def full_of_styles(book: Path) -> None:
    made = parts(style=styles(*[0] * 64_000))
    save(book, {**made, "[Content_Types].xml": TYPES})


def of_a_million_names(book: Path) -> None:
    workbook(book, "<definedNames>" + "<definedName name='a'/>" * 1_000_000 + "</definedNames>")


def without_types(book: Path) -> None:
    save(book, parts())


def text_file(book: Path) -> None:
    book.write_bytes(b"List ID,Comment\n2001,x\n")


@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        (signed, "August.xlsx is digitally signed"),
        (signed_macros, "The macros in August.xlsx are digitally signed"),
        (shared, "August.xlsx is shared in Excel's old way"),
        (damaged, "August.xlsx is damaged (xl/media/image1.png cannot be read)."),
        (full_of_styles, "August.xlsx has as many cell formats as Excel allows."),
        (
            of_a_million_names,
            "August.xlsx holds more than can be checked in a few seconds (xl/workbook.xml has more",
        ),
        (without_types, "August.xlsx is damaged ([Content_Types].xml is missing)."),
        (text_file, "August.xlsx is not an .xlsx workbook"),
    ],
)
def test_a_workbook_that_nothing_can_be_grafted_into_gets_a_plain_one_beside_it(
    book: Path, home: Path, arrange: Callable[[Path], None], words: str
) -> None:
    """A workbook of nothing but results; the reason and the place are said before the run."""
    arrange(book)
    content = book.read_bytes()
    found = decided(book, home)
    beside = book.with_name("August - results.xlsx")
    assert {way.kind for way in found.ways} == {Kind.PLAIN}
    (note,) = found.notes
    assert note.lower().startswith(words.lower())
    assert note.endswith(f"The results go to {beside}, a workbook of their own.")
    assert found.deliver(RESULTS) == (beside, [])
    assert openpyxl.load_workbook(beside).sheetnames == ["Results"]
    assert book.read_bytes() == content


def test_no_copy_of_macros_is_made(book: Path, home: Path) -> None:
    """Excel would not open a workbook with macros under the name of one without."""
    made = parts()
    made["[Content_Types].xml"] = TYPES.replace(
        f"{SPREADSHEET}.sheet.main", "application/vnd.ms-excel.sheet.macroEnabled.main"
    )
    save(book, made)
    assert decided(book, home).ways[0].kind is Kind.IN_PLACE
    in_excel(book)
    assert {way.kind for way in decided(book, home).ways} == {Kind.PLAIN}


def test_a_workbook_saved_during_the_run_is_left_to_its_owner(book: Path, home: Path) -> None:
    """The results go into a copy of the workbook as it was run; what was saved meanwhile stays."""
    before, found = untouched_parts(book), decided(book, home)
    typed(book, ["something", "else"])
    content = book.read_bytes()
    place, trouble = found.deliver(RESULTS)
    assert place == book.with_name("August - results.xlsx")
    assert untouched_parts(place) == before
    assert trouble[:-1] == [
        "August.xlsx was changed since it was read. "
        "Run it again to have the results in it: rows that are done are not sent twice."
    ]
    assert book.read_bytes() == content


def test_a_workbook_opened_during_the_run_is_left_alone(book: Path, home: Path) -> None:
    """Excel marks what it has open; a copy gets the results, and the reason is said."""
    content, found = book.read_bytes(), decided(book, home)
    in_excel(book)
    place, trouble = found.deliver(RESULTS)
    assert place == book.with_name("August - results.xlsx")
    assert trouble[:-1] == ["August.xlsx is open in Excel. Close it before a run to have the results in it."]
    assert trouble[-1] == f"The results are in {place}."
    assert book.read_bytes() == content


def test_a_workbook_changed_since_it_was_read_stops_the_run(book: Path, home: Path) -> None:
    """Found out before the first row is sent: the rows that were checked are not those that stand there."""
    read = sha256(book)
    typed(book, ["something", "else"])
    with pytest.raises(
        CannotStart, match=r"August\.xlsx was changed while bulkops was reading it\. Nothing was sent\."
    ):
        decide(book, read, home, None, RUN)


def test_without_any_place_nothing_begins(book: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the workbook, not beside it, not in the data folder: found out before the first row is sent."""
    monkeypatch.setattr(delivery, "writable", lambda _: False)
    with pytest.raises(CannotStart) as refused:
        decided(book, home)
    assert refused.value.code == "results.unwritable"


@pytest.mark.parametrize("cell", ["U8", "A9", "C3", "D6"])
def test_what_the_operator_added_to_the_results_is_kept(book: Path, home: Path, cell: str) -> None:
    """Results with a note of theirs, beside or above the table, stay as they are; both names are said."""
    decided(book, home).deliver(RESULTS)
    mine = openpyxl.load_workbook(book)
    mine["Results"][cell] = "asked Sam about this"
    mine.save(book)
    found = decided(book, home)
    assert found.notes[0].startswith("The sheet “Results” in August.xlsx holds something besides results")
    assert found.deliver(RESULTS) == (book, [])
    after = openpyxl.load_workbook(book)
    assert after.sheetnames == ["Data", "Results", "Results (bulkops)"]
    assert after["Results"][cell].value == "asked Sam about this"
    (note,) = decided(book, home).notes
    assert "the results are in the sheet “Results (bulkops)”" in note


def test_a_sheet_of_the_operators_called_results_is_never_touched(book: Path, home: Path) -> None:
    """Ours has another name then, and the operator is told which."""
    mine = openpyxl.load_workbook(book)
    mine.create_sheet("RESULTS")["A1"] = "what I found out myself"
    mine.save(book)
    before = untouched_parts(book)
    for _ in range(2):
        found = decided(book, home)
        assert found.notes == [
            "August.xlsx has a sheet called Results, or bulkops' own was renamed: "
            "the results are in the sheet “Results (bulkops)”. Look for them there."
        ]
        assert found.deliver(RESULTS) == (book, [])
    assert untouched_parts(book) == before
    assert openpyxl.load_workbook(book).sheetnames == ["Data", "RESULTS", "Results (bulkops)"]
