"""What EnergyCAP says of the things that rows name: each thing is asked about once, and nothing odd counts as a no."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import pytest

from bulkops.energycap.account import owner, senders
from bulkops.energycap.inquiry import LOST_IN_A_ROW, Inquiry
from bulkops.energycap.key import Key
from bulkops.energycap.rate_limit import RateLimit
from bulkops.energycap.tables import Wanted, look_up, recent_imports
from bulkops.messages.lookups import NOT_OFFERED
from bulkops.model.environment import Environment
from bulkops.model.facts import Facts, Imports, Task
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.practice import State, seed_data
from bulkops.practice.choices import Choices, StatusWords
from bulkops.practice.faults import Fault
from bulkops.practice.records import Batch, BillList
from bulkops.practice.server import PRACTICE_KEY, PracticeServer

GUID = "7d9e4c10-5b3a-4f6e-9c21-{:012d}"
ALL = Wanted(
    *(True, True, True, True),
    named_batches=frozenset({501, 503}),
    tasks=frozenset({GUID.format(1), GUID.format(52).upper()}),
    counts=frozenset({2004, 2005}),
)
TABLES = Wanted(True, True, True, True)


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def asked(server: PracticeServer, wanted: Wanted, key: str = PRACTICE_KEY, **more: Any) -> Facts:
    """The facts, and no request but GETs that say which fields they want, none of them output."""
    with senders(Environment("practice", server.base_url), Key(key)) as connect:
        facts = look_up(wanted, Inquiry(connect, **more))
    assert {request.method for request in server.requests} <= {"GET"}
    for request in server.requests:
        fields = parse_qs(request.query)["field"][0].split(",")
        assert "output" not in fields
    return facts


def answering(answers: Callable[[Call], Reply | NoResponse]) -> Callable[[], Callable[[Call], Reply | NoResponse]]:
    """A maker of senders that answer as told: for what no server of ours says."""
    return lambda: answers


def told(body: Any, **headers: object) -> Reply:
    return Reply(200, {name.lower(): str(value) for name, value in headers.items()}, json.dumps(body).encode())


def add_batches(state: State, count: int, **facts: Any) -> range:
    """So many more batches, which are open unless told otherwise."""
    known = state.known["open batch"]
    numbers = range(10_001, 10_001 + count)
    for number in numbers:
        facts = {"status": "open", "owner": seed_data.MANAGER, "start_date": seed_data.FIRST_DAY} | facts
        known[number] = Batch(batch_id=number, batch_code=f"MORE-{number}", **facts)
    return numbers


def test_all_that_rows_name_is_told(server: PracticeServer) -> None:
    """Names, kinds, owners, statuses and counts as EnergyCAP has them."""
    facts = asked(server, ALL)
    assert (facts.asked, facts.untold, facts.notes, facts.gone) == (True, (), (), frozenset())
    assert facts.flag_types is not None
    assert [each.name for each in facts.flag_types.values()] == [
        *("Audit Exception", "Bill review", "Cost recovery", "Vendor query"),
    ]
    assert facts.lists is not None
    mixed, records = facts.lists[2004], facts.lists[2099]
    assert (mixed.name, mixed.kind, mixed.of_bills, mixed.owner and mixed.owner.code) == (
        *("Mixed", "Bill List", True, "operator"),
    )
    assert (records.kind, records.of_bills) == ("Record List", False)
    assert 2098 not in facts.lists
    assert facts.users is not None
    assert [(each.id, each.name, each.active) for each in facts.users.values()][2:] == [
        (103, "Robin Reader", True),
        (104, "Frankie Former", False),
    ]
    assert {number: (each.code, each.status, each.bills) for number, each in facts.batches.items()} == {
        501: ("JUL-2026", "open", 1),
        502: ("PENDING-A", "pending", 2),
        503: ("JUN-2026", "closed", 3),
        504: ("MGR-OPEN", "open", 4),
        506: ("PENDING-B", "pending", 6),
    }
    assert facts.all_open
    ended, running = facts.tasks[GUID.format(1)], facts.tasks[GUID.format(52)]
    assert (ended.type_code, ended.has_kickouts, ended.ended, ended.imported) == ("BillImport", True, True, 21)
    assert (ended.note, ended.file, ended.person and ended.person.id) == ("Practice import 01", "practice-01.txt", 101)
    assert (running.status, running.ended, running.has_kickouts) == ("Running", False, None)
    many, none = facts.counts[2004], facts.counts[2005]
    assert (many.bills, many.cost, many.unit, many.flagged, many.held) == (25, 6250.0, "US Dollar", 10, 0)
    assert (none.bills, none.cost, none.flagged, none.held) == (0, 0.0, 0, 0)


def test_each_table_and_each_thing_is_asked_for_once(server: PracticeServer) -> None:
    """400 lists are 400 requests; a named batch is asked for only if it is not among the open and pending ones."""
    for number in range(5001, 5401):
        server.state.known["list"][number] = BillList(number, f"List {number}", seed_data.OPERATOR)
    counts = frozenset(range(5001, 5401))
    facts = asked(server, Wanted(True, True, True, True, ALL.named_batches, ALL.tasks, counts))
    assert len(facts.counts) == 400
    paths = [request.path for request in server.requests]
    assert len(paths) == len(set(paths)) == 400 + 4 + 1 + 2
    assert "/api/v3/batch/503" in paths


def test_the_calls_without_pages_are_asked_without_any(server: PracticeServer) -> None:
    """Their documents know neither page size nor number."""
    asked(server, Wanted(True, True, True))
    assert {tuple(parse_qs(request.query)) for request in server.requests} == {("field",)}


def test_many_batches_come_in_pages(server: PracticeServer) -> None:
    """2,500 of them in three pages of 1,000, and the four that were there."""
    numbers = add_batches(server.state, 2500)
    facts = asked(server, Wanted(batches=True))
    assert facts.batches.keys() == {501, 502, 504, 506, *numbers}
    assert facts.all_open
    assert sorted(parse_qs(request.query)["pageNumber"][0] for request in server.requests) == ["1", "2", "3"]


def half_pages(server: PracticeServer) -> None:
    server.state.choices.half_pages = True


def another_total(server: PracticeServer) -> None:
    changed = Fault.changed(headers={"totalnumberofrecords": "2505"})
    server.faults.add(changed, skip=1, method="GET", path_contains="/api/v3/batch")


def a_lost_page(server: PracticeServer) -> None:
    server.faults.add(Fault.truncated(), skip=2, method="GET", path_contains="/api/v3/batch")


def a_refused_page(server: PracticeServer) -> None:
    server.faults.add(Fault.status(403), skip=1, method="GET", path_contains="/api/v3/batch")


def no_headers(server: PracticeServer) -> None:
    changed = Fault.changed(headers={"totalnumberofrecords": "", "totalpages": ""})
    server.faults.add(changed, method="GET", path_contains="/api/v3/batch")


def endless(server: PracticeServer) -> None:
    changed = Fault.changed(headers={"totalpages": "999999999"})
    server.faults.add(changed, method="GET", path_contains="/api/v3/batch")


@pytest.mark.parametrize(
    "spoil",
    [half_pages, another_total, a_lost_page, a_refused_page, no_headers, endless],
    ids=lambda each: each.__name__,
)
def test_half_a_table_is_never_taken_for_a_whole_one(server: PracticeServer, spoil: Any) -> None:
    """Then which batches are open is not known; those that rows name are asked for one by one."""
    add_batches(server.state, 2500)
    spoil(server)
    facts = asked(server, Wanted(batches=True, named_batches=frozenset({501, 9})))
    server.faults.clear()
    assert not facts.all_open
    assert facts.batches.keys() == {501}
    assert facts.gone == {("batch", 9)}
    (said,) = facts.untold
    assert said.startswith("EnergyCAP did not tell which batches are open or pending (")
    assert said.endswith("Your own open batches are not known.")


@pytest.mark.parametrize(
    ("rows", "headers", "whole"),
    [
        (3, {}, True),
        (0, {}, True),
        (1000, {}, False),
        (250, {}, False),
        (1000, {"TotalPages": 1}, False),
        (1000, {"TotalNumberOfRecords": 1000}, True),
        (3, {"TotalPages": 2}, False),
        (3, {"TotalPages": "many", "TotalNumberOfRecords": "-1"}, True),
        (3, {"TotalPages": 1, "TotalNumberOfRecords": 4}, False),
        (0, {"TotalPages": 0, "TotalNumberOfRecords": 0}, True),
    ],
)
def test_a_page_without_its_headers_is_whole_if_it_is_short(rows: int, headers: dict[str, object], whole: bool) -> None:
    """A page that is as long as a page may be could be the first of several."""
    page = [{"batchId": number} for number in range(rows)]
    facts = look_up(Wanted(batches=True), Inquiry(answering(lambda _: told(page, **headers))))
    assert (facts.all_open, len(facts.batches)) == (whole, rows if whole else 0)


def test_pages_that_repeat_an_entry_are_no_table() -> None:
    """Something moved from one page to the other meanwhile: another one may be missing."""
    page = told([{"batchId": 1}, {"batchId": 2}], TotalPages=2, TotalNumberOfRecords=4)
    facts = look_up(Wanted(batches=True), Inquiry(answering(lambda _: page)))
    assert (facts.all_open, facts.batches, len(facts.untold)) == (False, {}, 1)


SPOILS = {
    "401": Fault.status(401),
    "403": Fault.status(403),
    "404": Fault.status(404),
    "500": Fault.status(500),
    "page": Fault.html(),
    "forbidding page": Fault.html("Blocked", status=403),
    "missing page": Fault.html("Not here", status=404),
    "redirect": Fault.redirect("https://portal.example/"),
    "half": Fault.truncated(),
    "half in whole": Fault.truncated_json(),
    "nothing": Fault.drop_reply(),
    "no word": Fault.answer(200),
    "204": Fault.answer(204),
    "object": Fault.answer(200, json={"value": []}),
    "number": Fault.answer(200, json=7),
    "nulls": Fault.answer(200, json=[None]),
    "no ids": Fault.answer(200, json=[{"name": "x"}]),
    "deep": Fault.answer(200, "[" * 100_000),
    "odd ids": Fault.answer(200, json=[{f"{kind}Id": "5"} for kind in ("flagType", "list", "user", "batch")]),
    "truth": Fault.answer(200, json=[dict.fromkeys(("flagTypeId", "listId", "userId", "batchId"), True)]),
    "twice": Fault.answer(200, json=[dict.fromkeys(("flagTypeId", "listId", "userId", "batchId"), 5)] * 2),
    "failed": Fault.answer(200, json={"meta": {"ErrorMessage": "Busy."}}),
}


@pytest.mark.parametrize("kind", SPOILS)
def test_a_table_that_is_not_told_is_no_proof(server: PracticeServer, kind: str) -> None:
    """It is None, said once, and the others are there."""
    server.faults.add(SPOILS[kind], method="GET", path_contains="/api/v3/list")
    facts = asked(server, TABLES)
    assert facts.lists is None
    assert len(facts.flag_types or ()) == len(facts.users or ()) == 4
    assert facts.all_open
    assert not facts.gone
    (said,) = facts.untold
    assert said.startswith("EnergyCAP did not tell the lists (")
    assert said.endswith("Names and kinds of lists were not checked.")


@pytest.mark.parametrize("kind", SPOILS)
def test_things_that_are_not_told_are_no_proof(server: PracticeServer, kind: str) -> None:
    """One sentence for all of a kind with one cause; but EnergyCAP's own 404 is a no."""
    server.faults.add(SPOILS[kind], method="GET", times=None)
    facts = asked(server, Wanted(named_batches=frozenset({501, 502}), tasks=ALL.tasks, counts=ALL.counts), jobs=1)
    assert not facts.batches | facts.tasks | facts.counts
    if kind == "404":
        assert len(facts.gone) == 6
        assert facts.untold == ()
    else:
        assert facts.gone == frozenset()
        assert [said.partition(" (")[0] for said in facts.untold] == [
            "EnergyCAP did not tell about 2 batches",
            "EnergyCAP did not tell about 2 tasks",
            "EnergyCAP did not tell how many bills 2 lists hold",
        ]


