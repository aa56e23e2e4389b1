"""One pass over an upload folder: each workbook is claimed, run, moved to where it belongs, and released."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bulkops.inbox import claims, filing, journal
from bulkops.inbox.journal import Record
from bulkops.inbox.outcome import Processed, as_moved, finish, moves_of, release, unmoved
from bulkops.inbox.recovery import taken_up
from bulkops.inbox.scan import Candidate, can_be_taken, hold_unchanged, in_use, usable
from bulkops.ledger import now
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.runs.control import UNWATCHED, Watch
from bulkops.runs.corrections_file import said
from bulkops.runs.execute import refused
from bulkops.runs.prepare import prepare
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.report import Options, Report
from bulkops.runs.settings import settings
from bulkops.system import log
from bulkops.system.data_folder import operator
from bulkops.system.disks import refuse_unsafe
from bulkops.system.files import save
from bulkops.system.folders import Folder
from bulkops.system.links import Planted, real
from bulkops.system.locks import only_one
from bulkops.system.ownership import own_folder
from bulkops.system.rename import rename_no_replace

Carry = Callable[[PreparedRun], Report]
"""Ask, and run or refuse a prepared run: how, is the command line's and the window's own."""
_HALF = {f"workbook.{code}" for code in ("damaged", "not_excel", "csv", "line", "encoding", "xls", "crashed")}
"""What is said of half a file."""
_YOUNG = 120.0
"""Seconds since its last change for which a file that makes no sense may still be on its way."""
_STAYS = {
    *("workbook.no_access", "workbook.missing", "workbook.displaced", "workbook.folder", "workbook.changed"),
    *("workbook.busy", "workbook.no_lock", "workbook.planted"),
    *("run.declined", "run.question", "results.unwritable", "corrections.unwritable", "corrections.open"),
    # The next pass asks EnergyCAP anew; whether so many bills are meant a person has to say.
    *("run.changed", "run.max_bills"),
}
"""What keeps one workbook where it is, and the others from nothing."""
_OF_ONE = {
    *(errno.EEXIST, errno.EFBIG, errno.EINVAL, errno.EISDIR),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR),
}
"""What the system says of a file or a folder that is not what it should be; not of a disk."""


@dataclass(slots=True)
class Inbox:
    """An upload folder in the hands of this process, the only one that works with this data folder."""

    box: Folder
    data_folder: Path
    clock: Callable[[], float] = time.time
    watch: Watch = UNWATCHED
    max_bills: int | None = None
    """The most bills that a run may touch; None: no limit."""
    notes: list[str] = field(default_factory=list)
    """What was finished of a pass that was cut short."""

    @property
    def folder(self) -> Path:
        """Its whole path."""
        return self.box.path

    def handle(self, found: Candidate, environment: Environment, carry: Carry, unattended: bool = False) -> Processed:
        """Claim a workbook, run it, and move it to where it belongs. Whatever goes wrong is told, for this workbook."""
        # By its whole path, which is the one that the ledger knows it by.
        found = replace(found, path=self.folder / found.path.name)
        try:
            with ExitStack() as stack:
                record, renamed = self._claimed(found, stack)
                handled = self._handled(record, found, environment, carry, unattended)
        except CannotStart as error:
            return Processed(found.path, why=error)
        except OSError as error:
            return Processed(found.path, why=unmoved(found.path, error), ends=error.errno not in _OF_ONE)
        except Exception as error:  # an internal error, which what lies in this workbook may have caused
            return Processed(found.path, why=log.record(error))
        ran = handled.report is not None and handled.report.refused is None
        practised = [said("inbox.practised", path=found.path.name)] if ran and environment.name == PRACTICE else []
        return replace(handled, path=found.path, notes=(*practised, *renamed, *handled.notes))

    def _handled(
        self, record: Record, found: Candidate, environment: Environment, carry: Carry, unattended: bool
    ) -> Processed:
        """The claim goes last, after the run's own lock: whatever a death leaves behind, the claim tells of it."""
        path = record.workbook
        begun = False
        try:
            options = Options(corrections=_corrections(record), max_bills=self.max_bills)
            with prepare(path, environment, self.data_folder, options, found.file, self.watch) as run:
                begun = True
                why = _wants_somebody(run) if unattended and run.blocker is None else None
                report = refused(run, why) if why else carry(run)
                if report.refused is None or report.refused.code == "inbox.elsewhere":
                    handled = self._moved(record, report, run.workbook.sha256)
                else:
                    handled = Processed(path, report, why=report.refused, ends=_ends(report.refused))
        except CannotStart as error:
            half = self._perhaps_half(path, error)
            if half or error.code in _STAYS or _ends(error):
                handled = Processed(path, why=half or error, ends=_ends(error))
            else:
                handled = self._moved(record, None, "", error)
        except OSError as error:
            return Processed(path, why=unmoved(path, error), ends=error.errno not in _OF_ONE)
        except BaseException:
            if not begun:
                self._let_go(record)
            raise
        if not handled.unfinished:
            self._let_go(record)
        return handled

    def _claimed(self, found: Candidate, stack: ExitStack) -> tuple[Record, list[str]]:
        """What is on record of a workbook that is claimed, and has the name by then which it keeps; and what there is
        to say of that.

        Raises CannotStart if it is not to be had any more, OSError.
        """
        record = self._claim(found.path)
        try:
            if not hold_unchanged(found, self.box, stack):
                raise CannotStart("inbox.gone", path=found.path.name)
            if not can_be_taken(found.path):  # opened since it was looked at; what cannot be moved is not sent either
                raise CannotStart("inbox.held", path=found.path.name)
            while (name := filing.free_name(self.box, record.workbook.name)) != record.workbook.name:
                # The new name is claimed before it is there: at no time can anybody find the workbook free.
                second = self._claim(found.path.with_name(name))
                try:
                    rename_no_replace(self.box, record.workbook.name, self.box, name)
                except FileExistsError:
                    release(self.box, second)
                    continue
                except BaseException:
                    release(self.box, second)
                    raise
                release(self.box, record)
                record = second
        except BaseException:
            self._let_go(record)
            raise
        if record.workbook == found.path:
            return record, []
        return record, [said("inbox.renamed", path=found.path.name, value=record.workbook.name)]

    def _claim(self, workbook: Path) -> Record:
        """On record first: a claim that nobody knows of would keep the workbook from everybody."""
        record = journal.begin(self.data_folder, workbook)
        try:
            claims.take(workbook, record.mark)
        except FileExistsError:
            there = claims.claim_on(workbook)
            if there and there.mark in claims.older_marks(self.data_folder):
                claims.renew(there, record.mark)
                return record
            record.forget()
            if there is None:  # it was released at this moment: whoever had it has moved the workbook
                raise CannotStart("inbox.gone", path=workbook.name) from None
            if (ours := claims.record_of(there, self.data_folder)) is None:
                raise in_use(there) from None
            return ours
        except BaseException:
            with suppress(OSError):
                record.forget()
            raise
        return record

    def _let_go(self, record: Record) -> None:
        """A claim that cannot be removed is taken up by the next pass."""
        with suppress(OSError):
            release(self.box, record)

    def _perhaps_half(self, workbook: Path, error: CannotStart) -> CannotStart | None:
        """Half a file makes no sense yet, and some programs pause in copying."""
        # A time far ahead is that of another clock: then nobody can say how long ago it was.
        if error.code not in _HALF or abs(self.clock() - workbook.stat().st_mtime) >= _YOUNG:
            return None
        return CannotStart("inbox.half", value=error.sentence)

    def _moved(self, record: Record, report: Report | None, read: str, why: CannotStart | None = None) -> Processed:
        """Note what goes where, move it, tell the ledger. ``read``: the hash of what was run.

        Where that fails the claim stands, and the next pass goes on from there.
        """
        path = record.workbook
        refused = report.refused if report else None
        try:
            content = filing.content_hash(self.box, path.name)
            if report and report.results != path and content != read:
                return Processed(path, report, why=CannotStart("inbox.changed", path=path.name))
            if reason := why or refused:
                save(record.place / filing.beside(path.name, filing.NOT_RUN), f"{reason}\n".encode("utf-8-sig"))
            moves = moves_of(record, report, content, self.box)
            finish(record.note(moves), moves, self.box, self.data_folder)
        except OSError as error:
            return Processed(path, report, why=unmoved(path, error), unfinished=True)
        except BulkopsError as error:
            return Processed(path, report, why=error, ends=True, unfinished=True)
        except Exception as error:  # an internal error; what became of the rows is told all the same
            return Processed(path, report, why=log.record(error), unfinished=True)
        return Processed(path, as_moved(report, record, moves), self.folder / moves.to / path.name, why or refused)


