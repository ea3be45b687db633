#!/bin/bash
cat > /infra/main.tf <<'EOF'
variable "port" {
  type    = number
  default = 8080
}

resource "aws_s3_bucket" "logs" {
  bucket        = "logs-${var.port}"
  acl           = "private"
  force_destroy = false
  tags          = { Team = "data", Env = "dev" }

  versioning {
    enabled = true
  }
}

output "ports" {
  value = [80, 443]
}
EOF
cat > /app/Makefile <<'EOF'
CC = gcc
JOBS = 4

.PHONY: all clean
all: main.o util.o
	$(CC) -o app main.o util.o
	strip app

%.o: %.c
	$(CC) -c $<

clean:
	rm -f *.o app
EOF
cat > /app/report.ipynb <<'EOF'
{
 "cells": [
  {"cell_type": "markdown", "source": ["# Report: \"sums\""], "metadata": {}},
  {
   "cell_type": "code",
   "execution_count": null,
   "metadata": {},
   "outputs": [],
   "source": [
    "def total(rows):\n",
    "    if not rows:\n",
    "        return 0\n",
    "    return sum(row[\"n\"] for row in rows)\n"
   ]
  },
  {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": "print(total([{'n': 2}]))"}
 ],
 "metadata": {"kernelspec": {"language": "python", "name": "python3"}},
 "nbformat": 4,
 "nbformat_minor": 5
}
EOF
