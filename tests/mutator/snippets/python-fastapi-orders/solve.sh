#!/bin/bash
set -e
cat > /app/main.py <<'EOF'
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

app = FastAPI()
orders: dict[int, dict] = {}


class Order(BaseModel):
    item: str = Field(min_length=1)
    amount: int = Field(gt=0, le=100)


def verify_token(x_token: str = Header(...)) -> str:
    if x_token != "secret":
        raise HTTPException(status_code=401, detail="bad token")
    return x_token


@app.post("/orders", status_code=201)
async def create(order: Order, token: str = Depends(verify_token)) -> dict:
    number = len(orders) + 1
    orders[number] = {"id": number, "item": order.item, "amount": order.amount}
    return orders[number]


@app.get("/orders/{number}")
async def read(number: int) -> dict:
    if number not in orders:
        raise HTTPException(status_code=404, detail="no such order")
    return orders[number]


@app.get("/orders")
async def index(limit: int = 20, sort: str = "id") -> list[dict]:
    return sorted(orders.values(), key=lambda order: order[sort])[:limit]
EOF
