"""The gates: pure functions in one ordered table. Facts enter, what is allowed leaves.

The first gate that fires names the outcome. A gate that fires never turns a refusal into an action, and nothing a
model says is among the facts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.models import AssessedCandidate, Case, GateResult, Outcome, RefusalReason, Verdict
from agent.policy import ACTING_STATES, MIN_PLACE, Policy
from agent.reading.alert import is_alert
from agent.twins import are_twins
from agent.votes import past_outage
from ingest.freshness import FreshnessState


@dataclass(frozen=True, slots=True)
class Fired:
    """Why a gate fired, and what would have let the ticket pass; `between` names articles it cannot choose between."""

    reason: RefusalReason
    detail: str
    remedy: str
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """Why a gate did not fire."""

    detail: str


Finding = Fired | Passed


@dataclass(frozen=True, slots=True)
class Gate:
    """One row of the table."""

    name: str
    outcome: Outcome
    check: Callable[[Case, Policy], Finding]


def run_gates(case: Case, policy: Policy) -> Verdict:
    """Run every gate and name what is allowed.

    Args:
        case: The facts.
        policy: The rules.

    Returns:
        The outcome of the first gate that fired, or `RESOLVE`, the boldest, when none did; with every gate's result.
    """
    findings = [(gate, gate.check(case, policy)) for gate in GATES]
    results = tuple(GateResult(gate.name, isinstance(found, Passed), found.detail) for gate, found in findings)
    for gate, found in findings:
        if isinstance(found, Fired):
            return Verdict(gate.outcome, found.reason, found.detail, found.remedy, results, found.between)
    return Verdict("RESOLVE", None, "", "", results)


def contenders(case: Case, policy: Policy) -> tuple[AssessedCandidate, ...]:
    """Return the best candidate and every other that the ticket does not tell apart from it.

    Two articles that say the same split the probability between them: each alone is unlikely, one of the two is not.
    """
    best = case.best
    if best is None:
        return ()
    near = (
        other
        for other in case.candidates[1:]
        if other.candidate.similarity >= least_similarity(case, policy)
        and _could_act(other)
        and _odds(best) < _needed_odds(case, other, policy) * _odds(other)
    )
    return (best, *near)


def matched(case: Case, policy: Policy) -> AssessedCandidate | None:
    """Return the best candidate if it is similar enough and it, or one just like it, probably is the answer."""
    best = case.best
    if best is None or best.candidate.similarity < least_similarity(case, policy):
        return None
    return best if _joint_confidence(case, policy) >= policy.min_confidence else None


def least_similarity(case: Case, policy: Policy) -> float:
    """Return the cosine that counts as a match: the policy's, or the one at the same place in any knowledge base."""
    return case.retrieval.scale.cosine(MIN_PLACE) if policy.min_similarity is None else policy.min_similarity


def _joint_confidence(case: Case, policy: Policy) -> float:
    return min(1.0, sum(candidate.confidence for candidate in contenders(case, policy)))


def _needed_odds(case: Case, other: AssessedCandidate, policy: Policy) -> float:
    best = case.candidates[0]
    title, other_title = best.candidate.article.title, other.candidate.article.title
    return policy.twin_odds if are_twins(title, other_title, case.reading.text) else policy.ambiguity_odds


def _odds(candidate: AssessedCandidate) -> float:
    return candidate.confidence / max(1e-9, 1 - candidate.confidence)


_NO_ARTICLE: Final = Passed("no article matches; nothing to judge")

Judge = Callable[[AssessedCandidate, Case, Policy], Finding]


def _of_the_match(judge: Judge) -> Callable[[Case, Policy], Finding]:
    """Make a gate of a judgement on the matching article; without one there is nothing to judge."""

    def check(case: Case, policy: Policy) -> Finding:
        best = matched(case, policy)
        return judge(best, case, policy) if best else _NO_ARTICLE

    return check


def _security(case: Case, policy: Policy) -> Finding:
    remedy = "nothing: the security team handles these itself, with the evidence preserved"
    if said := case.signals.risk("security"):
        return Fired("security", f"the ticket reads as a security incident by {said.evidence}", remedy)
    best = matched(case, policy)
    if best and best.candidate.article.metadata.risk == "security":
        return Fired("security", f"the matching article {_name(best)} is for security incidents", remedy)
    return Passed("neither the ticket nor a matching article speaks of a security incident")


