import json
import re
import subprocess
import sys

EMAIL = re.compile(r"^[\w.+-]+@[\w-]+\.[\w.]+$")
REQUIRED = ("id", "email", "lines")
CODES = {"ok": 0, "warning": 1, "error": 2}


def validate(order):
    problems = []
    for name in REQUIRED:
        if name not in order:
            problems.append(f"{name} is missing")
    if not EMAIL.match(order.get("email", "")):
        problems.append("bad email")
    if not 0 < len(order.get("lines", [])) <= 50:
        problems.append("between 1 and 50 lines")
    return problems


def is_valid(order):
    return not validate(order)


def main():
    with open(sys.argv[1]) as handle:
        orders = json.load(handle)
    bad = [order for order in orders if not is_valid(order)]
    for order in bad:
        print(order.get("id", "?"), "; ".join(validate(order)))
    subprocess.run(["logger", f"{len(bad)} bad orders"], check=True, timeout=5)
    return CODES["error" if bad else "ok"]


sys.exit(main())
