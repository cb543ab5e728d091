"""A location that a user or a request names enters, the source that lists it leaves. A row here per kind of source."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from api.errors import UsageError
from api.settings import Settings, revealed
from ingest.errors import SourceError
from ingest.ports import Source
from ingest.sources.clone import CloneSource, parse_repository
from ingest.sources.git import local_source
from ingest.sources.servicenow import ServiceNowSource, parse_instance
from ingest.sources.servicenow_http import Credentials

Opener = Callable[[str, Settings], Source]
"""Given a URI and the settings that hold its credentials."""


def _open_clone(uri: str, settings: Settings) -> Source:
    return CloneSource(parse_repository(uri), settings.home, revealed(settings.git_token))


def _open_servicenow(uri: str, settings: Settings) -> Source:
    credentials = Credentials(
        settings.servicenow_user, revealed(settings.servicenow_password), revealed(settings.servicenow_token)
    )
    return ServiceNowSource(parse_instance(uri), credentials)


OPENERS: Mapping[str, Opener] = {
    "git+https": _open_clone,
    "git+file": _open_clone,
    "servicenow+https": _open_servicenow,
    "servicenow+http": _open_servicenow,
}
"""By URI scheme."""

_CHECKS: Mapping[str, Callable[[str], object]] = {
    "git+https": parse_repository,
    "git+file": parse_repository,
    "servicenow+https": parse_instance,
    "servicenow+http": parse_instance,
}
"""What takes a URI apart, by scheme; raises `SourceError`."""

LOCAL = "a folder, a git work tree or a file (Markdown, HTML, text, Office, PDF or e-mail)"


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
        UsageError: It is a URI that is wrong or of a system that is not supported, or there is nothing at that path.
    """
    if "://" in location:
        _refuse_credentials(location)
        if urlsplit(location).scheme not in OPENERS:
            raise UsageError(f"source {location!r} is not supported; expected {supported()}")
        _check(location)
        return location
    path = Path(location)
    if not path.exists():
        what = "is a symbolic link to nothing" if path.is_symlink() else "does not exist"
        raise UsageError(f"source {location!r} {what}; expected {supported()}")
    return str(path.absolute())


def _check(uri: str) -> None:
    """Refuse a URI that is written wrongly before a model is loaded or a job is taken."""
    try:
        _CHECKS.get(urlsplit(uri).scheme, str)(uri)
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
    return local_source(Path(located))
