#!/bin/bash
set -e
cat > /app/sokoban.py <<'EOF'
from collections import deque

MOVES = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
OPPOSITE = {"U": "D", "D": "U", "L": "R", "R": "L"}


def replay(board, moves):
    """The places of player and boxes after the moves, or None where one is not allowed."""
    player, boxes, walls = board
    for move in moves:
        dr, dc = MOVES[move]
        target = (player[0] + dr, player[1] + dc)
        if target in walls:
            return None
        if target in boxes:
            pushed = (target[0] + dr, target[1] + dc)
            if pushed in walls or pushed in boxes:
                return None
            boxes = boxes - {target} | {pushed}
        player = target
    return player, boxes


def solve(board, goals, most=200):
    queue = deque([""])
    seen = set()
    while queue:
        moves = queue.popleft()
        state = replay(board, moves)
        if state is None or state in seen:
            continue
        seen.add(state)
        if state[1] == goals:
            return moves
        if len(moves) < most:
            for move in MOVES:
                if not moves or moves[-1] != OPPOSITE[move]:
                    queue.append(moves + move)
    return None
EOF
