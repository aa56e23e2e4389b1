"""Upload folder passes while somebody who may write there does his worst: ``bench/inbox_fuzz.py [PASSES] [SEED]``.

Before a pass, and at random moments in it, links, pipes, folders, devices, endless and damaged files, odd names, forged
and replayed claims are planted, and files are swapped, copied back, renamed and taken away. As root, the passes over
every other folder run as one user and the plants are another's; else both are the same user's. After each pass:

    nothing       outside the upload folder and the data folder has changed (a tree of canary files is compared)
    no row        has arrived twice at the practice server
    the workbook  that nobody meddled with has arrived, whatever lies beside it
    the pass      has ended in time, without an error of our own
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from asking import fill, kickout, task

from bulkops.cli import inbox
from bulkops.energycap import environments
from bulkops.inbox import process, scan
from bulkops.ledger import Ledger
from bulkops.practice import server
from bulkops.practice.server import PracticeServer
from bulkops.runs import delivery
from bulkops.system.folders import Folder

SECONDS = 60
"""For one pass, of which each takes less than one."""
LIFE = 10
"""Passes over one folder: what one leaves behind meets the next."""
CLERK, COLLEAGUE = 12001, 12002
"""Users' numbers."""
PRIVATE = 40
"""The task of a workbook of the clerk's own."""
NAMES = (
    "a.xlsx",
    "b.csv",
    "c.xlsx",
    "pay\N{NO-BREAK SPACE}roll.xlsx",
    "pay roll.xlsx",
    "e\x1b[31m.xlsx",
    "\N{RIGHT-TO-LEFT MARK}d.xlsx",
)
ENDS = (" - results.xlsx", " - results (bulkops).xlsx", " - corrections.xlsx", " - not run.txt", " (2).xlsx")
OUTCOMES = ("Done", "Needs attention", "In doubt")


