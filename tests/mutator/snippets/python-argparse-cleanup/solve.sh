#!/bin/bash
set -e
cat > /app/prune.py <<'EOF'
#!/usr/bin/env python3
"""Deletes old logs."""
import argparse
import sys
import time
from pathlib import Path


def old_files(folder, days, now=None):
    limit = (now or time.time()) - days * 86400
    for path in sorted(folder.glob("**/*.log")):
        if path.is_symlink():
            continue
        if path.stat().st_mtime < limit:
            yield path


def main(argv=None):
    parser = argparse.ArgumentParser(description="Delete old logs.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=30, help="age in days")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    args = parser.parse_args(argv)
    if not args.folder.is_dir():
        print(f"no such folder: {args.folder}", file=sys.stderr)
        return 2
    removed = 0
    for path in old_files(args.folder, args.days):
        if args.dry_run:
            print(f"would delete {path}")
            continue
        path.unlink()
        removed += 1
    if args.format == "json":
        print({"removed": removed})
    else:
        print(f"removed {removed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
EOF
chmod +x /app/prune.py
