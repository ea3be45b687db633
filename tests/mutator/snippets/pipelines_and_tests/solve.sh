#!/bin/bash
cd /data
cut -d, -f2 in.csv | sort | uniq -c | sort -rn | head -n 5 > /app/top.txt
if [[ $(wc -l < /app/top.txt) -ge 5 && -s in.csv ]]; then
  grep -v '^#' in.csv > /app/clean.csv
else
  exit 1
fi
[ -f /app/extra ] && rm /app/extra
