"""A location that a user or a request names enters, the source that lists it leaves. A row here per kind of source."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from api.errors import UsageError
from api.settings import Settings
from api.wikis import WIKI_OPENERS
from ingest.errors import SourceError
from ingest.parse.storage_includes import expand_includes
from ingest.ports import Source
from ingest.sources.confluence import ConfluenceSource
from ingest.sources.confluence_client import Credentials
from ingest.sources.confluence_export import ConfluenceExportSource, parse_audience
from ingest.sources.confluence_location import SCHEMES, Location
from ingest.sources.git import local_source

Opener = Callable[[str, Settings], Source]
"""Given a URI and the settings that hold its credentials."""


def _location(uri: str) -> Location:
    try:
        return Location.parse(uri)
    except SourceError as error:
        raise UsageError(str(error)) from error


def _confluence(uri: str, settings: Settings) -> Source:
    """Open a space of a Confluence site."""
    token = settings.confluence_token.get_secret_value().strip()
    credentials = Credentials(settings.confluence_user.strip(), token)
    return ConfluenceSource(_location(uri), credentials, prepare=expand_includes)


OPENERS: Mapping[str, Opener] = {**dict.fromkeys(SCHEMES, _confluence), **WIKI_OPENERS}
"""By URI scheme."""

LOCAL = "a folder, a git work tree or a file (Markdown, HTML, plain text or a Confluence export, .zip)"


def supported() -> str:
    """Name the kinds of source there are, for help and messages."""
    return " or ".join([LOCAL, *(f"{scheme}://…" for scheme in OPENERS)])


def locate(location: str) -> str:
    """Check a location and make it mean the same from any folder.

    Args:
        location: A path or a URI, as given on the command line.

    Returns:
        An absolute path, or the URI.

    Raises:
        UsageError: It is a URI of a system that is not supported or names nothing, or there is nothing at that path.
    """
    if "://" in location:
        if urlsplit(location).scheme not in OPENERS:
            raise UsageError(f"source {location!r} is not supported; expected {supported()}")
        if urlsplit(location).scheme in SCHEMES:
            _location(location)
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
        return OPENERS[urlsplit(located).scheme](located, settings)
    path = Path(located)
    if path.suffix.lower() == ".zip" and path.is_file():
        return ConfluenceExportSource(path, parse_audience(settings.html_export_audience))
    return local_source(path)
