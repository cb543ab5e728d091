"""A `confluence+https://…` URI enters, the space that it names leaves, checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import parse_qs, urlencode, urlsplit

from ingest.errors import SourceError
from ingest.sources.confluence_pages import ContentType
from ingest.sources.media_http import LOOPBACK

Flavor = Literal["cloud", "dc"]
SCHEMES: Final = ("confluence+https", "confluence+http")
EXAMPLE: Final = "confluence+https://example.atlassian.net/wiki?space=IT&label=runbook"

_Word = TypeVar("_Word", bound=str)
_KNOWN: Final = frozenset({"space", "label", "audience", "flavor", "types", "attachments"})
_SPACE_KEY = re.compile(r"~?[A-Za-z0-9][A-Za-z0-9._:-]*")
_CLOUD_HOSTS: Final = (".atlassian.net", ".jira.com", "api.atlassian.com")


@dataclass(frozen=True, slots=True)
class Location:
    """One space of one site.

    Attributes:
        base: Address of the site with its context path, without a slash at the end.
        space: The space's key.
        labels: Labels of which a page must have one; empty for all pages.
        flavor: Which kind of Confluence it is.
        audience: Who may read a page that nothing restricts; empty for everyone.
        types: What is listed: pages, blog posts or both.
        attachments: Whether files attached to pages are articles too.
    """

    base: str
    space: str
    labels: tuple[str, ...]
    flavor: Flavor
    audience: tuple[str, ...] = ()
    types: tuple[ContentType, ...] = ("page",)
    attachments: bool = True

    @property
    def key(self) -> str:
        """Lasting name of the source: what decides which pages it lists, however the URI spells it."""
        query = urlencode([("space", self.space), *(("label", label) for label in self.labels)])
        query += "" if self.types == ("page",) else f"&types={','.join(self.types)}"
        return f"confluence+{self.base}?{query}"

    @classmethod
    def parse(cls, uri: str) -> "Location":
        """Read a URI.

        Args:
            uri: Such as `EXAMPLE`; `label` and `audience` may be repeated, `flavor=cloud` or `flavor=dc` says what the
                address does not.

        Raises:
            SourceError: It names no space, or says what is not understood.
        """
        try:
            parts = urlsplit(uri)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise SourceError(f"source {uri!r} is no address ({error}); expected one such as {EXAMPLE!r}") from error
        if parts.scheme not in SCHEMES or not host:
            raise SourceError(f"source {uri!r} names no site; expected an address such as {EXAMPLE!r}")
        if parts.username or parts.password:
            # The URI itself is not repeated: it would carry the secret into logs and reports.
            raise SourceError(
                f"the source at {host!r} has credentials in its address; expected none there, set "
                "RUNCITE_CONFLUENCE_USER and RUNCITE_CONFLUENCE_TOKEN"
            )
        if parts.scheme == "confluence+http" and host not in LOOPBACK:
            raise SourceError(f"source {uri!r} would send the token unencrypted; expected confluence+https://")
        query = parse_qs(parts.query, keep_blank_values=True)
        unknown = sorted(query.keys() - _KNOWN)
        if unknown:
            raise SourceError(f"source {uri!r} asks for {unknown[0]!r}; expected {', '.join(sorted(_KNOWN))}")
        shown = f"[{host}]" if ":" in host else host
        scheme = parts.scheme.removeprefix("confluence+")
        authority = shown if port is None else f"{shown}:{port}"
        return cls(
            base=f"{scheme}://{authority}{parts.path.rstrip('/')}",
            space=_space(uri, query),
            labels=_names(uri, query, "label"),
            flavor=_flavor(uri, host, query),
            audience=_names(uri, query, "audience"),
            types=_types(uri, query),
            attachments=_choice(uri, query, "attachments", ("yes", "no")) != "no",
        )


def _space(uri: str, query: Mapping[str, list[str]]) -> str:
    spaces = query.get("space", [])
    if len(spaces) != 1 or not _SPACE_KEY.fullmatch(spaces[0]):
        said = ", ".join(spaces)
        raise SourceError(f"source {uri!r} names the space {said!r}; expected one key, such as space=IT")
    return spaces[0]


def _names(uri: str, query: Mapping[str, list[str]], key: str) -> tuple[str, ...]:
    names = {name.strip() for name in query.get(key, [])}
    # `audience=` left empty by a script's unset variable must not mean everyone, nor `label=` every page.
    if "" in names:
        raise SourceError(f"source {uri!r} has an empty {key!r}; expected a name, or leave it out")
    return tuple(sorted(names))


def _types(uri: str, query: Mapping[str, list[str]]) -> tuple[ContentType, ...]:
    stated = [name.strip() for name in ",".join(query.get("types", ["page"])).split(",")]
    known: tuple[ContentType, ...] = get_args(ContentType)
    unknown = [name for name in stated if name not in known]
    if unknown:
        raise SourceError(f"source {uri!r} asks for the type {unknown[0]!r}; expected page, blogpost or both")
    return tuple(kind for kind in known if kind in stated)


def _flavor(uri: str, host: str, query: Mapping[str, list[str]]) -> Flavor:
    known: tuple[Flavor, ...] = get_args(Flavor)
    return _choice(uri, query, "flavor", known) or ("cloud" if host.endswith(_CLOUD_HOSTS) else "dc")


def _choice(uri: str, query: Mapping[str, list[str]], key: str, known: tuple[_Word, ...]) -> _Word | None:
    stated = query.get(key, [])
    if not stated:
        return None
    for word in known:
        if stated == [word]:
            return word
    raise SourceError(f"source {uri!r} has the {key} {', '.join(stated)!r}; expected {' or '.join(known)}")
