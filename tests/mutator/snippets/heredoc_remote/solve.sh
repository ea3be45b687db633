#!/bin/bash
ssh -o StrictHostKeyChecking=no web1 'bash -s' <<'EOF'
systemctl restart nginx
rm -f /var/cache/app/*.tmp
EOF
docker exec -i db psql -U app <<'EOF'
UPDATE users SET active = true WHERE role = 'admin';
EOF
