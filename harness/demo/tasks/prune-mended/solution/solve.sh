#!/bin/bash
cp /solution/prune.py /app/prune
chmod +x /app/prune
