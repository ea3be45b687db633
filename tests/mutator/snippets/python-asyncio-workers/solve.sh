#!/bin/bash
set -e
cat > /app/fetch.py <<'EOF'
import asyncio
import random

MAX_RETRIES = 3
CONCURRENCY = 4


async def fetch(session, url, semaphore):
    async with semaphore:
        for attempt in range(MAX_RETRIES):
            try:
                async with session.get(url, timeout=10) as response:
                    response.raise_for_status()
                    return await response.json()
            except (OSError, asyncio.TimeoutError):
                if attempt == MAX_RETRIES - 1:
                    raise
                await asyncio.sleep(2**attempt + random.random())


async def worker(queue, results, session, semaphore):
    while True:
        url = await queue.get()
        try:
            results[url] = await fetch(session, url, semaphore)
        except Exception as error:
            results[url] = {"error": str(error)}
        finally:
            queue.task_done()


async def run(urls, session):
    queue = asyncio.Queue()
    results = {}
    semaphore = asyncio.Semaphore(CONCURRENCY)
    for url in urls:
        queue.put_nowait(url)
    workers = [asyncio.create_task(worker(queue, results, session, semaphore)) for _ in range(CONCURRENCY)]
    await queue.join()
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return results
EOF
