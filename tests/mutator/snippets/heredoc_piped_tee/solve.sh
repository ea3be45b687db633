#!/bin/bash
cat <<'EOF' | sudo tee /etc/systemd/system/worker.service > /dev/null
[Unit]
Description=Worker

[Service]
ExecStart=/usr/bin/python3 /app/worker.py --threads 4
Restart=always

[Install]
WantedBy=multi-user.target
EOF
systemctl enable --now worker
