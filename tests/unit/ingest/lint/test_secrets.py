import base64
import random
import string

import pytest

from ingest.models import Finding, RawDocument
from ingest.read import read

LUCK = random.Random(20261120)


def some(alphabet: str, length: int) -> str:
    return "".join(LUCK.choice(alphabet) for _ in range(length))


WORD = string.ascii_letters + string.digits
# Made here, so that no line of this file looks like a key.
KEY = base64.b64encode(LUCK.randbytes(600)).decode()
REAL = {
    "AWS": f"AKIA{some(string.ascii_uppercase + '234567', 16)}",
    "GitHub": f"ghp_{some(WORD, 36)}",
    "Slack": f"xoxb-{some(string.digits, 12)}-{some(string.digits, 12)}-{some(WORD, 24)}",
    "Stripe": f"sk_live_{some(WORD, 24)}",
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{KEY[:64]}\n{KEY[64:128]}\n-----END RSA PRIVATE KEY-----",
    "URL": "https://svc:Tr4ubador.9@db.corp/main",
    "setting": "password = 'Tr4ubador.9'",
    "prose": "The admin password: Tr4ubador.9 works on all printers.",
    "YAML": "api_key: 9f8A7b6C5d4E3f2G",
}  # fmt: skip


def secrets_in(text: str) -> list[Finding]:
    article = read(RawDocument("a", "s", "text/markdown", text.encode(), name="a"))
    return [one for one in article.findings if one.code == "secret"]


@pytest.mark.parametrize("secret", REAL.values(), ids=REAL)
@pytest.mark.parametrize("frame", ["{}", "```\n{}\n```", "<!-- {} -->"], ids=["text", "code", "comment"])
def test_a_secret_is_quarantined_and_never_shown(secret: str, frame: str) -> None:
    found = secrets_in("# Title\n\nSign in.\n\n" + frame.format(secret) + "\n")
    assert found
    assert {one.severity for one in found} == {"quarantine"}
    shown = " ".join(map(str, found))
    assert not any(part in shown for part in secret.split() if any(map(str.isdigit, part)))


@pytest.mark.parametrize(
    "text",
    [
        "password: <password>",
        "password = 'changeme'",
        'password: "your-password-1"',
        "export TOKEN=$TOKEN",
        "export API_KEY=${API_KEY}",
        "secret: {{ .Values.secret }}",
        "token: xxxxxxxx1",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "password: see https://vault.corp/1",
        "secrets: https://github.com/corp/secrets-2",
        "https://user:password@host/db",
        "https://user:$PASS@host/db",
        "Password: at least 12 characters, one digit",
        "The password policy: 90 days.",
        "-----BEGIN PRIVATE KEY----- is the first line of the file.",
        "git revert 9521d4dbe0bda91cf327bc07c15762c42d11bc6d",
        "image@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "token: '123456789'",
        "kubectl get secret db-credentials-2 -o yaml",
        "/etc/ssl/private/key-2.pem",
    ],
)
def test_what_stands_for_a_secret_is_not_one(text: str) -> None:
    assert secrets_in(f"# Title\n\n{text}\n\n```\n{text}\n```\n") == []


def test_a_secret_is_found_in_its_line_however_long_the_lines_are() -> None:
    (found,) = secrets_in("# Title\n\n" + "word " * 3_000 + REAL["GitHub"] + " word" * 3_000 + "\n")
    assert found.line == 3
    (found,) = secrets_in(f"# Title\n\nSign in with\n{REAL['AWS']}.\n")
    assert found.line == 4


def test_two_secrets_of_a_kind_are_two_findings() -> None:
    first, second = secrets_in(f"# T\n\n{REAL['AWS']}\n\nAKIA{'QWERTYUIOPASDFGH'}\n")
    assert first.mark != second.mark
