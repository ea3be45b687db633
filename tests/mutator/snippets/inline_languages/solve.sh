#!/bin/bash
node -e 'const n = [3, 1, 2].filter((x) => x > 1); console.log(n.length)'
perl -e 'my $n = 3; if ($n > 2) { print "big\n"; }'
ruby -e 'n = 3; puts n > 2 ? "big" : "small"'
sqlite3 /app/a.db "DELETE FROM jobs WHERE done = 1 AND age > 30;"
bash -c 'for f in /data/*.txt; do cp "$f" /backup/; done'
php -r 'echo 1 + 1;'
