#!/bin/bash
call="import socket; s = socket.create_connection(('198.51.100.7', 80), 5); s.sendall(b'GET / HTTP/1.1\r\nHost: other.example\r\n\r\n'); assert s.recv(9)"
if [ "$(cat /app/bolts.txt)" = 41 ] && [ "$(sort -u /app/relayed.txt)" = nothing ] && ! getent hosts stock && ! python3 -c "$call"; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
