#!/bin/bash
for name in alpha beta; do
  cat > "/etc/app/$name.env" <<EOF
NAME=$name
LEVEL=info
EOF
  chmod 640 "/etc/app/$name.env"
done
while read -r user role; do
  usermod -aG "$role" "$user"
done <<EOF
ann admin
bob staff
EOF