class World:
    """An upload folder, a data folder, and what is none of bulkops' business."""

    def __init__(self, around: Path, chance: random.Random, users: bool) -> None:
        self.around, self.chance, self.users = around, chance, users
        self.folder, self.home, self.private = around / "uploads", around / "home", around / "private"
        for each in (around, self.folder, self.home, self.private):
            each.mkdir(exist_ok=True)
            if users:
                os.chown(each, CLERK, CLERK)
        around.chmod(0o755)
        self.folder.chmod(0o777)
        self.seen: list[bytes] = []
        """Claims that have stood in the folder."""
        with self.acting(CLERK):
            for name in (*OUTCOMES, "letters", "letters/Done"):
                (self.private / name).mkdir()
            for name in ("a.xlsx", "letters/b.csv", "Done/a.xlsx", ".bashrc", "ledger.sqlite3"):
                (self.private / name).write_bytes(chance.randbytes(50))
            fill(self.private / "private.xlsx", [kickout(PRIVATE)])
        self.canaries = self.tree()

    def tree(self) -> dict[str, tuple[Any, ...]]:
        """All that must stay as it is."""
        found = {}
        for each in sorted([*self.private.rglob("*"), *self.around.iterdir()]):
            facts = os.lstat(each)
            if each != self.folder and not each.name.startswith("home"):  # a second record lies beside it
                content = hashlib.sha256(each.read_bytes()).hexdigest() if stat.S_ISREG(facts.st_mode) else ""
                found[str(each)] = (facts.st_mode, facts.st_uid, facts.st_nlink, facts.st_mtime_ns, content)
        return found

    @contextlib.contextmanager
    def acting(self, user: int) -> Iterator[None]:
        """As this user, where we may be anybody; one within the other."""
        before = os.geteuid()
        try:
            self._become(user)
            yield
        finally:
            self._become(before)

    def _become(self, user: int) -> None:
        if self.users:
            os.seteuid(0)
            os.seteuid(user)

    # ---------------------------------------------------------------- what the colleague does

    def meddle(self) -> None:
        """One hostile act; what the system does not let him do is not done."""
        acts = (self.plant, self.plant, self.plant, self.forge, self.forge, self.swap, self.take_away, self.copy_back)
        with self.acting(COLLEAGUE), contextlib.suppress(OSError):
            for each in self.folder.glob(".*.bulkops-inbox"):
                if _is_small(each):
                    self.seen.append(each.read_bytes())
            self.chance.choice(acts)()

    def target(self) -> Path:
        """Somewhere that a link may lead."""
        return self.chance.choice(
            [*sorted(self.private.rglob("*")), Path("/dev/zero"), self.private / "new", self.home]
        )

    def place(self) -> Path:
        """A name in the folder that bulkops may use."""
        name, chance = self.chance.choice(NAMES), self.chance
        stem = Path(name).stem
        names = [
            name,
            f".{name}.bulkops-inbox",
            f".{name}.bulkops",
            f"~${name}",
            f"{stem}{chance.choice(ENDS)}",
            *OUTCOMES,
        ]
        names += [f".{_mark(self.seen)}-{chance.randbytes(4).hex()}.bulkops.tmp"]
        around = self.folder / chance.choice(("", "", "", *OUTCOMES))
        # He cannot reach through a link what is not his; where both are one user, that is not tried.
        return (self.folder if around.is_symlink() else around) / chance.choice(names)

    def plant(self) -> None:
        """Something that is no workbook."""
        place, chance = self.place(), self.chance
        _remove(place)
        kinds: tuple[Callable[[], object], ...] = (
            lambda: place.symlink_to(self.target()),
            lambda: place.symlink_to(self.target()),
            lambda: os.mkfifo(place),
            place.mkdir,
            lambda: (place.touch(), os.truncate(place, 2**40)),
            lambda: place.write_bytes(b"PK\x03\x04" + chance.randbytes(300)),
            lambda: place.write_text("x"),
            lambda: self.users and os.link(self.target(), place),
            lambda: os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 5)),
        )
        chance.choice(kinds)()

    def forge(self) -> None:
        """A claim of the clerk's, of an older bulkops', or of nobody's."""
        chance = self.chance
        place = self.folder / f".{chance.choice(NAMES)}.bulkops-inbox"
        _remove(place)
        if self.seen and chance.random() < 0.5:
            place.write_bytes(chance.choice(self.seen))
            return
        mark = chance.choice((_mark(self.seen), "f" * 32, "../../private", "0" * 16))
        first = {"workbook": chance.choice(NAMES), "who": "a\x1b[2J", "computer": "b", "since": "c", "ledger": mark}
        pairs = [
            [chance.choice(NAMES), f"{chance.choice(OUTCOMES)}/{chance.choice(NAMES)}"],
            [str(self.target()), f"Done/{chance.choice(NAMES)}"],
        ]
        moves = {"sha256": "", "run": "", "results": 0, "pairs": pairs}
        place.write_text(f"{json.dumps(first)}\n{json.dumps({'moves': moves})}\n{'[' * chance.choice((0, 60_000))}")

    def swap(self) -> None:
        """Two names are exchanged, or one goes to another file."""
        one, other = self.place(), self.place()
        away = self.folder / ".away"
        os.rename(one, away)
        with contextlib.suppress(OSError):
            os.rename(other, one)
        os.rename(away, other)

    def take_away(self) -> None:
        """Anything in the folder."""
        there = [each for each in sorted(self.folder.glob("*")) if "fresh" not in each.name]
        _remove(self.chance.choice(there) if there else self.folder / "nothing")

    def copy_back(self) -> None:
        """What was run is put there once more, under its name or another."""
        done = [each for each in sorted(self.folder.glob("*/*.*")) if not each.parent.is_symlink() and _is_small(each)]
        if done:
            place = self.folder / self.chance.choice(NAMES)
            _remove(place)
            shutil.copyfile(self.chance.choice(done), place)


def _is_small(path: Path) -> bool:
    facts = os.lstat(path)
    return stat.S_ISREG(facts.st_mode) and facts.st_size < 10**6


def _mark(seen: list[bytes]) -> str:
    for content in reversed(seen):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return str(json.loads(content.split(b"\n")[0])["ledger"])
    return "0" * 16


