"""A location that a user or a request names enters, the source that lists it leaves. A row here per kind of source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from api.errors import ConfigurationError, UsageError
from api.settings import Settings, revealed
from api.wikis import open_dokuwiki, open_mediawiki
from ingest.errors import SourceError
from ingest.parse.storage_includes import expand_includes
from ingest.ports import Source
from ingest.sources import confluence_client, servicenow_http
from ingest.sources.clone import CloneSource, parse_repository
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_export import ConfluenceExportSource, parse_audience
from ingest.sources.confluence_location import Location
from ingest.sources.dokuwiki import DokuWikiSource
from ingest.sources.git import local_source
from ingest.sources.mediawiki import MediaWikiSource
from ingest.sources.servicenow import ServiceNowSource, parse_instance


@dataclass(frozen=True, slots=True)
class Kind:
    """Sources of one URI scheme.

    Attributes:
        check: Takes a URI apart; raises `SourceError` where it is written wrongly.
        open: Given a URI and the settings that hold its credentials, makes the source.
    """

    check: Callable[[str], object]
    open: Callable[[str, Settings], Source]


def _confluence(uri: str, settings: Settings) -> Source:
    user, token = settings.confluence_user, revealed(settings.confluence_token)
    given = _is_meant_for(uri, "CONFLUENCE", settings.confluence_host, user, token)
    credentials = confluence_client.Credentials((user or "").strip(), (token or "").strip())
    return ConfluenceSource(
        Location.parse(uri),
        credentials if given else confluence_client.Credentials("", ""),
        prepare=expand_includes,
    )


def _clone(uri: str, settings: Settings) -> Source:
    token = revealed(settings.git_token)
    given = _is_meant_for(uri, "GIT", settings.git_host, token)
    return CloneSource(parse_repository(uri), settings.home, token if given else None)


def _servicenow(uri: str, settings: Settings) -> Source:
    secrets = (settings.servicenow_user, revealed(settings.servicenow_password), revealed(settings.servicenow_token))
    given = _is_meant_for(uri, "SERVICENOW", settings.servicenow_host, *secrets)
    credentials = servicenow_http.Credentials(*(secrets if given else (None, None, None)))
    return ServiceNowSource(parse_instance(uri), credentials)


def _is_meant_for(uri: str, name: str, host: str | None, *credentials: str | None) -> bool:
    """Say whether a system's credentials may go to a URI's host: a source's address may come from anywhere."""
    if not any(credentials):
        return False
    if not host:
        raise ConfigurationError(
            f"RUNCITE_{name}_HOST is not set, expected beside the credentials; they are sent to that host only"
        )
    return urlsplit(uri).netloc.lower() == host.strip().lower()


_CONFLUENCE = Kind(Location.parse, _confluence)
_MEDIAWIKI = Kind(partial(MediaWikiSource, credentials=None), open_mediawiki)
_DOKUWIKI = Kind(partial(DokuWikiSource, credentials=None), open_dokuwiki)
_CLONE = Kind(parse_repository, _clone)
_SERVICENOW = Kind(parse_instance, _servicenow)

KINDS: Mapping[str, Kind] = {
    "confluence+https": _CONFLUENCE,
    "confluence+http": _CONFLUENCE,
    "mediawiki+https": _MEDIAWIKI,
    "mediawiki+http": _MEDIAWIKI,
    "dokuwiki+https": _DOKUWIKI,
    "dokuwiki+http": _DOKUWIKI,
    "git+https": _CLONE,
    "git+file": _CLONE,
    "servicenow+https": _SERVICENOW,
    "servicenow+http": _SERVICENOW,
}
"""By URI scheme."""

LOCAL = (
    "a folder, a git work tree or a file (Markdown, HTML, plain text, Office, PDF, e-mail or a Confluence export, .zip)"
)


def supported() -> str:
    """Name the kinds of source there are, for help and messages."""
    secure = (f"{scheme}://…" for scheme in KINDS if not scheme.endswith(("+http", "+file")))
    return " or ".join([LOCAL, *secure])


def locate(location: str) -> str:
    """Check a location and make it mean the same from any folder.

    Args:
        location: A path or a URI, as given on the command line.

    Returns:
        An absolute path, or the URI.

    Raises:
        UsageError: It is a URI that is wrong or of a system that is not supported, or there is nothing at that path.
    """
    if "://" in location:
        _refuse_credentials(location)
        _check(location)
        return location
    path = Path(location)
    if not path.exists():
        what = "is a symbolic link to nothing" if path.is_symlink() else "does not exist"
        raise UsageError(f"source {location!r} {what}; expected {supported()}")
    return str(path.absolute())


def open_source(location: str, settings: Settings) -> Source:
    """Open the source at a location that `locate` gave.

    Args:
        location: An absolute path, or a URI.
        settings: Hold the credentials that a URI leaves out.

    Raises:
        UsageError: There is nothing there.
    """
    located = locate(location)
    if "://" in located:
        return KINDS[urlsplit(located).scheme].open(located, settings)
    path = Path(located)
    if path.suffix.lower() == ".zip" and path.is_file():
        return ConfluenceExportSource(path, parse_audience(settings.html_export_audience))
    return local_source(path)


def _check(uri: str) -> None:
    """Refuse a URI that is written wrongly before a model is loaded or a job is taken."""
    kind = KINDS.get(urlsplit(uri).scheme)
    if kind is None:
        raise UsageError(f"source {uri!r} is not supported; expected {supported()}")
    try:
        kind.check(uri)
    except SourceError as error:
        raise UsageError(str(error)) from error


def _refuse_credentials(uri: str) -> None:
    """Keep credentials out of every key, report and log: a URI that holds them goes no further."""
    parts = urlsplit(uri)
    if "@" in parts.netloc:
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        raise UsageError(
            f"source {bare!r} was given with credentials; leave them out and set the system's own RUNCITE_ variables"
        )
