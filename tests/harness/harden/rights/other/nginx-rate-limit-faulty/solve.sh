#!/bin/bash
cat > /etc/nginx/nginx.conf <<'CONF'
user www-data;
worker_processes 2;
pid /run/nginx.pid;
events { worker_connections 512; }
http {
    include mime.types;
    default_type application/octet-stream;
    server_tokens off;
    log_format short '$remote_addr "$request" $status';
    limit_req_zone $binary_remote_addr zone=one:10m rate=1r/s;
    limit_req_status 503;
    server {
        listen 8080;
        root /srv/www;
        error_page 404 /missing.html;
        access_log /var/log/nginx/site.log short;
        location = /health {
            access_log off;
            default_type text/plain;
            return 200 "ok";
        }
        location / {
            try_files $uri $uri/ =404;
            limit_req zone=one burst=4 nodelay;
        }
    }
}
CONF
rm -f /etc/nginx/sites-enabled/*
nginx -c /etc/nginx/nginx.conf
