#!/bin/bash
set -euo pipefail
cat > /app/report.py <<'EOF'
import csv
import json
import re
from collections import Counter, defaultdict

LOG = "/var/log/app/access.log"
LINE = re.compile(r'^(\S+) \S+ \S+ \[([^\]]+)\] "(\w+) (\S+) [^"]*" (\d{3}) (\d+|-)$')

counts = Counter()
errors = 0
bytes_by_path = defaultdict(int)
slow = []
with open(LOG, encoding="utf-8", errors="replace") as handle:
    for number, line in enumerate(handle, 1):
        match = LINE.match(line.rstrip("\n"))
        if not match:
            errors += 1
            continue
        ip, when, method, path, status, size = match.groups()
        path = path.split("?", 1)[0].rstrip("/") or "/"
        counts[ip] += 1
        if size != "-":
            bytes_by_path[path] += int(size)
        if status.startswith("5"):
            slow.append((number, path, int(status)))

top = [{"ip": ip, "requests": n} for ip, n in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))[:10]]
total = sum(counts.values())
report = {
    "total_requests": total,
    "unparsed_lines": errors,
    "top_clients": top,
    "error_rate": round(len(slow) / total, 4) if total else 0.0,
    "busiest_path": max(bytes_by_path, key=bytes_by_path.get) if bytes_by_path else None,
}
with open("/app/report.json", "w") as out:
    json.dump(report, out, indent=2, sort_keys=True)
    out.write("\n")

with open("/app/paths.csv", "w", newline="") as out:
    writer = csv.writer(out)
    writer.writerow(["path", "bytes", "share"])
    for path, size in sorted(bytes_by_path.items()):
        writer.writerow([path, size, f"{100 * size / sum(bytes_by_path.values()):.2f}%"])
print(f"Processed {total} requests")
EOF
python3 /app/report.py
