#!/bin/bash
set -euo pipefail

mkdir -p /srv/www
cp -a /data/site/. /srv/www/
chown -R www-data:www-data /srv/www
chmod 750 /srv/www
ln -s /srv/www /var/www
echo "site is in place"
