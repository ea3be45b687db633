#!/bin/bash
cat > /app/pkg_resolver.py <<'EOF'
import itertools
import json
import sys


def newer(one, other):
    """Whether one version is newer than another."""
    pairs = itertools.zip_longest(one.split("."), other.split("."), fillvalue="0")
    for mine, theirs in pairs:
        if int(mine) != int(theirs):
            return int(mine) > int(theirs)
    return False


with open(sys.argv[1]) as file:
    installed = json.load(file)
with open(sys.argv[2]) as file:
    available = json.load(file)

best, why = {}, {}
for name, package in installed.items():
    top = package
    for offer in available.get(name, []):
        if newer(offer["version"], top["version"]):
            top = offer
    if top is not package:
        best[name] = top
        if package.get("hold"):
            why[name] = "held"
while True:
    have = {name: (best[name] if name in best and name not in why else package)["version"] for name, package in installed.items()}
    found = {}
    for name, offer in best.items():
        if name in why:
            continue
        for need in sorted(offer.get("needs", {})):
            least = offer["needs"][need]
            if need not in have or newer(least, have[need]):
                found[name] = f"needs {need} >= {least}"
                break
    if not found:
        break
    why.update(found)
for name in sorted(installed):
    old = installed[name]["version"]
    if name in why:
        print("kept back:", name, old, f"({why[name]})")
    elif name in best:
        print("upgrade:", name, old, "->", best[name]["version"])
    else:
        print("up to date:", name, old)
print(len(best) - len(why), "to upgrade,", len(why), "kept back")
EOF
