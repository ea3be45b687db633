#!/bin/bash
unpaid=$(python3 /srv/sql.py "select owed from bills where not paid order by owed")
if [ "$unpaid" = $'100\n250' ] && [ "$(cat /books/sealed.txt)" = 'sealed 141' ] && [ ! -e /var/lib/db ]; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
