#!/bin/bash
python3 <<< "print(sum(range(10)))" > /app/sum.txt
bc <<< "scale=2; 10 / 3" > /app/third.txt
sqlite3 /app/a.db <<< 'DELETE FROM logs WHERE age > 30;'
