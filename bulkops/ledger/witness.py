"""A second record of what was sent, outside the ledger's folder: it shows when the ledger is older than what was sent.

A journal, one line of JSON for each intent, written after the intent's commit and before the request leaves. It is not
synced: it stands against a ledger that was deleted, moved or replaced by an older copy, not against a power cut. A
journal is one ledger's and all its copies', by the ledger's id; all journals in the folder are of ledgers that have
lain in the data folder beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from bulkops.system.files import save
from bulkops.system.ownership import keep_private, own_folder

KEPT = 4_000
"""The newest intents that stay in a journal which has grown too large."""
_LARGE = 4 * 2**20
"""Bytes, some 8,000 intents."""
_END = ".jsonl"


@dataclass(frozen=True, slots=True)
class Seen:
    """One intent, with all that a ledger needs to hold back what was sent."""

    run: str
    seq: int
    started: str
    sheet: str
    row: int
    operation: str
    target: str
    identity: str
    fingerprint: str
    matter: str
    released: str
    asked: bool
    who: str
    code: str = ""
    """"" in a journal of before version 6."""


_KINDS = get_type_hints(Seen)


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a ledger lacks of what was sent."""

    intents: tuple[Seen, ...] = ()
    """In the order in which they were sent."""
    runs: Mapping[str, Mapping[str, Any]] | None = None
    """What is known of their runs, by id."""
    beyond: int = 0
    """How many more it lacks that no journal tells of any more."""

    def __bool__(self) -> bool:
        return bool(self.intents or self.beyond)

    def __len__(self) -> int:
        return len(self.intents) + self.beyond


class Witness:
    """The journals beside one data folder. Nothing here raises OSError: ``trouble`` says what could not be done."""

    def __init__(self, data_folder: Path) -> None:
        real = Path(os.path.realpath(data_folder))
        # The root of a disk has nothing beside it.
        self.folder = real.with_name(f"{real.name} witness") if real.name else real / "bulkops witness"
        self.trouble = ""
        """Why what is sent is not wholly recorded here; "" if it is."""
        self._handle: int | None = None

    def told(self) -> Told:
        """All that the journals say. Raises CannotStart where somebody else can have written them."""
        whole = Told({}, {}, 0)
        with suppress(OSError):  # there is none yet
            keep_private(self.folder)
        for journal in self._journals():
            try:
                whole.read(journal.read_bytes())
            except OSError as error:
                self._failed(error)
        return whole

    def follow(self, ledger: str) -> bool:
        """Write into this ledger's journal from now on. False where it has to be written anew first."""
        own = self._own(ledger)
        try:
            own_folder(self.folder)
            fresh = own.exists() and own.stat().st_size < _LARGE and self._journals() == [own]
            self._handle = os.open(own, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            self._failed(error)
            return True
        return fresh

    def write_anew(self, ledger: str, runs: Iterable[Mapping[str, Any]], intents: Iterable[Seen], before: int) -> None:
        """The journal of a ledger that has all that any journal tells of; ``before``: how many intents are left out."""
        lines: list[dict[str, Any]] = [
            {"before": before},
            *({"run": dict(run)} for run in runs),
            *(_facts(seen) for seen in intents),
        ]
        self.close()
        try:
            if self.trouble:  # a journal that could not be read may tell more than its ledger knows: it stays
                return
            save(self._own(ledger), b"".join(map(_line, lines)), rights=0o600)
            for each in self._journals():
                if each != self._own(ledger):
                    each.unlink()
        except OSError as error:
            self._failed(error)
        finally:
            self.follow(ledger)

    def add_run(self, run: Mapping[str, Any]) -> None:
        """Write down a run before its first intent."""
        self._add({"run": run})

    def add(self, seen: Seen) -> None:
        """Write down an intent."""
        self._add(_facts(seen))

    def close(self) -> None:
        """Close the journal."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _add(self, facts: Mapping[str, Any]) -> None:
        if self._handle is not None:
            line = _line(facts)
            try:
                # One call, so that workers' lines do not mix.
                if os.write(self._handle, line) != len(line):
                    self.trouble = self.trouble or "the disk is full"
            except OSError as error:
                self._failed(error)

    def _failed(self, error: OSError) -> None:
        self.trouble = self.trouble or error.strerror or type(error).__name__

    def _own(self, ledger: str) -> Path:
        return self.folder / f"{ledger}{_END}"

    def _journals(self) -> list[Path]:
        with suppress(OSError):
            return sorted(each for each in self.folder.iterdir() if each.name.endswith(_END))
        return []


@dataclass(slots=True)
class Told:
    """What journals say, taken together."""

    intents: dict[tuple[str, int, str], Seen]
    """By run, seq and time; in the order in which they were written."""
    runs: dict[str, Mapping[str, Any]]
    before: int
    """How many intents there were before those that are told."""

    def read(self, content: bytes) -> None:
        """One journal. A line that was not written to its end, or was spoilt, is left out."""
        for line in content.split(b"\n"):
            if not line:
                continue
            # Of nested brackets without end, or of a number that is none, not every error is a ValueError.
            with suppress(ValueError, TypeError, KeyError, RecursionError, OverflowError):
                facts = json.loads(line)
                if "before" in facts:
                    self.before = max(self.before, _checked(facts["before"], int))
                elif isinstance(facts["run"], dict):
                    run = _checked_run(facts["run"])
                    self.runs[run["id"]] = run
                else:
                    seen = Seen(**{name: _checked(facts[name], kind) for name, kind in _KINDS.items() if name in facts})
                    self.intents[seen.run, seen.seq, seen.started] = seen


def _checked(fact: Any, kind: type) -> Any:
    """A fact that a ledger can take. Raises TypeError for another kind, ValueError or OverflowError for what it cannot
    hold."""
    if kind is bool and fact in (0, 1):  # also as SQLite tells it
        return bool(fact)
    if type(fact) is not kind:
        raise TypeError(kind.__name__)
    if isinstance(fact, str):
        fact.encode()
    elif isinstance(fact, int):
        fact.to_bytes(8, signed=True)
    return fact


def _checked_run(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a run, all of it of the right kind; raises as ``_checked``."""
    kinds = {"options": dict}
    return {name: _checked(fact, kinds.get(name, str)) for name, fact in facts.items() if fact is not None}


def _facts(seen: Seen) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in Seen.__slots__}


_COMPACT = json.JSONEncoder(separators=(",", ":"))


def _line(facts: Mapping[str, Any]) -> bytes:
    # It begins with the line's end: after one that broke off this one stands on a line of its own.
    return b"\n" + _COMPACT.encode(facts).encode("ascii")
