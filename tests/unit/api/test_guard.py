import asyncio

import pytest

from api.guard import BodyLimit

LIMIT = 10


def send_body(*messages, headers=()):
    """Push raw ASGI messages through a limit; returns what the application read and the status sent."""
    read, sent = [], []
    pending = list(messages)

    async def receive():
        return pending.pop(0)

    async def send(message):
        sent.append(message)

    async def app(_scope, receive, _send):
        read.append((await receive())["body"])

    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    asyncio.run(BodyLimit(app, LIMIT)(scope, receive, send))
    return read, [message["status"] for message in sent if "status" in message]


def part(content: bytes, *, more=False):
    return {"type": "http.request", "body": content, "more_body": more}


def test_a_body_in_parts_is_put_together():
    assert send_body(part(b"12345", more=True), part(b"67890")) == ([b"1234567890"], [])


def test_a_body_over_the_limit_never_reaches_the_application():
    assert send_body(part(b"12345", more=True), part(b"678901", more=True)) == ([], [413])


@pytest.mark.parametrize("claim", [b"11", b"99999999999999999999"])
def test_a_claim_over_the_limit_is_believed_without_reading(claim):
    assert send_body(headers=[(b"content-length", claim)]) == ([], [413])


@pytest.mark.parametrize("claim", [b"-1", b"1e9", b"\xb2", b"", b"3"])
def test_no_other_claim_is_believed(claim):
    assert send_body(part(b"x" * 11), headers=[(b"content-length", claim)]) == ([], [413])
    assert send_body(part(b"abc"), headers=[(b"content-length", claim)]) == ([b"abc"], [])


def test_a_client_that_left_gets_nothing():
    assert send_body(part(b"half", more=True), {"type": "http.disconnect"}) == ([], [])
