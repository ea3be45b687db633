#!/bin/bash
set -euo pipefail
cat > /app/route.py <<'EOF'
import heapq
import sys
from typing import Iterable, Iterator, NamedTuple, Optional


class Cell(NamedTuple):
    row: int
    col: int


DIRECTIONS = {
    "north": Cell(-1, 0),
    "south": Cell(1, 0),
    "west": Cell(0, -1),
    "east": Cell(0, 1),
}
COST = {".": 1, "~": 3, "^": 5}
WALL = "#"


class Grid:
    def __init__(self, lines: Iterable[str]) -> None:
        self.rows = [list(line.rstrip("\n")) for line in lines if line.strip()]
        self.height = len(self.rows)
        self.width = max(len(r) for r in self.rows)

    def at(self, cell: Cell) -> str:
        return self.rows[cell.row][cell.col]

    def inside(self, cell: Cell) -> bool:
        return 0 <= cell.row < self.height and 0 <= cell.col < self.width

    def find(self, mark: str) -> Optional[Cell]:
        for r, row in enumerate(self.rows):
            for c, value in enumerate(row):
                if value == mark:
                    return Cell(r, c)
        return None

    def neighbours(self, cell: Cell) -> Iterator[tuple[str, Cell]]:
        for name, delta in DIRECTIONS.items():
            step = Cell(cell.row + delta.row, cell.col + delta.col)
            if self.inside(step) and self.at(step) != WALL:
                yield name, step


def heuristic(a: Cell, b: Cell) -> int:
    return abs(a.row - b.row) + abs(a.col - b.col)


def solve(grid: Grid) -> Optional[list[str]]:
    start, goal = grid.find("S"), grid.find("G")
    if start is None or goal is None:
        raise ValueError("map needs S and G")
    queue = [(heuristic(start, goal), 0, start)]
    came: dict[Cell, tuple[Cell, str]] = {}
    best = {start: 0}
    while queue:
        _, cost, cell = heapq.heappop(queue)
        if cell == goal:
            path = []
            while cell != start:
                cell, name = came[cell]
                path.append(name)
            return path[::-1]
        if cost > best[cell]:
            continue
        for name, step in grid.neighbours(cell):
            total = cost + COST.get(grid.at(step), 1)
            if total < best.get(step, sys.maxsize):
                best[step] = total
                came[step] = (cell, name)
                heapq.heappush(queue, (total + heuristic(step, goal), total, step))
    return None


def main() -> None:
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} MAP", file=sys.stderr)
        raise SystemExit(2)
    with open(sys.argv[1]) as handle:
        grid = Grid(handle)
    path = solve(grid)
    if path is None:
        print("no path")
        sys.exit(1)
    print(",".join(name[0].upper() for name in path))


main()
EOF
python3 /app/route.py /app/map.txt > /app/route.txt
