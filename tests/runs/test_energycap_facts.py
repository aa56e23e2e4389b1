"""EnergyCAP is asked about the rows before they are sent: each thing once, and once more after the yes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from asking import Bulkops, carried_out, fill, flag, kickout

from bulkops.messages.errors import BulkopsError
from bulkops.model.environment import Environment
from bulkops.model.facts import Count
from bulkops.practice.faults import Fault
from bulkops.practice.records import BillList
from bulkops.practice.server import PRACTICE_KEY, PracticeServer
from bulkops.runs import prepare, preview
from bulkops.runs.confirmation import carry_out, unattended
from bulkops.runs.control import Control, Watch
from bulkops.runs.report import Options, Report
from bulkops.runs.summary import Summary
from bulkops.runs.touch import Touch


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    with PracticeServer() as running:
        yield running


def environment(server: PracticeServer) -> Environment:
    return Environment("custom", server.base_url)


def run(
    path: Path,
    server: PracticeServer,
    confirm: Callable[[Summary], BulkopsError | None] = lambda _: None,
    options: Options | None = None,
    watch: Watch | None = None,
) -> Report:
    with prepare.prepare(path, environment(server), path.parent, options or Options(), watch=watch or Watch()) as made:
        return carry_out(made, confirm, lambda _: nullcontext(str), Control())


def reads(server: PracticeServer) -> Counter[str]:
    """How often each thing was read, but for whose key it is."""
    return Counter(each.path for each in server.requests if each.method == "GET" and not each.path.endswith("/me"))


def writes(server: PracticeServer) -> list[str]:
    return [each.path for each in server.requests if each.method != "GET"]


def bill_list(server: PracticeServer, number: int) -> BillList:
    found = server.state.known["list"][number]
    assert isinstance(found, BillList)
    return found


def grow(server: PracticeServer, number: int) -> None:
    """One more bill like the last."""
    bills = bill_list(server, number).bills
    bills.append(replace(bills[-1], bill_id=bills[-1].bill_id + 1_000_000))


def statuses(report: Report) -> list[tuple[str, str]]:
    return [(each.status.value, each.code) for each in report.outcomes]


def mixed(path: Path) -> Path:
    """Good rows, and one of each kind that only EnergyCAP can stop."""
    return fill(
        path,
        kickouts=[
            kickout(1, batch_mode="use existing batch", existing_open_batch_id=503),
            kickout(53),
            kickout(51),
            kickout(2),
        ],
        flags=[
            flag(2099),
            flag(2001, expected_bills=13),
            flag(2002, flag_type_id=2, expected_bills=40),
            flag(2002, flag_type_id=2, comment="Again"),
        ],
    )


def test_a_check_tells_what_only_energycap_knows_and_a_run_sends_the_rest(
    tmp_path: Path, server: PracticeServer
) -> None:
    """A closed batch, a task of another type, a list of another kind, a wrong control total: none is sent."""
    path = mixed(tmp_path / "book.xlsx")
    checked = preview.check(path, environment(server), tmp_path, Options())
    ruled_out = ["batch.not_open", "task.other_type", "", "", "list.other_type", "expected_bills.before", "", ""]
    assert [each.code for each in checked.outcomes] == ruled_out
    names = ["All records", "July electric > 30 days", "Unresolved vendor queries", "Unresolved vendor queries"]
    assert [each.name for each in checked.outcomes[4:]] == names
    assert "EnergyCAP was asked about 8 rows: 4 fit, 4 do not." in checked.notes
    assert any(note.startswith("2 edits of 1 list: 40 bills now") for note in checked.notes)
    assert any("which does not speak of kickouts" in each for each in checked.outcomes[2].warnings)
    assert writes(server) == []
    asked: list[Summary] = []
    report = run(path, server, asked.append)
    assert [each.status.value for each in report.outcomes] == [
        *("invalid", "invalid", "failed", "done", "invalid", "invalid", "done", "done")
    ]
    assert asked[0].touch[0].startswith("2 edits of 1 list: 40 bills now")
    assert asked[0].effects["will reimport a task whose status does not speak of kickouts"] == 1


def test_each_thing_is_read_once_before_the_question_and_counts_and_batches_once_more(
    tmp_path: Path, server: PracticeServer
) -> None:
    """Tables and tasks are not read again."""
    path = fill(
        tmp_path / "book.xlsx",
        kickouts=[kickout(1, batch_mode="use existing batch", existing_open_batch_id=501), kickout(2)],
        flags=[flag(2001, flag_type_id=2, comment=str(number)) for number in range(5)],
    )
    seen: list[Counter[str]] = []
    run(path, server, lambda _: seen.append(reads(server)))
    before = seen[0]
    assert set(before.values()) == {1}
    assert len(before) == 6, "flag types, lists, open batches, a count and two tasks"
    more = reads(server) - before
    assert {path.rpartition("/v3")[2] for path in more} == {"/batch", "/list/2001/data"}
    assert set(more.values()) == {1}


def test_what_changes_after_the_question_is_asked_anew(tmp_path: Path, server: PracticeServer) -> None:
    """The second question says so; what it showed is what is sent."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001, flag_type_id=2), flag(2002, flag_type_id=2)])
    asked: list[Summary] = []

    def confirm(summary: Summary) -> None:
        asked.append(summary)
        if len(asked) == 1:
            grow(server, 2001)

    report = run(path, server, confirm)
    assert [len(each.sure) for each in asked] == [0, 1]
    assert "list 2001 held 12 bills and holds 13 now" in asked[1].sure[0].tip
    assert asked[1].touch[0].startswith("2 edits of 2 lists: 53 bills now")
    assert [each.selected for each in report.outcomes] == [13, 40]
    assert len(writes(server)) == 2


