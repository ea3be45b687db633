"""report.html of a large made-up run: how big the file is, what writing it takes, and how fast a browser is with it.

    python bench/html_report.py --tasks 2000 --mutants 50 --chromium /usr/bin/chromium
    python bench/html_report.py --report runs/audit/report.json

Writing is measured in a process of its own that also reads report.json; its memory is the highest there was. Each
time in the browser is the median of several, from a fresh profile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

WANTED = {
    "megabytes": 30.0,
    "write_seconds": 60.0,
    "write_megabytes_of_memory": 1024.0,
    "first_paint_seconds": 2.0,
    "filter_milliseconds": 200.0,
}

CHANGES = """
async ([name, value]) => {
  const field = document.querySelector(`#filters [name="${name}"]`);
  const start = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.getBoundingClientRect();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - start;
}
"""
"""From the change of a filter to the frame after it, layout included."""


def highest_memory() -> float:
    """Megabytes. Unlike getrusage's number it does not count what the parent held before this process began."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def write(source: Path, out: Path) -> dict[str, float]:
    from harness.report.html import render
    from harness.report.stream import streamed

    start = time.monotonic()
    report = streamed(source)
    read = time.monotonic()
    render(report, out)
    return {
        "read_seconds": round(read - start, 2),
        "write_seconds": round(time.monotonic() - read, 2),
        "write_cpu_seconds": round(time.process_time(), 2),
        "write_megabytes_of_memory": round(highest_memory(), 1),
        "megabytes": round(out.stat().st_size / 1e6, 2),
    }


def browse(page_file: Path, chromium: str, task: str, repeats: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    paints, ready, filters, tasks = [], [], [], []
    with sync_playwright() as playwright:
        for _ in range(repeats):
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            start = time.monotonic()
            page.goto(page_file.as_uri())
            page.wait_for_selector("html[data-ready]")
            ready.append(time.monotonic() - start)
            painted = page.evaluate("performance.getEntriesByType('paint').map((one) => one.startTime)")
            paints.append(max(painted) / 1000)
            for name, value in (("text", "a"), ("text", "ba"), ("verdict", "weak"), ("text", ""), ("verdict", "")):
                filters.append(page.evaluate(CHANGES, [name, value]))
            start = time.monotonic()
            page.evaluate("(name) => { location.hash = '#' + encodeURIComponent(name); }", task)
            page.wait_for_selector("#task:not([hidden]) h1")
            tasks.append(time.monotonic() - start)
            browser.close()
    return {
        "first_paint_seconds": round(statistics.median(paints), 3),
        "ready_seconds": round(statistics.median(ready), 3),
        "filter_milliseconds": round(statistics.median(filters), 1),
        "filter_milliseconds_slowest": round(max(filters), 1),
        "open_task_seconds": round(statistics.median(tasks), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--mutants", type=int, default=50, help="for each task")
    parser.add_argument("--report", type=Path, help="a report.json instead of a made-up one")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder for report.json and report.html")
    parser.add_argument("--write", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        print(json.dumps(write(*given.write)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        source, out = given.report or folder / "report.json", folder / "report.html"
        if not given.report:
            from tests.harness.report.html.synthetic import report

            source.write_text(json.dumps(report(given.tasks, given.mutants)), encoding="utf-8")
        command = [sys.executable, __file__, "--write", str(source), str(out)]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        with source.open(encoding="utf-8") as file:
            task = json.load(file)["tasks"][-1]["name"]
        measured |= browse(out, given.chromium, task, given.repeats)
        measured["report_json_megabytes"] = round(source.stat().st_size / 1e6, 1)
    missed = [name for name, most in WANTED.items() if measured[name] > most]
    print(json.dumps(measured | {"missed": missed}, indent=2))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
