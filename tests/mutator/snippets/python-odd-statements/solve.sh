#!/bin/bash
cat > /app/odd.py <<'EOF'
import re

STEPS = [(0, 1), (1, 0), (0, -1), (-1, 0)]
cache = dict(size=10, age=60)


def words(text, key):
    assert key, "a key is needed"
    try:
        head, tail = text.split(",", 1)
    except ValueError:
        print("no comma")
        raise
    if key in cache:
        del cache[key]
    return re.findall("[a-z]+", tail, re.I), head


def walk(position, steps=STEPS):
    for row, column in steps:
        yield position[0] + row, position[1] + column
EOF
