"""A model's name enters, its price leaves where it is known."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from agent.decide.limits import Price

LIST_PRICES: Final[Mapping[str, Price]] = MappingProxyType(
    {
        "gpt-4.1": Price(2.00, 8.00),
        "gpt-4.1-mini": Price(0.40, 1.60),
        "gpt-4.1-nano": Price(0.10, 0.40),
        "gpt-4o": Price(2.50, 10.00),
        "gpt-4o-mini": Price(0.15, 0.60),
        "gpt-5": Price(1.25, 10.00),
        "gpt-5-mini": Price(0.25, 2.00),
        "gpt-5-nano": Price(0.05, 0.40),
    }
)
"""The vendor's list prices of 2025, without discounts. A price of your own (`RUNCITE_LLM_PRICE`) goes before them."""

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def list_price(model: str) -> Price | None:
    """Look a model up by its exact name, a date at its end left out; `None` where it is not listed."""
    return LIST_PRICES.get(_DATED.sub("", model))


def parse_price(text: str) -> Price:
    """Read a price such as `0.15/0.60`: US dollars per million tokens read and written.

    Raises:
        ValueError: It is no such price.
    """
    read, _, written = text.partition("/")
    return Price(float(read), float(written))
