#!/bin/bash
set -euo pipefail
cat > /app/conv.py <<'EOF'
import sys, os, json

args = sys.argv[1:]
pretty = "--pretty" in args
if "--version" in args:
    print("conv 0.3")
    sys.exit(0)
quiet = False
limit = None
files = []
while args:
    arg = args.pop(0)
    if arg in ("-q", "--quiet"):
        quiet = True
    elif arg == "--limit":
        limit = int(args.pop(0))
    elif arg.startswith("--limit="):
        limit = int(arg.split("=", 1)[1])
    elif arg == "--pretty":
        pass
    elif arg.startswith("-"):
        sys.exit(f"unknown option {arg}")
    else:
        files.append(arg)

if len(files) < 2:
    sys.exit("two files are needed")
source, target = files[0], files[1]
if not os.path.exists(source):
    print("no such file", file=sys.stderr)
    sys.exit(1)
records = []
with open(source) as fh:
    for line in fh:
        if line.startswith("#") or not line.strip():
            continue
        key, value = line.split("=", 1)
        records.append({"key": key.strip(), "value": value.strip()})
        if limit is not None and len(records) >= limit:
            break
with open(target, "w") as fh:
    json.dump(records, fh, indent=2 if pretty else None)
if not quiet:
    print("%d records" % len(records))
EOF
python3 /app/conv.py --pretty /app/in.conf /app/out.json
