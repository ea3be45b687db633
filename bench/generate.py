"""How fast mutants are made: mutants a second on a 300-line program, growth with the size of the source, memory.

Run `python bench/generate.py`. Each size runs in a process of
its own, so that memory is its own; parsing, generation, the check of each mutant and its byte edits are all in the
time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

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
    parts = ["import argparse\nimport sys\n"]
    while sum(part.count("\n") for part in parts) < lines:
        parts.append(BLOCK.format(n=len(parts)))
    return "\n".join("".join(parts).split("\n")[:lines]).rsplit("\n\n\n", 1)[0] + "\n"


def script(lines: int) -> bytes:
    return (
        f"#!/bin/bash\nmkdir -p /app\ncat > /app/main.py <<'EOF'\n{program(lines)}EOF\npython3 /app/main.py\n".encode()
    )


def measure(lines: int, rounds: int) -> dict[str, float]:
    from mutator.generate import Tally, generate
    from mutator.operators import FAMILIES
    from mutator.sources import read_sources

    files = {"solve.sh": script(lines)}
    list(generate(read_sources({"solve.sh": script(60)}, "solve.sh"), {"solve.sh": script(60)}, FAMILIES))  # warm up
    best = float("inf")
    count = 0
    for _ in range(rounds):
        start = time.perf_counter()
        tally = Tally()
        count = sum(1 for _ in generate(read_sources(files, "solve.sh"), files, FAMILIES, tally=tally))
        best = min(best, time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"lines": files["solve.sh"].count(b"\n"), "mutants": count, "seconds": best, "memory": memory}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, help="measure one size and print JSON")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    if chosen.size:
        print(json.dumps(measure(chosen.size, chosen.rounds)))
        return
    print("| lines | mutants | mutants/s | ms a line | peak MB |\n|---|---|---|---|---|")
    for size in (100, 300, 1000, 5000, 10000):
        rounds = chosen.rounds if size < 5000 else 1
        command = [sys.executable, __file__, "--size", str(size), "--rounds", str(rounds)]
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rate, each = row["mutants"] / row["seconds"], 1000 * row["seconds"] / row["lines"]
        print(
            f"| {row['lines']:.0f} | {row['mutants']:.0f} | {rate:,.0f} | {each:.2f} | {row['memory']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
