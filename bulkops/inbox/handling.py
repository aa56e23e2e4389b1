"""One pass over an upload folder: each workbook is claimed, run, moved to where it belongs, and released."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkops import app, settings
from bulkops.errors import BulkopsError, CannotStart
from bulkops.inbox import claims, moving
from bulkops.inbox.claims import Claim
from bulkops.inbox.ending import Handled, as_moved, belongs, finish, moves_of, said
from bulkops.inbox.giving import give
from bulkops.inbox.looking import Found, can_be_taken, in_use, same_file, usable
from bulkops.ledger import now
from bulkops.lock import only_one, workbook_alone
from bulkops.ownership import own_folder
from bulkops.report import Options, Report
from bulkops.running import Prepared
from bulkops.settings import PRACTICE, Environment
from bulkops.storage import refuse_unsafe
from bulkops.workbook.saving import save

Carry = Callable[[Prepared], Report]
"""Ask, and run or refuse a prepared run: how, is the command line's and the window's own."""
_HALF = {f"workbook.{code}" for code in ("damaged", "not_excel", "csv", "line", "encoding", "xls", "crashed")}
"""What is said of half a file."""
_YOUNG = 120.0
"""Seconds since its last change for which a file that makes no sense may still be on its way."""
_STAYS = {
    *("workbook.no_access", "workbook.missing", "workbook.displaced", "workbook.folder", "workbook.changed"),
    *("workbook.busy", "workbook.no_lock", "workbook.planted"),
    *("run.declined", "run.question", "results.unwritable", "corrections.unwritable", "corrections.open"),
}
"""What keeps one workbook where it is, and the others from nothing."""


@dataclass(slots=True)
class Inbox:
    """An upload folder in the hands of this process, the only one that works with this data folder."""

    folder: Path
    home: Path
    mark: str
    clock: Callable[[], float] = time.time
    notes: list[str] = field(default_factory=list)
    """What was finished of a pass that was cut short."""

    def handle(self, found: Found, where: Environment, carry: Carry, unattended: bool = False) -> Handled:
        """Claim a workbook, run it, and move it to where it belongs. Known troubles are told, none is raised."""
        try:
            claim, renamed = self._claimed(found)
        except CannotStart as error:
            return Handled(found.path, why=error)
        except OSError as error:
            return Handled(found.path, why=_unmoved(found.path, error), ends=True)
        handled = self._handled(claim, where, carry, unattended)
        ran = handled.report is not None and handled.report.refused is None
        practised = [said("inbox.practised", path=found.path.name)] if ran and where.name == PRACTICE else []
        return replace(handled, path=found.path, notes=(*practised, *renamed, *handled.notes))

    def _handled(self, claim: Claim, where: Environment, carry: Carry, unattended: bool) -> Handled:
        """The claim goes last, after the run's own lock: whatever a death leaves behind, the claim tells of it."""
        path = claim.workbook
        begun = False
        try:
            options = Options(corrections=self._corrections(path))
            with app.prepare(path, where, self.home, options) as prepared:
                if unattended and prepared.obstacle is None:
                    prepared.obstacle = _wants_somebody(prepared)
                begun = True
                report = carry(prepared)
                if report.refused is None or report.refused.code == "inbox.elsewhere":
                    handled = self._moved(claim, report, prepared.material.sha256)
                else:
                    handled = Handled(path, report, why=report.refused, ends=_ends(report.refused))
        except CannotStart as error:
            half = self._perhaps_half(path, error)
            if half or _stays(error):
                handled = Handled(path, why=half or error, ends=_ends(error))
            else:
                handled = self._moved(claim, None, "", error)
        except OSError as error:
            return Handled(path, why=_unmoved(path, error), ends=True)
        except BaseException:
            if not begun:
                self._let_go(claim)
            raise
        if not handled.unfinished:
            self._let_go(claim)
        return handled

    def _claimed(self, found: Found) -> tuple[Claim, list[str]]:
        """The claim on a workbook that has the name by then which it keeps; and what there is to say of that.

        Raises CannotStart if it is not to be had any more, OSError.
        """
        claim = self._claim(found.path)
        try:
            if not same_file(found):
                raise CannotStart("inbox.gone", path=found.path.name)
            if not can_be_taken(found.path):  # opened since it was looked at; what cannot be moved is not sent either
                raise CannotStart("inbox.held", path=found.path.name)
            while (name := moving.free_name(claim.workbook)) != claim.workbook.name:
                # The new name is claimed before it is there: at no time can anybody find the workbook free.
                second = self._claim(found.path.with_name(name))
                try:
                    give(claim.workbook, second.workbook)
                except FileExistsError:
                    second.release()
                    continue
                except BaseException:
                    second.release()
                    raise
                claim.release()
                claim = second
        except BaseException:
            self._let_go(claim)
            raise
        if claim.workbook.name == found.path.name:
            return claim, []
        return claim, [said("inbox.renamed", path=found.path.name, value=claim.workbook.name)]

    def _claim(self, workbook: Path) -> Claim:
        try:
            return claims.take(workbook, self.mark)
        except FileExistsError:
            claim = claims.claim_on(workbook)
            if claim is None:  # it was released at this moment: whoever had it has moved the workbook
                raise CannotStart("inbox.gone", path=workbook.name) from None
            if why := in_use(workbook, self.mark):
                raise why from None
            return claim

    def _corrections(self, workbook: Path) -> Path:
        """Where the rows to be corrected go at first; what an earlier run has left is outdated, and is removed."""
        folder = moving.work_folder(workbook, self.home)
        own_folder(folder)
        places = [folder / moving.beside(workbook.name, end) for end in (moving.CORRECTIONS, moving.NOT_RUN)]
        for each in places:
            each.unlink(missing_ok=True)
        return places[0]

    def _perhaps_half(self, workbook: Path, error: CannotStart) -> CannotStart | None:
        """Half a file makes no sense yet, and some programs pause in copying."""
        # A time far ahead is that of another clock: then nobody can say how long ago it was.
        if error.code not in _HALF or abs(self.clock() - workbook.stat().st_mtime) >= _YOUNG:
            return None
        return CannotStart("inbox.half", value=error.sentence)

    def _let_go(self, claim: Claim) -> None:
        """A claim that cannot be removed is taken up by the next pass."""
        with suppress(OSError):
            moving.tidy(claim.workbook, self.home)
            claim.release()

    def _moved(self, claim: Claim, report: Report | None, read: str, why: CannotStart | None = None) -> Handled:
        """Note what goes where, move it, tell the ledger. ``read``: the hash of what was run.

        Where that fails the claim stands, and the next pass goes on from there.
        """
        path = claim.workbook
        refused = report.refused if report else None
        try:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            if report and report.results != path and content != read:
                return Handled(path, report, why=CannotStart("inbox.changed", path=path.name))
            work = moving.work_folder(path, self.home)
            if reason := why or refused:
                save(work / moving.beside(path.name, moving.NOT_RUN), f"{reason}\n".encode("utf-8-sig"))
            moves = moves_of(claim, report, content, path.parent / belongs(report), work)
            claim.note(moves)
            finish(replace(claim, moves=moves), self.home)
        except OSError as error:
            return Handled(path, report, why=_unmoved(path, error), unfinished=True)
        except BulkopsError as error:
            return Handled(path, report, why=error, ends=True, unfinished=True)
        return Handled(path, as_moved(report, moves, self.home), moves.pairs[-1][1], why or refused)


