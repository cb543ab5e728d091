"""A text enters; it leaves without secrets and personal data, a mark in the place of each, and their number by kind.

What counts as either is decided by form, checksum and the words before it; nothing is looked up. Kept on purpose, as
technicians need them: host names, IP and MAC addresses, order numbers, versions, hashes, dates. Names of persons are
not looked for.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, get_args

from agent.models import ScrubKind
from agent.scrub.addresses import find_addresses
from agent.scrub.keys import find_keys
from agent.scrub.numbers import find_numbers
from agent.scrub.passwords import find_passwords
from agent.scrub.phones import find_phones
from agent.scrub.spans import Scrubbed, Span

_MARK = re.compile("|".join(rf"\[{kind.replace('_', ' ')}\]" for kind in get_args(ScrubKind)))

_FINDERS: Final[tuple[Callable[[str], Iterable[Span]], ...]] = (
    find_keys,
    find_passwords,
    find_numbers,
    find_addresses,
    find_phones,
)
"""In order of precedence: where two overlap, the earlier one names the kind."""


def scrub(text: str) -> Scrubbed:
    """Take secrets and personal data out of a text. Scrubbing twice changes nothing more.

    Args:
        text: Any text, invisible characters already removed: they would hide a number from its pattern.

    Returns:
        The text with marks, and how many of each kind there were.
    """
    counts: Counter[ScrubKind] = Counter()
    for find in _FINDERS:
        text = _replace(text, find(text), counts)
    return Scrubbed(text, dict(counts))


def without_marks(text: str) -> str:
    """Return a scrubbed text without its marks, as a search needs it: `[email]` would find articles about e-mail."""
    return _MARK.sub("", text)


def _replace(text: str, spans: Iterable[Span], counts: Counter[ScrubKind]) -> str:
    pieces: list[str] = []
    done = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if span.start < done:
            continue
        pieces += text[done : span.start], f"[{span.kind.replace('_', ' ')}]"
        counts[span.kind] += 1
        done = span.end
    pieces.append(text[done:])
    return "".join(pieces)
