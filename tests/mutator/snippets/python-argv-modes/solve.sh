#!/bin/bash
set -e
cat > /app/mode.py <<'EOF'
import sys

VERBOSE = "--verbose" in sys.argv
args = [arg for arg in sys.argv[1:] if arg != "--verbose"]
match args:
    case ["--add", name, *rest]:
        print("added", name, *rest)
    case ["--remove", name]:
        print("removed", name)
    case ["--list"]:
        print("a", "b", sep="\n")
    case _:
        print("unknown", file=sys.stderr)
        sys.exit(64)
if VERBOSE:
    print("done")
EOF
