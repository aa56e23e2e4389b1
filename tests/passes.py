"""How much of what repeats itself is tested: some of it, and all of it where somebody has the time."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection
from typing import Any

import pytest


def thorough() -> bool:
    """Is BULKOPS_THOROUGH=1 in the environment?"""
    return os.environ.get("BULKOPS_THOROUGH") == "1"


def passes(most: int) -> int:
    """How often to draw by lot: ``most`` times where all is to be tested, else a quarter of that."""
    return most if thorough() else most // 4


def covering(*choices: Collection[Any]) -> list[tuple[Any, ...]]:
    """Every combination of these where all is to be tested, else as few as have each of them once."""
    if thorough():
        return list(itertools.product(*choices))
    return list(itertools.islice(zip(*map(itertools.cycle, choices), strict=True), max(map(len, choices))))


LONG = pytest.mark.skipif(not thorough(), reason="takes long, and others like it do not: BULKOPS_THOROUGH=1 runs it")
