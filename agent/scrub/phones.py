"""A text enters, the spans of its telephone numbers leave. The sole user of phonenumbers.

International forms (`+49 30 901820`, `0049…`) count where the number can exist. National forms count where they are
written as telephone numbers are, or where a word before them says so: `4502123456` may be an order.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from agent.scrub.spans import Span

MAX_CHECKED = 200
"""So many candidates are looked up; after these, form alone decides. A text with more is no description of a"
" problem."""

_TRUNK_REGIONS: Final = ("GB", "DE", "FR", "NL", "BE", "AT", "CH", "IT", "SE", "AU", "IE", "JP", "IN", "ZA", "TR", "CN")
"""Where national numbers begin with 0, and those of Italy, where they only look so."""

_GROUPED_REGIONS: Final = ("ES", "PL", "PT", "NO", "DK", "CZ", "GR", "HU", "SG")

_CANDIDATE = re.compile(
    r"(?<![\w@#=/.,:+$€£%-])(?:\+ ?|00 ?)?\(?\d[\d ()./\u00a0\u2010-\u2013-]{5,22}\d(?![\w@]|[.,:%]\d|-\w)"
)
_CUE = re.compile(
    r"(?:\b(?:tel(?:efon\w{0,8}|[ée]fono|ephone)?|t[ée]l[ée]?(?:phone)?|phone|mob(?:ile|il\w{0,4})?|cell(?:ular|phone)?"
    r"|handy\w{0,7}|fax|call|ring|text|sms|whatsapp|dial|reach|number|nr|n[ou]|rufnummer|durchwahl|portable|m[óo]vil|"
    r"llam\w{1,6}|extension|ext|desk|landline|contact|callback|hotline|appel\w{1,4}|anruf\w{0,3}|telefoon\w{0,6})\b"
    r"[^\d\n]{0,24}|[☎📞📱✆][^\d\n]{0,4})\Z",
    re.IGNORECASE,
)
_NOT_A_PHONE = re.compile(
    # Addresses, dates, times, sizes and amounts, dotted versions.
    r"\d{1,3}(?:\.\d{1,3}){3}\Z|\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}(?:\D|\Z)"
    r"|\d+(?:\.\d+)+\Z|\d{1,3}(?: \d{3})+\Z"
)
_NORTH_AMERICA = re.compile(r"(?:1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([ .-]))[2-9]\d{2}[ .-]\d{4}\Z")
_GROUPED = re.compile(
    r"(?:\d{3} \d{3} \d{3}|\d{3} \d{2} \d{2} \d{2}|\d{2} \d{3} \d{2} \d{2}|\d{2} \d{2} \d{2} \d{2})\Z"
)
_SEPARATOR = re.compile(r"[ ()./\u00a0\u2010-\u2013-]")


def find_phones(text: str) -> Iterator[Span]:
    """Find telephone numbers."""
    matches = _CANDIDATE.finditer(text)
    for match in islice(matches, MAX_CHECKED):
        # A bracket may be the text's and not the number's.
        number = match[0] if ")" in match[0] else match[0].lstrip("(")
        start = match.end() - len(number)
        if _is_phone(number, said=bool(_CUE.search(text[max(0, start - 40) : start]))):
            yield Span(start, match.end(), "phone")
    yield from (Span(match.start(), match.end(), "phone") for match in matches)


def _is_phone(number: str, *, said: bool) -> bool:
    digits = sum(map(str.isdigit, number))
    if not 7 <= digits <= 15:
        return False
    if number.startswith(("+", "00")):
        return _exists("+" + number.lstrip("+0").lstrip(), None)
    if _NOT_A_PHONE.match(number) and not number.startswith("0"):
        return False
    return said or bool(_NORTH_AMERICA.match(number)) or _is_national(number, digits)


def _is_national(number: str, digits: int) -> bool:
    if number.lstrip("(").startswith("0") and digits >= 9 and (_SEPARATOR.search(number) or digits == 11):
        return any(_exists(number, region) for region in _TRUNK_REGIONS)
    return bool(_GROUPED.match(number)) and any(_exists(number, region) for region in _GROUPED_REGIONS)


def _exists(number: str, region: str | None) -> bool:
    import phonenumbers  # noqa: PLC0415 - few tickets have a number that is looked up, and it loads sixty files

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(parsed))
