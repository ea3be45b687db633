#!/bin/bash
cat > /app/Dockerfile <<'EOF'
FROM python:3.12-slim
WORKDIR /srv
COPY . .
EXPOSE 8000
CMD ["python", "app.py"]
EOF
tee /app/package.json <<EOF >/dev/null
{
  "name": "demo",
  "version": "1.0.0",
  "scripts": {"start": "node index.js"}
}
EOF
