"""Workbooks from outside that ask for far more than they hold: read or refused, with little time and memory."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from asking import carried_out
from bombs import MEGABYTE, Many, asked, limited, padded, read, zipped
from passes import LONG, thorough
from workbooks import MAIN, RELATIONSHIPS, parts, save, strings, styles, worksheet

from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare, preview
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options
from bulkops.workbook.allowance import Allowance, TooBig
from bulkops.workbook.package import opened_zip
from bulkops.workbook.sheets import column_letters
from bulkops.workbook.writing.results_sheet import Results
from bulkops.workbook.writing.sidecar import may_replace, plain

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits that a process sets for itself")
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TOO_MUCH = ("workbook.too_big", "workbook.too_slow", "workbook.crashed")
HEADINGS = ["List ID", "Flag type ID", "Flag status"]


def inline(row: int, column: int, text: str) -> str:
    return f'<c r="{column_letters(column)}{row}" t="inlineStr"><is><t>{text}</t></is></c>'


def wrong_rows(path: Path, count: int, headings: str = "", cells: str = "", after: str = "") -> Path:
    """A workbook of rows that need fixing; ``headings`` and ``cells`` (with the row's number) stand beside them."""
    top = "".join(inline(1, column, text) for column, text in enumerate(HEADINGS, 1))
    rows = (f'<row r="{row}">{inline(row, 1, "x")}{cells.format(row=row)}</row>' for row in range(2, count + 2))
    return save(path, parts(sheet=worksheet(f'<row r="1">{top}{headings}</row>{"".join(rows)}', after=after)))


# ---------------------------------------------------------------- what comes after the send


def run(path: str) -> dict[str, object]:
    """A run on a practice server with corrections: what became of it."""
    book = Path(path)
    with PracticeServer() as server:
        where, options = Environment(PRACTICE, server.base_url), Options(jobs=1, corrections=book.with_name("fix.xlsx"))
        with prepare.prepare(book, where, book.parent, options) as prepared:
            report = carried_out(prepared)
    with closing(Ledger(book.parent / LEDGER)) as ledger:
        ended = bool(ledger.runs()[0].ended)
    said = [note for note in report.notes if "orrections" in note]
    return {"results": str(report.results), "fix": report.corrections, "notes": said, "ended": ended}


def test_merges_over_all_rows(tmp_path: Path) -> None:
    """Ranges are not multiplied by rows: the corrections of a small workbook are made like any others."""
    merges = 4 * "".join(f'<mergeCell ref="A{top}:C{8_000}"/>' for top in range(3, 8_000))
    path = wrong_rows(tmp_path / "a.xlsx", 8_000, after=f"<mergeCells>{merges}</mergeCells>")
    made = limited(run, path, seconds=60, memory=2000)
    assert made["ended"]
    assert made["fix"] == f"{path.with_name('fix.xlsx')} (8000 rows)"


def test_rows_that_would_fill_a_whole_sheet_with_blanks_have_no_corrections(tmp_path: Path) -> None:
    """Each row has a cell in a column of its own: every row of the corrections would get all of the columns."""
    top = "".join(inline(1, column, f"h{column}") for column in range(4, 16_000))
    path = wrong_rows(tmp_path / "a.xlsx", 3_000, top)
    made = limited(run, path, seconds=60, memory=2000)
    assert made["ended"]
    assert (made["fix"], Path(str(made["results"])).exists()) == ("", True)
    assert "would fill too many cells" in str(made["notes"])


# ---------------------------------------------------------------- reading

TAG = b"<a " + b" ".join(b'a%06x=""' % number for number in range(250_000)) + b"/>"


def refused(path: Path, megabytes: int = 140, seconds: int = 14) -> str:
    """The same, where it must not take more than some seconds and little memory in this process."""
    code, most = limited(read, path, seconds=seconds, memory=4000)
    assert most < megabytes
    return str(code)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"])
def test_a_part_that_is_padded_with_a_comment(tmp_path: Path, part: str) -> None:
    """20 KB that are 15 MB of nothing, in a part that is read many times: the sum of all that is read is too much."""
    good = parts('<row r="1"><c r="A1"><v>5</v></c></row>', style=styles())
    made = {**good, part: padded(good[part], b"x", 15, (b"<!--", b"-->"))}
    assert refused(zipped(tmp_path / "a.xlsx", made)) in TOO_MUCH


@LONG
def test_a_part_that_is_padded_with_elements(tmp_path: Path) -> None:
    """Four million of them take this process no more than its share of time."""
    good = parts('<row r="1"><c r="A1"><v>5</v></c></row>', style=styles())
    made = {**good, "xl/workbook.xml": padded(good["xl/workbook.xml"], b"<a/>", 15)}
    assert refused(zipped(tmp_path / "a.xlsx", made), seconds=8) in ("", *TOO_MUCH)


VIEW = '<definedName name="z_12345678_1234_1234_1234_123456789abc_.wvu.rows">{}</definedName>'
LONG_TEXTS = {
    "a format of brackets": parts('<row r="1"><c r="A1" s="1"><v>5</v></c></row>', style=styles("[" * 400_000)),
    "formats of brackets": parts(style=styles(*("[" * 9_000 + str(number) for number in range(200)))),
    "a format's condition": parts(style=styles("[>" + "9" * 400_000 + "x]0")),
    "a format's digits": parts(style=styles("0" * 400_000 + "x" + "0" * 400_000)),
    "a number": parts(f'<row r="1"><c r="A1"><v>{"9" * 400_000}x</v></c></row>'),
    "a custom view": parts(workbook=f"<definedNames>{VIEW.format('a' * 400_000)}</definedNames>"),
    "a custom view in quotes": parts(
        workbook=f"<definedNames>{VIEW.format(chr(39) * (400_001 if thorough() else 100_001))}</definedNames>"
    ),
    "a custom view's rows": parts(
        workbook=f"<definedNames>{VIEW.format('Data!$' + '9' * 5_000 + ':$1')}</definedNames>"
    ),
}


@pytest.mark.parametrize("what", LONG_TEXTS)
def test_a_long_text_that_is_read_as_a_pattern(tmp_path: Path, what: str) -> None:
    """2 KB that are small enough for this process: each text is gone through once, not from each of its characters."""
    assert refused(save(tmp_path / "a.xlsx", LONG_TEXTS[what], compression=zipfile.ZIP_DEFLATED)) == ""


@LONG
def test_one_part_for_ten_thousand_tables(tmp_path: Path) -> None:
    """What counts is the sum of all that is read, not what the parts hold."""
    tables = "".join(f'<tablePart r:id="t{number}"/>' for number in range(10_000))
    sheet = worksheet('<row r="1"><c r="A1"><v>5</v></c></row>', after=f"<tableParts>{tables}</tableParts>")
    sheet = sheet.replace("<worksheet ", f'<worksheet xmlns:r="{RELATIONSHIPS}" ')
    links = "".join(
        f'<Relationship Id="t{number}" Type="{RELATIONSHIPS}/table" Target="../t.xml"/>' for number in range(10_000)
    )
    made = {
        **parts(sheet=sheet),
        "xl/worksheets/_rels/sheet1.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
        "xl/t.xml": padded(f'<table xmlns="{MAIN}"></table>', b"<a/>", 3),
    }
    assert refused(zipped(tmp_path / "a.xlsx", made)) in TOO_MUCH


def test_an_ods_that_looks_like_a_small_workbook(tmp_path: Path) -> None:
    """A part of an .xlsx in it makes no .xlsx of it: its three million cells are none of this process."""
    cells = '<table:table-cell table:number-columns-repeated="1000" office:value-type="string"><text:p>a</text:p>'
    sheet = (
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="2900">{cells}</table:table-cell>'
        "</table:table-row></table:table>"
    )
    made = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "_rels/.rels": "", "content.xml": ods(sheet)}
    path = zipped(tmp_path / "a.ods", made)
    # With no more memory than that this process would end here, if it read it itself.
    assert limited(read, path, seconds=14, memory=700)[0] in ("", *TOO_MUCH)


