"""A text enters, the spans of its e-mail addresses leave."""

import re
import string
from collections.abc import Iterator

from agent.scrub.spans import Span

_LOCAL_CHARS = string.ascii_letters + string.digits + "._%+-'" + "".join(map(chr, range(0xC0, 0x250)))
_MAX_LOCAL_CHARS = 64
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}")
_SPELT_OUT = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64} ?(?:\[at\]|\(at\)|\{at\}|<at>) ?[\w-]{1,63}"
    r"(?: ?(?:\.|\[dot\]|\(dot\)|\{dot\}|<dot>) ?[\w-]{1,63}){1,5}",
    re.IGNORECASE,
)
_UNITS = (".service", ".socket", ".timer", ".target", ".mount", ".slice", ".scope", ".path", ".device")
"""Template units of systemd, such as `getty@tty1.service`, are no addresses."""


def find_addresses(text: str) -> Iterator[Span]:
    """Find e-mail addresses, those spelt `ann (at) example.org` too."""
    place = text.find("@")
    while place != -1:
        found = _around(text, place)
        if found is not None:
            yield found
        place = text.find("@", place + 1)
    if "at" in text.lower():
        for match in _SPELT_OUT.finditer(text):
            yield Span(match.start(), match.end(), "email")


def _around(text: str, place: int) -> Span | None:
    before = text[max(0, place - _MAX_LOCAL_CHARS) : place]
    local = before[len(before.rstrip(_LOCAL_CHARS)) :].lstrip(".'%")
    domain = _DOMAIN.match(text, place + 1)
    # `git@host:path` names a repository.
    if not local or domain is None or local == "git" or domain[0].endswith(_UNITS):
        return None
    return Span(place - len(local), domain.end(), "email")
