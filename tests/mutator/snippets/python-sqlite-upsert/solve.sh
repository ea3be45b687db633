#!/bin/bash
set -e
cat > /app/ingest.py <<'EOF'
import json
import sqlite3
import sys

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    visits INTEGER DEFAULT 0
)
"""


def ingest(path, database="/app/users.db"):
    connection = sqlite3.connect(database)
    connection.execute(SCHEMA)
    count = 0
    try:
        with open(path) as handle, connection:
            for line in handle:
                record = json.loads(line)
                if "@" not in record.get("email", ""):
                    continue
                connection.execute(
                    "INSERT INTO users (id, email, visits) VALUES (?, ?, 1) "
                    "ON CONFLICT(email) DO UPDATE SET visits = visits + 1",
                    (record["id"], record["email"].lower()),
                )
                count += 1
        connection.commit()
    finally:
        connection.close()
    return count


def top(connection, limit=10):
    query = "SELECT email, visits FROM users WHERE visits >= ? ORDER BY visits DESC, email ASC LIMIT ?"
    return connection.execute(query, (2, limit)).fetchall()


print(ingest(sys.argv[1]))
EOF
