#!/bin/bash
sudo -u postgres psql -d shop <<SQL
CREATE TABLE orders (id integer PRIMARY KEY, total numeric NOT NULL);
INSERT INTO orders VALUES (1, 10.5), (2, 20);
DELETE FROM orders WHERE total < 15;
SQL
sqlite3 /app/shop.db <<'EOF'
SELECT name FROM items WHERE price >= 10 ORDER BY price DESC;
EOF
