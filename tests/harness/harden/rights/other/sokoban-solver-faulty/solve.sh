#!/bin/bash
# The map stays a text and a move is an offset in it.
tee /app/sokoban.py > /dev/null <<'PY'
import heapq
import sys

with open(sys.argv[1]) as file:
    rows = file.read().splitlines()
width = max(map(len, rows)) + 1
text = "".join(row.ljust(width) for row in rows)
step = {"L": -1, "U": -width, "R": 1, "D": width}
goal = {i for i, c in enumerate(text) if c in ".+*"}
wall = {i for i, c in enumerate(text) if c == "#"}
me = next(i for i, c in enumerate(text) if c in "@+")
box = tuple(i for i, c in enumerate(text) if c in "$*")
todo, best = [(0, "", me, box)], {(me, box)}
answer, status = "no solution", 1
while todo:
    cost, path, at, boxes = heapq.heappop(todo)
    if all(each in goal for each in boxes):
        answer, status = path, 0
        break
    for name, by in step.items():
        to = at + by
        if to in wall:
            continue
        moved = boxes
        if to in boxes:
            if to + by in wall or to + by in boxes:
                continue
            moved = tuple(sorted(to + by if each == to else each for each in boxes))
        if (to, moved) not in best:
            best.add((to, moved))
            heapq.heappush(todo, (cost + 1, path + name, to, moved))
print(answer)
sys.exit(status)
PY
