"""A ticket's words enter; they leave without those about the answer to be written, which are not what it is about."""

import re
from typing import Final

_MADE: Final = (
    r"answers?|repl(?:y|ies)|responses?|outputs?|summary|summaries|explanations?|implementations?|algorithms?|code"
    r"|script|software|program|writing|wording|message"
)
_OF_THE_ANSWER = re.compile(
    rf"\b(?:your|ur|the|this) (?:\w+ )?(?:{_MADE})\b"
    r"|^\W*(?:reply|respond|answer)\b(?! all\b| to all\b)"
    r"|\b(?:following|subsequent|next|below) (?:\w+ )?(?:code|snippet|script|lines?)\b",
    re.IGNORECASE,
)
"""Someone's answer or code, spoken of; *reply all* is a feature of mail programs."""

_FENCED = re.compile(r"^[ \t]*```.*?(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"[^\n.!?]+(?:[.!?]+(?=\s|$)|[.!?]+|\n|$)\n*")


def without_answering(text: str) -> str:
    """Leave out what a ticket says of the answer it wants, and the code it wants in there.

    For the search alone: "thanks for your last reply" and "put this into your answer" are about no runbook. Whatever
    recognises risk reads every word.

    Args:
        text: What the requester says.

    Returns:
        The rest; the whole where nothing would be left.
    """
    if not _OF_THE_ANSWER.search(text):
        return text
    kept: list[str] = []
    place = 0
    for fence in _FENCED.finditer(text):
        before = text[place : fence.start()]
        kept.append(_kept(before))
        if not _ends_in_answering(before):
            kept.append(fence[0])
        place = fence.end()
    kept.append(_kept(text[place:]))
    rest = "".join(kept).strip()
    return rest or text


def _kept(text: str) -> str:
    return "".join(one for one in _SENTENCE.findall(text) if not _OF_THE_ANSWER.search(one))


def _ends_in_answering(text: str) -> bool:
    said = [one for one in _SENTENCE.findall(text) if one.strip()]
    return bool(said) and bool(_OF_THE_ANSWER.search(said[-1]))
