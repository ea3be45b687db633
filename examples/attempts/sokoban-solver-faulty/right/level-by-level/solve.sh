#!/bin/bash
cat > /app/sokoban.py <<'EOF'
import sys

with open(sys.argv[1]) as file:
    rows = file.read().splitlines()
at = {(x, y): sign for y, row in enumerate(rows) for x, sign in enumerate(row)}
walls = {place for place, sign in at.items() if sign == "#"}
goals = {place for place, sign in at.items() if sign in ".*+"}
boxes = frozenset(place for place, sign in at.items() if sign in "$*")
player = next(place for place, sign in at.items() if sign in "@+")


def steps(player, boxes):
    for letter, dx, dy in (("R", 1, 0), ("L", -1, 0), ("D", 0, 1), ("U", 0, -1)):
        there = player[0] + dx, player[1] + dy
        behind = there[0] + dx, there[1] + dy
        if there in walls or (there in boxes and (behind in walls or behind in boxes)):
            continue
        yield letter, there, (boxes - {there}) | {behind} if there in boxes else boxes


def answer():
    level = {(player, boxes): ""}
    known = set(level)
    while level:
        following = {}
        for (place, moved), path in level.items():
            if moved <= goals:
                return path
            for letter, there, pushed in steps(place, moved):
                if (there, pushed) not in known:
                    known.add((there, pushed))
                    following[there, pushed] = path + letter
        level = following
    return None


found = answer()
if found is None:
    print("no solution")
    sys.exit(1)
print(found)
EOF
