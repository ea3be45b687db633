#!/bin/bash
set -euo pipefail
cat > /app/api.py <<'EOF'
"""Orders API with keys and a rate limit."""
from __future__ import annotations

import hashlib
import hmac
import logging
import os
import sqlite3
import time
from collections import defaultdict, deque
from functools import wraps

from flask import Flask, g, jsonify, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
logger = logging.getLogger(__name__)

API_KEYS = {"alpha-key": "reader", "beta-key": "writer"}
SECRET = os.environ.get("WEBHOOK_SECRET", "change-me").encode()
RATE_LIMIT = 5
WINDOW_SECONDS = 10.0
_hits: dict[str, deque[float]] = defaultdict(deque)


def get_db() -> sqlite3.Connection:
    if "db" not in g:
        g.db = sqlite3.connect(os.environ.get("DB_PATH", "/app/orders.db"))
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close_db(_error=None):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def rate_limited(view):
    @wraps(view)
    def inner(*args, **kwargs):
        now = time.monotonic()
        hits = _hits[request.remote_addr]
        while hits and now - hits[0] > WINDOW_SECONDS:
            hits.popleft()
        if len(hits) >= RATE_LIMIT:
            retry_after = max(1, int(WINDOW_SECONDS - (now - hits[0])))
            response = jsonify(error="too many requests")
            response.status_code = 429
            response.headers["Retry-After"] = str(retry_after)
            return response
        hits.append(now)
        return view(*args, **kwargs)

    return inner


def require_role(role):
    def decorator(view):
        @wraps(view)
        def inner(*args, **kwargs):
            key = request.headers.get("X-Api-Key", "")
            actual = API_KEYS.get(key)
            if actual is None:
                return jsonify(error="unauthorized"), 401
            if role == "writer" and actual != "writer":
                logger.warning("refused %s", key)
                return jsonify(error="forbidden"), 403
            return view(*args, **kwargs)

        return inner

    return decorator


def verify_signature(body: bytes, signature: str) -> bool:
    expected = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


@app.get("/health")
def health():
    return jsonify(status="ok")


@app.get("/orders")
@rate_limited
@require_role("reader")
def list_orders():
    limit = min(int(request.args.get("limit", 20)), 100)
    offset = max(int(request.args.get("offset", 0)), 0)
    rows = get_db().execute(
        "SELECT id, item, quantity FROM orders ORDER BY id LIMIT ? OFFSET ?", (limit, offset)
    ).fetchall()
    return jsonify(orders=[dict(row) for row in rows], limit=limit, offset=offset)


@app.post("/orders")
@rate_limited
@require_role("writer")
def create_order():
    payload = request.get_json(silent=True) or {}
    errors = {}
    if not payload.get("item"):
        errors["item"] = "required"
    quantity = payload.get("quantity")
    if not isinstance(quantity, int) or quantity < 1:
        errors["quantity"] = "must be a positive integer"
    if errors:
        return jsonify(errors=errors), 422
    db = get_db()
    cursor = db.execute("INSERT INTO orders (item, quantity) VALUES (?, ?)", (payload["item"], quantity))
    db.commit()
    logger.info("order %s created", cursor.lastrowid)
    return jsonify(id=cursor.lastrowid, item=payload["item"], quantity=quantity), 201


@app.post("/webhook")
def webhook():
    signature = request.headers.get("X-Signature", "")
    if not verify_signature(request.get_data(), signature):
        return "bad signature", 400
    event = request.get_json()
    match event.get("type"):
        case "paid":
            status = "PAID"
        case "cancelled":
            status = "CANCELLED"
        case "refunded":
            status = "REFUNDED"
        case _:
            return "ignored", 202
    db = get_db()
    db.execute("UPDATE orders SET status = ? WHERE id = ?", (status, event["order"]))
    db.commit()
    return "", 204


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    app.run(host="0.0.0.0", port=8080)
EOF
python3 /app/api.py &
