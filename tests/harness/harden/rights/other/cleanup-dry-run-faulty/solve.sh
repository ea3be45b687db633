#!/bin/bash
# The search is find's; Python reads the options and the list.
cat > /app/tidy.py <<'PY'
#!/usr/bin/env python3
import argparse, fnmatch, pathlib, subprocess, sys, time

p = argparse.ArgumentParser(prog="tidy")
p.add_argument("folder")
p.add_argument("--days", required=True, type=int, metavar="N")
p.add_argument("--keep", default=[], action="append", metavar="PATTERN")
p.add_argument("--dry-run", dest="dry", action="store_true")
o = p.parse_args()
if not pathlib.Path(o.folder).is_dir():
    sys.exit(print(f"tidy: not a folder: {o.folder}", file=sys.stderr) or 2)
listed = subprocess.run(
    ["find", o.folder.rstrip("/") + "/", "-type", "f", "-printf", "%T@\\t%s\\t%P\\0"], capture_output=True, text=True
).stdout
now, gone = time.time(), {}
for line in filter(None, listed.split("\0")):
    stamp, size, name = line.split("\t", 2)
    days = (now - float(stamp)) // 86400
    if days > o.days and all(not fnmatch.fnmatch(name.rpartition("/")[2], each) for each in o.keep):
        gone[pathlib.PurePath(name)] = int(size)
for name in sorted(gone):
    if o.dry:
        print("would remove", name)
    else:
        (pathlib.Path(o.folder) / name).unlink()
        print("removed", name)
print("total:", len(gone), "files,", sum(gone.values()), "bytes")
PY
chmod +x /app/tidy.py
