from __future__ import annotations

from collections.abc import Iterator

import pytest

from bulkops.practice import State
from bulkops.practice.server import PracticeServer

from .support import Api, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[PracticeServer]:
    with PracticeServer(State(clock=clock)) as running:
        yield running


@pytest.fixture
def api(server: PracticeServer) -> Iterator[Api]:
    found = Api(server)
    with found.session:
        yield found