def ods(sheets: str) -> str:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = f"<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body>"
    return f"<office:document-content {spaces}>{body}</office:document-content>"


def test_a_hundred_thousand_sheets(tmp_path: Path) -> None:
    """Nobody's list of rows has them, in whichever sort of file."""
    sheets = "".join(f'<table:table table:name="{number}"/>' for number in range(100_000))
    made = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": ods(sheets)}
    assert refused(zipped(tmp_path / "a.ods", made)) == "workbook.too_big"
    listed = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="s{n}"/>' for n in range(1, 15_000))
    targets = "".join(
        f'<Relationship Id="s{n}" Type="{RELATIONSHIPS}/worksheet" Target="s{n}.xml"/>' for n in range(1, 15_000)
    )
    good = parts("")
    book = str(good["xl/workbook.xml"])
    made = {
        **good,
        "xl/workbook.xml": book.replace("<sheets>", f"<sheets>{listed}"),
        "xl/_rels/workbook.xml.rels": str(good["xl/_rels/workbook.xml.rels"]).replace(
            "</Relationships>", f"{targets}</Relationships>"
        ),
        **{f"xl/s{n}.xml": worksheet("") for n in range(1, 15_000)},
    }
    assert refused(save(tmp_path / "a.xlsx", made)) == "workbook.too_big"


def test_a_name_that_every_row_would_repeat(tmp_path: Path) -> None:
    """A sheet's name of a megabyte would stand in the message of each of 20,000 rows."""
    path = wrong_rows(tmp_path / "a.xlsx", 10)
    with zipfile.ZipFile(path) as archive:
        made = {name: archive.read(name) for name in archive.namelist()}
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace(b'name="Data"', b'name="' + b"x" * MEGABYTE + b'"')
    assert refused(save(path, made)) == "workbook.too_big"


