#!/bin/bash
python3 <<'PY'
import re
from pathlib import Path

path = Path("/app/server.py")
text = path.read_text()
text = text.replace("    return data[0]", "    if not data:\n        return None\n    return data[-1]")
text = text.replace("""        for item in items:
            yield item
""", """        for item in sorted(items):
            if item.price > 10:
                yield item
""")
text = re.sub(r"TIMEOUT = \d+", "TIMEOUT = 30", text)
path.write_text(text)
Path("/app/VERSION").write_text("2.1.0\n")
PY
