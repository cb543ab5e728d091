"""What the organisation allows: thresholds, freshness windows, who takes over. Read by the gates, never by a model."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import TypeAdapter

from agent.models import RiskKind, Tag
from agent.risk.patterns import Pattern
from ingest.freshness import Basis, Freshness, FreshnessState, FreshnessWindows
from ingest.models import ArticleMetadata, Priority, RiskClass

MIN_PLACE = 0.0
"""Where similarity must lie between what tickets about other things reach in a knowledge base (0) and what its own
titles reach (1). An article no nearer than that is no match, however few its rivals."""

MIN_CONFIDENCE = 0.5
"""Below this the best article does not count as a match. Measured in docs/scoreboard.md; preset, not fitted."""

AMBIGUITY_ODDS = 1.25
"""An article must be this many times as likely as the next one to be told apart from it."""

TWIN_ODDS = 4.0
"""The same for two articles whose titles differ only by what the ticket leaves out.

With these two, all 60 sample tickets are decided as labelled: the twins among them are asked about, nothing else is.
"""

MIN_CONTENT_WORDS = 1
"""A ticket with fewer words that say what it is about cannot be matched."""

ACTING_STATES: frozenset[FreshnessState] = frozenset({"fresh", "due"})
EVIDENT_BASES: frozenset[Basis] = frozenset({"review", "valid_until"})

Route = Literal["default", "security", "privileged", "destructive", "outage"]
"""Why a ticket goes to a team."""

DEFAULT_ROUTING: Mapping[Route, str] = {
    "default": "Service Desk",
    "security": "Security",
    "privileged": "Service Desk Approvals",
    "destructive": "Service Desk Approvals",
    "outage": "On-call",
}
DEFAULT_PRIORITIES: Mapping[Route, Priority] = {"default": "P3"}


@dataclass(frozen=True, slots=True)
class SignalRules:
    """How one kind of risk is recognised: what shows it, what hints at it, and what only sounds like it."""

    patterns: tuple[Pattern, ...] = ()
    hints: tuple[Pattern, ...] = ()
    innocent: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """Where a verified identity is asked for although the article does not ask for it.

    Attributes:
        risk: For articles of these risk classes.
        articles: For articles whose id one of these globs matches.
        patterns: For tickets that hold one of these.
    """

    risk: tuple[RiskClass, ...] = ()
    articles: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagRule:
    """When a tag is put on a ticket: one of the patterns in its words, or one of the groups or plans of its writer."""

    tag: Tag
    patterns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()


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
        languages: Languages in which risk is recognised well enough to act.
        routing: Team by reason, where the article names none.
        priorities: Priority by reason; an article may raise it.
        critical_keywords: Patterns that make a ticket an outage.
        safe_runbooks: Globs of the article ids that may act; all others are drafts for a person.
        identity: Where a verified identity is asked for besides what articles ask.
        tags: What is put on tickets, and what that asks for.
        never_promise: Patterns that no reply may hold outside what it quotes.
        sign_off: Last line of every reply.
        alerts_are_outages: Whether an alert of monitoring may be an outage by its words.
        signals: How risk is recognised, by kind.
        exemplars_digest: Which labelled sentences risk is recognised by.
    """

    min_similarity: float | None = None
    min_confidence: float = MIN_CONFIDENCE
    ambiguity_odds: float = AMBIGUITY_ODDS
    twin_odds: float = TWIN_ODDS
    min_content_words: int = MIN_CONTENT_WORDS
    windows: FreshnessWindows = field(default_factory=FreshnessWindows)
    sources_with_recorded_edits: tuple[str, ...] = ("folder:",)
    sources_acting_when_unknown: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    routing: Mapping[Route, str] = field(default_factory=lambda: dict(DEFAULT_ROUTING))
    priorities: Mapping[Route, Priority] = field(default_factory=lambda: dict(DEFAULT_PRIORITIES))
    critical_keywords: tuple[str, ...] = ()
    safe_runbooks: tuple[str, ...] = ("*",)
    identity: IdentityRules = IdentityRules()
    tags: tuple[TagRule, ...] = ()
    never_promise: tuple[str, ...] = ()
    sign_off: str = ""
    alerts_are_outages: bool = False
    signals: Mapping[RiskKind, SignalRules] = field(default_factory=dict)
    exemplars_digest: str = ""

    def team(self, route: Route) -> str:
        """Name the team for a reason."""
        return self.routing.get(route, self.routing["default"])

    def priority(self, route: Route, article: Priority | None) -> Priority:
        """Name the priority for a reason; an article's own counts where it is more urgent, or nothing else speaks."""
        ruled = self.priorities.get(route)
        if ruled is None or route == "default":
            return article or self.priorities["default"]
        return min(ruled, article or ruled)

    def may_act(self, article_id: str) -> bool:
        """Say whether an article is among the safe runbooks."""
        return any(fnmatchcase(article_id, glob) for glob in self.safe_runbooks)

    def needs_identity(self, article_id: str, metadata: ArticleMetadata) -> bool:
        """Say whether an article may be used only for a verified requester, by its own word or the policy's."""
        return (
            metadata.requires_identity
            or metadata.risk in self.identity.risk
            or any(fnmatchcase(article_id, glob) for glob in self.identity.articles)
        )

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
