#!/bin/bash
cat > /tmp/wanted <<'TEXT'
word one
word two three
word $HOME
GREETING=moin
PLACE=harbour
SEASON=late autumn
user 1234:1234
folder /var/empty/teller
host booth
scratch 1
TEXT
if [ "$(cat /app/word.txt)" = moin ] && cmp /tmp/wanted /told/how && ! touch /told/mine; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
