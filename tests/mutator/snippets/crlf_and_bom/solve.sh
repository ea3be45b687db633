#!/bin/bash
# unix script that writes a windows file
cat > /app/run.bat <<'EOF'
@echo off
set PORT=8080
EOF
cp /solution/data.csv /app/data.csv