def _approval(case: Case, policy: Policy) -> Finding:
    if said := case.signals.risk("privileged", "destructive"):
        return Fired(
            "approval_required", f"the ticket asks for something {said.kind} by {said.evidence}", "an approval"
        )
    best = matched(case, policy)
    risk = best.candidate.article.metadata.risk if best else None
    if best and risk in ("privileged", "destructive"):
        return Fired("approval_required", f"the matching article {_name(best)} is marked {risk}", "an approval")
    return Passed("neither the ticket nor a matching article is privileged or destructive")


def _outage(case: Case, policy: Policy) -> Finding:
    remedy = "nothing: the on-call team takes outages over at once"
    if said := case.signals.risk("outage"):
        return Fired("outage", f"the ticket reads as an outage by {said.evidence}", remedy)
    if keyword := case.signals.critical_keyword:
        return Fired("outage", f"the ticket holds the critical keyword {keyword!r}", remedy)
    best = matched(case, policy)
    if best and best.candidate.article.metadata.priority == "P1":
        return Fired("outage", f"the matching article {_name(best)} is for P1 outages", remedy)
    # What an alert counts as, the policy says, and its runbook.
    is_asked = policy.alerts_are_outages or not is_alert(case.reading.text)
    if is_asked and (alike := past_outage(case)):
        return Fired("outage", f"past tickets like it were P1: {alike}", remedy)
    return Passed("neither the ticket, a matching article nor past tickets like it speak of an outage")


def _index(case: Case, _policy: Policy) -> Finding:
    if case.index_fault is not None:
        return Fired(
            "index_unavailable",
            f"the knowledge base cannot be searched: {case.index_fault}",
            "the index answering again",
        )
    return Passed("the knowledge base was searched")


def _enough_information(case: Case, policy: Policy) -> Finding:
    words = case.reading.content_words
    if words < policy.min_content_words:
        return Fired(
            "too_little_information",
            "no word of the ticket says what it is about",
            "one sentence naming the system and what happens",
        )
    return Passed(f"{words} words say what the ticket is about")


def _match(case: Case, policy: Policy) -> Finding:
    best = case.best
    if case.index_fault is not None:
        return Fired(
            "index_unavailable", "nothing can match while the index is unavailable", "the index answering again"
        )
    if best is None:
        return Fired(
            "no_match",
            "the knowledge base has nothing readable that shares a word or meaning with the ticket",
            "an article about this, readable by the requester",
        )
    scores = (
        f"similarity {best.candidate.similarity:.2f} (threshold {least_similarity(case, policy):.2f}), "
        f"confidence {_joint_confidence(case, policy):.2f} (threshold {policy.min_confidence:.2f})"
    )
    if matched(case, policy) is None:
        return Fired(
            "no_match",
            f"the best article {_name(best)} is not close enough: {scores}",
            "an article about this, or a ticket that names the system and the symptom",
        )
    return Passed(f"{_name(best)} matches: {scores}")


@_of_the_match
def _status(best: AssessedCandidate, _case: Case, _policy: Policy) -> Finding:
    metadata = best.candidate.article.metadata
    if metadata.status != "published":
        return Fired(metadata.status, f"{_name(best)} is {metadata.status}", "its publication by its owner")
    if best.freshness.state == "superseded":
        return Fired(
            "superseded",
            f"{_name(best)} is superseded by {metadata.superseded_by!r}, which does not match the ticket itself",
            f"{metadata.superseded_by!r} covering what this ticket is about",
        )
    return Passed(f"{_name(best)} is published")


_FRESHNESS_REASONS: Final[dict[FreshnessState, RefusalReason]] = {
    "stale": "stale",
    "expired": "expired",
    "superseded": "superseded",
    "unknown": "freshness_unknown",
}


@_of_the_match
def _freshness(best: AssessedCandidate, _case: Case, _policy: Policy) -> Finding:
    state, owner = best.freshness.state, best.candidate.article.metadata.owner
    review = f"a review by its owner, {owner}" if owner else "an owner, and a review by them (it names none)"
    if state not in ACTING_STATES and not (state == "unknown" and best.basis_may_act):
        reason = _FRESHNESS_REASONS[state]
        return Fired(reason, f"{_name(best)} is {state}: {best.freshness.detail}", review)
    if not best.basis_may_act:
        return Fired(
            "freshness_unknown",
            f"{_name(best)} was never reviewed, and an edit is not enough for its risk: {best.freshness.detail}",
            review,
        )
    admitted = " (policy admits its source without dates)" if state == "unknown" else ""
    return Passed(f"{_name(best)} is {state}{admitted}: {best.freshness.detail}")


