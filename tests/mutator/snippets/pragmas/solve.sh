#!/bin/bash
set -e
mkdir -p /app  # foolsgold: skip
cat > /app/main.py <<'EOF'
LIMIT = 10  # pragma: no mutate
STEP = 2


def total(items):  # foolsgold: skip
    return sum(items) * STEP
EOF
cat > /app/a.ini <<'EOF'
[main]
; no mutate
kept = 1
changed = 2
EOF
