"""Parsing in a process of its own, with little time and memory: a hostile file can do no more than end that.

The child gets the file's name and bytes and gives back plain JSON. It knows nothing else: no key, no ledger, no lock.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import bulkops
from bulkops.messages.errors import CannotStart
from bulkops.system.programs import for_other_programs
from bulkops.workbook.reading import windows_job
from bulkops.workbook.reading.transport import decode, encode
from bulkops.workbook.sheets import Workbook

Parse = Callable[[Path, bytes], Workbook]
SECONDS = 20.0
"""For what takes a second or two."""
MEMORY = 2 << 30
"""Bytes; where the system keeps to such a limit."""
_MOST_ANSWER = 2**28
"""Bytes: one long text in many cells is as many long texts in the answer. 100,000 rows of 14 columns have a third."""
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from bulkops.workbook.reader import answer; answer()"
_READ, _REFUSED = b"R", b"E"


def parsed_in_sandbox(
    path: Path, content: bytes, meanwhile: Callable[[], object] = lambda: None, seconds: float = SECONDS
) -> Workbook:
    """What a child process makes of a workbook's bytes. Raises CannotStart if it cannot, whatever becomes of it.

    ``meanwhile`` is done while the child is at work.
    """
    try:
        child = _started()
    except OSError as error:
        raise CannotStart("workbook.crashed", path=path.name) from error
    late = threading.Event()

    def give_up() -> None:
        late.set()
        child.kill()

    watch = threading.Timer(seconds, give_up)
    watch.daemon = True
    try:
        watch.start()
        answer = _reply_of(child, path, content, meanwhile)
    finally:
        watch.cancel()
        child.kill()
        child.wait()
    if late.is_set():
        raise CannotStart("workbook.too_slow", path=path.name)
    return _decoded(answer, path)


def _started() -> subprocess.Popen[bytes]:
    """The child, with the same bulkops and nothing else of ours: no key, no folder, no window on Windows."""
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _CODE, str(Path(bulkops.__file__).parents[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=for_other_programs(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _reply_of(child: subprocess.Popen[bytes], path: Path, content: bytes, meanwhile: Callable[[], object]) -> bytes:
    """The whole answer; less if the child ended before."""
    assert child.stdin is not None
    assert child.stdout is not None
    with closing(child.stdout):
        # It may end without reading all of it; its reply, if any, says why.
        with suppress(OSError), closing(child.stdin):
            child.stdin.write(json.dumps(os.fspath(path)).encode("ascii") + b"\n" + content)
        meanwhile()
        return child.stdout.read(_MOST_ANSWER + 1)


def _decoded(answer: bytes, path: Path) -> Workbook:
    try:
        if len(answer) > _MOST_ANSWER:
            error = CannotStart("workbook.too_big", path=path.name)
        elif answer.startswith(_READ):
            return decode(answer[1:], path)
        elif answer.startswith(_REFUSED):
            refusal = json.loads(answer[1:])
            error = CannotStart(refusal["code"], **refusal["facts"])
        else:
            error = CannotStart("workbook.crashed", path=path.name)
    except (ValueError, LookupError, TypeError):
        error = CannotStart("workbook.crashed", path=path.name)
    raise error


def answer(parse: Parse) -> None:
    """The child: read the question from standard input, answer it on standard output."""
    _limit()
    gc.disable()
    path = Path(json.loads(sys.stdin.buffer.readline()))
    try:
        reply = _READ + encode(parse(path, sys.stdin.buffer.read()))
    except CannotStart as error:
        reply = _REFUSED + json.dumps({"code": error.code, "facts": error.facts}, default=str).encode("ascii")
    except MemoryError:
        reply = _REFUSED + json.dumps({"code": "workbook.too_big", "facts": {"path": path.name}}).encode("ascii")
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()
    # Freeing millions of cells one by one serves nobody.
    os._exit(0)


def _limit() -> None:
    """No interrupt from the keyboard (the parent ends us), and limits of the platform's own in case nobody does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":
        windows_job.limit(MEMORY, 2 * SECONDS)
        return
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(2 * SECONDS)),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, resource.getrlimit(what)[1]))
        except (ValueError, OSError):
            # macOS does not know every limit, and a lower one may stand already.
            continue
