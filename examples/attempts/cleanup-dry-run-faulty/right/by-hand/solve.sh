#!/bin/bash
install -m 755 /solution/tidy.py /app/tidy.py
