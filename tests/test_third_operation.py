"""A third operation is one file: it appears in template, check, run, results and documents without another edit."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from asking import carried_out
from workbooks import column_of

import bulkops.operations
from bulkops.energycap import environments
from bulkops.operations import all_operations
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import prepare, preview
from bulkops.runs.control import Control
from bulkops.runs.report import Options
from bulkops.runs.summary import summary_of
from bulkops.workbook.writing import templates

TOY = '''
"""Void a bill: a toy, to see that an operation is one file."""
import json

from bulkops.messages.errors import Message
from bulkops.model.requests import Accepted, Call
from bulkops.operations.base import Field, Operation
from bulkops.operations.numeric_cells import read_id
from bulkops.operations.text_cells import read_text


class VoidBill(Operation):
    key, title, plural, sheet, target = "void_bill", "Void bill", "voided bills", "Voids", "bill_id"
    about = "Voids one bill."
    headings = frozenset({"bill_id", "reason"})
    fields = (Field("bill_id", "Bill number", read_id, "The bill.", required=True),
              Field("reason", "Void reason", read_text, "Why."))
    rules = (Message("reason.required", "No reason", "Void reason is blank.", "Type why."),)
    samples = ()

    def schema(self):
        from bulkops.operations._rules import is_given, not_repeated, row_rule, schema
        return schema(self.fields, [row_rule("reason", "reason.required", lambda frame: is_given(frame["reason"])),
                                    not_repeated("bill_id", "reason.required", self.repeats)])

    def repeats(self, frame):
        return frame[["bill_id"]]

    def call(self, values):
        return Call("POST", f"/api/v3/bill/{values['bill_id']}/void", {"reason": values["reason"]})

    def accepted(self, reply):
        return Accepted() if json.loads(reply.content) == {"voided": True} else None

    def done(self, values, accepted):
        return "Voided.", ""

    def how_to_check(self, target):
        return f"Look at bill {target}."

    def effects(self, values):
        return ("cannot be undone",)

    def side_by_side(self, values):
        return None


OPERATION = VoidBill()
'''


@pytest.fixture
def third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy's file is found in the operations' folder while the test runs."""
    folder = tmp_path / "operations"
    folder.mkdir()
    (folder / "void_bill.py").write_text(textwrap.dedent(TOY), encoding="utf-8")
    monkeypatch.setattr(bulkops.operations, "__path__", [*bulkops.operations.__path__, str(folder)])
    all_operations.cache_clear()
    yield
    monkeypatch.undo()
    all_operations.cache_clear()


@pytest.mark.usefixtures("third")
def test_an_operation_is_one_file(tmp_path: Path, practice: PracticeServer) -> None:
    """Template, check, run, results and documents know the toy by its file alone."""
    practice.faults.add(Fault.answer(200, json={"voided": True}), path_contains="/void")
    template = tmp_path / "toy.xlsx"
    templates.make_template(template)
    book = openpyxl.load_workbook(template)
    sheet = book["Voids"]
    for column, value in (("A", 7), ("B", "Entered twice")):
        sheet[f"{column}2"] = value
    sheet["A3"] = 8
    book.save(template)

    where = environments.environment(base_url=practice.base_url)
    report = preview.check(template, where, tmp_path, Options())
    assert [(each.status.value, each.code) for each in report.outcomes] == [
        ("ready", ""),
        ("invalid", "reason.required"),
    ]

    with prepare.prepare(template, where, tmp_path, Options()) as prepared:
        assert summary_of(prepared).effects == {"cannot be undone": 1}
        report = carried_out(prepared, Control(), lambda outcome: None)
    (sent,) = practice.writes
    assert (sent.method, sent.path) == ("POST", "/api/v3/bill/7/void")
    assert json.loads(sent.body) == {"reason": "Entered twice"}
    assert report.results is not None
    columns = [column_of(report.results, name) for name in ("Sheet", "Row", "Operation", "Target", "Status")]
    lines = list(zip(*columns, strict=True))
    assert lines == [("Voids", 2, "Void bill", "7", "Done"), ("Voids", 3, "Void bill", "8", "Needs fixing")]

    tables = templates.tables()
    assert "**Bill number**" in tables["columns"]
    assert "`reason.required`" in tables["messages"]
