"""Child processes to be killed: each runs the real command line, and nothing of bulkops is replaced.

The fork server (``python bench/fork_server.py SCRATCH``) imports everything once and then forks a child for each
command, so that a kill costs a tenth of a second and not two. Hooks before and after a child's real steps only report
how far it has come, or let something go wrong there.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import pkgutil
import selectors
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from stand_in import CHECKOUT, KEY, PATIENCE, OwnProcess

KILL, ERROR, QUOTA, FULL = "kill -9", "exception", "quota used up", "disk full"
"""What can be made to go wrong at a step."""


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    code: int
    """Its exit code; negative for the signal that killed it."""
    out: str
    err: str
    marks: list[tuple[str, float]]
    """Steps that it entered, and when, in seconds from its start."""
    seconds: float

    @property
    def killed(self) -> bool:
        return self.code < 0

    def when(self, step: str) -> float | None:
        """When it first entered a step."""
        return next((seconds for each, seconds in self.marks if each == step), None)


class ForkServer(OwnProcess):
    """The fork server, seen from the process that uses it. For one thread at a time."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(__file__, str(scratch))

    def run(
        self,
        arguments: list[str],
        home: Path,
        kill: tuple[str, float] | None = None,
        fault: tuple[str, str, str, str] | None = None,
        program: str = "bulkops.cli.commands:main",
    ) -> Ended:
        """Run a program to its end in a child of its own.

        ``kill``: so many seconds after its ``"start"``, or after ``"sending"`` has begun. ``fault``: what goes wrong,
        ``"before"`` or ``"after"``, which step, and the row's target ("" where the step is not a row's).
        """
        command = {"arguments": arguments, "home": str(home), "kill": kill, "fault": fault, "program": program}
        self.tell(json.dumps(command))
        ended = Ended(**json.loads(self.read()))
        if ended.seconds >= PATIENCE:
            raise RuntimeError(f"a child hung: {arguments}")
        return ended


def _serve(scratch: Path) -> None:
    """Fork a child for each line of standard input, and say in a line how it ended."""
    os.environ.update(BULKOPS_HOME=str(scratch / "unused home"), BULKOPS_API_KEY=KEY)
    _import_everything()
    if threading.active_count() != 1:
        raise RuntimeError("a forked child would lack the other threads")
    while line := sys.stdin.readline():
        sys.stdout.write(json.dumps(_run_child(json.loads(line))) + "\n")
        sys.stdout.flush()


def _import_everything() -> None:
    """All of bulkops but practice, which nobody starts here, and what it imports late: by using it once."""
    import bulkops

    for module in pkgutil.walk_packages(bulkops.__path__, "bulkops."):
        if not module.name.startswith(("bulkops.practice", "bulkops.__main__")):
            importlib.import_module(module.name)
    from bulkops.energycap import environments
    from bulkops.runs import preview, report
    from bulkops.system import data_folder

    preview.check(
        CHECKOUT / "sample_sheets" / "3 mixed.xlsx", environments.environment(), data_folder.home(), report.Options()
    )
    for late in ("openpyxl", "rich.table", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(late)


def _run_child(command: dict[str, Any]) -> dict[str, Any]:
    """Fork a child and watch it to its end. It is killed before it is waited for, while its id is surely its own."""
    pipes = {name: os.pipe() for name in ("marks", "out", "err")}
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_child(command, {name: write for name, (_, write) in pipes.items()})
    said = dict.fromkeys(pipes, b"")
    marks: list[tuple[str, float]] = []
    since, delay = command["kill"] or ("", 0.0)
    limit = delay if since == "start" else PATIENCE
    with selectors.DefaultSelector() as watched:
        for name, (read, write) in pipes.items():
            os.close(write)
            watched.register(read, selectors.EVENT_READ, name)
        while watched.get_map():
            ready = watched.select(max(limit - (time.monotonic() - begun), 0.0))
            if not ready:
                os.kill(child, signal.SIGKILL)
                limit = 2 * PATIENCE
            for each, _ in ready:
                more = os.read(each.fd, 65536)
                said[each.data] += more
                if not more:
                    watched.unregister(each.fd)
                    os.close(each.fd)
                elif each.data == "marks":
                    marks += [(step, time.monotonic() - begun) for step in more.decode().split()]
                    if since == "sending" and marks[-1][0] in ("intend", "send"):
                        since, limit = "", marks[-1][1] + delay
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    out, err = (said[name].decode("utf-8", "replace") for name in ("out", "err"))
    return {"code": code, "out": out, "err": err, "marks": marks, "seconds": time.monotonic() - begun}


def _be_child(command: dict[str, Any], pipes: dict[str, int]) -> NoReturn:
    """In the child: the program, and its exit code. Never returns into the fork server's own code."""
    code = 70
    try:
        for handle, end in ((0, os.open(os.devnull, os.O_RDONLY)), (1, pipes["out"]), (2, pipes["err"])):
            os.dup2(end, handle)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        os.environ["BULKOPS_HOME"] = command["home"]
        module, name = command["program"].split(":")
        program = getattr(importlib.import_module(module), name)

        def mark(step: str) -> None:
            os.write(pipes["marks"], f"{step} ".encode())

        if module == "bulkops.cli.commands":
            _hook(mark, command["fault"], Path(command["home"]))
            program(command["arguments"])
        else:
            program(command["arguments"], mark)
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _hook(mark: Callable[[str], None], fault: list[str] | None, home: Path) -> None:
    """Before and after each of bulkops' real steps: tell of it, and let the fault happen there, once."""
    from bulkops.energycap.client import Client
    from bulkops.ledger import Ledger, Witness
    from bulkops.ledger.reserve import Reserve
    from bulkops.runs import delivery

    waiting = [fault] if fault else []
    gate = threading.Lock()  # While something goes wrong, rows side by side wait at their next step.

    def target(step: str, arguments: tuple[Any, ...]) -> str:
        if step == "intend":
            return str(arguments[2].row.target)
        if step in ("conclude", "witness"):
            return str(arguments[2 if step == "conclude" else 1].target)
        return str(arguments[1].path.split("/")[-2]) if step == "send" else ""

    def hooked(step: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if step == "send" and arguments[1].method == "GET":
                return real(*arguments, **named)
            mark(step)
            here = [step, target(step, arguments)]
            with gate:
                _go_wrong(waiting, ["before", *here], home)
            result = real(*arguments, **named)
            with gate:
                _go_wrong(waiting, ["after", *here], home)
            return result

        return wrapped

    for step, owner, name in (
        ("begin", Ledger, "begin"),
        ("begin", Ledger, "begin_again"),
        ("intend", Ledger, "intend"),
        ("witness", Witness, "add"),
        ("send", Client, "send"),
        ("conclude", Ledger, "conclude"),
        ("results", delivery, "save"),
        ("finish", Ledger, "finish"),
        ("clear", Reserve, "clear"),
    ):
        setattr(owner, name, hooked(step, getattr(owner, name)))


def _go_wrong(waiting: list[list[str]], here: list[str], home: Path) -> None:
    if not waiting or waiting[0][1:] != here:
        return
    what = waiting.pop()[0]
    if what == KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == ERROR:
        raise RuntimeError("made to go wrong")
    elif what == QUOTA:
        import resource

        # Python ignores SIGXFSZ: a write beyond the limit fails, as on a full disk.
        log = home / "ledger.sqlite3-wal"
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, resource.RLIM_INFINITY))
    elif what == FULL:
        _use_up(home / "filler")


def _use_up(path: Path) -> None:
    """Take every byte that is left on the disk."""
    with open(path, "ab", buffering=0) as filler:
        for size in (65536, 4096, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
