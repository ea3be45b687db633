#!/usr/bin/env python3
import argparse
import os
import stat
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

DAY = 24 * 60 * 60


def find_stale(folder, days, keep):
    """The files to remove and their sizes, in order."""
    now = time.time()
    paths = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
    for path in sorted(paths):
        info = path.lstat()
        age = (now - info.st_mtime) // DAY
        spared = any(fnmatch(path.name, pattern) for pattern in keep)
        if stat.S_ISREG(info.st_mode) and age > days and not spared:
            yield path, info.st_size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--keep", action="append", default=[])
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    if not args.folder.is_dir():
        print(f"tidy: not a folder: {args.folder}", file=sys.stderr)
        return 2
    count = size = 0
    for path, length in find_stale(args.folder, args.days, args.keep):
        count += 1
        size += length
        if args.dry_run:
            print("would remove", path.relative_to(args.folder))
        else:
            path.unlink()
            print("removed", path.relative_to(args.folder))
    print(f"total: {count} files, {size} bytes")
    return 0


sys.exit(main())
