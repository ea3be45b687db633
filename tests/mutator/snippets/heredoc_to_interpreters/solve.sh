#!/bin/bash
python3 - <<'PY'
import json
data = {"ok": True, "count": 3}
with open("/app/out.json", "w") as f:
    json.dump(data, f)
PY
bash <<'SH'
cd /app && sort -u names.txt > sorted.txt
SH
node <<'JS'
const items = [1, 2, 3];
console.log(items.filter((x) => x > 1).length);
JS
