"""What asking costs in tokens and money, and the budgets that end it. A request that may exceed one is not sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

BYTES_PER_TOKEN = 3
"""Of the texts in requests; a little low for prose, so that estimates are a little high."""


def estimated_tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Tokens:
    prompt: int = 0
    answer: int = 0
    estimated: bool = False
    """The endpoint did not say how many there were."""

    @property
    def sum(self) -> int:
        return self.prompt + self.answer

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.prompt + other.prompt, self.answer + other.answer, self.estimated or other.estimated)

    def __sub__(self, other: Tokens) -> Tokens:
        return Tokens(self.prompt - other.prompt, self.answer - other.answer, self.estimated)


NOTHING = Tokens()


@dataclass(frozen=True, slots=True)
class Prices:
    """For a million tokens, in whatever currency the endpoint charges."""

    prompt: float
    answer: float

    def of(self, tokens: Tokens) -> float:
        return (tokens.prompt * self.prompt + tokens.answer * self.answer) / 1e6


@dataclass(frozen=True, slots=True)
class Budget:
    """What one call may spend; None is no limit. A limit in money needs prices."""

    tokens: int | None = None
    cost: float | None = None
    prices: Prices | None = None

    def allows(self, tokens: Tokens) -> bool:
        if self.tokens is not None and tokens.sum > self.tokens:
            return False
        return self.cost is None or self.prices is None or self.prices.of(tokens) <= self.cost


class Purse:
    """What was spent, and what requests that are under way may still spend."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.spent = NOTHING
        self._held: list[Tokens] = []
        self._changed = asyncio.Condition()

    async def hold(self, most: Tokens) -> bool:
        """Whether so much may be spent. It waits for what is under way where that may leave enough."""
        async with self._changed:
            while not self.budget.allows(sum(self._held, self.spent + most)):
                if not self._held:
                    return False
                await self._changed.wait()
            self._held.append(most)
            return True

    async def pay(self, held: Tokens, used: Tokens) -> None:
        """Instead of what was held for it; whoever waits looks again."""
        self._held.remove(held)
        self.spent += used
        async with self._changed:
            self._changed.notify_all()
