#!/bin/sh
cp /a /b
chmod 600 /b