def test_an_empty_table_of_flag_types_proves_nothing(server: PracticeServer) -> None:
    """There is always one, the reserved one."""
    server.state.flag_types.clear()
    facts = asked(server, Wanted(flag_types=True))
    assert facts.flag_types is None
    assert len(facts.untold) == 1


def test_half_a_table_of_flag_types_proves_nothing(server: PracticeServer) -> None:
    """Where its headers promise more than came."""
    more = Fault.answer(200, json=[{"flagTypeId": 1, "flagTypeInfo": "Late"}], headers={"TotalNumberOfRecords": "2"})
    server.faults.add(more, method="GET", path_contains="flagType")
    facts = asked(server, Wanted(flag_types=True))
    assert (facts.flag_types, len(facts.untold)) == (None, 1)


def test_what_the_owner_may_not_see_is_said_once_in_energycaps_words(server: PracticeServer) -> None:
    """Without View on flags and batches; users come without what is not for everybody."""
    for area in ("flaggedItems", "billsAndBatches", "usersAndRoles"):
        server.state.forbid(area, "view")
    facts = asked(server, ALL)
    assert (facts.flag_types, facts.all_open, facts.batches) == (None, False, {})
    assert [each.active for each in (facts.users or {}).values()] == [None] * 4
    assert (facts.users or {})[104].name == "Frankie Former"
    assert sorted(each.partition(" (401: “")[0].removeprefix("EnergyCAP did not tell ") for each in facts.untold) == [
        "about 2 batches",
        "the flag types",
        "which batches are open or pending",
    ]
    assert sum('lacks the permission "Bills and Batches: View"' in each for each in facts.untold) == 2


