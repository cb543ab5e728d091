"""A text enters; the spans of passwords, PINs and keys that people write out leave: in prose, settings and URLs."""

import re
from collections.abc import Iterator

from agent.scrub.spans import Span

_WORDS = (
    r"p(?:a|as|ass|asss)\s?-?wor?d|passwrod|pasword|passwd|passw|pass\s?(?:phrase|key)|pwd?|psw|pw|pass|pass?wor?t"
    r"|kenn?wort|mot de passe|mdp|contrase(?:[ñn]|\\u00f1)a|clave|wachtwoord|senha|l[öo]senord|has[łl]o|salasana"
    r"|passwords|credentials?"
)
_CODES = r"pin(?:[ -]?code)?|puk|otp|pass\s?code|(?:login|2fa|mfa|verification|security|one[ -]time) code|cvv|cvc"
"""Words for what consists of digits: "the pin is bent" speaks of a connector."""

_NAMES = (
    r"(?:[\w.-]{0,40}[_.-])?(?:api[_ -]?key|secret(?:[_ -]?(?:access[_ -]?)?key)?|access[_ -]?key|client[_ -]?secret"
    r"|(?:auth|access|refresh|bearer|api|bot)?[_ -]?token|private[_ -]?key|account[_ -]?key|shared[_ -]?access[_ -]?"
    r"(?:key|signature)|passphrase|encryption[_ -]?key|signing[_ -]?key|license[_ -]?key)"
)
_QUOTES = "\"'`´‘’“”„«»"
_VALUE = (
    rf"(?:\\?[{_QUOTES}](?P<quoted>[^\n\\{_QUOTES}]{{3,80}})\\?[{_QUOTES}]"
    rf"|(?P<bare>[^\s{_QUOTES}<>\[\]{{}},;&][^\s{_QUOTES}<>,;&]{{2,127}}))"
)

_ASSIGNED = r"[ \t]{0,4}(?:[:=]{1,2}>?|→|->)[ \t]{0,4}(?:\n[ \t]{0,4})?"
_IS = r"(?:is|was|are|ist|war|lautet|est|es|era|er|to|set to|reads|[ée]tait|à|auf|currently|now|still)"
_NOW = r"(?:[ \t]{1,3}(?:now|still|currently|set to|jetzt|noch))?"
_FOR = r"(?:[ \t]{1,3}(?:for|f[üu]r|pour|para|of|to)[ \t]{1,3}[\w.@ -]{1,30}?)?"

_SAID = re.compile(
    rf"(?<![\w-])(?:{_WORDS}|(?P<code>{_CODES})){_FOR}[\"']?"
    rf"(?P<joint>{_ASSIGNED}|[ \t]{{1,3}}{_IS}{_NOW}[ \t]{{0,3}}:?[ \t]{{1,3}}"
    rf"|[ \t]{{1,3}}(?=\\?[{_QUOTES}])|[ \t]{{1,3}}(?=[^\s]{{0,40}}\d)){_VALUE}",
    re.IGNORECASE,
)
_SETTING = re.compile(
    rf"(?<![\w.-]){_NAMES}[\"']?"
    rf"(?P<joint>[ \t]{{0,4}}[:=]{{1,2}}>?[ \t]{{0,4}}|[ \t]{{1,3}}(?:is|ist|est|es)[ \t]{{1,3}}"
    rf"|[ \t]{{1,3}}(?=[^\s]{{0,80}}\d)){_VALUE}",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"://[^\s/:@<>\"']{0,80}:(?P<value>[^\s/@<>\"'\[]{1,100})@")
_OPTION = re.compile(
    r"(?<!\S)(?:-u[ =]?[\w.@\\-]{1,64}:|--?(?:password|passwd|pass|pw|token|secret)["
    r" =])(?P<value>[^\s\"'\[][^\s\"']{2,100})"
)

