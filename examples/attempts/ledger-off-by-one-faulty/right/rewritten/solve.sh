#!/bin/bash
cat > /app/ledger.py <<'PY'
import csv
import sys

balance, months = 0, {}
with open(sys.argv[1], newline="") as file:
    for booking in csv.DictReader(file):
        balance += int(booking["amount"])
        months[booking["date"][:7]] = balance
for month, end in months.items():
    print(month, end)
print("highest " + str(max(months.values())) if months else "no bookings")
PY
