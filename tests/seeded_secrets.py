"""Secrets and personal data made up from a seed, in the places where tickets hold them.

Everything is made here, so that no line of a file looks like a key.
"""

# ruff: noqa: E501 - what is planted is written as people write it

import base64
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

_WORD = string.ascii_letters + string.digits
_FIRST = ("ann", "bob.smith", "chidi", "d-lopez", "e_okafor", "farah+it", "g.mueller", "hana")
_DOMAINS = ("example.org", "haldenmoor.example", "mail.corp.example.com", "kunde-nord.de", "uni.ac.uk")
_PHONES = (
    "+49 30 9018{:05d}", "+44 20 7946 0{:03d}", "0161 496 0{:03d}", "+1 (212) 555-0{:03d}", "(415) 555-2{:03d}", "212-555-0{:03d}",
    "+33 6 12 34 5{:01d} 78", "06 12 34 5{:01d} 78", "0049 30 9018{:05d}", "+34 612 345 {:03d}", "tel. 030 9018{:05d}", "+91 98765 4{:04d}",
)  # fmt: skip
_SAY_PASSWORD = (
    "my password is {}", "the pw: {}", "Password = {}", "pasword is {}", "Passwort lautet {}", "mein Kennwort ist {}",
    "mot de passe : {}", "la contraseña es {}", "password for the VPN is {}", "passwd={}", "I set the password to {}", 'pass "{}"',
)  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A ticket and what must not be found in its scrubbed text."""

    format: str
    context: str
    text: str
    secrets: tuple[str, ...]


def planted(tickets: int, seed: int = 20261120) -> list[Planted]:
    """Make tickets, each with one secret of each format."""
    luck = random.Random(seed)
    made = []
    for _ in range(tickets):
        for name, make in FORMATS.items():
            context = luck.choice(tuple(CONTEXTS))
            written, secrets = make(luck)
            made.append(Planted(name, context, CONTEXTS[context](written, luck), secrets))
    return made


def _some(luck: random.Random, alphabet: str, length: int) -> str:
    return "".join(luck.choice(alphabet) for _ in range(length))


def _luhn(luck: random.Random, prefix: str, length: int) -> str:
    digits = prefix + _some(luck, string.digits, length - len(prefix) - 1)
    total = sum(sum(divmod(int(d) * 2, 10)) if n % 2 == 0 else int(d) for n, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _card(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    number = _luhn(luck, luck.choice(("4", "51", "53", "2221", "6011")), 16)
    shown = luck.choice((number, *(sep.join(number[n : n + 4] for n in range(0, 16, 4)) for sep in " -")))
    return shown, (shown,)


def _iban(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    country, length = luck.choice((("DE", 18), ("ES", 20), ("AT", 16), ("CH", 17)))
    rest = _some(luck, string.digits, length)
    check = 98 - int("".join(str(int(c, 36)) for c in rest + country) + "00") % 97
    number = f"{country}{check:02d}{rest}"
    shown = luck.choice((number, " ".join(number[n : n + 4] for n in range(0, len(number), 4))))
    return shown, (shown,)


def _national_id(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    kind = luck.randrange(4)
    if kind == 0:
        number = f"{luck.randint(100, 665)}-{luck.randint(10, 99)}-{luck.randint(1000, 9999)}"
        return luck.choice(("SSN {}", "my social security number is {}", "{}")).format(number), (number,)
    if kind == 1:
        number = f"AB{_some(luck, string.digits, 6)}C"
        number = luck.choice((number, f"{number[:2]} {number[2:4]} {number[4:6]} {number[6:8]} {number[8:]}"))
        return f"NI number {number}", (number,)
    if kind == 2:
        digits = _some(luck, string.digits[1:], 11)
        return luck.choice(("Steuer-ID {}", "Steueridentifikationsnummer: {}", "tax id {}")).format(digits), (digits,)
    digits = _some(luck, string.digits, 8)
    number = digits + "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23]
    return luck.choice(("DNI {}", "{}")).format(number), (number,)


def _phone(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    form = luck.choice(_PHONES)
    width = int(form[form.index(":0") + 2])
    shown = form.format(luck.randrange(10**width))
    return shown, (shown.removeprefix("tel. "),)


def _email(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    shown = f"{luck.choice(_FIRST)}{luck.randrange(100)}@{luck.choice(_DOMAINS)}"
    return shown, (shown,)


def _password(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    secret = luck.choice(("Sommer", "Tr4ubador.", "qwerty", "Blau_Katze", "hunter")) + _some(luck, string.digits, 3)
    secret += luck.choice(("", "!", "#x", "?Z"))
    return luck.choice(_SAY_PASSWORD).format(secret), (secret[:-1] if secret[-1] in "!?" else secret,)


def _token(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    token = luck.choice(
        (
            "AKIA" + _some(luck, string.ascii_uppercase + "234567", 16),
            "ghp_" + _some(luck, _WORD, 36),
            f"xoxb-{_some(luck, string.digits, 12)}-{_some(luck, string.digits, 12)}-{_some(luck, _WORD, 24)}",
            "sk_live_" + _some(luck, _WORD, 24) + "1",
            "glpat-" + _some(luck, _WORD, 19) + "7",
            "AIza" + _some(luck, _WORD, 34) + "3",
        )
    )
    return luck.choice(("token: {}", "{}", "the key {} was revoked")).format(token), (token,)


def _jwt(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    def part(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'HS256'})}.{part({'sub': _some(luck, _WORD, 12)})}.{_some(luck, _WORD + '-_', 43)}"
    return luck.choice(("jwt {}", "{}", "id_token={}")).format(token), (token,)


def _private_key(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    kind = luck.choice(("RSA ", "EC ", "OPENSSH ", ""))
    body = base64.encodebytes(luck.randbytes(300)).decode().strip()
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----", tuple(body.split("\n"))


def _connection(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    secret = _some(luck, _WORD, 11) + "7"
    form = luck.choice(
        (
            "postgres://svc:{}@db.corp:5432/main",
            "mongodb+srv://app:{}@cluster0.abc.example/db",
            "Server=sql01;Database=hr;User Id=sa;Password={};Encrypt=yes",
            "jdbc:mysql://db/main?user=root&password={}",
            "amqp://guest:{}@queue:5672",
            "AccountName=files;AccountKey={};EndpointSuffix=core.example",
        )
    )
    return form.format(secret), (secret,)


def _cookie(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    value = _some(luck, _WORD, 26)
    form = luck.choice(
        ("Cookie: session={}; theme=dark", "Set-Cookie: sid={}; HttpOnly", "JSESSIONID={}", "PHPSESSID={}")
    )
    return form.format(value), (value,)


def _header(luck: random.Random) -> tuple[str, tuple[str, ...]]:
    value = _some(luck, _WORD, 31) + "9"
    form = luck.choice(
        (
            "Authorization: Bearer {}",
            "authorization: Basic {}==",
            "X-Api-Key: {}",
            "curl -H 'Authorization: Bearer {}' https://x/y",
            "Bearer {}",
        )
    )
    return form.format(value), (value,)


FORMATS: dict[str, Callable[[random.Random], tuple[str, tuple[str, ...]]]] = {
    "email": _email, "phone": _phone, "card": _card, "iban": _iban, "national id": _national_id, "password": _password,
    "token": _token, "web token": _jwt, "private key": _private_key, "connection string": _connection, "cookie": _cookie,
    "header": _header,
}  # fmt: skip


def _sentence(secret: str, luck: random.Random) -> str:
    before = luck.choice(
        ("It stil doesnt work, ", "plese help. ", "Hi, ", "thx for the quick answer! ", "see here: ", "")
    )
    after = luck.choice((". Kan you fix it", ", i tryed twice", "\nthanks", " - since monday", "!", ""))
    return f"{before}{secret}{after}"


CONTEXTS: dict[str, Callable[[str, random.Random], str]] = {
    "sentence": _sentence,
    "mail": lambda secret, luck: f"Dear team,\n\n{_sentence(secret, luck)}\n\nKind regards\nAnn",
    "quoted mail": lambda secret, luck: "> " + _sentence(secret, luck).replace("\n", "\n> "),
    "chat": lambda secret, luck: f"[10:32] Ann: {_sentence(secret, luck)}\n[10:33] Desk: thanks",
    "code": lambda secret, luck: f"I ran\n```\n{secret}\n```\nand it failed",
    "json": lambda secret, luck: '{"user": "ann", "note": ' + json.dumps(secret) + ', "retry": 3}',
    "list": lambda secret, luck: f"- first try\n- {secret}\n- last try",
    "brackets": lambda secret, luck: f"what I have ({secret}) does not work",
}
