"""How the window makes a workbook to fill in, empty or with names from EnergyCAP, without Tk."""

from __future__ import annotations

from pathlib import Path

from bulkops.desktop.check_presenter import KEY_CODES, CheckPresenter
from bulkops.desktop.state import Phase
from bulkops.messages.errors import BulkopsError
from bulkops.model.environment import Environment
from bulkops.runs.control import Control


class TemplatePresenter(CheckPresenter):
    """One window's dealings with a workbook, but for sending its rows."""

    def new_from_template(self, path: Path, names: bool = False, days: int | None = None) -> None:
        """Make a workbook there, and open it in its own program to be filled in.

        ``names``: offer those of the EnergyCAP that is chosen. ``days``: put in a row for each of its imports of so
        many days that has kickouts.
        """
        if self.state.busy:
            self.say("No template was made: wait until this is over.")
            return
        before, environment, control = self.state.phase, self.state.environment, Control()
        again = self._asking.going
        self._start(Phase.MAKING)
        self._control = control

        def make() -> tuple[str, ...]:
            if names:
                from bulkops.runs.live_template import make

                return make(path, environment, self.data_folder, days, control.stopped.is_set, self._told).told
            from bulkops.workbook.writing import templates

            templates.make_template(path)
            return ()

        def over() -> None:
            self._control = self.state.asked = None
            self.state.phase = before
            if again:
                self._ask_energycap()

        def made(told: tuple[str, ...]) -> None:
            over()
            self.recent.add(path)
            self.say(" ".join((f"Made {path.name}. Fill in its rows, save it, then choose it here.", *told)))
            self.screen.open_file(path)

        def failed(error: BulkopsError) -> None:
            over()
            self._not_made(error, environment)

        self.worker.start(make, made, failed)

    def _not_made(self, error: BulkopsError, environment: Environment) -> None:
        if error.code == "template.stopped":
            self.say(error.sentence)
            return
        self.tell(error)
        if error.code in KEY_CODES:
            self.screen.need_key(environment)