def test_a_batch_that_is_closed_after_the_question_is_told(tmp_path: Path, server: PracticeServer) -> None:
    """The row that would have closed it finds none open any more."""
    path = fill(tmp_path / "book.xlsx", kickouts=[kickout(1, batch_mode="new batch")])
    server.state.known["pending batch"][502].owner = server.state.known["open batch"][501].owner
    asked: list[Summary] = []

    def confirm(summary: Summary) -> None:
        asked.append(summary)
        server.state.known["open batch"][501].status = "closed"

    run(path, server, confirm)
    assert [each.touch[0] for each in asked] == [
        "Batches, in this order: closes JUL-2026 (501) and makes a new batch",
        "Batches, in this order: makes a new batch",
    ]
    assert "its rows would now do this to batches: makes a new batch" in asked[1].sure[0].tip


def test_with_yes_a_run_is_refused_if_energycap_has_changed(tmp_path: Path, server: PracticeServer) -> None:
    """Nobody is there to look at the question anew: nothing is sent, and the exit code is 2."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001)])

    def confirm(summary: Summary) -> BulkopsError | None:
        grow(server, 2001)
        return unattended(summary)

    report = run(path, server, confirm)
    assert report.refused is not None
    assert (report.refused.code, report.exit_code, writes(server)) == ("run.changed", 2, [])


def test_with_yes_a_run_whose_only_row_does_not_fit_any_more_is_refused(tmp_path: Path, server: PracticeServer) -> None:
    """Nothing would be left to send, and nobody has said yes to that."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001, expected_bills=12)])

    def confirm(summary: Summary) -> BulkopsError | None:
        grow(server, 2001)
        return unattended(summary)

    report = run(path, server, confirm)
    assert report.refused is not None
    assert (report.refused.code, writes(server)) == ("run.changed", [])


def test_a_row_that_does_not_fit_any_more_is_not_sent(tmp_path: Path, server: PracticeServer) -> None:
    """A control total that is met at the question and not after it."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001, expected_bills=12), flag(2002)])
    asked: list[Summary] = []

    def confirm(summary: Summary) -> None:
        asked.append(summary)
        if len(asked) == 1:
            bill_list(server, 2001).bills.pop()

    report = run(path, server, confirm)
    assert statuses(report) == [("invalid", "expected_bills.before"), ("done", "")]
    assert "1 row cannot be sent any more" in asked[1].sure[0].tip


def test_all_or_nothing_holds_after_the_yes_as_well(tmp_path: Path, server: PracticeServer) -> None:
    """A row that cannot be sent any more keeps the others from being sent."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001, expected_bills=12), flag(2002)])

    def confirm(_: Summary) -> None:
        bill_list(server, 2001).bills.pop()

    report = run(path, server, confirm, Options(all_or_nothing=True))
    assert report.refused is not None
    assert (report.refused.code, writes(server)) == ("run.invalid", [])


def test_of_many_changes_the_first_are_told() -> None:
    """And the others counted."""
    before, now = (Touch(20, {key: Count(bills) for key in range(20)}, ()) for bills in (1, 2000))
    told = list(before.changes(now))
    assert (told[0], told[-1]) == ("list 0 held 1 bill and holds 2,000 now", "and 8 more")


def test_what_cannot_be_read_once_more_stops_nothing(tmp_path: Path, server: PracticeServer) -> None:
    """It is taken to be as it was: a number of bills, and the batches."""
    path = fill(
        tmp_path / "book.xlsx",
        kickouts=[kickout(1, batch_mode="new batch")],
        flags=[flag(2001, flag_type_id=2), flag(2002, flag_type_id=2)],
    )
    asked: list[Summary] = []

    def confirm(summary: Summary) -> None:
        asked.append(summary)
        if len(asked) == 1:
            for there in ("/2001/data", "/v3/batch"):
                server.faults.add(Fault.answer(403), method="GET", path_contains=there)
            grow(server, 2002)

    report = run(path, server, confirm)
    assert (statuses(report), server.faults.waiting) == ([("done", "")] * 3, 0)
    assert [(each.touch[0].partition(";")[0], each.touch[1]) for each in asked] == [
        (
            f"2 edits of 2 lists: {bills} bills now",
            "Batches, in this order: closes JUL-2026 (501) and makes a new batch",
        )
        for bills in (52, 53)
    ]


