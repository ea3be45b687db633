#!/bin/sh
export LC_ALL=C
cd /app && mkdir -p report
awk '{ n[$2]++ } END { for (l in n) print l "," n[l] }' sample.log | sort -t, -k2,2nr -k1,1 | sed '1i level,count' > report/levels.csv
grep -E '^[^ ]+ ERROR ' sample.log | sed -E 's/^([^ ]+ ){3}//' | sort | uniq > report/errors.txt
while IFS=' ' read -r time level service message; do
    case " $seen " in *" $service "*) continue ;; esac
    seen="$seen $service"
    printf '%s %s %s %s\n' "$time" "$level" "$service" "$message"
done < sample.log > report/first.log
gzip -9n < sample.log > sample.log.gz && rm sample.log
