"""A reply's own words enter; what in them could be acted on leaves: addresses, numbers, commands, however disguised.

What stands in a cited article may be said. Pure; every pattern is linear in the length of a reply.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

MAX_SHOWN_CHARS = 60

_LOOKALIKES: Final = str.maketrans(
    {
        **dict(zip("аеіјоргсухһԁԛѕᴡνοαρτικ", "aeijoprcyxhdqswvoaptik", strict=True)),
        **dict(zip("АВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTXIJSABEZHIKMNOPTYX", strict=True)),
        **dict.fromkeys("․·‧∙•ꓸ", "."),
        **dict.fromkeys("⁄∕⧸", "/"),
        **dict.fromkeys("꞉∶ː", ":"),
    }
)
"""Letters and signs that pass for Latin ones."""

_TYPOGRAPHY: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼʹ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e01ef]"
)
_JOINS: Final = tuple("@-_/?#&=%+")
"""Signs by which a longer name or number would go on."""

_SHAPES: Final[tuple[tuple[str, str], ...]] = (
    ("a URL", r"\b[a-z][a-z0-9+.-]{0,30}\s?:\s?/\s?/\s?[^\s<>\"]*"),
    ("a URL", r"\bh(?:xx|tt)ps?\b|\bwww\b"),
    ("a URL", r"\b(?:mailto|tel|sms|javascript|data|file):\S+"),
    ("an e-mail address", r"\S{0,64}@\S{0,64}"),
    ("an e-mail address", r"\w{1,64}\s?[\[({]\s?at\s?[\])}]\s?\w{1,64}"),
    ("a domain or file name", r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[^\W\d_][\w-]{1,62}"),
    ("a domain or file name", r"[\w-]{1,63}\u3002[a-z][\w-]{1,62}"),
    ("a disguised dot", r"\w{1,64}\s?[\[({]\s?(?:\.|dot|punkt|point)\s?[\])}]\s?\w{1,64}"),
    ("a disguised dot", r"\w{2,64}\s(?:dot|punkt)\s[a-z]{2,4}\b|\w{2,64}\s\.\s?[a-z]{2,4}\b"),
    ("a number to call or copy", r"\+?\d(?:[\s()./-]{0,3}\d){4,40}"),
    (
        "a number spoken",
        r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)[\s,-]{1,3}){4,20}\w{1,10}",
    ),
    ("a network address", r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\b|\\\\[^\s\\]{1,64}"),
    ("a path", r"\b[a-z]:[\\/]|(?<![\w.])[~.]{0,2}/[\w.-]{1,64}/?"),
    ("an encoded sign", r"%[0-9a-f]{2}|&#?\w{1,10};"),
    ("punycode", r"\bxn--\S{0,64}"),
    ("markup", r"\]\s?\(|!\[|<\s?[a-z!/]|\]\s?:|\]\s?\["),
    ("a command", r"`[^`]{0,200}`?|(?<!\S)--?[a-z][\w-]{0,40}|\$[({\w]|&&|\|\|?|\s>\s|>>"),
    (
        "a command",
        r"\b(?:sudo|curl|wget|chmod|chown|mkfs|powershell|pwsh|regedit|rundll32|msiexec|iex|invoke-\w{1,30}|rmdir)\b",
    ),
    ("a command", r"\b(?:certutil|bitsadmin|mshta|bash|cmd|kubectl|netsh|schtasks|systemctl|ssh|scp|telnet|netcat)\b"),
    (
        "a command",
        r"\b(?:nslookup|ipconfig|diskpart|vssadmin|bcdedit|cipher|takeown|icacls|apt-get|npm|pip3?|git)\b",
    ),
    ("a command", r"\brm\s|\bformat\s[a-z]\b|\bdel\s\S|\bnet\suser\b"),
    ("a text spelled out", r"(?<!\S)(?:[^\W_][\s.\-_]{1,2}){4,60}[^\W_](?!\S)"),
    ("an encoded text", r"[\w+/=-]{41,}"),
)
_PATTERNS: Final = tuple((kind, re.compile(shape)) for kind, shape in _SHAPES)
"""Longest first: what a source says as a whole is not looked at again for its parts."""

_ABBREVIATION = re.compile(r"\b(?:[^\W\d_]\.){1,4}[^\W\d_]\b")
"""As in "e.g": no domain."""

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
_SECRETS = re.compile(
    r"\b(?:password|passcode|passphrase|passwort|kennwort|contraseña|mot de passe|pin|otp|one-time code|security code|"
    r"verification code|2fa|mfa code|cvv|card number|kreditkarte\w*|bank details|social security|private key|recovery "
    r"key|api key|seed phrase|credentials|secret)\b"
)
_GIVING = re.compile(
    r"\b(?:send|tell|give|share|provide|reply with|enter|type|forward|confirm|supply|submit|read out|let us have|"
    r"what(?:'s| is) (?:your|the)|need your|schick\w*|sende\w*|nenn\w*|teile\w*|gib|geben|envoy\w*|donne\w*|"
    r"envíe\w*|dime|diga)\b"
)
_SENTENCE_END = re.compile(r"[.!?;:\n]+")
_ORDER = re.compile(
    r"^\W*(?:(?:please|then|now|first|next|just|also|and|to \w+ (?:this|it)|bitte|"
    r"you (?:must|should|need to|have to|can|may))[\s,]+){0,4}(?P<order>click|download|install|uninstall|run|execute|"
    r"delete|erase|remove|wipe|disable|deactivate|"
    r"turn off|switch off|type|enter|paste|copy|visit|browse|call|dial|phone|text|send|forward|transfer|pay|buy|"
    r"purchase|wire|submit|reset|restart|reboot|format|unplug|log in|sign in|log on|grant|approve|ignore|bypass|skip|"
    r"open|go to|scan|plug|connect|upload|share|provide)\b"
)


def fold(text: str) -> str:
    """Return text as quotes are compared: NFKC, without invisible signs, quotes and dashes plain, one space."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_TYPOGRAPHY)
    return " ".join(plain.split())


