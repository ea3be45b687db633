#!/bin/bash
cat > /app/script.sh <<'EOF'
#!/bin/sh
cat <<INNER
  EOF
INNER
exit 3
EOF
chmod +x /app/script.sh
