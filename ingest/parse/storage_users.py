"""A page's storage format and the names of users enter; the same with its mentions named leaves."""

import html
import re
from collections.abc import Mapping

# CDATA first: code may show a mention.
_USER = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<ri:user\b([^<>]*?)(/?)>", re.DOTALL)
_ID = re.compile(r"""\bri:(?:account-id|userkey|username)\s*=\s*["']([^"']*)["']""")


def mentioned_users(storage: str) -> frozenset[str]:
    """List the account id, user key or user name of everyone a page mentions."""
    found = (_ID.search(match[1]) for match in _USER.finditer(storage) if match[1])
    return frozenset(html.unescape(match[1]) for match in found if match)


def name_users(storage: str, names: Mapping[str, str]) -> str:
    """Write names into mentions, which hold ids alone.

    Args:
        storage: A page's storage format.
        names: Display names by account id, user key or user name; a mention of anyone else reads `@user`.

    Returns:
        The storage format with the names it knows; nothing else of it changes.
    """

    def named(match: re.Match[str]) -> str:
        user = _ID.search(match[1] or "")
        name = names.get(html.unescape(user[1])) if user else None
        return f'<ri:user{match[1]} ri:display-name="{html.escape(name)}"{match[2]}>' if name else match[0]

    return _USER.sub(named, storage)
