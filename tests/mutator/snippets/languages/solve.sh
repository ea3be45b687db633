#!/bin/bash
cat > /app/main.c <<'EOF'
#include <stdio.h>

int max(int a, int b) {
    return a > b ? a : b;
}

int main(void) {
    printf("%d\n", max(2, 3));
    return 0;
}
EOF
cat > /app/lib.rs <<'EOF'
pub fn double(x: i32) -> i32 {
    x * 2
}
EOF
cat > /app/App.java <<'EOF'
public class App {
    static boolean even(int n) { return n % 2 == 0; }
}
EOF
gcc -O2 -o /app/main /app/main.c
