"""The extractive decider: no model, no key, no network. It hands on the article's own steps, verbatim."""

from collections.abc import Sequence

from agent.decide.passages import find_steps
from agent.decide.readers import reader_of
from agent.decide.reply import acting_reply, question, refusing_reply
from agent.models import ACTING, AssessedCandidate, Case, Draft, Outcome, Quote, Verdict
from agent.ports import Library


class ExtractiveDecider:
    """Quotes the steps of the best article where the gates allow it to act, and asks or hands over where not."""

    def decide(self, case: Case, verdict: Verdict, library: Library) -> Draft:
        """Draft a decision.

        Args:
            case: The facts.
            verdict: What the gates allow.
            library: Where the article's text is.

        Returns:
            A draft whose outcome is the allowed one or a lower one.
        """
        if verdict.outcome not in ACTING or case.best is None:
            asked = question(case, verdict) if verdict.outcome == "NEED_INFO" else None
            return Draft(verdict.outcome, (), refusing_reply(case, verdict), asked)
        steps = _steps_of(case, case.best, library)
        if not steps:
            return Draft("ESCALATE_HUMAN", (), refusing_reply(case, verdict))
        return Draft(
            acting_outcome(case.best, steps), steps, acting_reply(case, case.best.candidate.article.title, steps)
        )


def _steps_of(case: Case, best: AssessedCandidate, library: Library) -> tuple[Quote, ...]:
    article = best.candidate.article
    revision = library.revision(article.article_id, article.revision)
    return find_steps(revision, best.candidate.evidence, reader_of(case)) if revision else ()


def acting_outcome(best: AssessedCandidate, steps: Sequence[Quote]) -> Outcome:
    """One harmless step resolves the ticket; several, or a sensitive one, need the user to be guided."""
    metadata = best.candidate.article.metadata
    sensitive = metadata.requires_identity or metadata.risk == "high"
    return "GUIDE_USER" if len(steps) > 1 or sensitive else "RESOLVE"
