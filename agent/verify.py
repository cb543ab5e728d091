"""Checks a draft against what was retrieved and allowed. A failed check lowers the decision; nothing is repaired."""

import re
from collections.abc import Iterable
from itertools import pairwise

from agent.actionable import actionables, fold
from agent.models import ACTING, Case, Draft, Quote, Verdict, step_downs
from agent.ports import Library
from index.models import Revision

__all__ = ["fold", "own_words", "verify"]

MAX_OWN_WORDS = 1_000
"""Characters of a reply that are neither quotes nor titles; connecting words need no more."""

REPEATED_WORDS = 6
"""So many words of a ticket in a row are no connecting words: a reply is not to say what a ticket tells it to say."""

REPEATED_SENTENCE = 3
"""Words from which a repeated sentence counts; shorter ones are courtesies."""

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?\n]+")


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
    problems = [*draft.faults, *_outcome_problems(draft, verdict), *_article_problems(draft, case)]
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
    problems += _reply_problems(draft, case, cited)
    return tuple(problems)


def own_words(draft: Draft, case: Case) -> str:
    """Return a reply without the steps and titles that it quotes.

    Args:
        draft: Whose reply.
        case: Whose articles it may name, in quotation marks.
    """
    words = draft.user_message
    titles = (f"“{candidate.candidate.article.title}”" for candidate in case.candidates)
    # Longest first, so that a short quote cannot tear a longer one apart.
    for quoted in sorted({*(step.text for step in draft.steps), *titles}, key=len, reverse=True):
        words = _without(words, quoted)
    return words


def _without(words: str, quoted: str) -> str:
    """Take a quote out where it stands by itself: what is glued to one must not hide beside it."""
    pieces: list[str] = []
    done, start = 0, words.find(quoted) if quoted else -1
    while start >= 0:
        end = start + len(quoted)
        neighbours = words[max(0, start - 1) : start] + words[end : end + 1]
        if not any(sign.isalnum() for sign in neighbours):
            pieces += words[done:start], f" {_QUOTED} "
            done = end
        start = words.find(quoted, end)
    return "".join([*pieces, words[done:]])


def _outcome_problems(draft: Draft, verdict: Verdict) -> Iterable[str]:
    allowed = step_downs(verdict.outcome)
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


def _article_problems(draft: Draft, case: Case) -> Iterable[str]:
    judged = case.best.candidate.article.article_id if case.best else None
    others = sorted({quote.article_id for quote in draft.steps} - {judged})
    if others:
        yield f"the steps are of {others[0]!r}, and the gates have judged {judged!r}"
    if any(after.start < before.end for before, after in pairwise(draft.steps)):
        yield "the steps are not in the article's order"


def _reply_problems(draft: Draft, case: Case, cited: Iterable[Revision]) -> Iterable[str]:
    words = own_words(draft, case)
    if len(words) > MAX_OWN_WORDS:
        yield f"the reply has {len(words):,} characters of its own; expected at most {MAX_OWN_WORDS:,}"
        return
    if _repeats(words, case.reading.text):
        yield f"the reply repeats a sentence, or {REPEATED_WORDS} words in a row, of the ticket"
    for found in actionables(words, (f"{revision.title}\n{revision.text}" for revision in cited)):
        yield f"the reply holds {found}, which no cited article says"


def _repeats(words: str, ticket: str) -> bool:
    """Say whether a reply's own words repeat a sentence of the ticket, or a long run of its words."""
    told = _spaced(ticket)
    sentences = [_spaced(sentence) for sentence in _SENTENCE_END.split(words)]
    if any(len(sentence.split()) >= REPEATED_SENTENCE and sentence in told for sentence in sentences):
        return True
    said = _spaced(words).split()
    runs = (said[start : start + REPEATED_WORDS] for start in range(len(said) - REPEATED_WORDS + 1))
    return any(f" {' '.join(run)} " in told for run in runs)


def _spaced(text: str) -> str:
    return f" {' '.join(_WORD.findall(fold(text).casefold()))} "


_QUOTED = "\N{PILCROW SIGN}"
