#!/bin/bash
set -e
rm -f /etc/nginx/sites-enabled/default
cat > /etc/nginx/sites-available/office <<'CONF'
limit_req_zone $remote_addr zone=perclient:5m rate=60r/m;
limit_req_status 503;
server_tokens off;
log_format office '$remote_addr "$request" $status';
map $uri $is_health { /health 0; default 1; }
server {
    listen 0.0.0.0:8080 default_server;
    server_name _;
    access_log /var/log/nginx/site.log office if=$is_health;
    location = /health {
        add_header X-Checked yes;
        types { }
        default_type text/plain;
        return 200 "ok\n";
    }
    location / {
        root /srv/www;
        index index.html;
        limit_req zone=perclient burst=4 nodelay;
        error_page 404 /missing.html;
    }
}
CONF
ln -s ../sites-available/office /etc/nginx/sites-enabled/office
nginx -t
nginx
