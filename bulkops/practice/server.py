"""The practice server on the loopback address: `PracticeServer` for tests and the demo, `serve_forever` for people."""

import asyncio
import errno
import socket
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn

from .faults import Fault, Faults
from .middleware import H11WithTransport, Request
from .routes import make_app
from .seed_data import PRACTICE_KEY
from .state import State

__all__ = ["PRACTICE_KEY", "Fault", "Faults", "PracticeServer", "Request", "make_app", "serve_forever"]

HOST = "127.0.0.1"
_PATIENCE = 10.0  # seconds for the thread to start or to end; far more than it needs


class PracticeServer:
    """Serves a `State` over HTTP from a daemon thread; a context manager.

    `base_url` is "http://127.0.0.1:PORT" once started, `requests` everything that arrived, `faults` the scripted
    faults, `state` the pretend customer. Raises OSError when the port is in use. Can be started once.
    """

    def __init__(self, state: State | None = None, faults: Faults | None = None, port: int = 0) -> None:
        self.state = state or State()
        self.faults = faults or Faults()
        self.base_url = ""
        self._port = port
        self._middleware = make_app(self.state, self.faults)
        config = uvicorn.Config(
            self._middleware,
            http=H11WithTransport,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,
        )
        self._server = _Server(config)
        self._thread: threading.Thread | None = None

    @property
    def requests(self) -> list[Request]:
        return self._middleware.requests

    @property
    def writes(self) -> list[Request]:
        """The requests that were not GETs."""
        return [request for request in self.requests if request.method != "GET"]

    @property
    def busy(self) -> bool:
        """A client is connected, or a request has not been carried out yet."""
        return bool(self._server.server_state.connections or self._server.server_state.tasks)

    def start(self) -> Self:
        listening = _listening(self._port)
        self.base_url = f"http://{HOST}:{listening.getsockname()[1]}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="practice-server", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_PATIENCE):
            raise RuntimeError("The practice server did not start.")
        return self

    def stop(self) -> None:
        """Closes every connection, interrupts every slow answer, ends the thread. Safe to call twice."""
        if self._thread is not None:
            self._server.leave()
            self._thread.join(_PATIENCE)
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """uvicorn without its polling: it stops at once, and waits for no client.

    The polling would also set the header Date, which the middleware sets here, because a fault may need another one.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving: asyncio.Event | None = None

    def leave(self) -> None:
        if self._loop is not None and self._leaving is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # the same loop on every system
            runner.run(self.serve(sockets))

    async def main_loop(self) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self._leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Aborts every connection, which ends the requests that wait, and only then stops listening.

        A connection just accepted is an asyncio task for a moment, which would hang if the listening stopped first.
        """
        for _ in range(10):
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            if not (others := asyncio.all_tasks() - {asyncio.current_task()}):
                break
            await asyncio.wait(others, timeout=0.1)
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        await asyncio.sleep(0)  # the aborted connections close in the next turn of the loop


def serve_forever(
    port: int, announce: Callable[[str, str], None], state: State | None = None, faults: Faults | None = None
) -> None:
    """Serves until KeyboardInterrupt; `announce(base_url, key)` is called once it is up. Port 0 takes a free one."""
    with PracticeServer(state, faults, port) as server:
        try:
            announce(server.base_url, PRACTICE_KEY)
            while True:
                threading.Event().wait(0.5)  # in slices: on Windows an endless wait would not notice Ctrl-C
        except KeyboardInterrupt:
            return


def _listening(port: int) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off; without, every answer takes 40 ms longer.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen(128)
    except (OSError, OverflowError) as why:
        found.close()
        number = why.errno if isinstance(why, OSError) else errno.EINVAL
        taken = number in (errno.EADDRINUSE, errno.EACCES, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE))
        reason = "it is in use or not allowed; choose another one" if taken else str(why)
        raise OSError(number, f"The practice server cannot use port {port}: {reason}") from why
    return found
