#!/bin/bash
cd /app
patch -p1 < /solution/fix.patch
git apply <<'EOF'
--- a/conf.ini
+++ b/conf.ini
@@ -1,2 +1,2 @@
 [main]
-level = 1
+level = 2
EOF
