#!/bin/bash
mkdir -p /app/src
cat > /app/src/main.rs <<'EOF'
use std::collections::HashMap;
use std::env;
use std::fs;

#[derive(Debug, PartialEq)]
enum Token {
    Number(i64),
    Plus,
    Minus,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    for part in text.split_whitespace() {
        match part {
            "+" => found.push(Token::Plus),
            "-" => found.push(Token::Minus),
            other => found.push(Token::Number(other.parse().map_err(|_| format!("bad: {other}"))?)),
        }
    }
    if found.is_empty() {
        return Err("empty".to_string());
    }
    Ok(found)
}

fn value(tokens: &[Token]) -> i64 {
    let mut total = 0;
    let mut sign = 1;
    for token in tokens {
        match token {
            Token::Number(number) => total += sign * number,
            Token::Plus => sign = 1,
            Token::Minus => sign = -1,
        }
    }
    total
}

fn main() {
    let path = env::args().nth(1).unwrap_or("/app/in.txt".to_string());
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in fs::read_to_string(&path).expect("readable").lines() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        *counts.entry(line.to_string()).or_insert(0) += 1;
        println!("{}", tokens(line).map(|t| value(&t)).unwrap_or(0));
    }
    assert!(counts.len() < 10_000);
}
EOF
cd /app && cargo build --release
