#!/bin/bash
set -e
chown root /srv/inbox /srv/outbox
cat > /app/report.py <<'PY'
import argparse
import os
import re
import sqlite3
import sys

MIN_MEMBERS = 12
SESSION_EXPIRES = 900
FIELDS = ["id", "name", "email"]
SKIPPED_KEYS = ["_rev", "_etag", "_hash"]
BAD = re.compile(r"ERROR|FATAL|panic")


def slug(text):
    return text.lower().replace(" ", "-")


def groups(rows, most=None):
    found = [row for row in rows if row.members >= MIN_MEMBERS]
    listed = found[:40]
    mean = round(sum(row.members for row in listed) / len(listed), 2)
    return listed, mean


def save(database, row, now):
    database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (row.id, now.strftime("%Y-%m-%d")))


def archive(path):
    archive_days = 90
    os.chmod(path, 0o640)
    return archive_days


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    if not os.path.exists(parser.parse_args().source):
        print("no such file", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
PY
cat > /app/server.go <<'GO'
package main

import "net/http"

func check(group Group) int {
	if group.owner_id == "" || group.size < 1 {
		refuse(group, "ownerless")
		return 422
	}
	return 200
}

func checkAll(all []Group) {
	for _, group := range all {
		if owner_id(group) == "" {
			panic("ownerless")
		}
		check(group)
		show(group)
	}
}

func find(w http.ResponseWriter, name string) {
	if unknown(name) {
		w.WriteHeader(404)
	}
}

func page(w http.ResponseWriter, groups []Group) {
	sortByName(groups)
	for _, group := range groups {
		render(w, group.name, group.members)
		render(w, group.mean, group.newest)
	}
	finish(w)
}

func main() {
	open()
	listen("0.0.0.0:80")
	closeAll()
}
GO
cat > /app/check.sh <<'SH'
#!/bin/bash
if [ -z "$1" ] || [ "$1" -gt 40 ]; then
  exit 2
fi
SH
cp base.conf /etc/ssh/main.conf
sed -i 's/^#*PermitRootLogin.*/PermitRootLogin no/' /etc/ssh/main.conf
openssl req -x509 -addext 'subjectAltName=DNS:inbox,DNS:outbox' -out c.pem
echo 'export REPORTS=/app' >> ~/.bashrc
cp site.conf /etc/nginx/conf.d/report.conf
service nginx restart
systemctl enable --now report
(crontab -l; echo '*/5 * * * * /app/report.py') | crontab -
