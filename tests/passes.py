"""How much of what repeats itself is tested: some of it, and all of it where somebody has the time."""

from __future__ import annotations

import os

import pytest


def thorough() -> bool:
    """Is BULKOPS_THOROUGH=1 in the environment?"""
    return os.environ.get("BULKOPS_THOROUGH") == "1"


def passes(most: int) -> int:
    """How often to draw by lot: ``most`` times where all is to be tested, else a quarter of that."""
    return most if thorough() else most // 4


LONG = pytest.mark.skipif(not thorough(), reason="takes long, and others like it do not: BULKOPS_THOROUGH=1 runs it")
