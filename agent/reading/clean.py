"""Text from outside enters; what a person would see of it leaves."""

import re
import unicodedata

from agent.errors import TicketError

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""Colours and cursor moves, as pasted from a terminal."""

# By category these are marks, letters and unassigned, but nobody sees them: variation selectors, fillers, tags.
_UNSEEN = re.compile(
    "[\ufe00-\ufe0f\U000e0000-\U000e0fff\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]"
)


def clean(text: str) -> str:
    """Strip invisible characters and control codes, normalise to NFC and line feeds.

    Args:
        text: Any text from outside.

    Returns:
        The visible text. Format characters (category Cf: zero-width, bidirectional and tag characters), variation
        selectors and fillers are dropped, as they can hide instructions from the person who checks.

    Raises:
        TicketError: If it holds NUL characters, as binary data does.
    """
    if "\0" in text:
        raise TicketError("the ticket holds NUL characters, as binary files do; expected text")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _UNSEEN.sub("", text)).replace("\u2028", "\n").replace("\u2029", "\n")
    elif text.isprintable():
        return text.strip()
    text = _ANSI.sub("", text)
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return "".join(kept).strip()