def test_a_count_that_failed_is_none(server: PracticeServer) -> None:
    """meta.ErrorMessage with 200: the answer is a failed one."""
    server.state.choices.list_error = "The list could not be read."
    facts = asked(server, Wanted(counts=frozenset({2001, 2002, 2003})))
    assert facts.counts == {}
    assert facts.untold == (
        "EnergyCAP did not tell how many bills 3 lists hold (“The list could not be read.”). They were not counted.",
    )


def test_a_list_without_totals_is_not_counted(server: PracticeServer) -> None:
    """All keys of meta are optional; without TotalCount no other number takes its place."""
    server.state.choices.list_meta = ("TotalCost",)
    facts = asked(server, Wanted(counts=frozenset({2001})))
    assert (facts.counts, len(facts.untold)) == ({}, 1)
    server.state.choices.list_meta = ("TotalCount",)
    count = asked(server, Wanted(counts=frozenset({2001}))).counts[2001]
    assert (count.bills, count.cost, count.unit) == (12, None, "")


def test_flagged_and_held_bills_are_told_only_where_the_list_shows_them_all(server: PracticeServer) -> None:
    """Neither without the columns nor of a first page of many."""
    server.state.choices.list_columns = ("Bill ID", "Total Cost")
    count = asked(server, Wanted(counts=frozenset({2002}))).counts[2002]
    assert (count.bills, count.flagged, count.held) == (40, None, None)
    server.state.choices.list_columns = ("Flag Status", "Held From Export")
    bills = server.state.known["list"][2002].bills
    server.state.known["list"][2002].bills = [*bills, *bills, *bills]
    count = asked(server, Wanted(counts=frozenset({2002}))).counts[2002]
    assert (count.bills, count.flagged, count.held) == (120, None, None)


