"""How fast test files are read for suspicions and for requirements hidden in them.

    python bench/reading_tests.py

One file of some 5,000 lines in Python, shell and JavaScript each; processor seconds, the least of five. The bar is one
second; the command ends with status 1 above it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from harness.testcode.assertions import read_test_files
from harness.testcode.demands import hidden_requirements

PYTHON = """def test_number_{n}(tmp_path):
    data = json.loads(Path(OUT, "part-{n}.json").read_text())
    result = run("--option-{n}", str(tmp_path))
    for key in ["a{n}", "b", "c"]:
        assert key in data
        assert data[key]["inner"] == KEYS[key]
    assert result.returncode in (0, 1) and "some message here" in result.stdout
    assert os.path.exists(os.path.join(OUT, "x" + str({n})))

"""
SHELL = """check_{n}() {{
  output=$(/app/tool --flag-{n} /app/in.txt)
  if ! echo "$output" | grep -q "line {n}"; then
    echo "FAIL: {n}"; failed=1
  fi
  [ -f /app/out-{n}.txt ] || failed=1
}}
check_{n} || true
"""
JAVASCRIPT = """test("number {n}", () => {{
  const data = JSON.parse(fs.readFileSync("/app/out-{n}.json", "utf8"));
  const result = spawnSync("/app/tool", ["--option-{n}"]);
  expect([200, 500]).toContain(data.status);
  expect(data.name).toBe("n{n}");
  expect(result.stdout.includes("a") || result.stdout.includes("b")).toBe(true);
  expect(data).toBeDefined();
}});
"""
HEAD = """import json, os, subprocess
from pathlib import Path
OUT = "/app/out"
KEYS = {}

def run(*a):
    return 1

"""
LIMIT = 1.0


def least(work: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> int:
    slow = False
    for name, head, block in (("t.py", HEAD, PYTHON), ("t.sh", "#!/bin/bash\n", SHELL), ("t.js", "", JAVASCRIPT)):
        lines = block.count("\n")
        text = head + "".join(block.format(n=n) for n in range(5_000 // lines + 1))
        data = text.encode()
        seconds = (
            least(lambda text=text, name=name: read_test_files({name: text})),
            least(lambda data=data, name=name: hidden_requirements({name: data}, "Do it.", {}, {"solve.sh": b"true"})),
        )
        print(f"{name}: {text.count(chr(10)):,} lines, suspicions {seconds[0]:.2f} s, demands {seconds[1]:.2f} s")
        slow = slow or max(seconds) > LIMIT
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
