#!/bin/bash
service ssh start
nohup python3 /app/server.py --port 5000 > /tmp/server.log 2>&1 &
redis-server --daemonize yes
sleep 2
curl -sf http://localhost:5000/health || exit 1