def test_unknown_words_are_shown_and_prove_nothing(server: PracticeServer) -> None:
    """Of a task's status, of a batch's, of a list's type."""
    server.state.choices.status_words = StatusWords("Läuft", "Fertig", "Fertig mit Auswurf")
    server.state.choices.list_types = ("Rechnungsliste", "Eigenes")
    changed = Fault.changed(lambda body: body.replace(b'"open"', b'"Parked"'))
    server.faults.add(changed, method="GET", path_contains="/batch")
    facts = asked(server, ALL)
    task = facts.tasks[GUID.format(1)]
    assert (task.status, task.has_kickouts) == ("Fertig mit Auswurf", None)
    assert facts.batches[501].status == "parked"
    assert {(each.kind, each.of_bills) for each in (facts.lists or {}).values()} == {
        ("Rechnungsliste", None),
        ("Eigenes", None),
    }
    assert (facts.untold, facts.gone) == ((), frozenset())


@pytest.mark.parametrize(
    ("status", "kickouts"),
    [
        ("Completed With KickOuts", True),
        ("Completed, 3 kickouts", True),
        ("Completed, 10 kickouts", True),
        ("Completed without kickouts", None),
        ("Completed with no kickouts", None),
        ("Completed (0 kickouts)", None),
        ("Completed", None),
        ("", None),
    ],
)
def test_only_words_that_say_so_mean_kickouts(status: str, kickouts: bool | None) -> None:
    """And none prove that there are none."""
    assert Task("", status=status).has_kickouts is kickouts


