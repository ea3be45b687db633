#!/bin/bash
set -euo pipefail
cat > /usr/local/bin/cut.py <<'EOF'
#!/usr/bin/env python3
import getopt
import sys

USAGE = "usage: cut.py [-d DELIM] [-f LIST] [--complement] [--output-delimiter=S] [FILE...]"


def parse_list(text):
    fields = set()
    for part in text.split(","):
        if "-" in part:
            low, _, high = part.partition("-")
            low = int(low) if low else 1
            if not high:
                fields.add((low, None))
                continue
            fields.add((low, int(high)))
        else:
            fields.add((int(part), int(part)))
    return fields


def wanted(index, fields):
    return any(low <= index and (high is None or index <= high) for low, high in fields)


def main(argv):
    delim = "\t"
    out = None
    fields = None
    complement = False
    try:
        opts, files = getopt.gnu_getopt(argv, "d:f:h", ["complement", "output-delimiter=", "help"])
    except getopt.GetoptError as err:
        print(err, file=sys.stderr)
        print(USAGE, file=sys.stderr)
        return 2
    for opt, val in opts:
        if opt == "-d":
            if len(val) != 1:
                print("cut: the delimiter must be a single character", file=sys.stderr)
                return 1
            delim = val
        elif opt == "-f":
            fields = parse_list(val)
        elif opt == "--complement":
            complement = True
        elif opt == "--output-delimiter":
            out = val
        elif opt in ("-h", "--help"):
            print(USAGE)
            return 0
    if fields is None:
        print("cut: you must specify a list of fields", file=sys.stderr)
        return 1
    out = delim if out is None else out
    status = 0
    for name in files or ["-"]:
        try:
            stream = sys.stdin if name == "-" else open(name)
        except OSError as err:
            print(f"cut: {name}: {err.strerror}", file=sys.stderr)
            status = 1
            continue
        for line in stream:
            line = line.rstrip("\n")
            if delim not in line:
                print(line)
                continue
            cells = line.split(delim)
            kept = [c for i, c in enumerate(cells, 1) if wanted(i, fields) != complement]
            print(out.join(kept))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
EOF
chmod 755 /usr/local/bin/cut.py
