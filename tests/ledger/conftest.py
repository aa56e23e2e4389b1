"""A ledger of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkops.ledger import Ledger


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path) -> Iterator[Ledger]:
    made = Ledger(path)
    yield made
    made.close()