def test_more_bills_than_allowed_are_refused(tmp_path: Path, server: PracticeServer, bulkops: Bulkops) -> None:
    """Also where their number cannot be told; each list counts once, and reimports do not count."""
    path = fill(
        tmp_path / "book.xlsx",
        kickouts=[kickout(1)],
        flags=[flag(n, flag_type_id=2, comment=c) for n, c in ((2001, "a"), (2002, "a"), (2002, "b"))],
    )
    ended = bulkops("run", path, "--base-url", server.base_url, "--yes", "--max-bills", "51", "--json")
    assert (ended.code, writes(server)) == (2, [])
    assert "52 bills" in ended.document["notes"][-1]
    server.state.choices.list_meta = ()
    assert bulkops("run", path, "--base-url", server.base_url, "--yes", "--max-bills", "52").code == 2
    server.state.choices.list_meta = ("TotalCount",)
    assert bulkops("run", path, "--base-url", server.base_url, "--yes", "--max-bills", "52").code == 0


def test_offline_asks_nothing(tmp_path: Path, server: PracticeServer, bulkops: Bulkops) -> None:
    """But whose key it is, before a run; a row that EnergyCAP refuses is then refused by it."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2099)])
    assert bulkops("check", path, "--base-url", server.base_url, "--offline", "--json").statuses == ["ready"]
    assert server.requests == []
    ended = bulkops("run", path, "--base-url", server.base_url, "--yes", "--offline", "--json")
    assert ended.statuses == ["failed"]
    assert reads(server) == Counter()


def test_a_check_without_energycap_is_as_before(tmp_path: Path, server: PracticeServer, bulkops: Bulkops) -> None:
    """Away, or without a key: a note at most."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001)])
    ended = bulkops("check", path, "--base-url", "http://127.0.0.1:1", "--json")
    assert (ended.code, ended.statuses) == (0, ["ready"])
    assert any(note.startswith("EnergyCAP was not asked about the rows: ") for note in ended.document["notes"])


def test_a_list_that_changes_between_the_count_and_the_edit_is_to_be_looked_at(
    tmp_path: Path, server: PracticeServer
) -> None:
    """It is done, and says both numbers; not where an earlier row of the run edits that list."""
    rows = [flag(number, flag_type_id=2, comment=text) for number, text in ((2002, "a"), (2001, "a"), (2001, "b"))]
    path = fill(tmp_path / "book.xlsx", flags=rows)
    edits = server.state.edit_flags

    def grown(user: object, number: int, body: object) -> object:
        grow(server, 2001)
        return edits(user, number, body)

    server.state.edit_flags = grown
    report = run(path, server, options=Options(jobs=1))
    assert statuses(report) == [("done", ""), ("done", "bills.changed"), ("done", "")]
    assert "12" in report.outcomes[1].message
    assert any(note.startswith("1 row edits a list that an earlier row edits, too") for note in report.notes)


def test_reads_are_no_rows(tmp_path: Path, server: PracticeServer) -> None:
    """However few rows a minute may bring, all that they name is asked about."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001, flag_type_id=2), flag(2002, flag_type_id=2)])
    checked = preview.check(path, environment(server), tmp_path, Options(per_minute=1))
    assert any(note.startswith("2 edits of 2 lists: 52 bills now") for note in checked.notes)


def test_progress_is_told_and_a_stop_is_a_no(tmp_path: Path, server: PracticeServer) -> None:
    """Nothing is sent and nothing is left behind."""
    path = fill(tmp_path / "book.xlsx", flags=[flag(2001), flag(2002)])
    told: list[tuple[int, int]] = []
    run(path, server, watch=Watch(lambda done, of: told.append((done, of))))
    assert told[-1][0] == told[-1][1]
    before = len(writes(server))
    again = fill(tmp_path / "again.xlsx", flags=[flag(2003)])
    report = run(again, server, watch=Watch(stopped=lambda: True))
    assert report.refused is not None
    assert (report.refused.code, len(writes(server))) == ("run.declined", before)


def test_practice_knows_the_picked_names_as_given(tmp_path: Path) -> None:
    """A workbook with real names can be practised with."""
    path = fill(
        tmp_path / "book.xlsx",
        flags=[flag("Our electric bills | 4711", flag_type_id="Ours | 77", assignees="A B | 9; C D | 10")],
    )
    with prepare.prepare(path, Environment("practice", ""), tmp_path, Options()) as made:
        assert made.blocker is None
        report = carried_out(made)
    assert statuses(report) == [("done", "")]
    assert report.outcomes[0].name == "Our electric bills"
