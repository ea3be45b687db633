#!/bin/bash
cat <<A > /tmp/one.txt; cat <<'B' > /tmp/two.csv
first $USER
A
id,name
1,ann
2,bob
B
diff <(sort /tmp/one.txt) <(sort /tmp/two.csv) || true
