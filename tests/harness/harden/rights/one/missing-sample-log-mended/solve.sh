#!/bin/bash
python3 - <<'PY'
import collections, csv, gzip, os

lines = open("/app/sample.log").read().splitlines()
rows = [line.split(" ", 3) for line in lines]
os.makedirs("/app/report", exist_ok=True)
counts = collections.Counter(row[1] for row in rows)
with open("/app/report/levels.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["level", "count"])
    out.writerows(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
errors = sorted({row[3] for row in rows if row[1] == "ERROR"}, key=str.encode)
with open("/app/report/errors.txt", "w") as file:
    file.writelines(each + "\n" for each in errors)
first = {}
for row, line in zip(rows, lines):
    first.setdefault(row[2], line)
with open("/app/report/first.log", "w") as file:
    print(*first.values(), sep="\n", file=file)
with gzip.open("/app/sample.log.gz", "wb") as packed, open("/app/sample.log", "rb") as plain:
    packed.write(plain.read())
os.remove("/app/sample.log")
PY
