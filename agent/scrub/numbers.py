"""A text enters; the spans of payment cards, bank accounts and national identity numbers leave.

The sole user of python-stdnum, which knows the check digits. A number without them, or with few, counts only where a
word before it says what it is: order and serial numbers look the same.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import stdnum.br.cpf
import stdnum.ch.ssn
import stdnum.es.dni
import stdnum.es.nie
import stdnum.fr.nir
import stdnum.iban
import stdnum.it.codicefiscale
import stdnum.luhn
import stdnum.se.personnummer
import stdnum.us.ssn

from agent.models import ScrubKind
from agent.scrub.spans import Span

MAX_CHECKED = 200
"""So many candidates of one form have their check digits worked out; after these, form alone decides. A text with more
is no description of a problem."""

_START = r"(?<![\w.,/:#-])"
_END = r"(?![\w-]|[.,:/]\d)"

_CARD = re.compile(rf"{_START}(?:\d{{4}}[ -]?){{3}}\d{{1,7}}{_END}|{_START}3\d{{3}}[ -]?\d{{6}}[ -]?\d{{4,5}}{_END}")
_CARD_BRANDS = re.compile(
    r"(?:4\d{12}(?:\d{3}(?:\d{3})?)?|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}|(?:50|5[6-9]|6[37])\d{12,17})\Z"
)
_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", re.IGNORECASE
)
_WORDS_FOR_IDS = (
    r"ssn|social[ -]security(?:[ -]n\w{1,6})?|social insurance|steuer-?(?:id|identifikations\w{1,9}|nummer)|idnr|tax["
    r" -]id"
    r"|national insurance|nino?|bsn|burgerservicenummer|sozialversicherungs\w{1,9}|rentenversicherungs\w{1,9}|pesel"
    r"|aadhaar|nhs|nir|insee|s[ée]curit[ée] sociale|dni|nie|nif|codice fiscale|cpf|personnummer|ahv|avs|cpr|sin"
    r"|national id(?:entity)?|id[ -]card|identity card|personalausweis\w{0,8}|ausweis\w{0,8}|passport|reisepass\w{0,8}"
    r"|passeport|pasaporte|driver'?s?'? licen[cs]e|driving licen[cs]e|f[üu]hrerschein\w{0,8}"
)
_NAMED_ID = re.compile(
    rf"(?<!\w)(?:{_WORDS_FOR_IDS})(?:\s{{1,3}}(?:number|num|no|nr|nummer|num[ée]ro|n[úu]mero|is|ist|est|es|my|card)\b)"
    r"{0,3}[\s.:#=\"'°()-]{0,6}(?P<value>[A-Z]{0,4}[ -]?\d(?:[ ./-]?[0-9A-Z]){4,18})(?!\w)",
    re.IGNORECASE,
)

_Valid = Callable[[str], bool]


def _always(_number: str) -> bool:
    return True


# Numbers whose form and check digits leave no doubt.
_PLAIN_IDS: Final[tuple[tuple[re.Pattern[str], _Valid], ...]] = (
    (re.compile(rf"{_START}(?:\d{{3}}-\d{{2}}-\d{{4}}|\d{{3}} \d{{2}} \d{{4}}){_END}"), stdnum.us.ssn.is_valid),
    (
        re.compile(
            r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?!\w)"
        ),
        _always,
    ),
    (re.compile(rf"{_START}[12] ?\d\d ?[0-9]\d ?[0-9][0-9AB] ?\d{{3}} ?\d{{3}} ?\d\d{_END}"), stdnum.fr.nir.is_valid),
    (re.compile(r"(?<![\w-])\d{8}-?[A-Z](?![\w-])"), stdnum.es.dni.is_valid),
    (re.compile(r"(?<![\w-])[XYZ]-?\d{7}-?[A-Z](?![\w-])"), stdnum.es.nie.is_valid),
    (re.compile(r"(?<!\w)[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z](?!\w)"), stdnum.it.codicefiscale.is_valid),
    (re.compile(rf"{_START}\d{{3}}\.\d{{3}}\.\d{{3}}-\d\d{_END}"), stdnum.br.cpf.is_valid),
    (re.compile(rf"{_START}(?:19|20)?\d{{6}}[+-]\d{{4}}{_END}"), stdnum.se.personnummer.is_valid),
    (re.compile(rf"{_START}756\.\d{{4}}\.\d{{4}}\.\d\d{_END}"), stdnum.ch.ssn.is_valid),
)


def find_numbers(text: str) -> Iterator[Span]:
    """Find payment cards, IBANs and national identity numbers."""
    yield from _valid_ones(_CARD, text, "card", _is_card)
    yield from _accounts(text)
    for match in _NAMED_ID.finditer(text):
        if sum(map(str.isdigit, match["value"])) >= 5:
            yield Span(match.start("value"), match.end("value"), "national_id")
    for pattern, is_valid in _PLAIN_IDS:
        yield from _valid_ones(pattern, text, "national_id", is_valid)


def _valid_ones(pattern: re.Pattern[str], text: str, kind: ScrubKind, is_valid: _Valid) -> Iterator[Span]:
    matches = pattern.finditer(text)
    for match in islice(matches, MAX_CHECKED):
        if is_valid(match[0]):
            yield Span(match.start(), match.end(), kind)
    yield from (Span(match.start(), match.end(), kind) for match in matches)


def _is_card(number: str) -> bool:
    digits = number.replace(" ", "").replace("-", "")
    return bool(_CARD_BRANDS.match(digits)) and len(set(digits)) > 1 and stdnum.luhn.is_valid(digits)


def _accounts(text: str) -> Iterator[Span]:
    matches = _ACCOUNT.finditer(text)
    for match in islice(matches, MAX_CHECKED):
        end = _account_end(match[0])
        if end is not None:
            yield Span(match.start(), match.start() + end, "iban")
    yield from (Span(match.start(), match.end(), "iban") for match in matches)


def _account_end(candidate: str) -> int | None:
    """Return where the account number in a candidate ends: words of four letters may follow it."""
    end = len(candidate)
    while end >= 15:
        if stdnum.iban.is_valid(candidate[:end], check_country=False):
            return end
        end = max(candidate.rfind(" ", 0, end), candidate.rfind("-", 0, end))
    return None
