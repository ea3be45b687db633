#!/bin/bash
mkdir -p /app/src
cat > /app/src/Ledger.kt <<'EOF'
package app.ledger

class Ledger(private val limit: Int) {
    private val signs = mapOf("in" to 1, "out" to -1)
    private var total = 0

    fun book(kind: String, amount: Int): Boolean {
        if (amount <= 0) {
            throw IllegalArgumentException("amount must be positive")
        }
        val sign = signs[kind] ?: return false
        if (total + sign * amount > limit) return false
        total += sign * amount
        when (kind) {
            "in" -> log("credit")
            "out" -> log("debit")
            else -> error("unknown")
        }
        if (total == limit) {
            notify(true)
        }
        return true
    }

    fun label(): String {
        return if (total < 0) "overdrawn" else "ok $total"
    }
}
EOF
cat > /app/src/Store.cs <<'EOF'
using System;
using System.Collections.Generic;

namespace App
{
    public class Store
    {
        private readonly Dictionary<string, int> ranks = new() { { "low", 1 }, { "high", 2 } };
        private readonly Dictionary<string, string> codes = new Dictionary<string, string> { ["a"] = "x", ["b"] = "y" };

        public bool Put(string key, int size)
        {
            if (string.IsNullOrEmpty(key))
            {
                throw new ArgumentException("key");
            }
            if (size > 64 && !ranks.ContainsKey(key)) return false;
            Keep(key, size);
            return true;
        }

        public string Name(int rank)
        {
            switch (rank)
            {
                case 1: return "low";
                case 2: return "high";
                default: return "none";
            }
        }

        public async Task<int> Count(IReadOnlyList<int> all)
        {
            var sum = 0;
            for (var i = 0; i < all.Count; i++) { sum += all[i]; }
            await Flush(true);
            return sum;
        }
    }
}
EOF
cat > /app/index.php <<'EOF'
<?php
function price(array $cart, ?string $code): float {
    $rates = ['de' => 19, 'fr' => 20];
    if (count($cart) === 0) {
        throw new InvalidArgumentException('empty cart');
    }
    $sum = 0;
    foreach ($cart as $item) {
        $sum += $item['price'] * $item['count'];
    }
    if ($code !== null) {
        $sum = discount($sum, $code);
    }
    switch ($code) {
        case 'half': audit('half'); break;
        case 'free': audit('free'); break;
    }
    return $sum > 100 ? $sum * 0.9 : $sum;
}
echo json_encode(['total' => price($argv, null), 'ok' => true]);
EOF
cat > /app/queue.lua <<'EOF'
local Queue = {}
local weights = {urgent = 3, ["normal"] = 1}

function Queue.push(self, kind, job)
  if weights[kind] == nil then
    error("unknown kind " .. kind)
  end
  if #self >= 10 and kind ~= "urgent" then return false end
  table.insert(self, job)
  self.sum = self.sum + weights[kind]
  if self.sum > 5 then
    self:flush(true)
  end
  return true
end

return Queue
EOF
php -r 'echo strlen("a") + 1;'