def _corrections(record: Record) -> Path:
    """Where the rows to be corrected go at first; what an earlier run has left is outdated, and is removed."""
    places = [record.place / filing.beside(record.workbook.name, end) for end in (filing.CORRECTIONS, filing.NOT_RUN)]
    for each in places:
        each.unlink(missing_ok=True)
    return places[0]


@contextmanager
def opened(
    folder: Path, data_folder: Path, clock: Callable[[], float] = time.time, watch: Watch = UNWATCHED
) -> Iterator[Inbox]:
    """The folder, to work with; what an earlier pass from here was kept from finishing is finished first.

    Raises CannotStart for what is no upload folder, for settings that cannot be used, and while another pass or run is
    going on with this data folder.
    """
    max_bills = settings(data_folder).max_bills
    usable(folder)
    refuse_unsafe(data_folder)
    with ExitStack() as stack:
        try:
            own_folder(data_folder / "inbox")
            stack.enter_context(only_one(data_folder / "inbox", f"{operator()}, inbox {folder.name}, since {now()}"))
            box = stack.enter_context(Folder(_as_named(folder)))
            inbox = Inbox(box, data_folder, clock, watch, max_bills)
            inbox.notes += taken_up(box, data_folder)
        except OSError as error:
            raise CannotStart("inbox.no_access", path=folder, value=error.strerror or error) from error
        yield inbox


def _as_named(folder: Path) -> Path:
    """Its path without links, as the system spells it. Raises Planted if a link takes its place meanwhile, OSError."""
    place = real(folder)
    named = place.resolve()
    if not os.path.samestat(os.lstat(place), os.lstat(named)):
        raise Planted(errno.ELOOP, "something else was put in its place", str(place))
    return named


def _wants_somebody(run: PreparedRun) -> CannotStart | None:
    """What only a person may say yes to, where nobody is there to be asked."""
    if run.other_computer:
        return CannotStart("inbox.elsewhere", path=run.workbook.path.name, value=run.other_computer)
    return next(iter(run.to_be_sure_of), None)


def _ends(error: BulkopsError | None) -> bool:
    """Does what keeps this workbook from being run keep every one from it?"""
    return error is not None and error.code not in _STAYS and not error.code.startswith(("workbook.", "inbox."))
