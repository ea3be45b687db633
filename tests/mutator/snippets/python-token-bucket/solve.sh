#!/bin/bash
set -e
cat > /app/limiter.py <<'EOF'
import threading
import time


class TokenBucket:
    """Lets `rate` calls a second through, and `capacity` at once."""

    def __init__(self, capacity=10, rate=5.0, clock=time.monotonic):
        self.capacity = capacity
        self.rate = rate
        self.clock = clock
        self.tokens = float(capacity)
        self.stamp = clock()
        self._lock = threading.Lock()

    def _refill(self):
        now = self.clock()
        self.tokens = min(self.capacity, self.tokens + (now - self.stamp) * self.rate)
        self.stamp = now

    def allow(self, cost=1):
        with self._lock:
            self._refill()
            if self.tokens < cost:
                return False
            self.tokens -= cost
            return True


class Clients:
    def __init__(self, make=TokenBucket, max_clients=1000):
        self.buckets = {}
        self.make = make
        self.max_clients = max_clients

    def allow(self, client):
        if client not in self.buckets:
            if len(self.buckets) >= self.max_clients:
                self.buckets.pop(next(iter(self.buckets)))
            self.buckets[client] = self.make()
        return self.buckets[client].allow()
EOF