_PLACEHOLDER = re.compile(
    r"(?:\W*|x+|\*+|\.+|•+|_+|\$\{?\w+\}?|%\w+%|<[^>]*>?|n/?a|none|null|true|false|undefined)\Z", re.IGNORECASE
)
_ORDINARY = re.compile(
    r"(?:not?|never|always|too|also|again|yet|ever|once|only|just|even|still|now|then|when|where|what|why|who|how|if|as"
    r"|at|by|in|on|of|or|and|but|for|from|with|without|my|me|your|our|their|his|her|its|it|this|that|these|those|the"
    r"|an?"
    r"|i|we|you|they|he|she|is|was|are|be|been|do|does|did|has|have|had|can|cannot|could|will|would|should|must|may"
    r"|reset|resets|change|changes|wrong|correct|incorrect|invalid|valid|ok|okay|fine|right|good|bad|old|new|same|due"
    r"|weak"
    r"|strong|safe|secure|unsafe|expired?|gone|lost|known|unknown|empty|blank|missing|different|case|sensitive|required"
    r"|needed|set|stuck|locked|there|here|back|out|up|off|longer|about|manager|policy|field|box|prompt|screen|page"
    r"|portal"
    r"|vault|form|link|email|mail|help|please|thanks|issue|problem|error|request|access|account|login|sign|log"
    r"|something"
    r"|someone|anything|nothing|everything|today|tomorrow|yesterday|soon|later|before|after|via|see|abgelaufen|falsch"
    r"|nicht|mehr|noch|schon|vergessen|gesperrt|ung[üu]ltig|richtig|korrekt|expir[ée]e?|incorrecto?|oubli[ée]|perdu|pas"
    r"|plus|caducad[oa]|olvidad[oa]|no|le|la|les|un|une|una|el|de|du|des|das|der|die|den|ein|eine|und|oder|wie|zu)\Z",
    re.IGNORECASE,
)
_ORDINARY_ENDING = re.compile(r"(?:ed|ing|ly|able|ible|tion|ung|iert|ée|ado|ido)\Z", re.IGNORECASE)


def find_passwords(text: str) -> Iterator[Span]:
    """Find passwords and other secrets that a person wrote out, by the words before them."""
    for pattern, judge in ((_SAID, _is_password), (_SETTING, _is_secret)):
        place = 0
        while match := pattern.search(text, place):
            span = _value_span(match)
            value = text[span.start : span.end]
            accepted = _fits(match, value) and judge(
                value, strict=not _assigns(match["joint"]) and match["quoted"] is None
            )
            place = span.end if accepted else max(match.start() + 1, span.start)
            if accepted:
                yield span
    for pattern in (_IN_URL, _OPTION):
        for match in pattern.finditer(text):
            if not _PLACEHOLDER.match(match["value"]):
                yield Span(match.start("value"), match.end("value"), "password")


def _fits(match: re.Match[str], value: str) -> bool:
    return not match.groupdict().get("code") or sum(map(str.isdigit, value)) >= 3


def _value_span(match: re.Match[str]) -> Span:
    if match["quoted"] is not None:
        return Span(match.start("quoted"), match.end("quoted"), "password")
    value = match["bare"]
    kept = value.rstrip(".,;:!?)…") if value.rstrip(".,;:!?)…") else value
    # A sign at the end may belong to the password; then too much is taken rather than too little.
    end = match.end("bare") - (len(value) - len(kept)) + (1 if value[len(kept) :][:1] == "!" else 0)
    return Span(match.start("bare"), end, "password")


def _assigns(joint: str) -> bool:
    return any(sign in joint for sign in ":=→>")


def _is_password(value: str, *, strict: bool) -> bool:
    """Say whether a value is one. `strict` where only words lead to it: "my password is wrong" holds none."""
    if _PLACEHOLDER.match(value) or "[" in value:
        return False
    word = value.strip(".,;:!?()")
    if word.isalpha():
        return not _ORDINARY.match(word) and not (strict and (_ORDINARY_ENDING.search(word) or len(word) < 4))
    has_sign = any(not char.isalnum() and char not in "-'’/" for char in word)
    return not strict or any(map(str.isdigit, word)) or (len(word) >= 6 and has_sign)


def _is_secret(value: str, *, strict: bool) -> bool:
    if len(value) < 8 or "[" in value or _PLACEHOLDER.match(value):
        return False
    digits = sum(map(str.isdigit, value))
    if digits and any(map(str.isalpha, value)):
        return True
    return not strict and (digits >= 8 or len(value) >= 16)
