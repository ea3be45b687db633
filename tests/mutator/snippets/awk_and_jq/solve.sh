#!/bin/bash
awk -F: '$3 >= 1000 && $7 !~ /nologin/ { print $1; n++ } END { printf "%d users\n", n }' /etc/passwd > /app/users.txt
awk 'BEGIN { OFS = "," } { total[$1] += $2 } END { for (name in total) print name, total[name] / 2 }' in.txt > out.csv
jq -r '.[] | select(.age >= 18 and .active) | [.name, .age + 1] | @csv' people.json > adults.csv
jq 'sort_by(.price) | reverse | .[0:3]' items.json > top.json
