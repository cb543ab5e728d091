"""The URI of a wiki enters; its endpoint, its name in ids and what of it is asked for leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from ingest.errors import SourceError

SELECTING: Final = frozenset({"namespace", "category"})
"""Parameters that say which pages are listed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who reads a wiki. The password is kept out of `repr`, and with it out of logs."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r}, password=…)"


@dataclass(frozen=True, slots=True)
class WikiAddress:
    """Where a wiki's API is and which pages are wanted.

    Attributes:
        endpoint: URL of the API, without a query.
        site: The wiki's name in article ids: host and port, or what `site=` says.
        options: The query's parameters besides `site`.
    """

    endpoint: str
    site: str
    options: Mapping[str, str]

    def key(self, kind: str) -> str:
        """Name the source: the wiki and what of it is listed.

        Parameters that say how pages are read are not part of it, so that changing one orphans nothing.
        """
        chosen = {name: value for name, value in self.options.items() if name in SELECTING and value}
        selection = urlencode(sorted(chosen.items()), safe=",:")
        return f"{kind}:{self.site}" + (f"?{selection}" if selection else "")

    @property
    def attachments(self) -> bool:
        """Whether files that pages show or link to are articles too; yes, unless the address says `attachments=no`."""
        return self.options.get("attachments", "yes").strip().lower() != "no"

    def listed(self, option: str) -> tuple[str, ...]:
        """Return an option's comma-separated values, without empty ones."""
        return tuple(filter(None, (part.strip() for part in self.options.get(option, "").split(","))))


def read_address(location: str, known: frozenset[str]) -> WikiAddress:
    """Take a location such as `mediawiki+https://wiki.example/w/api.php?category=Runbooks` apart.

    Args:
        location: A URI whose scheme ends in `+https` or `+http`.
        known: Parameters it may have besides `site`.

    Returns:
        The address.

    Raises:
        SourceError: There is no host, a password in it, or a parameter that is not known.
    """
    parts = urlsplit(location)
    _, _, transport = parts.scheme.partition("+")
    host = parts.netloc.rpartition("@")[2].lower()
    if "@" in parts.netloc:
        raise SourceError(
            f"a source at {host!r} has a user or password in its address, where logs and reports show it; "
            "leave it out and set it in the environment"
        )
    if not host or not parts.path.endswith(".php"):
        raise SourceError(
            f"source {location!r} does not name a wiki's API; expected {parts.scheme}://HOST/PATH/NAME.php"
        )
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    unknown = sorted(options.keys() - known - {"site"})
    if unknown or len(options) != len(pairs):
        what = f"has the unknown parameter {unknown[0]!r}" if unknown else "gives a parameter twice"
        raise SourceError(f"source {location!r} {what}; expected each once of {', '.join(sorted(known | {'site'}))}")
    if options.get("attachments", "yes").strip().lower() not in {"yes", "no"}:
        raise SourceError(f"source {location!r} has attachments={options['attachments']!r}; expected yes or no")
    return WikiAddress(f"{transport}://{host}{parts.path}", options.pop("site", host), options)