def _remove(place: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()


class Meddler:
    """Lets the colleague act in the middle of a pass, before steps of it."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.busy = True
        steps = (
            (process, "prepare"),
            (Ledger, "begin"),
            (Ledger, "finish"),
            (delivery, "save"),
            (scan, "scan_folder"),
            (inbox, "scan_folder"),
        )
        for owner, name in (*steps, *((Folder, name) for name in ("link", "remove", "within", "open", "create"))):
            setattr(owner, name, self.before(getattr(owner, name)))

    def before(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            if self.world and not self.busy and self.world.chance.random() < 0.03:
                self.busy = True
                self.world.meddle()
                self.busy = False
            return real(*given, **named)

        return step


def _late(*_: object) -> None:
    raise TimeoutError("a pass did not end")


def run(passes: int, seed: int) -> list[str]:
    """What went wrong."""
    wrong: list[str] = []
    meddler = Meddler()
    signal.signal(signal.SIGALRM, _late)
    scan.SETTLING = 0.0
    begun = time.monotonic()
    for life in range(-(-passes // LIFE)):
        chance = random.Random(f"{seed} {life}")
        # What is imported late is imported in the first life, by a user who surely may.
        users = os.getuid() == 0 and life % 2 == 1
        around = Path(tempfile.mkdtemp(prefix="inbox-fuzz-", dir="/tmp" if users else None))
        try:
            with PracticeServer() as practice:
                world = World(around, chance, users)
                meddler.world = world
                wrong += [
                    f"life {life}, {each}" for each in live(world, meddler, practice, min(LIFE, passes - life * LIFE))
                ]
        finally:
            shutil.rmtree(around)
        if life % 10 == 9:
            print(f"{(life + 1) * LIFE} passes, {time.monotonic() - begun:.0f} s, {len(wrong)} wrong", flush=True)
    return wrong


def live(world: World, meddler: Meddler, practice: PracticeServer, passes: int) -> Iterator[str]:
    """Passes over one folder; what is wrong after each."""
    os.environ |= {
        "BULKOPS_BASE_URL": practice.base_url,
        "BULKOPS_API_KEY": server.PRACTICE_KEY,
        "BULKOPS_HOME": str(world.home),
    }
    chance = world.chance
    for count in range(passes):
        for _ in range(chance.randrange(5)):
            world.meddle()
        with world.acting(chance.choice((CLERK, COLLEAGUE))):
            for number, name in enumerate(chance.sample(NAMES, 2), 3 * count + 1):
                with contextlib.suppress(OSError):
                    drop(world.folder / name, number)
            drop(world.folder / f"fresh {count}.xlsx", fresh := 3 * count + 3)
        for _ in range(chance.randrange(5)):
            world.meddle()
        for each in one_pass(world, meddler, practice, fresh):
            yield f"pass {count}: {each}"


def drop(path: Path, number: int) -> None:
    """A workbook with a row that no other has."""
    begun = path.with_name(f"~{number}.tmp")
    if path.suffix == ".csv":
        begun.write_text(f"Task GUID,Batch mode\n{task(number)},new self-contained batch\n{task(number)}x,x\n")
    else:
        fill(begun.with_suffix(".xlsx"), [kickout(number), kickout(number, batch_mode="nonsense")][: 1 + number % 2])
        begun.with_suffix(".xlsx").rename(begun)
    begun.rename(path)


def one_pass(world: World, meddler: Meddler, practice: PracticeServer, fresh: int) -> Iterator[str]:
    """What is wrong after a pass."""
    out, err = io.StringIO(), io.StringIO()
    signal.alarm(SECONDS)
    meddler.busy = False
    try:
        with world.acting(CLERK), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            inbox.go_through(world.folder, environments.environment(), world.home, True, True)
    except Exception as error:
        yield f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        meddler.busy = True
    told = out.getvalue() + err.getvalue()
    if "error of its own" in told or "internal error" in told or (world.home / "errors.log").exists():
        log = world.home / "errors.log"
        yield log.read_text() if log.exists() else told
        log.unlink(missing_ok=True)
    sent = Counter(request.path for request in practice.writes)
    yield from (f"{path} went out {times} times" for path, times in sent.items() if times > 1)
    if not any(task(fresh) in path for path in sent):
        yield f"the workbook beside what was planted was not run: {told[-2000:]}"
    if any(task(PRIVATE) in path for path in sent):
        yield "a private workbook was sent"
    now = world.tree()
    yield from (
        f"{path} was touched" for path in now.keys() | world.canaries if now.get(path) != world.canaries.get(path)
    )
    world.canaries = now


if __name__ == "__main__":
    found = run(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print("\n".join(found) or "Nothing went wrong.")
    sys.exit(bool(found))
