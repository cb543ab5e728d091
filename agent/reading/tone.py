"""A requester's words enter; whether they sound frustrated leaves. Without a model, by a weighted lexicon.

Sarcasm without a cue ("Wonderful, another update.") is not heard, nor is anger in a language that the lexicon lacks.
"""

import re

from agent.models import Sentiment

FRUSTRATED_FROM = 1.0
"""Set on the labelled sentences of tests/unit/agent/reading/tone.jsonl, which name what is still heard wrong."""

_SHOUTED_SHARE, _SHOUTED_LETTERS = 0.6, 20
_SHOUTED_WORD = re.compile(
    r"\b(?:STILL|AGAIN|NOT|NEVER|EVERY|SO|WHY|NOW|ALL|NOTHING|NOBODY|PLEASE|VERY|ALWAYS|DAYS|WEEKS)\b"
)
_SHOUTED_WORD_WEIGHT = 0.4
_COUNTED = 2

_FURIOUS = (
    r"\bfed up\b", r"\bfurious\b", r"\bfrustrat(?:ed|ing|ion)\b", r"\bridiculous\b", r"\bunacceptable\b",
    r"\bappalling\b", r"\bdisgrace\w*", r"\bsick (?:and tired )?of\b", r"\bhad enough\b", r"\bat my wits.? end\b",
    r"\blosing (?:my )?patience\b", r"\brunning out of patience\b",
    r"\bdriv(?:es|ing|en) (?:me|us) (?:mad|crazy|nuts|insane|up the wall)\b",
    r"\b(?:absolute|total|complete) (?:joke|farce|waste)\b", r"\bthis is (?:a joke|absurd|hopeless)\b",
    r"\buseless\b", r"\bwhat a (?:mess|shambles)\b", r"\btearing my hair\b", r"\bangry\b",
    r"\bnobody (?:answers|helps|cares|responds|replies|has (?:answered|helped|replied|responded))\b",
    r"\bno ?(?:one|body) (?:ever )?(?:answers|helps|cares|responds|replies)\b", r"\bhow many (?:more )?times\b",
    r"\byet again\b", r"\bstill waiting for (?:an answer|a reply|help|some(?:one|body)|you)\b",
    r"\bwhen will (?:this|it) finally\b",
    r"\bfor the (?:third|fourth|fifth|sixth|tenth|umpteenth|nth|hundredth) time\b",
    r"\b(?:third|fourth|fifth|sixth) time (?:this|in a|today)\b", r"\bhate this\b", r"\bcan(?:no|')?t believe\b",
)  # fmt: skip
_IMPATIENT = (
    r"\bannoy(?:ed|ing|s)\b", r"\birritat\w+\b", r"\bonce again\b",
    r"\bkeeps? (?:on )?(?:happening|crashing|failing|breaking|dropping|freezing)\b",
    r"\bstill (?:not|no|nothing|broken|doesn.?t|isn.?t|hasn.?t|can.?t|cannot|won.?t)\b",
    r"\bfor (?:days|weeks|months|ages)\b", r"\b(?:whole|entire) (?:morning|afternoon|day|week)\b", r"\bwasted\b",
    r"\bfinally (?:fix|sort|do)\b", r"\bseriously[,?!]", r"^come on\b", r"\bcome on[,!]", r"\bembarrass\w+\b",
    r"\bno (?:reply|answer|response|reaction)\b", r"\bagain and again\b", r"\bevery single\b",
    r"\bstill (?:no|waiting)\b",
    r"\bthird day\b", r"\bi (?:have|.ve) lost (?:\w{1,30} ){0,3}(?:twice|again)\b",
    r"\b(?:ping|chas)(?:ed|ing) (?:you|this)\b",
)  # fmt: skip
_INSISTENT = (
    r"!{2,}", r"[!?]{3,}",
)  # fmt: skip
_PRESSED = (
    r"\bagain\b", r"\bplease help\b", r"\burgent(?:ly)?\b", r"\bdesperate\w*\b", r"\bdead slow\b",
    r"\bhopeless\w*\b", r"[?!]{2}",
)  # fmt: skip
_CALM = (
    r"\bno (?:rush|hurry|worries|big deal)\b", r"\bnot (?:urgent|annoyed|angry|a big)\b",
    r"\bwhen(?:ever)? you (?:have|get) (?:a|the|some) (?:minute|moment|chance|time)\b",
    r"\bsorry for (?:moaning|bothering|the bother|asking)\b", r"\bi know you.?re busy\b", r"\bmany thanks\b",
    r"\bno need to\b", r"\bwonder(?:ing)? (?:if|whether|how)\b", r"\bmy fault\b", r"\bsilly me\b",
    r"\bthank you for your (?:help|patience)\b", r"\bapologies\b",
)  # fmt: skip
_WEIGHTS = ((1.0, _FURIOUS), (0.6, _IMPATIENT), (0.5, _INSISTENT), (0.3, _PRESSED), (-0.7, _CALM))
_CUES = tuple((weight, re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE)) for weight, patterns in _WEIGHTS)


def sentiment_of(text: str) -> Sentiment:
    """Say how the requester sounds."""
    return "frustrated" if frustration(text) >= FRUSTRATED_FROM else "neutral"


def frustration(text: str) -> float:
    """Add up what speaks for and against frustration; of cues of one weight, two different ones count."""
    letters = [sign for sign in text if sign.isalpha()]
    if len(letters) > _SHOUTED_LETTERS and sum(sign.isupper() for sign in letters) > _SHOUTED_SHARE * len(letters):
        return FRUSTRATED_FROM
    shouted = set(_SHOUTED_WORD.findall(text))
    heard = sum(weight * _different(pattern, text) for weight, pattern in _CUES)
    return heard + _SHOUTED_WORD_WEIGHT * min(_COUNTED, len(shouted))


def _different(pattern: re.Pattern[str], text: str) -> int:
    return min(_COUNTED, len({match[0].casefold().strip("!?") for match in pattern.finditer(text)}))
