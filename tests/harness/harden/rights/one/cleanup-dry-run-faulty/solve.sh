#!/bin/bash
cat > /app/tidy.py <<'PY'
#!/usr/bin/env python3
import fnmatch
import getopt
import os
import sys
import time


def usage(why):
    sys.stderr.write("tidy: %s (usage: tidy.py FOLDER --days N [--keep PATTERN]... [--dry-run])\n" % why)
    sys.exit(2)


try:
    options, words = getopt.gnu_getopt(sys.argv[1:], "", ["days=", "keep=", "dry-run"])
except getopt.GetoptError as error:
    usage(error)
patterns = [value for name, value in options if name == "--keep"]
limits = [value for name, value in options if name == "--days"]
pretend = ("--dry-run", "") in options
if not limits:
    usage("--days is required")
if len(words) != 1:
    usage("one FOLDER is required")
top = words[0]
if not os.path.isdir(top):
    print("tidy: not a folder: " + top, file=sys.stderr)
    sys.exit(2)
start, old = time.time(), []
for here, _, names in os.walk(top):
    for name in names:
        path = os.path.join(here, name)
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        info = os.stat(path)
        if int((start - info.st_mtime) / 86400) > int(limits[-1]) and not any(
            fnmatch.fnmatch(name, each) for each in patterns
        ):
            old.append((os.path.relpath(path, top).split(os.sep), path, info.st_size))
for parts, path, _ in sorted(old):
    if not pretend:
        os.remove(path)
    print(("would remove " if pretend else "removed ") + "/".join(parts))
print("total: %d files, %d bytes" % (len(old), sum(each[2] for each in old)))
PY
chmod 755 /app/tidy.py
