#!/bin/bash
cat > /app/setup.sh <<'OUTER'
#!/bin/bash
set -e
cat > /app/job.py <<'INNER'
def total(rows):
    return sum(row["price"] * row["count"] for row in rows)
INNER
python3 -m py_compile /app/job.py
OUTER
bash /app/setup.sh
