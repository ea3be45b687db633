"""A crew of threads: the most urgent work first, and an end to all of it at once.

Running a task's programs takes a turn, of which there are as many as processors; getting a box ready and taking it down
takes none. So there are more threads than turns: one gets its box ready while another's programs run.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import PriorityQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_LAST_RANK = 1 << 62


class Ticket(Generic[T]):
    """Work that was handed in. Awaiting it gives its result; giving up on that calls the work off."""

    def __init__(
        self, work: Callable[[threading.Event], T], rank: int, hurry: Callable[[Ticket[T], int], None]
    ) -> None:
        self.called_off = threading.Event()
        self._work, self._rank, self._hurry = work, rank, hurry
        self._future: Future[T] = Future()
        self._taken = threading.Lock()

    def by(self, rank: int) -> Ticket[T]:
        """The same, and more urgent if it has not begun."""
        if rank < self._rank and not self._taken.locked():
            self._rank = rank
            self._hurry(self, rank)
        return self

    def work(self) -> None:
        """By one of the crew; once, whoever comes first."""
        if not self._taken.acquire(blocking=False) or not self._future.set_running_or_notify_cancel():
            return
        try:
            self._future.set_result(self._work(self.called_off))
        except BaseException as error:
            self._future.set_exception(error)

    def __await__(self) -> Generator[Any, Any, T]:
        try:
            return (yield from asyncio.wrap_future(self._future).__await__())
        except asyncio.CancelledError:
            self.called_off.set()
            raise


class Crew:
    """Threads are daemons: none can hold up the exit."""

    def __init__(self, turns: int, ahead: int | None = None) -> None:
        self.turns = turns
        self._free = turns
        self._waiting: deque[tuple[threading.Event, int]] = deque()
        self._lock = threading.Lock()
        self._queue: PriorityQueue[tuple[int, int, Ticket[Any] | None]] = PriorityQueue()
        self._number = itertools.count()
        self._stopped = False
        self._under_way: set[threading.Event] = set()
        threads = turns + (turns if ahead is None else ahead)
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"crew-{n}") for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def hand_in(self, work: Callable[[threading.Event], T], rank: int) -> Ticket[T]:
        """The lowest rank first. The work is given an event that is set when it is called off."""
        ticket = Ticket(work, rank, self._put)
        self._put(ticket, rank)
        return ticket

    def _put(self, ticket: Ticket[Any] | None, rank: int) -> None:
        self._queue.put((rank, next(self._number), ticket))

    @contextmanager
    def turn(self, called_off: threading.Event, turns: int = 1) -> Iterator[None]:
        """So many of the turns at once, first come, first served. What is called off does not wait for any."""
        mine = threading.Event()
        with self._lock:
            self._waiting.append((mine, turns))
            self._serve()
        while not mine.wait(0.2) and not called_off.is_set():
            pass
        try:
            yield
        finally:
            with self._lock:
                if mine.is_set():
                    self._free += turns
                else:
                    self._waiting.remove((mine, turns))
                self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][1] <= self._free:
            event, turns = self._waiting.popleft()
            self._free -= turns
            event.set()

    def call_off(self) -> None:
        """Begin nothing more, and tell what is under way to end."""
        with self._lock:
            self._stopped = True
            for event in self._under_way:
                event.set()

    def stop(self, seconds: float) -> None:
        """Call everything off, and give it that long to end."""
        self.call_off()
        for _ in self._threads:
            self._put(None, _LAST_RANK)
        for thread in self._threads:
            thread.join(seconds / len(self._threads))

    def _work(self) -> None:
        while True:
            _, _, ticket = self._queue.get()
            with self._lock:
                if self._stopped or ticket is None:
                    return
                self._under_way.add(ticket.called_off)
            ticket.work()
            with self._lock:
                self._under_way.discard(ticket.called_off)
