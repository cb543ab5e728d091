from datetime import UTC, datetime
from xmlrpc.client import Binary, DateTime, Fault, dumps, loads

import pytest

from ingest.sources.xmlrpc import FaultError, NotXmlRpcError, read_reply, write_call


def reply(value) -> bytes:
    return dumps((value,), methodresponse=True, allow_none=True).encode()


@pytest.mark.parametrize(
    "value",
    ["", "a <b> & c", 7, -1, True, False, 1.5, None, [], [1, ["x"]], {}, {"id": "a:b", "n": {"x": [3]}}],
)
def test_values_survive(value):
    assert read_reply(reply(value)) == value


def test_times_and_bytes():
    assert read_reply(reply(DateTime("20261120T11:47:21"))) == datetime(2026, 11, 20, 11, 47, 21, tzinfo=UTC)
    assert read_reply(reply(Binary(b"\x00\xff"))) == b"\x00\xff"


def test_control_characters_are_left_out():
    assert read_reply(reply("a\x01b\x1b[0m\tc\n")) == "ab[0m\tc\n"


def test_a_value_without_a_type_is_text():
    content = b"<methodResponse><params><param><value>plain</value></param></params></methodResponse>"
    assert read_reply(content) == "plain"


def test_a_fault_keeps_its_number_and_words():
    with pytest.raises(FaultError, match=r"no such method \(fault -32601\)") as caught:
        read_reply(dumps(Fault(-32601, "no such method"), methodresponse=True).encode())
    assert caught.value.code == -32601


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<methodResponse><params><param><value>&b;</value></param></params></methodResponse>"""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b"<html/>",
        b"<methodResponse/>",
        b"<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>",
        b"<methodResponse><params><param><value><odd/></value></param></params></methodResponse>",
        b"<methodResponse><params><param>"
        + b"<value><array><data>" * 30
        + b"</data></array></value>" * 30
        + b"</param></params></methodResponse>",
        BOMB,
        BOMB.replace(b'"aaaa"', b'SYSTEM "file:///etc/passwd"'),
    ],
)
def test_anything_else_is_refused(content):
    with pytest.raises(NotXmlRpcError):
        read_reply(content)


def test_a_call():
    arguments, method = loads(write_call("wiki.aclCheck", "a:b", "", ["x"]))
    assert (arguments, method) == (("a:b", "", ["x"]), "wiki.aclCheck")
