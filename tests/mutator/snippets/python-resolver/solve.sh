#!/bin/bash
set -e
cat > /app/resolver.py <<'EOF'
import json
import re


def parse(version):
    match = re.match(r"^(\d+)\.(\d+)(?:\.(\d+))?$", version)
    if match is None:
        raise ValueError(f"not a version: {version}")
    return tuple(int(part or 0) for part in match.groups())


def compare(left, right):
    a, b = parse(left), parse(right)
    if a < b:
        return -1
    if a > b:
        return 1
    return 0


def satisfies(version, rule):
    for sign in (">=", "<=", "==", ">", "<"):
        if rule.startswith(sign):
            order = compare(version, rule[len(sign):].strip())
            return {">=": order >= 0, "<=": order <= 0, "==": order == 0, ">": order > 0, "<": order < 0}[sign]
    return version == rule


def upgrade(installed, offers, holds=()):
    upgraded, kept_back = {}, []
    for name, version in installed.items():
        versions = sorted(offers.get(name, []), key=parse)
        if not versions or compare(versions[-1], version) <= 0:
            continue
        if name in holds:
            kept_back.append({"name": name, "reason": "held", "available": versions[-1]})
        else:
            upgraded[name] = versions[-1]
    return {"upgraded": upgraded, "kept_back": sorted(kept_back, key=lambda entry: entry["name"])}


if __name__ == "__main__":
    with open("/app/installed.json") as handle:
        state = json.load(handle)
    print(json.dumps(upgrade(**state), indent=2, sort_keys=True))
EOF
