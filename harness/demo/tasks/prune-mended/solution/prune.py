#!/usr/bin/env python3
import argparse
from pathlib import Path


def old_backups(folder, keep):
    backups = sorted(path for path in folder.iterdir() if path.name.endswith(".bak"))
    return backups[: max(0, len(backups) - keep)]


def main():
    parser = argparse.ArgumentParser(prog="prune")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=int, default=3)
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    if args.keep < 0:
        parser.error("--keep must not be negative")
    for path in old_backups(args.folder, args.keep):
        if args.dry_run:
            print("would delete", path.name)
        else:
            path.unlink()
            print("deleted", path.name)


if __name__ == "__main__":
    main()
