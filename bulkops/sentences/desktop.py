"""About the window and what it opens."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
