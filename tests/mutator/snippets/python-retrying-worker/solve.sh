#!/bin/bash
set -euo pipefail
cat > /app/worker.py <<'EOF'
import asyncio
import json
import random
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MAX_ATTEMPTS = 4
BASE_DELAY = 0.2


@dataclass(order=True)
class Job:
    priority: int
    name: str = field(compare=False)
    payload: dict = field(default_factory=dict, compare=False)
    attempts: int = field(default=0, compare=False)


class CircuitOpen(Exception):
    pass


class Breaker:
    def __init__(self, threshold: int = 3, cooldown: float = 5.0):
        self.threshold = threshold
        self.cooldown = cooldown
        self.failures = 0
        self.opened_at: float | None = None

    def check(self, now: float) -> None:
        if self.opened_at is not None and now - self.opened_at < self.cooldown:
            raise CircuitOpen("circuit is open")

    def record(self, ok: bool, now: float) -> None:
        if ok:
            self.failures = 0
            self.opened_at = None
            return
        self.failures += 1
        if self.failures >= self.threshold:
            self.opened_at = now


class Worker:
    def __init__(self, handler, concurrency=2):
        self._handler = handler
        self._queue = asyncio.PriorityQueue(maxsize=100)
        self._seen = set()
        self._lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(concurrency)
        self.results = {}
        self.dead = []

    async def submit(self, job: Job) -> bool:
        async with self._lock:
            if job.name in self._seen:
                return False
            self._seen.add(job.name)
        await self._queue.put(job)
        return True

    @asynccontextmanager
    async def slot(self):
        await self._slots.acquire()
        try:
            yield
        finally:
            self._slots.release()

    async def _run_one(self, job: Job) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                async with self.slot():
                    self.results[job.name] = await asyncio.wait_for(self._handler(job), timeout=2.0)
                return
            except asyncio.TimeoutError:
                job.attempts = attempt
            except (ConnectionError, OSError) as error:
                job.attempts = attempt
                if attempt == MAX_ATTEMPTS:
                    self.dead.append((job.name, str(error)))
                    return
                delay = min(BASE_DELAY * 2 ** (attempt - 1), 3.0) + random.uniform(0, 0.1)
                await asyncio.sleep(delay)
        self.dead.append((job.name, "timeout"))

    async def run(self) -> dict:
        tasks = []
        while not self._queue.empty():
            job = self._queue.get_nowait()
            tasks.append(asyncio.create_task(self._run_one(job)))
        await asyncio.gather(*tasks)
        return {"done": sorted(self.results), "dead": self.dead}


async def main():
    async def handler(job):
        await asyncio.sleep(0)
        return len(job.name)

    worker = Worker(handler)
    for index, name in enumerate(["mail", "thumb", "index"]):
        await worker.submit(Job(index, name))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    print(json.dumps(await worker.run()))


if __name__ == "__main__":
    asyncio.run(main())
EOF
python3 /app/worker.py > /app/out.json
