"""About rows in doubt that an operator has looked into."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