@pytest.mark.parametrize(
    ("errors", "own"), [("problem", True), ("message", True), ("text", False), ("html", False), ("empty", False)]
)
def test_only_energycaps_own_word_is_a_no(server: PracticeServer, errors: Any, own: bool) -> None:
    """A 404 in JSON about that very thing; whatever else answers 404 proves nothing."""
    server.state.choices.errors = errors
    wanted = Wanted(named_batches=frozenset({9}), tasks=frozenset({GUID.format(999)}), counts=frozenset({7, 8}))
    facts = asked(server, wanted)
    gone = {("batch", 9), ("task", GUID.format(999)), ("list", 7), ("list", 8)}
    assert facts.gone == (gone if own else frozenset())
    assert len(facts.untold) == (0 if own else 3)


@pytest.mark.parametrize(
    "body",
    [
        b'{"Message": "No HTTP resource was found that matches the request URI \'/api/v3/task/1\'."}',
        b'{"statusCode": 404, "message": "Resource not found"}',
        b'{"message": "Not Found"}',
        b'{"detail": "Not Found"}',
        b"{}",
    ],
)
def test_a_call_that_is_not_there_is_not_a_thing_that_is_not_there(body: bytes) -> None:
    """The own word of a web server or a gateway on the address is JSON as well."""
    facts = look_up(Wanted(tasks=frozenset({GUID.format(1)})), Inquiry(answering(lambda _: Reply(404, {}, body))))
    assert (facts.gone, len(facts.untold)) == (frozenset(), 1)


@pytest.mark.parametrize("other", [{"taskGUId": GUID.format(2)}, {"taskGUId": 5}, {}, []])
def test_another_thing_than_was_asked_about_tells_nothing(other: Any) -> None:
    """Its type or its end would be held against the wrong row."""
    facts = look_up(Wanted(tasks=frozenset({GUID.format(1)})), Inquiry(answering(lambda _: told(other))))
    assert (facts.tasks, facts.gone, len(facts.untold)) == ({}, frozenset(), 1)


def test_what_a_table_leaves_out_everywhere_is_said_once() -> None:
    """The names, the kinds; a thing's type, end and status."""
    answers = {
        "/api/v3/flag/flagType": [{"flagTypeId": 1}, {"flagTypeId": 2, "flagTypeInfo": 7}],
        "/api/v3/list": [{"listId": 1, "listType": "Bill List"}],
        "/api/v3/user": [{"userId": 0}],
        "/api/v3/batch/1": {"batchId": 1},
        f"/api/v3/task/{GUID.format(1)}": {"taskGUId": GUID.format(1).upper(), "endDate": 5},
    }
    wanted = Wanted(True, True, True, named_batches=frozenset({1}), tasks=frozenset({GUID.format(1)}))
    facts = look_up(wanted, Inquiry(answering(lambda call: told(answers[call.path.partition("?")[0]])), jobs=1))
    assert [each.partition(" (")[0].removeprefix("EnergyCAP did not tell ") for each in facts.untold] == [
        "the names of flag types",
        "the names of lists",
        "the kinds of lists",
        "the names of users",
        "the status of 1 batch",
        "of what type 1 task is",
        "whether 1 task has ended",
    ]
    assert (facts.flag_types or {})[2].name == ""
    assert facts.tasks[GUID.format(1)].ended is None


