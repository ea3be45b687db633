#!/bin/bash
# Layer by layer, with classes; of equally short lists it finds others.
cat > /app/sokoban.py <<'PY'
import sys

ORDER = [("R", 0, 1), ("D", 1, 0), ("L", 0, -1), ("U", -1, 0)]


class Level:
    def __init__(self, text):
        self.floor, self.goals, boxes, self.player = set(), set(), set(), None
        for y, row in enumerate(text.split("\n")):
            for x, mark in enumerate(row):
                if mark == "#":
                    continue
                self.floor.add((y, x))
                if mark in ".+*":
                    self.goals.add((y, x))
                if mark in "$*":
                    boxes.add((y, x))
                if mark in "@+":
                    self.player = (y, x)
        self.boxes = frozenset(boxes)

    def after(self, state, dy, dx):
        (y, x), boxes = state
        there, behind = (y + dy, x + dx), (y + 2 * dy, x + 2 * dx)
        if there not in self.floor:
            return None
        if there not in boxes:
            return there, boxes
        if behind not in self.floor or behind in boxes:
            return None
        return there, (boxes - {there}) | {behind}

    def reachable(self):
        """The distance of every state from the first one, as far as there are any."""
        rows = [{(self.player, self.boxes): ""}]
        known = set(rows[0])
        while rows[-1]:
            for state, path in rows[-1].items():
                if state[1] <= self.goals:
                    return path
            fresh = {}
            for state, path in rows[-1].items():
                for letter, dy, dx in ORDER:
                    other = self.after(state, dy, dx)
                    if other is not None and other not in known:
                        known.add(other)
                        fresh[other] = path + letter
            rows.append(fresh)
        return None


found = Level(open(sys.argv[1]).read()).reachable()
if found is None:
    print("no solution")
    raise SystemExit(1)
print(found)
PY
