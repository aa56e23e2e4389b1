"""A run told from the ledger alone: its rows as they stand now, with what was said of them or sent since, and its
results made again."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from bulkops.ledger import Ledger, Run
from bulkops.messages import answers
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import moment
from bulkops.model.history import ResolutionHistory, ResolutionKind
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.rows import Unread
from bulkops.operations import all_operations
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.delivery import free
from bulkops.runs.practice import only_practised
from bulkops.runs.results import results_of
from bulkops.system.files import refuse_planted, save
from bulkops.system.path_lengths import shortened
from bulkops.workbook.results_layout import PRACTICE_SHEET, SHEET
from bulkops.workbook.writing.results_sheet import Results
from bulkops.workbook.writing.sidecar import PRACTICE_NAME, plain

UNREAD = "unread"
"""Under this name the sheets that were left out stand among a run's options."""
NEVER = (Status.NOT_SENT, "")
"""What the ledger tells of a row that was planned and never tried."""
_WORDS = {Status.READY: "row.to_come", Status.ON_ITS_WAY: "row.on_its_way"}
_SAID = {ResolutionKind.DONE: "sent.marked_done", ResolutionKind.SEND_AGAIN: "sent.marked_again"}
_NOW = {ResolutionKind.DONE: Status.DONE, ResolutionKind.SEND_AGAIN: Status.NOT_SENT}


def rows(ledger: Ledger, run: str, under_way: bool = False) -> tuple[Outcome, ...]:
    """A run's rows in reading order."""
    found = ledger.resolutions(run)
    return tuple(resolved(_worded(each), found.get(each.seq)) for each in ledger.outcomes(run, under_way))


def _worded(outcome: Outcome) -> Outcome:
    """A row without words of its own, as the ledger has it of a run that has not ended."""
    if (outcome.status, outcome.code) == NEVER or outcome.status in _WORDS:
        problem = Catalogue(()).problem(_WORDS.get(outcome.status, "row.stopped"))
        return replace(outcome, code=problem.code, message=problem.message, tip=problem.tip)
    if outcome.status is not Status.UNKNOWN or outcome.code:
        return outcome
    message, tip = interrupted(outcome.operation, outcome.target, outcome.send_again_code)
    return replace(outcome, code="sent.interrupted", message=message, tip=tip)


def resolved(outcome: Outcome, found: ResolutionHistory | None) -> Outcome:
    """A row whose outcome was unknown, with what has become of that since: nobody is to check it any more."""
    if found is None or outcome.status is not Status.UNKNOWN:
        return outcome
    catalogue, code = Catalogue(()), outcome.send_again_code
    if kind := found.kind:
        words = ", then ".join(resolution.words for resolution in found.resolutions)
        problem = catalogue.problem(_SAID[kind], words=words, extra=code)
        outcome = replace(outcome, status=_NOW[kind], send_again_code=code if kind is ResolutionKind.DONE else "")
        outcome = replace(
            outcome, code=problem.code, message=f"{outcome.message} {problem.message}".strip(), tip=problem.tip
        )
    if since := found.since:
        sent = {"when": moment(since.when), "who": since.who, "workbook": since.workbook}
        problem = catalogue.problem("sent.sent_since", **sent)
        outcome = replace(outcome, code=problem.code, tip=problem.tip, send_again_code="")
        outcome = replace(outcome, message=f"{outcome.message} {problem.message}".strip())
    return outcome


def left_out(run: Run) -> tuple[Unread, ...]:
    """The sheets that a run could not read."""
    return tuple(Unread(*each) for each in run.options.get(UNREAD, ()))


def results(run: Run, outcomes: Iterable[Outcome]) -> Results:
    return results_of(run, outcomes, all_operations(), left_out(run))


def results_again(run: Run, told: Results, data_folder: Path, wanted: Path | None) -> tuple[Path | None, str]:
    """(where, what went wrong) of a run's results made once more. Raises CannotStart where they may not go."""
    workbook = Path(run.workbook)
    if wanted is not None:
        refuse_planted(wanted)
        if not free(wanted):
            raise CannotStart("results.unwritable", path=wanted)
    # Never where a run has put a copy of the workbook, nor over what somebody has added to.
    numbers = ("", *(f" {number}" for number in range(2, 100)))
    name, sheet = shortened(workbook.stem), SHEET
    if only_practised(run.environment, run.account.source):
        told, name, sheet = told.practised(), f"{name}{PRACTICE_NAME}", PRACTICE_SHEET
    places = [data_folder / f"{name} {run.id} again{number}.xlsx" for number in numbers]
    path = wanted or next((place for place in places if free(place)), places[0])
    try:
        save(path, plain(told, workbook, path, sheet))
    except OSError as error:
        return None, f"The results could not be written to {path} ({error.strerror or error})."
    return path, ""


def interrupted(operation: str, target: str, code: str) -> tuple[str, str]:
    """(message, what to do) for a row whose request may have left and whose answer nobody saw; by that send's code."""
    known = all_operations().get(operation)
    check = answers.to_check(known.how_to_check(target) if known else "", code)
    problem = Catalogue(()).problem("sent.interrupted", check=check)
    return problem.message, problem.tip