def test_what_comes_too_late_is_not_told(server: PracticeServer) -> None:
    """The time is for all of it; what came in time counts, and the slow answer is not waited for."""
    server.faults.add(Fault.slow(300), method="GET", path_contains="/api/v3/list")
    now = [0.0]

    def progress(done: int, of: int) -> None:
        now[0] = 60.0 if done == of - 1 else 0.0

    facts = asked(server, TABLES, progress=progress, clock=lambda: now[0])
    assert (facts.lists, len(facts.users or ()), facts.all_open) == (None, 4, True)
    assert facts.untold == (
        "EnergyCAP did not tell the lists (not within 60 seconds). Names and kinds of lists were not checked.",
    )
    for each in threading.enumerate():
        if each.name == "bulkops look-up":
            each.join(10)  # far less than a slow answer may take: it was cut off
            assert not each.is_alive()


def test_no_time_at_all_leaves_everything_untold(server: PracticeServer) -> None:
    """A named batch as well, which would be asked for after the table."""
    facts = asked(server, ALL, deadline_seconds=0)
    assert facts.asked
    assert (facts.flag_types, facts.lists, facts.users, facts.batches, facts.tasks) == (None, None, None, {}, {})
    assert len(facts.untold) == 7
    assert server.requests == []


def test_a_server_that_has_gone_is_not_asked_a_hundred_times(server: PracticeServer) -> None:
    """After a few questions without an answer the others are not put; each kind is said once."""
    asks: list[Call] = []

    def dead(call: Call) -> NoResponse:
        asks.append(call)
        return NoResponse(("ConnectTimeout",), "no answer in time", True, cause="net.slow")

    facts = look_up(Wanted(True, counts=frozenset(range(100))), Inquiry(answering(dead), jobs=1))
    assert len(asks) == LOST_IN_A_ROW
    assert [each.partition("). ")[0] for each in facts.untold] == [
        "EnergyCAP did not tell the flag types (no answer in time",
        "EnergyCAP did not tell how many bills 100 lists hold (no answer in time",
    ]
    server.stop()
    facts = asked(server, ALL)
    assert len(facts.untold) >= 6
    assert not facts.gone


def test_a_stop_ends_it_without_a_trace(server: PracticeServer) -> None:
    """Nothing is told."""
    stop = []
    facts = asked(server, ALL, jobs=1, stopped=lambda: bool(stop), progress=lambda *_: stop.append(1))
    assert facts == Facts()
    with senders(Environment("practice", server.base_url), Key(PRACTICE_KEY)) as connect:
        assert recent_imports(date(2026, 7, 1), Inquiry(connect, stopped=lambda: True)) == Imports()


def test_progress_is_told_to_the_end(server: PracticeServer) -> None:
    """The questions may become more; in the end all have their answers."""
    seen: list[tuple[int, int]] = []
    asked(server, ALL, progress=lambda done, of: seen.append((done, of)))
    assert [done for done, _ in seen] == [*range(10)]
    assert seen[-1] == (9, 9)


