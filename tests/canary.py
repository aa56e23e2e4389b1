"""The key is looked for in every byte that the test suite writes or prints.

Every key of a session is a canary: the practice server's is made anew for each session, a test makes one of its
own with ``key(name)``, and whatever else becomes a Key or the variable BULKOPS_API_KEY of a child is looked for as
well. Looked through are all files that the session leaves, those that it removes or overwrites just before it does,
what is printed, captured, logged and read from children, and the arguments of children. A hit fails the session.
Where pytest-xdist spreads the tests over several processes, each makes and looks for keys of its own.
"""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import os
import re
import secrets
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bulkops import practice
from bulkops.energycap.key import Key
from bulkops.practice import seed_data, server

_LEAST = 12
"""Characters of a text that is looked for; shorter ones come up by chance."""
_BLOCK, _OVERLAP = 2**14, 2**10
_LARGEST = 2**26
"""Bytes of one part of an archive; some tests make one that would fill the memory."""
_BLANK = bytes(range(33))
"""Blanks and ends of lines count for nothing; nor does NUL, so that UTF-16 in either order is found, too."""
_UNSEEN = [char.encode() for char in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\xad"]
CORE = secrets.token_hex(10)
"""A part of every key that this session makes. Letters and digits alone, for no writing changes them."""
PUBLISHED = re.compile(rb"variable BULKOPS_API_KEY to \S+, then")
"""``bulkops practice`` tells its key to whoever wants to try it. The only place where a key is printed on purpose."""

_SOURCE = Path(seed_data.__file__).read_bytes()
"""In the practice server's own source its published keys stand; a copy of that file tells nobody anything."""


def key(name: str = "", core: str = CORE) -> str:
    """A key of its own for a test: as odd as keys may be, with a half of the session's core at either end."""
    return f"{core[:10]}+/=\\\"'<&%41{name}{core[10:]}-key"


def guid() -> str:
    """A key that looks like the GUID of a task."""
    return f"c0ffee00-0000-4000-8000-{CORE[:10]}ab"


def forms(text: str) -> tuple[set[bytes], set[bytes]]:
    """How a text may stand in bytes: the forms whose small and capital letters are one, and those where they differ."""
    plain = text.lower()
    in_json = json.dumps(plain)[1:-1]
    texts = {
        *(plain, plain[::-1], plain.encode().hex(), html.escape(plain), quote(plain, safe="")),
        *(in_json, json.dumps(in_json)[1:-1]),
        *(pattern_of(plain, pattern) for pattern in ("%{:02x}", "\\u{:04x}", "&#{};", "&#{}", "&#x{:x};")),
    }
    folded = {_dense(form.encode()) for form in texts}
    exact = set()
    for before in range(3):
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            # The first and last characters depend on what stands beside it.
            exact.add(encode(bytes(before) + text.encode()).rstrip(b"=")[(0, 2, 3)[before] : -1])
    return folded, exact


def _dense(content: bytes) -> bytes:
    content = content.translate(None, _BLANK)
    for sign in _UNSEEN:
        if sign in content:
            content = content.replace(sign, b"")
    return content


def pattern_of(text: str, pattern: str) -> str:
    """Every character by its code."""
    return "".join(pattern.format(ord(char)) for char in text)


class Search:
    """What is looked for, and where it was found."""

    def __init__(self, core: str = CORE) -> None:
        self._halves = (core[:10], core[10:])
        self.hits: dict[str, None] = {}
        """Places, each once, in the order in which they were found."""
        self.seen = 0
        """Bytes looked through."""
        self._watched: set[str] = set()
        self._folded: dict[bytes, str] = {}
        self._exact: dict[bytes, str] = {}
        self._known: set[int] = set()
        for half in self._halves:
            self._look_for(half, "a key of this session")

    def watch(self, text: str) -> None:
        """Look for this text from now on."""
        if len(text) >= _LEAST and text not in self._watched and not any(half in text for half in self._halves):
            self._watched.add(text)
            self._look_for(text, f"the key {text[0]}…{text[-4:]}")
            self._known.clear()

    def _look_for(self, text: str, name: str) -> None:
        folded, exact = forms(text)
        self._folded |= dict.fromkeys(folded, name)
        self._exact |= dict.fromkeys(exact, name)

    def heard(self, where: str, text: str | bytes) -> None:
        """Something printed, logged or read."""
        content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
        self._look(where, PUBLISHED.sub(b"", content))

    def file(self, path: Path) -> None:
        """A file; of one that is an archive (a workbook, say) each part."""
        if not path.is_file():  # a pipe would wait for a writer
            return
        try:
            content = path.read_bytes()
        except OSError:
            return
        self._look(str(path), content)
        if content.startswith(b"PK"):
            with suppress(Exception):  # tests break archives in every way there is
                for part in (archive := zipfile.ZipFile(io.BytesIO(content))).infolist():
                    with suppress(Exception), archive.open(part) as stream:
                        self._look(f"{path}: {part.filename}", part.filename.encode() + stream.read(_LARGEST))

    def folder(self, path: Path) -> None:
        """Every file in a folder and below, and their names."""
        for place, folders, files in os.walk(path):
            self._look(place, "\n".join((*folders, *files)).encode("utf-8", "surrogateescape"))
            for name in files:
                self.file(Path(place, name))

    def _look(self, where: str, content: bytes) -> None:
        self.seen += len(content)
        content = content.replace(_SOURCE, b"")
        for at in range(0, len(content), _BLOCK):
            block = content[at : at + _BLOCK + _OVERLAP]
            if (known := hash(block)) in self._known:
                continue
            self._known.add(known)
            block = _dense(block)
            small = block.lower()
            found = [name for form, name in self._folded.items() if form in small]
            if found := found or [name for form, name in self._exact.items() if form in block]:
                self._known.discard(known)
                self.hits[f"{found[0]} in {where}"] = None
                return


def pytest_configure(config: pytest.Config) -> None:
    """This module is a plugin: by ``-p canary``, or registered by a conftest."""
    config.pluginmanager.register(Watching(), "canary-watching")


@pytest.fixture(scope="session", autouse=True)
def everything_is_looked_at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """From the first test on."""
    with request.config.pluginmanager.get_plugin("canary-watching").looking(tmp_path_factory.getbasetemp()):
        yield


class Watching:
    """Sees to it that everything is looked at."""

    def __init__(self) -> None:
        self.search = Search()
        self._base = ""
        self._outside: set[str] = set()
        """Files elsewhere that were opened for writing."""
        self._tails: dict[int, bytes] = {}
        self._acts: dict[str, Callable[..., object]] = {
            "open": self._opened,
            "os.remove": lambda path, folder: folder in (None, -1) and self._goes(path),
            "os.rename": lambda _, path, *__: self._goes(path),
            "shutil.rmtree": lambda path, *_: self._goes(path),
            "subprocess.Popen": self._child,
        }

    def pytest_configure(self, config: pytest.Config) -> None:
        if config.getini("tmp_path_retention_policy") != "all":
            raise pytest.UsageError("The key is looked for in what all tests leave: tmp_path_retention_policy is all.")
        logging.getLogger().setLevel(logging.DEBUG)  # every library tells everything

    @contextmanager
    def looking(self, base: Path) -> Iterator[None]:
        """Files made for a moment go where the others are; keys, pipes and captured output pass by here."""
        folder = base / "made for a moment"
        folder.mkdir()
        make, read, captured, start = Key.__init__, os.read, pytest.CaptureFixture.readouterr, subprocess.Popen.__init__

        def made(made_key: Key, secret: str) -> None:
            make(made_key, secret)
            self.search.watch(str(secret))

        def reads(file: int, size: int) -> bytes:
            content = read(file, size)
            whole = self._tails.get(file, b"") + content
            self.search.heard(self._now("what it read from a terminal or pipe"), whole)
            self._tails[file] = whole[-_OVERLAP:]
            return content

        def captures(fixture: pytest.CaptureFixture[str]) -> Any:
            said = captured(fixture)
            for text in said:
                self.search.heard(self._now("what it printed"), text)
            return said

        def starts(process: subprocess.Popen[Any], *arguments: Any, **more: Any) -> None:
            start(process, *arguments, **more)
            for name in ("stdout", "stderr"):
                if (pipe := getattr(process, name)) is not None:
                    setattr(process, name, _Heard(pipe, lambda text: self.search.heard(self._now("a child"), text)))

        def audit(event: str, facts: tuple[Any, ...], acts: dict[str, Callable[..., object]] = self._acts) -> None:
            if event in acts:  # there are millions of others
                with suppress(OSError, TypeError, ValueError):  # what is wrong with a call is told to its caller
                    acts[event](*facts)

        with pytest.MonkeyPatch.context() as patch:
            for name in ("TMPDIR", "TEMP", "TMP"):
                patch.setenv(name, str(folder))
            patch.setattr(tempfile, "tempdir", str(folder))
            patch.setattr(Key, "__init__", made)
            patch.setattr(os, "read", reads)
            patch.setattr(pytest.CaptureFixture, "readouterr", captures)
            patch.setattr(subprocess.Popen, "__init__", starts)
            self._base = str(base) + os.sep
            sys.addaudithook(audit)
            yield

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for text in (report.longreprtext, *(content for _, content in report.sections)):
            self.search.heard(f"the report of {report.nodeid}", text)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.search.heard(f"the collection of {report.nodeid}", report.longreprtext)

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        self.search.heard(f"a warning of {nodeid}", str(warning_message.message))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._base:
            self.search.folder(Path(self._base))
        for path in sorted(self._outside):
            self.search.file(Path(path))
        if self.search.hits and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output["canary"] = [list(self.search.hits), self.search.seen]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """One of pytest-xdist's processes has ended: what it found counts here."""
        missing = [[f"places that nobody looked at: {node.gateway.id} ended without a report"], 0]
        hits, seen = getattr(node, "workeroutput", {}).get("canary", missing)
        self.search.hits |= dict.fromkeys(hits)
        self.search.seen += seen

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if self.search.hits:
            terminalreporter.section("A key was written or printed", red=True, bold=True)
            terminalreporter.write_line("\n".join(self.search.hits))
        else:
            unheard = " (not what -s lets through)" if config.getoption("capture") == "no" else ""
            terminalreporter.write_line(
                f"No key in the {self.search.seen / 1e6:.1f} MB that were written or printed{unheard}."
            )

    def _now(self, what: str) -> str:
        return f"{what}: {os.environ.get('PYTEST_CURRENT_TEST', 'outside a test')}"

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        if not flags & (os.O_WRONLY | os.O_RDWR) or isinstance(path, int):
            return
        place = os.path.abspath(os.fsdecode(path))
        if os.path.isdir(place):  # tempfile opens its folder and puts another file in its place
            return
        if not place.startswith(self._base):
            self._outside.add(place)
        if flags & os.O_TRUNC or (mode and "w" in mode):
            self._goes(place)

    def _goes(self, path: Any) -> None:
        """A file or folder is about to be removed, replaced or emptied."""
        place = os.path.abspath(os.fsdecode(path))
        if place.startswith(self._base) or place in self._outside:
            look = self.search.folder if os.path.isdir(place) else self.search.file
            look(Path(place))

    def _child(self, program: Any, arguments: Any, _: Any, environment: Any) -> None:
        words = [arguments] if isinstance(arguments, str | bytes) else [program, *arguments]
        self.search.heard(self._now("the arguments of a child"), b"\n".join(map(os.fsencode, filter(None, words))))
        given = (os.environ if environment is None else environment).get("BULKOPS_API_KEY", "")
        self.search.watch(os.fsdecode(given).strip())


class _Heard:
    """A child's pipe; whatever is read from it is heard."""

    def __init__(self, pipe: Any, hear: Callable[[str | bytes], None]) -> None:
        self._pipe, self._hear = pipe, hear

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._pipe, name)
        return self._heard(found) if name in ("read", "read1", "readline") else found

    def _heard(self, reading: Callable[..., Any]) -> Callable[..., Any]:
        def read(*arguments: Any) -> Any:
            content = reading(*arguments)
            self._hear(content)
            return content

        return read

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readline, type(self.readline(0))())

    def readlines(self) -> list[Any]:
        return list(self)


def practise_with(secret: str) -> None:
    """Give the practice server a key of this session; the published one goes on being known."""
    for module in (practice, seed_data, server):
        module.PRACTICE_KEY = secret
    seed_data.KEYS[secret] = seed_data.OPERATOR
