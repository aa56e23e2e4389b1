"""About an upload folder."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
