"""The demo: copies of the sample sheets, run one after the other against one practice server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import bulkops
from bulkops import app, templates
from bulkops.errors import CannotStart
from bulkops.model import Outcome
from bulkops.processor import Control
from bulkops.report import Options, Report
from bulkops.settings import PRACTICE, Environment


def demo_folder(home: Path) -> Path:
    """A new folder for one demo, with a ledger of its own, so that a demo can be repeated."""
    folder = home / "demo" / f"{datetime.now():%Y-%m-%d %H%M%S}"
    number = 1
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{folder.name.split(' (')[0]} ({number})")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CannotStart("file.unwritable", path=folder) from error
    return folder


def demo(folder: Path) -> Iterator[Report]:
    """Run each sample sheet; its report as it comes."""
    from bulkops.practice.server import PracticeServer

    samples = Path(bulkops.__file__).parent.parent / "sample_sheets"
    if samples.is_dir():
        for sheet in samples.glob("*.xlsx"):
            shutil.copyfile(sheet, folder / sheet.name)
    else:
        templates.make_samples(folder)
    with PracticeServer() as server:
        where = Environment(PRACTICE, server.base_url)
        for workbook in sorted(folder.glob("*.xlsx")):
            with app.prepare(workbook, where, folder, Options()) as prepared:
                yield prepared.run(Control(), _nobody)


def _nobody(_: Outcome) -> None:
    """The demo's rows are few: it needs no progress."""