@_of_the_match
def _unambiguous(best: AssessedCandidate, case: Case, policy: Policy) -> Finding:
    rivals = contenders(case, policy)[1:]
    if rivals:
        return Fired(
            "ambiguous",
            f"{_name(best)} ({best.confidence:.2f}) and {_name(rivals[0])} ({rivals[0].confidence:.2f}) fit as well",
            "the fact that tells them apart",
            tuple(one.candidate.article.article_id for one in (best, *rivals)),
        )
    return Passed("no other article fits as well")


@_of_the_match
def _identity(best: AssessedCandidate, case: Case, policy: Policy) -> Finding:
    article = best.candidate.article
    asked = case.signals.asks_for_identity
    if asked is None and not policy.needs_identity(article.article_id, article.metadata):
        return Passed(f"{_name(best)} needs no proof of identity")
    if case.ticket.identity_verified:
        return Passed("the requester's identity is verified")
    detail = f"tickets with {asked!r} are" if asked else f"{_name(best)} may be used"
    return Fired("unverified_identity", f"{detail} only for a verified requester", "a verified identity")


def _language(case: Case, policy: Policy) -> Finding:
    language = case.signals.language
    if language is None:
        return Passed("the ticket is in no language but the policy's")
    known = ", ".join(policy.languages)
    return Fired(
        "language",
        f"the ticket is in {language!r}, and the policy lets only tickets in {known} lead to an action",
        f"a ticket in one of: {known}",
    )


@_of_the_match
def _policy_approval(_best: AssessedCandidate, case: Case, _policy: Policy) -> Finding:
    tag = next((tag.name for tag in case.signals.tags if tag.effect == "approval"), None)
    if tag:
        return Fired("approval_required", f"the policy asks for an approval of tickets tagged {tag!r}", "an approval")
    return Passed("no tag of the ticket asks for an approval")


@_of_the_match
def _policy_draft(best: AssessedCandidate, case: Case, policy: Policy) -> Finding:
    tag = next((tag.name for tag in case.signals.tags if tag.effect == "draft"), None)
    if tag:
        return Fired("policy", f"the policy lets tickets tagged {tag!r} be drafted only", "a person who answers it")
    if not policy.may_act(best.candidate.article.article_id):
        return Fired("policy", f"{_name(best)} is not among the policy's safe runbooks", "its entry in `safe_runbooks`")
    return Passed(f"the policy lets {_name(best)} act")


@_of_the_match
def _calibrated(_best: AssessedCandidate, case: Case, _policy: Policy) -> Finding:
    if case.ground.fault is not None:
        return Fired("calibration", f"drafts only: {case.ground.fault}", "`runcite calibrate` on labelled tickets")
    return Passed(f"confidence rests on {case.ground.name}")


def _could_act(candidate: AssessedCandidate) -> bool:
    return candidate.candidate.article.metadata.status == "published" and candidate.freshness.state != "superseded"


def _name(candidate: AssessedCandidate) -> str:
    return repr(candidate.candidate.article.article_id)


GATES: Final[tuple[Gate, ...]] = (
    Gate("security", "ESCALATE_SECURITY", _security),
    Gate("approval", "REQUIRE_APPROVAL", _approval),
    Gate("outage", "ESCALATE_HUMAN", _outage),
    Gate("index", "ESCALATE_HUMAN", _index),
    Gate("enough_information", "NEED_INFO", _enough_information),
    Gate("match", "ESCALATE_HUMAN", _match),
    Gate("status", "ESCALATE_HUMAN", _status),
    Gate("freshness", "ESCALATE_HUMAN", _freshness),
    Gate("ambiguity", "NEED_INFO", _unambiguous),
    Gate("identity", "NEED_INFO", _identity),
    Gate("language", "ESCALATE_HUMAN", _language),
    Gate("policy_approval", "REQUIRE_APPROVAL", _policy_approval),
    Gate("policy_draft", "ESCALATE_HUMAN", _policy_draft),
    Gate("calibration", "ESCALATE_HUMAN", _calibrated),
)
