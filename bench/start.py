"""How long foolsgold takes to say what it can do, beside a Python that only imports click.

    python bench/start.py
    python bench/start.py --rounds 30 --write docs/performance.md

Rounds are interleaved: every round starts each process once, in turn, so that a busy moment of the machine falls on all
of them alike. Ends with status 1 where a median is above the bar.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

BAR = 4.0
"""Times `python -c "import click"`."""
YARDSTICK = 'python -c "import click"'


def calls() -> dict[str, tuple[list[str], dict[str, str]]]:
    """What is measured: its name -> the process, and its variables."""
    from harness.commands.main import COMMANDS

    foolsgold = [sys.executable, "-m", "harness"]
    found: dict[str, tuple[list[str], dict[str, str]]] = {
        YARDSTICK: ([sys.executable, "-c", "import click"], {}),
        "foolsgold --help": ([*foolsgold, "--help"], {}),
        "foolsgold --version": ([*foolsgold, "--version"], {}),
    }
    for words in ("foolsgold a", "foolsgold audit --de"):
        env = {"_FOOLSGOLD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        script = "import sys; sys.argv[0] = 'foolsgold'; from harness.__main__ import main; main()"
        found[f"completion of `{words}`"] = ([sys.executable, "-c", script], env)
    for name in COMMANDS:
        found[f"foolsgold {name} --help"] = ([*foolsgold, name, "--help"], {})
    return found


def seconds(call: tuple[list[str], dict[str, str]]) -> float:
    words, env = call
    start = time.perf_counter()
    done = subprocess.run(words, env={**os.environ, **env}, cwd=ROOT, capture_output=True, check=False)
    took = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return took


def measured(rounds: int) -> dict[str, float]:
    """Median seconds of each; a first round, which fills the caches, does not count."""
    every = calls()
    times: dict[str, list[float]] = {name: [] for name in every}
    for number in range(rounds + 1):
        for name, call in every.items():
            took = seconds(call)
            if number:
                times[name].append(took)
    return {name: statistics.median(each) for name, each in times.items()}


def table(medians: dict[str, float], rounds: int) -> str:
    least = medians[YARDSTICK]
    rows = [f"| {name} | {1000 * took:.0f} | {took / least:.2f} |" for name, took in medians.items()]
    head = f"Medians of {rounds} interleaved rounds, {os.cpu_count()} cores, Python {sys.version.split()[0]}:"
    return "\n".join([head, "", "| | ms | of the first |", "|---|---:|---:|", *rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", type=Path, help="Put the table between the `start` marks of this page.")
    given = parser.parse_args()
    medians = measured(given.rounds)
    shown = table(medians, given.rounds)
    print(shown)
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        before, mark, rest = text.partition("<!-- start: begin -->\n")
        _, end, after = rest.partition("<!-- start: end -->")
        if not (mark and end):
            raise SystemExit(f"{given.write} has no `start` marks.")
        given.write.write_text(f"{before}{mark}{shown}\n{end}{after}", encoding="utf-8")
    slow = [name for name, took in medians.items() if took / medians[YARDSTICK] > BAR]
    for name in slow:
        print(f"{name}: more than {BAR:g} times {YARDSTICK}", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
