export OUT=/app/out
export MODE="strict"
