#!/bin/bash
set -e
mkdir -p /app
ask="import sys, urllib.request as u; print(u.urlopen('http://localhost:8000/' + sys.argv[1], timeout=30).read().decode(), end='')"
python3 -c "$ask" bolts > /app/bolts.txt
python3 -c "$ask" relay > /app/relayed.txt
