"""A file that means harm costs a sentence: no hang, no flood of memory, nothing written, and no crash of ours."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import subprocess
import sys
import threading
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import systems
from passes import LONG
from runs.test_delivery import TYPES
from workbooks import MAIN, SHEET, Parts, by_address, parts, plain, relations, save, typed, worksheet
from zoo.book import Book, unstyled
from zoo.book import worksheet as zoo_sheet

from bulkops.messages.errors import CannotStart
from bulkops.runs.delivery import decide
from bulkops.workbook.reader import parsed, read_workbook
from bulkops.workbook.reading.sandbox import MEMORY, parsed_in_sandbox
from bulkops.workbook.reading.windows_job import limits
from bulkops.workbook.sheets import Workbook
from bulkops.workbook.writing.graft import Graft, unfit
from bulkops.workbook.writing.results_sheet import Results
from bulkops.workbook.writing.suitability import CannotGraft

ROW = '<row r="1"><c r="A1"><v>5</v></c></row>'
BEFORE, AFTER = worksheet("\0").split("\0")
MEGABYTE = 2**20


def code(read: Callable[[], Workbook]) -> str:
    """What it is refused for; "" if it is read. Anything but a sentence fails the test."""
    try:
        read()
    except CannotStart as refused:
        return refused.code
    return ""


def repeated(head: bytes, block: bytes, times: int, tail: bytes) -> bytes:
    """A deflated stream of one block many times over, made without deflating it many times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + middle * times + packer.compress(tail) + packer.flush()


def with_part(path: Path, name: str, stream: bytes, size: int, crc: int = 0) -> Path:
    """A workbook with a part whose deflated bytes, size and checksum are what somebody says they are."""
    made: Parts = {each: content for each, content in parts(ROW).items() if each != name}
    save(path, {**made, name: b"#" * len(stream)}, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes().replace(b"#" * len(stream), stream))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        entry = content.rindex(mark, 0, content.rindex(name.encode()) if at == 10 else content.index(stream))
        struct.pack_into("<H", content, entry + at, zipfile.ZIP_DEFLATED)
        struct.pack_into("<LLL", content, entry + at + 6, crc, len(stream), size)
    path.write_bytes(content)
    return path


def test_three_gigabytes_in_three_megabytes(tmp_path: Path) -> None:
    """A zip bomb is refused for what its directory says; one whose directory lies is not unpacked past that."""
    bomb = repeated(b"", bytes(MEGABYTE), 3 * 1024, b"")
    for size, expected in ((3 * 2**30, "workbook.too_big"), (2**20, "workbook.damaged")):
        path = with_part(tmp_path / "a.xlsx", SHEET, bomb, size)
        assert path.stat().st_size < 4 * MEGABYTE
        assert code(lambda path=path: read_workbook(path)) == expected


