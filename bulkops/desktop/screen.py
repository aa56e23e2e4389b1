"""What the presenter needs of a window."""

from pathlib import Path
from typing import Protocol

from bulkops.desktop.lines import Line
from bulkops.desktop.view import Question, Shown
from bulkops.model.environment import Environment


class Screen(Protocol):
    """All of it is called in the window's thread."""

    def show(self, shown: Shown) -> None:
        """Everything but the rows, anew."""

    def show_lines(self, lines: list[Line], stay: bool = False) -> None:
        """All rows, anew. ``stay``: the same ones, so what is chosen and in sight stays."""

    def show_line(self, line: Line) -> None:
        """One row has changed."""

    def ask(self, question: Question | None) -> None:
        """Show the question before a run, in the place of an earlier one; None: take it away."""

    def need_key(self, environment: Environment) -> None:
        """There is no key for this environment, or none that works: ask for it."""

    def open_file(self, path: Path) -> None:
        """Open a file in its own program."""

    def close(self) -> None:
        """The last row is recorded: the window may go."""
