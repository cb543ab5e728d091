"""From a ruling to the decision schema v1: what was decided, with every citation pinned."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agent.decide.passages import find_passage
from agent.gates import contenders, least_similarity, matched
from agent.models import ACTING, Action, AssessedCandidate, Case, CitationUse, Draft, Outcome, Quote, Verdict
from agent.policy import Policy
from agent.ports import Library
from agent.routing import place
from agent.schema import Citation, Decision, Escalation, Provenance, Refusal, RiskFlag, Step, TicketSummary
from ingest.models import ArticleMetadata

MAX_REVIEW_CITATIONS = 3
"""How many passages a person who takes over is handed."""

REVIEW_PLACE = -0.2
"""Place on the similarity scale under which a passage would only waste that person's time."""

_ACTIONS: dict[Outcome, Action] = {"RESOLVE": "resolve", "GUIDE_USER": "resolve", "NEED_INFO": "need_info"}
_RISKY = frozenset({"high", "privileged", "destructive", "security"})


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gates allow and the draft that passed every check under it."""

    verdict: Verdict
    draft: Draft


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which decision this is, when it was made and by what."""

    decision_id: str
    created_at: datetime
    provenance: Provenance


def build_decision(case: Case, ruling: Ruling, policy: Policy, library: Library, stamp: Stamp) -> Decision:
    """Assemble the decision.

    Args:
        case: The facts.
        ruling: What was ruled.
        policy: The rules; names teams and priorities where the article does not.
        library: Where the passages for review are quoted from.
        stamp: Which decision this is.
    """
    verdict, draft = ruling.verdict, ruling.draft
    best = case.best
    found = matched(case, policy)
    metadata = found.candidate.article.metadata if found else ArticleMetadata()
    placed = place(case, verdict, draft.outcome, policy)
    citations = _citations(case, draft, policy, library)
    return Decision(
        schema_version="1",
        decision_id=stamp.decision_id,
        created_at=stamp.created_at,
        ticket=_summary(case),
        outcome=draft.outcome,
        action=_ACTIONS.get(draft.outcome, "escalate"),
        category=placed.category,
        classification=placed.classification,
        priority=placed.priority,
        assigned_team=placed.team,
        sentiment=case.reading.sentiment,
        tags=placed.tags,
        has_runbook=found is not None,
        identity_verified=case.ticket.identity_verified,
        confidence=round(best.confidence, 4) if best else 0.0,
        similarity=round(best.candidate.similarity, 4) if best else 0.0,
        steps=tuple(Step(quote.text, n) for n, quote in enumerate(draft.steps, 1)),
        user_message="\n\n".join(filter(None, (draft.user_message, policy.sign_off))),
        citations=citations,
        refusal=_refusal(case, verdict, draft, policy),
        risk_flag=_risk(case, metadata),
        escalation=_escalation(draft.outcome, verdict, placed.team),
        gates=verdict.results,
        why=best.why if best else (),
        provenance=stamp.provenance,
        routing=placed.routing,
    )


def _summary(case: Case) -> TicketSummary:
    ticket, reading = case.ticket, case.reading
    return TicketSummary(ticket.id, ticket.channel, reading.summary, reading.attachments, reading.scrubbed)


def _citations(case: Case, draft: Draft, policy: Policy, library: Library) -> tuple[Citation, ...]:
    by_id = {c.candidate.article.article_id: c for c in case.candidates}
    use: CitationUse = "acted_on" if draft.outcome in ACTING else "for_review"
    quotes = draft.steps or tuple(_passages_for_review(case, policy, library))
    return tuple(_citation(n, use, quote, by_id[quote.article_id]) for n, quote in enumerate(quotes, 1))


def _passages_for_review(case: Case, policy: Policy, library: Library) -> Iterable[Quote]:
    """Yield the best passage of the best article and of every other that fits as well."""
    for assessed in contenders(case, policy)[:MAX_REVIEW_CITATIONS]:
        candidate = assessed.candidate
        if candidate.similarity < case.retrieval.scale.cosine(REVIEW_PLACE) or not candidate.evidence:
            continue
        revision = library.revision(candidate.article.article_id, candidate.article.revision)
        quote = find_passage(revision, candidate.evidence[0]) if revision else None
        if quote is not None:
            yield quote


def _citation(n: int, use: CitationUse, quote: Quote, assessed: AssessedCandidate) -> Citation:
    article = assessed.candidate.article
    return Citation(
        n=n,
        use=use,
        article_id=article.article_id,
        attached_to=article.metadata.attached_to,
        title=article.title,
        url=article.url,
        version=article.version,
        revision=quote.revision,
        section=quote.section,
        quote=quote.text,
        start=quote.start,
        end=quote.end,
        similarity=round(assessed.candidate.similarity, 4),
        owner=article.metadata.owner,
        freshness=assessed.freshness,
    )


def _refusal(case: Case, verdict: Verdict, draft: Draft, policy: Policy) -> Refusal | None:
    if verdict.reason is None or draft.outcome in ACTING:
        return None
    best = case.best
    return Refusal(
        reason=verdict.reason,
        detail=verdict.detail,
        best_article_id=best.candidate.article.article_id if best else None,
        best_similarity=round(best.candidate.similarity, 4) if best else None,
        best_confidence=round(best.confidence, 4) if best else None,
        threshold=round(least_similarity(case, policy), 4),
        confidence_threshold=policy.min_confidence,
        what_would_change_it=verdict.what_would_change_it,
    )


def _risk(case: Case, metadata: ArticleMetadata) -> RiskFlag:
    if case.signals.risks:
        said = case.signals.risks[0]
        return RiskFlag(flag=True, reason=f"the ticket carries the risk {said.kind!r} by {said.evidence}")
    if metadata.risk in _RISKY:
        return RiskFlag(flag=True, reason=f"the matching article is marked {metadata.risk}")
    return RiskFlag(flag=False, reason="")


def _escalation(outcome: Outcome, verdict: Verdict, team: str) -> Escalation:
    if _ACTIONS.get(outcome) is None:
        return Escalation(needed=True, to=team, reason=verdict.detail)
    return Escalation(needed=False, to="none", reason="")
