"""A table that EnergyCAP gives in pages: all of it, or nothing."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from bulkops.energycap.inquiry import NOT_UNDERSTOOD, Inquiry, NotTold, Told
from bulkops.messages import lookups

NOT_WHOLE = NotTold("not whole", lookups.NOT_WHOLE)
_MOST_PAGES = 200
_CAP = 250
"""The documented size of a page that nobody chose: so many records, or a multiple, may be a page of more."""


def address(path: str, **query: object) -> str:
    """A path with its query, encoded."""
    return f"{path}?{urlencode(query, quote_via=quote)}"


def number(headers: Mapping[str, str], name: str) -> int | None:
    """A header that is a whole number."""
    value = headers.get(name.lower(), "").strip()
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else None


def rows_of(answer: Told | NotTold) -> list[Any] | NotTold:
    """The entries of a table, or why there are none."""
    if isinstance(answer, NotTold):
        return answer
    return answer.json if isinstance(answer.json, list) else NOT_UNDERSTOOD


class Pages:
    """All pages of one table; the second and those after it side by side. ``then`` gets all rows or why not, once."""

    def __init__(
        self,
        inquiry: Inquiry,
        about: str,
        path: str,
        query: Mapping[str, object],
        then: Callable[[list[Any] | NotTold], None],
    ) -> None:
        self._inquiry, self._about, self._path, self._query, self._then = inquiry, about, path, query, then
        self._pages: dict[int, list[Any]] = {}
        self._left = 0
        self._total: int | None = None
        self._failed: NotTold | None = None
        self._ask(1, self._first)

    def _ask(self, page: int, then: Callable[[Told | NotTold], None]) -> None:
        self._left += 1
        self._inquiry.ask(self._about, address(self._path, **self._query, pageNumber=page), then)

    def _first(self, answer: Told | NotTold) -> None:
        self._take(1, answer)
        if isinstance(answer, Told) and not self._failed:
            self._total = number(answer.headers, "TotalNumberOfRecords")
            pages = number(answer.headers, "TotalPages")
            if pages is None or self._total is None:
                rows = len(self._pages[1])
                full = rows > 0 and rows % _CAP == 0
                whole = (pages or 1) == 1 and self._total in (None, rows) and not (full and self._total is None)
                self._failed, self._total = None if whole else NOT_WHOLE, rows
            elif pages > _MOST_PAGES:
                self._failed = NOT_WHOLE
            else:
                for page in range(2, pages + 1):
                    self._ask(page, partial(self._next, page))
        self._end()

    def _next(self, page: int, answer: Told | NotTold) -> None:
        self._take(page, answer)
        if isinstance(answer, Told) and number(answer.headers, "TotalNumberOfRecords") != self._total:
            self._failed = self._failed or NOT_WHOLE
        self._end()

    def _take(self, page: int, answer: Told | NotTold) -> None:
        self._left -= 1
        rows = rows_of(answer)
        if isinstance(rows, NotTold):
            self._failed = self._failed or rows
        else:
            self._pages[page] = rows

    def _end(self) -> None:
        if self._left:
            return
        rows = [row for page in sorted(self._pages) for row in self._pages[page]]
        self._then(self._failed or (rows if len(rows) == self._total else NOT_WHOLE))
