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


SHELL = """
setup_{n}() {{
  local n=$1
  if [ "$n" -gt {n} ]; then
    cp -r "/src/$n" /dst && chmod 755 /dst/$n
  fi
  for f in a b c; do
    sed -i "s/x/y-$f/" /etc/conf.d/$f
    echo "$f: `date +%s`" >> /var/log/x.log
  done
  while read -r line; do case "$line" in --name) shift ;; *) break ;; esac; done < /in
}}
setup_{n} 3 | sort -u > /out/{n}
"""

JAVASCRIPT = """
function take{n}(a, b) {{
  if (a > {n}) {{ return b; }}
  const moves = {{ up: 1, down: 2 }};
  for (const x of [1, 2, 3]) {{ if (x === b) {{ continue; }} push(x + {n}); }}
  return moves[a] + {n};
}}
"""

SQL = """
CREATE TABLE t{n} (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT CHECK (b > {n}));
INSERT INTO t{n} VALUES (1, 'a', 2), (2, 'b', 3);
SELECT a, SUM(b) FROM t{n} WHERE b >= 2 GROUP BY a ORDER BY a DESC LIMIT 5;
"""

NGINX = """
server {{
    listen 8{n};
    location /p{n} {{
        proxy_pass http://127.0.0.1:9000/;
        limit_req zone=a burst=5 nodelay;
    }}
}}
"""

BLOCKS = {
    "python": ("/app/main.py", BLOCK),
    "shell": ("/app/main.sh", SHELL),
    "javascript": ("/app/main.js", JAVASCRIPT),
    "sql": ("/app/main.sql", SQL),
    "nginx": ("/etc/nginx/conf.d/main.conf", NGINX),
}


def program(lines: int, block: str) -> str:
    """At least as many lines."""
    count = -(-lines // block.count("\n"))
    return "".join(block.format(n=number + 1) for number in range(count))


def script(lines: int, language: str = "python") -> bytes:
    target, block = BLOCKS[language]
    text = program(lines, block)
    if language == "python":
        text = f"import argparse\nimport sys\n{text}"
    return f"#!/bin/bash\nmkdir -p /app\ncat > {target} <<'EOF'\n{text}EOF\n{target}\n".encode()


def measure(lines: int, rounds: int, language: str = "python", *, select: bool) -> dict[str, float]:
    """The best of some rounds, in seconds of one processor: what else the machine does is not in it."""
    from mutator.generate import generate
    from mutator.operators import FAMILIES
    from mutator.relevance import Relevance
    from mutator.select import select as choose
    from mutator.sources import read_sources

    small = {"solve.sh": script(60, language)}
    list(generate(read_sources(small, "solve.sh"), small, FAMILIES))  # imports and caches
    files = {"solve.sh": script(lines, language)}
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
    rows += ["", "| language | lines | mutants | mutants/s | ms a line |", "|---|---:|---:|---:|---:|"]
    for language in list(BLOCKS)[1:]:
        for size in (1000, 10000):
            made = measured(size, rounds, "--language", language)
            rate, each = made["mutants"] / made["seconds"], 1000 * made["seconds"] / made["lines"]
            rows.append(f"| {language} | {made['lines']:.0f} | {made['mutants']:.0f} | {rate:,.0f} | {each:.2f} |")
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
    options.add_argument("--language", choices=BLOCKS, default="python", help="with --size: of the program")
    options.add_argument("--select", action="store_true", help="with --size: choose a budget's worth of them, too")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--write", type=Path, metavar="PAGE", help="put the table in its place on this page, too")
    chosen = options.parse_args()
    if chosen.size:
        print(json.dumps(measure(chosen.size, chosen.rounds, chosen.language, select=chosen.select)))
        return
    rows = table(chosen.rounds)
    print(rows)
    if chosen.write:
        write(chosen.write, rows)


if __name__ == "__main__":
    main()
