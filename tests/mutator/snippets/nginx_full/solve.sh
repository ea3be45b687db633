#!/bin/bash
set -e
cat > /etc/nginx/conf.d/shop.conf <<'EOF'
limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;
log_format brief '$remote_addr "$request" $status $request_time';

upstream backend {
    server 127.0.0.1:9001 weight=3;
    server 127.0.0.1:9002 backup;
}

server {
    listen 443 ssl;
    server_name shop.example;
    ssl_certificate /etc/nginx/tls/shop.crt;
    ssl_certificate_key /etc/nginx/tls/shop.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    server_tokens off;
    client_max_body_size 2m;
    access_log /var/log/nginx/shop.log brief;
    add_header X-Frame-Options DENY always;
    error_page 404 /missing.html;

    location /api/ {
        limit_req zone=api burst=20 nodelay;
        proxy_pass http://backend;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_read_timeout 30s;
    }

    location = /admin {
        allow 10.0.0.0/8;
        deny all;
        auth_basic "staff only";
        auth_basic_user_file /etc/nginx/htpasswd;
    }

    location ~ \.bak$ {
        return 403;
    }
}
EOF
nginx -t
nginx -s reload
