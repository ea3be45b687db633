#!/bin/bash
sed -i 's/^#Port 22/Port 2222/; /^PermitRootLogin/d; s/yes$/no/g' /etc/ssh/sshd_config
sed -i -e 's|http://|https://|g' -e '$a\MaxAuthTries 3' /etc/ssh/sshd_config
sed -n '2,5p' /data/in.txt > /app/part.txt
sed -E 's/([a-z]+)=([0-9]+)/\2=\1/' /data/pairs.txt > /app/turned.txt
