"""Files that ask for far more than they hold, and a process with little time and memory to try them in."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bulkops.messages.errors import CannotStart
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.writing.corrections_workbook import ours
from bulkops.workbook.writing.sidecar import may_replace, run_ids

MEGABYTE = 2**20
ROOT = Path(__file__).resolve().parent.parent
_LIMITED = """
import json, resource, sys
from importlib import import_module
sys.path[:0] = [sys.argv[1], sys.argv[2]]
seconds, memory, module, name, arguments = json.loads(sys.argv[3])
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
found = getattr(import_module(module), name)(*arguments)
sys.__stdout__.write("\\n" + json.dumps(found))
"""


class Many(NamedTuple):
    """A part in which one block stands many times."""

    head: bytes
    block: bytes
    times: int
    tail: bytes

    def deflated(self) -> bytes:
        """The part, packed; the block only once."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        first = packer.compress(self.head) + packer.flush(zlib.Z_FULL_FLUSH)
        middle = packer.compress(self.block) + packer.flush(zlib.Z_FULL_FLUSH)
        return first + middle * self.times + packer.compress(self.tail) + packer.flush()

    def checked(self) -> int:
        """Its check sum."""
        found = zlib.crc32(self.head)
        for _ in range(self.times):
            found = zlib.crc32(self.block, found)
        return zlib.crc32(self.tail, found)


def padded(part: str | bytes, block: bytes, megabytes: int, around: tuple[bytes, bytes] = (b"", b"")) -> Many:
    """A part of XML with so much of a block before its last end tag."""
    content = part.encode() if isinstance(part, str) else part
    end = content.rindex(b"</")
    times = MEGABYTE // len(block)
    return Many(content[:end] + around[0], block * times, megabytes, around[1] + content[end:])


def zipped(path: Path, parts: Mapping[str, str | bytes | Many]) -> Path:
    """A zip with these parts, whose directory tells the truth."""
    out, directory = b"", b""
    for name, given in parts.items():
        part = (
            given if isinstance(given, Many) else Many(given.encode() if isinstance(given, str) else given, b"", 0, b"")
        )
        data, size = part.deflated(), len(part.head) + len(part.block) * part.times + len(part.tail)
        facts = (20, 0, 8, 0, 33, part.checked(), len(data), size, len(name), 0)
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *facts, 0, 0, 0, 0, len(out)) + name.encode()
        out += struct.pack("<4s5H3L2H", b"PK\3\4", *facts) + name.encode() + data
    count = len(parts)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(out), 0)
    path.write_bytes(out + directory + end)
    return path


def peak_megabytes() -> int:
    """The most memory that this program has had. What getrusage tells on Linux counts whoever started it, too."""
    if sys.platform == "linux":
        (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) >> 10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20


def limited(function: Callable[..., Any], *arguments: object, seconds: int, memory: int) -> Any:
    """What a function of a module in this folder gives, in a process with so many seconds of the processor and so many
    megabytes; what it gives is JSON. Where it needs more, the process ends and the test fails."""
    asked = json.dumps([seconds, memory * MEGABYTE, function.__module__, function.__name__, [*map(str, arguments)]])
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(ROOT), str(ROOT / "tests"), asked],
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr.decode("utf-8", "replace")[-2000:])
    return json.loads(done.stdout.decode("utf-8").splitlines()[-1])


# What is done there: with few imports, for each process makes them anew.


def read(path: str) -> list[object]:
    """What a workbook is refused for, and the most megabytes that this process needed for it."""
    code = ""
    try:
        read_workbook(Path(path))
    except CannotStart as refused:
        code = refused.code
    return [code, peak_megabytes()]


def asked(path: str) -> list[object]:
    """Is it ours, what of, and the most megabytes that this process needed to find out?"""
    found = ours(Path(path)), may_replace(Path(path)), sorted(run_ids(Path(path)))
    return [*found, peak_megabytes()]
