"""Checks a draft against what was retrieved and allowed. A failed check lowers the decision; nothing is repaired."""

import re
import unicodedata
from collections.abc import Iterable

from agent.models import ACTING, Case, Draft, Outcome, Quote, Verdict
from agent.ports import Library
from index.models import Revision

_STEP_DOWN: tuple[Outcome, ...] = ("RESOLVE", "GUIDE_USER", "NEED_INFO", "ESCALATE_HUMAN")
"""From an acting outcome a decider may move to the right, never to the left."""

_ACTIONABLE = re.compile(
    r"""
    \b[a-z][a-z0-9+.-]{0,30}://[^\s<>"”]+         # a URL
    | \bwww\.[^\s<>"”]+
    | [\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+ # an e-mail address
    | (?<![\w-])\+?\d[\d\s()/.-]{5,}\d(?![\w-])   # a telephone number
    | `[^`\n]+`                                   # a command
    """,
    re.VERBOSE | re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


def verify(draft: Draft, case: Case, verdict: Verdict, library: Library) -> tuple[str, ...]:
    """Check a draft.

    Args:
        draft: What the decider proposes.
        case: The facts it was given; only articles retrieved there may be quoted.
        verdict: What the gates allow.
        library: Where the cited revisions are.

    Returns:
        What is wrong with it, a sentence each; empty when nothing is.
    """
    problems = list(_outcome_problems(draft, verdict))
    retrieved = {(c.candidate.article.article_id, c.candidate.article.revision) for c in case.candidates}
    cited: list[Revision] = []
    for quote in draft.steps:
        if (quote.article_id, quote.revision) not in retrieved:
            problems.append(f"{quote.article_id!r} at {quote.revision} was not retrieved for this ticket")
        elif (revision := library.revision(quote.article_id, quote.revision)) is None:
            problems.append(f"{quote.article_id!r} has no text at {quote.revision}")
        else:
            cited.append(revision)
            problems += _quote_problems(quote, revision)
    problems += _reply_problems(draft, cited)
    return tuple(problems)


def own_words(draft: Draft, case: Case) -> str:
    """Return a reply without the steps and titles it quotes.

    Args:
        draft: Whose reply.
        case: Whose articles it may name.
    """
    words = draft.user_message
    titles = (candidate.candidate.article.title for candidate in case.candidates)
    for quoted in (*(quote.text for quote in draft.steps), *titles):
        words = words.replace(quoted, " ")
    return words


def fold(text: str) -> str:
    """Return text as quotes are compared: NFKC, invisible characters dropped, white space runs as one space."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).split())


def _outcome_problems(draft: Draft, verdict: Verdict) -> Iterable[str]:
    if verdict.outcome in ACTING:
        allowed: tuple[Outcome, ...] = _STEP_DOWN[_STEP_DOWN.index(verdict.outcome) :]
    else:
        allowed = (verdict.outcome,)
    if draft.outcome not in allowed:
        yield f"outcome {draft.outcome} is not among the allowed {', '.join(allowed)}"
    if draft.outcome in ACTING and not draft.steps:
        yield "an acting outcome quotes nothing"
    if draft.outcome not in ACTING and draft.steps:
        yield f"outcome {draft.outcome} must not hand out steps"


def _quote_problems(quote: Quote, revision: Revision) -> Iterable[str]:
    if not 0 <= quote.start < quote.end <= len(revision.text):
        yield f"span {quote.start}-{quote.end} lies outside {quote.article_id!r} ({len(revision.text)} characters)"
    elif not fold(quote.text) or fold(revision.text[quote.start : quote.end]) != fold(quote.text):
        yield f"the quote at {quote.start}-{quote.end} is not the text of {quote.article_id!r} there"


def _reply_problems(draft: Draft, cited: Iterable[Revision]) -> Iterable[str]:
    sources = [fold(f"{revision.title} {revision.text}") for revision in cited]
    rest = fold(draft.user_message)
    # Quotes are proved already. Longest first, so that a short one cannot tear a longer one apart.
    for quote in sorted((fold(step.text) for step in draft.steps), key=len, reverse=True):
        rest = rest.replace(quote, "\N{PILCROW SIGN}")
    for found in _ACTIONABLE.findall(rest):
        if not any(found in source for source in sources):
            yield f"the reply holds {found!r}, which no cited article says"
