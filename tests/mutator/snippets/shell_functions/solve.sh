#!/usr/bin/env bash
set -u
readonly ROOT=/srv/data

log() { printf '%s\n' "$*" >&2; }

retry() {
  local tries=$1; shift
  until "$@"; do
    tries=$((tries - 1))
    if (( tries <= 0 )); then
      log "gave up: $*"
      return 1
    fi
    sleep 1
  done
}

write_config() {
  local name=$1 port=${2:-8080}
  cat > "$ROOT/$name.conf" <<EOF
name=$name
port=$port
root=$ROOT
EOF
  chmod 640 "$ROOT/$name.conf"
}

for name in alpha beta gamma; do
  write_config "$name" 9000
done
retry 3 curl -fsS http://localhost:9000/ || exit 1
trap 'rm -rf /tmp/work' EXIT
[[ -d $ROOT && ! -L $ROOT ]] || { log "no $ROOT"; exit 2; }
umask 027
find "$ROOT" -type f -name '*.conf' -exec chmod 640 {} +
