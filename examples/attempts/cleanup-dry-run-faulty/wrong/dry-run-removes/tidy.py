#!/usr/bin/env python3
"""Remove old files: by hand, without argparse."""

import fnmatch
import os
import sys
import time


def usage(message):
    sys.stderr.write(f"tidy: {message}\nusage: tidy FOLDER --days N [--keep PATTERN]... [--dry-run]\n")
    raise SystemExit(2)


def read(words):
    folder, days, keep, dry = None, None, [], False
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--dry-run":
            dry = True
        elif word in ("--days", "--keep"):
            if not words:
                usage(f"{word} needs a value")
            value = words.pop(0)
            if word == "--keep":
                keep.append(value)
            else:
                try:
                    days = int(value)
                except ValueError:
                    usage("--days needs a whole number")
        elif word.startswith("--") or folder is not None:
            usage(f"what is {word}?")
        else:
            folder = word
    if folder is None or days is None:
        usage("FOLDER and --days are required")
    return folder, days, keep, dry


def old_files(folder, days, keep):
    found = []
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            whole_days = int((time.time() - os.path.getmtime(path)) // 86400)
            if whole_days > days and not any(fnmatch.fnmatch(name, pattern) for pattern in keep):
                found.append((os.path.relpath(path, folder).split(os.sep), path, os.path.getsize(path)))
    return sorted(found)


folder, days, keep, dry = read(sys.argv[1:])
if not os.path.isdir(folder):
    sys.stderr.write(f"tidy: not a folder: {folder}\n")
    sys.exit(2)
files = old_files(folder, days, keep)
for parts, path, _ in files:
    os.remove(path)
    print("would remove" if dry else "removed", os.sep.join(parts))
print(f"total: {len(files)} files, {sum(size for _, _, size in files)} bytes")
