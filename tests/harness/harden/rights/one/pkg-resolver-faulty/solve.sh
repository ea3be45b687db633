#!/bin/bash
cat > /app/pkg_resolver.py <<'PY'
#!/usr/bin/env python3
"""Plans upgrades: starts with all that could go up and takes back what cannot."""
import argparse
import itertools
import json


class Version:
    def __init__(self, text):
        self.text = text
        self.parts = tuple(map(int, text.split(".")))

    def newer(self, other):
        for mine, theirs in itertools.zip_longest(self.parts, other.parts, fillvalue=0):
            if mine != theirs:
                return mine > theirs
        return False

    def __str__(self):
        return self.text


class Package:
    def __init__(self, name, entry, offers):
        self.name, self.now, self.held = name, Version(entry["version"]), bool(entry.get("hold", False))
        self.next, self.needs, self.why = self.now, {}, ""
        for offer in offers:
            version = Version(offer["version"])
            if version.newer(self.next):
                self.next, self.needs = version, offer.get("needs") or {}
        self.up = self.next is not self.now
        if self.up and self.held:
            self.keep("held")

    def keep(self, why):
        self.up, self.why = False, why

    @property
    def planned(self):
        return self.next if self.up else self.now

    def line(self):
        if self.up:
            return "upgrade: %s %s -> %s" % (self.name, self.now, self.next)
        if self.why:
            return "kept back: %s %s (%s)" % (self.name, self.now, self.why)
        return "up to date: %s %s" % (self.name, self.now)


def lacking(package, every):
    for name in sorted(package.needs):
        least = package.needs[name]
        if name not in every or Version(least).newer(every[name].planned):
            return "needs %s >= %s" % (name, least)
    return None


parser = argparse.ArgumentParser()
parser.add_argument("installed")
parser.add_argument("available")
options = parser.parse_args()
with open(options.installed) as one, open(options.available) as other:
    installed, available = json.load(one), json.load(other)
packages = {name: Package(name, installed[name], available.get(name, [])) for name in sorted(installed)}
while True:
    lost = [(each, why) for each in packages.values() if each.up and (why := lacking(each, packages))]
    if not lost:
        break
    for each, why in lost:
        each.keep(why)
for each in packages.values():
    print(each.line())
print("%d to upgrade, %d kept back" % (sum(p.up for p in packages.values()), sum(bool(p.why) for p in packages.values())))
PY
