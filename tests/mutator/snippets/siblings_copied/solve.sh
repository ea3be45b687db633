#!/bin/bash
SCRIPT_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cp "$SCRIPT_DIR/main.go" /app/main.go
cp -r "$SCRIPT_DIR/src" /app/
cd /app && go build -o server ./...
