"""The operations bulkops knows: every module in this folder that holds an ``OPERATION``.

A third operation is one more file here; nothing else needs an edit.
"""

import importlib
import pkgutil
from functools import cache

from bulkops.operations.base import Operation


@cache
def all_operations() -> dict[str, Operation]:
    """Operations by key, sorted by it. Raises ValueError for two of one key or title."""
    found: dict[str, Operation] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue  # pieces of operations, and they bring pandas with them
        operation: Operation | None = getattr(importlib.import_module(f"{__name__}.{module.name}"), "OPERATION", None)
        if operation is None:
            continue
        if operation.key in found or operation.title in [other.title for other in found.values()]:
            raise ValueError(f"two operations are called {operation.key}")
        found[operation.key] = operation
    return dict(sorted(found.items()))
