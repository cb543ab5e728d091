"""A text enters; the spans of what computers authenticate with leave: private keys, tokens, cookies."""

import re
from collections.abc import Iterator

from agent.scrub.spans import Span
from ingest.lint.secrets import find_tokens

_KEY_HEAD = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_TAIL = re.compile(r"-----END (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES = re.compile(r"(?:(?:\s|\\[nr]|>){0,6}(?:[A-Z][\w-]{3,20}: [^\n]{1,80}|[A-Za-z0-9+/=]{16,20000}))*")
_MAX_KEY_CHARS = 20_000
"""No private key is longer."""

# Each looks only at the beginning of a run of the characters it is made of, so that no text is read twice.
_WEB_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{8,4000}\.[\w-]{4,8000}(?:\.[\w-]{0,4000}){0,3}")
_ISSUED = re.compile(
    r"(?<![\w-])(?:gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|cbt|soat)-|xox[abeoprs]-|xapp-|(?:sk|pk|rk)_(?:live|test)_"
    r"|sk-(?:ant-|proj-|or-)?|AIza|ya29\.|npm_|pypi-|SG\.|hf_|dop_v1_|dapi|hvs\.|hvb\.|ATATT3|ATCTT3|shp(?:at|ca|pa"
    r"|ss)_"
    r"|NRAK-|glsa_|glc_|lin_api_|ntn_|dp\.(?:pt|st|ct)\.|AGE-SECRET-KEY-1|sq0(?:atp|csp)-|EAAA|rubygems_|dckr_pat_"
    r"|PMAK-)"
    r"(?=[\w.-]{0,60}\d)[\w.-]{16,300}"
)
_AMAZON = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_BOT = re.compile(r"(?<![\w:])\d{8,10}:AA[\w-]{33}(?![\w-])")
_HEADER = re.compile(
    r"(?<![\w-])(?:(?:proxy-)?authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?(?:[a-z]{3,12}\s{1,3})?|bearer\s{1,3}"
    r"|x-[\w-]{0,30}(?:api-?key|token|secret)['\"]?\s{0,3}[:=]\s{0,3}['\"]?)(?P<value>[\w.~+/=:-]{8,4000})",
    re.IGNORECASE,
)
_COOKIE_LINE = re.compile(
    r"(?<![\w-])(?:set-)?cookie['\"]?\s{0,3}:\s{0,3}['\"]?(?P<value>[\w.$-]{1,80}=[^\n\"']{4,4000})", re.IGNORECASE
)
_SESSION = re.compile(
    r"(?<![\w-])(?:j?sess(?:ion)?[_-]?(?:id|token)|phpsessid|jsessionid|asp\.net_sessionid|connect\.sid|csrf[_-]?token"
    r"|xsrf-token|laravel_session|sessionid|remember_token|auth[_-]?cookie|sid)=(?P<value>[\w.%:/+~-]{8,2000})",
    re.IGNORECASE,
)
_PARAMETER = re.compile(
    r"[?&;](?:access_token|refresh_token|id_token|api_?key|apikey|auth|token|sig|signature|secret|client_secret|code"
    r"|x-amz-signature|x-amz-credential|sas|key)=(?P<value>[\w.%~+/-]{8,2000})",
    re.IGNORECASE,
)


def find_keys(text: str) -> Iterator[Span]:
    """Find private keys, tokens of services, web tokens, authorisation headers, cookies and signed URLs."""
    yield from _private_keys(text)
    for pattern in (_WEB_TOKEN, _ISSUED, _AMAZON, _BOT):
        yield from (Span(match.start(), match.end(), "token") for match in pattern.finditer(text))
    for pattern in (_HEADER, _PARAMETER):
        for match in pattern.finditer(text):
            if _is_random(match["value"]):
                yield Span(match.start("value"), match.end("value"), "token")
    for pattern in (_COOKIE_LINE, _SESSION):
        yield from (Span(match.start("value"), match.end("value"), "cookie") for match in pattern.finditer(text))
    for token in set(find_tokens(text)):
        start = text.find(token)
        while start != -1:
            yield Span(start, start + len(token), "token")
            start = text.find(token, start + len(token))


def _private_keys(text: str) -> Iterator[Span]:
    place = 0
    while head := _KEY_HEAD.search(text, place):
        tail = _KEY_TAIL.search(text, head.end(), head.end() + _MAX_KEY_CHARS)
        if tail is None:
            tail = _KEY_LINES.match(text, head.end())
        place = tail.end() if tail else head.end()
        # A head alone names the format.
        if place > head.end():
            yield Span(head.start(), place, "private_key")


def _is_random(value: str) -> bool:
    return any(map(str.isdigit, value)) or any(map(str.isupper, value[1:])) or len(value) >= 24
