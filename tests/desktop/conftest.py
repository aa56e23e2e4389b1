"""A presenter and a window for each test; both leave nothing behind."""

from __future__ import annotations

import os
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import systems
from desk import Desk, Operator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NEEDED = "BULKOPS_WINDOW_TESTS"
"""Set where a window must be had: then a missing screen fails the tests instead of skipping them."""


@pytest.fixture
def operator(home: Path) -> Iterator[Operator]:
    home.mkdir(parents=True, exist_ok=True)
    somebody = Operator(home)
    yield somebody
    somebody.leave()


@pytest.fixture(autouse=True)
def keyboard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The screen's one keyboard: where tests run side by side, one with a window at a time has it."""
    if fcntl is None or "screen" not in request.fixturenames:
        yield
        return
    with (tmp_path_factory.getbasetemp().parent / "keyboard").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def screen() -> Iterator[None]:
    """A screen. Until the end every window made on it is kept: Tk must not be cleared up by another thread."""
    if systems.WINE:
        pytest.skip("under wine nobody can type into a window without a window manager")
    made: list[tk.Tk] = []
    begin = tk.Tk.__init__

    def kept(self: tk.Tk, *arguments: Any, **named: Any) -> None:
        made.append(self)
        begin(self, *arguments, **named)

    tk.Tk.__init__ = kept  # type: ignore[method-assign]
    try:
        tk.Tk().destroy()
    except tk.TclError as error:
        if os.environ.get(NEEDED):
            pytest.fail(f"no window: {error}")
        pytest.skip("there is no screen for the window here; with one, or under xvfb-run -a, these tests run")
    yield
    tk.Tk.__init__ = begin  # type: ignore[method-assign]


@pytest.fixture
def open_desk(screen: None, home: Path) -> Iterator[Callable[..., Desk]]:
    """Opens the window, at another scaling if one is given."""
    home.mkdir(parents=True, exist_ok=True)
    desks: list[Desk] = []

    def opened(scaling: float | None = None) -> Desk:
        desks.append(Desk(home, scaling))
        return desks[-1]

    yield opened
    for each in desks:
        each.leave()
        assert not each.errors


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()
