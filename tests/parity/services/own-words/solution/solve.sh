#!/bin/bash
set -e
mkdir -p /app
sed -n 's/^GREETING=//p' /told/how > /app/word.txt
