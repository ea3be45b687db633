from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.lab.crew import Crew, Ticket

NEVER = threading.Event()


@contextmanager
def crew(turns: int, ahead: int | None = None) -> Iterator[Crew]:
    made = Crew(turns, ahead)
    try:
        yield made
    finally:
        made.stop(1.0)


def finish(*tickets: Ticket[Any]) -> None:
    async def wait() -> None:
        await asyncio.wait_for(asyncio.gather(*tickets), 20)

    asyncio.run(wait())


def test_work_of_a_lower_rank_goes_first() -> None:
    done: list[str] = []
    gate = threading.Event()
    with crew(1, ahead=0) as made:
        first = made.hand_in(lambda _: gate.wait(10), 0)
        last = made.hand_in(lambda _: done.append("last"), 2)
        middle = made.hand_in(lambda _: done.append("middle"), 1)
        gate.set()
        finish(first, last, middle)
    assert done == ["middle", "last"]


def test_work_that_somebody_waits_for_by_now_overtakes_and_is_done_once() -> None:
    done: list[str] = []
    gate = threading.Event()
    with crew(1, ahead=0) as made:
        first = made.hand_in(lambda _: gate.wait(10), 0)
        idle = made.hand_in(lambda _: done.append("idle"), 9)
        middle = made.hand_in(lambda _: done.append("middle"), 1)
        idle.by(0)
        gate.set()
        finish(first, idle, middle)
        finish(made.hand_in(lambda _: None, 10))  # behind the place that it left
    assert done == ["idle", "middle"]


def test_work_goes_on_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=10)
    with crew(3) as made:
        finish(*(made.hand_in(lambda _: meeting.wait(), 0) for _ in range(3)))


def test_what_work_raises_reaches_who_waits_for_it() -> None:
    class Odd(BaseException):
        pass

    def broken(_called_off: threading.Event) -> None:
        raise Odd

    with crew(2) as made, pytest.raises(Odd):
        finish(made.hand_in(broken, 0))


def test_a_stopped_crew_begins_nothing_more_calls_off_what_goes_on_and_does_not_wait_for_what_is_stuck() -> None:
    ran: list[int] = []
    begun, told, stuck = threading.Event(), threading.Event(), threading.Event()
    made = Crew(1, ahead=0)

    def stay(called_off: threading.Event) -> None:
        begun.set()
        called_off.wait(30)
        told.set()
        stuck.wait(30)

    made.hand_in(stay, 0)
    made.hand_in(lambda _: ran.append(1), 1)
    assert begun.wait(10)
    start = time.monotonic()
    made.stop(0.2)
    assert time.monotonic() - start < 2
    assert told.wait(10)
    stuck.set()
    assert ran == []


def test_who_gives_up_waiting_calls_the_work_off() -> None:
    begun, told = threading.Event(), threading.Event()

    def work(called_off: threading.Event) -> None:
        begun.set()
        assert called_off.wait(10)
        told.set()

    async def give_up() -> None:
        waiting = asyncio.ensure_future(made.hand_in(work, 0))
        never = asyncio.ensure_future(made.hand_in(lambda _: told.clear(), 1))
        await asyncio.to_thread(begun.wait, 10)
        waiting.cancel()
        never.cancel()
        await asyncio.gather(waiting, never, return_exceptions=True)

    with crew(1, ahead=0) as made:
        asyncio.run(give_up())
        assert told.wait(10)
        finish(made.hand_in(lambda _: None, 2))
        assert told.is_set()  # what had not begun never did


def test_no_more_have_a_turn_than_there_are_turns_and_each_gets_one() -> None:
    having: list[int] = []
    most: list[int] = []

    def job(called_off: threading.Event) -> None:
        with made.turn(called_off):
            having.append(1)
            most.append(len(having))
            time.sleep(0.002)
            having.pop()

    with crew(2, ahead=6) as made:
        finish(*(made.hand_in(job, 0) for _ in range(40)))
    assert len(most) == 40
    assert max(most) == 2


def test_who_takes_every_turn_is_alone() -> None:
    having: list[str] = []
    met: list[tuple[str, ...]] = []

    def job(called_off: threading.Event, name: str, turns: int) -> None:
        with made.turn(called_off, turns):
            having.append(name)
            met.append(tuple(having))
            time.sleep(0.005)
            having.remove(name)

    with crew(3, ahead=6) as made:
        some = [made.hand_in(lambda off: job(off, "one", 1), 0) for _ in range(9)]
        alone = [made.hand_in(lambda off: job(off, "alone", 3), 0) for _ in range(3)]
        finish(*some, *alone)
    assert len(met) == 12
    assert {found for found in met if "alone" in found} == {("alone",)}


def test_who_waits_longest_has_the_next_turn() -> None:
    order: list[int] = []
    with crew(1, ahead=3) as made:
        tickets = []
        with made.turn(NEVER):
            for number in range(3):
                asks = threading.Event()

                def job(called_off: threading.Event, number: int = number, asks: threading.Event = asks) -> None:
                    asks.set()
                    with made.turn(called_off):
                        order.append(number)

                tickets.append(made.hand_in(job, 0))
                assert asks.wait(10)
                time.sleep(0.05)
        with made.turn(NEVER):  # however fast this thread asks again
            order.append(3)
        finish(*tickets)
    assert order == [0, 1, 2, 3]


def test_what_is_called_off_does_not_wait_for_a_turn() -> None:
    left = threading.Event()

    def job(called_off: threading.Event) -> None:
        with made.turn(called_off):
            left.set()

    with crew(1) as made, made.turn(NEVER):
        made.hand_in(job, 0)
        assert not left.wait(0.3)
        made.call_off()
        assert left.wait(10)
