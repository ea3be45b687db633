"""A hundred thousand tiny tasks in one parquet file, sampled and streamed: memory, and the time to the first trial.

    python bench/streamed.py
    python bench/streamed.py --tasks 1000000 --sample 50

The file is made first. Then a process of its own audits a sample of it, stratified by a column, on
an engine without boxes, so that what is measured is what foolsgold does. It ends with 1 where the audit needed more
than 500 MB, began its first trial after more than 10 seconds, or left anything unpacked behind.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.many_tasks import make_engine, peak_megabytes, task_files  # noqa: E402

MOST_MEGABYTES = 500
MOST_SECONDS = 10.0
ROWS = 10_000
"""So many are written at once; the file's groups of rows are larger than any sample needs."""


OWNER = "web0000000"
"""In every file that says who a task's owner is; each task has one of its own, equally long."""


def template() -> bytes:
    """A task as a tar, in which only the owner is another from task to task."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in task_files(0).items():
            data = text.replace('"web0"', f'"{OWNER}"').encode()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if name.endswith(".sh") else 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed(tar: bytes, number: int) -> bytes:
    return gzip.compress(tar.replace(OWNER.encode(), f"web{number:07d}".encode()), 1)


def write_dataset(file: Path, count: int) -> None:
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema(
        [("path", pyarrow.string()), ("source", pyarrow.string()), ("task_binary", pyarrow.binary())]
    )
    tar = template()
    with pyarrow.parquet.ParquetWriter(file, schema) as writer:
        for begin in range(0, count, ROWS):
            numbers = range(begin, min(begin + ROWS, count))
            columns = {
                "path": [f"task-{number:07d}" for number in numbers],
                "source": [f"source-{number % 7}" for number in numbers],
                "task_binary": [packed(tar, number) for number in numbers],
            }
            writer.write_table(pyarrow.table(columns, schema=schema), row_group_size=ROWS)


def run(file: Path, output: Path, sample: int | None, jobs: int, began: float) -> None:
    """In the process that is measured. The last line of stderr has the seconds to the first trial, and the memory."""
    import harness.runs
    from harness.commands.main import main

    first: list[float] = []
    engine = make_engine()
    opened = engine.open

    def opening(spec: Any) -> Any:
        if not first:
            first.extend([time.time() - began, time.process_time()])
        return opened(spec)

    engine.open = opening
    harness.runs.make_engine = lambda name, options: engine
    words = ["audit", str(file), "-o", str(output), "-q", "--no-config", "-j", str(jobs), "--budget", "4"]
    words += ["--repeat", "1", "--probe", "none"]
    if sample is not None:
        words += ["--sample", str(sample), "--by", "source", "--seed", "7"]
    try:
        main(words)
    finally:
        print(f"\n{' '.join(map(str, first or [-1, -1]))} {peak_megabytes('self')}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--whole", action="store_true", help="audit all of them instead of a sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=None, help="where the dataset and the run are made")
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        file, output, sample, jobs, began = options.run
        run(Path(file), Path(output), int(sample) or None, int(jobs), float(began))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="streamed-", dir=options.folder))
    try:
        return measure(folder, options.tasks, 0 if options.whole else options.sample, options.jobs)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, tasks: int, sample: int, jobs: int) -> int:
    file, output, temporary = folder / "tasks.parquet", folder / "run", folder / "tmp"
    temporary.mkdir()
    start = time.monotonic()
    write_dataset(file, tasks)
    print(f"{tasks:,} tasks, {file.stat().st_size / 1e6:.0f} MB, made in {time.monotonic() - start:.0f} s")
    start = time.monotonic()
    words = ["--run", str(file), str(output), str(sample), str(jobs), str(time.time())]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        check=False,
    )
    lines = done.stderr.strip().splitlines() or [""]
    if done.returncode not in (0, 1, 3):
        print("\n".join(lines[-30:]), file=sys.stderr)
        return 1
    first, processor, megabytes = map(float, lines[-1].split())
    left = [path for path in temporary.rglob("*") if path.is_file()]
    print(
        f"{sample or tasks:,} audited in {time.monotonic() - start:.1f} s: first trial after {first:.1f} s "
        f"({processor:.1f} of the processor), "
        f"{megabytes:.0f} MB at most, {len(left)} files left"
    )
    return int(not 0 <= first <= MOST_SECONDS or megabytes > MOST_MEGABYTES or bool(left))


if __name__ == "__main__":
    sys.exit(main())
