"""How often a test draws by lot: seldom by itself, four times as often where somebody has the time."""

from __future__ import annotations

import os


def passes(thorough: int) -> int:
    """``thorough`` with BULKOPS_THOROUGH=1 in the environment, else a quarter of it."""
    return thorough if os.environ.get("BULKOPS_THOROUGH") == "1" else thorough // 4
