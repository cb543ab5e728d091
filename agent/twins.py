"""Two titles and a ticket enter; whether the ticket says which of the two it means leaves. Pure."""

import re
from functools import lru_cache

SAME_SUBJECT = 0.5
"""Share of all their words that two titles must have in common to be about the same thing."""

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"\w{2,}")


def are_twins(title: str, other: str, ticket: str) -> bool:
    """Say whether two titles name the same subject and differ only by what the ticket leaves out.

    "Guest Wi-Fi (Leeds)" and "Guest Wi-Fi (Bristol)" are twins to a ticket that names neither town.

    Args:
        title: Title of one article.
        other: Title of the other.
        ticket: What the ticket says.
    """
    first, second = _words(title), _words(other)
    shared, apart = first & second, first ^ second
    return len(shared) >= SAME_SUBJECT * len(first | second) and apart.isdisjoint(_words(ticket))


@lru_cache(maxsize=64)  # one ticket is compared with many titles, by several gates
def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(_HUMP.sub(" ", text)))
