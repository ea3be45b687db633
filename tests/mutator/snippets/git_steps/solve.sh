#!/bin/bash
cd /repo
git checkout -b fix
sed -i 's/DEBUG = True/DEBUG = False/' settings.py
git add -A
git commit -m "Turn debug off"
git merge --no-ff main
