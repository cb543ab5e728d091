"""What the organisation allows: thresholds, freshness windows, who takes over. Read by the gates, never by a model."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from agent.models import Outcome
from ingest.freshness import Basis, Freshness, FreshnessState, FreshnessWindows
from ingest.models import ArticleMetadata, Priority

MIN_PLACE = 0.0
"""Where similarity must lie between what tickets about other things reach in a knowledge base (0) and what its own
titles reach (1). An article no nearer than that is no match, however few its rivals."""

MIN_CONFIDENCE = 0.5
"""Below this the best article does not count as a match. Measured in docs/scoreboard.md; preset, not fitted."""

AMBIGUITY_ODDS = 1.25
"""An article must be this many times as likely as the next one to be told apart from it."""

TWIN_ODDS = 4.0
"""The same for two articles whose titles differ only by what the ticket leaves out.

On 2,239 labelled tickets the two together ask, instead of acting, on 19 right first articles and 59 wrong ones; 1.25
alone asks on 6 and 47.
"""

MIN_CONTENT_WORDS = 1
"""A ticket with fewer words that say what it is about cannot be matched."""

ACTING_STATES: frozenset[FreshnessState] = frozenset({"fresh", "due"})
EVIDENT_BASES: frozenset[Basis] = frozenset({"review", "valid_until"})

DEFAULT_TEAMS: Mapping[Outcome, str] = {"ESCALATE_SECURITY": "Security", "REQUIRE_APPROVAL": "Service Desk Approvals"}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules a decision is made under. Its hash goes into every decision.

    Attributes:
        min_similarity: Cosine below which the best article is no match; `None` for the one at `MIN_PLACE` on the
            knowledge base's own scale.
        min_confidence: Confidence below which the best article is no match.
        ambiguity_odds: How many times as likely as the next one an article must be to be told apart from it.
        twin_odds: The same for two articles whose titles differ only by what the ticket leaves out.
        min_content_words: Words about the matter a ticket must have.
        windows: Freshness windows by risk class.
        sources_with_recorded_edits: Key prefixes of sources whose edit dates may stand for a review of low-risk
            articles.
        sources_acting_when_unknown: Key prefixes of sources whose articles may act without any date. Off by default.
        teams: Team by outcome, where the article names none.
        default_team: Team for everything else.
        on_call_team: Team for outages.
        default_priority: Priority where the article names none.
    """

    min_similarity: float | None = None
    min_confidence: float = MIN_CONFIDENCE
    ambiguity_odds: float = AMBIGUITY_ODDS
    twin_odds: float = TWIN_ODDS
    min_content_words: int = MIN_CONTENT_WORDS
    windows: FreshnessWindows = field(default_factory=FreshnessWindows)
    sources_with_recorded_edits: tuple[str, ...] = ("folder:",)
    sources_acting_when_unknown: tuple[str, ...] = ()
    teams: Mapping[Outcome, str] = field(default_factory=lambda: dict(DEFAULT_TEAMS))
    default_team: str = "Service Desk"
    on_call_team: str = "On-call"
    default_priority: Priority = "P3"

    def basis_may_act(self, freshness: Freshness, source: str, metadata: ArticleMetadata) -> bool:
        """Say whether an article may lead to an action on the evidence its freshness rests on.

        Args:
            freshness: Its state and basis.
            source: Key of its source.
            metadata: Its metadata; the risk class decides whether an edit date is enough.
        """
        if freshness.state == "unknown":
            return source.startswith(self.sources_acting_when_unknown or ("\0",))
        if freshness.basis == "last_modified":
            return metadata.risk == "low" and source.startswith(self.sources_with_recorded_edits)
        return freshness.basis in EVIDENT_BASES

    def hash(self) -> str:
        """Return `sha256:` over the canonical JSON of every rule."""
        canonical = json.dumps(_POLICY_JSON.dump_python(self, mode="json"), sort_keys=True)
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


_POLICY_JSON = TypeAdapter(Policy)