@LONG
def test_ten_million_cells(tmp_path: Path) -> None:
    """More cells than memory should hold are refused long before the last."""
    cells, rows = 100, 100_000
    row = "<row>" + "<c><v>1</v></c>" * cells + "</row>"
    block, times = row.encode() * 100, rows // 100
    head, tail = BEFORE.encode(), AFTER.encode()
    path = with_part(
        tmp_path / "a.xlsx", SHEET, repeated(head, block, times, tail), len(head) + len(block) * times + len(tail)
    )
    assert code(lambda: read_workbook(path)) in ("workbook.too_big", "workbook.too_slow")


ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(10**5))
HARMFUL = [
    ("a merge over the whole sheet", worksheet(ROW, after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')),
    ("elements a million deep", BEFORE + "<a>" * 10**6 + "</a>" * 10**6 + AFTER),
    ("elements that never end", BEFORE + "<a>" * 10**6),
    ("an attribute of ten megabytes", f'{BEFORE}{ROW}<row r="2" a="{"x" * 10 * MEGABYTE}"/>{AFTER}'),
    ("a tag that never ends", f'{BEFORE}{ROW}<row r="2" a="{"x" * 10 * MEGABYTE}'),
    ("a comment of ten megabytes", f"{BEFORE}{ROW}<!--{'x' * 10 * MEGABYTE}-->{AFTER}"),
    ("a text of ten megabytes", f'{BEFORE}<row r="1"><c r="A1" t="str"><v>{"x" * 10 * MEGABYTE}</v></c></row>{AFTER}'),
    ("a number of a million digits", f'{BEFORE}<row r="1"><c r="A1"><v>{"9" * 10**6}</v></c></row>{AFTER}'),
    ("a shared text's number of a million digits", f'{BEFORE}<row><c t="s"><v>{"9" * 10**6}</v></c></row>{AFTER}'),
    ("a column of a million letters", f'{BEFORE}<row r="1"><c r="{"A" * 10**6}1"/></row>{AFTER}'),
    ("a hundred thousand attributes", f"{BEFORE}<row {ATTRIBUTES}/>{AFTER}"),
    ("a hundred thousand namespaces", f"{BEFORE}<row {ATTRIBUTES.replace('a', 'xmlns:a')}/>{AFTER}"),
    ("ampersands without end", f'{BEFORE}<row r="1"><c r="A1" t="str"><v>{"&amp;" * 10**6}</v></c></row>{AFTER}'),
    ("plain rows with a slip at the end", f'{BEFORE}{ROW}<row r="2">{"<c r=" * 10**6}</row>{AFTER}'),
]


@pytest.mark.parametrize("sheet", [pytest.param(sheet, id=name.replace(" ", "-")) for name, sheet in HARMFUL])
def test_what_is_too_much_of_something_is_read_or_refused(tmp_path: Path, sheet: str) -> None:
    """Depth, length and number cost no more than their bytes, here and in a process of its own."""
    content = save(tmp_path / "a.xlsx", parts(sheet=sheet)).read_bytes()
    here = code(lambda: parsed(tmp_path / "a.xlsx", content))
    assert here in ("", "workbook.damaged", "workbook.too_big")
    assert code(lambda: parsed_in_sandbox(tmp_path / "a.xlsx", content)) == here


@pytest.mark.parametrize("name", ["../evil.xml", "xl/../../evil.xml", "..\\evil.xml", "/../evil.xml"])
def test_a_part_that_points_out_of_the_package_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is ever unpacked to the disk; a name that tries to leave is no workbook's."""
    path = save(tmp_path / "a.xlsx", {**parts(ROW), name: "x"})
    assert code(lambda: read_workbook(path)) == "workbook.damaged"
    assert not (tmp_path.parent / "evil.xml").exists()


def test_more_parts_than_any_workbook_has(tmp_path: Path) -> None:
    """A directory of a hundred thousand parts is not worth reading on."""
    path = save(tmp_path / "a.xlsx", {**parts(ROW), **{f"x/{number}": "" for number in range(100_000)}})
    assert code(lambda: read_workbook(path)) == "workbook.too_big"


def test_a_workbook_with_as_many_parts_as_may_be_gets_its_results_beside(tmp_path: Path) -> None:
    """With the parts of the results in it, it could not be read again."""
    made = {**parts(ROW), "[Content_Types].xml": TYPES}
    made.update({f"x/{number}": "" for number in range(20_000 - len(made))})
    path = save(tmp_path / "a.xlsx", made)
    assert code(lambda: read_workbook(path)) == ""
    assert unfit(path.read_bytes())[0] == "graft.too_big"


def test_a_file_that_ends_anywhere_is_refused(tmp_path: Path) -> None:
    """Cut off at every hundredth byte, a workbook is empty or damaged, and nothing else."""
    content = typed(tmp_path / "a.xlsx", *([number, f"Comment {number}", True] for number in range(300))).read_bytes()
    for end in range(0, len(content) - 1, 100):
        found = code(lambda end=end: parsed(tmp_path / "a.xlsx", content[:end]))
        assert found in ("workbook.damaged", "workbook.empty", "workbook.not_excel"), end


def test_thousands_of_flipped_bits(tmp_path: Path) -> None:
    """With bits flipped anywhere, every cell is as it was or the workbook is refused; in the child as well."""
    content = typed(tmp_path / "a.xlsx", *([2001, f"Comment {number}", True] for number in range(20))).read_bytes()
    path, dice = tmp_path / "a.xlsx", random.Random(11)
    good = [by_address(sheet) for sheet in parsed(path, content).sheets]
    for turn in range(3000):
        broken = bytearray(content)
        for _ in range(dice.randint(1, 3)):
            broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
        ways = [parsed, parsed_in_sandbox] if turn % 300 == 0 else [parsed]
        for way in ways:
            try:
                found = way(path, bytes(broken))
            except CannotStart:
                continue
            assert [by_address(sheet) for sheet in found.sheets] == good


def big(path: Path) -> Path:
    """A workbook that is read in a process of its own."""
    rows = "".join(f'<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>' for number in range(1, 101))
    return save(path, {**parts(rows), "xl/media/image1.png": bytes(17 * MEGABYTE)})


def test_a_big_workbook_is_read_from_any_folder_in_any_thread(tmp_path: Path) -> None:
    """The process of its own finds the same bulkops from anywhere, and a window's thread can wait for it."""
    folder = tmp_path / "Abrechnung Größe 'x' & y"
    folder.mkdir()
    path = big(folder / "Äpfel %s.xlsx")
    found: list[Workbook] = []
    thread = threading.Thread(target=lambda: found.append(read_workbook(path)))
    thread.start()
    thread.join()
    assert found == [parsed(path, path.read_bytes())]


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    """What was read is what the hash is of, whatever the file holds by then."""
    path = big(tmp_path / "a.xlsx")
    content = path.read_bytes()
    found = read_workbook(path, meanwhile=lambda: path.write_bytes(b"something else"))
    assert found == parsed(path, content)
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_reading_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """After its time the child is killed, and the operator gets a sentence."""
    path = big(tmp_path / "a.xlsx")
    assert code(lambda: parsed_in_sandbox(path, path.read_bytes(), seconds=0.0)) == "workbook.too_slow"


def children() -> list[int]:
    """The processes that this one started."""
    mine = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(each.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                mine.append(int(each.parent.name))
        except (OSError, ValueError):
            continue
    return mine


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the child in /proc")
def test_a_child_that_is_killed_is_a_sentence(tmp_path: Path) -> None:
    """Whatever ends the child (memory, a crash, the system), the run ends before it began."""
    path, before = big(tmp_path / "a.xlsx"), children()

    def kill() -> None:
        for child in set(children()) - set(before):
            os.kill(child, 9)

    assert code(lambda: read_workbook(path, meanwhile=kill)) == "workbook.crashed"


@pytest.mark.parametrize("program", ["missing", sys.executable + "x"])
def test_a_child_that_cannot_start_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """A Python that is no longer there (a virtual environment that was moved) is no traceback."""
    monkeypatch.setattr(sys, "executable", program)
    path = big(tmp_path / "a.xlsx")
    assert code(lambda: read_workbook(path)) == "workbook.crashed"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at the child's environment in /proc")
def test_the_child_knows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours is in the environment of the process that reads what others wrote."""
    monkeypatch.setenv("BULKOPS_ENV", "practice")
    path, before, seen = big(tmp_path / "a.xlsx"), children(), []

    def look() -> None:
        seen.extend(Path(f"/proc/{child}/environ").read_bytes() for child in set(children()) - set(before))

    read_workbook(path, meanwhile=look)
    assert len(seen) == 1
    assert b"PATH=" in seen[0]
    assert b"BULKOPS_" not in seen[0]


def test_every_fact_comes_back_from_the_child(tmp_path: Path) -> None:
    """Kinds, ways of being shown, hidden rows and columns, merges, texts that no file name could have."""
    sheet = worksheet(
        '<row r="1" hidden="1"><c r="A1" t="e"><v>#N/A</v></c><c r="B1"><f>A1</f></c><c r="C1" t="b"><v>1</v></c></row>'
        '<row r="3"><c r="A3" t="d"><v>2026-08-01</v></c><c r="C3" t="str"><v>_xD83D_ä"\n</v></c></row>',
        before='<cols><col min="2" max="3" hidden="1"/></cols>',
        after='<mergeCells><mergeCell ref="A1:B2"/></mergeCells>',
    )
    path = save(tmp_path / "a.xlsx", parts(sheet=sheet))
    found = parsed_in_sandbox(path, path.read_bytes())
    assert found == parsed(path, path.read_bytes())
    assert plain(by_address(found.sheets[0]))["C3"] == ("TEXT", '\ud83dä"\n')


@pytest.mark.skipif(sys.platform == "darwin" or systems.WINE, reason="macOS and wine keep to no limit of memory")
def test_the_child_gets_no_more_memory_than_it_may_have() -> None:
    """What would take all there is ends with the child's own refusal, not with the computer's."""
    code = f"from bulkops.workbook.reading import sandbox; sandbox._limit(); bytearray({2 * MEMORY})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert ended.returncode == 1
    assert ended.stderr.rstrip().endswith("MemoryError")


def test_what_results_cannot_go_into_is_found_out_where_it_is_read(tmp_path: Path) -> None:
    """The process of its own tries to put results into the workbook, too, and says what speaks against it."""
    good = {**parts(ROW), "[Content_Types].xml": TYPES, "xl/media/image1.png": bytes(17 * MEGABYTE)}
    styles = f'<styleSheet xmlns="{MAIN}"><dxfs>{"<dxf/>" * 2 * 10**6}</dxfs></styleSheet>'
    kinds = ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")
    bad = {**good, "xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": relations(*kinds)}
    assert read_workbook(save(tmp_path / "good.xlsx", good)).unfit == ("", "")
    code, detail = read_workbook(save(tmp_path / "bad.xlsx", bad)).unfit
    assert (code, detail) == ("graft.too_big", "xl/styles.xml has more than 2,000,000 elements")


def test_results_beside_need_no_second_look_at_the_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reading has found is not tried again in this process; it is said before the run."""
    path = save(tmp_path / "a.xlsx", {**parts(ROW), "[Content_Types].xml": TYPES})
    (tmp_path / "data").mkdir()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    found = decide(path, sha256, tmp_path / "data", None, "20261121-101530-ab12", unfit=("graft.too_big", "names"))
    assert found.graft is None
    assert found.notes[0].startswith("a.xlsx holds more than can be checked in a few seconds (names).")


@pytest.mark.parametrize(
    ("head", "entry", "count", "tail"),
    [
        ("<cellXfs>", "<xf/>", 10**6, "</cellXfs>"),
        pytest.param("<dxfs>", "<dxf/>", 2 * 10**6, "</dxfs>", marks=LONG),
        ("<cellStyles>", '<cellStyle name="a" xfId="0"/>', 300_000, "</cellStyles>"),
        pytest.param(
            *("<cellXfs>", '<xf fontId="0"><alignment vertical="top"/><protection locked="0"/></xf>'),
            *(60_000, "</cellXfs>"),
            marks=LONG,
        ),
        ("<colors><mruColors>", '<color rgb="FF000000"/>', 300_000, "</mruColors></colors>"),
    ],
)
def test_a_graft_needs_little_memory(head: str, entry: str, count: int, tail: str) -> None:
    """However many entries a style table has: a few times its bytes, not a thousand bytes for each."""
    styles = f'<styleSheet xmlns="{MAIN}">{head}{entry * count}{tail}</styleSheet>'
    content = Book(zoo_sheet(unstyled()), styles=styles).zipped()
    tracemalloc.start()
    try:
        with suppress(CannotGraft):
            Graft(content).grafted(Results([]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * len(styles) + 16 * MEGABYTE


def test_the_limits_are_handed_to_windows_as_it_reads_them() -> None:
    """winnt.h: PerProcessUserTimeLimit at 0 in units of 100 ns, LimitFlags at 16, ProcessMemoryLimit at 112 of 144."""
    told = limits(memory=7, seconds=1.5)
    assert len(told) == 144
    assert struct.unpack_from("<q", told) == (15_000_000,)
    assert struct.unpack_from("<L", told, 16) == (0x102,)
    assert struct.unpack_from("<Q", told, 112) == (7,)
    assert sum(told) == sum(told[:8]) + sum(told[16:20]) + 7


@pytest.mark.skipif(sys.platform != "win32", reason="asks Windows")
def test_windows_takes_the_limits() -> None:
    """Also in a process that is in a job already, as that of a venv is."""
    code = "from bulkops.workbook.reading import windows_job; assert windows_job.limit(2 << 30, 40.0)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
