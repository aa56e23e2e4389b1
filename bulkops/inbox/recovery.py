"""What an earlier pass from here was kept from finishing: it is finished first."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bulkops.inbox import claims, filing, journal
from bulkops.inbox.journal import Record
from bulkops.inbox.outcome import finish, release, unmoved
from bulkops.messages.errors import CannotStart
from bulkops.runs.corrections_file import said
from bulkops.system.data_folder import operator
from bulkops.system.folders import Folder, Id
from bulkops.system.workbook_lock import workbook_alone


def taken_up(box: Folder, data_folder: Path) -> Iterator[str]:
    """Finish what is on record of this folder: its processes are gone, for this one has the data folder's lock.

    What cannot be finished now is run once more, which sends nothing twice, and moved then.
    """
    seen: set[Id] = set()
    for each in sorted(journal.records(data_folder), key=lambda record: record.workbook.name):
        record = replace(each, workbook=box.path / each.workbook.name)
        claim = claims.claim_on(record.workbook)
        claimed = claim is not None and claim.mark == record.mark and claims.record_of(claim, data_folder) is not None
        if claimed or journal.same_folder(each.workbook.parent, box.path):
            try:
                yield from _finished(box, data_folder, record, claimed, seen)
            except OSError as error:
                yield str(unmoved(record.workbook, error))
    with suppress(OSError):
        claims.remove_older(box, data_folder)


def _finished(box: Folder, data_folder: Path, record: Record, claimed: bool, seen: set[Id]) -> Iterator[str]:
    name = record.workbook.name
    facts = box.facts(name)
    if facts is not None and facts.st_nlink > 1:
        file = Id(facts.st_dev, facts.st_ino)
        if file in seen:  # it was about to lose its old name
            box.remove(name)
            facts = None
        seen.add(file)
    if record.moves and (facts is None or _still_meant(box, name, record.moves.sha256)):
        finish(record, record.moves, box, data_folder)
        # The lock of that run goes too: a later workbook of that name would seem to be half run.
        with suppress(CannotStart), workbook_alone(record.workbook, operator()):
            pass
        release(box, record)
        yield said("inbox.finished", path=name, value=record.moves.to)
    elif facts is None or not claimed:
        release(box, record)


def _still_meant(box: Folder, name: str, sha256: str) -> bool:
    """Is the workbook that is there the one that is to be moved? One that was put there since is not."""
    try:
        return filing.content_hash(box, name) == sha256
    except OSError:
        return False
