from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from harness.lab.workers import Once, Pool


def test_jobs_of_a_lower_order_run_first_and_may_submit_more() -> None:
    done: list[str] = []
    gate = threading.Event()
    with Pool(1, ahead=0) as pool:
        pool.submit(0, gate.wait)

        def first() -> None:
            done.append("first")
            pool.submit(1, lambda: done.append("follow-up"))

        pool.submit(2, lambda: done.append("last"))
        pool.submit(1, first)
        gate.set()
        pool.wait()
    assert done == ["first", "follow-up", "last"]


def test_jobs_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=10)
    with Pool(3) as pool:
        for _ in range(3):
            pool.submit(0, meeting.wait)
        pool.wait()


def test_what_a_job_raises_comes_out_of_wait() -> None:
    def broken() -> None:
        raise ValueError("broken")

    with Pool(2) as pool:
        pool.submit(0, broken)
        with pytest.raises(ValueError, match="broken"):
            pool.wait()


def test_a_stopped_pool_starts_nothing_more_and_does_not_wait_for_a_stuck_job() -> None:
    ran: list[int] = []
    stuck = threading.Event()
    pool = Pool(1, ahead=0)
    pool.submit(0, lambda: stuck.wait(30))
    pool.submit(1, lambda: ran.append(1))
    start = time.monotonic()
    pool.stop(0.2)
    assert time.monotonic() - start < 2
    stuck.set()
    assert pool.cancel.is_set()
    assert ran == []


def test_no_more_jobs_have_a_turn_than_there_are_turns_and_each_gets_one() -> None:
    having: list[int] = []
    most: list[int] = []

    def job(number: int) -> None:
        with pool.turn():
            having.append(number)
            most.append(len(having))
            time.sleep(0.002)
            having.remove(number)

    with Pool(2, ahead=6) as pool:
        for number in range(40):
            pool.submit(0, partial(job, number))
        pool.wait()
    assert len(most) == 40
    assert max(most) == 2


def test_who_waits_longest_has_the_next_turn() -> None:
    order: list[int] = []
    with Pool(1, ahead=3) as pool:
        with pool.turn():
            for number in range(3):
                asks = threading.Event()

                def job(number: int = number, asks: threading.Event = asks) -> None:
                    asks.set()
                    with pool.turn():
                        order.append(number)

                pool.submit(0, job)
                assert asks.wait(10)
                time.sleep(0.05)
        with pool.turn():  # however fast this thread asks again
            order.append(3)
        pool.wait()
    assert order == [0, 1, 2, 3]


def test_when_the_run_is_stopped_nobody_waits_for_a_turn() -> None:
    left = threading.Event()

    def job() -> None:
        with pool.turn():
            left.set()

    with Pool(1) as pool, pool.turn():
        pool.submit(0, job)
        assert not left.wait(0.3)
        pool.cancel.set()
        assert left.wait(10)


def test_what_is_worked_out_once_is_the_same_for_all_and_tried_again_after_an_error() -> None:
    worked: list[int] = []

    def work() -> int:
        worked.append(1)
        time.sleep(0.01)
        if len(worked) == 1:
            raise ValueError("not yet")
        return len(worked)

    once = Once(work)
    with pytest.raises(ValueError, match="not yet"):
        once()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(once())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2, 2, 2, 2]
    assert len(worked) == 2
