#!/bin/bash
cat > /app/ledger.py <<'PY'
"""Balances by month."""
import csv
import itertools
import sys

with open(sys.argv[1], newline="") as file:
    amounts = [(row["date"][:7], int(row["amount"])) for row in csv.DictReader(file)]
running, ends = 0, []
for month, rows in itertools.groupby(amounts, key=lambda pair: pair[0]):
    running += sum(amount for _, amount in rows)
    ends.append(running)
    print(month, running)
print(f"highest {max(ends)}" if ends else "no bookings")
PY
