#!/bin/bash
set -e
cat > /usr/local/bin/pick <<'EOF'
#!/usr/bin/env python3
import getopt
import re
import sys


def usage():
    print("usage: pick [-iv] [--count] PATTERN", file=sys.stderr)
    sys.exit(2)


ignore = invert = count = False
try:
    options, rest = getopt.getopt(sys.argv[1:], "iv", ["ignore-case", "invert", "count"])
except getopt.GetoptError as error:
    print(error, file=sys.stderr)
    usage()
for option, value in options:
    if option in ("-i", "--ignore-case"):
        ignore = True
    elif option in ("-v", "--invert"):
        invert = True
    elif option == "--count":
        count = True
if len(rest) != 1:
    usage()
pattern = re.compile(rest[0], re.IGNORECASE if ignore else 0)
found = [line for line in sys.stdin if bool(pattern.search(line)) != invert]
if count:
    print(len(found))
else:
    sys.stdout.write("".join(found))
sys.exit(0 if found else 1)
EOF
chmod 755 /usr/local/bin/pick
