"""What the organisation allows: thresholds, freshness windows, who takes over. Read by the gates, never by a model."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from agent.models import Outcome
from ingest.freshness import Basis, Freshness, FreshnessState, FreshnessWindows
from ingest.models import ArticleMetadata, Priority

MIN_CONFIDENCE = 0.5
"""Below this the best article does not count as a match. Measured in docs/scoreboard.md; preset, not fitted."""

AMBIGUITY_MARGIN = 0.08
"""Two articles whose confidences differ by less cannot be told apart by the ticket."""

MIN_CONTENT_WORDS = 1
"""A ticket with fewer words that say what it is about cannot be matched."""

ACTING_STATES: frozenset[FreshnessState] = frozenset({"fresh", "due"})
EVIDENT_BASES: frozenset[Basis] = frozenset({"review", "valid_until"})

DEFAULT_TEAMS: Mapping[Outcome, str] = {"ESCALATE_SECURITY": "Security", "REQUIRE_APPROVAL": "Service Desk Approvals"}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules a decision is made under. Its hash goes into every decision.

    Attributes:
        min_similarity: Cosine below which the best article is no match; depends on the embedding model.
        unrelated_similarity: Cosine of texts that have nothing to do with each other, for the same model.
        related_similarity: Cosine of texts that certainly have.
        min_confidence: Confidence below which the best article is no match.
        ambiguity_margin: Confidence gap under which two matching articles cannot be told apart.
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

    min_similarity: float
    unrelated_similarity: float
    related_similarity: float
    min_confidence: float = MIN_CONFIDENCE
    ambiguity_margin: float = AMBIGUITY_MARGIN
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
