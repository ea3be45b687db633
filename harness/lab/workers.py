"""Many jobs on a few threads: earlier ones first, follow-ups allowed, and an end to all of it on Ctrl-C."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import PriorityQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

Job = Callable[[], object]

T = TypeVar("T")
_LAST_ORDER = 1 << 62


class Once(Generic[T]):
    """What is worked out once, by whoever asks first; the others wait for it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._found: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._found:
                self._found.append(self._work())
            return self._found[0]


class Pool:
    """Runs jobs of the lowest order first. A job may submit more. Threads are daemons: none can hold up the exit.

    `ahead` more threads than turns, by default as many: one job of a pair gets its box ready, or takes it down, while
    the other's programs run. That is mostly waiting for the kernel or a daemon.
    """

    def __init__(self, turns: int, ahead: int | None = None) -> None:
        self.cancel = threading.Event()
        """Set when the run is being stopped; jobs look at it where they wait."""
        self._free = turns
        self._waiting: deque[threading.Event] = deque()
        self._turns = threading.Lock()
        self._queue: PriorityQueue[tuple[int, int, Job]] = PriorityQueue()
        self._number = itertools.count()
        self._open = 0
        self._changed = threading.Condition()
        self._failed: BaseException | None = None
        threads = turns + (turns if ahead is None else ahead)
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"trials-{n}") for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, order: int, job: Job) -> None:
        with self._changed:
            self._open += 1
        self._queue.put((order, next(self._number), job))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One of the turns, first come, first served. When the run is being stopped nobody waits for one any more."""
        mine = threading.Event()
        with self._turns:
            if self._free:
                self._free -= 1
                mine.set()
            else:
                self._waiting.append(mine)
        while not mine.wait(0.2) and not self.cancel.is_set():
            pass
        try:
            yield
        finally:
            with self._turns:
                if not mine.is_set():
                    self._waiting.remove(mine)
                elif self._waiting:
                    self._waiting.popleft().set()
                else:
                    self._free += 1

    def wait(self) -> None:
        """Until every job has ended; raises what a job raised. Ctrl-C comes through as KeyboardInterrupt."""
        with self._changed:
            # A timeout keeps the main thread open to signals.
            while self._open and self._failed is None:
                self._changed.wait(0.2)
        if self._failed is not None:
            raise self._failed

    def stop(self, seconds: float) -> None:
        """Start no further job and give the running ones that long to end."""
        self.cancel.set()
        for _ in self._threads:
            self._queue.put((_LAST_ORDER, next(self._number), _nothing))
        for thread in self._threads:
            thread.join(seconds / len(self._threads))

    def _work(self) -> None:
        while True:
            _, _, job = self._queue.get()
            if self.cancel.is_set():
                return
            try:
                job()
            except BaseException as error:
                self._failed = self._failed or error
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(1.0)


def _nothing() -> None:
    return None
