"""The words around a decision's quotes: plain, in the tone the ticket calls for, and never a promise."""

import re
from collections.abc import Sequence

from agent.decide.difference import differences
from agent.models import AssessedCandidate, Case, Quote, Verdict

MOST_ASKED_ABOUT = 3
"""A question with more answers is none."""

_SORRY = "I am sorry about the trouble."
_TO_A_COLLEAGUE = "A colleague will look at this and get back to you."

_QUESTION = re.compile(
    r"\b(?:how (?:do|can|should|to|does|would)|where (?:do|can|is|are|will)|what (?:do|should|must) (?:i|we)"
    r"|may (?:i|we)|is there|whom|who (?:can|do|should)|which \w{1,20} (?:do|should|must|can) (?:i|we)"
    r"|(?:could|can) (?:i|we) (?:please )?(?:have|get|borrow)|(?:i|we)(?:'d| would) like)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:errors?|fail\w*|crash\w*|broken|stuck|black|frozen|freez\w+|gone|vanish\w*|wrong|lost|locked|refus\w+|reject\w+"
    r"|denied|missing|offline|slow|dead|bounc\w+|not|never|nothing|nobody|no longer|problem|trouble|issue"
    r"|stopp\w+|cannot|\w{2,12}n['’]t)\b",
    re.IGNORECASE,
)


def acting_reply(case: Case, title: str, steps: Sequence[Quote], opening: str = "") -> str:
    """Write the reply that hands the requester an article's steps, verbatim.

    Args:
        case: The facts.
        title: The article's title.
        steps: The steps, in order.
        opening: What to say first; where it is empty, a word of regret to a requester who is frustrated.
    """
    asks = _asks(case)
    if not opening and case.reading.sentiment == "frustrated":
        opening = _SORRY
    lead = "Here is how" if asks else "Please try this" if len(steps) == 1 else "Please try these steps"
    end = (
        "If you meant something else, reply to this message and a colleague will take over."
        if asks
        else "If this does not solve it, reply to this message and a colleague will take over."
    )
    return "\n".join([_joined(opening, f"{lead}, from our article “{title}”:"), "", *_listed(steps), "", end])


def _listed(steps: Sequence[Quote]) -> list[str]:
    if len(steps) == 1:
        return [steps[0].text]
    lines: list[str] = []
    for number, step in enumerate(steps, 1):
        lines.append(f"{number}. {step.text}")
        if "\n" in step.text and number < len(steps):
            # After a list or a command of its own, the next step is found more easily.
            lines.append("")
    return lines


def _asks(case: Case) -> bool:
    """Say whether a ticket is a plain question: somebody wants to know how, and nothing is wrong."""
    text = case.reading.text
    return case.reading.sentiment == "neutral" and bool(_QUESTION.search(text)) and not _TROUBLE.search(text)


def refusing_reply(case: Case, verdict: Verdict) -> str:
    """Write the reply for a ticket that a person takes over or that needs an answer first."""
    if verdict.outcome == "NEED_INFO":
        return _joined(_opening(case), question(case, verdict))
    if verdict.reason == "approval_required":
        return _joined(_opening(case), "This needs an approval first; the team that decides on it takes it from here.")
    if verdict.reason == "security":
        return _joined(_opening(case, "Thank you for reporting this."), "Our security team takes over from here.")
    if verdict.reason == "outage":
        return _joined(_opening(case, "Thank you for reporting this."), "It goes to our on-call team at once.")
    return handing_over(case)


def handing_over(case: Case) -> str:
    """Write the reply for a ticket that a person takes over for no reason the requester need know."""
    return _joined(_opening(case), _TO_A_COLLEAGUE)


def question(case: Case, verdict: Verdict) -> str:
    """Write the one question whose answer would let the ticket go on."""
    if verdict.reason == "ambiguous":
        return _which_one([one for one in case.candidates if one.candidate.article.article_id in verdict.between])
    if verdict.reason == "unverified_identity":
        return "Before we can go on, please verify your identity with the service desk."
    return "Which system or device is it about, and what happens when you try to use it?"


def _which_one(candidates: Sequence[AssessedCandidate]) -> str:
    """Ask for what tells articles apart, so that somebody who has read none of them can answer."""
    asked = candidates[:MOST_ASKED_ABOUT]
    apart = differences(asked)
    if apart is not None:
        return f"So that you get the right steps: is it about {_or(apart)}?"
    return f"So that you get the right steps: which of these is it, {_or([f'“{_title(one)}”' for one in asked])}?"


def _title(candidate: AssessedCandidate) -> str:
    return candidate.candidate.article.title


def _or(parts: Sequence[str]) -> str:
    commas = ", or " if any("," in part for part in parts) else " or "
    return commas.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _opening(case: Case, otherwise: str = "Thank you for your message.") -> str:
    return _SORRY if case.reading.sentiment == "frustrated" else otherwise


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
