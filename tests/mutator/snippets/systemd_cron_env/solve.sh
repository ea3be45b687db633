#!/bin/bash
cat > /etc/systemd/system/tides.service <<'EOF'
[Unit]
Description=Tide tables
After=network.target

[Service]
User=tides
ExecStart=/usr/bin/python3 /srv/tides/app.py --port 8000
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
EOF
cat > /etc/cron.d/tides <<'EOF'
PATH=/usr/bin:/bin
*/15 * * * * tides /usr/local/bin/fetch-tides --quiet
0 4 * * 0 root /usr/local/bin/prune-tides
EOF
cat > /srv/tides/.env <<'EOF'
PORT=8000
DEBUG=false
SECRET_KEY="change me"
EOF
cat > /etc/tides.ini <<'EOF'
[cache]
enabled = yes
size = 64

[limits]
requests = 100
EOF
systemctl daemon-reload
systemctl enable --now tides.service
