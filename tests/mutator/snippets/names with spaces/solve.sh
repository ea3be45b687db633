#!/bin/bash
cp "/solution/my tool.py" "/app/my tool.py"
cp -r /solution/more\ files "/app/more files"
python3 "/app/my tool.py" > "/app/the output.txt"
