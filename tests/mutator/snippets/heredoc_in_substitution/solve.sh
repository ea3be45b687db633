#!/bin/bash
CONFIG=$(cat <<'EOF'
{"retries": 3, "hosts": ["a", "b"]}
EOF
)
echo "$CONFIG" > /app/config.json
