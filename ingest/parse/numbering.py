"""An HTML list's attributes enter, the numbers its items show leave."""

import re
from collections.abc import Mapping


class Numbering:
    """Counts the items of one list as a browser would.

    Args:
        tag: `ol`, or that of an unordered list.
        attributes: Its attributes.
        items: How many items it has.
    """

    def __init__(self, tag: str, attributes: Mapping[str, str], items: int) -> None:
        self._ordered = tag == "ol"
        self._step = -1 if "reversed" in attributes else 1
        self._next = integer(attributes.get("start"), items if self._step < 0 else 1)

    def next(self, value: str | None) -> int | None:
        """Number the next item, which may state its own value; `None` in an unordered list."""
        if not self._ordered:
            return None
        number = integer(value, self._next)
        self._next = number + self._step
        return number


def integer(value: str | None, default: int) -> int:
    """Read an attribute that should be a whole number."""
    digits = (value or "").strip()
    return int(digits) if re.fullmatch(r"-?\d{1,9}", digits) else default
