#!/bin/bash
cat > /app/schema.sql <<'EOF'
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer TEXT NOT NULL,
    total INTEGER DEFAULT 0 CHECK (total >= 0)
);
INSERT INTO orders (id, customer, total) VALUES (1, 'ann', 30), (2, 'bob', 45);
UPDATE orders SET total = total + 5 WHERE customer = 'ann';
DELETE FROM orders WHERE total < 10 AND customer <> 'bob';
EOF
cat > /app/report.sql <<'EOF'
SELECT DISTINCT c.name, COUNT(o.id) AS orders, MAX(o.total) AS most
FROM customers c
LEFT JOIN orders o ON o.customer = c.name
WHERE c.active = 1 AND (o.total > 10 OR o.total IS NULL)
GROUP BY c.name
HAVING COUNT(o.id) >= 2
ORDER BY most DESC, c.name
LIMIT 10;
EOF
sqlite3 /app/shop.db < /app/schema.sql
sqlite3 -csv /app/shop.db < /app/report.sql > /app/report.csv
