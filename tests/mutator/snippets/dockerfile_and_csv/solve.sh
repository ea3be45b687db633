#!/bin/bash
cat > /app/Dockerfile <<'EOF'
FROM debian:12-slim
ENV PORT=8080 LANG=C.UTF-8
RUN apt-get update && apt-get install -y curl
COPY src/ /srv/
USER nobody
EXPOSE 8080
HEALTHCHECK CMD curl -f http://localhost:8080/ || exit 1
CMD ["python3", "/srv/app.py"]
EOF
cat > /app/prices.csv <<'EOF'
item,price,stock
pear,1.20,40
plum,0.80,0
fig,2.50,12
EOF
cat > /app/settings.json <<'EOF'
{
  "name": "tides",
  "limits": {"requests": 100, "burst": 20},
  "hosts": ["a.example", "b.example"],
  "debug": false,
  "ratio": 0.75,
  "note": null
}
EOF