class Clock:
    """Time that passes by waiting for it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def test_an_energycap_that_asks_to_wait_is_asked_again_later(server: PracticeServer) -> None:
    """429 and 503 with Retry-After, within the pace that all workers share."""
    clock = Clock()
    server.faults.add(Fault.too_many(7), method="GET", path_contains="/api/v3/list")
    server.faults.add(Fault.status(503, headers={"Retry-After": "7"}), method="GET", path_contains="/api/v3/list")
    facts = asked(server, TABLES, clock=clock, rate_limit=RateLimit(clock.wait, lambda: False, clock=clock))
    assert (facts.untold, len(facts.lists or ())) == ((), 31)
    assert clock.now >= 14
    assert len(server.requests) == 6


def test_a_wish_to_wait_longer_than_there_is_time_is_not_waited_for(server: PracticeServer) -> None:
    """It is not told, at once."""
    server.faults.add(Fault.too_many(500), method="GET", times=None)
    facts = asked(server, Wanted(lists=True))
    assert len(server.requests) == 1
    assert facts.untold[0].startswith("EnergyCAP did not tell the lists (429: “")


def test_a_pace_is_kept(server: PracticeServer) -> None:
    """So many questions in a minute, whoever puts them."""
    clock = Clock()
    pace = RateLimit(clock.wait, lambda: False, 60, clock)
    asked(server, Wanted(counts=frozenset(range(2001, 2031))), clock=clock, rate_limit=pace)
    assert clock.now == pytest.approx(29)


def test_a_call_that_is_going_to_be_withdrawn_is_told_once(server: PracticeServer) -> None:
    """Its answers count all the same."""
    deprecated = Fault.changed(headers={"ECI-Deprecated": "GET /api/v9/list/data"})
    server.faults.add(deprecated, method="GET", times=None, path_contains="/data")
    facts = asked(server, Wanted(counts=frozenset({2001, 2002})))
    assert len(facts.counts) == 2
    (note,) = facts.notes
    assert "the call for the bills of a list is deprecated (“GET /api/v9/list/data”)" in note


def test_an_error_of_our_own_is_not_swallowed() -> None:
    """Only what EnergyCAP and the network do is a value."""

    def broken(call: Call) -> Reply:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_up(TABLES, Inquiry(answering(broken)))


def test_a_large_table_is_read(server: PracticeServer) -> None:
    """5,000 lists whose descriptions come unasked."""
    kind = {"listTypeId": 1, "listTypeInfo": "Bill List"}
    rows = [
        {"listId": number, "listInfo": f"List {number}", "listType": kind, "listDescription": "x" * 900}
        for number in range(5000)
    ]
    server.faults.add(Fault.answer(200, json=rows), method="GET")
    assert len(asked(server, Wanted(lists=True)).lists or ()) == 5000


@contextmanager
def imports(server: PracticeServer, since: date = date(2026, 7, 1)) -> Iterator[Imports]:
    with senders(Environment("practice", server.base_url), Key(PRACTICE_KEY)) as connect:
        yield recent_imports(since, Inquiry(connect))


def test_the_imports_of_some_days_are_told(server: PracticeServer) -> None:
    """Bill imports alone, in pages, in whatever order; and which batches have imports with kickouts."""
    tasks = server.state.known["task"]
    for number in range(1001, 1601):
        tasks[GUID.format(number)] = tasks[GUID.format(1)].model_copy(update={"guid": GUID.format(number)})
    numbers = add_batches(server.state, 1500, status="closed", has_kickouts=True)
    with imports(server) as found:
        assert len(found.tasks or ()) == 42 + 600
    assert (found.batches_with_kickouts, found.untold, found.notes) == (frozenset(numbers), (), ())
    queries = [parse_qs(request.query) for request in server.requests]
    assert len(queries) == 3 + 2
    assert {each["filter"][0] for each in queries} == {
        "beginDate greater than equal '2026-07-01'",
        "HasImportsWithKickout equals 'true'",
    }
    assert not any("output" in each["field"][0] for each in queries)
    with imports(server, date(2026, 7, 3)) as found:
        assert {each.guid for each in found.tasks or ()} == {GUID.format(51), GUID.format(52)}


def test_imports_that_are_not_told_are_none(server: PracticeServer) -> None:
    """Neither half of them; the template says so in its own words."""
    server.state.choices.half_pages = True
    server.state.forbid("billsAndBatches", "view")
    with imports(server) as found:
        assert (found.tasks, found.batches_with_kickouts) == (None, None)
    assert [each.rpartition("). ")[2] for each in found.untold] == [
        *(NOT_OFFERED["imports"], NOT_OFFERED["with_kickouts"]),
    ]


@pytest.mark.parametrize(
    ("key", "manages"),
    [(PRACTICE_KEY, False), ("practice-key-manager", True), ("practice-key-readonly", False)],
    ids=("clerk", "manager", "reader"),
)
def test_whether_the_owner_manages_batches_is_told(server: PracticeServer, key: str, manages: bool) -> None:
    """Another person's open batch needs it."""
    assert owner(Environment("practice", server.base_url), Key(key)).manages_batches is manages


def test_choices_that_change_how_things_are_written_change_nothing(server: PracticeServer) -> None:
    """Dates with and without a zone, null keys or none, task orders."""
    facts = asked(server, ALL)
    server.state.choices = Choices(null_keys=False, dates="offset", task_order="newest first")
    other = asked(server, ALL)
    task, same = facts.tasks[GUID.format(1)], other.tasks[GUID.format(1)]
    assert task.begin is not None
    assert same.begin is not None
    assert (task.begin.tzinfo, same.begin.replace(tzinfo=None)) == (None, task.begin)
    assert (other.tasks[GUID.format(52)].ended, other.counts, other.lists) == (False, facts.counts, facts.lists)
