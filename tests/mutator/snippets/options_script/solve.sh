#!/bin/bash
cat > /app/clean.sh <<'EOF'
#!/bin/bash
DRY=0
DAYS=30
while [ $# -gt 0 ]; do
  case "$1" in
    -n|--dry-run) DRY=1 ;;
    --days) DAYS="$2"; shift ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
count=0
for f in $(find /data -mtime +"$DAYS" -name '*.log'); do
  if [ "$DRY" -eq 1 ]; then
    echo "would delete $f"
  else
    rm "$f" || exit 1
  fi
  count=$((count + 1))
done
echo "$count files"
EOF
chmod 755 /app/clean.sh
