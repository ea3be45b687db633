#!/bin/bash
cp /solution/checker.py /app/checker.py
python3 /app/checker.py /data/orders.json > /app/result.txt
