#!/bin/bash
PORT=8080
cat > /etc/nginx/conf.d/app.conf <<EOF
server {
    listen $PORT;
    server_name ${HOSTNAME:-localhost};
    location / {
        proxy_set_header Host \$host;
        proxy_pass http://127.0.0.1:9000;
    }
}
EOF
nginx -s reload
