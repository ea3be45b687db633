"""How fast mutants are made: mutants a second on a 300-line program, growth with the size of the source, memory.

`python bench/generate.py` prints a table; `--write docs/performance.md` puts it on that page, too. Each size runs in a
process of its own, so that memory is its own. Reading the solution, parsing, generation, the check of each mutant and
its byte edits are all in the time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

SIZES = (100, 300, 1000, 3000, 5000, 10000)

INSTRUCTION = (
    "Write `/app/main.py`: it reads in.txt and writes /app/out.txt. `--dry-run` writes nothing; `--limit` is 10."
)

BLOCK = '''
class Store{n}:
    """Keeps items by name."""

    def __init__(self, limit: int = {n}) -> None:
        self.limit = limit
        self.items: dict[str, int] = {{}}

    def add(self, name: str, count: int = 1) -> bool:
        if not name or count <= 0:
            raise ValueError("name and a positive count are needed")
        if len(self.items) >= self.limit and name not in self.items:
            return False
        self.items[name] = self.items.get(name, 0) + count
        return True

    def report(self, reverse: bool = False) -> list[str]:
        rows = sorted(self.items.items(), key=lambda item: item[1], reverse=reverse)
        return [f"{{name}}: {{count}}" for name, count in rows if count > 1 and name != "total"]


MOVES{n} = {{"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}}


def main{n}(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dry-run", action="store_true", help="change nothing")
    parser.add_argument("--limit", type=int, default=10)
    args = parser.parse_args(argv)
    store = Store{n}(args.limit)
    for line in open("in.txt", encoding="utf-8"):
        name, _, count = line.strip().partition(" ")
        try:
            store.add(name, int(count or 1))
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
    if not args.dry_run:
        with open("/app/out.txt", "w") as out:
            out.write("\\n".join(store.report()) + "\\n")
    return 0
'''


def program(lines: int) -> str:
    """At least as many lines."""
    parts = ["import argparse\nimport sys\n"]
    while sum(part.count("\n") for part in parts) < lines:
        parts.append(BLOCK.format(n=len(parts)))
    return "".join(parts)


def script(lines: int) -> bytes:
    return (
        f"#!/bin/bash\nmkdir -p /app\ncat > /app/main.py <<'EOF'\n{program(lines)}EOF\npython3 /app/main.py\n".encode()
    )


def measure(lines: int, rounds: int, *, select: bool) -> dict[str, float]:
    """The best of some rounds, in seconds of one processor: what else the machine does is not in it."""
    from mutator.generate import generate
    from mutator.operators import FAMILIES
    from mutator.relevance import Relevance
    from mutator.select import select as choose
    from mutator.sources import read_sources

    small = {"solve.sh": script(60)}
    list(generate(read_sources(small, "solve.sh"), small, FAMILIES))  # imports and caches
    files = {"solve.sh": script(lines)}
    best = float("inf")
    count = 0
    for _ in range(rounds):
        start = time.process_time()
        sources = read_sources(files, "solve.sh")
        made = generate(sources, files, FAMILIES)
        if select:
            mutants = list(made)
            count = len(mutants)
            choose(mutants, Relevance(INSTRUCTION), {source.id: source.language for source in sources})
            del mutants
        else:
            count = sum(1 for _ in made)
        best = min(best, time.process_time() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"lines": files["solve.sh"].count(b"\n"), "mutants": count, "seconds": best, "memory": memory}


def measured(size: int, rounds: int, *extra: str) -> dict[str, float]:
    """In a process of its own."""
    command = [sys.executable, __file__, "--size", str(size), "--rounds", str(rounds), *extra]
    row: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return row


def table(rounds: int) -> str:
    rows = [
        "| lines | mutants | mutants/s | ms a line | peak MB | with selection: s | peak MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in SIZES:
        made = measured(size, rounds)
        chosen = measured(size, 1, "--select")  # as a command does it: once
        rate, each = made["mutants"] / made["seconds"], 1000 * made["seconds"] / made["lines"]
        rows.append(
            f"| {made['lines']:.0f} | {made['mutants']:.0f} | {rate:,.0f} | {each:.2f} | {made['memory']:.0f}"
            f" | {chosen['seconds']:.2f} | {chosen['memory']:.0f} |"
        )
        print(rows[-1], file=sys.stderr, flush=True)
    return "\n".join(rows)


def write(page: Path, rows: str) -> None:
    """Between the page's two marks, and nowhere else."""
    before, begin, rest = page.read_text(encoding="utf-8").partition("<!-- generate: begin -->\n")
    _, end, after = rest.partition("<!-- generate: end -->")
    if not begin or not end:
        raise SystemExit(f"{page} has no line `<!-- generate: begin -->` with a `<!-- generate: end -->` after it")
    page.write_text(f"{before}{begin}{rows}\n{end}{after}", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, help="measure one size and print JSON")
    options.add_argument("--select", action="store_true", help="with --size: choose a budget's worth of them, too")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--write", type=Path, metavar="PAGE", help="put the table in its place on this page, too")
    chosen = options.parse_args()
    if chosen.size:
        print(json.dumps(measure(chosen.size, chosen.rounds, select=chosen.select)))
        return
    rows = table(chosen.rounds)
    print(rows)
    if chosen.write:
        write(chosen.write, rows)


if __name__ == "__main__":
    main()
