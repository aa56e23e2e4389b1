"""One window for each data folder: a second start hands its files to the first, which comes forward.

The first holds an operating-system lock that ends with it, and listens on this computer alone. Where and with which
secret, only this user may read. Each side proves to the other that it knows the secret before a word counts.

Two windows on one data folder do no harm, for a run has a lock of its own. So whenever the first does not answer, the
second opens all the same.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bulkops.lock import held

_LOCK, _PLACE = "window.lock", "window.place"
_HERE = "127.0.0.1"
_SIZE = 32
"""Bytes of a challenge and of a proof."""
_LONGEST = 2**20
"""Bytes of what is handed over; some hundred paths are a hundredth of it."""
_ONE = 2.0
"""Seconds for one visit."""
_BREATH = 0.05
_PATIENCE = 5.0
"""Seconds in which the first may not have begun to listen, or may be about to end."""


class First:
    """The window that others hand their files to. Without a socket it is one that nobody finds."""

    def __init__(
        self, home: Path | None = None, lock: int | None = None, listener: socket.socket | None = None
    ) -> None:
        self._home, self._lock, self._listener = home, lock, listener
        self._secret = secrets.token_bytes(_SIZE)
        self._thread: threading.Thread | None = None
        self._over = threading.Event()

    def listen(self, on_files: Callable[[list[Path]], object]) -> None:
        """From now on, call this for every further start with its files, maybe none. In a thread of its own."""
        if self._listener is None or self._home is None:
            return
        told = {"port": self._listener.getsockname()[1], "secret": self._secret.hex()}
        try:
            _write_for_me_alone(self._home / _PLACE, json.dumps(told))
        except OSError:
            return  # then nobody finds us, and opens a window of their own
        self._thread = threading.Thread(
            target=self._serve, args=(self._listener, on_files), name="bulkops single", daemon=True
        )
        self._thread.start()

    def _serve(self, listener: socket.socket, on_files: Callable[[list[Path]], object]) -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                if self._over.wait(_BREATH):  # who came was gone, or there are too many open files: not to be hurried
                    return
                continue
            if self._over.is_set():
                visitor.close()
                return
            files = None
            with visitor, suppress(OSError, ValueError):
                files = self._received(visitor)
            if files is not None:
                on_files(files)

    def _received(self, visitor: socket.socket) -> list[Path]:
        """What a visitor hands over. Raises OSError or ValueError for one who does not know the secret."""
        until = time.monotonic() + _ONE
        challenge = secrets.token_bytes(_SIZE)
        _send(visitor, challenge, until)
        proof, content = _read(visitor, _SIZE, until), _read_sized(visitor, until)
        if not hmac.compare_digest(proof, _proof(self._secret, b"second", challenge + content)):
            raise ValueError("not one of ours")
        files = [Path(each) for each in json.loads(content)]
        _send(visitor, _proof(self._secret, b"first", challenge + content), until)
        return files

    def close(self) -> None:
        """Stop listening; the next start is the first."""
        self._over.set()
        if self._listener is not None:
            if self._thread is not None:
                with suppress(OSError):  # whoever waits for a visitor gets one
                    socket.create_connection(self._listener.getsockname(), _ONE).close()
                self._thread.join()
            self._listener.close()
        if self._lock is not None and self._home is not None:
            with suppress(OSError):
                (self._home / _PLACE).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None


def first_or_hand_over(
    home: Path,
    files: list[Path],
    patience: float = _PATIENCE,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> First | None:
    """None if a window that is open already has taken the files; else what this start listens with.

    Takes ``patience`` seconds at most, and a visit's time: then this start goes on by itself.
    """
    until = clock() + patience
    while True:
        try:
            lock = held(home / _LOCK)
        except OSError:
            return First()  # no locks here: every start has a window of its own
        if lock is not None:
            return _first(home, lock)
        if _handed_over(home, files):
            return None
        if clock() >= until:
            return First()
        sleep(_BREATH)


def _first(home: Path, lock: int) -> First:
    with suppress(OSError):  # of one that was killed
        (home / _PLACE).unlink(missing_ok=True)
    try:
        listener = socket.create_server((_HERE, 0))
    except OSError:
        return First(home, lock)
    return First(home, lock, listener)


def _handed_over(home: Path, files: list[Path]) -> bool:
    """Has the first taken them? False also for a stranger at its place, and for one that does not answer."""
    try:
        told = json.loads((home / _PLACE).read_bytes())
        port, secret = int(told["port"]), bytes.fromhex(told["secret"])
        content = json.dumps([os.path.abspath(file) for file in files]).encode()
        _let_it_come_forward()
        until = time.monotonic() + _ONE
        with socket.create_connection((_HERE, port), _ONE) as visit:
            challenge = _read(visit, _SIZE, until)
            proof = _proof(secret, b"second", challenge + content)
            _send(visit, proof + len(content).to_bytes(4, "big") + content, until)
            return hmac.compare_digest(_read(visit, _SIZE, until), _proof(secret, b"first", challenge + content))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return False


def _proof(secret: bytes, who: bytes, said: bytes) -> bytes:
    return hmac.digest(secret, who + said, "sha256")


def _send(peer: socket.socket, content: bytes, until: float) -> None:
    peer.settimeout(max(until - time.monotonic(), 0.001))
    peer.sendall(content)


def _read(peer: socket.socket, size: int, until: float) -> bytes:
    """So many bytes. Raises OSError if they do not come in time."""
    found = b""
    while len(found) < size:
        peer.settimeout(max(until - time.monotonic(), 0.001))
        more = peer.recv(size - len(found))
        if not more:
            raise ConnectionError("broke off")
        found += more
    return found


def _read_sized(peer: socket.socket, until: float) -> bytes:
    size = int.from_bytes(_read(peer, 4, until), "big")
    if size > _LONGEST:
        raise ValueError("too much")
    return _read(peer, size, until)


def _write_for_me_alone(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by another user; on Windows the data folder's own rights see to that."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "x", encoding="ascii", opener=_mine) as stream:
            stream.write(text)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _mine(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _let_it_come_forward() -> None:
    """Windows lets a window come forward only with the word of the program that the operator has just started."""
    if sys.platform == "win32":
        import ctypes

        any_process: Any = ctypes.c_uint32(0xFFFFFFFF)
        ctypes.windll.user32.AllowSetForegroundWindow(any_process)
