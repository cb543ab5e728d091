"""What a model may take for one decision enters; a meter that stops it there leaves."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.errors import ModelError

MAX_TURNS = 8
"""Replies per decision, the judge's and those that had to be asked for again included."""

MAX_COST_USD = 0.20
MAX_TOKENS_UNPRICED = 60_000
"""Bounds a decision where the model's price is not known."""

MAX_REPLY_TOKENS = 1_000
DECISION_S = 8.0
"""The whole decision, retrieval included; a webhook's sender hangs up at about 10 s."""

MODEL_S = 7.5
"""What of it the model may take, all turns, retries and lookups together."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input_usd: float
    output_usd: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Return what so many tokens cost, in US dollars."""
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / 1e6


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one decision."""

    turns: int = MAX_TURNS
    cost_usd: float = MAX_COST_USD
    tokens_unpriced: int = MAX_TOKENS_UNPRICED
    model_s: float = MODEL_S


@dataclass(frozen=True, slots=True)
class Usage:
    """What one reply took; `cost_usd` only where the server itself says."""

    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None


class Meter:
    """Counts what one decision takes and refuses a turn that could go over a limit.

    Attributes:
        turns: Replies so far.
        tokens: Tokens so far.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._ends = clock() + limits.model_s
        self._cost_usd: float | None = 0.0
        self.turns = 0
        self.tokens = 0

    @property
    def cost_usd(self) -> float | None:
        """What was spent; `None` where a price is not known."""
        return self._cost_usd

    @property
    def remaining_s(self) -> float:
        """Seconds until the model's time is over."""
        return self._ends - self._clock()

    def allow(self, prompt_bytes: int, price: Price | None) -> None:
        """Check that one more turn stays within every limit.

        Args:
            prompt_bytes: Size of what will be sent; no tokeniser makes more tokens of it than that.
            price: What the model costs, where known.

        Raises:
            ModelError: It could go over one.
        """
        if self.turns >= self._limits.turns:
            raise ModelError(f"gave no answer within {self._limits.turns} turns")
        if self.remaining_s <= 0:
            raise ModelError(f"gave no answer within {self._limits.model_s:g} s")
        if price is not None:
            most = (self._cost_usd or 0.0) + price.of(prompt_bytes, MAX_REPLY_TOKENS)
            if most > self._limits.cost_usd:
                raise ModelError(f"could cost more than ${self._limits.cost_usd:.2f}")
        elif self.tokens + prompt_bytes + MAX_REPLY_TOKENS > self._limits.tokens_unpriced:
            raise ModelError(
                f"could take more than {self._limits.tokens_unpriced:,} tokens, and its price is not known"
            )

    def count(self, usage: Usage, price: Price | None) -> None:
        """Add a turn."""
        self.turns += 1
        self.tokens += usage.input_tokens + usage.output_tokens
        spent = usage.cost_usd if usage.cost_usd is not None else None
        if spent is None and price is not None:
            spent = price.of(usage.input_tokens, usage.output_tokens)
        self._cost_usd = None if spent is None or self._cost_usd is None else self._cost_usd + spent
