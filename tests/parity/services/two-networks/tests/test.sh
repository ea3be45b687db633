#!/bin/bash
if [ "$(cat /app/said.txt)" = 'open!' ] && getent hosts desk && ! getent hosts vault && ! getent hosts spy; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
