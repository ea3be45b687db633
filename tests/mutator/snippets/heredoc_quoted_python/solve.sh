#!/bin/bash
cat > /app/greet.py << 'EOF'
import sys


def greet(name, loud=False):
    text = f"hello {name}"
    return text.upper() if loud else text


if __name__ == "__main__":
    print(greet(sys.argv[1], "--loud" in sys.argv))
EOF
python3 /app/greet.py world --loud
