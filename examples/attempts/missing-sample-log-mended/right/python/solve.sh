#!/bin/bash
cat > /tmp/report.py <<'PY'
from collections import Counter
from pathlib import Path

app = Path("/app")
lines = [line.split(" ", 3) for line in (app / "sample.log").read_text().splitlines()]
report = app / "report"
report.mkdir()
levels = Counter(line[1] for line in lines)
rows = sorted(levels.items(), key=lambda pair: (-pair[1], pair[0]))
(report / "levels.csv").write_text("level,count\n" + "".join(f"{level},{count}\n" for level, count in rows))
errors = sorted({line[3] for line in lines if line[1] == "ERROR"}, key=str.encode)
(report / "errors.txt").write_text("".join(f"{error}\n" for error in errors))
first = {}
for line in lines:
    first.setdefault(line[2], " ".join(line))
(report / "first.log").write_text("".join(f"{line}\n" for line in first.values()))
PY
python3 /tmp/report.py && rm /tmp/report.py && gzip -9 /app/sample.log
