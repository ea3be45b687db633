from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from harness.lab.together import Shared, Together, drive, side_by_side


class Odd(BaseException):
    pass


def test_a_group_fails_with_the_error_itself_however_deep_it_was_raised() -> None:
    ended: list[str] = []

    async def broken() -> None:
        async with Together() as group:
            group.create_task(raising())

    async def raising() -> None:
        raise Odd

    async def stays() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("called off")

    async def both() -> None:
        async with Together() as group:
            group.create_task(stays())
            group.create_task(broken())

    with pytest.raises(Odd):
        asyncio.run(both())
    assert ended == ["called off"]


def test_shared_work_is_done_once_and_only_where_somebody_asks() -> None:
    begun: list[int] = []

    async def work() -> int:
        begun.append(1)
        await asyncio.sleep(0.01)
        return 7

    async def ask() -> list[int]:
        async with Together() as group:
            shared, unasked = Shared(group, work), Shared(group, work)
            found = list(await asyncio.gather(shared(), shared(), shared()))
        assert unasked is not None
        return found

    assert asyncio.run(ask()) == [7, 7, 7]
    assert len(begun) == 1


def test_who_gives_up_waiting_for_shared_work_leaves_it_to_the_others() -> None:
    async def work() -> int:
        await asyncio.sleep(0.05)
        return 7

    async def ask() -> int:
        async with Together() as group:
            shared = Shared(group, work)
            impatient = asyncio.ensure_future(shared())
            await asyncio.sleep(0)
            impatient.cancel()
            return await shared()

    assert asyncio.run(ask()) == 7


def test_many_items_go_a_few_at_a_time_and_each_result_comes_as_it_ends() -> None:
    now: list[int] = []
    most: list[int] = []

    async def work(number: int) -> int:
        now.append(number)
        most.append(len(now))
        await asyncio.sleep(0.02 if number == 0 else 0.001)
        now.remove(number)
        return number

    async def run() -> list[int]:
        return [number async for number in side_by_side(work, range(30), 4)]

    found = asyncio.run(run())
    assert sorted(found) == list(range(30))
    assert max(most) == 4
    assert found[0] != 0


def test_what_is_under_way_is_called_off_where_one_item_fails() -> None:
    ended: list[int] = []

    async def work(number: int) -> int:
        if number == 2:
            raise Odd
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(number)
        return number

    async def run() -> None:
        async for _ in side_by_side(work, range(9), 3):
            pass

    with pytest.raises(Odd):
        asyncio.run(run())
    assert sorted(ended) == [0, 1]


def test_ctrl_c_stops_what_is_driven() -> None:
    stopped: list[bool] = []

    async def work() -> int:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        await asyncio.sleep(60)
        return 1

    assert drive(work(), lambda: stopped.append(True)) is None
    assert stopped == [True]


def test_an_error_is_raised_whether_a_loop_is_running_already_or_not() -> None:
    begun: list[int] = []

    async def broken() -> int:
        begun.append(1)
        raise RuntimeError("a bug")

    async def in_a_notebook() -> None:
        drive(broken(), lambda: None)

    with pytest.raises(RuntimeError, match="a bug"):
        drive(broken(), lambda: None)
    with pytest.raises(RuntimeError, match="a bug"):
        asyncio.run(in_a_notebook())
    assert len(begun) == 2


def test_a_result_comes_out_of_a_notebook_too() -> None:
    async def work() -> int:
        return 7

    async def in_a_notebook() -> int | None:
        return drive(work(), lambda: None)

    assert (drive(work(), lambda: None), asyncio.run(in_a_notebook())) == (7, 7)
