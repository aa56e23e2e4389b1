"""The demo: copies of the sample sheets, run one after the other against one practice server."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import bulkops
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.runs.confirmation import carry_out, unattended, unwatched
from bulkops.runs.control import Control
from bulkops.runs.prepare import prepare
from bulkops.runs.report import Options, Report
from bulkops.system.ownership import own_folder
from bulkops.workbook.writing import templates
from bulkops.workbook.writing.sidecar import named_like_results


def demo_folder(home: Path) -> Path:
    """A new folder for one demo, with a ledger of its own, so that a demo can be repeated."""
    name = f"{datetime.now():%Y-%m-%d %H%M%S}"
    for number in count(1):
        folder = home / "demo" / (name if number == 1 else f"{name} ({number})")
        try:
            own_folder(folder.parent)
            folder.mkdir(mode=0o700)
            break
        except FileExistsError:
            continue
        except OSError as error:
            raise CannotStart("file.unwritable", path=folder) from error
    return folder


def demo(folder: Path, control: Control) -> Iterator[Report]:
    """Run each sample sheet; its report as it comes. A stop ends the sheet at hand and leaves out the others."""
    from bulkops.practice.server import PracticeServer

    workbooks = _copies(folder)
    with PracticeServer() as server:
        environment = Environment(PRACTICE, server.base_url)
        for workbook in workbooks:
            if control.stopped.is_set():
                return
            with prepare(workbook, environment, folder, Options()) as run:
                yield carry_out(run, unattended, unwatched, control)


def _copies(folder: Path) -> list[Path]:
    """The sample sheets in the folder: copied from the checkout or, where there is none, made."""
    samples = Path(bulkops.__file__).parent.parent / "sample_sheets"
    if not samples.is_dir():
        return templates.make_samples(folder)
    # Excel's own marker files and earlier results may lie beside the samples.
    sheets = (
        each for each in samples.glob("*.xlsx") if not each.name.startswith("~$") and not named_like_results(each)
    )
    return [Path(shutil.copyfile(sheet, folder / sheet.name)) for sheet in sorted(sheets)]
