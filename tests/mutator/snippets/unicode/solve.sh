#!/bin/bash
# größe
cat > /app/menu.py <<'EOF'
PRICES = {"crème brûlée": 6, "été 😀": 7}


def price(name):
    return PRICES[name] + 1  # €
EOF
echo "naïve" > /app/word.txt
