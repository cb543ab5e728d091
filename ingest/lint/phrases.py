"""What people write to a model rather than to a person: the patterns of `instructions.py`, each with its name.

They are matched against folded text: lower case, one line, every mark of markup and quotation a space. Every repetition
is bounded, so that each pattern takes time in proportion to the text. "Ignore", "system", "assistant" and "your
response" are innocent words in a runbook; only what they are joined with makes them a sign.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_W = r"[\w'’-]{1,30}"
"""A word. Shorter than a pattern's name for it would be."""

_MODEL = (
    r"(?:(?:an? |the |any |all |every )?(?:ai|a\.i\.)(?: (?:assistants?|agents?|models?|systems?|tools?|readers?))?"
    r"|(?:an? |the |any |all |every )?(?:llms?|(?:large )?language models?|chat ?bots?|virtual assistants?"
    r"|(?:automated |triage |support )(?:assistants?|bots?|models?))"
    r"|chatgpt|gpt(?:-\w{1,5})?|automation)"
)
_RULES = r"(?:instructions?|prompts?|directions|directives|guidelines|rules|constraints|guardrails|system messages?)"
_EARLIER = r"(?:previous|prior|above|preceding|earlier|foregoing|former|original|system|existing|safety|other|given)"
_CODE = r"(?:following|below|subsequent) (?:code|script) (?:snippet|excerpt|block|section|fragment|sample)"
_OWN = r"(?:response|reply|answer|output|solution|implementation|algorithm|elucidation|explanation|codebase|code)"
_ANSWER = r"(?:response|reply|answer|output|completion)"
_NAMES = (("ai", "llm", "language model", "chat", "gpt", "automat", "assistant", "triage ", "support ", "a.i."),)
_CODE_NAMES = ((" code ", " script "), ("following", "below", "subsequent"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way of speaking to a model.

    Attributes:
        what: What it does, for a report.
        needs: From each row one word must be in the text, else the pattern cannot match; saves most of the time.
        pattern: A regular expression over folded text.
    """

    what: str
    needs: tuple[tuple[str, ...], ...]
    pattern: str

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Find it in a text."""
        if all(any(word in text for word in row) for row in self.needs):
            yield from _compiled(self.pattern).finditer(text)


CERTAIN: tuple[Phrase, ...] = (
    Phrase(
        "it tells a model to ignore its instructions",
        (("ignore", "disregard", "forget", "override", "bypass", "follow"),),
        rf"\b(?:ignore|disregard|forget|override|bypass|stop following|do not follow)"
        rf"(?: (?:all|any|every|each|of|the|your|these|those|my|and)){{0,3}}(?: {_EARLIER}){{1,3}}"
        rf" (?:\w{{1,20}} )?{_RULES}\b"
        rf"|\b(?:ignore|disregard|forget|override) (?:(?:all|any) (?:of )?)?your {_RULES}\b"
        rf"|\b(?:ignore|disregard|forget) (?:everything|anything|all)(?: that)? (?:(?:you|i|we) )?"
        rf"(?:(?:was|were|are|has been|have been|ve been) )?(?:told|said|instructed|above|before this)\b",
    ),
    Phrase(
        "it gives a model new instructions",
        (("instruction", "prompt"), ("new", "instead")),
        r"\b(?:your )?new (?:system )?(?:instructions?|prompt)(?: are| is| follows?)? ?:"
        r"|\bfollow (?:only )?these (?:new )?instructions instead\b",
    ),
    Phrase(
        "it is addressed to a model",
        _NAMES,
        rf"\b(?:note|notice|message|instructions?|hint|attention|important|warning|reminder|dear|hello|hey)"
        rf"(?: to| for|,)? {_MODEL}(?: {_W}){{0,6}} ?[:,!–—]"
        rf"|\bif you(?: a|['’ ])re {_MODEL}\b|\bas {_MODEL},? (?:you|your) "
        rf"|\b{_MODEL}(?: (?:that|who|which))? (?:reading|reads?|processing|processes|summari[sz]ing|parsing|ingesting)"
        rf"(?: {_W}){{0,5}} (?:must|should|shall|has to|have to|is to|are to|will)\b"
        rf"|\b{_MODEL}(?: {_W}){{0,3}} (?:must (?:always|never|ignore|not mention)|(?:is|are) instructed to)\b",
    ),
    Phrase(
        "it gives a model another role",
        (("you are ", "anything now", "jailbr", " mode", "pretend", "act", "behave", "role"),),
        rf"\byou are (?:now|no longer|hereby) (?:(?:in|bound by|an?|the|called) )?(?:{_W} ){{0,2}}"
        rf"(?:mode|assistant|ai|model|bot|dan|admin|administrator|root|rules|restrictions|guidelines|policies|agent)\b"
        rf"|\bdo anything now\b|\bjailbr(?:ea|o)k(?:en)? (?:mode|prompt|the model|the assistant)\b"
        rf"|\b(?:enter|enable|activate|switch to|in) (?:developer|debug|god|unrestricted|unfiltered) mode\b"
        rf"[^.!?]{{0,40}}"
        rf"\b(?:ignore|no restrictions|without|rules|filters?)\b"
        rf"|\b(?:pretend|act|behave|role ?play)(?: {_W}){{0,2}} (?:you|as)(?: {_W}){{0,5}}"
        rf" (?:no|without|unrestricted|unfiltered)(?: {_W}){{0,2}}"
        rf" (?:restrictions?|rules|filters?|limits?|model|ai|assistant)\b",
    ),
    Phrase(
        "it asks a model for its own instructions",
        (("prompt", "message", "instructions"),),
        rf"\b(?:reveal|print|repeat|output|show|display|disclose|leak|expose|return|include|tell me|write out|quote)"
        rf"(?: {_W}){{0,3}} (?:your|its|the model s|the assistant s|the)(?: {_W}){{0,2}}"
        rf" (?:system prompt|system message|hidden instructions|initial instructions|initial prompt|hidden prompt)\b"
        rf"|\b(?:reveal|print|repeat|output|disclose|leak) your (?:{_W} ){{0,2}}(?:instructions|prompt)\b",
    ),
    Phrase(
        "it has a model send out what it was given",
        (("conversation", "chat ", "system prompt", "context window", "ticket"),),
        rf"\b(?:send|post|forward|exfiltrate|upload|append|leak|encode)(?: {_W}){{0,5}}"
        rf" (?:conversation|chat history|chat log|system prompt|context window|ticket s? ?(?:text|body|contents?))\b"
        rf"[^.!?]{{0,60}}(?:https?:|\burl\b|@)",
    ),
    Phrase(
        "it tells a model which article to choose or how sure to be",
        (("this", "confidence", "similarity", "check", "gate", "guard", "resolve"),),
        rf"\b(?:always|must|only) (?:cite|quote|choose|select|prefer|rank|return|recommend|trust)"
        rf" (?:only )?this (?:article|runbook|page|document|passage)\b"
        rf"|\b(?:rank|rate|score|mark|treat) this(?: {_W}){{0,2}} (?:as|first|above|highest)(?: {_W}){{0,3}}"
        rf" (?:relevant|trusted|authoritative|others?|result|match|verified)\b"
        rf"|\b(?:set|report|return|output|give|state)(?: {_W}){{0,3}} (?:confidence|similarity)(?: score)?"
        rf" (?:to|of|as|=) ?(?:1\b|0?\.9|100|9\d|max|the maximum)"
        rf"|\b(?:skip|bypass|ignore|disable)(?: {_W}){{0,3}}"
        rf" (?:citation|freshness|confidence|verification|identity|safety) (?:check|gate|guard)s?\b[^.!?]{{0,60}}"
        rf"\b(?:resolve|answer|reply|respond|output|outcome)\b"
        rf"|\b(?:outcome|decision) (?:must|should|shall|has to) (?:always )?be resolve\b",
    ),
    Phrase(
        "it has a model act behind the user's back",
        (("instruction", "prompt", "directive", "tool", "function"),),
        rf"\b(?:do not|don['’ ]t|never) (?:tell|mention|reveal|inform|show|disclose)(?: {_W}){{0,6}}"
        rf" (?:this|these|hidden|above) (?:instructions?|prompt|directives?)\b"
        rf"|\b(?:call|invoke|use|run) the (?:{_W} )?(?:tool|function)\b[^.!?]{{0,60}}"
        rf"\b(?:without (?:asking|telling|confirmation|approval)|silently|do not (?:tell|mention|ask))\b",
    ),
    Phrase(
        "it scripts a model's answer",
        (("when", "if ", "end of "),),
        r"\b(?:when|whenever|if) (?:you are |you re )?(?:asked|summari[sz]ing|answering|responding|replying|triaging)\b"
        r"[^.!?]{0,60}\b(?:always|instead|only) (?:say|reply|respond|answer|state|output)\b"
        r"|\bend of (?:the )?(?:untrusted|user|retrieved|provided) (?:data|text|content|document|context|articles?)\b",
    ),
    Phrase(
        "it has a model put foreign code into its answer",
        _CODE_NAMES,
        rf"\b(?:the )?{_CODE}s?\b[^.!?:]{{0,70}}\b(?:your|the) (?:{_W} ){{0,6}}{_OWN}\b"
        rf"|\byour {_OWN}\b[^.!?:]{{0,60}}\b{_CODE}s?\b"
        rf"|\b{_CODE}s? in the code you\b|\b{_CODE}s?[^.!?:]{{0,30}} a more robust code\b",
    ),
)

POSSIBLE: tuple[Phrase, ...] = (
    Phrase(
        "it may have a model put foreign code into its answer",
        _CODE_NAMES,
        rf"\b(?:add|embed|employ|includ\w{{1,3}}|incorporat\w{{1,3}}|insert|integrat\w{{1,3}}|introduc\w{{1,3}}|merg\w{{1,3}}"
        rf"|render)[^.!?:]{{0,40}}\b{_CODE}\b",
    ),
    Phrase(
        "it may dictate a model's answer",
        (("your ", "reply", "respond", "answer"), ("response", "reply", "answer", "output", "completion", "respond")),
        rf"\b(?:add|includ\w{{1,3}}|integrat\w{{1,3}}|modify|enhance|encode|render|provide|translate|mention|insert|craft"
        rf"|present|convert|rewrite|end|begin|start)\b[^.!?]{{0,60}}\byour {_ANSWER}\b"
        rf"|\b(?:reply|respond|answer) (?:only )?(?:using|in|with) (?:base ?\d\d|reverse|morse|rot ?13|json)\b",
    ),
    Phrase("it speaks of a model's prompt", ((" prompt",),), r"\b(?:system|hidden|initial) prompt\b"),
    Phrase(
        "it may address a model", _NAMES, rf"\b(?:note|message|instructions?) (?:to|for) {_MODEL}\b|\b{_MODEL} must\b"
    ),
)

MARKERS = Phrase(
    "it holds the marks that separate roles in a model's input",
    (("<|", "inst]", "sys>>", "system", "assistant", "_call", "untrusted"),),
    r"<\| ?(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|eot_id) ?\|>"
    r"|\[/?inst\]|<</?sys>>|</?(?:system_prompt|system_message|function_calls|tool_calls?|untrusted_\w{1,20})>"
    r"|^[ >#*]{0,6}(?:system|assistant)[* ]{0,4}: {0,3}(?:you (?:are|must|will)|ignore|disregard|always|never)\b",
)
"""Matched against each line in lower case, for it is made of marks."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
