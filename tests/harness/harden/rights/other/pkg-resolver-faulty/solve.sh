#!/bin/sh
# One flat program; the plan of each round is a dict of versions.
cat > /app/pkg_resolver.py <<'PY'
import json, sys

def v(text):
    return [int(n) for n in text.split(".")] + [0] * 20

have = json.load(open(sys.argv[1]))
offers = json.load(open(sys.argv[2]))
top = {}
for name in have:
    ranked = sorted(offers.get(name) or [], key=lambda o: v(o["version"])[:20])
    if ranked and v(ranked[-1]["version"])[:20] > v(have[name]["version"])[:20]:
        top[name] = ranked[-1]
why = {name: "held" for name in top if have[name].get("hold")}
while 1:
    plan = {n: (top[n] if n in top and n not in why else have[n])["version"] for n in have}
    more = {}
    for name in top:
        if name in why:
            continue
        bad = [n for n in top[name].get("needs", {})
               if plan.get(n) is None or v(plan[n])[:20] < v(top[name]["needs"][n])[:20]]
        if bad:
            more[name] = "needs %s >= %s" % (min(bad), top[name]["needs"][min(bad)])
    if not more:
        break
    why.update(more)
out = []
for name in sorted(have):
    old = have[name]["version"]
    if name in why:
        out.append(f"kept back: {name} {old} ({why[name]})")
    elif name in top:
        out.append(f"upgrade: {name} {old} -> {top[name]['version']}")
    else:
        out.append(f"up to date: {name} {old}")
out.append(f"{len(top) - len(why)} to upgrade, {len(why)} kept back")
sys.stdout.write("\n".join(out) + "\n")
PY
