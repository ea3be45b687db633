#!/bin/bash
python3 /app/calls.py > /app/calls.txt
