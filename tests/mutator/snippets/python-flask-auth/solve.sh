#!/bin/bash
set -e
cat > /app/server.py <<'EOF'
import hashlib
import hmac
import os
from functools import wraps

from flask import Flask, abort, jsonify, request

app = Flask(__name__)
SECRET = os.environ.get("SECRET", "dev").encode()
ROLES = {"alice": "admin", "bob": "reader"}
ITEMS = {}


def login_required(view):
    @wraps(view)
    def guarded(*args, **kwargs):
        user, _, sent = request.headers.get("Authorization", "").partition(":")
        expected = hmac.new(SECRET, user.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(sent, expected):
            abort(401)
        return view(user, *args, **kwargs)

    return guarded


@app.get("/health")
def health():
    return jsonify({"status": "ok"})


@app.route("/items/<key>", methods=["PUT"])
@login_required
def put_item(user, key):
    if ROLES.get(user) != "admin":
        return jsonify({"error": "forbidden"}), 403
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or "value" not in body:
        return jsonify({"error": "value is required"}), 400
    ITEMS[key] = body["value"]
    return jsonify({"key": key, "value": body["value"]}), 201


@app.errorhandler(404)
def missing(error):
    return jsonify({"error": "not found"}), 404


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)
EOF
nohup python3 /app/server.py > /var/log/server.log 2>&1 &
