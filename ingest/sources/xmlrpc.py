"""XML-RPC calls become XML, replies become values. The sole importer of defusedxml.

Python's own `xmlrpc.client` reads replies with a parser that entities can exhaust; it is used for writing only.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from xmlrpc.client import dumps

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

Value = str | int | float | bool | bytes | datetime | list["Value"] | dict[str, "Value"] | None

MAX_DEPTH = 20
# XML cannot hold these; a wiki passes them on as they were pasted into a page.
_CONTROLS: Final = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_TIMES: Final = ("%Y%m%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S")


class FaultError(Exception):
    """The server answered with a fault: its number and words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} (fault {code})")
        self.code = code


class NotXmlRpcError(Exception):
    """The reply is not a reply to a call."""


def write_call(method: str, *arguments: str | bool | list[str] | dict[str, int | bool]) -> str:
    """Write a call."""
    return dumps(arguments, method, encoding="utf-8", allow_none=False)


def read_reply(content: bytes) -> Value:
    """Read a reply.

    Args:
        content: The reply's XML.

    Returns:
        The value in it.

    Raises:
        FaultError: It reports one.
        NotXmlRpcError: It is anything else, or built to do harm.
    """
    try:
        # The byte order mark of a badly edited configuration file comes before the declaration.
        clean = content.translate(None, _CONTROLS).lstrip(b"\xef\xbb\xbf \t\r\n")
        root = fromstring(clean, forbid_dtd=True)
        if root.tag != "methodResponse":
            raise NotXmlRpcError(f"it is a <{root.tag}>, expected a <methodResponse>")
        fault = root.find("fault/value")
        if fault is not None:
            raise _fault(_value(fault))
        value = root.find("params/param/value")
        if value is None:
            raise NotXmlRpcError("it holds no value")
        return _value(value)
    except (ParseError, DefusedXmlException, ValueError, binascii.Error) as error:
        raise NotXmlRpcError(f"it cannot be read: {error}") from error


def _fault(value: Value) -> FaultError:
    told = value if isinstance(value, dict) else {}
    code = told.get("faultCode")
    return FaultError(code if isinstance(code, int) else 0, str(told.get("faultString", "no reason given")))


def _value(element: Element, depth: int = 0) -> Value:
    if depth > MAX_DEPTH:
        raise NotXmlRpcError(f"its values are nested deeper than {MAX_DEPTH}")
    typed = next(iter(element), None)
    if typed is None:
        return element.text or ""
    if typed.tag == "array":
        return [_value(one, depth + 1) for one in typed.findall("data/value")]
    if typed.tag == "struct":
        return {member.findtext("name", ""): _member(member, depth) for member in typed.findall("member")}
    read = _SCALARS.get(typed.tag)
    if read is None:
        raise NotXmlRpcError(f"it holds a value of the unknown type {typed.tag!r}")
    return read(typed.text or "")


def _member(member: Element, depth: int) -> Value:
    value = member.find("value")
    return None if value is None else _value(value, depth + 1)


def _time(text: str) -> Value:
    for form in _TIMES:
        try:
            return datetime.strptime(text.removesuffix("Z").removesuffix("+0000"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return text


def _nothing(_text: str) -> Value:
    return None


_SCALARS: Mapping[str, Callable[[str], Value]] = {
    "string": str,
    "int": int,
    "i4": int,
    "i8": int,
    "double": float,
    "boolean": lambda text: text.strip() == "1",
    "dateTime.iso8601": _time,
    "base64": base64.b64decode,
    "nil": _nothing,
}
