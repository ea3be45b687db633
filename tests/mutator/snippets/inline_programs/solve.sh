#!/bin/bash
python3 -c "import json; print(json.dumps({'a': 1, 'b': [2, 3]}))" > /app/a.json
python3 -c 'print("it'"'"'s", 2 + 2)'
node -e 'require("fs").writeFileSync("/app/n.txt", String(6 * 7))'
perl -pi -e 's/foo/bar/g' /app/text.txt
ruby -e 'puts [3, 1, 2].sort.first'
bash -c 'cp /etc/hosts /app/hosts && chmod 600 /app/hosts'
awk -F, 'NR > 1 && $3 >= 10 { s += $2 } END { print s }' /data/in.csv > /app/sum.txt
sed -i -e 's/^Port 22$/Port 2222/' -e '/PermitRootLogin/d' /etc/ssh/sshd_config
jq '.items | map(select(.price > 10)) | length' /data/in.json > /app/n.txt
psql -U app -c "SELECT id FROM t WHERE x = 'y' ORDER BY id"
printf $'one\ttwo\n' > /app/tabs.tsv
