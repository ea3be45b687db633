#!/bin/bash
echo "PORT=8080" > /app/.env
echo "DEBUG=false" >> /app/.env
{
  echo '[core]'
  echo "workers = 4"
} > /etc/core.ini
printf 'name,age\nann,%d\n' 30 > /app/people.csv
printf '%s\n' 'first' 'second' > /app/list.txt
echo -e "a: 1\nb: [x, y]" > /app/conf.yaml
