#!/bin/bash
rm -f /etc/nginx/sites-enabled/default
cat > /etc/nginx/sites-enabled/tides <<'EOF'
limit_req_zone $binary_remote_addr zone=per_client:10m rate=60r/m;
limit_req_status 503;
log_format short '$remote_addr "$request" $status';
server_tokens off;
server {
    listen 8080 default_server;
    root /srv/www;
    error_page 404 /missing.html;
    access_log /var/log/nginx/site.log short;
    location = /health {
        access_log off;
        types { }
        default_type text/plain;
        return 200 "ok";
    }
    location / {
        limit_req zone=per_client burst=4 nodelay;
        try_files $uri $uri/ =404;
    }
}
EOF
nginx
