"""What scrubbing finds and what it leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.models import ScrubKind


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` is of this kind."""

    start: int
    end: int
    kind: ScrubKind


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text without secrets and personal data.

    Attributes:
        text: With a mark such as `[email]` in the place of each.
        counts: How many of each kind were taken out; kinds that did not occur are left out.
    """

    text: str
    counts: Mapping[ScrubKind, int]