@contextmanager
def opened(folder: Path, home: Path, clock: Callable[[], float] = time.time) -> Iterator[Inbox]:
    """The folder, to work with; what an earlier pass from here was kept from finishing is finished first.

    Raises CannotStart for what is no upload folder, and while another pass or run is going on with this data folder.
    """
    usable(folder)
    refuse_unsafe(home)
    folder = folder.resolve()
    with ExitStack() as stack:
        try:
            own_folder(home / "inbox")
            stack.enter_context(only_one(home / "inbox", f"{settings.operator()}, inbox {folder.name}, since {now()}"))
            inbox = Inbox(folder, home, claims.make_mark(home), clock)
            inbox.notes += _taken_up(inbox)
        except OSError as error:
            raise CannotStart("inbox.no_access", path=folder, value=error.strerror or error) from error
        yield inbox


def _taken_up(inbox: Inbox) -> Iterator[str]:
    """Finish what claims of ours were left with: their processes are gone, for this one has the data folder's lock.

    What cannot be finished now is run once more, which sends nothing twice, and moved then.
    """
    seen: set[tuple[int, int]] = set()
    for claim in claims.claims_in(inbox.folder):
        if claim.ledger != inbox.mark:
            continue
        there = os.path.lexists(claim.workbook)
        if there and (facts := os.lstat(claim.workbook)).st_nlink > 1:
            file = (facts.st_dev, facts.st_ino)
            if file in seen:  # it was about to lose its old name
                claim.workbook.unlink()
                there = False
            seen.add(file)
        if claim.moves and (not there or moving.still_meant(claim.moves)):
            try:
                finish(claim, inbox.home)
                # The lock of that run goes too: a later workbook of that name would seem to be half run.
                with suppress(CannotStart), workbook_alone(claim.workbook, settings.operator()):
                    pass
                claim.release()
            except OSError as error:
                yield str(_unmoved(claim.workbook, error))
            else:
                yield said("inbox.finished", path=claim.workbook.name, value=claim.moves.pairs[-1][1].parent.name)
        elif not there:
            claim.release()


def _wants_somebody(prepared: Prepared) -> CannotStart | None:
    """What only a person may say yes to, where nobody is there to be asked."""
    if prepared.elsewhere:
        return CannotStart("inbox.elsewhere", path=prepared.material.path.name, value=prepared.elsewhere)
    return next(iter(prepared.to_be_sure_of), None)


def _stays(error: BulkopsError) -> bool:
    return error.code in _STAYS or _ends(error)


def _ends(error: BulkopsError | None) -> bool:
    """Does what keeps this workbook from being run keep every one from it?"""
    return error is not None and error.code not in _STAYS and not error.code.startswith(("workbook.", "inbox."))


def _unmoved(path: Path, error: OSError) -> CannotStart:
    return CannotStart("inbox.unmoved", path=path.name, value=error.strerror or error)
