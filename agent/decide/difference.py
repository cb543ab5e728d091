"""Articles that fit a ticket equally well enter; for each the words that tell it from the others leave. Pure."""

import re
from collections.abc import Callable, Sequence

from agent.actionable import actionables
from agent.models import AssessedCandidate

MAX_WORDS = 8
"""More words than this tell nothing apart at a glance."""

_WORD = re.compile(r"\S+")
_EDGE = " ()[]{}-–—:;,./|"
_SMALL = frozenset({"a", "an", "the", "on", "in", "at", "for", "of", "with", "to", "from", "by"})


def differences(candidates: Sequence[AssessedCandidate]) -> tuple[str, ...] | None:
    """Say what each article is about and the others are not.

    Their titles are compared, then, for articles of the same title, their symptoms and the sections that matched.

    Args:
        candidates: Two or more.

    Returns:
        A phrase for each, in the same order, without anything to act on; `None` where there are none that differ.
    """
    for read in (_titles, _symptoms, _sections):
        found = read(candidates)
        if found is not None and _can_be_said(found):
            return found
    return None


def _titles(candidates: Sequence[AssessedCandidate]) -> tuple[str, ...] | None:
    """Leave out the words that all titles begin and end with; titles with no such words are best named whole."""
    titles = [_WORD.findall(one.candidate.article.title) for one in candidates]
    shortest = min(map(len, titles))
    start = _common(titles, shortest, lambda title, at: title[at])
    end = _common(titles, shortest - start, lambda title, at: title[-1 - at])
    if not start + end:
        return None
    # A bracket or a small word in front belongs to what all say, as in "Wi-Fi (Leeds)" and "VPN on Windows".
    return tuple(_trimmed(title[start : len(title) - end]) for title in titles)


def _common(titles: Sequence[list[str]], most: int, word: Callable[[list[str], int], str]) -> int:
    at = 0
    while at < most and len({word(title, at).casefold() for title in titles}) == 1:
        at += 1
    return at


def _trimmed(words: Sequence[str]) -> str:
    left = [stripped for one in words if (stripped := one.strip(_EDGE.replace(",", "")))]
    while left and left[0].casefold() in _SMALL:
        left = left[1:]
    return " ".join(left).strip(_EDGE)


def _symptoms(candidates: Sequence[AssessedCandidate]) -> tuple[str, ...] | None:
    if len({one.candidate.article.title for one in candidates}) > 1:
        return None
    stated = [one.candidate.article.metadata.symptoms for one in candidates]
    own = [
        next((text for text in mine if not any(text in others for others in stated[:at] + stated[at + 1 :])), "")
        for at, mine in enumerate(stated)
    ]
    return tuple(own)


def _sections(candidates: Sequence[AssessedCandidate]) -> tuple[str, ...] | None:
    if len({one.candidate.article.title for one in candidates}) > 1:
        return None
    return tuple(
        one.candidate.evidence[0].section[-1] if one.candidate.evidence and one.candidate.evidence[0].section else ""
        for one in candidates
    )


def _can_be_said(phrases: Sequence[str]) -> bool:
    """Say whether phrases differ, are short, and hold nothing that a reply may not say without citing it."""
    if len({phrase.casefold() for phrase in phrases}) < len(phrases):
        return False
    return all(
        phrase and len(phrase.split()) <= MAX_WORDS and next(actionables(phrase, ()), None) is None
        for phrase in phrases
    )
