#!/bin/bash
set -euo pipefail
cat > /app/invoices.py <<'EOF'
"""Invoices: money, discounts and taxes."""
from __future__ import annotations

import re
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from functools import lru_cache, total_ordering
from typing import Any, Protocol

_CODE = re.compile(r"^[A-Z]{3}-\d{4}$")
CENT = Decimal("0.01")
TAX_RATES: Mapping[str, Decimal] = {"DE": Decimal("0.19"), "FR": Decimal("0.20"), "LU": Decimal("0.17")}


class InvoiceError(ValueError):
    """Something about an invoice is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Status(Enum):
    DRAFT = "draft"
    SENT = "sent"
    PAID = "paid"


TRANSITIONS = {Status.DRAFT: {Status.SENT}, Status.SENT: {Status.PAID, Status.DRAFT}, Status.PAID: set()}


@total_ordering
@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if len(self.currency) != 3:
            raise InvoiceError("currency", f"not a currency: {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvoiceError("currency", "currencies differ")

    def rounded(self) -> Money:
        return replace(self, amount=self.amount.quantize(CENT, rounding=ROUND_HALF_UP))


@dataclass
class Line:
    code: str
    quantity: int
    price: Money

    @property
    def total(self) -> Money:
        return Money(self.price.amount * self.quantity, self.price.currency)


class Discount(ABC):
    @abstractmethod
    def apply(self, total: Money, lines: list[Line]) -> Money: ...


class Percentage(Discount):
    def __init__(self, percent: int):
        if not 0 < percent <= 100:
            raise InvoiceError("discount", "percent out of range")
        self.percent = percent

    def apply(self, total: Money, lines: list[Line]) -> Money:
        return Money(total.amount * (100 - self.percent) / 100, total.currency).rounded()


class Bulk(Discount):
    def __init__(self, minimum: int, off: Decimal):
        self.minimum, self.off = minimum, off

    def apply(self, total: Money, lines: list[Line]) -> Money:
        count = sum(line.quantity for line in lines)
        if count < self.minimum:
            return total
        return Money(max(total.amount - self.off, Decimal(0)), total.currency)


@dataclass
class Invoice:
    country: str
    lines: list[Line] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    status: Status = Status.DRAFT
    number: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    issued: date | None = None

    def add(self, line: Line) -> Invoice:
        if self.status is not Status.DRAFT:
            raise InvoiceError("status", "only a draft can change")
        if not _CODE.match(line.code):
            raise InvoiceError("code", f"bad code {line.code}")
        self.lines.append(line)
        return self

    def move(self, status: Status) -> None:
        if status not in TRANSITIONS[self.status]:
            raise InvoiceError("status", f"{self.status.value} cannot become {status.value}")
        self.status = status
        if status is Status.SENT and self.issued is None:
            self.issued = datetime.now(timezone.utc).date()

    def net(self) -> Money:
        total = Money(Decimal(0))
        for line in self.lines:
            total = total + line.total
        for discount in self.discounts:
            total = discount.apply(total, self.lines)
        return total

    def gross(self) -> Money:
        net = self.net()
        rate = TAX_RATES.get(self.country, Decimal(0))
        return Money(net.amount * (1 + rate), net.currency).rounded()

    def as_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "status": self.status.value,
            "lines": [{"code": line.code, "quantity": line.quantity} for line in self.lines],
            "net": str(self.net().amount),
            "gross": str(self.gross().amount),
        }


class Clock(Protocol):
    def __call__(self) -> float: ...


class Cache:
    """A few values for a while."""

    def __init__(self, ttl: float = 60.0, max_entries: int = 128, clock: Clock = time.monotonic) -> None:
        self._ttl = ttl
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.RLock()
        self._values: dict[str, tuple[float, Any]] = {}
        self.hits = self.misses = 0

    def get(self, key: str, default: Any = None) -> Any:
        with self._lock:
            entry = self._values.get(key)
            if entry is None or entry[0] <= self._clock():
                self.misses += 1
                self._values.pop(key, None)
                return default
            self.hits += 1
            return entry[1]

    def put(self, key: str, value: Any) -> None:
        with self._lock:
            if len(self._values) >= self._max_entries:
                oldest = min(self._values, key=lambda k: self._values[k][0])
                del self._values[oldest]
            self._values[key] = (self._clock() + self._ttl, value)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values


@lru_cache(maxsize=None)
def luhn_valid(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()]
    if len(digits) < 2:
        return False
    checksum = 0
    for index, digit in enumerate(reversed(digits)):
        if index % 2 == 1:
            digit *= 2
            if digit > 9:
                digit -= 9
        checksum += digit
    return checksum % 10 == 0


def group_by_country(invoices: Iterable[Invoice]) -> dict[str, Money]:
    totals: dict[str, Money] = {}
    for invoice in invoices:
        totals[invoice.country] = totals.get(invoice.country, Money(Decimal(0))) + invoice.gross()
    return dict(sorted(totals.items(), key=lambda item: (-item[1].amount, item[0])))
EOF