def test_one_long_text_in_many_cells(tmp_path: Path) -> None:
    """The answer of the process that reads is no bigger than may be."""
    cells = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 15_000))
    made = {
        **parts(cells, shared=strings(f"<t>{'x' * 32_000}</t>")),
        "xl/media/image1.png": Many(b"", bytes(MEGABYTE), 17, b""),
    }
    assert refused(zipped(tmp_path / "a.xlsx", made), 490) == "workbook.too_big"


def test_merges_over_headings_in_all_columns(tmp_path: Path) -> None:
    """Ranges are not multiplied by columns where headings are looked for either."""
    rows = "".join(
        f'<row r="{row}">{"".join(inline(row, column, "Comment") for column in range(1, 4_000))}</row>'
        for row in range(1, 21)
    )
    merges = "".join(f'<mergeCell ref="A{row}:XFD{row}"/>' for row in range(1, 21)) * 500
    path = save(tmp_path / "a.xlsx", parts(sheet=worksheet(rows, after=f"<mergeCells>{merges}</mergeCells>")))
    assert limited(check, path, seconds=60, memory=2000) == "workbook.no_rows"


def check(path: str) -> str:
    """What a check of the workbook is refused for."""
    with pytest.raises(CannotStart) as refused:
        preview.check(Path(path), Environment(PRACTICE, ""), Path(path).parent, Options())
    return refused.value.code


# ---------------------------------------------------------------- what lies beside a workbook


def planted(path: Path, **changes: object) -> Path:
    """A file like our results, with some parts changed."""
    with zipfile.ZipFile(io.BytesIO(plain(Results([]), path, path))) as archive:
        made: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    return zipped(path, {**made, **changes})


@pytest.mark.parametrize(
    ("part", "pad"),
    [
        ("xl/workbook.xml", lambda part: padded(part, b" ", 450)),
        ("[Content_Types].xml", lambda part: padded(part, b"<a/>", 60)),
        pytest.param("[Content_Types].xml", lambda part: padded(part, b"x", 60, (b'<a b="', b'"/>')), marks=LONG),
        pytest.param(
            "[Content_Types].xml",
            lambda part: Many(part[: part.rindex(b"</")], TAG, 20, part[part.rindex(b"</") :]),
            marks=LONG,
        ),
        pytest.param("xl/_rels/workbook.xml.rels", lambda part: padded(part, b"x", 60, (b"<!--", b"-->")), marks=LONG),
        ("xl/worksheets/sheet1.xml", lambda part: padded(part, b"x", 450, (b"<!--", b"-->"))),
    ],
)
def test_planted_results_and_corrections(tmp_path: Path, part: str, pad: Callable[[bytes], Many]) -> None:
    """Some hundred KB that are some hundred MB: nobody's results, and little memory to find that out."""
    good = planted(tmp_path / "good.xlsx")
    with zipfile.ZipFile(good) as archive:
        content = archive.read(part)
    path = planted(tmp_path / "a - results.xlsx", **{part: pad(content)})
    *found, most = limited(asked, path, seconds=25, memory=4000)
    assert found == [False, False, []]
    assert most < 290


def test_files_beside_a_workbook_count_together(tmp_path: Path) -> None:
    """A hundred names are looked at: each file may be small enough, and all of them too much."""
    path, allowance = planted(tmp_path / "a - results.xlsx"), Allowance(MEGABYTE, 60_000)
    seen = [may_replace(path, None, allowance) for _ in range(100)]
    assert (seen[0], seen[-1]) == (True, False)


def test_a_heading_of_a_hundred_megabytes(tmp_path: Path) -> None:
    """A text that is put together from pieces is not copied for each of them."""
    strings_part = Many(f'<sst xmlns="{MAIN}"><si><t>'.encode(), b"x" * MEGABYTE, 200, b"</t></si></sst>")
    good = planted(tmp_path / "good.xlsx")
    with zipfile.ZipFile(good) as archive:
        links = archive.read("xl/_rels/workbook.xml.rels").decode()
    more = f'<Relationship Id="rId9" Type="{RELATIONSHIPS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    changes = {
        "xl/sharedStrings.xml": strings_part,
        "xl/_rels/workbook.xml.rels": links.replace("</Relationships>", more),
        "xl/worksheets/sheet1.xml": worksheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'),
    }
    *found, most = limited(asked, planted(tmp_path / "a.xlsx", **changes), seconds=25, memory=4000)
    assert found == [False, False, []]
    assert most < 290


def test_more_parts_than_a_directory_may_list() -> None:
    """Before a single one of them is taken in."""
    with pytest.raises(TooBig):
        opened_zip(b"PK\3\4" + b"PK\1\2" * 70_000)


def test_an_allowance_is_for_everything_together() -> None:
    """Bytes, things and seconds: what is over is over, however small the last of it was."""
    now = [0.0]
    allowance = Allowance(10, 100, 5, lambda: now[0])
    allowance.unpack(100)
    allowance.take(10)
    with pytest.raises(TooBig):
        allowance.unpack(1)
    with pytest.raises(TooBig):
        allowance.take(1)
    late = Allowance(10, 100, 5, lambda: now[0])
    now[0] = 6.0
    with pytest.raises(TooBig):
        late.take()
