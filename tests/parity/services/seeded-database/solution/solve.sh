#!/bin/bash
set -e
python3 /srv/sql.py "update bills set paid = 1 where owed < 100"
python3 /srv/sql.py "select sum(owed) from bills where paid" > /books/paid.new
mv /books/paid.new /books/paid.txt
until [ -e /books/sealed.txt ]; do sleep 0.05; done
