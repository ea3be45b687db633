"""Shell as people write it, one habit each: quotes in quotes, here-documents, arrays, expansions, tests, groups."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import indent

PIECES = tuple((Path(__file__).parent / "shell_corpus.txt").read_text().split("%%\n"))
"""Each a whole text for `bash -n`, ended by a newline."""

_AROUND = (
    ("setup() {\n", "}\nsetup\n"),
    ("for item in a b; do\n", "done\n"),
    ('if [ -n "$RUN" ]; then\n', "else\n  echo no > skipped\nfi\n"),
    ("(\n", ") > log 2>&1\n"),
    ("{\n", "} | tee all.log\n"),
    ("out=$(\n", ")\n"),
    ('echo "got $(\n', ')" > got\n'),
    ("case $mode in\n  run)\n", "    ;;\n  *) exit 2 ;;\nesac\n"),
    ("while read -r key; do\n", "done < keys.txt\n"),
)


def script(seed: int) -> str:
    """Some pieces one after another, some of them within others' blocks. Always the same for a seed."""
    chance = random.Random(seed)
    return "#!/bin/bash\nset -e\n" + "".join(_part(chance, 2) for _ in range(chance.randint(2, 5)))


def _part(chance: random.Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.45:
        return chance.choice(PIECES)
    before, after = chance.choice(_AROUND)
    inside = "".join(_part(chance, depth - 1) for _ in range(chance.randint(1, 3)))
    # A here-document ends where a line is its delimiter and nothing else: what holds one is not indented.
    return before + (inside if "<<" in inside or "\\\n" in inside else indent(inside, "  ")) + after
