"""Headings and steps of a section enter; whom it is written for leaves: the user, or those who help users. Pure."""

import re
from collections.abc import Sequence
from typing import Literal

from agent.models import Case
from agent.reading.alert import is_alert

Reader = Literal["user", "technician"]

_HELPERS = (
    r"(?:service[ -]?desk|help[ -]?desk|(?:it )?support|agents?|technicians?|admins?|administrators?|engineers?"
    r"|analysts?|it staff|(?:1st|2nd|3rd|first|second|third)[ -](?:line|level)|tier [123])"
)
_HELPERS_HEADING = re.compile(
    rf"\bfor (?:the |our )?{_HELPERS}\b|^{_HELPERS}$"
    rf"|^{_HELPERS}(?:['’]s)? (?:steps?|actions?|notes?|instructions?|procedure|tasks?|only)\b"
    r"|\binternal(?: use)?(?: only)?(?: notes?| steps?)?$|\bstaff only\b|\bnot for (?:users|customers|callers)\b",
    re.IGNORECASE,
)
_USERS_HEADING = re.compile(
    r"\bfor (?:the )?(?:users?|requesters?|callers?|you|everybody|colleagues|all staff)\b|\bself[- ]?(?:help|service)\b"
    r"|^(?:users?|callers?|requesters?)(?:['’]s)? (?:steps?|actions?|instructions?)\b|\bwhat you can\b",
    re.IGNORECASE,
)
_HELPERS_VOICE = re.compile(
    r"^\W{0,4}(?:(?:ask|tell|have|let|remind|advise|inform|phone|call|guide|walk|get|help"
    r"|(?:verify|confirm|check) with) (?:the |your )?(?:user|caller|requester|end[- ]user)s?\b"
    r"|as (?:an? |the )?(?:\w{1,20} )?(?:admin|administrator|root)\b"
    r"|the (?:agent|technician|engineer|analyst)\b"
    r"|(?:on|in|from) (?:the )?(?:admin|management|domain) (?:cent(?:er|re)|console|portal|controller)\b)"
    r"|\bthe (?:user|caller|requester|end[- ]user)(?:['’]s)?\b|\bactive directory users and computers\b",
    re.IGNORECASE,
)


def written_for(section: Sequence[str], steps: Sequence[str]) -> Reader:
    """Tell whom a section is written for.

    Args:
        section: Its headings, outermost first. The innermost that says for whom has the last word.
        steps: Its steps; where no heading says for whom, they tell, if half of them speak to somebody who helps users.
    """
    for heading in reversed(section):
        if _HELPERS_HEADING.search(heading):
            return "technician"
        if _USERS_HEADING.search(heading):
            return "user"
    spoken = sum(bool(_HELPERS_VOICE.search(step)) for step in steps)
    return "technician" if steps and 2 * spoken >= len(steps) else "user"


def reader_of(case: Case) -> Reader:
    """Tell who is going to follow the steps for a ticket: whoever is on call for an alert, the requester otherwise."""
    return "technician" if is_alert(case.reading.text) else "user"
