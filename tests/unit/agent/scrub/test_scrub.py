from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scrub import scrub, without_marks
from tests.seeded_secrets import FORMATS, planted

TICKETS = 500
AT_LEAST = 0.99


def leaks(one):
    scrubbed = scrub(one.text).text
    return any(secret in scrubbed for secret in one.secrets)


def test_secrets_and_personal_data_are_scrubbed_in_five_hundred_tickets_of_each_format():
    leaked = Counter(one.format for one in planted(TICKETS) if leaks(one))
    shares = {name: 1 - leaked[name] / TICKETS for name in FORMATS}
    assert len(shares) == 12
    assert {name: share for name, share in shares.items() if share < AT_LEAST} == {}


@pytest.mark.parametrize(
    "text",
    [
        "order 4502123456 of 2026-11-20 10:22",
        "version 10.0.19045.3803, build 22631.4460",
        "192.168.10.25:8080 and 2001:db8::8a2e:370:7334",
        "00:1A:2B:3C:4D:5E",
        "550e8400-e29b-41d4-a716-446655440000",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "error 0x80070005 in C:\\Windows\\System32\\x.dll",
        "INC-1042, RITM0012345, CHG0040007",
        "serial 5CD1234XYZ, asset HM-004821",
        "20.11.2026 and 11/20/2026 at 14:05:33",
        "1 250 000 rows, 1,250,000 rows, 12.50 EUR",
        "my password is expired",
        "the password is not accepted since Monday",
        "the wifi password on the poster is wrong",
        "how do I reset my password please",
        "password: <password>",
        "password: ********",
        "getty@tty1.service and git@github.com:corp/app.git",
        "the token expired, the key is stuck, the pin is bent",
        "IMEI 490154203237518",
        "kernel 6.8.0-49-generic #49-Ubuntu SMP",
        "ISBN 978-3-16-148410-0",
        "tracking 1Z999AA10123456784",
        "room 4.12, floor 3, extension of the deadline to 2026",
        "-----BEGIN RSA PRIVATE KEY----- is what the file begins with",
    ],
)
def test_what_technicians_need_survives(text):
    assert scrub(text).text == text


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("write to ann@example.org or bob (at) corp.com", {"email": 2}),
        ("call +49 30 901820, then 0161 496 0000", {"phone": 2}),
        ("my password is hunter2, the old password was hunter1", {"password": 2}),
        ("card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00", {"card": 1, "iban": 1}),
        ("nothing to see", {}),
    ],
)
def test_counts_by_kind(text, counts):
    assert scrub(text).counts == counts


@given(st.lists(st.sampled_from([one.text for one in planted(3)]) | st.text(max_size=40), max_size=4).map(" ".join))
def test_scrubbing_twice_changes_nothing_more(text):
    once = scrub(text).text
    again = scrub(once)
    assert (again.text, again.counts) == (once, {})


def test_a_search_sees_no_marks():
    assert without_marks(scrub("I am ann@example.org, VPN drops").text) == "I am , VPN drops"
