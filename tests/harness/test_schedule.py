from __future__ import annotations

import threading
import time

import pytest

from harness.schedule import Pool


def test_jobs_of_a_lower_order_run_first_and_may_submit_more() -> None:
    done: list[str] = []
    gate = threading.Event()
    with Pool(1) as pool:
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
    pool = Pool(1)
    pool.submit(0, lambda: stuck.wait(30))
    pool.submit(1, lambda: ran.append(1))
    start = time.monotonic()
    pool.stop(0.2)
    assert time.monotonic() - start < 2
    stuck.set()
    assert pool.cancel.is_set()
    assert ran == []
