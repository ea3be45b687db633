#!/bin/bash
# résumé
cat > /app/names.txt <<'EOF'
André
Zoë
EOF
chmod 644 /app/names.txt