"""A query enters, the identifiers in it leave: an alert, error code or host name says more than the words around it."""

import re
from functools import lru_cache

MIN_NAME_CHARS = 8
"""Shorter names are words that happen to look like names."""

_TOKEN = re.compile(r"\w+(?:[-.:/]+\w+)*")
_JOINTS = re.compile(r"[\W_]+")
_HUMP = re.compile(r"[a-z][A-Z]")


def identifiers(query: str) -> frozenset[str]:
    """Find what looks like a name rather than a word: mixed case, joined parts, or digits.

    Args:
        query: The text of a ticket or a search.

    Returns:
        The identifiers, squashed as in `names`.
    """
    tokens = (token for token in _TOKEN.findall(query) if _looks_like_a_name(token))
    return frozenset(squashed for squashed in map(_squash, tokens) if len(squashed) >= MIN_NAME_CHARS)


@lru_cache(maxsize=4_096)
def names(article_id: str, title: str) -> frozenset[str]:
    """List the names under which a query may call an article.

    Args:
        article_id: Its id, whose last part often is the name of the alert it answers.
        title: Its title; `Kube Pod Crash Looping` is `KubePodCrashLooping` to the system that fires it.

    Returns:
        Names in lower case with the joints taken out.
    """
    candidates = (_squash(article_id.rsplit("/", 1)[-1]), _squash(title))
    return frozenset(name for name in candidates if len(name) >= MIN_NAME_CHARS)


def _looks_like_a_name(token: str) -> bool:
    joined = _JOINTS.search(token.strip("_"))
    return bool(joined or _HUMP.search(token) or any(character.isdigit() for character in token))


def _squash(text: str) -> str:
    return _JOINTS.sub("", text.casefold())
