"""``bulkops inbox``: what is there, one question for each workbook, what became of it."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from bulkops.cli import console
from bulkops.inbox.outcome import Processed, foreseen
from bulkops.inbox.process import Inbox, opened
from bulkops.inbox.scan import Listing, scan_folder
from bulkops.messages.errors import BulkopsError
from bulkops.messages.wording import plural
from bulkops.model.environment import Environment
from bulkops.runs import ledger_access
from bulkops.runs.confirmation import carry_out, unattended
from bulkops.runs.control import Control, Watch
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.report import Report
from bulkops.runs.summary import Summary


def go_through(folder: Path, environment: Environment, data_folder: Path, yes: bool, as_json: bool) -> int:
    """One pass; the exit code: the worst of the workbooks', 0 if there is nothing to do.

    Raises CannotStart, with nothing sent, for what is no upload folder and while another pass is going on.
    """
    handled: list[Processed] = []
    control = Control()
    if not yes and (why := ledger_access.older(data_folder, environment)):
        from bulkops.cli.presenting import ask_to_take_over

        if refused := ask_to_take_over(why):
            raise refused
        ledger_access.take_over(data_folder)
    with ExitStack() as stack:
        asking = stack.enter_context(console.asking())
        watch = Watch(asking.progress, control.stopped.is_set)
        inbox = stack.enter_context(opened(folder, data_folder, watch=watch))
        listing = scan_folder(inbox.folder, data_folder)
        if not as_json:
            _list(listing, environment, data_folder, inbox.notes, counts=not yes)
        carry = _Carry(control, yes, stack)
        for found in listing.ready:
            with ExitStack() as sending:
                try:
                    one = inbox.handle(found, environment, partial(carry.carry, sending), unattended=yes)
                except KeyboardInterrupt:
                    break
                handled.append(one)
                if not as_json:
                    _tell(one)
            if one.last or control.stopped.is_set():
                break
    with console.stoppable(control):  # what was sent is told to the end
        return _end(inbox, listing, handled, carry, as_json)


def _end(inbox: Inbox, listing: Listing, handled: list[Processed], carry: "_Carry", as_json: bool) -> int:
    """Tell what is left to tell of a pass; its exit code."""
    lost, ended = False, _not_come_to(listing, handled)
    left = [{"path": str(each.path), "why": each.why.for_command_line()} for each in listing.skipped]
    if as_json:
        told = [each.document() for each in handled]
        document = {"folder": str(inbox.folder), "workbooks": told, "left": left, "notes": [*inbox.notes, *ended]}
        lost = not console.print_document(document)
    else:
        for note in ended:
            console.tell(note)
    internal_errors = [one.report.internal_error for one in handled if one.report and one.report.internal_error]
    for internal_error in internal_errors:
        console.report_internal_error(internal_error)
    codes = {0, *carry.codes, *(each.exit_code for each in handled)}
    codes |= {console.NOT_STARTED} if internal_errors else set()
    codes |= {console.SOME_LEFT} if lost else set()
    # Once rows were sent, it is not said that nothing was.
    return max(console.SOME_LEFT if carry.sent and code == console.NOT_STARTED else code for code in codes)


class _Carry:
    """Asks if it should, and runs with progress; a Ctrl-C from then on stops at the row's end."""

    def __init__(self, control: Control, yes: bool, stack: ExitStack) -> None:
        self._control, self._yes = control, yes
        self.codes: list[int] = []
        """The exit codes of the runs, whatever became of their workbooks afterwards."""
        self.sent = False
        if yes:
            stack.enter_context(console.stoppable(control))

    def carry(self, sending: ExitStack, run: PreparedRun) -> Report:
        """``sending`` ends when the workbook is where it belongs, and that is told."""
        # Not a second time inside the first: Windows ends the program as soon as the inner one is over.
        watcher = console.Watcher(self._control, None if self._yes else sending)
        report = carry_out(run, unattended if self._yes else _ask, watcher.listen, self._control)
        report = replace(report, internal_error=report.internal_error or watcher.internal_error)
        if report.refused is None:
            self.codes.append(report.exit_code)
            self.sent = self.sent or any(outcome.started for outcome in report.outcomes)
        return report


def _ask(summary: Summary) -> BulkopsError | None:
    from bulkops.cli.presenting import ask

    if summary.steps:
        console.say(f"\n{summary.workbook.name}")
    return ask(summary)


def _list(listing: Listing, environment: Environment, data_folder: Path, notes: list[str], counts: bool) -> None:
    for note in notes:
        console.tell(f"Note: {note}")
    ready = f"{plural(len(listing.ready), 'workbook')} in {listing.folder}" if listing.ready else "There is no workbook"
    console.tell(f"{ready}{'.' if listing.ready else f' to run in {listing.folder}.'}")
    for found in listing.ready:
        again = " (its run was cut short and is finished)" if found.again else ""
        console.tell(f"  {found.path.name}{again}{f': {foreseen(found, environment, data_folder)}' if counts else ''}")
    for skipped in listing.skipped:
        console.tell(f"  Left alone: {skipped.why.for_command_line()}")


def _tell(one: Processed) -> None:
    console.tell("")
    if one.report is not None:
        console.present(one.report, False)
    for note in one.notes:
        console.tell(f"Note: {note}")
    if one.why is not None:
        console.tell(f"{one.why.for_command_line()}")
    if one.moved_to is not None:
        console.tell(f"Moved to: {one.moved_to}")


def _not_come_to(listing: Listing, handled: list[Processed]) -> list[str]:
    """Why the pass ended before the last workbook, if it did."""
    if len(handled) == len(listing.ready):
        return []
    count = plural(len(listing.ready) - len(handled), "workbook")
    return [f"The pass ended early: {count} not come to, still in the folder."]
