#!/bin/bash
set -e
cat > /app/inventory.py <<'EOF'
from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    NEW = "new"
    SOLD = "sold"


@dataclass(frozen=True)
class Item:
    name: str
    price: float
    amount: int = 1
    state: State = State.NEW

    def __post_init__(self) -> None:
        if self.price < 0:
            raise ValueError("price below zero")

    @property
    def value(self) -> float:
        return round(self.price * self.amount, 2)


@dataclass
class Inventory:
    items: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> None:
        self.items.append(item)

    def total(self) -> float:
        return sum(item.value for item in self.items if item.state is State.NEW)

    def cheapest(self) -> Item | None:
        return min(self.items, key=lambda item: item.price, default=None)

    def by_name(self) -> dict[str, Item]:
        return {item.name: item for item in self.items}

    def to_json(self) -> dict[str, object]:
        return {"total": self.total(), "count": len(self.items), "names": sorted(self.by_name())}
EOF
