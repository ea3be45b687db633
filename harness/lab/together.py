"""Coroutines side by side: groups that fail with the error itself, work begun once, many items a few at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from itertools import islice
from types import TracebackType
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(asyncio.TaskGroup):
    """A group of tasks that ends when all of them have. Where one fails it raises that error, not a group of it."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Shared(Generic[Result]):
    """What is worked out once, begun by whoever asks first; the others wait for it."""

    def __init__(self, group: asyncio.TaskGroup, work: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._group, self._work = group, work
        self._task: asyncio.Task[Result] | None = None

    @property
    def asked(self) -> bool:
        return self._task is not None

    async def __call__(self) -> Result:
        if self._task is None:
            self._task = self._group.create_task(self._work())
        return await asyncio.shield(self._task)


async def side_by_side(
    work: Callable[[Item], Coroutine[Any, Any, Result]], items: Iterable[Item], most: int
) -> AsyncIterator[Result]:
    """The results as they come; at most so many items are under way at once."""
    waiting = iter(items)
    under_way: set[asyncio.Task[Result]] = set()
    try:
        while True:
            under_way |= {asyncio.create_task(work(item)) for item in islice(waiting, most - len(under_way))}
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                yield each.result()
    finally:
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def drive(work: Coroutine[Any, Any, Result], stop: Callable[[], None]) -> Result | None:
    """Run it to its end; None where Ctrl-C ended it: `stop` is called then, before anything waits for anything."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        return _in_a_thread(work, stop)  # a notebook's loop is running already
    with asyncio.Runner() as runner:
        try:
            return runner.run(work)
        except KeyboardInterrupt:
            stop()
            return None


def _in_a_thread(work: Coroutine[Any, Any, Result], stop: Callable[[], None]) -> Result | None:
    found: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="foolsgold", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)  # so that Ctrl-C comes through
    except KeyboardInterrupt:
        stop()
        return None
    if failed:
        raise failed[0]
    return found[0]
