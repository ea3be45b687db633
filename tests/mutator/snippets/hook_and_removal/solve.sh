#!/bin/bash
set -e
cat > /usr/local/bin/nightly <<'EOF'
#!/bin/sh
[ -f /var/run/nightly.lock ] && exit 0
touch /var/run/nightly.lock
logger -t nightly "Backup started"
tar -C /srv -czf /backup/srv.tar.gz .
rm -f /var/run/nightly.lock
EOF
chmod +x /usr/local/bin/nightly
cd /srv/app
patch -p1 <<'EOF'
--- a/settings.py
+++ b/settings.py
@@ -1,4 +1,3 @@
 NAME = "app"
-DEBUG = True
 PORT = 8000
-HOSTS = []
+HOSTS = ["localhost"]
EOF
