"""Nothing that is set for another program decides anything here: no rule, no certificate check, no record."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import STATUSES, Bulkops, Ended, fill, flag, kickout
from pandera import config
from pandera.pandas import Check, DataFrameSchema
from passes import thorough

from bulkops.practice.server import PracticeServer
from bulkops.system import environment_variables

WRONG = {
    "new_batch_code.required": kickout(1, batch_mode="smart batch"),
    "pending_batch_id.required": kickout(2, batch_mode="use pending batch"),
    "flag_edit.nothing": flag(2001, comment=None),
    "flag_edit.hold_and_release": flag(2002, hold_from_export="Yes", release_export_hold="Yes"),
}


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A workbook of rows that only pandera finds wrong, one for each rule over several columns."""
    kickouts, flags = list(WRONG.values())[:2], list(WRONG.values())[2:]
    return fill(tmp_path / "wrong.xlsx", kickouts, flags)


SETTINGS: dict[str, dict[str, str]] = {
    "off": {
        **{"PANDERA_VALIDATION_ENABLED": "False", "PYTHONWARNINGS": "error"},
        **({"PYTHONOPTIMIZE": "2"} if thorough() else {}),  # makes Python compile every library anew
        **{"_BULKOPS_COMPLETE": "complete_bash", "TYPER_STANDARD_TRACEBACK": "1", "COLUMNS": "1"},
    },
    "less": {"PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY"},
    "other": {
        **{"PANDERA_VALIDATION_DEPTH": "DATA_ONLY", "PANDERA_CACHE_DATAFRAME": "True"},
        "PANDERA_USE_NARWHALS_BACKEND": "1",
    },
    "bogus": dict.fromkeys(
        (
            *("PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH", "PANDERA_BACKEND", "PANDAS_FUTURE"),
            *("PANDAS_COPY_ON_WRITE", "NUMPY_MADVISE_HUGEPAGE", "TYPER_USE_RICH"),
        ),
        "bogus",
    ),
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))
def test_no_variable_of_a_library_switches_a_rule_off(
    wrong: Path, practice: PracticeServer, settings: dict[str, str]
) -> None:
    """A run as an operator starts it, with each of them set: every row needs fixing, and nothing is sent."""
    done = subprocess.run(
        [sys.executable, "-m", "bulkops", "run", str(wrong), "--yes", "--json"],
        env={**os.environ, **settings}, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert [(row["status"], row["code"]) for row in ended.document["rows"]] == [("invalid", code) for code in WRONG]
    assert ended.code == 1
    assert practice.writes == []


@pytest.fixture
def without_pandera() -> Iterator[None]:
    """pandera is switched off in this very process, by its own means."""
    config.set_config(validation_enabled=False, validation_depth="SCHEMA_ONLY")
    config.reset_config_context()
    yield
    config.set_config(validation_enabled=True)
    config.CONFIG.validation_depth = None
    config.reset_config_context()


@pytest.mark.usefixtures("without_pandera")
def test_pandera_switched_off_in_the_process_checks_all_the_same(wrong: Path, bulkops: Bulkops) -> None:
    """Whatever its configuration says when a check begins, it is another one for the check."""
    assert [row["code"] for row in bulkops("check", wrong, "--json").document["rows"]] == list(WRONG)


def silent(schema: DataFrameSchema, frame: Any, **_: Any) -> Any:
    """pandera as it is when it is switched off."""
    return frame


def one_rule_less(schema: DataFrameSchema, frame: Any, **options: Any) -> Any:
    """pandera leaving one rule out."""
    return VALIDATE(DataFrameSchema(schema.columns, checks=schema.checks[:-1]), frame, **options)


def asked_in_vain(schema: DataFrameSchema, frame: Any, **_: Any) -> Any:
    """pandera asking every rule, and keeping the answers to itself."""
    for check in schema.checks:
        check(frame)
    for name, column in schema.columns.items():
        for check in column.checks:
            check(frame[name])
    return frame


VALIDATE = DataFrameSchema.validate


@pytest.mark.parametrize("how", [silent, one_rule_less, asked_in_vain])
def test_a_rule_that_was_not_carried_out_is_an_error_of_our_own(
    tmp_path: Path, wrong: Path, bulkops: Bulkops, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    """That pandera says nothing is no proof that a row may be sent: the run ends before its first send."""
    monkeypatch.setattr(DataFrameSchema, "validate", how)
    ended = bulkops("run", wrong, "--yes", "--json")
    assert (ended.code, ended.document["totals"]) == (2, dict.fromkeys(STATUSES | {"rows"}, 0))
    assert "an error of its own" in ended.out
    assert practice.requests == []


def test_variables_of_other_programs_are_dropped_and_ours_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever case Windows gives them."""
    for name in ("PANDERA_VALIDATION_ENABLED", "pandera_new_switch", "SSLKEYLOGFILE", "REQUESTS_CA_BUNDLE", "NETRC"):
        monkeypatch.setenv(name, "x")
    kept = {"BULKOPS_HOME": "x", "HTTPS_PROXY": "x", "SSL_CERT_FILE": "x", "PYTHON_KEYRING_BACKEND": "x"}
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    environment_variables.drop_foreign_settings()
    assert {name: os.environ.get(name) for name in kept} == kept
    assert not {name.upper() for name in os.environ} & {"PANDERA_VALIDATION_ENABLED", "PANDERA_NEW_SWITCH"}
    assert not {"SSLKEYLOGFILE", "REQUESTS_CA_BUNDLE", "NETRC"} & {*os.environ}


def test_a_check_is_asked_through_the_attribute_that_is_overheard() -> None:
    """pandera keeps a check's function where the checking looks for it; an update that moves it is noticed here."""
    assert Check(silent)._check_fn is silent
