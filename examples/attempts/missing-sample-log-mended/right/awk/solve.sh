#!/bin/bash
export LC_ALL=C
mkdir -p /app/report
awk '{ n[$2]++ } END { for (l in n) print n[l], l }' /app/sample.log | sort -k1,1nr -k2,2 |
    awk 'BEGIN { print "level,count" } { print $2 "," $1 }' > /app/report/levels.csv
grep -E '^[^ ]+ ERROR ' /app/sample.log | sed -E 's/^[^ ]+ [^ ]+ [^ ]+ //' | sort -u > /app/report/errors.txt
awk '!($3 in seen) { seen[$3]; print }' /app/sample.log > /app/report/first.log
gzip /app/sample.log
