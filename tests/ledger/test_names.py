"""What EnergyCAP calls a row's target stands in the ledger: whoever tells a run again says the same names."""

from dataclasses import replace
from typing import Any

from steps import HERE, flag_edit, kickout, plan_of, run_named

from bulkops.ledger.records import outcome_from, written
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan
from ledger.support import AT, done, words

NAMES = {0: "Electric Aug.csv", 1: "Electric to review", 2: "Water", 3: "Gas", 4: "Hidden"}


def named_plan() -> Plan:
    rows = [kickout(0), *(flag_edit(seq, 2000 + seq) for seq in (1, 2, 3)), replace(flag_edit(4, 2004), hidden=True)]
    return plan_of(*rows).named(NAMES)


def names_of(outcomes: list[Outcome]) -> dict[int, str]:
    return {each.seq: each.name for each in outcomes}


def test_every_row_keeps_its_name(ledger: Any) -> None:
    """Done, on its way, not come to, or never to be sent; under way, after a kill, and once the run has ended."""
    plan = named_plan()
    ledger.begin(run_named("r"), plan, HERE)
    sent, lost, *_ = plan.steps
    ledger.intend("r", sent, AT)
    ledger.conclude("r", done(sent, name=sent.name))
    ledger.intend("r", lost, AT)
    for under_way in (True, False):
        assert names_of(ledger.outcomes("r", under_way)) == NAMES
    ledger.conclude_interrupted(words)
    assert names_of(ledger.outcomes("r")) == NAMES
    ledger.finish("r", [outcome_of(step.row, Status.NOT_SENT, name=step.name) for step in plan.steps[2:]], None)
    assert names_of(ledger.outcomes("r")) == NAMES


def test_the_archive_has_the_names(ledger: Any) -> None:
    """They are words for people: no later plan needs them in the ledger itself."""
    plan = named_plan()
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        ledger.intend("r", step, AT)
        ledger.conclude("r", done(step, name=step.name))
    ledger.finish("r", (), None)
    assert ledger.archive("2099-01-01").runs == 1
    assert names_of(ledger.outcomes("r")) == NAMES


def test_an_outcome_without_a_name_is_as_it_was_before_there_were_any() -> None:
    """An earlier bulkops reads it; and this one reads what a later one adds."""
    (step,) = plan_of(kickout(0)).steps
    plain, named = done(step), done(step, name="Electric Aug.csv")
    assert "name" not in written(plain)
    assert outcome_from({**written(plain), "what comes later": 1}) == plain
    assert outcome_from(written(named)) == named


def test_a_plan_takes_names_only_for_what_has_none() -> None:
    """What EnergyCAP said last counts."""
    plan = named_plan().named(dict.fromkeys(NAMES, "older"))
    assert {each.row.seq: each.name for each in plan.steps} | names_of(list(plan.decided)) == NAMES
