"""What a Confluence site says about who may read a page enters, the readers that may leave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.errors import RequestError
from ingest.models import EVERYONE
from ingest.parse.inline import clean_line
from ingest.sources.confluence_client import ConfluenceClient, Json, Params

RESTRICTIONS_EXPAND: Final = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
_READERS: Final = "restrictions.user,restrictions.group"
_PART: Final = 200
_MAX_PARTS: Final = 50


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may read something.

    Attributes:
        readers: Groups and users of whom a reader must be one; `None` where nothing is restricted.
        unknown: Why it cannot be told, which lets nobody in.
    """

    readers: frozenset[str] | None = None
    unknown: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """The rights as an audience."""
        return (EVERYONE,) if self.readers is None else tuple(sorted(self.readers))

    @property
    def audience(self) -> object:
        """The rights as the field `audience` states them; a mapping, which lets nobody in, where they are unknown."""
        if self.unknown:
            return {"unknown": self.unknown}
        return list(self.entries)

    def within(self, other: "Rights") -> bool:
        """Tell whether everyone whom these rights let in is let in by the others too."""
        if self.unknown or other.unknown:
            return False
        return other.readers is None or (self.readers is not None and self.readers <= other.readers)


OPEN: Final = Rights()


def inherit(own: Rights, above: Iterable[Rights]) -> Rights:
    """Join a page's own rights with its ancestors', all of which a reader must pass.

    Only names that every restricted level has are left. Somebody who passes each level by another group is kept out,
    because who is in which group is not asked: the mistake is on the safe side.

    Args:
        own: The page's own.
        above: Those of its ancestors, each its own.
    """
    levels = [own, *above]
    unknown = next((level.unknown for level in levels if level.unknown), "")
    if unknown:
        return Rights(frozenset(), unknown)
    limits = [level.readers for level in levels if level.readers is not None]
    return Rights(frozenset.intersection(*limits)) if limits else OPEN


def settle(
    own: Mapping[str, Rights], chains: Mapping[str, tuple[str, ...]], reader: "RightsReader"
) -> dict[str, Rights]:
    """Work out the rights that hold for each page.

    Args:
        own: Each listed page's own rights.
        chains: Each page's ancestors.
        reader: Asks for ancestors that are not listed: folders, and pages that these credentials cannot see.
    """

    def rights_of(content_id: str) -> Rights:
        return own[content_id] if content_id in own else reader.of(content_id)

    return {page: inherit(own[page], map(rights_of, chain)) for page, chain in chains.items()}


class RightsReader:
    """Asks for the restrictions of one content at a time, once each."""

    def __init__(self, client: ConfluenceClient) -> None:
        self._client = client
        self._known: dict[str, Rights] = {}

    def listed(self, content_id: str, entry: Json) -> Rights:
        """Read the restrictions that came with a listing; ask for them where they are cut off or left out.

        Args:
            content_id: The page.
            entry: Its entry, with `RESTRICTIONS_EXPAND` expanded.
        """
        restrictions = _at(entry, "restrictions", "read", "restrictions")
        users, groups = restrictions.get("user"), restrictions.get("group")
        if not _whole(users) or not _whole(groups):
            return self.of(content_id)
        return _rights(_names(restrictions))

    def of(self, content_id: str) -> Rights:
        """Return the restrictions set on a page or folder itself; unknown ones where the site does not tell."""
        if content_id not in self._known:
            try:
                self._known[content_id] = self._ask(content_id)
            except RequestError as error:
                self._known[content_id] = unknown("readers", content_id, error)
        return self._known[content_id]

    def _ask(self, content_id: str) -> Rights:
        names: set[str] = set()
        start = 0
        path = f"/rest/api/content/{content_id}/restriction/byOperation/read"
        for _ in range(_MAX_PARTS):
            params: Params = {"expand": _READERS, "start": start, "limit": _PART}
            restrictions = _at(self._client.get(path, params), "restrictions")
            lists = [restrictions.get(kind) for kind in ("user", "group")]
            sizes = [len(_results(restrictions, kind)) for kind in ("user", "group")]
            names |= _names(restrictions)
            if all(map(_whole, lists)):
                return _rights(names)
            if not any(sizes):
                break
            start += max(sizes)
        raise RequestError(f"{path!r} does not state all users and groups")


def unknown(what: str, content_id: str, error: RequestError) -> Rights:
    """Return the rights of a page of which something cannot be told: nobody's.

    Args:
        what: What cannot be told.
        content_id: The page or folder it is asked of.
        error: What came instead.
    """
    # Short, for a report shows some sixty characters of it.
    came = f"HTTP {error.status}" if error.status else "no answer"
    return Rights(frozenset(), f"{came} on {what} of {content_id}")


def _rights(names: set[str]) -> Rights:
    return Rights(frozenset(names)) if names else OPEN


def _whole(listing: object) -> bool:
    """Tell whether a nested list is all there: it is paged separately, and a full one may go on."""
    if not isinstance(listing, dict) or not isinstance(listing.get("results"), list):
        return False
    count = len(listing["results"])
    full = count and count >= listing.get("limit", count + 1)
    # More counted than named: some are hidden from these credentials.
    hidden = listing.get("size", count) > count
    return not full and not hidden and not _at(listing, "_links").get("next")


def _names(restrictions: Json) -> set[str]:
    users = [_name(user, "accountId", "username", "userKey") for user in _results(restrictions, "user")]
    groups = [_name(group, "name", "id") for group in _results(restrictions, "group")]
    return {_entry(name) for name in users + groups}


def _results(restrictions: Json, kind: str) -> list[object]:
    results = _at(restrictions, kind).get("results")
    return results if isinstance(results, list) else []


def _name(reader: object, *keys: str) -> str:
    """Return the first name that a reader has; one without a name still restricts the page, to nobody we know."""
    known = reader if isinstance(reader, dict) else {}
    return str(next((known[key] for key in keys if known.get(key)), "?"))


def _entry(name: str) -> str:
    """Return a name as the audience holds it; a group that is called Everyone is not everyone."""
    entry = clean_line(name)
    word = entry.lstrip("- ").lower()
    return f"group:{entry}" if word in {EVERYONE, "everyone", ""} else entry


def _at(document: object, *path: str) -> Json:
    """Return the object at a path; an empty one where there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}
