"""The words around a decision's quotes: plain, in the tone the ticket calls for, and never a promise."""

from collections.abc import Sequence

from agent.models import Case, Quote, Verdict

_TAKEN_OVER = "A colleague will look at this and get back to you."


def acting_reply(case: Case, title: str, steps: Sequence[Quote], opening: str = "") -> str:
    """Write the reply that hands the requester an article's steps, verbatim.

    Args:
        case: The facts.
        title: The article's title.
        steps: The steps, in order.
        opening: What to say first; where it is empty, a word of regret to a requester who is frustrated.
    """
    if not opening and case.reading.sentiment == "frustrated":
        opening = "I am sorry this keeps getting in your way."
    lines = [f"{opening}{' ' if opening else ''}This should help, from our article “{title}”:", ""]
    if len(steps) == 1:
        lines.append(steps[0].text)
    else:
        lines += [f"{number}. {step.text}" for number, step in enumerate(steps, 1)]
    lines += ["", "If this does not solve it, reply to this message and a colleague will take over."]
    return "\n".join(lines)


def refusing_reply(case: Case, verdict: Verdict) -> str:
    """Write the reply for a ticket that a person takes over or that needs an answer first."""
    opening = _opening(case)
    if verdict.outcome == "NEED_INFO":
        return opening + question(case, verdict)
    if verdict.reason == "approval_required":
        return opening + "What you ask for needs an approval first; a colleague will take it from here."
    if verdict.reason == "security":
        return opening + "Our security team is taking this over now."
    return opening + _TAKEN_OVER


def handing_over(case: Case) -> str:
    """Write the reply for a ticket that a person takes over for no reason the requester need know."""
    return _opening(case) + _TAKEN_OVER


def question(case: Case, verdict: Verdict) -> str:
    """Write the one question whose answer would let the ticket go on."""
    if verdict.reason == "ambiguous":
        first, second = (other.candidate.article.title for other in case.candidates[:2])
        return f"Which of the two is it: “{first}” or “{second}”?"
    if verdict.reason == "unverified_identity":
        return "Before we can go on, please verify your identity with the service desk."
    return "Which system or device is it about, and what happens when you try to use it?"


def _opening(case: Case) -> str:
    return "I am sorry for the trouble. " if case.reading.sentiment == "frustrated" else "Thank you for your message. "