def actionables(words: str, sources: Iterable[str]) -> Iterator[str]:
    """Find what a reply's own words say to act on that no source says.

    Args:
        words: The reply without what it quotes.
        sources: Texts of what it cites.

    Yields:
        What was found, a phrase each.
    """
    folded = fold(words)
    said = [fold(source).translate(_LOOKALIKES).lower() for source in sources]
    plain = folded.translate(_LOOKALIKES).lower()
    for kind, pattern in _PATTERNS:
        kept, end = [], 0
        for match in pattern.finditer(plain):
            found = match[0].strip(" .,;:!?\"'")
            if any(_says(source, found) for source in said):
                kept.append(plain[end : match.start()])
                end = match.end()
            elif not _ABBREVIATION.fullmatch(found):
                yield f"{kind}, {_shown(found)}"
        plain = " ".join([*kept, plain[end:]])
    for word in _WORD.findall(folded):
        if len({script for letter in word if (script := _script(letter))}) > 1:
            yield f"a word of several scripts, {_shown(word)}"
    yield from _demands(plain, said)


def _demands(plain: str, sources: list[str]) -> Iterator[str]:
    """Find requests for secrets, and orders that no source gives."""
    for sentence in _SENTENCE_END.split(plain):
        if (secret := _SECRETS.search(sentence)) and _GIVING.search(sentence):
            yield f"a request for a secret, {secret[0]!r}"
        if (order := _ORDER.match(sentence.strip())) and not any(sentence.strip() in source for source in sources):
            yield f"an order of its own, {order['order']!r}"


def _says(source: str, found: str) -> bool:
    """Say whether a source holds a phrase as a whole, not as part of a longer name or number."""
    if not found:
        return False
    start = source.find(found)
    while start >= 0:
        before, after = source[start - 1 : start], source[start + len(found) : start + len(found) + 2]
        if not (before.isalnum() or before in _JOINS) and not (
            after[:1].isalnum() or after[:1] in _JOINS or (after[:1] in (".", ":") and after[1:].isalnum())
        ):
            return True
        start = source.find(found, start + 1)
    return False


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").partition(" ")[0]
    return name if name in _SCRIPTS else ""


def _shown(found: str) -> str:
    return repr(found if len(found) <= MAX_SHOWN_CHARS else found[: MAX_SHOWN_CHARS - 1] + "…")
