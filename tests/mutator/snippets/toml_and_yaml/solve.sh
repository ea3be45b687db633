#!/bin/bash
cat > /app/pyproject.toml <<'EOF'
[project]
name = "tides"
version = "0.3.0"
dependencies = ["click>=8", "rich"]

[tool.limits]
retries = 3
strict = true
EOF
cat > /app/docker-compose.yml <<'EOF'
services:
  web:
    image: tides:1
    ports: ["8080:80"]
    environment:
      LOG_LEVEL: info
      WORKERS: 4
    restart: always
  db:
    image: postgres:16
    read_only: false
EOF
