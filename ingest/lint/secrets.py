"""An article's original enters; the secrets in it leave, by kind and line only. The sole user of detect-secrets.

Its detectors of tokens and keys are used as they are; its keyword detector (`password = …`) only where the value looks
like a real one: a runbook is full of `<password>`, `$TOKEN` and `changeme`. Its entropy detectors are not used: commit
hashes and image digests are no secrets. Nothing is verified over the network.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from ingest.lint.original import Original, Passage, finding
from ingest.models import Finding

MAX_LINE_CHARS = 500
"""Longer lines are looked at in pieces: a page may be one line, and some detectors take their time over long ones."""

_OVERLAP = 150
"""No token is longer, but for JSON web tokens, which are found by their beginning."""

_GUESSES = frozenset({"Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)", "Secret Keyword"})
_IN_URL = "a password in a URL"
_NAMES = {"Basic Auth Credentials": _IN_URL, "JSON Web Token": "a JSON web token"}

_TOKEN_START = re.compile(r"[\w+/=.:-]+")
_TOKEN_END = re.compile(r"[\w+/=.:-]{1,100}\Z")
_MAYBE_TOKEN = re.compile(r"[\w+/=-]{16}|://")
_MAYBE_KEYWORD = re.compile(r"key|pass|pw|secret|token|auth|database", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----\s{0,4}"
    r"(?:[A-Z][\w-]{3,20}: [^\n]{1,80}\n\s{0,4}){0,4}[A-Za-z0-9+/=]{40}"
)
"""With the key itself below its head: a page that only names the format holds no secret."""

_PLACEHOLDER = re.compile(
    r"[<>{}$%\[\]()…]|\.\.\.|\*{3}|(?:x{4}|0{6}|123456789)|example|sample|change.?me|placeholder|your|dummy|fake"
    r"|redacted|removed|replace|insert|todo|goes.?here|my.?(?:secret|password|token)|this.?is|foo.?bar|hidden",
    re.IGNORECASE,
)
_PATH_OR_URL = re.compile(r"https?:|[/~.]{1,2}/|/\w+/")
_MIN_PASSWORD_CHARS = 6
_MIN_DISTINCT_CHARS = 5

_Detect = Callable[[str], Iterable[str]]


def check_secrets(original: Original) -> Iterator[Finding]:
    """Find secrets: tokens, private keys, passwords.

    Args:
        original: The article and what it was read from.

    Yields:
        A quarantine per secret; never the secret itself.
    """
    seen: set[str] = set()
    for passage in (original.whole, original.read):
        for kind, secret, line in _secrets(passage):
            found = finding("secret", "quarantine", f"it holds {kind}", f"{kind}\0{secret}", line)
            if found.mark not in seen:
                seen.add(found.mark)
                yield found


def find_tokens(text: str) -> Iterator[str]:
    """Find tokens and keys of services, and passwords in URLs, in any text.

    Args:
        text: Lines of any length.

    Yields:
        Each as it stands in the text, some more than once.
    """
    for line in text.split("\n"):
        for piece in _pieces(line):
            yield from (token for _kind, token in _tokens(piece))


def _secrets(passage: Passage) -> Iterator[tuple[str, str, int | None]]:
    if "PRIVATE KEY" in passage.text:
        for match in _PRIVATE_KEY.finditer(passage.text):
            yield "a private key", match[0], passage.line_of(match.start())
    for number, line in enumerate(passage.text.split("\n")):
        where = None if passage.line is None else passage.line + number
        for piece in _pieces(line):
            for kind, secret in (*_tokens(piece), *_passwords(piece)):
                yield kind, secret, where


def _pieces(line: str) -> Iterator[str]:
    for start in range(0, max(1, len(line) - _OVERLAP), MAX_LINE_CHARS - _OVERLAP):
        yield line[start : start + MAX_LINE_CHARS]


def _tokens(piece: str) -> Iterator[tuple[str, str]]:
    if _MAYBE_TOKEN.search(piece):
        for kind, detect in _token_detectors():
            for found in detect(piece):
                if kind == _IN_URL:
                    if _is_password(found):
                        yield kind, found
                # Some detectors give a token's first letters only.
                elif (token := _word_with(found, piece)) and not _PLACEHOLDER.search(token):
                    yield kind, token


def _word_with(found: str, piece: str) -> str:
    start = piece.find(found)
    before, after = _TOKEN_END.search(piece[:start]), _TOKEN_START.match(piece[start:])
    token = (before[0] if before else "") + (after[0] if after else "")
    return token if len(set(token)) >= _MIN_DISTINCT_CHARS else ""


def _passwords(piece: str) -> Iterator[tuple[str, str]]:
    # Without a digit nothing below is a password, and the detector takes its time over hostile lines.
    if _DIGIT.search(piece) and _MAYBE_KEYWORD.search(piece):
        for value in _keyword_detector()(piece):
            first = value.strip().split(maxsplit=1)[0].strip("'\"`,;") if value.strip() else ""
            if _is_password(first):
                yield "a password or key", first


def _is_password(value: str) -> bool:
    """Say whether a value may be a real password: neither a placeholder, a path nor a mere word."""
    classes = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    kinds = sum(any(is_kind(char) for char in value) for is_kind in classes)
    return (
        len(value) >= _MIN_PASSWORD_CHARS
        and any(char.isdigit() for char in value)
        and kinds >= 2
        and len(set(value)) >= _MIN_DISTINCT_CHARS
        and not _PLACEHOLDER.search(value)
        and not _PATH_OR_URL.match(value)
    )


@cache
def _token_detectors() -> tuple[tuple[str, _Detect], ...]:
    # Loads `requests`, for checks over the network that are never made.
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class  # noqa: PLC0415 - see above

    kinds = get_mapping_from_secret_type_to_class()
    return tuple(
        (_NAMES.get(kind, f"a secret ({kind})"), kinds[kind]().analyze_string)
        for kind in sorted(kinds)
        if kind not in _GUESSES and kind != "Private Key"
    )


@cache
def _keyword_detector() -> _Detect:
    from detect_secrets.plugins import keyword  # noqa: PLC0415 - see above

    detector = keyword.KeywordDetector()

    def detect(piece: str) -> Iterator[str]:
        # Once as in a programming language, where values are quoted, and once as in a settings file.
        yield from detector.analyze_string(piece)
        yield from detector.analyze_string(piece, keyword.CONFIG_DENYLIST_REGEX_TO_GROUP)

    return detect
