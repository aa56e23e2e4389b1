"""Words for counts, states and times, the same on a terminal and in the window."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

_SPANS = 8
"""So many rows, or rows on end, are named in a sentence."""


def printable(text: str) -> str:
    """A text without characters that steer a terminal, whoever sent them."""
    return "".join(
        char if char.isprintable() or char == "\n" else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def one_line(text: str) -> str:
    """A text from outside among others: printable, without line ends and with single blanks."""
    return " ".join(printable(text).split())


def named(name: str, target: str) -> str:
    """``Electric to review (2001)``: a row's target by its name, where that is known, and by its id."""
    return one_line(f"{name} ({target})" if name else target)


def plural(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``, ``2 batches``."""
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('ch') else 's'}"


def row_numbers(numbers: Iterable[int]) -> str:
    """``4 to 30``, ``5, 9 to 12 and 15``; the last of many are only counted."""
    spans: list[tuple[int, int]] = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda each: each[1] - each[0]):
        on_end = [number for _, number in run]
        spans += [(on_end[0], on_end[-1])] if len(on_end) > 2 else [(number, number) for number in on_end]
    said = [str(first) if first == last else f"{first} to {last}" for first, last in spans[:_SPANS]]
    if more := sum(last - first + 1 for first, last in spans[_SPANS:]):
        said.append(f"{more} more")
    return " and ".join(filter(None, (", ".join(said[:-1]), *said[-1:])))


def moment(when: str) -> str:
    """``2026-11-21 10:00:00 UTC``, of a time as the ledger has it."""
    return when.replace("T", " ").replace("Z", " UTC")


def local_time(when: str) -> str:
    """``2026-11-21 10:00:00 UTC-05:00``: a time as the ledger has it, in this computer's; "" for none."""
    if not when:
        return ""
    day, _, rest = datetime.fromisoformat(when).astimezone().isoformat(timespec="seconds").partition("T")
    return f"{day} {rest[:8]} UTC{rest[8:]}"


def size_of(count: int) -> str:
    """``1.4 GB``, of so many bytes; ``12 KB`` of few."""
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{-(-count // 1000)} KB"


def time_left(seconds: float) -> str:
    """``about 3 minutes left``."""
    if seconds > 90:
        return f"about {plural(round(seconds / 60), 'minute')} left"
    return f"about {plural(round(seconds), 'second')} left"
