#!/bin/bash
cat > /tmp/wanted <<'TEXT'
198.51.100.7 80 nothing
198.51.100.7 443 nothing
other.example 80 nothing
below.example 80 nothing
169.254.169.254 80 nothing
datagrams nothing
itself here
TEXT
if cmp /tmp/wanted /app/calls.txt && python3 /app/calls.py | cmp /tmp/wanted -; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
