#!/bin/bash
. "$(dirname "$0")/env.sh"
python3 /solution/build.py --out "$OUT"
for f in /solution/conf/*.yaml; do
  cp "$f" /etc/app/
done
