"""Questions put to EnergyCAP side by side, reads alone: within a pace and a time, and with a stop.

What comes back is JSON, or the reason why it did not come: a value, never an error.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from bulkops.energycap.classify import TOO_MANY, UNAVAILABLE, deprecated, is_strange, retry_after, server_words
from bulkops.energycap.rate_limit import RateLimit
from bulkops.messages import lookups
from bulkops.model.requests import Call, NoResponse, Reply

Sender = Callable[[Call], Reply | NoResponse]
BUSY_ATTEMPTS = 6
LOST_IN_A_ROW = 5
"""After so many questions in a row without any answer no more are asked."""
_LISTEN_SECONDS = 0.1
_NO_SUCH_CALL = re.compile("http resource|request uri|route", re.IGNORECASE)
"""In what a web server says that knows the call itself no more: nothing is proved of the thing asked about."""
_NOT_FOUND = re.compile(r"((the )?(requested )?(resource|page|url) )?(was )?not found\.?", re.IGNORECASE)
"""All that a gateway says that does not know the call. In ProblemDetails the same words are a title of EnergyCAP's."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in JSON."""

    json: Any
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class NotTold:
    """No answer that tells anything."""

    cause: str
    """Equal for what one sentence tells."""
    why: str
    """For people."""
    gone: bool = False
    """EnergyCAP itself says that there is no such thing."""


NOT_UNDERSTOOD = NotTold("odd", lookups.NOT_UNDERSTOOD)
Then = Callable[[Told | NotTold], None]


class Inquiry:
    """Questions and what to do with each answer; that may be to ask more.

    ``connect`` gives each worker a sender (``account.senders``). ``progress`` is told (answers, questions); the latter
    may grow.
    """

    def __init__(
        self,
        connect: Callable[[], Sender],
        rate_limit: RateLimit | None = None,
        stopped: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], object] = lambda done, of: None,
        deadline_seconds: float = 60.0,
        jobs: int = 8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._stopped, self._progress, self._jobs = connect, stopped, progress, jobs
        self._clock, self._until = clock, clock() + deadline_seconds
        self._late = NotTold("late", lookups.late(deadline_seconds))
        self._over = threading.Event()
        self._rate_limit = rate_limit or RateLimit(self._over.wait, self._over.is_set)
        self._questions: SimpleQueue[tuple[int, Call] | None] = SimpleQueue()
        self._landed: SimpleQueue[tuple[int, Told | NotTold, str | None] | BaseException] = SimpleQueue()
        self._asked: dict[int, tuple[str, Then]] = {}
        """Questions without an answer yet: what each is about, and what to do with the answer."""
        self._count = self._workers = self._lost = 0
        self._no_answer: NotTold | None = None
        """Why the last question that got no answer at all got none."""
        self.deprecated: dict[str, str] = {}
        """What EnergyCAP says of calls that it is going to withdraw, by what they are about."""

    def ask(self, about: str, path: str, then: Then) -> None:
        """Put one question; ``then`` gets the answer, in the thread that runs the inquiry."""
        self._count += 1
        self._asked[self._count] = about, then
        self._questions.put((self._count, Call("GET", path)))

    def run(self) -> bool:
        """Until every question has its answer, or the time is over, which is an answer too. False: it was stopped."""
        self._progress(0, self._count)
        try:
            while self._asked:
                if self._stopped():
                    return False
                if self._clock() >= self._until:
                    self._over.set()
                    number = next(iter(self._asked))
                    self._take(number, self._late)
                    continue
                self._hire()
                try:
                    landed = self._landed.get(timeout=_LISTEN_SECONDS)
                except Empty:
                    continue
                if isinstance(landed, BaseException):
                    raise landed
                number, answer, words = landed
                if words is not None:
                    self.deprecated.setdefault(self._asked[number][0], words)
                self._take(number, answer)
                self._progress(self._count - len(self._asked), self._count)
            return not self._stopped()
        finally:
            # Not waited for: what a worker has in hand may take longer than anybody wants to wait. Its sender's owner
            # cuts it off.
            self._over.set()
            for _ in range(self._workers):
                self._questions.put(None)

    def _take(self, number: int, answer: Told | NotTold) -> None:
        _, then = self._asked.pop(number)
        then(answer)

    def _hire(self) -> None:
        while self._workers < min(self._jobs, len(self._asked)):
            self._workers += 1
            threading.Thread(target=self._work, name="bulkops look-up", daemon=True).start()

    def _work(self) -> None:
        try:
            send = self._connect()
            while (question := self._questions.get()) is not None and not self._over.is_set():
                number, call = question
                self._landed.put((number, *self._answer(send, call)))
        except BaseException as error:  # an error of our own is raised where the inquiry runs
            self._landed.put(error)

    def _answer(self, send: Sender, call: Call) -> tuple[Told | NotTold, str | None]:
        """What one question came to, and what is said of its call if that is deprecated."""
        answer: tuple[Told | NotTold, str | None] = self._late, None
        for _ in range(BUSY_ATTEMPTS):
            if self._no_answer is not None and self._lost >= LOST_IN_A_ROW:
                return self._no_answer, None
            turn = self._rate_limit.acquire()
            if turn is None or self._over.is_set():
                break
            seen = send(call)
            answer = understood(seen), deprecated(seen)
            if isinstance(seen, NoResponse):
                self._no_answer, self._lost = understood_absence(seen), self._lost + 1
                break
            self._lost = 0
            if not _is_busy(seen):
                self._rate_limit.recover()
                break
            self._rate_limit.back_off(retry_after(seen), turn)
            if self._rate_limit.waiting() > self._until - self._clock():
                break
        return answer


def _is_busy(seen: Reply) -> bool:
    return seen.status == TOO_MANY or (seen.status == UNAVAILABLE and "retry-after" in seen.headers)


def understood(seen: Reply | NoResponse) -> Told | NotTold:
    """What an answer, or its absence, tells. Pure."""
    if isinstance(seen, NoResponse):
        return understood_absence(seen)
    if seen.status != 200:
        return NotTold(str(seen.status), f"{seen.status}: “{server_words(seen)}”", _is_gone(seen))
    answer = _json(seen)
    if not isinstance(answer, dict | list):
        return NotTold("odd", f"“{server_words(seen)}”")
    error = _error_message(answer)
    return Told(answer, seen.headers) if error is None else NotTold("error message", f"“{error}”")


def understood_absence(seen: NoResponse) -> NotTold:
    """Why no answer came."""
    return NotTold(seen.cause or "no answer", seen.detail or lookups.NO_ANSWER)


def _is_gone(refusal: Reply) -> bool:
    """EnergyCAP's own 404 for the very thing: neither a page of something else, nor a word on the call itself."""
    said, words = _json(refusal), server_words(refusal)
    if refusal.status != 404 or is_strange(refusal) or not isinstance(said, dict) or _NO_SUCH_CALL.search(words):
        return False
    return "title" in said or (bool(said) and _NOT_FOUND.fullmatch(words) is None)


def _json(seen: Reply) -> Any:
    try:
        return json.loads(seen.content)
    except (ValueError, RecursionError):
        return None


def _error_message(answer: Any) -> str | None:
    """``meta.ErrorMessage``: with it an answer is a failed one, although it is 200."""
    meta = answer.get("meta") if isinstance(answer, dict) else None
    said = {name.casefold(): value for name, value in meta.items()} if isinstance(meta, dict) else {}
    error = said.get("errormessage")
    return " ".join(str(error).split())[:300] if error else None
